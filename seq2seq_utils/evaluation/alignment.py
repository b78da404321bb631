"""Attention against word alignment: links found, alignment error rate, and how sharp the weights are."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seq2seq_utils.evaluation.metrics import Interval, bootstrap_interval
from seq2seq_utils.pairs import Alignment, Link


class AlignmentScore(NamedTuple):
    """Links found against gold ones, each from 0 to 1; see `alignment_score`."""

    error_rate: float
    precision: float
    recall: float


def hard_links(weights: Tensor, shift: int = 0) -> frozenset[Link]:
    """Weights as links: each target word with the source word that it looks at most.

    Args:
        weights: (target words + 1, source words); the last row, that of EOS, links nothing.
        shift: link target word i by row i + shift. 0 is right; anything else measures how wrong the rows
            would be if they belonged to another word (an error of one row is an old one).
    """
    best = weights[:-1].argmax(dim=1).tolist()
    rows = range(max(0, -shift), min(len(best), len(best) - shift))
    return frozenset((best[row + shift], row) for row in rows)


def alignment_score(found: Sequence[Set[Link]], gold: Sequence[Alignment]) -> AlignmentScore:
    """Alignment error rate, precision and recall over all sentences (Och and Ney, 2003).

    With the links found A, the sure ones S and the possible ones P (S among them): precision is
    |A ∩ P| / |A|, recall |A ∩ S| / |S|, and the error rate 1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|).

    Args:
        found: links (source word, target word) of each sentence.
        gold: the alignment of each sentence.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    return _score(_counts(found, gold).sum(axis=0))


def alignment_error_interval(
    found: Sequence[Set[Link]], gold: Sequence[Alignment], resamples: int = 1000
) -> Interval:
    """The 95 % bootstrap interval of the error rate (see `metrics.bootstrap_interval`).

    Args:
        found: links (source word, target word) of each sentence.
        gold: the alignment of each sentence.
        resamples: how many test sets are drawn.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    counts = _counts(found, gold)
    return bootstrap_interval(
        lambda rows: _score(counts[rows].sum(axis=0)).error_rate, len(counts), resamples
    )


def entropy(weights: Tensor) -> Tensor:
    """How spread out attention is, 0 to 1 in each row: 1 is the same weight for all words, 0 a single word.

    Args:
        weights: (target words, source words), at least two of these.

    Returns:
        The entropy of each row divided by the largest there can be, (target words,).

    Raises:
        ValueError: if there is one source word only: then there is nothing to spread.
    """
    if weights.shape[-1] < 2:
        raise ValueError(f"weights: shape {tuple(weights.shape)}; entropy needs two source words or more")
    spread: Tensor = torch.special.entr(weights).sum(dim=-1) / math.log(weights.shape[-1])
    return spread


def _counts(found: Sequence[Set[Link]], gold: Sequence[Alignment]) -> np.ndarray:
    """For each sentence |A|, |S|, |A ∩ S| and |A ∩ P|."""
    if not gold or len(found) != len(gold):
        raise ValueError(
            f"found, gold: {len(found)} and {len(gold)}; there must be one of each for every sentence, and "
            "at least one"
        )
    return np.array(
        [
            (len(links), len(truth.sure), len(links & truth.sure), len(links & truth.possible))
            for links, truth in zip(found, gold, strict=True)
        ]
    )


def _score(counts: np.ndarray) -> AlignmentScore:
    links, sure, of_sure, of_possible = counts.tolist()
    return AlignmentScore(
        1 - (of_sure + of_possible) / (links + sure) if links + sure else 0.0,
        of_possible / links if links else 1.0,
        of_sure / sure if sure else 1.0,
    )
