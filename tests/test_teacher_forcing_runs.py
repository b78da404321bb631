"""The tables of notebook 3: who is compared with whom, on what, and what is a mean of what."""

import numpy as np
import pandas as pd
import pytest

from seq2seq_utils.experiments import Results
from seq2seq_utils.experiments import teacher_forcing_runs as runs

SHARES = {  # right words of five in %, fed the truth and fed its own, at each position, by way and seed
    ("ratio 1", 0): [(100, 100), (90, 80), (90, 70), (80, 60), (90, 50)],
    ("ratio 1", 1): [(100, 100), (90, 90), (80, 70), (80, 70), (80, 50)],
    ("ratio 0", 0): [(90, 90), (90, 80), (80, 80), (80, 70), (70, 60)],
    ("ratio 0", 1): [(90, 90), (80, 80), (80, 70), (70, 70), (60, 60)],
}
RIGHT = {("ratio 1", 0): "1100", ("ratio 1", 1): "1110", ("ratio 0", 0): "1001", ("ratio 0", 1): "0000"}
WHOLE = {("ratio 1", 0): 40, ("ratio 1", 1): 50, ("ratio 0", 0): 60, ("ratio 0", 1): 80}
NOUN = {  # behind the true noun, behind another one, and behind one that is in the source, too
    ("ratio 1", 0): ("rwoo", "wwnx", "rwnn"),
    ("ratio 1", 1): ("rroo", "rwon", "rwnx"),
    ("ratio 0", 0): ("rwox", "rwoo", "rwnn"),
    ("ratio 0", 1): ("rroo", "rroo", "wrnn"),
}


BEHIND = {  # the first mistake: how far, of how many pairs, and their right words, fed both ways, in %
    ("ratio 1", 0): [(1, 3, 80, 40), (2, 1, 40, 0)],
    ("ratio 1", 1): [(1, 1, 0, 0)],
    ("ratio 0", 0): [(1, 1, 100, 100)],
    ("ratio 0", 1): [(1, 2, 50, 20), (2, 2, 50, 20)],
}


@pytest.fixture
def results() -> Results:
    def measured(key: tuple[str, int]) -> dict:
        positions = [
            {"words": 5, "position": position, "truth": truth, "own": own, "flawless": own - 10}
            for position, (truth, own) in enumerate(SHARES[key], start=1)
        ]
        behind = [
            {"words": 5, "since": since, "pairs": pairs, "truth": truth, "own": own}
            for since, pairs, truth, own in BEHIND[key]
        ]
        return {
            "bleu": sum(map(int, RIGHT[key])),
            "right": RIGHT[key],
            **dict(zip(("noun_kept", "noun_replaced", "noun_in_both"), NOUN[key], strict=True)),
            "by_position": [*positions, {"words": 10, "position": 5, "truth": 1, "own": 1, "flawless": 1}],
            "after_mistake": [*behind, {"words": 10, "since": 1, "pairs": 9, "truth": 1, "own": 1}],
            "by_length": [{"words": 5, "exact_match": WHOLE[key]}, {"words": 10, "exact_match": 1}],
        }

    return Results(
        "toy",
        "budget",
        [
            {"arm": f"{way}, 6 epochs", "seed": seed, "measured": measured((way, seed))}
            for way, seed in SHARES
        ],
    )


WAYS = ["ratio 1", "ratio 0"]


def test_an_arm_is_a_way_and_a_budget():
    table = pd.DataFrame({"arm": ["ratio 0, 6 epochs", "ratio 0 at 0.02, 18 epochs"], "seed": [0, 1]})
    assert runs.by_way(table)[["trained", "epochs"]].values.tolist() == [
        ["ratio 0", 6],
        ["ratio 0 at 0.02", 18],
    ]
    assert runs.by_way(table, epochs=18)["seed"].tolist() == [1]
    assert list(table) == ["arm", "seed"], "the table that was given stays"


def test_an_interval_is_written_behind_its_mean():
    table = pd.DataFrame([[4.71, 3.11, 6.31], [-0.02, -1, 0.96]], ["a", "b"])
    assert runs.as_text(table).to_dict() == {"a": "4.7 (3.1 to 6.3)", "b": "0.0 (-1.0 to 1.0)"}
    with pytest.raises(ValueError, match="it has 2 columns"):
        runs.as_text(table[[0, 1]])


# --- Whole sentences ------------------------------------------------------------------------------


def test_sentences_are_subtracted_seed_by_seed(results):
    assert runs.right_sentences(results, "ratio 0").tolist() == [[1, 0, 0, 1], [0, 0, 0, 0]]
    table = runs.differences(results, [("ratio 0", "ratio 1"), ("ratio 1", "ratio 1")])
    assert list(table) == ["points", "from", "to"]
    assert table.loc[("ratio 0", "ratio 1"), "points"] == pytest.approx((0 - 75) / 2)
    assert table.loc[("ratio 1", "ratio 1")].tolist() == [0, 0, 0]


def test_a_change_is_between_two_budgets_and_of_the_seeds_of_both(monkeypatch, results):
    right = {  # ratio 0 falls behind in one of two sentences, with the second of two seeds
        ("ratio 1", 6): [[1, 0], [1, 0]],
        ("ratio 0", 6): [[1, 0], [1, 0], [0, 0]],
        ("ratio 1", 18): [[1, 1], [1, 1]],
        ("ratio 0", 18): [[1, 1], [0, 1]],
    }
    monkeypatch.setattr(runs, "right_sentences", lambda results, way, epochs: np.array(right[way, epochs]))
    table = runs.changes(results, [("ratio 0", "ratio 1")], (6, 18), seeds=2)
    assert list(table) == ["points", "from", "to"]
    assert table.loc[("ratio 0", "ratio 1"), "points"] == -25
    assert runs.changes(results, [("ratio 0", "ratio 1")], (18, 6), seeds=2)["points"].tolist() == [25]


def test_each_interval_varies_what_it_is_about(monkeypatch, results):
    """Seeds that differ as much in each sentence: other sentences change nothing, other seeds do."""
    right = {"a": np.array([[1, 1], [1, 1], [1, 1]]), "b": np.array([[0, 0], [1, 1], [0, 0]])}
    monkeypatch.setattr(runs, "right_sentences", lambda results, way, epochs: right[way])
    row = runs.three_intervals(results, [("a", "b")]).loc[("a", "b")]
    assert row["points"] == row["sentences: from"] == row["sentences: to"] == pytest.approx(200 / 3)
    assert row["seeds: from"] < 0 < 100 < row["seeds: to"]
    assert (row["from"], row["to"]) == pytest.approx((row["seeds: from"], row["seeds: to"]))
    two = runs.three_intervals(results, [("a", "b")], seeds=2).loc[("a", "b")]
    assert two["points"] == 50, "the first two seeds"


def test_a_gain_is_over_ratio_1_with_an_interval_over_seeds(results):
    table = runs.gains(results, ["ratio 0"], {"BLEU": "bleu"})
    mean, low, high = table.loc["ratio 0", "BLEU"]
    assert mean == pytest.approx((0 - 3) / 2)
    assert (low + high) / 2 == pytest.approx(mean)
    assert low < -3 < 0 < high
    assert runs.each_run(results, "ratio 1", "bleu").tolist() == [2, 3]


# --- Words by their place -------------------------------------------------------------------------


def test_the_gap_is_the_mean_over_seeds_of_the_truth_minus_its_own(results):
    table = runs.gap_by_position(results, WAYS, words=5)
    assert table.index.tolist() == [(way, fed) for way in WAYS for fed in ("the truth", "its own", "gap")]
    assert table.loc[("ratio 1", "gap")].tolist() == [0, 5, 15, 15, 35]
    assert table.loc[("ratio 0", "the truth")].tolist() == [90, 85, 80, 75, 65]
    first = runs.gap_by_position(results, WAYS, words=5, seeds=1)
    assert first.loc[("ratio 1", "gap")].tolist() == [0, 10, 20, 20, 40]


def test_a_gap_is_divided_among_the_sentences_with_a_mistake_before(results):
    table = runs.gap_behind_mistakes(results, "ratio 1", words=5)
    assert table.columns.tolist() == [2, 3, 4, 5], "nothing stands before the first"
    assert table.loc["gap"].tolist() == [5, 15, 15, 35]
    assert table.loc["% with a mistake before"].tolist() == [10, 25, 40, 45], "up to the word before"
    assert table.loc["gap of these"].tolist() == pytest.approx([50, 60, 37.5, 3500 / 45])
    first = runs.gap_behind_mistakes(results, "ratio 1", words=5, seeds=1)
    assert first.loc["gap"].tolist() == [10, 20, 20, 40]


def test_lines_are_named_by_way_and_input_and_have_a_row_for_each_run(results):
    table = runs.right_by_position(results, ["ratio 0"], words=5)
    assert len(table) == 2 * 2 * 5
    assert set(table["line"]) == {"ratio 0, fed the truth", "ratio 0, fed its own"}
    chosen = table.query("position == 2 and seed == 1 and fed == 'its own'")
    assert chosen["right"].tolist() == [80]


def test_the_last_words_stand_beside_the_sentences_of_that_length(results):
    of_runs = runs.last_words_of_runs(results, WAYS, words=5)
    assert of_runs.loc[("ratio 1", 0)].to_dict() == {
        "the truth": 90,
        "its own": 50,
        "gap": 40,
        "exact match": 40,
    }
    means = runs.last_words(results, WAYS, words=5)
    assert means.index.tolist() == WAYS
    assert means.loc["ratio 0"].tolist() == [65, 60, 5, 70]
    assert runs.last_words(results, WAYS, words=5, seeds=1)["exact match"].tolist() == [40, 60]


def test_behind_a_mistake_each_word_counts_once(results):
    table = runs.behind_mistakes_of_runs(results, WAYS, words=5)
    assert table.loc[("ratio 1", 0)].tolist() == pytest.approx([70, 30, 40]), (
        "three words one behind, one two"
    )
    assert table.loc[("ratio 0", 1)].tolist() == pytest.approx([50, 20, 30])
    assert list(table) == ["the truth", "its own", "gap"]
    assert runs.behind_mistakes_of_runs(results, ["ratio 0"], words=5).index.tolist() == [
        ("ratio 0", 0),
        ("ratio 0", 1),
    ]


# --- The replaced noun ----------------------------------------------------------------------------


def test_wrong_ones_are_counted_where_one_continuation_is_right(results):
    wrong = runs.wrong_behind_a_noun(results, "ratio 1")
    assert {noun: seeds.tolist() for noun, seeds in wrong.items()} == {
        "kept": [[0, 100], [0, 0]],
        "replaced": [[100, 100], [0, 100]],
        "in both": [[0, 100], [0, 100]],
    }


def test_the_harm_of_a_noun_is_what_is_wrong_beyond_the_mean_without_a_mismatch(results):
    assert runs.harm(results, "ratio 1").tolist() == [[100, 0], [0, 50]]
    assert runs.harm(results, "ratio 0").tolist() == [[0, 0], [-50, 0]]


def test_the_harm_has_a_row_for_each_noun_and_a_column_for_each_budget(monkeypatch, results):
    harms = {
        ("ratio 1", 6): [[100, 0, 0], [0, 50, 0]],
        ("ratio 0", 6): [[0, 0, 0], [-50, 0, 0]],
        ("ratio 1", 18): [[0, 0, 50], [0, 0, 0]],
        ("ratio 0", 18): [[0, 0, 0], [0, 0, 0]],
    }
    monkeypatch.setattr(runs, "harm", lambda results, way, epochs: np.array(harms[way, epochs], float))
    nouns = {"frog": [True, True, False], "actress": [False, True, True]}
    table = runs.table_of_harm(results, WAYS, nouns, (6, 18))
    assert table.index.tolist() == [(way, noun) for way in WAYS for noun in nouns]
    assert list(table) == [6, 18]
    means = {row: [text.split(" (")[0] for text in table.loc[row]] for row in table.index}
    assert means == {
        ("ratio 1", "frog"): ["37.5", "0.0"],
        ("ratio 1", "actress"): ["12.5", "12.5"],
        ("ratio 0", "frog"): ["-12.5", "0.0"],
        ("ratio 0", "actress"): ["0.0", "0.0"],
    }
    assert table.loc[("ratio 0", "actress"), 18] == "0.0 (0.0 to 0.0)"


def test_the_meaning_is_that_behind_the_other_noun_where_the_two_differ(results):
    table = runs.meanings(results, WAYS)
    assert table.loc[("ratio 1", 0)].to_dict() == {"old": 0, "new": 50, "neither": 50}
    assert table.loc[("ratio 1", 1)].to_dict() == {"old": 50, "new": 50, "neither": 0}
    assert table.loc[("ratio 0", 1), "old"] == 100
    some = runs.meanings(results, WAYS, among=[False, True])
    assert some.loc[("ratio 1", 0)].to_dict() == {"old": 0, "new": 0, "neither": 100}
    kept = runs.meanings(results, WAYS, noun="kept")
    assert kept.loc[("ratio 0", 0)].to_dict() == {"old": 50, "new": 0, "neither": 50}
