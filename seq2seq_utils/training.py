"""Training: the loss, teacher forcing and its schedules, one loop, and the record of how it went."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from seq2seq_utils.batching import Batch
from seq2seq_utils.models import Seq2Seq, evaluation_mode
from seq2seq_utils.text import PAD_ID

# A teacher-forcing ratio for each step of training; the argument counts the steps already taken.
Schedule = Callable[[int], float]


def seed_everything(seed: int) -> None:
    """Makes what follows repeatable on this machine: weights and shuffling start from `seed`."""
    random.seed(seed)
    torch.manual_seed(seed)


def pick_device() -> torch.device:
    """The fastest device there is: CUDA, Apple's MPS, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def token_loss(logits: Tensor, target_output: Tensor) -> tuple[Tensor, int]:
    """The summed cross-entropy, in nats, of the real target tokens, EOS among them and PAD not.

    Args:
        logits: (batch, target_len, vocabulary_size).
        target_output: (batch, target_len).

    Returns:
        The sum and the number of tokens; divide the one by the other for a loss per token.
    """
    total = nn.functional.cross_entropy(
        logits.flatten(0, 1), target_output.flatten(), ignore_index=PAD_ID, reduction="sum"
    )
    return total, int((target_output != PAD_ID).sum())


@torch.no_grad()
def evaluate_loss(model: Seq2Seq, loader: DataLoader) -> float:
    """The teacher-forced loss per token, in nats, over everything that `loader` gives.

    One sum over the whole set is divided by one count: a mean of batch means would depend on how the
    sentences fall into batches. `math.exp` of it is the perplexity.
    """
    total, count = 0.0, 0
    with evaluation_mode(model):
        for batch in _at_least_one(loader):
            loss, tokens = _batch_loss(model, batch)
            total, count = total + loss.item(), count + tokens
    return total / count


# ----------------------------------------------------------------- teacher forcing and its schedules
def linear_schedule(steps: int, last: float = 0.0) -> Schedule:
    """From 1 in a straight line to `last`, reached after `steps` steps and kept from there on.

    Raises:
        ValueError: if there is not one step at least, or `last` is outside 0 to 1.
    """
    if steps < 1:
        raise ValueError(f"steps: {steps} is not allowed; it must be 1 or more")
    if not 0 <= last <= 1:
        raise ValueError(f"last: {last} is not allowed; it must be from 0 to 1")
    return lambda step: max(0.0, 1 - step / steps) * (1 - last) + last


def exponential_schedule(base: float) -> Schedule:
    """`base` to the power of the step: with 0.999 half is reached after 693 steps.

    Raises:
        ValueError: if `base` is not between 0 and 1.
    """
    if not 0 < base < 1:
        raise ValueError(f"base: {base} is not allowed; it must be more than 0 and less than 1")
    return lambda step: base**step


def inverse_sigmoid_schedule(k: float) -> Schedule:
    """The inverse sigmoid k / (k + exp(step / k)): half is reached after k log k steps.

    Raises:
        ValueError: if `k` is less than 1.
    """
    if not 1 <= k < math.inf:
        raise ValueError(f"k: {k} is not allowed; it must be a number, 1 or more")
    return lambda step: k / (k + math.exp(min(step / k, 700)))  # e^710 is beyond a float


def _ratios(teacher_forcing: float | Schedule, steps: int) -> list[float]:
    """The ratio at each step, all of them looked at before the first is taken."""
    schedule = teacher_forcing if callable(teacher_forcing) else lambda step: teacher_forcing
    ratios = [schedule(step) for step in range(steps)]
    for step, ratio in enumerate(ratios):
        if not (isinstance(ratio, float | int) and 0 <= ratio <= 1):
            raise ValueError(
                f"teacher_forcing: {ratio!r} at step {step} is not allowed; it must be from 0 to 1"
            )
    return ratios


# ------------------------------------------------------------------------------------------ the loop
@dataclass
class History:
    """What `fit` saw, one record an epoch."""

    records: list[dict[str, float]] = field(default_factory=list)

    def frame(self) -> pd.DataFrame:
        """The records as a table: epoch, step, seconds, train_loss, and what `measure` returned."""
        return pd.DataFrame(self.records)


def fit(
    model: Seq2Seq,
    loader: DataLoader,
    epochs: int,
    learning_rate: float = 3e-3,
    clip_norm: float = 1.0,
    teacher_forcing: float | Schedule = 1.0,
    measure: Callable[[Seq2Seq], dict[str, float]] | None = None,
    progress: str = "training",
) -> History:
    """Trains with Adam; the learning rate falls linearly to 0.

    Args:
        model: trained in place, on the device it is on.
        loader: the training batches, from `batching.make_loader`.
        epochs: how many times each sentence is seen.
        learning_rate: Adam's, at the first step.
        clip_norm: the longest gradient allowed; longer ones are shortened to it.
        teacher_forcing: the probability that the decoder is fed the true previous word, and not the one
            it has found likeliest: a number, or a schedule. At 1 all steps run in one fused call.
        measure: called with the model after each epoch; what it returns goes into the record, and the
            time it takes is not counted.
        progress: what to write beside the progress bar.

    Returns:
        One record an epoch: loss per token in nats, fed as in training, and seconds of training so far.

    Raises:
        ValueError: if an argument is out of range, or the loss is not a number; the message then says
            at which step.
    """
    if epochs < 1:
        raise ValueError(f"epochs: {epochs} is not allowed; it must be 1 or more")
    if clip_norm <= 0:
        raise ValueError(f"clip_norm: {clip_norm} is not allowed; it must be more than 0")
    steps = epochs * len(_at_least_one(loader))
    ratios = _ratios(teacher_forcing, steps)
    fused = next(model.parameters()).device.type in ("cpu", "cuda")  # one pass over the weights, not several
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=fused)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    history, seconds, step = History(), 0.0, 0
    model.train()
    with progress_bar(steps, progress) as bar:
        for epoch in range(1, epochs + 1):
            started = time.perf_counter()
            total, count = 0.0, 0
            for batch in loader:
                loss, tokens = _batch_loss(model, batch, ratios[step])
                step, total, count = step + 1, total + loss.item(), count + tokens
                if not math.isfinite(total):
                    raise ValueError(
                        f"loss: {loss.item()} at step {step} of {steps}; try a smaller learning_rate"
                    )
                optimizer.zero_grad()
                (loss / tokens).backward()
                nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
                optimizer.step()
                schedule.step()
                bar.update()
            seconds += time.perf_counter() - started
            record = {"epoch": epoch, "step": step, "seconds": seconds, "train_loss": total / count}
            history.records.append(record | (measure(model) if measure else {}))
            bar.set_postfix(loss=f"{total / count:.2f}")
    return history


def _at_least_one(loader: DataLoader) -> DataLoader:
    if len(loader) == 0:
        raise ValueError("loader: it has no batches; there must be at least one")
    return loader


def progress_bar(steps: int, description: str) -> tqdm:
    """A bar that goes away when done; none where the environment has TQDM_DISABLE.

    (The variable is tqdm's own, but its notebook version does not look at it.)
    """
    return tqdm(total=steps, desc=description, leave=False, disable="TQDM_DISABLE" in os.environ)


def _batch_loss(model: Seq2Seq, batch: Batch, teacher_forcing: float = 1.0) -> tuple[Tensor, int]:
    batch = batch.to(next(model.parameters()).device)
    logits = model(batch.source, batch.source_lengths, batch.target_input, teacher_forcing)
    return token_loss(logits, batch.target_output)
