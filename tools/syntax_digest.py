"""A digest of what a notebook computes: its code, and that of the package's modules that it imports.

It is taken from syntax trees, so that layout and comments are no part of it, nor are docstrings. Of a claim
(`check`) neither the sentence counts nor the bound, which changes nothing of what is measured; where all
values must equal the bound it does, as it decides which of them is the worst.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from claims import PARAMETERS, code_cells, is_check

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "seq2seq_utils"
# Fields of syntax trees that say nothing about what is computed, and differ between versions of Python.
SILENT = {"ctx", "kind", "type_comment", "type_ignores"}


def notebook_digest(path: Path, root: Path = ROOT) -> str:
    """The digest of a notebook, and of all that it imports from the package, data files included.

    Args:
        path: of the notebook.
        root: the folder that the package lies in.
    """
    trees = [ast.parse(code) for _, code in code_cells(path)]
    parts = [canonical(without_words(tree)) for tree in trees]
    files = imported_files(trees, root)
    parts += [f"{file.relative_to(root).as_posix()}: {file_content(file)}" for file in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


# ---------------------------------------------------------------------------------- what is imported
def imported_files(trees: list[ast.Module], root: Path) -> list[Path]:
    """The files of all modules that some code imports, itself or by others, and their data, in order."""
    found: set[Path] = set()
    waiting = {file for tree in trees for name in imported_names(tree) for file in module_files(name, root)}
    while waiting:
        found |= waiting
        names = {
            name
            for file in waiting
            for name in imported_names(syntax_tree(file.read_text(encoding="utf-8")), package_of(file, root))
        }
        waiting = {file for name in names for file in module_files(name, root)} - found
    data = {file for module in found for file in module.parent.glob("*.toml") if module.name == "__init__.py"}
    return sorted(found | data)


def imported_names(tree: ast.Module, package: str = "") -> Iterator[str]:
    """What may be a module of the package, wherever it is imported: ``"seq2seq_utils.text.EOS_ID"``, too.

    Args:
        tree: of the code.
        package: that the code is a part of, for imports that begin with a dot.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def module_files(name: str, root: Path) -> Iterator[Path]:
    """The files that Python reads for a name, the packages that it lies in among them."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return
    for length in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:length])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                yield file


def package_of(file: Path, root: Path) -> str:
    """The name of the package that a module is in, or is."""
    return ".".join(file.parent.relative_to(root).parts)


# ------------------------------------------------------------------------------------ what it computes
def file_content(file: Path) -> str:
    """A module without its words, or the data of a file."""
    text = file.read_text(encoding="utf-8")
    return repr(tomllib.loads(text)) if file.suffix == ".toml" else canonical_code(text)


@cache
def canonical_code(text: str) -> str:
    """A module's code without its words; several notebooks import the same."""
    return canonical(without_words(syntax_tree(text)))


@cache
def syntax_tree(text: str) -> ast.Module:
    """The tree of a module's code."""
    return ast.parse(text)


def without_words(tree: ast.Module) -> ast.Module:
    """The tree without docstrings, and without the sentences and bounds of claims."""
    tree = copy.deepcopy(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
        elif isinstance(node, ast.Call) and is_check(node):
            forget_words(node)
    return tree


def forget_words(call: ast.Call) -> None:
    """Take out of a claim what is said, and leave what is measured."""
    given = dict(zip(PARAMETERS, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in PARAMETERS}
    relation = given.get("relation")
    words = ["claim"] if isinstance(relation, ast.Constant) and relation.value == "==" else ["claim", "bound"]
    for name in words:
        if isinstance(value := given.get(name), ast.Constant):
            value.value = None


def canonical(node: object) -> str:
    """A text for a tree, the same for each version of Python: `ast.dump` writes another one in each."""
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if name not in SILENT]
        written = [f"{name}={canonical(value)}" for name, value in fields if value not in (None, [])]
        return f"{type(node).__name__}({', '.join(written)})"
    if isinstance(node, list):
        return f"[{', '.join(map(canonical, node))}]"
    return repr(node)
