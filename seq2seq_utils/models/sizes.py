"""How large a model must be to have as many parameters as another: what a fair comparison needs."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence

import torch
from torch import nn

from seq2seq_utils.models.seq2seq import Seq2Seq, count_parameters
from seq2seq_utils.models.transformer import transformer_model


def parameters_of(make: Callable[[], nn.Module]) -> int:
    """How many parameters a model would have: it is made of shapes alone, without numbers."""
    with torch.device("meta"):
        return count_parameters(make())


def size_with(parameters: int, sizes: Sequence[int], make: Callable[[int], nn.Module]) -> int:
    """The first of some sizes with which a model has at least so many parameters.

    Args:
        parameters: at least so many.
        sizes: to choose from, the smallest first.
        make: makes a model of a size; a larger one has more parameters.

    Raises:
        ValueError: if even the largest size gives a model with fewer.
    """
    place = bisect_left(sizes, parameters, key=lambda size: parameters_of(lambda: make(size)))
    if place == len(sizes):
        raise ValueError(f"sizes: none up to {max(sizes, default=0)} gives a model {parameters} parameters")
    return sizes[place]


def transformer_with(
    parameters: int,
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    heads: int = 4,
    layers: int = 2,
    dropout: float = 0.0,
    tied: bool = False,
) -> Seq2Seq:
    """The transformer that has so many parameters, or as few more as can be.

    Its `model_size` is the largest that leaves room for a `feed_forward_size` of four times as much, as in
    the paper; a slightly larger `feed_forward_size` makes up for what is then lacking.

    Args:
        parameters: at least so many.
        source_vocabulary_size: see `transformer_model`.
        target_vocabulary_size: likewise.
        heads: likewise.
        layers: likewise.
        dropout: likewise.
        tied: likewise.

    Raises:
        ValueError: if the smallest transformer has more, or `heads` or `layers` is less than 1.
    """

    def make(model_size: int, feed_forward_size: int | None = None) -> Seq2Seq:
        return transformer_model(
            source_vocabulary_size,
            target_vocabulary_size,
            model_size,
            feed_forward_size,
            heads,
            layers,
            dropout,
            tied=tied,
        )

    step = math.lcm(2, max(heads, 1))  # sizes are even, and the heads can share them
    fewest = parameters_of(lambda: make(step))
    if parameters < fewest:
        raise ValueError(f"parameters: {parameters} is too few; the smallest transformer has {fewest}")
    # A model has more than model_size² parameters, and more than feed_forward_size.
    model_sizes = range(step, math.isqrt(parameters) + 2 * step, step)
    model_size = size_with(parameters + 1, model_sizes, make) - step
    feed_forward_sizes = range(4 * model_size, parameters)
    return make(model_size, size_with(parameters, feed_forward_sizes, lambda size: make(model_size, size)))
