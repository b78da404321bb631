"""The digest of what a notebook computes: what changes it, and what does not."""

import json
from pathlib import Path

import pytest
import syntax_digest

PACKAGE = {
    "seq2seq_utils/__init__.py": '"""The package."""\n',
    "seq2seq_utils/text/__init__.py": '"""Text."""\n\nfrom seq2seq_utils.text.words import cut\n',
    "seq2seq_utils/text/words.py": '"""Words."""\n\nfrom . import marks\n\n\ndef cut(text):\n'
    '    """Cuts."""\n'
    "    return text.split(marks.SPACE)  # at spaces\n",
    "seq2seq_utils/text/marks.py": 'SPACE = " "\n',
    "seq2seq_utils/text/other.py": "OTHER = 1\n",
    "seq2seq_utils/text/words.toml": '# All of them.\nwords = ["a"]\n',
    "seq2seq_utils/models/__init__.py": "SIZE = 1\n",
    "seq2seq_utils/models/words.toml": "size = 1\n",
}
CELLS = [
    "from seq2seq_utils.text import cut",
    'def half(x):\n    "Of a number."\n    return x / 2',
    'check("more than {bound}", half(3), ">", 1)\ncheck("so", half(2) == 1)',
    'check("is {bound}", half(4), "==", 2)',
]


@pytest.fixture
def digest(tmp_path):
    """The digest of a notebook with these cells, and this package, but for what is given."""

    def take(cells: dict[int, str] | None = None, **files: str) -> str:
        for name, text in (PACKAGE | files).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        sources = [(cells or {}).get(number, code) for number, code in enumerate(CELLS)]
        notebook = {"cells": [{"cell_type": "code", "source": source, "id": "c"} for source in sources]}
        (tmp_path / "toy.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        return syntax_digest.notebook_digest(tmp_path / "toy.ipynb", tmp_path)

    return take


SAME_CELLS = [
    (0, "from seq2seq_utils.text import cut  # words"),
    (1, 'def half(x):\n    "Half of a number."\n\n    # by two\n    return (x/2)'),
    (1, "def half(x): return x / 2"),
    (2, 'check("above {bound}, always", half(3), ">", 1)\ncheck("it is so", half(2) == 1)'),
    (2, 'check(\n  "more than {bound}", half(3), ">", 1.25)\ncheck("so", half(2) == 1)'),
    (3, 'check("must be {bound}", half(4), "==", 2)'),
]
OTHER_CELLS = [
    (0, "from seq2seq_utils.text import cut\nimport seq2seq_utils.models"),
    (1, "def half(x):\n    return x / 3"),
    (1, "def half(x):\n    print('so')\n    return x / 2"),
    (2, 'check("more than {bound}", half(5), ">", 1)\ncheck("so", half(2) == 1)'),
    (2, 'check("more than {bound}", half(3), ">=", 1)\ncheck("so", half(2) == 1)'),
    (2, 'check("so", half(2) == 1)\ncheck("more than {bound}", half(3), ">", 1)'),
    (2, 'verify("more than {bound}", half(3), ">", 1)\ncheck("so", half(2) == 1)'),
    (3, 'check("is {bound}", half(4), "==", 3)'),
]
SAME_FILES = {
    "seq2seq_utils/text/words.py": '"""Other words."""\n\nfrom . import marks\n\ndef cut(text):\n    # Now.\n'
    "    return text.split(\n        marks.SPACE)\n",
    "seq2seq_utils/text/other.py": "OTHER = 2\n",  # nobody imports it
    "seq2seq_utils/text/words.toml": 'words = [\n  "a",\n]\n',
    "seq2seq_utils/models/__init__.py": "SIZE = 2\n",
    "seq2seq_utils/models/words.toml": "size = 2\n",
}
OTHER_FILES = {
    "seq2seq_utils/__init__.py": "VERSION = 1\n",
    "seq2seq_utils/text/__init__.py": "from seq2seq_utils.text.words import cut as cut\n",
    "seq2seq_utils/text/words.py": "from . import marks\n\ndef cut(text):\n    return [text]\n",
    "seq2seq_utils/text/marks.py": 'SPACE = "_"\n',
    "seq2seq_utils/text/words.toml": 'words = ["b"]\n',
}


def test_words_and_layout_and_bounds_do_not_change_it(digest):
    first = digest()
    assert len(first) == 16
    assert [cell for cell in SAME_CELLS if digest(dict([cell])) != first] == []
    assert [name for name, text in SAME_FILES.items() if digest(**{name: text}) != first] == []


def test_code_changes_it_and_so_do_modules_imported_by_others_and_their_data(digest):
    first = digest()
    found = [digest(dict([cell])) for cell in OTHER_CELLS]
    found += [digest(**{name: text}) for name, text in OTHER_FILES.items()]
    assert len({first, *found}) == 1 + len(OTHER_CELLS) + len(OTHER_FILES)


@pytest.mark.parametrize(
    "code",
    [
        "from seq2seq_utils import models",
        "import seq2seq_utils.models as m",
        "def later():\n    from seq2seq_utils.models import SIZE",
    ],
)
def test_an_import_is_found_however_it_is_written(digest, code):
    cells = {0: f"{CELLS[0]}\n{code}"}
    changed = {name: SAME_FILES[name] for name in SAME_FILES if "models" in name}
    assert len({digest(cells), *(digest(cells, **{name: text}) for name, text in changed.items())}) == 3


def test_imports_that_begin_with_dots_are_found(digest):
    for package, imported in {"text": "from ..models import SIZE", "models": "from .. import models"}.items():
        files = {f"seq2seq_utils/{package}/extra.py": imported}
        cells = {0: f"{CELLS[0]}\nimport seq2seq_utils.{package}.extra"}
        changed = {"seq2seq_utils/models/__init__.py": "SIZE = 3\n"}
        assert digest(cells, **files) != digest(cells, **files, **changed), imported


def test_a_notebook_of_the_project_rests_on_the_rooms_that_it_imports():
    (path,) = (syntax_digest.ROOT / "notebooks").glob("01_*.ipynb")
    trees = [syntax_digest.ast.parse(code) for _, code in syntax_digest.code_cells(path)]
    files = [
        file.relative_to(syntax_digest.ROOT)
        for file in syntax_digest.imported_files(trees, syntax_digest.ROOT)
    ]
    there = {Path("seq2seq_utils/batching.py"), Path("seq2seq_utils/grammar/lexicon.toml")}
    assert there <= set(files)
    assert Path("seq2seq_utils/captions.py") not in files


def test_taking_words_out_leaves_the_tree_itself_as_it_was():
    tree = syntax_digest.ast.parse('"""Words."""\ncheck("so", holds)')
    assert syntax_digest.ast.unparse(syntax_digest.without_words(tree)) == "check(None, holds)"
    assert syntax_digest.ast.unparse(tree) == '"""Words."""\ncheck(\'so\', holds)'
