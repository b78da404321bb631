"""The map of the package: its rooms, who imports whom, how long things are, and what they are called."""

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator
from pathlib import Path

from names import BUILTINS, PRIVATE_NAMES, named

import seq2seq_utils

PROJECT = Path(__file__).parents[1]
PACKAGE = "seq2seq_utils"
WITHOUT_IMPORTS = ("progress", "pairs")  # these import nothing of the package
FOR_CORPORA = "grammar"  # only what makes a corpus imports it: notebooks, tools, tests, and these:
MAKE_CORPORA = ("experiments",)
LONGEST_FUNCTION, LONGEST_MODULE = 60, 280  # code lines

Sources = dict[str, str]  # a path from the project's folder, and what the file holds


def sources(*folders: str) -> Sources:
    files = [path for folder in folders for path in sorted((PROJECT / folder).rglob("*.py"))]
    return {path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8") for path in files}


# ---------------------------------------------------------------------------------------------- rooms
def rooms_of(docstring: str) -> list[str]:
    return re.findall(r"^- `(\w+)`:", docstring, flags=re.MULTILINE)


def room_of(path: str) -> str:
    """The first folder or module below the package; of its own `__init__.py`, the empty text."""
    name = path.split("/")[1].removesuffix(".py")
    return "" if name == "__init__" else name


def imports(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Each line that imports from the package, wherever it stands, and the room that it imports."""
    package = path.removesuffix(".py").removesuffix("/__init__").split("/")
    if not path.endswith("__init__.py"):
        package.pop()
    for node in ast.walk(ast.parse(source)):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            modules = [f"{base}.{alias.name}" for alias in node.names] if base == PACKAGE else [base]
        for module in modules:
            first, _, rest = module.partition(".")
            if first == PACKAGE:
                yield node.lineno, rest.partition(".")[0]


def wrong_rooms(files: Sources, rooms: list[str]) -> list[str]:
    there = {room_of(path) for path in files} - {""}
    return [
        *(f"{room} is listed, but is not there" for room in rooms if room not in there),
        *(f"{room} is there, but not listed" for room in sorted(there) if room not in rooms),
        *(f"{room} is listed twice" for room in sorted(set(rooms)) if rooms.count(room) > 1),
    ]


def wrong_imports(files: Sources, rooms: list[str]) -> list[str]:
    problems = []
    for path, source in files.items():
        room = room_of(path)
        for line, imported in imports(path, source):
            about = f"{path}:{line} imports {imported or 'the whole package'}"
            if room and imported == room:
                continue
            above = rooms[: rooms.index(room)] if room in rooms else []
            if room in WITHOUT_IMPORTS:
                problems.append(f"{about}, but {room} imports nothing of ours")
            elif imported == FOR_CORPORA and room not in MAKE_CORPORA:
                problems.append(f"{about}, but only what makes a corpus does")
            elif imported not in above:
                problems.append(f"{about}, which is not above {room or 'the package'}")
    return problems


# -------------------------------------------------------------------------------------------- lengths
def code_lines(source: str) -> set[int]:
    """The numbers of the lines with code on them: docstrings, comments and blank lines have none."""
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent | {tokenize.ENDMARKER}:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        may_have_one = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if may_have_one and ast.get_docstring(node) is not None:
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def too_long(files: Sources) -> list[str]:
    problems = []
    for path, source in files.items():
        lines = code_lines(source)
        if len(lines) > LONGEST_MODULE:
            problems.append(f"{path}: {len(lines)} code lines, more than {LONGEST_MODULE}")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = len(lines & set(range(node.lineno, node.end_lineno + 1)))
                if length > LONGEST_FUNCTION:
                    problems.append(f"{path}: {node.name} has {length}, more than {LONGEST_FUNCTION}")
    return problems


# ---------------------------------------------------------------------------------------------- names
def wrong_names(files: Sources) -> list[str]:
    problems = []
    for path, source in files.items():
        tree = ast.parse(source)
        fields = {
            statement.target
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for statement in node.body
            if isinstance(statement, ast.AnnAssign)
        }
        for node in ast.walk(tree):
            for name in named(node):
                # A field, as the object of a clause, is always asked for with a dot, and shadows nothing.
                if name in BUILTINS and not (isinstance(node, ast.Attribute) or node in fields):
                    problems.append(f"{path}:{node.lineno} shadows a builtin: {name}")
                if name in PRIVATE_NAMES:
                    problems.append(f"{path}:{node.lineno} has a private name: {name}")
    return problems


# ------------------------------------------------------------------------------------- the rules hold
ROOMS = rooms_of(seq2seq_utils.__doc__)


def test_every_module_belongs_to_a_listed_room_and_every_listed_room_is_there():
    assert len(ROOMS) > 10
    assert wrong_rooms(sources(PACKAGE), ROOMS) == []


def test_a_room_imports_only_rooms_above_it():
    assert wrong_imports(sources(PACKAGE), ROOMS) == []


def test_functions_and_modules_are_short():
    assert too_long(sources(PACKAGE, "tools")) == []


def test_names_shadow_no_builtin_and_are_the_fields_words():
    assert wrong_names(sources(PACKAGE, "tools")) == []


# ------------------------------------------------------------------------------ each of them can fail
def one_file(path: str, source: str) -> Sources:
    return {f"{PACKAGE}/{path}": source}


def test_a_room_too_many_or_too_few_is_found():
    files = one_file("text/words.py", "") | one_file("pairs.py", "") | one_file("__init__.py", "")
    assert rooms_of("Rooms:\n\n- `pairs`: pairs.\n- `text`: text, as `pairs` has it.\n") == ["pairs", "text"]
    assert wrong_rooms(files, ["pairs", "text"]) == []
    assert wrong_rooms(files, ["pairs"]) == ["text is there, but not listed"]
    assert wrong_rooms(files, ["pairs", "text", "checks"]) == ["checks is listed, but is not there"]
    assert wrong_rooms(files, ["pairs", "text", "pairs"]) == ["pairs is listed twice"]


WRONG_IMPORTS = [
    ("text/words.py", "from seq2seq_utils.models import Seq2Seq", "models, which is not above text"),
    ("text/words.py", "import seq2seq_utils.models.layers", "models, which is not above text"),
    ("text/words.py", "from seq2seq_utils import pairs, models", "models, which is not above text"),
    ("text/words.py", "from ..models import layers", "models, which is not above text"),
    ("text/__init__.py", "from .. import models", "models, which is not above text"),
    (
        "text/words.py",
        "def f():\n    from ..models.layers import State",
        "models, which is not above text",
    ),
    ("text/words.py", "if TYPE_CHECKING:\n    import seq2seq_utils.models", "models, which is not above"),
    ("text/words.py", "from seq2seq_utils.nowhere import x", "nowhere, which is not above text"),
    ("text/words.py", "import seq2seq_utils", "the whole package, which is not above text"),
    ("__init__.py", "from seq2seq_utils.text import TextCodec", "text, which is not above the package"),
    ("pairs.py", "from seq2seq_utils.progress import progress_bar", "pairs imports nothing of ours"),
    ("progress.py", "from .pairs import SentencePair", "progress imports nothing of ours"),
    ("models/layers.py", "from seq2seq_utils import grammar", "only what makes a corpus does"),
    ("models/layers.py", "from ..grammar.corpus import generate", "only what makes a corpus does"),
]


def test_an_import_of_what_is_not_above_is_found():
    rooms = ["progress", "pairs", "text", "grammar", "models"]
    for path, source, problem in WRONG_IMPORTS:
        (found,) = wrong_imports(one_file(path, source), rooms)
        assert problem in found, source
        assert found.startswith(f"{PACKAGE}/{path}:"), source


def test_imports_of_rooms_above_of_the_own_room_and_of_libraries_are_allowed():
    source = (
        "import torch\nfrom torch import nn\nfrom . import layers\nfrom .layers import State\n"
        "from seq2seq_utils.models.layers import State\nfrom ..text import TextCodec\n"
        "from seq2seq_utils import pairs\nimport seq2seq_utils.text.words\n"
    )
    assert wrong_imports(one_file("models/new.py", source), ["pairs", "text", "models"]) == []


def test_what_makes_corpora_imports_grammar_and_captions_if_they_are_above():
    file = one_file("experiments/new.py", "from ..grammar import generate\nfrom .. import captions\n")
    assert wrong_imports(file, ["grammar", "captions", "experiments"]) == []
    assert len(wrong_imports(file, ["experiments", "grammar", "captions"])) == 2


def test_what_is_too_long_is_found_and_what_is_no_code_is_not_counted():
    silent = '    """What it is for.\n\n    More of it.\n    """\n    # why\n\n'
    for lines, problems in ((57, 0), (58, 1)):  # beside these there are `def` and the two of the text
        function = f"def f():\n{silent}" + "    x = 1\n" * lines + '    y = """a\n    # b"""\n'
        method = "class A:\n" + textwrap.indent(f"async {function}", "    ")
        for source in (function, method):
            assert len(too_long({"a.py": source})) == problems
    for lines, problems in ((280, 0), (281, 1)):
        assert len(too_long({"a.py": '"""A module."""\n\n' + "x = 1  # why\n# why\n" * lines})) == problems


NAMINGS = [
    "{} = 1",
    "x = [{} for {} in y]",
    "for x, {} in y: pass",
    "with x as {}: pass",
    "try: pass\nexcept Error as {}: pass",
    "if ({} := x): pass",
    "def {}(): pass",
    "def f({}): pass",
    "def f(*, {}=1): pass",
    "def f(*{}): pass",
    "f = lambda {}: 1",
    "class {}: pass",
    "import {}",
    "import x as {}",
    "from x import y as {}",
    "match x:\n    case [*{}]: pass",
    "match x:\n    case A(y={}): pass",
]


FIELDS = ["x.{} = 1", "class A:\n    {}: int"]


def test_a_field_has_no_private_name_and_shadows_nothing():
    for source in FIELDS:
        assert wrong_names({"a.py": source.replace("{}", "theirs")}), source
        assert wrong_names({"a.py": source.replace("{}", "object")}) == [], source


def test_a_wrong_name_is_found_wherever_it_is_given():
    for source in NAMINGS:
        for name in ("said", "input", "id", "theirs"):
            found = wrong_names({"a.py": source.replace("{}", name)})
            assert found, (source, name)
            assert all(problem.endswith(f": {name}") for problem in found), source
        assert wrong_names({"a.py": source.replace("{}", "source_ids")}) == [], source


def test_a_use_that_gives_no_name_is_no_wrong_name():
    assert wrong_names({"a.py": "x = f(input=id(y).one, z='said')  # ours"}) == []
