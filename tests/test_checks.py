"""A claim that does not hold stops the notebook; an exercise that is not done does not."""

import json
import math

import numpy as np
import pandas as pd
import torch

from seq2seq_utils.checks import RECORD_VARIABLE, RELATIONS, check, exercise


def outcome(capsys, *given, **numbers) -> str:
    """What `check` prints, or what it stops with, or what it refuses its arguments with."""
    try:
        check(*given, **numbers)
    except AssertionError as stopped:
        assert capsys.readouterr().out == ""
        return str(stopped)
    except ValueError as refused:
        assert capsys.readouterr().out == ""
        return f"refused: {refused}"
    return capsys.readouterr().out


# --- Without a bound ------------------------------------------------------------------------------


def test_claim_without_a_bound_is_printed_or_stops_with_its_numbers(capsys):
    assert outcome(capsys, "two is more than one", 2 > 1, larger=2) == "✓ two is more than one\n"
    stopped = outcome(capsys, "attention wins", False, plain=0.91, attention=0.9)
    assert stopped == "not so: attention wins (plain = 0.91, attention = 0.9)"
    assert outcome(capsys, "it is so", False) == "not so: it is so"
    assert outcome(capsys, "a set {1, 2}", True) == "✓ a set {1, 2}\n"


def test_whether_a_claim_holds_is_a_truth_value_of_any_kind(capsys):
    for holds in (True, np.True_, np.array([True]), torch.tensor(True), pd.Series([1, 2]).gt(0).all()):
        assert outcome(capsys, "so", holds) == "✓ so\n"
    for holds in (False, np.False_, np.array(False), torch.tensor([False]), pd.Series([1, 2]).gt(1).all()):
        assert outcome(capsys, "so", holds) == "not so: so"


def test_what_is_no_truth_value_is_refused_and_not_taken_for_true(capsys):
    values = [0.3, 1, "yes", [False], [False, False], np.array([True, False]), {"a": True}, None, pd.Series()]
    held = [
        value
        for value in values
        if not outcome(capsys, "so", value).startswith(("refused: measured: ", "not"))
    ]
    assert held == []
    assert "True or False" in outcome(capsys, "so", 0.3)
    assert "0.3" in outcome(capsys, "so", 0.3)
    assert outcome(capsys, "so", [False]) == "not so: so"


# --- With a bound ---------------------------------------------------------------------------------

KINDS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "column": lambda values: np.array(values)[:, None],
    "series": lambda values: pd.Series(values, index=range(5, 5 + len(values))),
    "frame": lambda values: pd.DataFrame({7: values, 8: values}),
    "tensor": lambda values: torch.tensor(values, dtype=torch.float64),
    "generator": lambda values: (value for value in values),
    "values of a dict": lambda values: dict(enumerate(values)).values(),
}
# Relation, bound, values with which it holds, values with which it does not, the worst of these.
CASES = [
    ("<", 0.5, [0.1, -3.0, 0.49], [0.1, 0.5, 0.3], 0.5),
    ("<", 0.5, [0.1], [0.1, 0.7, 0.6], 0.7),
    ("<=", 0.5, [0.1, 0.5], [0.1, 0.51], 0.51),
    (">", 0.5, [0.51, 7.0], [0.6, 0.5, 7.0], 0.5),
    (">", -0.5, [-0.4], [-0.4, -0.9, -0.6], -0.9),
    (">=", 0.5, [0.5, 7.0], [0.6, 0.49, 7.0], 0.49),
    ("==", 3, [3.0, 3.0], [3.0, 2.0, 4.5, 3.5], 4.5),
    ("==", 3, [3.0], [3.0, 1.0, 4.5], 1.0),
    ("<", math.inf, [1.0], [1.0, math.inf], math.inf),
]


def test_of_several_values_of_any_kind_the_worst_counts(capsys):
    wrong = []
    for relation, bound, holding, failing, worst in CASES:
        claim = "the value is " + relation + " {bound}"
        for kind, make in KINDS.items():
            if (
                outcome(capsys, claim, make(holding), relation, bound)
                != f"✓ the value is {relation} {bound}\n"
            ):
                wrong.append((relation, bound, kind, holding))
            stopped = outcome(capsys, claim, make(failing), relation, bound, seed=3)
            if stopped != f"not so: the value is {relation} {bound} (measured = {worst}, seed = 3)":
                wrong.append((relation, bound, kind, failing, stopped))
    assert wrong == []
    assert {relation for relation, *_ in CASES} == set(RELATIONS) == {"<", "<=", ">", ">=", "=="}


def test_one_value_of_any_kind_is_compared(capsys):
    for value in (
        0.3,
        np.float64(0.3),
        np.float32(0.3),
        np.array(0.3),
        torch.tensor(0.3),
        torch.tensor([[0.3]]),
    ):
        assert outcome(capsys, "below {bound}", value, "<", 0.4) == "✓ below 0.4\n"
        assert outcome(capsys, "below {bound}", value, "<", 0.2).startswith(
            "not so: below 0.2 (measured = 0.3"
        )
    assert outcome(capsys, "all {bound}", np.int64(5), "==", 5) == "✓ all 5\n"
    assert outcome(capsys, "at most {bound:.0%}", 0.1, "<=", 0.1) == "✓ at most 10%\n"


def test_nan_never_holds_among_others_neither(capsys):
    held = []
    for relation in RELATIONS:
        for values in (math.nan, [math.nan], [0.0, math.nan], [math.nan, 1.0], np.array([1.0, np.nan, 0.0])):
            for bound in (-5.0, 0.0, 5.0, math.nan):
                if outcome(capsys, "{bound}", values, relation, bound) != f"not so: {bound} (measured = nan)":
                    held.append((relation, values, bound))
        if outcome(capsys, "{bound}", 1.0, relation, math.nan) != "not so: nan (measured = 1.0)":
            held.append((relation, "bound"))
    assert held == []


def test_wrong_use_is_refused_with_what_is_wrong(capsys):
    wrong = []
    for given, named in [
        (("below {bound}", 0.1, "<", None), "'<' and None"),
        (("below {bound}", 0.1, None, 0.5), "None and 0.5"),
        (("below {bound}", 0.1, "=<", 0.5), "'=<' and 0.5"),
        (("below {bound}", 0.1, "!=", 0.5), "<, <=, >, >=, =="),
        (("below 0.5", 0.1, "<", 0.5), "'below 0.5' must have one place for the bound, {bound}"),
        (("{bound} and {bound}", 0.1, "<", 0.5), "must have one place"),
        (("{bound} and {measured}", 0.1, "<", 0.5), "must have one place"),
        (("{}", 0.1, "<", 0.5), "must have one place"),
        (("{bound} {", 0.1, "<", 0.5), "must have one place"),
        (("{{bound}}", 0.1, "<", 0.5), "must have one place"),
        (("below {bound}", True), "'below {bound}' has a place for a bound"),
        (("below {bound}", [], "<", 0.5), "[] is not allowed; it must be a number, or at least one of them"),
        (("below {bound}", np.array([]), "<", 0.5), "it must be a number"),
        (("below {bound}", "low", "<", 0.5), "'low' is not allowed; it must be a number"),
        (("below {bound}", {0.1: 7.0}, "<", 0.5), "{0.1: 7.0} is not allowed; it must be a number"),
        (("below {bound}", [[0.1], [0.1, 0.2]], "<", 0.5), "it must be a number"),
    ]:
        message = outcome(capsys, *given)
        if not message.startswith("refused: ") or named not in message:
            wrong.append((given, message))
    assert wrong == []


# --- The record -----------------------------------------------------------------------------------


def test_where_claims_are_recorded_each_is_written_down_and_none_stops(capsys, tmp_path, monkeypatch):
    file = tmp_path / "claims.jsonl"
    monkeypatch.setenv(RECORD_VARIABLE, str(file))
    lines = [
        outcome(capsys, "at least {bound}", np.array([5, 3, 4]), ">=", 2, seed=3),
        outcome(capsys, "at least {bound}", torch.tensor([5.0, 3.0]), ">=", np.float64(4), seed=3),
        outcome(capsys, "a number: {bound}", [1, math.nan], "<", 2),
        outcome(capsys, "é", np.True_),
        outcome(capsys, "so", torch.tensor(False), reason=1),
    ]
    assert lines == [
        "✓ at least 2\n",
        "✗ not so: at least 4.0 (measured = 3.0, seed = 3)\n",
        "✗ not so: a number: 2 (measured = nan)\n",
        "✓ é\n",
        "✗ not so: so (reason = 1)\n",
    ]
    recorded = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [(claim["relation"], str(claim["value"]), claim["holds"]) for claim in recorded] == [
        (">=", "3.0", True),
        (">=", "3.0", False),
        ("<", "nan", False),
        (None, "None", True),
        (None, "None", False),
    ]
    sentences = ["at least 2", "at least 4.0", "a number: 2", "é", "so"]
    assert [claim["sentence"] for claim in recorded] == sentences


def test_what_is_refused_is_refused_where_claims_are_recorded(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv(RECORD_VARIABLE, str(tmp_path / "claims.jsonl"))
    assert outcome(capsys, "below {bound}", [], "<", 0.5).startswith("refused: measured: []")
    assert list(tmp_path.iterdir()) == []


def test_without_a_file_to_write_to_a_claim_that_does_not_hold_stops(capsys, monkeypatch):
    monkeypatch.setenv(RECORD_VARIABLE, "")
    assert outcome(capsys, "it is so", False) == "not so: it is so"


# --- Exercises ------------------------------------------------------------------------------------


def test_exercise_says_whether_it_is_done_and_never_stops_the_notebook(capsys):
    def fails(error: Exception):
        def unfinished() -> bool:
            raise error

        return unfinished

    for is_done, line in [
        (lambda: True, "✓ your own mask: done"),
        (lambda: False, "○ your own mask: not yet"),
        (lambda: None, "○ your own mask: not yet"),
        (fails(NotImplementedError("write me")), "○ your own mask: not yet"),  # as it was given
        (fails(IndexError("row 3")), "○ your own mask: not yet (IndexError: row 3)"),
    ]:
        exercise("your own mask", is_done)
        assert capsys.readouterr().out == line + "\n"
    exercise("your own mask", lambda: torch.tensor([True, False]))  # is neither true nor false
    assert capsys.readouterr().out.startswith("○ your own mask: not yet (RuntimeError: ")
