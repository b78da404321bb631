"""Training: one loop, the record of how it went, and checkpoints to go on from."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.progress import progress_bar
from seq2seq_utils.training import checkpoints
from seq2seq_utils.training.loss import _at_least_one, _batch_loss
from seq2seq_utils.training.teacher_forcing import Schedule, learning_rate_share, teacher_forcing_ratios


@dataclass
class History:
    """What `fit` saw, one record an epoch."""

    records: list[dict[str, float]] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """The records as a table: epoch, step, seconds, train_loss, and what `measure` returned."""
        return pd.DataFrame(self.records)


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

    def since_best(self, records: list[dict[str, float]]) -> int:
        """How many epochs have passed since the best one; of equally good ones the first is best."""
        sign = -1 if self.larger_is_better else 1
        values = [sign * record[self.watched] for record in records]
        return len(values) - 1 - values.index(min(values))


def fit(
    model: Seq2Seq,
    loader: DataLoader,
    epochs: int,
    learning_rate: float = 3e-3,
    clip_norm: float = 1.0,
    teacher_forcing: float | Schedule = 1.0,
    measure: Callable[[Seq2Seq], dict[str, float]] | None = None,
    progress: str = "training",
    label_smoothing: float = 0.0,
    warmup: int = 0,
    stopping: EarlyStopping | None = None,
    checkpoint: str | Path | None = None,
) -> History:
    """Trains with Adam; the learning rate rises over `warmup` steps, then falls linearly to 0.

    Args:
        model: trained in place, on the device it is on.
        loader: the training batches, from `batching.make_loader`.
        epochs: how many times each sentence is seen.
        learning_rate: Adam's, where it is highest.
        clip_norm: the longest gradient allowed; longer ones are shortened to it.
        teacher_forcing: the probability that the decoder is fed the true previous word, and not the one
            it has found likeliest: a number, or a schedule. At 1 all steps run in one fused call.
        measure: called with the model after each epoch; what it returns goes into the record, and the
            time it takes is not counted.
        progress: what to write beside the progress bar.
        label_smoothing: see `token_loss`; train_loss is the smoothed one, then.
        warmup: steps until the learning rate is highest, fewer than there are steps.
        stopping: when to stop before the last epoch; the model ends with the weights of the best one.
        checkpoint: a file, written after each epoch. If it is there, the training goes on from it: with
            the same arguments, on a CPU, to the same numbers as if it had never stopped.

    Returns:
        One record an epoch: loss per token in nats, fed as in training, and seconds of training so far.

    Raises:
        ValueError: if an argument is out of range, the loss is not a number (the message says at which
            step), or the checkpoint is damaged, or comes from another model or training.
    """
    if epochs < 1:
        raise ValueError(f"epochs: {epochs} is not allowed; it must be 1 or more")
    if clip_norm <= 0:
        raise ValueError(f"clip_norm: {clip_norm} is not allowed; it must be more than 0")
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing: {label_smoothing} is not allowed; it must be from 0 to below 1")
    if stopping and not measure:
        raise ValueError(f"stopping: nothing measures {stopping.watched!r}; give `measure` as well")
    batches = len(_at_least_one(loader))
    steps = epochs * batches
    if not 0 <= warmup < steps:
        raise ValueError(f"warmup: {warmup} is not allowed; it must be from 0 to {steps - 1}")
    ratios = teacher_forcing_ratios(teacher_forcing, steps)
    run = _Run(model, loader, learning_rate, warmup, steps)
    if checkpoint:
        run.check_resumable()
        if Path(checkpoint).exists():
            run.resume(checkpoint)
    records = run.history.records
    model.train()
    with progress_bar(steps, progress) as bar:
        bar.update(len(records) * batches)
        while len(records) < epochs and not (stopping and records and _is_over(stopping, records)):
            seconds = records[-1]["seconds"] if records else 0.0
            step = len(records) * batches
            started = time.perf_counter()
            total, count = 0.0, 0
            for batch in loader:
                loss, tokens = _batch_loss(model, batch, ratios[step], label_smoothing)
                step, total, count = step + 1, total + loss.item(), count + tokens
                if not math.isfinite(total):
                    raise ValueError(
                        f"loss: {loss.item()} at step {step} of {steps}; try a smaller learning_rate"
                    )
                run.optimizer.zero_grad()
                (loss / tokens).backward()
                nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
                run.optimizer.step()
                run.rate.step()
                bar.update()
            seconds += time.perf_counter() - started
            record = {
                "epoch": len(records) + 1,
                "step": step,
                "seconds": seconds,
                "train_loss": total / count,
            }
            records.append(record | (measure(model) if measure else {}))
            bar.set_postfix(loss=f"{total / count:.2f}")
            if stopping and stopping.since_best(records) == 0:
                run.best = copy.deepcopy(model.state_dict())
            if checkpoint:
                run.save(checkpoint)
    if run.best is not None:
        model.load_state_dict(run.best)
    return run.history


def _is_over(stopping: EarlyStopping, records: list[dict[str, float]]) -> bool:
    return stopping.since_best(records) > stopping.patience


class _Run:
    """All that changes while a model is trained, and its way into a checkpoint and back."""

    def __init__(
        self, model: Seq2Seq, loader: DataLoader, learning_rate: float, warmup: int, steps: int
    ) -> None:
        fused = next(model.parameters()).device.type in ("cpu", "cuda")  # one pass over all weights
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=fused)
        self.rate = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: learning_rate_share(step, warmup, steps)
        )
        self.history = History()
        self.best: dict[str, Tensor] | None = None  # the weights of the best epoch, where one is looked for
        self._sampler = getattr(loader, "batch_sampler", None)
        self._settings = {"learning_rate": learning_rate, "warmup": warmup, "steps": steps}

    def check_resumable(self) -> None:
        if not hasattr(self._sampler, "state_dict"):
            raise ValueError(
                "checkpoint: this loader cannot be set to a later epoch; take one from `batching.make_loader`"
            )

    def contents(self) -> dict[str, object]:
        return {
            "settings": self._settings,
            "records": self.history.records,
            "model": self.model.state_dict(),
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "rate": self.rate.state_dict(),
            "sampler": self._sampler.state_dict(),
            "random": checkpoints.random_states(),
        }

    def save(self, path: str | Path) -> None:
        checkpoints.save(path, self.contents())

    def resume(self, path: str | Path) -> None:
        contents = checkpoints.load(path, *self.contents())
        checkpoints.load_weights(self.model, contents["model"], path)
        for name, ours in self._settings.items():
            if (theirs := contents["settings"][name]) != ours:
                raise ValueError(
                    f"checkpoint: {path} is of another training: {name} is {theirs} there, and {ours} here"
                )
        self.history.records[:] = contents["records"]
        self.best = contents["best"]
        self.optimizer.load_state_dict(contents["optimizer"])
        self.rate.load_state_dict(contents["rate"])
        self._sampler.load_state_dict(contents["sampler"])
        checkpoints.set_random_states(contents["random"])
