"""The package's own code, as a notebook prints it: what is read is what runs."""

from __future__ import annotations

import ast
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
