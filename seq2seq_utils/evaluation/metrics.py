"""How good translations are: exact match and BLEU, with intervals, for all sentences or by their length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sacrebleu.metrics.bleu import BLEU


class BleuScore(NamedTuple):
    """A corpus BLEU, 0 to 100, and the signature that says how it was computed."""

    score: float
    signature: str


class Interval(NamedTuple):
    """From where to where the true value may lie, of which a test set shows a sample."""

    low: float
    high: float


def exact_match(translations: Sequence[str], references: Sequence[str]) -> float:
    """The share of translations, 0 to 1, that are their reference to the letter.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    return float(_same(translations, references).mean())


def bleu(translations: Sequence[str], references: Sequence[str], lowercase: bool = False) -> BleuScore:
    """Corpus BLEU by sacrebleu, one reference a sentence.

    Args:
        translations: as text.
        references: as text, one a translation.
        lowercase: whether capitals count as small letters, on both sides.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    _check_parallel(translations, references)
    metric = BLEU(lowercase=lowercase)
    score = metric.corpus_score(list(translations), [list(references)]).score
    return BleuScore(score, str(metric.get_signature()))


# -------------------------------------------------------------------------------------- intervals
def exact_match_interval(
    translations: Sequence[str], references: Sequence[str], resamples: int = 1000
) -> Interval:
    """The 95 % bootstrap interval of `exact_match` (see `bootstrap_interval`).

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    same = _same(translations, references)
    return bootstrap_interval(lambda rows: same[rows].mean(), len(same), resamples)


def bleu_interval(
    translations: Sequence[str], references: Sequence[str], resamples: int = 1000, lowercase: bool = False
) -> Interval:
    """The 95 % bootstrap interval of `bleu`: of the corpus score, not of a mean over sentences.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    counts = _bleu_counts(translations, references, lowercase)
    return bootstrap_interval(lambda rows: _bleu_of(counts[rows]), len(counts), resamples)


def bleu_difference_interval(
    translations: Sequence[str],
    others: Sequence[str],
    references: Sequence[str],
    resamples: int = 1000,
    lowercase: bool = False,
) -> Interval:
    """The 95 % bootstrap interval of how far the BLEU of some translations is above that of others.

    Both are measured on the *same* drawn sentences, so what makes a test set hard for both falls out: this
    interval is narrower than the two scores' own intervals suggest.

    Args:
        translations: as text.
        others: of the same sentences, by another model or another search.
        references: as text, one a sentence.
        resamples: how many test sets are drawn.
        lowercase: whether capitals count as small letters.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    counts = _bleu_counts(translations, references, lowercase)
    other_counts = _bleu_counts(others, references, lowercase, "others")
    return bootstrap_interval(
        lambda rows: _bleu_of(counts[rows]) - _bleu_of(other_counts[rows]), len(references), resamples
    )


def bootstrap_interval(
    statistic: Callable[[np.ndarray], float],
    count: int,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The percentile bootstrap: measure again and again on test sets drawn from the test set.

    Args:
        statistic: measures the sentences whose numbers it gets, (count,), drawn with replacement.
        count: how many sentences there are.
        resamples: how many test sets are drawn.
        confidence: the share of the measurements that lie within the interval.
        seed: the same seed draws the same test sets.

    Raises:
        ValueError: if a number is out of range.
    """
    for name, value in (("count", count), ("resamples", resamples)):
        if value < 1:
            raise ValueError(f"{name}: {value} is not allowed; it must be 1 or more")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence} is not allowed; it must be between 0 and 1")
    generator = np.random.default_rng(seed)
    measured = [statistic(generator.integers(count, size=count)) for _ in range(resamples)]
    tail = (1 - confidence) / 2
    low, high = np.quantile(measured, [tail, 1 - tail])
    return Interval(float(low), float(high))


# -------------------------------------------------------------------------------------- by length
def quality_by_length(
    translations: Sequence[str],
    references: Sequence[str],
    lengths: Sequence[int],
    buckets: Sequence[tuple[int, int]],
    resamples: int = 1000,
    lowercase: bool = False,
) -> pd.DataFrame:
    """Exact match and BLEU of short and of long sentences, with 95 % bootstrap intervals.

    Args:
        translations: as text.
        references: as text, one a translation.
        lengths: of the *source* sentences, in words.
        buckets: the shortest and the longest length of each group of sentences.
        resamples: for the intervals.
        lowercase: whether capitals count as small letters, for both measures.

    Returns:
        A row for each bucket: shortest, longest, sentences (how many), then exact_match and bleu, both 0 to
        100, each followed by the ends of its interval (exact_match_low, exact_match_high; bleu_low, …).

    Raises:
        ValueError: if the lists are not parallel, or a bucket is upside down or has no sentence.
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
        exact_low, exact_high = exact_match_interval(*group, resamples)
        bleu_low, bleu_high = bleu_interval(*group, resamples)
        records.append(
            {
                "shortest": shortest,
                "longest": longest,
                "sentences": len(rows),
                "exact_match": 100 * exact_match(*group),
                "exact_match_low": 100 * exact_low,
                "exact_match_high": 100 * exact_high,
                "bleu": bleu(*group).score,
                "bleu_low": bleu_low,
                "bleu_high": bleu_high,
            }
        )
    return pd.DataFrame(records)


def _same(translations: Sequence[str], references: Sequence[str]) -> np.ndarray:
    _check_parallel(translations, references)
    return np.array([text == reference for text, reference in zip(translations, references, strict=True)])


def _bleu_counts(
    translations: Sequence[str], references: Sequence[str], lowercase: bool, name: str = "translations"
) -> np.ndarray:
    """What the BLEU of a sentence is counted from, (sentences, 10): it can be added up over sentences."""
    _check_parallel(translations, references, name)
    # Of single sentences we need the counts alone, not the score.
    metric = BLEU(lowercase=lowercase, effective_order=True)
    pairs = zip(translations, references, strict=True)
    sentences = [metric.sentence_score(text, [reference]) for text, reference in pairs]
    return np.array([[*score.counts, *score.totals, score.sys_len, score.ref_len] for score in sentences])


def _bleu_of(counts: np.ndarray) -> float:
    """The corpus BLEU of the sentences whose counts these are."""
    *grams, words, reference_words = counts.sum(axis=0).tolist()
    return BLEU.compute_bleu(grams[:4], grams[4:], words, reference_words, smooth_method="exp").score


def _check_parallel(
    translations: Sequence[str], references: Sequence[str], name: str = "translations"
) -> None:
    if not references or len(translations) != len(references):
        raise ValueError(
            f"{name}, references: {len(translations)} and {len(references)}; there must be one "
            "reference for each translation, and at least one"
        )
