"""How good translations are: exact match and BLEU, with intervals, for all sentences or by their length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from scipy import stats


class BleuScore(NamedTuple):
    """A corpus BLEU, 0 to 100, and the signature that says how it was computed."""

    score: float
    signature: str


class ChrfScore(NamedTuple):
    """A corpus chrF, 0 to 100, and the signature that says how it was computed."""

    score: float
    signature: str


class Interval(NamedTuple):
    """From where to where the true value may lie: what endlessly many sentences of this kind would give.

    Of 20 test sets, each with a 95 % interval of its own, about 19 have one that covers the true value. Where
    *another test set* would fall is wider: it misses the true value, too, in its own way, so that its score
    lies in here about five times in six. And an interval over sentences holds the trained model fixed: what
    another seed would change is none of it (see `mean_difference_interval`).
    """

    low: float
    high: float


class MeanDifference(NamedTuple):
    """The mean of paired differences, and from where to where the true one may lie."""

    mean: float
    low: float
    high: float


def exact_match(translations: Sequence[str], references: Sequence[str]) -> float:
    """The share of translations, 0 to 1, that are their reference to the letter.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    return float(_same(translations, references).mean())


def bleu(
    translations: Sequence[str], references: Sequence[str], lowercase: bool = False, tokenize: str = "13a"
) -> BleuScore:
    """Corpus BLEU by sacrebleu, one reference a sentence.

    Args:
        translations: as text.
        references: as text, one a translation.
        lowercase: whether capitals count as small letters, on both sides.
        tokenize: how sacrebleu cuts text into the words that it counts. ``"13a"`` is made for languages
            like English: it cuts at spaces and at Western punctuation marks. A Chinese sentence is a single
            word for it: take ``"zh"``. A Korean word keeps its particles, so that a wrong one makes the whole
            word wrong: ``"ko-mecab"`` cuts them off, once ``sacrebleu[ko]`` is installed; ``"char"`` compares
            single characters, of any language. Scores cut in different ways cannot be compared.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other, or `tokenize` is no name
            that sacrebleu knows.
    """
    _check_parallel(translations, references)
    metric = _metric(lowercase, tokenize)
    score = metric.corpus_score(list(translations), [list(references)]).score
    return BleuScore(score, str(metric.get_signature()))


def chrf(translations: Sequence[str], references: Sequence[str], lowercase: bool = False) -> ChrfScore:
    """Corpus chrF by sacrebleu (Popović, 2015), one reference a sentence.

    It compares runs of up to six characters, spaces left out: nothing has to be cut into words, and a word
    with a wrong ending counts for its stem.

    Args:
        translations: as text.
        references: as text, one a translation.
        lowercase: whether capitals count as small letters, on both sides.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    _check_parallel(translations, references)
    metric = CHRF(lowercase=lowercase)
    score = metric.corpus_score(list(translations), [list(references)]).score
    return ChrfScore(score, str(metric.get_signature()))


def sentence_chrf(
    translations: Sequence[str], references: Sequence[str], lowercase: bool = False
) -> list[float]:
    """The chrF of each translation by itself, 0 to 100 (see `chrf`).

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    _check_parallel(translations, references)
    metric = CHRF(lowercase=lowercase)
    pairs = zip(translations, references, strict=True)
    return [metric.sentence_score(text, [reference]).score for text, reference in pairs]


# -------------------------------------------------------------------------------------- intervals
def proportion_interval(successes: int, count: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion (Wilson, 1927), each end from 0 to 1.

    It keeps its width where a bootstrap has none: for 50 right sentences of 50, the true share may still be
    as low as 0.93.

    Args:
        successes: how many of them hold.
        count: how many there are, each independent of the others.
        confidence: how often such an interval covers the true proportion.

    Raises:
        ValueError: if a number is out of range.
    """
    _check_at_least_one("count", count)
    if not 0 <= successes <= count:
        raise ValueError(f"successes: {successes} is not allowed; it must be from 0 to {count}")
    _check_confidence(confidence)
    low, high = stats.binomtest(successes, count).proportion_ci(confidence, method="wilson")
    return Interval(float(low), float(high))


def exact_match_interval(
    translations: Sequence[str], references: Sequence[str], confidence: float = 0.95
) -> Interval:
    """Wilson's interval of `exact_match` (see `proportion_interval`).

    Raises:
        ValueError: if there are none, or not as many of the one as of the other, or `confidence` is out of
            range.
    """
    same = _same(translations, references)
    return proportion_interval(int(same.sum()), len(same), confidence)


def exact_match_difference_interval(
    translations: Sequence[str], others: Sequence[str], references: Sequence[str], resamples: int = 1000
) -> Interval:
    """The 95 % bootstrap interval of how far the exact match of some translations is above that of others.

    Both are measured on the *same* drawn sentences (see `bleu_difference_interval`). Where both are right on
    the very same sentences, it is 0 to 0: these do not tell the two apart; others might.

    Args:
        translations: as text.
        others: of the same sentences, by another model or another search.
        references: as text, one a sentence.
        resamples: how many test sets are drawn.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    above = _same(translations, references).astype(int) - _same(others, references, "others")
    return bootstrap_interval(lambda rows: above[rows].mean(), len(above), resamples)


def bleu_interval(
    translations: Sequence[str],
    references: Sequence[str],
    resamples: int = 1000,
    lowercase: bool = False,
    tokenize: str = "13a",
) -> Interval:
    """The 95 % bootstrap interval of `bleu`: of the corpus score, not of a mean over sentences.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other, or `tokenize` is no name
            that sacrebleu knows.
    """
    counts = sentence_counts(translations, references, lowercase, tokenize)
    return bootstrap_interval(lambda rows: counted_bleu(counts[rows]), len(counts), resamples)


def bleu_difference_interval(
    translations: Sequence[str],
    others: Sequence[str],
    references: Sequence[str],
    resamples: int = 1000,
    lowercase: bool = False,
    tokenize: str = "13a",
) -> Interval:
    """The 95 % bootstrap interval of how far the BLEU of some translations is above that of others.

    Both are measured on the *same* drawn sentences, so what makes a test set hard for both falls out: where
    they find the same sentences hard, it is narrower than the two scores' own intervals suggest. It is about
    these two trained models, and says nothing about other seeds (see `mean_difference_interval`).

    Args:
        translations: as text.
        others: of the same sentences, by another model or another search.
        references: as text, one a sentence.
        resamples: how many test sets are drawn.
        lowercase: whether capitals count as small letters.
        tokenize: see `bleu`.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other, or `tokenize` is no name
            that sacrebleu knows.
    """
    counts = sentence_counts(translations, references, lowercase, tokenize)
    _check_parallel(others, references, "others")
    other_counts = sentence_counts(others, references, lowercase, tokenize)
    return counted_difference_interval(counts, other_counts, resamples)


def sentence_counts(
    translations: Sequence[str], references: Sequence[str], lowercase: bool = False, tokenize: str = "13a"
) -> np.ndarray:
    """What BLEU is counted from, sentence by sentence: numbers that stand for texts which nobody can keep.

    Args:
        translations: as text.
        references: as text, one a translation.
        lowercase: whether capitals count as small letters.
        tokenize: see `bleu`.

    Returns:
        (sentences, 6): how many runs of one, two, three and four words the reference has, too (clipped), how
        many words the translation has, and how many the reference. `counted_bleu` adds them up.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other, or `tokenize` is no name
            that sacrebleu knows.
    """
    _check_parallel(translations, references)
    # Of single sentences we need the counts alone, not the score.
    metric = _metric(lowercase, tokenize, effective_order=True)
    pairs = zip(translations, references, strict=True)
    sentences = [metric.sentence_score(text, [reference]) for text, reference in pairs]
    return np.array([[*score.counts, score.sys_len, score.ref_len] for score in sentences])


def counted_bleu(counts: np.ndarray) -> float:
    """The corpus BLEU, 0 to 100, of the sentences whose counts these are (see `sentence_counts`)."""
    words = counts[:, 4]
    runs = [int((words - longer).clip(0).sum()) for longer in range(4)]  # of one word, two, three and four
    *right, written, expected = counts.sum(axis=0).tolist()
    return BLEU.compute_bleu(right, runs, written, expected, smooth_method="exp").score


def counted_difference_interval(counts: np.ndarray, others: np.ndarray, resamples: int = 1000) -> Interval:
    """`bleu_difference_interval` of translations whose counts were kept.

    Args:
        counts: of some translations, as `sentence_counts` has them.
        others: of other translations of the same sentences.
        resamples: how many test sets are drawn.

    Raises:
        ValueError: if they are not of the same sentences.
    """
    if counts.shape != others.shape or not np.array_equal(counts[:, 5], others[:, 5]):
        raise ValueError(
            "counts, others: not of the same sentences, since the lengths of the references differ"
        )
    return bootstrap_interval(
        lambda rows: counted_bleu(counts[rows]) - counted_bleu(others[rows]), len(counts), resamples
    )


def bootstrap_interval(
    statistic: Callable[[np.ndarray], float],
    count: int,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The percentile bootstrap: measure again and again on test sets drawn from the test set.

    Where every draw gives the same, as with 50 right sentences of 50, it has no width, which promises too
    much: for a proportion take `proportion_interval`.

    Args:
        statistic: measures the sentences whose numbers it gets, (count,), drawn with replacement.
        count: how many sentences there are.
        resamples: how many test sets are drawn.
        confidence: the share of the measurements that lie within the interval, which then covers the true
            value about so often.
        seed: the same seed draws the same test sets.

    Raises:
        ValueError: if a number is out of range.
    """
    _check_at_least_one("count", count)
    _check_at_least_one("resamples", resamples)
    _check_confidence(confidence)
    generator = np.random.default_rng(seed)
    measured = [statistic(generator.integers(count, size=count)) for _ in range(resamples)]
    tail = (1 - confidence) / 2
    low, high = np.quantile(measured, [tail, 1 - tail])
    return Interval(float(low), float(high))


def mean_difference_interval(
    values: Sequence[float], others: Sequence[float], confidence: float = 0.95
) -> MeanDifference:
    """How far some runs are above others on average, with Student's t-interval of the paired differences.

    A score has two sources of noise: the seed that the model was trained with, and the sentences that it was
    tested on. This interval is over *seeds*: all runs were tested on the same sentences, and it covers the
    mean that endlessly many seeds would have on these. What other sentences would change is none of it; that
    is what the intervals over sentences are for, which in their turn hold the trained models fixed
    (`bleu_difference_interval`, `exact_match_difference_interval`).

    Args:
        values: one a seed, such as a BLEU.
        others: those of what it is compared with, by the same seeds, in the same order.
        confidence: how often such an interval covers the true mean, if the differences are normally
            distributed.

    Raises:
        ValueError: if there are not as many of the one as of the other, or fewer than two of each, or
            `confidence` is out of range.
    """
    if len(values) != len(others) or len(values) < 2:
        raise ValueError(
            f"values, others: {len(values)} and {len(others)}; there must be one of each for every seed, "
            "and two seeds at least"
        )
    _check_confidence(confidence)
    differences = np.subtract(values, others)
    mean = differences.mean()
    error = differences.std(ddof=1) / np.sqrt(len(differences))  # of the mean
    reach = stats.t.ppf((1 + confidence) / 2, len(differences) - 1) * error
    return MeanDifference(float(mean), float(mean - reach), float(mean + reach))


def two_way_interval(scores: np.ndarray, confidence: float = 0.95) -> Interval:
    """Student's t-interval of a mean over seeds and sentences, for both sources of noise at once.

    It is about other seeds *and* other sentences, where `mean_difference_interval` keeps the sentences and
    `bootstrap_interval` the trained models. Seeds and sentences are independent of each other, so the squared
    errors of the mean that come from the one and from the other add up; the degrees of freedom are
    Satterthwaite's, which may be too many where seeds are few: so the interval is never narrower than that of
    the seeds alone.

    Args:
        scores: of each seed on each sentence, (seeds, sentences); to compare, differences of such scores.
        confidence: how often such an interval covers the true mean, about.

    Raises:
        ValueError: if there are fewer than two seeds or sentences, or `confidence` is out of range.
    """
    if np.ndim(scores) != 2 or min(np.shape(scores)) < 2:
        raise ValueError(
            f"scores: the shape is {np.shape(scores)}; it must be (seeds, sentences), two or more of each"
        )
    _check_confidence(confidence)
    mean, (seeds, sentences) = scores.mean(), scores.shape
    of_seeds, of_sentences = scores.mean(axis=1), scores.mean(axis=0)
    rest = scores - of_seeds[:, None] - of_sentences + mean  # what a seed and a sentence do together
    together = (rest**2).sum() / (seeds - 1) / (sentences - 1) / scores.size
    # Both means have the rest in them; it is to be counted once.
    errors = np.array(
        [of_seeds.var(ddof=1) / seeds, max(0.0, of_sentences.var(ddof=1) / sentences - together)]
    )
    if not errors.any():
        return Interval(float(mean), float(mean))
    freedom = errors.sum() ** 2 / (errors**2 / (seeds - 1, sentences - 1)).sum()
    both = stats.t.ppf((1 + confidence) / 2, freedom) * np.sqrt(errors.sum())
    alone = stats.t.ppf((1 + confidence) / 2, seeds - 1) * np.sqrt(errors[0])
    reach = max(both, alone)
    return Interval(float(mean - reach), float(mean + reach))


# -------------------------------------------------------------------------------------- by length
def quality_by_length(
    translations: Sequence[str],
    references: Sequence[str],
    lengths: Sequence[int],
    buckets: Sequence[tuple[int, int]],
    resamples: int = 1000,
    lowercase: bool = False,
    tokenize: str = "13a",
) -> pd.DataFrame:
    """Exact match and BLEU of short and of long sentences, with 95 % intervals: Wilson's, and a bootstrap.

    Args:
        translations: as text.
        references: as text, one a translation.
        lengths: of the *source* sentences, in words.
        buckets: the shortest and the longest length of each group of sentences.
        resamples: for the intervals of BLEU.
        lowercase: whether capitals count as small letters, for both measures.
        tokenize: see `bleu`.

    Returns:
        A row for each bucket: shortest, longest, sentences (how many), then exact_match and bleu, both 0 to
        100, each followed by the ends of its interval (exact_match_low, exact_match_high; bleu_low, …).

    Raises:
        ValueError: if the lists are not parallel, a bucket is upside down or has no sentence, or `tokenize`
            is no name that sacrebleu knows.
    """
    _check_parallel(translations, references)
    if len(lengths) != len(references):
        raise ValueError(f"lengths: {len(lengths)}, but there are {len(references)} references")
    if lowercase:
        translations, references = ([text.lower() for text in side] for side in (translations, references))
    records = []
    for shortest, longest in buckets:
        rows = [row for row, length in enumerate(lengths) if shortest <= length <= longest]
        if not rows:
            raise ValueError(f"buckets: no sentence has {shortest} to {longest} words")
        group = [translations[row] for row in rows], [references[row] for row in rows]
        exact_low, exact_high = exact_match_interval(*group)
        bleu_low, bleu_high = bleu_interval(*group, resamples, tokenize=tokenize)
        records.append(
            {
                "shortest": shortest,
                "longest": longest,
                "sentences": len(rows),
                "exact_match": 100 * exact_match(*group),
                "exact_match_low": 100 * exact_low,
                "exact_match_high": 100 * exact_high,
                "bleu": bleu(*group, tokenize=tokenize).score,
                "bleu_low": bleu_low,
                "bleu_high": bleu_high,
            }
        )
    return pd.DataFrame(records)


def _metric(lowercase: bool, tokenize: str, effective_order: bool = False) -> BLEU:
    if tokenize not in BLEU.TOKENIZERS:
        raise ValueError(f"tokenize: {tokenize!r} is not one of {', '.join(sorted(BLEU.TOKENIZERS))}")
    return BLEU(lowercase=lowercase, tokenize=tokenize, effective_order=effective_order)


def _same(translations: Sequence[str], references: Sequence[str], name: str = "translations") -> np.ndarray:
    _check_parallel(translations, references, name)
    return np.array([text == reference for text, reference in zip(translations, references, strict=True)])


def _check_parallel(
    translations: Sequence[str], references: Sequence[str], name: str = "translations"
) -> None:
    if not references or len(translations) != len(references):
        raise ValueError(
            f"{name}, references: {len(translations)} and {len(references)}; there must be one "
            "reference for each translation, and at least one"
        )


def _check_at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name}: {value} is not allowed; it must be 1 or more")


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence} is not allowed; it must be between 0 and 1")
