"""Exact match counts letters; BLEU is sacrebleu's and nobody else's; intervals cover what they should."""

import itertools
import math
import random

import numpy as np
import pytest
import sacrebleu

from seq2seq_utils.evaluation.metrics import (
    bleu,
    bleu_difference_interval,
    bleu_interval,
    bootstrap_interval,
    counted_bleu,
    counted_difference_interval,
    exact_match,
    exact_match_difference_interval,
    exact_match_interval,
    mean_difference_interval,
    proportion_interval,
    quality_by_length,
    sentence_counts,
    two_way_interval,
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
    assert (row["exact_match"], row["exact_match_high"]) == (100, 100)
    (row,) = quality_by_length(small, references, [6, 5], [(5, 6)]).to_dict("records")
    assert (row["bleu"] < 90, row["exact_match"]) == (True, 0)


def test_text_without_spaces_is_cut_as_it_is_asked_for_everywhere():
    references = ["我看见一只小猫。", "它在这里睡觉。"]
    translations = ["我看见一只小狗。", "它在这里睡觉。"]
    length = [8, 7]
    assert bleu(translations, references).score == 0  # by 13a both sentences are one word each
    score, signature = bleu(translations, references, tokenize="zh")
    assert 50 < score < 100 and "tok:zh" in signature
    assert score == sacrebleu.corpus_bleu(translations, [references], tokenize="zh").score
    low, high = bleu_interval(translations, references, tokenize="zh")
    assert 50 < low < score < high
    assert bleu_difference_interval(references, translations, references, tokenize="zh").high < 50
    (row,) = quality_by_length(translations, references, length, [(7, 8)], tokenize="zh").to_dict("records")
    assert (row["bleu"], row["bleu_low"], row["bleu_high"]) == (score, low, high)


# --- Intervals ------------------------------------------------------------------------------------


def test_interval_of_a_proportion_is_wilson_s():
    z, share, count = 1.959964, 0.27, 100  # 95 % of the normal distribution lie within ± z
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    assert proportion_interval(27, count) == pytest.approx((middle - reach, middle + reach), abs=1e-6)
    texts = ["a"] * 27 + ["b"] * 73
    assert exact_match_interval(texts, ["a"] * count) == proportion_interval(27, count)
    assert exact_match_interval(texts, ["a"] * count, 0.5) == proportion_interval(27, count, confidence=0.5)
    assert proportion_interval(27, count, confidence=0.5).low > middle - reach


def test_interval_of_a_proportion_has_a_width_where_all_or_none_hold():
    assert proportion_interval(50, 50) == pytest.approx((0.9287, 1), abs=1e-4)
    assert proportion_interval(0, 200) == pytest.approx((0, 0.0188), abs=1e-4)
    assert proportion_interval(1, 1) == pytest.approx((0.2065, 1), abs=1e-4)
    assert proportion_interval(0, 1) == pytest.approx((0, 0.7935), abs=1e-4)
    assert {
        type(end) for interval in (proportion_interval(0, 1), proportion_interval(1, 1)) for end in interval
    } == {float}


def test_interval_covers_the_truth_as_often_as_it_says_and_another_test_set_less_often():
    truth, count, sets = 0.7, 400, 1000
    right = np.random.default_rng(0).binomial(count, truth, size=sets)
    intervals = [proportion_interval(number, count) for number in right.tolist()]
    assert 0.93 < np.mean([low <= truth <= high for low, high in intervals]) < 0.97
    following = itertools.pairwise(zip(intervals, right / count, strict=True))
    assert 0.80 < np.mean([low <= share <= high for ((low, high), _), (_, share) in following]) < 0.87


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


def test_counts_that_were_kept_give_the_bleu_and_the_interval_of_their_texts():
    texts = ["a b c d e", "a b", "", "x"]
    others = ["a b c d", "a b c", "a", "y"]
    references = ["a b c d e f", "a b c", "a b", "x"]
    counts, other_counts = (sentence_counts(side, references) for side in (texts, others))
    assert counts[0].tolist() == [5, 4, 3, 2, 5, 6]
    assert counted_bleu(counts) == pytest.approx(bleu(texts, references).score)
    kept = counted_difference_interval(counts, other_counts)
    assert kept == bleu_difference_interval(texts, others, references)
    with pytest.raises(ValueError, match="not of the same sentences"):
        counted_difference_interval(counts, sentence_counts(texts, references[::-1]))


def test_interval_of_a_difference_in_exact_match_draws_the_same_sentences_for_both():
    references = ["a"] * 80
    texts, others = ["a"] * 60 + ["b"] * 20, ["a"] * 50 + ["b"] * 30
    low, high = exact_match_difference_interval(texts, others, references)
    assert 0 < low < 10 / 80 < high
    alone = exact_match_interval(texts, references)
    assert high - low < alone.high - alone.low
    once = exact_match_difference_interval(texts, others, references, resamples=1)
    drawn = [exact_match(first_drawn(side), references) for side in (texts, others)]
    assert once == pytest.approx((drawn[0] - drawn[1],) * 2)
    assert exact_match_difference_interval(others, texts, references) == pytest.approx((-high, -low))


def test_interval_of_a_difference_has_no_width_where_both_are_right_on_the_same_sentences():
    assert exact_match_difference_interval(REFERENCES, REFERENCES, REFERENCES) == (0, 0)
    assert exact_match_difference_interval(["a"], ["x"], ["a"]) == (1, 1)
    assert exact_match_difference_interval(["x", "a"], ["y", "a"], ["b", "a"]) == (0, 0)


def test_interval_of_a_mean_over_seeds_is_student_s_of_the_differences_seed_by_seed():
    # 2, 3 and 1 are the differences, 1 is their standard deviation; 4.3027 is t of 2 degrees of freedom.
    reach = 4.3027 / math.sqrt(3)
    assert mean_difference_interval([13, 25, 34], [11, 22, 33]) == pytest.approx(
        (2, 2 - reach, 2 + reach), abs=1e-4
    )
    half = mean_difference_interval([13, 25, 34], [11, 22, 33], confidence=0.5)
    assert half == pytest.approx((2, 2 - 0.8165 / math.sqrt(3), 2 + 0.8165 / math.sqrt(3)), abs=1e-4)
    assert mean_difference_interval([2.5, 3.5], [1.5, 2.5]) == (1, 1, 1)
    mean, low, high = mean_difference_interval([1, 2], [0, 0])
    assert (mean, low, high) == pytest.approx((1.5, 1.5 - 6.3531, 1.5 + 6.3531), abs=1e-4)


def test_interval_over_seeds_and_sentences_has_the_noise_of_each_and_of_both():
    generator = np.random.default_rng(0)
    seeds, sentences = generator.normal(size=(10, 1)), generator.normal(0, 5, size=(1, 200))
    _, *over_seeds = mean_difference_interval(seeds[:, 0], [0] * 10)
    assert two_way_interval(np.repeat(seeds, 200, axis=1)) == pytest.approx(over_seeds)
    _, *over_sentences = mean_difference_interval(sentences[0], [0] * 200)
    assert two_way_interval(np.repeat(sentences, 10, axis=0)) == pytest.approx(over_sentences)
    low, high = two_way_interval(seeds + sentences)
    assert (low + high) / 2 == pytest.approx((seeds + sentences).mean())
    width = math.hypot(*(end - start for start, end in (over_seeds, over_sentences)))
    assert over_seeds[1] - over_seeds[0] < high - low == pytest.approx(width, rel=0.1)
    half = two_way_interval(np.repeat(seeds, 200, axis=1), confidence=0.5)
    assert half == pytest.approx(mean_difference_interval(seeds[:, 0], [0] * 10, confidence=0.5)[1:])
    assert two_way_interval(np.ones((2, 3))) == (1, 1)


@pytest.mark.parametrize("noise", [(1, 3), (3, 1), (0, 0)], ids=["both", "seeds", "neither alone"])
def test_interval_over_seeds_and_sentences_covers_the_truth_as_often_as_it_says(noise):
    generator = np.random.default_rng(0)
    covered = []
    for _ in range(1000):
        scores = generator.normal(size=(6, 30))
        scores += generator.normal(0, noise[0], size=(6, 1)) + generator.normal(0, noise[1], size=(1, 30))
        low, high = two_way_interval(scores)
        covered.append(low <= 0 <= high)
    assert 0.93 < np.mean(covered) < 0.98


def test_interval_over_both_is_never_narrower_than_that_over_few_seeds():
    generator = np.random.default_rng(0)
    wider = []
    for _ in range(50):
        scores = generator.normal(size=(3, 1)) + generator.normal(0, 20, size=(1, 2000))
        _, *over_seeds = mean_difference_interval(scores.mean(axis=1), [0] * 3)
        low, high = two_way_interval(scores)
        assert low <= over_seeds[0] + 1e-12
        assert high >= over_seeds[1] - 1e-12
        wider.append(high - low > 1.0001 * (over_seeds[1] - over_seeds[0]))
    assert any(wider)


def test_bootstrap_of_sentences_that_are_all_alike_has_no_width():
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
    low, high = (table[f"exact_match_{end}"].tolist() for end in ("low", "high"))
    half, whole = proportion_interval(1, 2), proportion_interval(1, 1)  # right of how many
    assert low == [100 * interval.low for interval in (half, whole, half)]
    assert high == [100 * interval.high for interval in (half, whole, half)]
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
        for difference in (bleu_difference_interval, exact_match_difference_interval):
            with pytest.raises(ValueError, match=f"^{name}, references: 1 and 2; "):
                difference(*arguments, ["a", "b"])
    for values, others in (([1.0, 2.0], [1.0]), ([1.0], [1.0]), ([], [])):
        message = f"^values, others: {len(values)} and {len(others)}; .*two seeds at least"
        with pytest.raises(ValueError, match=message):
            mean_difference_interval(values, others)


def test_numbers_lengths_and_buckets_that_do_not_fit_are_named():
    for arguments, message in (
        ({"count": 0}, "^count: 0 .*1 or more"),
        ({"count": 5, "resamples": 0}, "^resamples: 0 .*1 or more"),
        ({"count": 5, "confidence": 0.0}, "^confidence: 0.0 .*between 0 and 1"),
        ({"count": 5, "confidence": 1.0}, "^confidence: 1.0 .*between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            bootstrap_interval(len, **arguments)
    for arguments, message in (
        ((0, 0), "^count: 0 .*1 or more"),
        ((-1, 5), "^successes: -1 .*from 0 to 5"),
        ((6, 5), "^successes: 6 .*from 0 to 5"),
        ((1, 5, 1.0), "^confidence: 1.0 .*between 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            proportion_interval(*arguments)
    with pytest.raises(ValueError, match=r"^confidence: 95 .*between 0 and 1"):
        mean_difference_interval([1, 2], [3, 4], confidence=95)
    for scores, shape in (([0.5, 1.0], "2,"), ([[0.5, 1.0]], "1, 2"), ([[0.5], [1.0]], "2, 1")):
        with pytest.raises(ValueError, match=rf"^scores: the shape is \({shape}\); .*two or more of each"):
            two_way_interval(np.array(scores))
    with pytest.raises(ValueError, match=r"^confidence: 95 .*between 0 and 1"):
        two_way_interval(np.ones((2, 2)), confidence=95)
    for metric in (bleu, bleu_interval):
        with pytest.raises(ValueError, match=r"^tokenize: '13b' is not one of 13a, char, "):
            metric(TRANSLATIONS, REFERENCES, tokenize="13b")
    for lengths, buckets, message in (
        ([1, 2], [(1, 2)], "^lengths: 2, .*3 references"),
        ([1, 2, 3], [(1, 2), (4, 6)], "^buckets: .*4 to 6 words"),
        ([1, 2, 3], [(3, 1)], "^buckets: .*3 to 1 words"),
    ):
        with pytest.raises(ValueError, match=message):
            quality_by_length(TRANSLATIONS, REFERENCES, lengths, buckets)
