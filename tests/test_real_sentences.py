"""What notebook 6 shows of rare words, and its stored runs as tables."""

from pathlib import Path

import pytest

from seq2seq_utils.experiments import Results, caption_tables, real_sentences
from seq2seq_utils.text import TextCodec, WordTokenizer

RESULTS = Path(__file__).resolve().parent.parent / "notebooks" / "results"


# ------------------------------------------------------------------------------------- rare words
def test_a_word_that_is_not_in_the_vocabulary_becomes_a_plain_unk():
    codec = TextCodec.build(WordTokenizer(), ["a cat sleeps.", "a dog sleeps."], 2)
    assert real_sentences.with_unknown_words(["A cat sleeps.", "A dog."], codec) == [
        "A unk sleeps.",
        "A unk.",
    ]


def test_words_are_found_as_often_as_the_translation_has_them():
    training = ["a dog " * 500, "cat " * 4, "cow " * 3]
    table = real_sentences.words_found(
        ["a dog and a bird", "a cat"], ["a a a dog dog.", "cat cat cow lynx a"], training
    )
    assert table["words"].to_dict() == {
        "never": 1,
        "1 to 3 times": 1,
        "4 to 10 times": 2,
        "101 to 1,000": 6,
    }
    assert table["found"].to_dict() == pytest.approx(
        {"never": 0, "1 to 3 times": 0, "4 to 10 times": 50, "101 to 1,000": 100 * 4 / 6}
    )


def test_translations_and_references_must_be_equally_many():
    with pytest.raises(ValueError):
        real_sentences.words_found(["a"], ["a", "b"], ["a"])


def test_what_stands_in_for_captions_is_as_large_and_translates_french_into_english():
    made = real_sentences.from_the_grammar()
    assert [len(part) for part in made] == [29_000, 1_014, 1_000]
    text = " ".join(pair.source for pair in made.test)
    assert " une " in text and " the " not in text


def test_the_rare_words_and_the_sentences_are_there_for_each_language():
    assert real_sentences.SENTENCES.keys() == real_sentences.RARE.keys()
    assert {len(of_language) for of_language in real_sentences.SENTENCES.values()} == {3}


# ------------------------------------------------------------------------------------ stored runs
def run(arm: str, seed: int, searches: list[tuple[int, float, float, float]], lengths: list[float]) -> dict:
    """A run whose searches are (beam, length penalty, BLEU, length)."""
    return {
        "arm": arm,
        "seed": seed,
        "definition": {},
        "curve": [
            {"epoch": 0, "validation_loss": 9.0},
            {"epoch": 1, "train_loss": 3.0 + seed, "validation_loss": 4.0},
        ],
        "measured": {
            "searches": [
                {
                    "beam": beam,
                    "length_penalty": penalty,
                    "bleu": bleu,
                    "low": bleu - 1,
                    "high": bleu + 1,
                    "length": length,
                }
                for beam, penalty, bleu, length in searches
            ],
            "by_length": [
                {"shortest": place, "longest": place + 1, "bleu": bleu, "bleu_low": 0, "bleu_high": 99}
                for place, bleu in enumerate(lengths)
            ],
        },
    }


TOY = Results(
    "toy",
    "budget",
    [
        run("plain", 0, [(1, 1.0, 10.0, 1.0), (5, 1.0, 12.0, 0.9), (5, 0.0, 11.0, 0.8)], [1, 2]),
        run("attention", 0, [(1, 1.0, 20.0, 1.0), (5, 1.0, 24.0, 0.9), (5, 0.0, 22.0, 0.8)], [8, 9]),
        run("attention", 1, [(1, 1.0, 22.0, 1.0), (5, 1.0, 25.0, 0.9), (5, 0.0, 21.0, 0.6)], [6, 3]),
    ],
)


def test_bleu_by_run_has_a_row_for_each_run_and_three_columns_for_each_search():
    table = caption_tables.bleu_by_run(TOY, ["attention", "plain"], (1, 5))
    assert table.index.to_list() == [("attention", 0), ("attention", 1), ("plain", 0)]
    assert table["greedy"]["bleu"].to_list() == [20, 22, 10]
    assert table["beam of 5"]["low"].to_list() == [23, 24, 11]


def test_a_search_that_is_not_there_is_said():
    with pytest.raises(ValueError, match=r"beams: .*\[1, 3\]"):
        caption_tables.bleu_by_run(TOY, ["plain"], (1, 3))


def test_by_width_is_the_mean_over_the_runs_of_the_arm():
    table = caption_tables.by_width(TOY, "attention")
    assert table["bleu"].loc[1].to_dict() == {"divided": 21, "not divided": 21}  # stored once
    assert table["bleu"].loc[5].to_dict() == {"divided": 24.5, "not divided": 21.5}
    assert table["length"].loc[5, "not divided"] == pytest.approx(0.7)
    with pytest.raises(ValueError, match="'bare'"):
        caption_tables.by_width(TOY, "bare")


def test_by_length_is_mean_and_span_over_the_runs():
    table = caption_tables.bleu_by_length(TOY, ["attention", "plain"])
    assert table["arm"].to_list() == ["attention", "attention", "plain", "plain"]
    assert table[["bleu", "bleu_low", "bleu_high"]].to_numpy().tolist() == [
        [7, 6, 8],
        [6, 3, 9],
        [1, 1, 1],
        [2, 2, 2],
    ]


def test_ahead_is_the_difference_of_the_means_in_each_group():
    spans = caption_tables.bleu_by_length(TOY, ["attention", "plain"])
    table = caption_tables.ahead(spans, "attention", "plain")
    assert table["ahead"].to_dict() == {(0, 1): 6, (1, 2): 4}
    with pytest.raises(ValueError, match="'words'"):
        caption_tables.ahead(spans, "attention", "words")


def test_losses_are_of_the_named_curves_and_one_seed():
    curves = {"a": (TOY, "attention", "train_loss"), "b": (TOY, "plain", "validation_loss")}
    table = caption_tables.losses(curves, seed=0)
    assert table.to_numpy().tolist() == [["a", 1, 3.0], ["b", 0, 9.0], ["b", 1, 4.0]]
