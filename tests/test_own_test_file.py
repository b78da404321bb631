"""The test file that notebook 8 gives its readers: it passes with a sound model, and fails with a bug."""

import re
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
import torch

from seq2seq_utils.evaluation.audit import seq2seq_adapter
from seq2seq_utils.experiments.planted_bugs import BUGS
from seq2seq_utils.models import plain_model

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "08_bugs_that_hide.ipynb"
LINES = 10  # at most, blank ones not counted
PAIRS = [([5, 6, 7], [5, 6]), ([7, 8], [9]), ([6], [5, 7, 8, 9]), ([8, 5, 6, 9], [9, 5])]


def the_test_file() -> str:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    (code,) = (
        found for cell in cells for found in re.findall(r"```python\n(.*?)```", cell.source, re.DOTALL)
    )
    return code


def run_with(monkeypatch: pytest.MonkeyPatch, adapter: object) -> None:
    project = ModuleType("my_project")
    vars(project).update(adapter=adapter, test_pairs=PAIRS, train_pairs=[([9, 9], [5])])
    monkeypatch.setitem(sys.modules, "my_project", project)
    names: dict[str, object] = {}
    exec(the_test_file(), names)  # these lines, and no others, stand in our own notebook
    tests = [function for name, function in names.items() if name.startswith("test_") and callable(function)]
    assert len(tests) == 1
    tests[0]()


def test_it_is_short_and_passes_with_a_model_that_nothing_has_trained(monkeypatch):
    assert sum(bool(line.strip()) for line in the_test_file().splitlines()) <= LINES
    run_with(monkeypatch, seq2seq_adapter(plain_model(10, 10, 6, 8), unknown_id=None))


def test_it_fails_with_a_bug_and_says_which(monkeypatch):
    torch.manual_seed(0)
    program = BUGS["PAD in the loss"].program
    with pytest.raises(AssertionError, match=r"^padding is not in the loss: FAILED"):
        run_with(monkeypatch, program.adapter(program.make(10, 10)))
