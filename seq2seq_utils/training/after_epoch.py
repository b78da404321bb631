"""What may happen after an epoch: functions of the run; one that returns True ends the training."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from seq2seq_utils.training.loop import Run


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when validation gets no better, and go back to the weights of the best epoch.

    Args:
        watched: a name that `measure` gives, such as ``"validation_loss"``.
        patience: how many epochs in a row may pass without a new best.
        larger_is_better: True for BLEU, False for a loss.

    Raises:
        ValueError: if `patience` is less than 0.
    """

    watched: str
    patience: int
    larger_is_better: bool = False

    def __post_init__(self) -> None:
        if self.patience < 0:
            raise ValueError(f"patience: {self.patience} is not allowed; it must be 0 or more")

    def __call__(self, run: Run) -> bool:
        """Keeps the weights if the newest epoch is the best one so far; True when the patience is over.

        Of equally good epochs the first is best, and one whose value is not a number never is.

        Raises:
            ValueError: if nothing of that name is measured.
        """
        records = run.history.records
        if self.watched not in records[-1]:
            raise ValueError(f"watched: nothing measures {self.watched!r}; there is {', '.join(records[-1])}")
        best, newest = self.best_epoch(records), len(records) - 1
        if best == newest:
            run.best = copy.deepcopy(run.model.state_dict())
        return newest - (best or 0) > self.patience

    def best_epoch(self, records: Sequence[Mapping[str, float]]) -> int | None:
        """The number of the best epoch so far, or None where no value is a number."""
        sign = -1 if self.larger_is_better else 1
        values = [sign * record[self.watched] for record in records]
        numbers = [epoch for epoch, value in enumerate(values) if not math.isnan(value)]
        return min(numbers, key=values.__getitem__, default=None)


@dataclass(frozen=True)
class WeightAveraging:
    """The model ends with the mean of the weights after each of the last epochs.

    Args:
        epochs: how many of them.

    Raises:
        ValueError: if `epochs` is less than 1.
    """

    epochs: int

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs: {self.epochs} is not allowed; it must be 1 or more")

    def __call__(self, run: Run) -> bool:
        """Adds the weights of an epoch that is among the last ones to the mean; never ends the training."""
        number = run.place[0] - max(run.settings.epochs - self.epochs, 0)  # 1 for the first of them
        if number >= 1:
            weights = run.model.state_dict()
            mean = weights if run.best is None else run.best
            run.best = {name: torch.lerp(mean[name], weights[name], 1 / number) for name in weights}
        return False
