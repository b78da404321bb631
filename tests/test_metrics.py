"""Exact match counts letters; BLEU is sacrebleu's and nobody else's; intervals cover what they should."""

import random

import numpy as np
import pytest
import sacrebleu

from seq2seq_utils.evaluation.metrics import (
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


def test_exact_match_is_the_share_of_texts_that_are_equal_to_the_letter():
    assert exact_match(["a", "b", "c", "D"], ["a", "b", "x", "d"]) == 0.5
    almost = ["Il pleut.", "il pleut .", "Il pleut . ", "Il pleut"]
    assert exact_match(almost, ["Il pleut ."] * len(almost)) == 0


def test_bleu_is_the_number_of_sacrebleu_and_has_its_signature():
    score, signature = bleu(TRANSLATIONS, REFERENCES)
    assert 0 < score < 100
    assert score == sacrebleu.corpus_bleu(TRANSLATIONS, [REFERENCES]).score
    assert signature == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}"
    pairs = zip(TRANSLATIONS, REFERENCES, strict=True)
    sentences = [bleu([translation], [reference]).score for translation, reference in pairs]
    assert abs(score - np.mean(sentences)) > 1  # it is of the whole set, not a mean of sentences


def test_bleu_is_computed_by_hand_where_that_is_easy():
    # 4 of 5 words, 3 of 4 pairs, 2 of 3 triples, 1 of 2 quadruples are in the reference.
    expected = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert bleu(["a b c d e"], ["a b c d f"]).score == pytest.approx(expected)
    assert bleu(REFERENCES, REFERENCES).score == pytest.approx(100)


def test_case_counts_unless_it_is_asked_not_to():
    references = ["Two dogs run in the Snow .", "A man sings a Song ."]
    small = [reference.lower() for reference in references]
    assert bleu(small, references).score < 90
    assert bleu(small, references, lowercase=True).score == pytest.approx(100)
    assert "case:lc" in bleu(small, references, lowercase=True).signature
    assert bleu_interval(small, references).high < 95
    assert bleu_interval(small, references, lowercase=True) == pytest.approx((100, 100))
    assert bleu_difference_interval(small, references, references).high < -5
    assert bleu_difference_interval(small, references, references, lowercase=True) == pytest.approx((0, 0))
    (row,) = quality_by_length(small, references, [6, 5], [(5, 6)], lowercase=True).to_dict("records")
    assert (row["bleu"], row["bleu_low"]) == pytest.approx((100, 100))
    assert (row["exact_match"], row["exact_match_low"]) == (100, 100)
    (row,) = quality_by_length(small, references, [6, 5], [(5, 6)]).to_dict("records")
    assert (row["bleu"] < 90, row["exact_match"]) == (True, 0)


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


def random_references() -> list[str]:
    generator = random.Random(0)
    return [" ".join(generator.choices("abcdefgh", k=generator.randint(6, 12))) for _ in range(80)]


def first_drawn(texts: list[str]) -> list[str]:
    """The first test set that the bootstrap draws from 80 sentences."""
    return [texts[row] for row in np.random.default_rng(0).integers(80, size=80)]


def test_interval_of_bleu_is_of_the_corpus_score():
    references = random_references()
    generator = random.Random(1)
    translations = [" ".join(reference.split()[: generator.randint(2, 12)]) for reference in references]
    low, high = bleu_interval(translations, references)
    assert low < bleu(translations, references).score < high
    assert high - low < 25
    score = bleu(first_drawn(translations), first_drawn(references)).score
    assert bleu_interval(translations, references, resamples=1) == pytest.approx((score, score))


def test_interval_of_a_difference_draws_the_same_sentences_for_both():
    references = random_references()
    short = [reference.rsplit(" ", 2)[0] for reference in references]
    shorter = [reference.rsplit(" ", 3)[0] for reference in references]
    scores = [bleu(first_drawn(texts), first_drawn(references)).score for texts in (short, shorter)]
    once = bleu_difference_interval(short, shorter, references, resamples=1)
    assert once == pytest.approx((scores[0] - scores[1],) * 2)
    low, high = bleu_difference_interval(short, shorter, references)
    assert 0 < low < bleu(short, references).score - bleu(shorter, references).score < high
    alone = bleu_interval(short, references)
    assert high - low < alone.high - alone.low
    assert bleu_difference_interval(shorter, shorter, references) == (0, 0)


def test_interval_of_sentences_that_are_all_alike_has_no_width():
    assert exact_match_interval(REFERENCES, REFERENCES) == (1, 1)
    assert bleu_interval(REFERENCES[:2], REFERENCES[:2]) == pytest.approx((100, 100))
    translations, references = (
        ["a b c x y"] * 9,
        ["a b c d e"] * 9,
    )  # no four words in a row: BLEU is smoothed
    score = bleu(translations, references).score
    assert bleu_interval(translations, references) == pytest.approx((score, score))
    assert score > 0


# --- By length ------------------------------------------------------------------------------------


def test_quality_by_length_measures_each_bucket_by_itself():
    translations = ["a b c d", "a b c x", "e f g h", "p q r s t"]
    references = ["a b c d", "a b c d", "e f g h", "e f g h i"]
    buckets = {(2, 3): slice(2), (4, 4): slice(2, 3), (4, 20): slice(2, 4)}
    table = quality_by_length(translations, references, [2, 3, 4, 9], list(buckets), resamples=50)
    assert table[["shortest", "longest"]].values.tolist() == [list(bucket) for bucket in buckets]
    assert table["sentences"].tolist() == [2, 1, 2]
    assert table["exact_match"].tolist() == [50, 100, 50]
    assert table["exact_match_low"].tolist() == [0, 100, 0]
    assert table["exact_match_high"].tolist() == [100, 100, 100]
    for part, (_, row) in zip(buckets.values(), table.iterrows(), strict=True):
        assert row["bleu"] == pytest.approx(bleu(translations[part], references[part]).score)
        interval = bleu_interval(translations[part], references[part], 50)
        assert (row["bleu_low"], row["bleu_high"]) == pytest.approx(interval)


# --- Bad input ------------------------------------------------------------------------------------


def test_lists_that_are_empty_or_not_parallel_are_refused():
    for translations, references in (([], []), (["a"], []), ([], ["a"]), (["a", "b"], ["a"])):
        message = rf"^translations, references: {len(translations)} and {len(references)}; .*at least one"
        for metric in (exact_match, bleu, exact_match_interval, bleu_interval):
            with pytest.raises(ValueError, match=message):
                metric(translations, references)
    for name, arguments in (("translations", (["a"], ["a", "b"])), ("others", (["a", "b"], ["a"]))):
        with pytest.raises(ValueError, match=f"^{name}, references: 1 and 2; "):
            bleu_difference_interval(*arguments, ["a", "b"])


def test_numbers_lengths_and_buckets_that_do_not_fit_are_named():
    for arguments, message in (
        ({"count": 0}, "^count: 0 .*1 or more"),
        ({"count": 5, "resamples": 0}, "^resamples: 0 .*1 or more"),
        ({"count": 5, "confidence": 0.0}, "^confidence: 0.0 .*between 0 and 1"),
        ({"count": 5, "confidence": 1.0}, "^confidence: 1.0 .*between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            bootstrap_interval(len, **arguments)
    for lengths, buckets, message in (
        ([1, 2], [(1, 2)], "^lengths: 2, .*3 references"),
        ([1, 2, 3], [(1, 2), (4, 6)], "^buckets: .*4 to 6 words"),
        ([1, 2, 3], [(3, 1)], "^buckets: .*3 to 1 words"),
    ):
        with pytest.raises(ValueError, match=message):
            quality_by_length(TRANSLATIONS, REFERENCES, lengths, buckets)
