"""List every claim that the notebooks check, without running anything.

    python tools/claims.py                                # all of them
    python tools/claims.py notebooks/01_tokenization.ipynb

A table goes to the standard output. It is an error if a claim's sentence, relation or bound is not a literal,
or if they do not fit together. Noted is a number in a sentence without a bound: perhaps it should be one.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any

from seq2seq_utils.checks import sentence

ROOT = Path(__file__).resolve().parent.parent
PARAMETERS = ("claim", "measured", "relation", "bound")  # of `check`, in their order
NUMBER = re.compile(r"(?<!exercise )\d")


@dataclass(frozen=True)
class Claim:
    """One call of `check`."""

    notebook: str
    cell: str
    sentence: str  # as it is printed
    relation: str | None
    bound: float | None
    quiet: bool = False  # whether it is checked without a word
    number: int = 1  # of the cell's claims, in the order of its text


def main() -> int:
    """Print the claims, and what is wrong with some; return 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    claims: list[Claim] = []
    complaints: list[str] = []
    for path in parser.parse_args().notebooks or all_notebooks():
        try:
            cells = code_cells(path)
        except (OSError, ValueError, KeyError) as error:
            complaints.append(f"error: {path.name}: not a notebook: {error!r}")
            continue
        for cell, code in cells:
            read_cell(path.name, cell, code, claims, complaints)
    for claim in claims:
        if claim.bound is None and NUMBER.search(claim.sentence):
            complaints.append(f"note: {claim.notebook}, {claim.cell}: number without bound: {claim.sentence}")
    print_table(claims)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return int(any(complaint.startswith("error") for complaint in complaints))


def all_notebooks() -> list[Path]:
    """The notebooks of the project, in reading order."""
    return sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def read_notebook(path: Path) -> list[Claim]:
    """The claims of a notebook.

    Raises:
        ValueError: if one of them cannot be read.
    """
    claims: list[Claim] = []
    complaints: list[str] = []
    for cell, code in code_cells(path):
        read_cell(path.name, cell, code, claims, complaints)
    if complaints:
        raise ValueError("; ".join(complaints))
    return claims


def code_cells(path: Path) -> list[tuple[str, str]]:
    """The name and the text of each code cell; a cell without an id goes by its number."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        (cell.get("id", f"cell {number}"), "".join(cell["source"]))
        for number, cell in enumerate(cells, start=1)
        if cell["cell_type"] == "code"
    ]


def read_cell(notebook: str, cell: str, code: str, claims: list[Claim], complaints: list[str]) -> None:
    """Adds the claims of a cell to `claims`, those inside functions and loops among them."""
    try:
        calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    except SyntaxError as error:
        complaints.append(f"error: {notebook}, {cell}: not Python: {error}")
        return
    checks = sorted(filter(is_check, calls), key=lambda call: (call.lineno, call.col_offset))
    for number, call in enumerate(checks, start=1):
        try:
            claims.append(replace(read_claim(call, notebook, cell), number=number))
        except ValueError as error:
            complaints.append(f"error: {notebook}, {cell}: {error}")


def is_check(call: ast.Call) -> bool:
    """Whether `check` is what is called."""
    return ast.unparse(call.func) in ("check", "checks.check")


def read_claim(call: ast.Call, notebook: str, cell: str) -> Claim:
    """What a call says.

    Raises:
        ValueError: if sentence, relation, bound or quiet is not a literal, or they do not fit together.
    """
    given = dict(zip(PARAMETERS, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in PARAMETERS}
    claim = literal("claim", given, str)
    relation, bound = literal("relation", given, str), literal("bound", given, int | float)
    if claim is None:
        raise ValueError(f"claim: {ast.unparse(call)} has none")
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg == "quiet"}
    quiet = literal("quiet", given, bool) or False
    return Claim(notebook, cell, sentence(claim, relation, bound), relation, bound, quiet)


def literal(name: str, given: dict[str, ast.expr], wanted: type | UnionType) -> Any:
    """The value of an argument, or None where it is not given."""
    if name not in given:
        return None
    try:
        value = ast.literal_eval(given[name])
    except (ValueError, TypeError):
        value = None
    if not isinstance(value, wanted):
        raise ValueError(f"{name}: {ast.unparse(given[name])} is not a literal that it can be")
    return value


def print_table(claims: list[Claim]) -> None:
    """Print a line for each claim."""
    rows = [("notebook", "cell", "relation", "bound", "sentence")]
    for claim in claims:
        bound = "" if claim.bound is None else str(claim.bound)
        rows.append((claim.notebook, claim.cell, claim.relation or "", bound, claim.sentence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
