"""The package's own code, as a notebook prints it: what is read is what runs."""

from __future__ import annotations

import ast
import difflib
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

_WITH_DOCSTRING = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def print_source(*objects: Callable[..., Any] | type) -> None:
    """Prints the code of functions and classes, without their docstrings and with nothing else left out.

    Args:
        objects: of any module, in the order in which they are to be read.
    """
    print("\n\n".join(map(without_docstrings, objects)))


def print_difference(before: Callable[..., Any], after: Callable[..., Any]) -> None:
    """Prints the lines in which two functions differ: ``-`` before those of the first, ``+`` of the second.

    Args:
        before: a function.
        after: another; their names, arguments and docstrings are not compared.
    """
    print("\n".join(difference(before, after)))


def difference(before: Callable[..., Any], after: Callable[..., Any]) -> list[str]:
    """The lines of the bodies of two functions that are not in the other one, each with its mark."""
    lines = list(difflib.unified_diff(_body(before), _body(after), lineterm="", n=0))
    changes = lines[2:]  # the first two name files
    return [f"{line[0]} {line[1:]}" for line in changes if not line.startswith("@@")]


def _body(function: Callable[..., Any]) -> list[str]:
    """The lines of a function after its first, docstring left out, moved to the left edge."""
    text = without_docstrings(function)
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef)
    return textwrap.dedent("\n".join(text.splitlines()[node.body[0].lineno - 1 :])).splitlines()


def without_docstrings(thing: Callable[..., Any] | type) -> str:
    """The code of a function or a class, moved to the left edge; `help` shows the docstring."""
    lines = textwrap.dedent(inspect.getsource(thing)).rstrip().splitlines()
    left_out: set[int] = set()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            after = docstring.end_lineno or docstring.lineno
            left_out |= set(range(docstring.lineno, after + 1))
            if after < len(lines) and not lines[after].strip():  # a blank line that only parted the two
                left_out.add(after + 1)
    return "\n".join(line for number, line in enumerate(lines, start=1) if number not in left_out)
