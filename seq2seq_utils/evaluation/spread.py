"""Where the spread between models over seeds comes from: from the models, or from the test sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class Spread:
    """Standard deviations of exact match, in points (0 to 100).

    Args:
        observed: between the models.
        of_sentences: what it would be on average between models of equal quality, which fail on other
            sentences.
        of_seeds: what is left, taken in squares; 0 where the sentences alone would give more.
    """

    observed: float
    of_sentences: float
    of_seeds: float


def spread_over_seeds(right: Sequence[str]) -> Spread:
    """Splits the variance of exact match over seeds, on one test set, into that of sentences and of seeds.

    A sentence that a share q of k models gets right counts for itself with q(1 - q)k/(k - 1), the variance
    of one model's result on it. Over n sentences the share of right ones has the mean of these, divided by
    n, for its variance, if the models are equally good.

    Args:
        right: for each model a text with a 1 for each sentence that is right, and a 0 for each other.

    Raises:
        ValueError: if there are fewer than two models, no sentences, or texts of other lengths or signs.
    """
    if len(right) < 2:
        raise ValueError(f"right: {len(right)} models have no spread; there must be 2 or more")
    if not right[0] or len({len(text) for text in right}) > 1:
        raise ValueError(f"right: the texts have {[len(text) for text in right]} signs; they must be as many")
    if set("".join(right)) - {"0", "1"}:
        raise ValueError("right: there is another sign than 0 and 1")
    models, sentences = len(right), len(right[0])
    shares = [text.count("1") / sentences for text in right]
    mean = sum(shares) / models
    observed = sum((share - mean) ** 2 for share in shares) / (models - 1)
    agreed = [signs.count("1") / models for signs in zip(*right, strict=True)]
    within = sum(q * (1 - q) for q in agreed) * models / (models - 1)
    of_sentences = within / sentences**2
    return Spread(
        100 * sqrt(observed), 100 * sqrt(of_sentences), 100 * sqrt(max(0.0, observed - of_sentences))
    )
