"""The main path of a notebook: what is read before the exercises, without its side roads."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from nbformat import NotebookNode

SIDE_ROAD = "Side road"  # what the heading of a section beside the path begins with
END = ("Exercises",)  # the heading that ends the path
HEADING = re.compile(r"^(#{1,6}) +(.*)$")
FENCE = re.compile(r"^ {0,3}(```|~~~)")


class Part(NamedTuple):
    """A cell, or what of a Markdown cell belongs to one section."""

    cell: int
    kind: str  # "markdown" or "code"
    text: str
    road: str  # the heading of the side road that it stands in; "" on the main path


def parts(notebook: NotebookNode) -> Iterator[Part]:
    """All that stands before the exercises, in order."""
    road, level = "", 0
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            yield Part(index, "code", cell.source, road)
            continue
        text: list[str] = []
        for line, heading in with_headings(cell.source):
            if heading:
                if text:
                    yield Part(index, "markdown", "\n".join(text), road)
                text = []
                depth, title = heading
                if title in END:
                    return
                if not road or depth <= level:
                    road, level = title if title.startswith(SIDE_ROAD) else "", depth
            text.append(line)
        if text:
            yield Part(index, "markdown", "\n".join(text), road)


def with_headings(source: str) -> Iterator[tuple[str, tuple[int, str] | None]]:
    """Each line of a Markdown cell, and level and text of the heading that it is; None for all others."""
    fenced = False
    for line in source.splitlines():
        fenced ^= bool(FENCE.match(line))
        found = None if fenced else HEADING.match(line)
        yield line, (len(found[1]), found[2].strip()) if found else None


def size(notebook: NotebookNode) -> dict[str, int]:
    """Words, lines of code and cells of the main path."""
    path = [part for part in parts(notebook) if not part.road]
    return {
        "words": sum(len(part.text.split()) for part in path if part.kind == "markdown"),
        "lines of code": sum(code_lines(part.text) for part in path if part.kind == "code"),
        "cells": len({part.cell for part in path}),
    }


def exercises_begin(notebook: NotebookNode) -> int:
    """The number of the cell in which the exercises begin, or how many cells there are."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and any(
            heading and heading[1] in END for _, heading in with_headings(cell.source)
        ):
            return index
    return len(notebook.cells)


def code_lines(source: str) -> int:
    """How many lines are not blank."""
    return sum(bool(line.strip()) for line in source.splitlines())


def taken_from_side_roads(notebook: NotebookNode) -> list[tuple[int, str, str]]:
    """Names that a cell uses though nothing before it gives them but a side road, another one than its own.

    Returns:
        The number of the cell, the name, and the side road.
    """
    roads = {part.cell: part.road for part in parts(notebook) if part.kind == "code"}
    given: dict[str, list[str]] = {}  # each name, and the roads that give it; "" for the main path
    found = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        road = roads.get(index, "")
        nodes = list(ast.walk(ast.parse(cell.source)))
        names = [node for node in nodes if isinstance(node, ast.Name)]
        assigned = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
        assigned |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for name in sorted({node.id for node in names} - assigned):
            by = given.get(name, [""])
            if "" not in by and road not in by:
                found.append((index, name, by[-1]))
        for name in assigned:
            given.setdefault(name, []).append(road)
    return found
