"""Exact match counts letters; BLEU is sacrebleu's and nobody else's; intervals cover what they should."""

import random
import re

import numpy as np
import pytest
import sacrebleu

from seq2seq_utils.metrics import (
    bleu,
    bleu_difference_interval,
    bleu_interval,
    bootstrap_interval,
    exact_match,
    exact_match_interval,
    quality_by_length,
)

REFERENCES = ["Le petit chat dort ici.", "Elle lit un livre rouge.", "Il pleut."]
TRANSLATIONS = ["Le petit chat dort là.", "Elle lit un livre.", "Il neige beaucoup aujourd'hui."]


def test_exact_match_is_the_share_of_equal_texts():
    assert exact_match(["a", "b", "c", "D"], ["a", "b", "x", "d"]) == 0.5


@pytest.mark.parametrize("translation", ["Il pleut.", "il pleut .", "Il pleut . ", "Il pleut"])
def test_exact_match_is_to_the_letter(translation):
    assert exact_match([translation], ["Il pleut ."]) == 0


def test_bleu_is_the_number_of_sacrebleu():
    score = bleu(TRANSLATIONS, REFERENCES).score
    assert 0 < score < 100
    assert score == sacrebleu.corpus_bleu(TRANSLATIONS, [REFERENCES]).score


def test_bleu_is_computed_by_hand_where_that_is_easy():
    # 4 of 5 words, 3 of 4 pairs, 2 of 3 triples, 1 of 2 quadruples are in the reference.
    expected = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert bleu(["a b c d e"], ["a b c d f"]).score == pytest.approx(expected)
    assert bleu(REFERENCES, REFERENCES).score == pytest.approx(100)


def test_bleu_is_of_the_whole_set_not_a_mean_of_sentences():
    mean = sum(
        bleu([ours], [theirs]).score for ours, theirs in zip(TRANSLATIONS, REFERENCES, strict=True)
    ) / len(REFERENCES)
    assert abs(bleu(TRANSLATIONS, REFERENCES).score - mean) > 1


def test_case_counts_unless_it_is_asked_not_to():
    said, wanted = (
        ["two dogs run in the snow .", "a man sings a song ."],
        ["Two dogs run in the snow .", "A man sings a song ."],
    )
    assert bleu(said, wanted).score < 90
    assert bleu(said, wanted, lowercase=True).score == pytest.approx(100)
    assert "case:lc" in bleu(said, wanted, lowercase=True).signature
    assert bleu_interval(said, wanted).high < 95
    assert bleu_interval(said, wanted, lowercase=True) == pytest.approx((100, 100))
    (row,) = quality_by_length(said, wanted, [6, 5], [(5, 6)], lowercase=True).to_dict("records")
    assert (row["bleu"], row["bleu_low"]) == pytest.approx((100, 100))
    assert (row["exact_match"], row["exact_match_low"]) == (100, 100)
    (row,) = quality_by_length(said, wanted, [6, 5], [(5, 6)]).to_dict("records")
    assert (row["bleu"] < 90, row["exact_match"]) == (True, 0)


def test_bleu_has_its_signature():
    expected = f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}"
    assert bleu(TRANSLATIONS, REFERENCES).signature == expected


# --- Intervals ------------------------------------------------------------------------------------


def test_bootstrap_draws_as_many_rows_with_replacement_and_takes_the_quantiles():
    drawn = []

    def statistic(rows: np.ndarray) -> float:
        drawn.append(rows)
        return len(drawn)  # 1, 2, … 101

    interval = bootstrap_interval(statistic, count=40, resamples=101, confidence=0.9)
    assert interval == pytest.approx((6, 96))
    assert {len(rows) for rows in drawn} == {40}
    assert set(np.concatenate(drawn)) == set(range(40))
    distinct = np.mean([len(set(rows)) for rows in drawn])
    assert distinct == pytest.approx(40 * (1 - (1 - 1 / 40) ** 40), abs=1.5)  # about 63 %


def test_bootstrap_with_the_same_seed_is_the_same_and_with_another_another():
    numbers = np.random.default_rng(0).random(50)
    first, again, other = (
        bootstrap_interval(lambda rows: numbers[rows].mean(), 50, seed=seed) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_interval_of_exact_match_covers_the_truth_about_as_often_as_it_says():
    generator, truth, hits = random.Random(0), 0.7, 0
    for _ in range(200):
        translations = ["a" if generator.random() < truth else "b" for _ in range(100)]
        low, high = exact_match_interval(translations, ["a"] * 100, resamples=300)
        hits += low <= truth <= high
    # 95 % of 200 is 190, give or take 3; the percentile bootstrap is known to be a little narrow.
    assert 178 <= hits <= 199


def test_interval_of_bleu_is_of_the_corpus_score():
    generator = random.Random(0)
    references = [" ".join(generator.choices("abcdefgh", k=generator.randint(4, 12))) for _ in range(80)]
    translations = [" ".join(reference.split()[: generator.randint(2, 12)]) for reference in references]
    low, high = bleu_interval(translations, references)
    score = bleu(translations, references).score
    assert low < score < high
    assert high - low < 25
    rows = np.random.default_rng(0).integers(80, size=80)  # the first test set that is drawn
    drawn = bleu([translations[row] for row in rows], [references[row] for row in rows]).score
    assert bleu_interval(translations, references, resamples=1) == pytest.approx((drawn, drawn))


def test_interval_of_a_difference_draws_the_same_sentences_for_both():
    generator = random.Random(0)
    references = [" ".join(generator.choices("abcdefgh", k=generator.randint(6, 12))) for _ in range(80)]
    shorter = [reference.rsplit(" ", 2)[0] for reference in references]
    worse = [reference.rsplit(" ", 3)[0] for reference in references]
    rows = np.random.default_rng(0).integers(80, size=80)  # the first test set that is drawn
    wanted = [references[row] for row in rows]
    ours, theirs = (bleu([said[row] for row in rows], wanted).score for said in (shorter, worse))
    once = bleu_difference_interval(shorter, worse, references, resamples=1)
    assert once == pytest.approx((ours - theirs, ours - theirs))
    low, high = bleu_difference_interval(shorter, worse, references)
    assert 0 < low < bleu(shorter, references).score - bleu(worse, references).score < high
    of_one = bleu_interval(shorter, references)
    assert high - low < of_one.high - of_one.low
    assert bleu_difference_interval(worse, worse, references) == (0, 0)


def test_difference_of_case_counts_unless_it_is_asked_not_to():
    said, wanted = ["two dogs run in the snow ."] * 2, ["Two dogs run in the Snow ."] * 2
    assert bleu_difference_interval(said, wanted, wanted).high < -10
    assert bleu_difference_interval(said, wanted, wanted, lowercase=True) == pytest.approx((0, 0))


@pytest.mark.parametrize("interval", [exact_match_interval, bleu_interval])
def test_interval_of_perfect_translations_has_no_width(interval):
    low, high = interval(REFERENCES[:2], REFERENCES[:2])
    assert low == high == pytest.approx(1 if interval is exact_match_interval else 100)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count: 0 is not allowed; it must be 1 or more"),
        ({"count": 5, "resamples": 0}, "resamples: 0 is not allowed; it must be 1 or more"),
        ({"count": 5, "confidence": 1.0}, "confidence: 1.0 is not allowed; it must be between 0 and 1"),
    ],
)
def test_bootstrap_refuses_numbers_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bootstrap_interval(len, **arguments)


# --- By length ------------------------------------------------------------------------------------


def test_quality_by_length_measures_each_bucket_by_itself():
    translations = ["a b c d", "a b c x", "e f g h", "p q r s t"]
    references = ["a b c d", "a b c d", "e f g h", "e f g h i"]
    lengths = [2, 3, 4, 9]
    table = quality_by_length(translations, references, lengths, [(2, 3), (4, 4), (4, 20)], resamples=50)
    assert table[["shortest", "longest"]].values.tolist() == [[2, 3], [4, 4], [4, 20]]
    assert table["sentences"].tolist() == [2, 1, 2]
    assert table["exact_match"].tolist() == [50, 100, 50]
    expected = [
        bleu(translations[part], references[part]).score for part in (slice(2), slice(2, 3), slice(2, 4))
    ]
    assert table["bleu"].tolist() == pytest.approx(expected)
    assert table["exact_match_low"].tolist() == [0, 100, 0]
    assert table["exact_match_high"].tolist() == [100, 100, 100]
    for part in (slice(2), slice(2, 4)):
        interval = bleu_interval(translations[part], references[part], 50)
        row = table.iloc[0 if part.start is None else 2]
        assert (row["bleu_low"], row["bleu_high"]) == pytest.approx(interval)


@pytest.mark.parametrize(
    ("lengths", "buckets", "message"),
    [
        ([1, 2], [(1, 2)], "lengths: 2, but there are 3 references"),
        ([1, 2, 3], [(1, 2), (4, 6)], "buckets: no sentence has 4 to 6 words"),
        ([1, 2, 3], [(3, 1)], "buckets: no sentence has 3 to 1 words"),
    ],
)
def test_lengths_and_buckets_that_do_not_fit_are_named(lengths, buckets, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        quality_by_length(TRANSLATIONS, REFERENCES, lengths, buckets)


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", [exact_match, bleu, exact_match_interval, bleu_interval])
@pytest.mark.parametrize(
    ("translations", "references"), [([], []), (["a"], []), ([], ["a"]), (["a", "b"], ["a"])]
)
def test_lists_that_are_empty_or_not_parallel_are_refused(metric, translations, references):
    message = re.escape(
        f"translations, references: {len(translations)} and {len(references)}; there must be one reference"
    )
    with pytest.raises(ValueError, match=message):
        metric(translations, references)


def test_the_translations_that_are_not_parallel_are_named():
    for ours, theirs, name in ((["a"], ["a", "b"], "translations"), (["a", "b"], ["a"], "others")):
        with pytest.raises(ValueError, match=f"^{name}, references: 1 and 2; there must be one reference"):
            bleu_difference_interval(ours, theirs, ["a", "b"])
