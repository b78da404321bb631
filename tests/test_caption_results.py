"""The search for a recipe and the test scores as tables, from made-up records."""

import json

import pytest

from seq2seq_utils.experiments import Results, caption_results, caption_tables

FIRST = {"pieces": 4000, "embedding_size": 256, "dropout": 0.4, "encoder_layers": 1}  # of an older form


def searched(arm: str, bleu: float, **changed: float) -> dict:
    return {
        "arm": arm,
        "seed": 100,
        "definition": {"recipe": {**FIRST, **changed}, "model": "attention"},
        "parameters": 5_800_000,
        "seconds": 5400.0,
        "curve": [],
        "measured": {"validation_loss": 1.75, "validation_bleu_greedy": bleu - 2, "validation_bleu": bleu},
    }


SEARCH = Results(
    "search",
    "budget",
    [
        searched("first", 37.0),
        searched("two layers", 36.0, encoder_layers=2),
        searched("cut anew", 38.0, piece_dropout=0.1),
    ],
)


def test_of_the_recipes_that_were_tried_the_settings_that_differ_are_shown():
    table = caption_results.recipes_tried(SEARCH)
    assert table.T.to_dict() == {
        "encoder_layers": {"first": 1, "two layers": 2, "cut anew": 1},
        "piece_dropout": {"first": 0.0, "two layers": 0.0, "cut anew": 0.1},  # not in the older form
    }


def test_the_recipe_with_the_best_translations_comes_first():
    table = caption_results.searched(SEARCH)
    assert table.index.to_list() == ["cut anew", "first", "two layers"]
    assert table.loc["first"].to_dict() == {
        "million parameters": 5.8,
        "minutes": 90,
        "validation loss": 1.75,
        "BLEU, greedy": 35,
        "BLEU, beam": 37,
    }


def scored(arm: str, seed: int, bleu: float) -> dict:
    """A run with BLEU `bleu` by greedy search in 2016, one more by beam, ten less in 2017."""
    return {
        "arm": arm,
        "seed": seed,
        "definition": {},
        "parameters": 1,
        "curve": [],
        "measured": {
            "tests": [
                {"year": year, "search": search, "bleu": bleu - minus + plus}
                for year, minus in ((2016, 0), (2017, 10))
                for search, plus in (("greedy", 0), ("beam", 1))
            ],
            "by_length": [
                {"year": year, "shortest": 1, "longest": 7, "bleu": bleu - minus}
                for year, minus in ((2016, 0), (2017, 10))
            ],
        },
    }


TESTS = Results(
    "test", "budget", [scored("plain", 0, 20), scored("attention", 1, 31), scored("attention", 0, 30)]
)


def test_on_tests_has_a_row_for_each_run_and_a_column_for_each_test_set_and_search():
    table = caption_results.on_tests(TESTS)
    assert table.index.to_list() == [("plain", 0), ("attention", 0), ("attention", 1)]
    columns = [(2016, "greedy"), (2016, "beam"), (2017, "greedy"), (2017, "beam")]
    assert table.columns.to_list() == columns
    assert table.loc[("attention", 1)].to_list() == [31, 32, 21, 22]


def test_the_groups_of_lengths_of_one_test_set_can_be_taken():
    spans = caption_tables.bleu_by_length(caption_results.of_test(TESTS, 2017), ["attention", "plain"])
    assert spans["bleu"].to_list() == [20.5, 10]
    with pytest.raises(ValueError, match="2018"):
        caption_results.of_test(TESTS, 2018)


def test_differences_are_read_with_their_intervals(tmp_path):
    records = [
        {
            "year": year,
            "search": "greedy",
            "higher": ["attention", seed],
            "lower": [lower, 0],
            "bleu": 9.04 + seed,
            "low": 8.2,
            "high": 10.0,
        }
        for year in (2016, 2017)
        for seed in (0, 1)
        for lower in ("plain", "words")
    ]
    file = tmp_path / "captions_test.json"
    file.write_text(json.dumps({"differences": records}), encoding="utf-8")
    table = caption_results.read_differences(file, "attention", "plain")
    assert table.index.to_list() == [(0, 0), (1, 0)]
    assert table[2017, "greedy"].to_list() == ["9.0 (8.2 to 10.0)", "10.0 (8.2 to 10.0)"]
    with pytest.raises(
        ValueError, match="ensemble and plain were not compared; there are attention and plain"
    ):
        caption_results.read_differences(file, "ensemble", "plain")
