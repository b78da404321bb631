"""Notebook 7: how long a training step and a translation take, and how that grows with the sentences."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pandas as pd
import torch

from seq2seq_utils.batching import Batch, make_batch
from seq2seq_utils.models import Seq2Seq, evaluation_mode
from seq2seq_utils.text import SOS_ID, UNK_ID
from seq2seq_utils.training import Run, Settings, train_epoch

Work = Callable[[], object]


def milliseconds_by_length(
    models: Mapping[str, Seq2Seq], lengths: Sequence[int], batch_size: int = 32, repeats: int = 5
) -> pd.DataFrame:
    """Times a training step and a translation of some models, for sentences of some lengths.

    All models take turns, so that what else the machine does slows all alike. The models stay as they are.

    Args:
        models: by name, on any device.
        lengths: how many words a sentence and its translation have.
        batch_size: how many sentences, side by side; every word in them is the same.
        repeats: how often each is timed, after a first time that is not; the median counts.

    Returns:
        A row for each model and number of words; in milliseconds for the batch ``"training"``, a step of
        `train_epoch`, and ``"translating"``, what `write` does.

    Raises:
        ValueError: if there is no model or length, or a length, `batch_size` or `repeats` is less than 1.
    """
    _check_positive("lengths", *lengths)
    _check_positive("batch_size", batch_size)
    _check_positive("repeats", repeats)
    if not models:
        raise ValueError("models: there are none; there must be at least one")
    rows = {}
    for length in lengths:
        sentence = [UNK_ID] * length
        batch = make_batch([(sentence, sentence)] * batch_size)
        works: list[Work] = []
        for model in models.values():
            works += [_training_step(model, batch, repeats), partial(write, model, batch)]
        medians(works, 1)  # whatever is slow only the first time
        times = [1000 * seconds for seconds in medians(works, repeats)]
        for name, training, translating in zip(models, times[::2], times[1::2], strict=True):
            rows[name, length] = {"training": training, "translating": translating}
    table = pd.DataFrame(rows).T.rename_axis(["model", "words"])
    return table.loc[list(models)]


def medians(works: Sequence[Work], repeats: int) -> list[float]:
    """The median seconds of each work. They take turns, so that a busy machine slows all alike.

    Args:
        works: what is to be timed.
        repeats: how often each is.
    """
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, times in zip(works, seconds, strict=True):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


def _training_step(model: Seq2Seq, batch: Batch, repeats: int) -> Work:
    """A step of training, to be taken `repeats` times and once more, of a copy of the model."""
    run = Run.begin(copy.deepcopy(model), [batch], Settings(epochs=repeats + 1))
    return lambda: train_epoch(run, [batch])


@torch.no_grad()
def write(model: Seq2Seq, batch: Batch) -> list[list[int]]:
    """Greedy search for the sentences of a batch that does not end with EOS.

    Args:
        model: any.
        batch: of its targets only the length counts: so many words are written.

    Returns:
        The ids of each translation.
    """
    batch = batch.to(model.device)
    with evaluation_mode(model):
        state = model.decoder.start(model.encoder(batch.source, batch.source_lengths))
        token = torch.full((len(batch.source),), SOS_ID, device=model.device)
        written = []
        for _ in range(batch.target_input.shape[1]):
            logits, state = model.decoder.step(token, state)
            token = logits.argmax(dim=1)  # (batch,)
            written.append(token)
    ids: list[list[int]] = torch.stack(written, dim=1).tolist()
    return ids


def _check_positive(name: str, *numbers: int) -> None:
    if not numbers or min(numbers) < 1:
        raise ValueError(f"{name}: {[*numbers]} is not allowed; each must be 1 or more, of at least one")
