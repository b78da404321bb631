"""What the side roads of notebook 3 say about its stored runs."""

from pathlib import Path

import pandas as pd
import pytest

from seq2seq_utils.experiments import Results, read
from seq2seq_utils.experiments import teacher_forcing as experiment
from seq2seq_utils.experiments import teacher_forcing_runs as runs

STORED = Path(__file__).resolve().parent.parent / "notebooks" / "results" / "teacher_forcing.json"
OTHERS = ["ratio 0.5", "ratio 0", "falling"]
AGAINST_1 = [(way, "ratio 1") for way in OTHERS]


@pytest.fixture(scope="module")
def stored() -> Results:
    return read(STORED)


@pytest.fixture(scope="module")
def gains(stored) -> pd.DataFrame:
    measures = {name: name for name in ("fed_truth", "fed_own", "bleu")}
    return runs.gains(stored, [*OTHERS, *experiment.CONTROLS], measures)


def test_own_words_and_rising_are_above_and_falling_and_random_words_below_by_all_intervals(stored):
    above = [("ratio 0.5", "ratio 1"), ("rising", "ratio 1"), ("rising", "falling")]
    above += [("ratio 0.5", "few random words")]
    below = [("falling", "ratio 1"), ("random words", "ratio 1")]
    table = runs.three_intervals(stored, above + below)
    assert (table.loc[above].filter(like="from") > 0).all(axis=None)
    assert (table.loc[below].filter(regex="to$") < 0).all(axis=None)


def test_after_the_longest_training_all_intervals_of_the_others_begin_above_ratio_1(stored):
    table = runs.three_intervals(stored, AGAINST_1, epochs=18, seeds=5)
    assert (table.filter(like="from") > 0).all(axis=None)


@pytest.mark.parametrize(
    ("ways", "epochs"), [(["ratio 0.5", "rising", "ratio 0"], 6), (["ratio 0.5", "ratio 0"], 18)]
)
def test_at_the_first_two_words_all_are_behind_ratio_1_fed_the_truth(stored, ways, epochs):
    means = runs.gap_by_position(stored, ["ratio 1", *ways], 10, epochs).xs("the truth", level="fed")
    assert (means.loc[ways, [1, 2]] < means.loc["ratio 1", [1, 2]]).all(axis=None)


def test_on_their_own_words_all_but_falling_have_more_right_than_ratio_1(gains):
    assert (gains["fed_own"]["from"].drop("falling") > 0).all()


def test_by_bleu_and_on_true_words_ratio_a_half_and_rising_alone_are_above_ratio_1(gains):
    for measured in ("bleu", "fed_truth"):
        begins = gains[measured]["from"]
        assert set(begins.index[begins > 0]) == {"ratio 0.5", "rising"}


def test_by_bleu_random_words_are_equal_to_ratio_1_by_our_rule(gains):
    low, high = gains["bleu"].loc["random words", ["from", "to"]]
    assert -2 < low < high < 2


@pytest.mark.parametrize("measured", ["exact_match", "bleu"])
@pytest.mark.parametrize("way", OTHERS)
def test_after_the_longest_training_each_seed_is_ahead_of_ratio_1(stored, way, measured):
    ahead = runs.each_run(stored, way, measured, 18) - runs.each_run(stored, "ratio 1", measured, 18)
    assert len(ahead) == 5
    assert (ahead > 0).all()
