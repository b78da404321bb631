"""The glossary: each term in one line, in order, with a link to the cell that introduces it in bold."""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
GLOSSARY = NOTEBOOKS / "glossary.ipynb"
MOST_WORDS = 30  # of a definition
ROW = re.compile(r"^\| \*\*(.+?)\*\* \| (.*?) \| (.+?) \| \[(\d\d)\]\((\S+\.ipynb)#cell-id=([\w-]+)\) \|$")


class Term(NamedTuple):
    name: str
    symbol: str
    definition: str
    number: str  # of the notebook
    notebook: str
    cell: str


def terms() -> list[Term]:
    lines = [
        line
        for cell in nbformat.read(GLOSSARY, as_version=4).cells
        for line in cell.source.splitlines()
        if line.startswith("| **")
    ]
    rows = [ROW.match(line) for line in lines]
    assert [line for line, row in zip(lines, rows, strict=True) if row is None] == []
    return [Term(*row.groups()) for row in rows if row]


def plain(text: str) -> str:
    """Small letters, and all that is not a letter or a digit as a space."""
    return " ".join(re.sub(r"[^\w]+", " ", text.lower()).split())


def forms(name: str) -> set[str]:
    """How a term may stand in the text: without what is in parentheses, and in the plural."""
    head = plain(re.sub(r"\(.*?\)", "", name))
    return {head, f"{head}s"}


def in_bold(source: str) -> set[str]:
    return {plain(found) for found in re.findall(r"\*\*(.+?)\*\*", source, flags=re.DOTALL)}


def test_terms_stand_once_and_in_the_order_of_the_alphabet():
    names = [plain(term.name) for term in terms()]
    assert len(names) > 60
    assert names == sorted(set(names))


def test_definitions_are_one_line_and_short():
    assert [term.name for term in terms() if len(term.definition.split()) > MOST_WORDS] == []


def test_each_term_stands_in_bold_in_the_cell_that_it_links_to():
    cells = {
        path.name: {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}
        for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")
    }
    wrong = [
        (term.name, term.notebook, term.cell)
        for term in terms()
        if not term.notebook.startswith(f"{term.number}_")
        or not forms(term.name) & in_bold(cells.get(term.notebook, {}).get(term.cell, ""))
    ]
    assert wrong == []


def test_every_notebook_gives_terms_and_links_to_the_glossary():
    given = {term.notebook for term in terms()}
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        assert path.name in given
        assert "](glossary.ipynb)" in nbformat.read(path, as_version=4).cells[0].source, path.name
