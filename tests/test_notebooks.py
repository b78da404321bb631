"""The rules that every notebook keeps.

A rule is a function that takes a notebook and where it lies, and returns its complaints. The first
half of this file holds the rules and applies them to the notebooks; the second half shows that each
rule finds what it is there to find.
"""

import ast
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import claims
import main_path
import nbformat
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from names import BUILTINS, PRIVATE_NAMES, named
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from trained_names import uses_of_training

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = [
    path
    for path in sorted((ROOT / "notebooks").rglob("[0-9][0-9]_*.ipynb"))
    if ".ipynb_checkpoints" not in path.parts
]

MAX_CODE_LINES = 15  # of a cell, blank ones not counted
MAX_EXERCISE_LINES = 25
MAX_PRINTED_CHECKS = 20  # before the exercises
MAIN_PATH = {"words": 3000, "lines of code": 400, "cells": 90}  # at most
MAX_OUTPUT_BYTES = 1_000_000
MIN_ALT_LENGTH = 20  # characters: "A heatmap" tells nobody what it shows
CLAIM_MARK = "✓ "  # what seq2seq_utils.check prints before a claim that holds
UNSOLVED_MARK = "○ "  # what seq2seq_utils.exercise prints before one that nobody has solved yet
IGNORED = "nbval-ignore-output"  # the tag of a cell whose output may differ from the stored one
# The last three sections of a notebook, in each language that notebooks are written in.
CLOSING_HEADINGS = {"en": ["What you saw", "Exercises", "References"]}

IMAGE_TYPES = ("image/png", "image/jpeg", "image/svg+xml")
INSTALLS = re.compile(r"^\s*[!%]|\b(pip|conda|mamba)\s+install\b", re.MULTILINE)
# An absolute path of two parts or more, as /home/somebody or C:\Users\Somebody. A slash in a
# fraction, a web address or an HTML tag begins none, nor does one that goes on from a {folder}.
MACHINE_PATH = re.compile(r"(?<![\w.:/<})])/[\w.~-]+/[\w.~-]+|\b[A-Z]:\\+\w+\\|file://")
PROGRESS_BAR = re.compile(r"\d%\|")  # as tqdm draws it
HTML_TOKENS = {"html_block", "html_inline"}  # as markdown-it names them
# What prose may use of HTML. A browser shows nothing of a tag that it does not know, as in "<unk>".
TAGS = {"a", "b", "br", "details", "h1", "i", "img", "sub", "summary", "sup"}
EMBEDDED_IMAGE = re.compile(r"base64,[\w+/=\s]+")


# --- The rules ------------------------------------------------------------------------------------


def one_title(notebook: NotebookNode, path: Path) -> list[str]:
    """Exactly one H1, in the first cell."""
    titles = [heading for heading in headings(notebook) if heading.level == 1]
    if not titles:
        return ["there is no title (a heading of level 1)"]
    complaints = [f"{title.place}: a second title, {title.text!r}" for title in titles[1:]]
    if titles[0].cell != 0:
        complaints.insert(0, f"{titles[0].place}: the title belongs in the first cell")
    return complaints


def headings_in_order(notebook: NotebookNode, path: Path) -> list[str]:
    """A heading is at most one level below the heading before it."""
    complaints, level = [], 0
    for heading in headings(notebook):
        if heading.level > level + 1:
            complaints.append(
                f"{heading.place}: {heading.text!r} jumps from level {level} to {heading.level}"
            )
        level = heading.level
    return complaints


def closing_sections(notebook: NotebookNode, path: Path) -> list[str]:
    """The last sections say what was seen, set exercises and give references."""
    last = [heading.text for heading in headings(notebook) if heading.level == 2][-3:]
    if last in CLOSING_HEADINGS.values():
        return []
    allowed = " or ".join(map(str, CLOSING_HEADINGS.values()))
    return [f"the last headings of level 2 are {last}, not {allowed}"]


def prose_before_code(notebook: NotebookNode, path: Path) -> list[str]:
    """A Markdown cell stands directly before every code cell."""
    complaints = []
    for index, _ in code_cells(notebook):
        before = notebook.cells[index - 1] if index else None
        if before is None or before.cell_type != "markdown" or not before.source.strip():
            complaints.append(f"{place(notebook, index)}: no prose directly before it")
    return complaints


def short_code(notebook: NotebookNode, path: Path) -> list[str]:
    """A code cell fits on the screen together with its prose; what exercises need may be longer."""
    end = main_path.exercises_begin(notebook)
    first, _ = next(code_cells(notebook), (0, None))
    complaints = []
    for index, cell in code_cells(notebook):
        lines = main_path.code_lines(cell.source)
        most = MAX_CODE_LINES if first < index < end else MAX_EXERCISE_LINES
        if lines > most:
            complaints.append(f"{place(notebook, index)}: {lines} lines of code; at most {most} are allowed")
    return complaints


def short_main_path(notebook: NotebookNode, path: Path) -> list[str]:
    """What is read before the exercises, side roads left out, is read in an afternoon."""
    size = main_path.size(notebook)
    return [
        f"the main path has {size[what]:,} {what}; at most {most:,} are allowed"
        for what, most in MAIN_PATH.items()
        if size[what] > most
    ]


def side_roads_lead_back(notebook: NotebookNode, path: Path) -> list[str]:
    """Whoever leaves out a side road misses nothing later."""
    return [
        f"{place(notebook, index)}: {name!r} is given in {road!r} alone"
        for index, name, road in main_path.taken_from_side_roads(notebook)
    ]


def few_printed_checks(notebook: NotebookNode, path: Path) -> list[str]:
    """So few checks are printed that they are read."""
    printed = [
        call
        for index, cell in code_cells(notebook)
        if index < main_path.exercises_begin(notebook)
        for call in calls_in(ast.walk(tree_of(cell)), "check")
        if not any(keyword.arg == "quiet" for keyword in call.keywords)
    ]
    if len(printed) <= MAX_PRINTED_CHECKS:
        return []
    return [f"{len(printed)} checks are printed; at most {MAX_PRINTED_CHECKS} are allowed"]


def imports_first(notebook: NotebookNode, path: Path) -> list[str]:
    """The first code cell holds the imports, and nothing but imports."""
    index, cell = next(code_cells(notebook), (0, None))
    if cell is None:
        return ["there is no code cell"]
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:
        return [f"{place(notebook, index)}: only imports belong here, not a command"]
    return [
        f"{place(notebook, index)}: only imports belong here, not `{ast.unparse(statement)}`"
        for statement in statements
        if not isinstance(statement, ast.Import | ast.ImportFrom)
    ]


def nothing_installed(notebook: NotebookNode, path: Path) -> list[str]:
    """No cell installs anything or runs a command of the shell."""
    return [
        f"{place(notebook, index)}: `{found[0].strip()}` installs something or runs a command"
        for index, cell in code_cells(notebook)
        if (found := INSTALLS.search(cell.source))
    ]


def no_vanishing_tags(notebook: NotebookNode, path: Path) -> list[str]:
    """Prose writes a token such as <unk> as code, since a browser takes it for a tag and shows nothing."""
    return [
        f"{place(notebook, index)}: <{tag}> would not be seen; write it as code"
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown"
        for token in markdown_tokens(cell.source)
        if token.type in HTML_TOKENS  # code is another kind of token
        for tag, _ in html_tags(token.content)
        if tag not in TAGS
    ]


def alt_text_on_images(notebook: NotebookNode, path: Path) -> list[str]:
    """Every image in the prose says in words what it shows."""
    return [
        f"{image.place}: the image {image.target} needs alt text of {MIN_ALT_LENGTH} characters"
        f" or more, and has {image.text!r}"
        for image in references(notebook, "image")
        if len(image.text.strip()) < MIN_ALT_LENGTH
    ]


def alt_text_on_figures(notebook: NotebookNode, path: Path) -> list[str]:
    """Every stored figure says in words what it shows."""
    complaints = []
    for index, output in outputs(notebook):
        data = output.get("data", {})
        for mime in IMAGE_TYPES:
            alt = output.get("metadata", {}).get(mime, {}).get("alt", "")
            if mime in data and len(alt.strip()) < MIN_ALT_LENGTH:
                complaints.append(
                    f"{place(notebook, index)}: its {mime} needs alt text of {MIN_ALT_LENGTH}"
                    f" characters or more in the output's metadata, and has {alt!r}"
                )
        for image in html_references(data.get("text/html", "")):
            if image.kind == "image" and len(image.text.strip()) < MIN_ALT_LENGTH:
                complaints.append(f"{place(notebook, index)}: an image in its HTML has no alt text")
    return complaints


def images_in_repository(notebook: NotebookNode, path: Path) -> list[str]:
    """An image is a file of the project, so that it shows without a network."""
    return [
        f"{image.place}: the image {image.target} is not a file of this project"
        for image in references(notebook, "image")
        if urlsplit(image.target).scheme or not is_file_near(path, urlsplit(image.target).path)
    ]


def links_resolve(notebook: NotebookNode, path: Path) -> list[str]:
    """A relative link leads to a file or a heading; a web link is a whole https address."""
    complaints = []
    for link in references(notebook, "link"):
        parts = urlsplit(link.target)
        if parts.scheme or parts.netloc:
            good = parts.scheme == "https" and re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.netloc)
            problem = "" if good else "is not a whole https address"
        elif parts.path and not is_file_near(path, parts.path):
            problem = "leads to no file of this project"
        elif parts.fragment and unquote(parts.fragment) not in anchors(notebook, path, parts.path):
            problem = "leads to no heading"
        else:
            problem = "" if link.target else "leads nowhere"
        if problem:
            complaints.append(f"{link.place}: the link {link.target!r} {problem}")
    return complaints


def neighbours_linked(notebook: NotebookNode, path: Path) -> list[str]:
    """The first cell links to the notebooks before and after this one."""
    series = sorted(other.name for other in path.parent.glob("[0-9][0-9]_*.ipynb"))
    if path.name not in series:
        return []
    position = series.index(path.name)
    linked = {urlsplit(link.target).path for link in references(notebook, "link") if link.cell == 0}
    return [
        f"the first cell has no link to its neighbour {neighbour}"
        for neighbour in series[max(position - 1, 0) : position] + series[position + 1 :][:1]
        if neighbour not in linked
    ]


def executed_in_order(notebook: NotebookNode, path: Path) -> list[str]:
    """The notebook was run once from the top: execution counts are 1, 2, 3 …"""
    return [
        f"{place(notebook, index)}: its execution count is {cell.execution_count}, not {expected}"
        for expected, (index, cell) in enumerate(code_cells(notebook), start=1)
        if cell.execution_count != expected
    ]


def no_stored_errors(notebook: NotebookNode, path: Path) -> list[str]:
    """No output is an error, and none is a warning on the error stream."""
    complaints = []
    for index, output in outputs(notebook):
        if output.output_type == "error":
            complaints.append(f"{place(notebook, index)}: stored an error, {output.ename}")
        elif output.get("name") == "stderr":
            first_line = output.text.strip().partition("\n")[0]
            complaints.append(f"{place(notebook, index)}: stored a warning, {first_line!r}")
    return complaints


def no_progress_bars(notebook: NotebookNode, path: Path) -> list[str]:
    """No output is a progress bar: it is for the one who waits, and is stored half drawn."""
    return [
        f"{place(notebook, index)}: stored a progress bar; draw none where TQDM_DISABLE is set"
        for index, output in outputs(notebook)
        if PROGRESS_BAR.search(output_text(output))
    ]


def no_machine_paths(notebook: NotebookNode, path: Path) -> list[str]:
    """Neither code nor outputs name a folder of somebody's machine."""
    texts = [(index, cell.source) for index, cell in code_cells(notebook)]
    texts += [(index, output_text(output)) for index, output in outputs(notebook)]
    return [
        f"{place(notebook, index)}: names a path of a machine, {found[0]!r}"
        for index, text in texts
        if (found := MACHINE_PATH.search(text))
    ]


def small_outputs(notebook: NotebookNode, path: Path) -> list[str]:
    """The stored outputs stay small enough to read on the web."""
    size = sum(len(json.dumps(output, ensure_ascii=False).encode()) for _, output in outputs(notebook))
    if size < MAX_OUTPUT_BYTES:
        return []
    return [f"its outputs take {size:,} bytes; fewer than {MAX_OUTPUT_BYTES:,} are allowed"]


def claims_are_literal(notebook: NotebookNode, path: Path) -> list[str]:
    """Sentence, relation and bound of a claim are literals where it is checked, and fit together."""
    found: list[str] = []
    for index, cell in code_cells(notebook):
        for call in calls_in(ast.walk(tree_of(cell)), "check"):
            try:
                claims.read_claim(call, path.name, cell.id)
            except ValueError as error:
                found.append(f"{place(notebook, index)}: {error}")
    return found


def claims_are_stored(notebook: NotebookNode, path: Path) -> list[str]:
    """Every claim that a cell checks stands, as one line, in what the cell printed."""
    complaints = []
    for index, cell in code_cells(notebook):
        printed = Counter("".join(output.get("text", "") for output in cell.outputs).splitlines())
        for call in calls_in(run_by(tree_of(cell)), "check"):
            try:
                claim = claims.read_claim(call, path.name, cell.id)
            except ValueError:
                continue  # another rule complains
            if claim.quiet:
                continue
            line = CLAIM_MARK + claim.sentence
            if printed[line] == 0:
                complaints.append(f"{place(notebook, index)}: did not print {line!r}")
            printed[line] -= 1
    return complaints


def training_is_not_compared(notebook: NotebookNode, path: Path) -> list[str]:
    """Of a cell that trains, or shows what comes from training, nothing is compared but its claims."""
    cells = list(code_cells(notebook))
    complaints = []
    for (index, cell), uses in zip(cells, uses_of_training(tree_of(cell) for _, cell in cells), strict=True):
        if not uses or IGNORED in cell.metadata.get("tags", []):
            continue
        use = max(uses, key=lambda use: use.trains)
        literals = printed_literals(cell)
        others = [
            line
            for output in cell.outputs
            if use.trains or not is_figure(output)
            for line in output.get("text", output.output_type).splitlines()
            if not line.startswith((CLAIM_MARK, UNSOLVED_MARK)) and line not in literals
        ]
        if others:
            why = "trains" if use.trains else "comes from training"
            complaints.append(
                f"{place(notebook, index)}: `{use.name}` {why}, and {others[0][:60]!r} is compared;"
                f" it needs the tag {IGNORED}, and its claims a cell of their own"
            )
    return complaints


def names_of_the_field(notebook: NotebookNode, path: Path) -> list[str]:
    """No private word is a name, and no name hides one of Python's own."""
    complaints = []
    for index, cell in code_cells(notebook):
        nodes = list(ast.walk(tree_of(cell)))
        given = {name for node in nodes for name in named(node)}
        asked = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        asked |= {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}
        for name in sorted((given | asked) & PRIVATE_NAMES):
            complaints.append(f"{place(notebook, index)}: {name!r} is a private name")
        for name in sorted(given & BUILTINS):
            complaints.append(f"{place(notebook, index)}: {name!r} hides a name of Python's")
    return complaints


Rule = Callable[[NotebookNode, Path], list[str]]
RULES: list[Rule] = [
    one_title,
    headings_in_order,
    closing_sections,
    prose_before_code,
    short_code,
    short_main_path,
    side_roads_lead_back,
    few_printed_checks,
    imports_first,
    nothing_installed,
    no_vanishing_tags,
    alt_text_on_images,
    alt_text_on_figures,
    images_in_repository,
    links_resolve,
    neighbours_linked,
    executed_in_order,
    no_stored_errors,
    no_progress_bars,
    no_machine_paths,
    small_outputs,
    claims_are_literal,
    claims_are_stored,
    training_is_not_compared,
    names_of_the_field,
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_the_rules(path: Path):
    notebook = read(path)
    broken = {rule.__doc__: complaints for rule in RULES if (complaints := rule(notebook, path))}
    if broken:
        lines = [f"{rule}\n    " + "\n    ".join(complaints) for rule, complaints in broken.items()]
        pytest.fail("\n  ".join([path.relative_to(ROOT).as_posix(), *lines]), pytrace=False)


# --- Reading a notebook ---------------------------------------------------------------------------


class Heading(NamedTuple):
    cell: int
    place: str
    level: int
    text: str


class Reference(NamedTuple):
    """A link or an image, in Markdown or HTML."""

    cell: int
    place: str
    kind: str  # "link" or "image"
    target: str
    text: str  # of an image, its alt text


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def place(notebook: NotebookNode, index: int) -> str:
    """Say which cell is meant, in words that are easy to search for in the notebook."""
    source = notebook.cells[index].source.strip()
    first_line = source.partition("\n")[0]
    return f"cell {index + 1} (`{first_line[:60]}`)"


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    return ((i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")


def outputs(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    return ((i, output) for i, cell in code_cells(notebook) for output in cell.outputs)


def is_figure(output: NotebookNode) -> bool:
    """Tell whether an output is an image, which nbval does not compare."""
    return any(mime in output.get("data", {}) for mime in ("image/png", "image/jpeg"))


def output_text(output: NotebookNode) -> str:
    """Return all text of an output; the letters that encode an image are no text."""
    parts = [output.get("text", ""), *output.get("traceback", [])]
    for mime, value in output.get("data", {}).items():
        if mime not in {"image/png", "image/jpeg"}:
            parts.append(value if isinstance(value, str) else json.dumps(value))
    return EMBEDDED_IMAGE.sub("", "\n".join(parts))


def headings(notebook: NotebookNode) -> list[Heading]:
    return [
        Heading(index, place(notebook, index), level, text)
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown"
        for level, text in markdown_headings(cell.source)
    ]


def markdown_headings(source: str) -> list[tuple[int, str]]:
    tokens = MarkdownIt("commonmark").parse(source)
    found = []
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            text = "".join(child.content for child in tokens[index + 1].children)
            found.append((int(token.tag[1]), text))
        elif token.type == "html_block":
            found += [(int(n), f"<h{n}>") for n in re.findall(r"<h([1-6])\b", token.content)]
    return found


def references(notebook: NotebookNode, kind: str) -> list[Reference]:
    """Return the links, or the images, of all Markdown cells."""
    return [
        found._replace(cell=index, place=place(notebook, index))
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown"
        for found in markdown_references(cell.source)
        if found.kind == kind
    ]


def markdown_references(source: str) -> Iterator[Reference]:
    for token in markdown_tokens(source):
        if token.type == "link_open":
            yield Reference(0, "", "link", token.attrGet("href"), "")
        elif token.type == "image":
            yield Reference(0, "", "image", token.attrGet("src"), token.content)
        elif token.type in HTML_TOKENS:
            yield from html_references(token.content)


def markdown_tokens(source: str) -> Iterator[Token]:
    for block in MarkdownIt("commonmark").parse(source):
        yield from (block, *(block.children or []))


def html_references(source: str) -> Iterator[Reference]:
    for tag, values in html_tags(source):
        if tag == "a" and "href" in values:
            yield Reference(0, "", "link", values["href"], "")
        elif tag == "img":
            yield Reference(0, "", "image", values.get("src", ""), values.get("alt", ""))


def html_tags(source: str) -> list[tuple[str, dict[str, str]]]:
    """Return the tags that begin in some HTML, each with its attributes."""
    found = []

    class Collector(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: value or "" for name, value in attrs}))

    Collector().feed(source)
    return found


def is_file_near(path: Path, relative: str) -> bool:
    """Tell whether a relative address leads from ``path`` to a file of the same project."""
    target = (path.parent / unquote(relative)).resolve()
    project = next(folder for folder in path.parents if (folder / "pyproject.toml").exists())
    return target.exists() and target.is_relative_to(project.resolve())


def anchors(notebook: NotebookNode, path: Path, relative: str) -> set[str]:
    """Return the anchors of the file that a link leads to; an empty address is the notebook."""
    target = path.parent / unquote(relative)
    if relative and target.suffix == ".md":
        found = markdown_headings(target.read_text(encoding="utf-8"))
        # As the web page of a repository writes them: small letters and no punctuation.
        return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for _, text in found}
    if relative and target.suffix != ".ipynb":
        return set()
    there = read(target) if relative else notebook
    cells = {f"cell-id={cell.id}" for cell in there.cells}
    return cells | {heading.text.replace(" ", "-") for heading in headings(there)}  # as JupyterLab does


# --- Reading code ---------------------------------------------------------------------------------


def tree_of(cell: NotebookNode) -> ast.Module:
    try:
        return ast.parse(cell.source)
    except SyntaxError:  # a magic command
        return ast.Module([], [])


def run_by(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs when the cell runs: all but the bodies of functions, which run when they are called."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(tree, ast.FunctionDef) and child in tree.body:
            continue
        yield child
        yield from run_by(child)


def calls_in(nodes: Iterable[ast.AST], name: str) -> list[ast.Call]:
    return [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == name]


def printed_literals(cell: NotebookNode) -> set[str]:
    """What a cell prints as it is written there."""
    return {
        argument.value
        for call in calls_in(ast.walk(tree_of(cell)), "print")
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


# --- The rules, seen to fail ----------------------------------------------------------------------

ALT = "A line that falls from three to one over ten steps"
CLAIMS = """\
check("one and one is two", 1 + 1 == 2)
check("their sum is below {bound:.1f}", 1 + 1, "<", 3, terms=2)"""
TRAINS = """\
def train(model):
    return training.fit(model, loader, settings)


trained = {"plain": train(model)}
print(trained["plain"].records[-1])"""
SHOWS = """\
for name, history in trained.items():
    print(name, history.frame())"""
IMPORTS = """\
import torch
from seq2seq_utils import training
from seq2seq_utils.experiments import attention, long_sentences, read, seq2seq
from seq2seq_utils.experiments import teacher_forcing as experiment"""


def good_notebook() -> NotebookNode:
    """Return a small notebook that keeps every rule."""
    figure = new_output("display_data", data={"image/png": "iVBORw0KGgo="})
    figure.metadata = {"image/png": {"alt": ALT}}
    held = new_output("stream", name="stdout", text="✓ one and one is two\n✓ their sum is below 3.0\n")
    cells = [
        new_markdown_cell("# Counting\n\n[Before](01_first.ipynb) · [after](03_third.ipynb)"),
        new_markdown_cell("Each tool comes from the project."),
        new_code_cell(IMPORTS, execution_count=1),
        new_markdown_cell(f"## Adding up\n\n![{ALT}](figures/line.svg)\n\n[Web](https://a.org/b)"),
        new_code_cell(CLAIMS, execution_count=2),
        new_markdown_cell('### Drawing it\n\n[Above](#Adding-up), <a href="../README.md#use">use</a>'),
        new_code_cell("plot()", execution_count=3),
        new_markdown_cell("What it trains is not compared."),
        new_code_cell(TRAINS, execution_count=4, metadata={"tags": [IGNORED]}),
        new_markdown_cell("## Side road: more\n\nNor is what a later cell shows of it."),
        new_code_cell(SHOWS, execution_count=5, metadata={"tags": [IGNORED]}),
        new_markdown_cell("## What you saw\n\n## Exercises\n\nYour turn."),
        new_code_cell("mine = None", execution_count=6),
        new_markdown_cell("## References"),
    ]
    cells[4].outputs = [held]
    cells[6].outputs = [figure]
    cells[8].outputs = [new_output("stream", name="stdout", text="0.123\n"), figure]
    cells[10].outputs = [new_output("stream", name="stdout", text="0.456\n")]
    return new_notebook(cells=cells)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the good notebook would lie, in the middle of a series of three."""
    folder = tmp_path / "notebooks"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "line.svg").touch()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "README.md").write_text("# Use\n", encoding="utf-8")
    for name in ("01_first", "02_second", "03_third"):
        nbformat.write(good_notebook(), folder / f"{name}.ipynb")
    return folder / "02_second.ipynb"


class Break(NamedTuple):
    """One way to break one rule, and a word of the complaint it must bring."""

    rule: Rule
    cell: int
    change: Callable[[NotebookNode], object]
    complaint: str


def prose(text: str) -> Callable[[NotebookNode], object]:
    """Add a paragraph to a Markdown cell."""
    return lambda cell: cell.update(source=f"{cell.source}\n\n{text}")


def source(text: str) -> Callable[[NotebookNode], object]:
    return lambda cell: cell.update(source=text)


def compared(text: str) -> Callable[[NotebookNode], object]:
    return lambda cell: cell.update(source=text, metadata={})


def output(kind: str, **content: object) -> Callable[[NotebookNode], object]:
    return lambda cell: cell.outputs.append(new_output(kind, **content))


BREAKS = [
    Break(one_title, 0, source("Counting"), "no title"),
    Break(one_title, 3, prose("# Again"), "second title, 'Again'"),
    Break(one_title, 3, prose("<h1>Again</h1>"), "second title"),
    Break(headings_in_order, 3, source("#### Deep"), "jumps from level 1 to 4"),
    Break(closing_sections, 11, source("## What you saw\n\n## References"), "What you saw"),
    Break(prose_before_code, 3, lambda cell: cell.update(cell_type="raw"), "check("),
    Break(prose_before_code, 3, source(" "), "no prose"),
    Break(short_code, 6, source("plot()\n" * 16), "16 lines"),
    Break(short_code, 12, source("plot()\n" * 26), "26 lines"),
    Break(short_main_path, 3, prose("word " * 3000), "words; at most 3,000"),
    Break(short_main_path, 6, source("plot()\n" * 400), "lines of code; at most 400"),
    Break(side_roads_lead_back, 12, source("print(history)"), "'history' is given in 'Side road: more'"),
    Break(few_printed_checks, 4, source(CLAIMS + '\ncheck("so", True)' * 19), "21 checks are printed"),
    Break(imports_first, 2, source("import torch\ntorch.manual_seed(0)"), "torch.manual_seed(0)"),
    Break(imports_first, 2, source("%matplotlib inline\nimport torch"), "not a command"),
    Break(nothing_installed, 6, source("%pip install torch"), "%"),
    Break(nothing_installed, 6, source("if True:\n    !ls"), "!"),
    Break(nothing_installed, 6, source('run("pip install torch")'), "pip install"),
    Break(no_vanishing_tags, 3, prose("it says <unk> for all others"), "<unk>"),
    Break(no_vanishing_tags, 3, prose("<eos>\n`<sos>`"), "<eos>"),
    Break(alt_text_on_images, 3, prose("![](figures/line.svg)"), "line.svg"),
    Break(alt_text_on_images, 3, prose("![a line](figures/line.svg)"), "'a line'"),
    Break(alt_text_on_images, 3, prose('<img src="figures/line.svg">'), "line.svg"),
    Break(alt_text_on_figures, 6, output("display_data", data={"image/png": "iVBO"}), "image/png"),
    Break(alt_text_on_figures, 6, output("display_data", data={"image/svg+xml": "<svg/>"}), "svg"),
    Break(alt_text_on_figures, 6, output("display_data", data={"text/html": "<img>"}), "HTML"),
    Break(images_in_repository, 3, prose(f"![{ALT}](figures/no.svg)"), "figures/no.svg"),
    Break(images_in_repository, 3, prose(f"![{ALT}](https://a.org/b.png)"), "https://a.org/b.png"),
    Break(links_resolve, 3, prose("[more](no.ipynb)"), "'no.ipynb' leads to no file"),
    Break(links_resolve, 3, prose("[more](/etc/hosts)"), "'/etc/hosts' leads to no file"),
    Break(links_resolve, 3, prose("[more](#Nowhere)"), "'#Nowhere' leads to no heading"),
    Break(links_resolve, 3, prose("[more](01_first.ipynb#No)"), "'01_first.ipynb#No' leads to no"),
    Break(links_resolve, 3, prose("[more](../README.md#no)"), "'../README.md#no' leads to no"),
    Break(links_resolve, 3, prose("[more](http://a.org)"), "not a whole https address"),
    Break(links_resolve, 3, prose("[more](https://localhost)"), "not a whole https address"),
    Break(links_resolve, 3, prose("[more]()"), "leads nowhere"),
    Break(neighbours_linked, 0, source("# Counting\n\n[x](03_third.ipynb)"), "01_first.ipynb"),
    Break(neighbours_linked, 0, source("# Counting\n\n[x](01_first.ipynb)"), "03_third.ipynb"),
    Break(executed_in_order, 4, lambda cell: cell.update(execution_count=7), "is 7, not 2"),
    Break(executed_in_order, 6, lambda cell: cell.update(execution_count=None), "is None, not 3"),
    Break(no_stored_errors, 6, output("error", ename="KeyError"), "KeyError"),
    Break(no_stored_errors, 6, output("stream", name="stderr", text="Warning: old\n"), "old"),
    Break(no_progress_bars, 6, output("display_data", data={"text/plain": "  0%|  | 0/9"}), "bar"),
    Break(no_machine_paths, 6, output("stream", text="saved to /home/ann/x.pt"), "/home/ann"),
    Break(no_machine_paths, 6, output("stream", text="C:\\Users\\Ann"), "C:\\"),
    Break(no_machine_paths, 6, output("display_data", data={"text/plain": "'/tmp/x'"}), "/tmp/x"),
    Break(no_machine_paths, 6, source('open("/Users/ann/x")'), "/Users/ann"),
    Break(small_outputs, 6, output("stream", text="x" * 1_000_000), "1,000,"),
    Break(claims_are_literal, 4, source('check(f"{n} is two", n == 2)'), "claim"),
    Break(claims_are_literal, 4, source('check("it is below {bound}", x, "<", limit)'), "bound"),
    Break(claims_are_literal, 4, source('check("it is below {bound}", x, sign, 3)'), "relation"),
    Break(claims_are_literal, 4, source('check("it is below {bound}", x, bound=3)'), "relation"),
    Break(claims_are_literal, 4, source('check("it is below 3", x, "<", 3)'), "{bound}"),
    Break(claims_are_literal, 4, source("def f():\n    check(text, True)"), "claim"),
    Break(claims_are_stored, 4, lambda cell: cell.update(outputs=[]), "'✓ one and one is two'"),
    Break(claims_are_stored, 4, source(CLAIMS.replace("3,", "4,")), "'✓ their sum is below 4.0'"),
    Break(claims_are_stored, 4, source(CLAIMS + "\n" + CLAIMS), "'✓ their sum is below 3.0'"),
    Break(claims_are_stored, 4, source('for x in y:\n    check("x is so", x)'), "'✓ x is so'"),
    Break(training_is_not_compared, 8, lambda cell: cell.metadata.clear(), "`train` trains, and '0.123'"),
    Break(training_is_not_compared, 6, source("history = train(model)\nplot(history)"), "'display_data'"),
    Break(training_is_not_compared, 6, source("runs = list(map(train, models))"), "`train` trains"),
    Break(training_is_not_compared, 6, source("training.train_pairs(model, pairs)"), "`train_pairs`"),
    Break(training_is_not_compared, 6, source("recipes.train_by_recipe(model)"), "`train_by_recipe`"),
    Break(training_is_not_compared, 6, source("optimizer.step()"), "`optimizer.step`"),
    Break(training_is_not_compared, 6, source("x = experiment.train(arm, 0)"), "`train` trains"),
    Break(training_is_not_compared, 6, source("x = [long_sentences.train(arm) for arm in y]"), "`train`"),
    Break(training_is_not_compared, 6, source("plot(attention.train(arm, seed=0).history)"), "`train`"),
    Break(training_is_not_compared, 6, source("lengths.train_on(pairs, held_out)"), "`train_on`"),
    Break(training_is_not_compared, 6, source("seq2seq.train_on_numbers(arm, 0)"), "`train_on_numbers`"),
    Break(training_is_not_compared, 6, source("seq2seq.train_on_sentences(arm)"), "`train_on_sentences`"),
    Break(training_is_not_compared, 6, source("attention.COMPARED.perform(arm, 0)"), "`perform` trains"),
    Break(training_is_not_compared, 10, compared(SHOWS), "`trained` comes from training, and '0.456'"),
    Break(training_is_not_compared, 10, compared("texts(model)"), "`model` comes from training"),
    Break(names_of_the_field, 6, source("said = [1]"), "'said' is a private name"),
    Break(names_of_the_field, 6, source("print([one for one in [1]])"), "'one' is a private name"),
    Break(names_of_the_field, 6, source("def f(looks, *, ours=1):\n    pass"), "'looks' is a private"),
    Break(names_of_the_field, 6, source("plot(going=1)"), "'going' is a private name"),
    Break(names_of_the_field, 6, source("print(step.theirs)"), "'theirs' is a private name"),
    Break(names_of_the_field, 6, source("id = 3"), "'id' hides"),
    Break(names_of_the_field, 6, source("f = lambda input: 2"), "'input' hides"),
    Break(names_of_the_field, 6, source("from numpy import sum"), "'sum' hides"),
]
KEEPS = [  # what a hasty rule would complain of
    (claims_are_stored, 'def f():\n    check("it is so", True)'),
    (claims_are_stored, 'exercise("your own", lambda: True)'),
    (training_is_not_compared, "def again():\n    training.fit(model)"),
    (training_is_not_compared, "step = scheduler.step()"),
    (training_is_not_compared, 'runs = read("results/trained.json")\nprint(runs.table("BLEU"))'),
    (training_is_not_compared, "model.train()\nprint(splits.train[0], lengths.corpus(10).train[0])"),
    (training_is_not_compared, "for part in (experiment.train,):\n    print(inspect.getsource(part))"),
    (training_is_not_compared, "print(inspect.getsource(training.fit))"),
    (training_is_not_compared, "try:\n    train(1 / 0)\nexcept ValueError as error:\n    print(error)"),
    (names_of_the_field, 'print("one", max(pairs, key=len), x.id, f(type=3), __name__)'),
]


def test_good_notebook_keeps_all_rules(path: Path):
    assert {rule.__name__: rule(good_notebook(), path) for rule in RULES if rule(good_notebook(), path)} == {}


def test_broken_notebooks_bring_their_complaints(path: Path):
    missing = []
    for broken in BREAKS:
        notebook = good_notebook()
        broken.change(notebook.cells[broken.cell])
        complaints = broken.rule(notebook, path)
        if broken.complaint not in "\n".join(complaints):
            missing.append((broken.rule.__name__, broken.complaint, complaints))
    assert missing == []


def test_what_only_looks_like_a_fault_brings_no_complaint(path: Path):
    complaints = []
    for rule, code in KEEPS:
        notebook = good_notebook()
        notebook.cells[6].source = code
        notebook.cells[6].outputs.append(new_output("stream", name="stdout", text="0.789\n"))
        complaints += rule(notebook, path)
    assert complaints == []


def test_claims_and_figures_of_what_comes_from_training_may_be_stored(path: Path):
    notebook = good_notebook()
    shows = notebook.cells[10]
    compared('check("one and one is two", trained)\nexercise("x", trained)\nplot(trained)')(shows)
    shows.outputs = [*notebook.cells[4].outputs, *notebook.cells[6].outputs]
    shows.outputs.append(new_output("stream", name="stdout", text="○ x: not yet\n"))
    assert training_is_not_compared(notebook, path) == []


def test_every_rule_is_seen_to_fail():
    assert [rule for rule in RULES if rule not in {each.rule for each in BREAKS}] == []


def test_slash_without_a_machine_path_is_let_pass():
    texts = [
        "1/2/3 and/or",
        "https://a.org/b/c",
        "<b>x</b></td></tr>",
        "이/가, 을/를, 은/는",
        "application/vnd.x/y",
        "a / b / c",
        "../figures/line.svg and ./a/b",
        "{folder}/a/b and folder(x)/a/b",
        r"A:\nB",
    ]
    assert [text for text in texts if MACHINE_PATH.search(text)] == []
