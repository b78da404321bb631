"""The list of claims: all are found without running anything, and what cannot be read is an error."""

import json
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"


@pytest.fixture
def listing(monkeypatch, capsys, tmp_path):
    """Lists the claims of notebooks with these code cells; the exit code, table lines, errors and notes."""
    monkeypatch.syspath_prepend(str(TOOLS))
    import claims

    def run(*notebooks: list[str]) -> tuple[int, list[list[str]], list[str]]:
        paths = []
        for number, cells in enumerate(notebooks, start=1):
            path = tmp_path / f"{number:02}.ipynb"
            contents = [{"cell_type": "markdown", "source": ["check('in prose', 1, '<', x)"], "id": "text"}]
            contents += [
                {"cell_type": "code", "source": code.splitlines(keepends=True), "id": f"cell-{place}"}
                for place, code in enumerate(cells)
            ]
            path.write_text(json.dumps({"cells": contents}), encoding="utf-8")
            paths.append(str(path))
        monkeypatch.setattr(sys, "argv", ["claims.py", *paths])
        code = claims.main()
        captured = capsys.readouterr()
        header, *rows = [line.split(maxsplit=4) for line in captured.out.splitlines()]
        assert header == ["notebook", "cell", "relation", "bound", "sentence"]
        return code, rows, captured.err.splitlines()

    return run


def test_every_claim_is_listed_with_its_bound_filled_in_and_nothing_is_run(listing):
    code, rows, complaints = listing(
        [
            'raise RuntimeError("run")',
            'check("the rate is below {bound}", rate, "<", 0.10, seed=3)\ncheck("all are equal", same)',
            "for name in names:\n"
            "    def inner():\n"
            '        checks.check("it is " "at least {bound} points", [f(1), 2], relation=">=", bound=-5)',
        ],
        [
            'check(claim="of {bound:.0%}", measured=x, relation="==", bound=0.5)',
            'decoder.check(encoder, 3)\n"{bound}"',
        ],
    )
    assert code == 0
    assert rows == [
        ["01.ipynb", "cell-1", "<", "0.1", "the rate is below 0.1"],
        ["01.ipynb", "cell-1", "all", "are", "equal"],
        ["01.ipynb", "cell-2", ">=", "-5", "it is at least -5 points"],
        ["02.ipynb", "cell-0", "==", "0.5", "of 50%"],
    ]
    assert complaints == []


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ('check(f"below {bound}", x, "<", 0.5)', "claim: f'below {bound}' is not a literal"),
        ('check(sentence, x, "<", 0.5)', "claim: sentence is not a literal"),
        ('check("below " + much, x)', "claim: 'below ' + much is not a literal"),
        ('check("below {bound}", x, relation, 0.5)', "relation: relation is not a literal"),
        ('check("below {bound}", x, "<", limit)', "bound: limit is not a literal"),
        ('check("below {bound}", x, "<", 1 / 3)', "bound: 1 / 3 is not a literal"),
        ('check("below {bound}", x, "<", "0.5")', "bound: '0.5' is not a literal"),
        ('check("below 0.5", x, "<", 0.5)', "'below 0.5' must have one place for the bound"),
        ('check("below {bound}", x, "<")', "'<' and None"),
        ('check("below {bound}", x, "~", 0.5)', "'~' and 0.5"),
        ('check("below {bound}", x)', "has a place for a bound"),
        ("check()", "check() has none"),
        ("check('open", "not Python"),
    ],
)
def test_what_cannot_be_listed_is_an_error_and_the_rest_is_listed(listing, code, named):
    good = 'check("fine", True)'
    exit_code, rows, complaints = listing([good, code, good])
    assert exit_code == 1
    assert [row[1] for row in rows] == ["cell-0", "cell-2"]
    (complaint,) = complaints
    assert complaint.startswith("error: 01.ipynb, cell-1: ")
    assert named in complaint


def test_a_number_without_a_bound_is_noted(listing):
    exit_code, rows, complaints = listing(
        [
            'check("at least 85 % are right", x >= 85)',
            'check("exercise 2: mask", done)',
            'check("equal", same)',
        ]
    )
    assert (exit_code, len(rows)) == (0, 3)
    (complaint,) = complaints
    assert complaint.startswith("note: 01.ipynb, cell-0: ")
    assert "at least 85 % are right" in complaint


def test_a_file_that_is_no_notebook_is_an_error_and_a_cell_without_an_id_goes_by_its_number(
    monkeypatch, capsys, tmp_path
):
    monkeypatch.syspath_prepend(str(TOOLS))
    import claims

    files = {
        "broken.ipynb": "{",
        "other.ipynb": "{}",
        "old.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": 'check("so", True)'}]}),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    paths = [str(tmp_path / name) for name in (*files, "gone.ipynb")]
    monkeypatch.setattr(sys, "argv", ["claims.py", *paths])
    assert claims.main() == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1].split() == ["old.ipynb", "cell", "1", "so"]
    assert [line.split(": ")[1] for line in captured.err.splitlines()] == [
        "broken.ipynb",
        "other.ipynb",
        "gone.ipynb",
    ]


def test_without_arguments_it_lists_the_notebooks_of_the_project(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(TOOLS))
    import claims

    monkeypatch.setattr(sys, "argv", ["claims.py"])
    claims.main()
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]}
    assert listed == {path.name for path in (TOOLS.parent / "notebooks").glob("[0-9][0-9]_*.ipynb")}
