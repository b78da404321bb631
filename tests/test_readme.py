"""The README: its links and images, its figures, its lines of code, its table of rooms."""

import base64
import json
import re
from pathlib import Path

import experiments
import pytest
import readme_figures
from nbformat.v4 import new_markdown_cell, new_notebook
from test_notebooks import (
    alt_text_on_images,
    headings_in_order,
    images_in_repository,
    links_resolve,
    no_vanishing_tags,
    one_title,
)

import seq2seq_utils
from seq2seq_utils.experiments import read
from seq2seq_utils.pairs import SentencePair

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_it_keeps_the_rules_of_prose():
    page = new_notebook(cells=[new_markdown_cell(TEXT)])
    rules = [
        one_title,
        headings_in_order,
        no_vanishing_tags,
        alt_text_on_images,
        images_in_repository,
        links_resolve,
    ]
    assert [complaint for rule in rules for complaint in rule(page, README)] == []


def test_it_names_every_notebook_and_every_room_of_the_package_in_order():
    notebooks = [f"notebooks/{path.name}" for path in sorted(README.parent.glob("notebooks/[0-9]*.ipynb"))]
    assert re.findall(r"^\| \[[^]]+\]\((\S+\.ipynb)\)", TEXT, re.MULTILINE) == notebooks
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", TEXT, re.MULTILINE)
    rooms = re.findall(r"^- `(\w+)`:", seq2seq_utils.__doc__, re.MULTILINE)
    assert re.findall(r"\w+", " ".join(rows)) == rooms


def test_its_lines_of_code_split_a_file_of_ones_own(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    lines = [f"sentence {number}\tphrase {number}\n" for number in range(1200)]
    (tmp_path / "my_pairs.tsv").write_text("".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, list[SentencePair]] = {}
    exec(code, names)  # these lines, and no others, stand in our own README
    assert [len(names[split]) for split in ("train", "validation", "test")] == [200, 500, 500]


def test_its_figures_are_those_of_the_notebook():
    stored = readme_figures.figures(json.loads(readme_figures.NOTEBOOK.read_text(encoding="utf-8")))
    others = [
        name for name, content in stored.items() if (readme_figures.FIGURES / name).read_bytes() != content
    ]
    assert others == [], "run tools/readme_figures.py"
    assert [name for name in stored if f"notebooks/figures/{name}" not in TEXT] == []


def notebook_with(**pictures: list[bytes]) -> dict:
    def output(content: bytes) -> dict:
        return {"data": {"image/png": base64.encodebytes(content).decode().splitlines(keepends=True)}}

    text = {"name": "stdout", "text": ["drawn\n"]}
    cells = [{"id": name, "outputs": [text, *map(output, found)]} for name, found in pictures.items()]
    return {"cells": [{"id": "prose", "source": ["# Title"]}, *cells]}


def test_figures_are_taken_from_the_cells_that_draw_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(readme_figures, "CELLS", {"line.png": "second", "map.png": "first"})
    monkeypatch.setattr(readme_figures, "FIGURES", tmp_path / "figures")
    monkeypatch.setattr(readme_figures, "NOTEBOOK", tmp_path / "toy.ipynb")
    notebook = notebook_with(first=[b"a map" * 40], second=[b"a line"])
    (tmp_path / "toy.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    readme_figures.main()
    written = {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    assert written == {"line.png": b"a line", "map.png": b"a map" * 40}
    assert capsys.readouterr().out.split() == ["line.png", "map.png"]


def test_a_cell_that_is_gone_or_draws_another_number_of_figures_is_named(monkeypatch):
    monkeypatch.setattr(readme_figures, "CELLS", {"line.png": "second"})
    for pictures, words in (
        ({"first": [b"x"]}, "no cell second"),
        ({"second": []}, "second has 0 pictures"),
        ({"second": [b"x", b"y"]}, "second has 2 pictures"),
    ):
        with pytest.raises(ValueError, match=f"notebook: .*{words}.*line.png"):
            readme_figures.figures(notebook_with(**pictures))


def test_it_says_how_long_a_run_of_each_experiment_took():
    rows = re.findall(r"^\| (\w+) \| (\d+) \| ([\d.]+(?: to [\d.]+)?) \|$", TEXT, re.MULTILINE)
    expected = []
    for name in experiments.EXPERIMENTS:
        path = experiments.RESULTS / f"{name}.json"
        if path.is_file():
            runs = read(path).runs
            expected.append((name, str(len(runs)), experiments.minutes(runs)))
    assert rows == expected
