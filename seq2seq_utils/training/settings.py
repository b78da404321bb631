"""The settings of a training, and the learning rate that they describe."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral

from seq2seq_utils.training.teacher_forcing import Schedule


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a model is trained: with Adam, whose rate rises over the warm-up, then falls linearly to 0.

    Args:
        epochs: how many times each sentence is seen.
        learning_rate: Adam's, where it is highest.
        warmup: steps until then, fewer than there are steps.
        clip_norm: the longest gradient allowed; longer ones are shortened to it.
        label_smoothing: see `token_loss`; the loss of the training record is the smoothed one, then.
        word_dropout: the share of the words, of sentences and of what the decoder is fed, that training hides
            (see `hide_words`).
        teacher_forcing: the probability that the decoder is fed the true previous word, and not the one
            it has found likeliest: a number, or a schedule.

    Raises:
        ValueError: if a number is out of range.
    """

    epochs: int
    learning_rate: float = 3e-3
    warmup: int = 0
    clip_norm: float = 1.0
    label_smoothing: float = 0.0
    word_dropout: float = 0.0
    teacher_forcing: float | Schedule = 1.0

    def __post_init__(self) -> None:
        for name, value, is_allowed, allowed in (
            ("epochs", self.epochs, _is_whole(self.epochs) and self.epochs >= 1, "a whole number, 1 or more"),
            ("learning_rate", self.learning_rate, 0 <= self.learning_rate < math.inf, "finite, 0 or more"),
            ("warmup", self.warmup, _is_whole(self.warmup) and self.warmup >= 0, "a whole number, 0 or more"),
            ("clip_norm", self.clip_norm, self.clip_norm > 0, "more than 0"),
            ("label_smoothing", self.label_smoothing, 0 <= self.label_smoothing < 1, "from 0 to below 1"),
            ("word_dropout", self.word_dropout, 0 <= self.word_dropout < 1, "from 0 to below 1"),
        ):
            if not is_allowed:
                raise ValueError(f"{name}: {value} is not allowed; it must be {allowed}")


def _is_whole(number: float) -> bool:
    return isinstance(number, Integral)  # NumPy's are, too


def learning_rate_share(step: int, warmup: int, steps: int) -> float:
    """The share of the highest learning rate at a step: in a straight line up, then in another down to 0.

    Args:
        step: counted from 0.
        warmup: the step with all of it; 0 begins there.
        steps: how many there are, more than `warmup`.
    """
    return (step + 1) / (warmup + 1) if step < warmup else (steps - step) / (steps - warmup)
