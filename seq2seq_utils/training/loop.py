"""Training: one epoch that can be read in one look, and what goes on around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import pandas as pd
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR

from seq2seq_utils.batching import Batch, Batches
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.training.hiding import hide_words
from seq2seq_utils.training.loss import token_loss
from seq2seq_utils.training.processes import process_count, sum_over_processes
from seq2seq_utils.training.settings import Settings, learning_rate_share
from seq2seq_utils.training.teacher_forcing import predict, teacher_forcing_ratios

AfterEpoch = Callable[["Run"], bool]


@dataclass
class History:
    """What a training saw: a record before the first step, epoch 0, and one after each epoch."""

    records: list[dict[str, float]] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """The records as a table: epoch, step, seconds, train_loss, and what `measure` returned."""
        columns = ["epoch", "step", "seconds", "train_loss"]
        measured = [name for record in self.records for name in record]
        return pd.DataFrame(self.records, columns=list(dict.fromkeys([*columns, *measured])))


@dataclass
class Run:
    """A training that is under way: all that changes from step to step, and what decides how."""

    model: Seq2Seq
    loader: Batches
    settings: Settings
    optimizer: Adam
    rate: LambdaLR
    ratios: list[float]  # of teacher forcing, one a step
    predict: Callable[[Batch, float], Tensor]  # the model's logits; see `data_parallel`
    after_epoch: Sequence[AfterEpoch] = ()  # called after each; see `fit`
    step: int = 0  # how many steps have been taken
    seconds: float = 0.0  # of training, measuring not counted
    loss: float = 0.0  # of this epoch so far: summed over its tokens,
    tokens: int = 0  # and how many these are
    history: History = field(default_factory=History)
    best: dict[str, Tensor] | None = None  # the weights of the best epoch, where one is looked for
    stopped: bool = False  # before the last epoch

    @classmethod
    def begin(
        cls, model: Seq2Seq, loader: Batches, settings: Settings, after_epoch: Sequence[AfterEpoch] = ()
    ) -> Run:
        """A training before its first step.

        Raises:
            ValueError: if there are no batches, the warm-up is too long, or a teacher-forcing ratio is
                outside 0 to 1.
        """
        if len(loader) == 0:
            raise ValueError("loader: it has no batches; there must be at least one")
        steps = settings.epochs * len(loader)
        if settings.warmup >= steps:
            raise ValueError(f"warmup: {settings.warmup} is not allowed; it must be from 0 to {steps - 1}")
        fused = model.device.type in ("cpu", "cuda")  # one pass over all weights
        optimizer = Adam(model.parameters(), lr=settings.learning_rate, fused=fused)
        rate = LambdaLR(optimizer, lambda step: learning_rate_share(step, settings.warmup, steps))
        ratios = teacher_forcing_ratios(settings.teacher_forcing, steps)
        alone = partial(predict, model)
        return cls(model, loader, settings, optimizer, rate, ratios, alone, after_epoch)

    @property
    def place(self) -> tuple[int, int]:
        """The place in the data: how many epochs are over, and how many batches of the next one."""
        epochs = max(len(self.history.records) - 1, 0)
        return epochs, self.step - epochs * len(self.loader)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to train."""
        return self.stopped or self.place[0] == self.settings.epochs

    def count(self, loss: float, gradient_norm: float, tokens: int) -> None:
        """Adds the summed loss of a batch to that of the epoch.

        Raises:
            ValueError: if the loss, or the norm of the gradient, is not a finite number; the message says at
                which step.
        """
        for name, value in (("loss", loss), ("gradient_norm", gradient_norm)):
            if not math.isfinite(value):
                step = f"step {self.step + 1} of {len(self.ratios)}"
                raise ValueError(f"{name}: {value} at {step}; try a smaller learning_rate")
        self.loss, self.tokens = self.loss + loss, self.tokens + tokens


def train_epoch(run: Run, batches: Iterable[Batch], after_step: Callable[[Run], None] | None = None) -> None:
    """One training step for each batch.

    Args:
        run: its model is trained in place.
        batches: those of the epoch that are left.
        after_step: called after each step.

    Raises:
        ValueError: if the loss or the gradient is not finite; the message says at which step.
    """
    model, settings = run.model.train(), run.settings
    for batch in batches:
        batch = hide_words(batch, settings.word_dropout).to(model.device)
        logits = run.predict(batch, run.ratios[run.step])
        loss, tokens = token_loss(logits, batch.target_output, settings.label_smoothing)
        run.optimizer.zero_grad()
        total, tokens = sum_over_processes(loss, tokens)
        (loss / tokens * process_count()).backward()  # PyTorch takes the mean of the processes' gradients
        norm = nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)  # before it was clipped
        run.count(total.item(), norm.item(), tokens)
        run.optimizer.step()
        run.rate.step()
        run.step += 1
        if after_step is not None:
            after_step(run)
