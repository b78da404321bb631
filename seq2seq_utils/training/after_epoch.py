"""What may happen after an epoch: functions of the run; one that returns True ends the training."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

from seq2seq_utils.training.loop import Run


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when validation gets no better, and go back to the weights of the best epoch.

    Args:
        watched: a name that `measure` gives, such as ``"validation_loss"``.
        patience: how many epochs in a row may pass without a new best.
        larger_is_better: True for BLEU, False for a loss.
    """

    watched: str
    patience: int
    larger_is_better: bool = False

    def __call__(self, run: Run) -> bool:
        """Keeps the weights if the newest epoch is the best one so far; True when the patience is over.

        Of equally good epochs the first is best, and one whose value is not a number never is.

        Raises:
            ValueError: if nothing of that name is measured.
        """
        since = self.since_best(run.history.records)
        if since == 0:
            run.best = copy.deepcopy(run.model.state_dict())
        return since > self.patience

    def since_best(self, records: list[dict[str, float]]) -> int:
        """How many epochs have passed since the best one; as many as there are where none can be best."""
        if self.watched not in records[-1]:
            measured = ", ".join(records[-1])
            raise ValueError(f"watched: nothing measures {self.watched!r}; there is {measured}")
        sign = -1 if self.larger_is_better else 1
        values = [sign * record[self.watched] for record in records]
        numbers = [value for value in values if not math.isnan(value)]
        return len(values) - 1 - values.index(min(numbers)) if numbers else len(values)
