"""Spans over stored runs: what stands in one cell of a table."""

import pandas as pd
import pytest

from seq2seq_utils.experiments.over_runs import spans

RUNS = pd.DataFrame(
    {"arm": ["b", "b", "a"], "steps": [2, 2, 1], "error": [0.104, 0.2, 0.5], "share": [98.2, 98.4, 7.0]}
)


def test_a_cell_has_mean_lowest_and_highest_and_the_groups_keep_their_order():
    found = spans(RUNS, ["arm", "steps"], {"error": 2, "share": 1})
    assert list(found.index) == [("b", 2), ("a", 1)]
    assert found["runs"].tolist() == [2, 1]
    assert found["error"].tolist() == ["0.15 (0.10 to 0.20)", "0.50"]
    assert found["share"].tolist() == ["98.3 (98.2 to 98.4)", "7.0"]


def test_ends_that_are_equal_as_written_are_not_written():
    assert spans(RUNS, ["arm"], {"share": 0}).loc["b", "share"] == "98"


def test_no_rows_and_missing_columns_are_named():
    with pytest.raises(ValueError, match="table: it has no rows"):
        spans(RUNS[:0], ["arm"], {"share": 0})
    with pytest.raises(ValueError, match=r"no columns \['seed'\]"):
        spans(RUNS, ["arm", "seed"], {"share": 0})


def test_an_end_that_rounds_to_0_from_below_is_0():
    table = pd.DataFrame({"arm": ["a", "a"], "share": [0.0, -1e-9]})
    assert spans(table, ["arm"], {"share": 0}).loc["a", "share"] == "0"
