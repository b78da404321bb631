"""How long a training will take, how much memory, from a few steps; and what of it fits into a time."""

from __future__ import annotations

import copy
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import torch

from seq2seq_utils.batching import PairLoader, make_batch, make_loader
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.own_pairs.choosing import shortest_warmup
from seq2seq_utils.own_pairs.files import Kept
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import Run, evaluate_loss, predict, train_epoch
from seq2seq_utils.training.checkpoints import random_states, set_random_states
from seq2seq_utils.training.processes import data_parallel, from_first, share_of
from seq2seq_utils.training.recipes import Recipe
from seq2seq_utils.translation import translate

STEPS = 20  # that are timed
_FIRST = 3  # steps that are not: the first ones ask the system for memory
_TRANSLATED = 64  # validation sentences
_MEGABYTE = 2**20
_STATUS = Path("/proc/self/status")  # of this process, on Linux


@dataclass(frozen=True)
class Estimate:
    """What a training will take, as far as a few steps can tell."""

    seconds_of_training: float  # an epoch
    seconds_of_measuring: float  # after each epoch, and before the first
    megabytes: float | None  # of the process, or of the GPU; None where the system does not say

    def seconds(self, epochs: int) -> float:
        """Those of so many epochs."""
        return epochs * self.seconds_of_training + (epochs + 1) * self.seconds_of_measuring


@dataclass(frozen=True)
class Shortened:
    """What fits into a time: a recipe, and how many pairs of the training."""

    recipe: Recipe
    pairs: int


def estimate(
    model: Seq2Seq,
    kept: Kept,
    validation: Kept,
    codecs: tuple[TextCodec, TextCodec],
    recipe: Recipe,
    device: torch.device,
) -> Estimate:
    """Times some steps and translations with a copy of the model; model and random numbers stay as they are.

    Several processes are timed as they will train: together.

    Args:
        model: untrained.
        kept: the training pairs.
        validation: the validation pairs.
        codecs: of the sentences, and of the translations.
        recipe: the settings.
        device: where it will be trained.
    """
    tried = copy.deepcopy(model).to(device)
    with same_random_numbers_afterwards():
        seconds = _seconds_per_token(tried, _sample(kept, recipe), _longest(kept, recipe), recipe)
        megabytes = _megabytes(device, tried)
        measuring = from_first(lambda: _seconds_of_measuring(tried, validation, codecs))
    tokens = int(kept.ids.lengths[:, 1].sum()) + len(kept.pairs)  # EOS is one, too
    return Estimate(seconds * tokens, measuring, megabytes)


def shorten(recipe: Recipe, expected: Estimate, pairs: int, minutes: float) -> Shortened:
    """As much of a schedule as fits into a time: whole epochs, or one of fewer pairs.

    Whole epochs come first, since every pair is seen equally often then, and the learning rate gets down to 0
    at the end of the schedule, however long that is. Where not even one fits, fewer pairs are seen once: a
    pair that is new teaches more than one that is seen again.

    Args:
        recipe: with the epochs that it should have.
        expected: of this recipe with all pairs.
        pairs: how many these are.
        minutes: how long it may take.

    Raises:
        ValueError: if there is not time enough to measure and to train on one batch.
    """
    seconds = 60 * minutes
    if expected.seconds(recipe.epochs) <= seconds:
        return Shortened(recipe, pairs)
    both = expected.seconds_of_training + expected.seconds_of_measuring
    epochs = int((seconds - expected.seconds_of_measuring) / both)
    if epochs >= 1:
        averaged = round(recipe.averaged_epochs * epochs / recipe.epochs)
        return Shortened(replace(recipe, epochs=epochs, averaged_epochs=averaged), pairs)
    left = seconds - 2 * expected.seconds_of_measuring
    fewer = int(pairs * left / expected.seconds_of_training)
    if fewer < recipe.batch_size:
        raise ValueError(
            f"minutes: {minutes:g} is not enough; measuring takes {2 * expected.seconds_of_measuring:.0f} s, "
            f"and an epoch {expected.seconds_of_training:.0f} s"
        )
    return Shortened(replace(recipe, epochs=1, averaged_epochs=0), fewer)


def drawn(kept: Kept, count: int) -> Kept:
    """So many of the pairs, drawn at random, always the same ones; all of them stay in their order."""
    if count >= len(kept.pairs):
        return kept
    return kept.at(sorted(random.Random(0).sample(range(len(kept.pairs)), count)))


@contextmanager
def same_random_numbers_afterwards() -> Iterator[None]:
    """Whatever is drawn within, the random numbers of Python and PyTorch go on as if nothing had been."""
    states = random_states()
    try:
        yield
    finally:
        set_random_states(states)


# ----------------------------------------------------------------------------------- what is measured
def _sample(kept: Kept, recipe: Recipe) -> PairLoader:
    """Batches as the training has them, as many as are timed if there are so many."""
    return make_loader(drawn(kept, (STEPS + _FIRST) * recipe.batch_size).ids, recipe.batch_size)


def _longest(kept: Kept, recipe: Recipe) -> PairLoader:
    """The batch that takes most memory."""
    by_length = kept.ids.lengths.sum(axis=1).argsort(kind="stable")
    return make_loader(kept.at(by_length[-recipe.batch_size :].tolist()).ids, recipe.batch_size)


def _seconds_per_token(model: Seq2Seq, loader: PairLoader, longest: PairLoader, recipe: Recipe) -> float:
    epochs = -(-(STEPS + _FIRST) // len(loader))
    steps = epochs * len(loader)
    settings = replace(shortest_warmup(recipe, steps), epochs=epochs).settings
    run = Run.begin(model, loader, settings)
    run.predict = data_parallel(model, predict)
    batches = chain.from_iterable(share_of(loader) for _ in range(epochs))
    train_epoch(run, chain(share_of(longest), islice(batches, _FIRST - 1)))
    started, tokens = _now(model), run.tokens
    train_epoch(run, islice(batches, STEPS))
    return (_now(model) - started) / (run.tokens - tokens)


def _seconds_of_measuring(model: Seq2Seq, validation: Kept, codecs: tuple[TextCodec, TextCodec]) -> float:
    """As if each translation ended where the references do, as it does once the model has learned."""
    pairs, ids = validation.pairs[:_TRANSLATED], validation.ids[:_TRANSLATED]
    started = _now(model)
    evaluate_loss(model, [make_batch(ids)])
    translate(model, [pair.source for pair in pairs], *codecs, limit=int(ids.lengths[:, 1].max()))
    return (_now(model) - started) * len(validation.pairs) / len(pairs)


def _now(model: Seq2Seq) -> float:
    """The time, all that the device was asked for being done."""
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)
    elif model.device.type == "mps":
        torch.mps.synchronize()
    return time.perf_counter()


def _megabytes(device: torch.device, model: Seq2Seq) -> float | None:
    """The most memory so far; and the best weights, which early stopping will keep beside the newest."""
    weights = sum(parameter.nbytes for parameter in model.parameters()) / _MEGABYTE
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / _MEGABYTE + weights
    if device.type == "mps":
        return torch.mps.driver_allocated_memory() / _MEGABYTE + weights
    most = _most_megabytes()
    return None if most is None else most + weights


def _most_megabytes() -> float | None:
    """The most memory that this process had so far; None where the system does not say."""
    if _STATUS.is_file():
        for line in _STATUS.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):  # in kilobytes
                return int(line.split()[1]) / 1024
    if sys.platform == "win32":
        return None
    import resource  # not there on Windows; on Linux it counts the process, too, that started this one

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, else kilobytes
    return most / (_MEGABYTE if sys.platform == "darwin" else 1024)
