"""Checkpoints: a training written to a file, so that it goes on exactly where it stopped."""

from __future__ import annotations

import glob
import hashlib
import io
import os
import random
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import nn

from seq2seq_utils.batching import PairLoader
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.training.loop import AfterEpoch, Run
from seq2seq_utils.training.processes import draw_apart, from_first, gather, process_count, process_number

_FORMAT = 3
_UNFINISHED = ".tmp"


@dataclass(frozen=True)
class Checkpoint:
    """A file that a training is written to, and goes on from when it is there.

    Each training needs a file of its own: two that run at once must not share one. Of several processes that
    train together, all must call `write` at the same steps; the first one's file is the one that counts.

    Args:
        path: its folder is made if need be.
        every_steps: write it inside an epoch, too, each time so many steps have been taken.

    Raises:
        ValueError: if `every_steps` is less than 1.
    """

    path: str | Path
    every_steps: int | None = None

    def __post_init__(self) -> None:
        if self.every_steps is not None and self.every_steps < 1:
            raise ValueError(f"every_steps: {self.every_steps} is not allowed; it must be 1 or more")

    def after_step(self, run: Run) -> None:
        """Writes the file if it is time to."""
        if self.every_steps is not None and run.step % self.every_steps == 0:
            self.write(run)

    def write(self, run: Run) -> None:
        """Writes all that changes in a training, and what must be the same when it goes on."""
        contents = _contents(run)
        first, *others = gather(contents["random"])
        if others:
            contents["random"] = {**first, "others": others}
        if process_number() == 0:
            save(self.path, contents)

    def resume(self, run: Run) -> None:
        """Goes on from the file, if it is there, and says so where the numbers may differ.

        Raises:
            ValueError: if the loader cannot be set to a place in its order, or the file is damaged or of
                another training; the run is unchanged, then.
        """
        current = _contents(run)
        written = from_first(lambda: self._read(*current))
        if written is None:
            return
        _check_same(self.path, written["fingerprint"], current["fingerprint"])
        if written["machine"] != current["machine"] and process_number() == 0:
            before = 1 + len(written["random"].get("others", []))
            more = "" if before == process_count() else ", and dropout draws others; the batches are the same"
            print(
                f"checkpoint: {self.path} was written on {written['machine']}, and this is "
                f"{current['machine']}: the last digits of the numbers may differ{more}"
            )
        # What is peculiar to a device is chosen anew.
        for group, here in zip(written["optimizer"]["param_groups"], run.optimizer.param_groups, strict=True):
            group["fused"] = here["fused"]
        run.model.load_state_dict(written["model"])
        run.best = written["best"]
        run.optimizer.load_state_dict(written["optimizer"])
        run.rate.load_state_dict(written["rate"])
        _pair_loader(run).load_state_dict(written["loader"])
        run.history.records[:] = written["records"]
        run.step, run.seconds = written["step"], written["seconds"]
        run.loss, run.tokens = written["loss"], written["tokens"]
        run.stopped = written["stopped"]
        _set_own_random_states(written["random"])

    def _read(self, *needed: str) -> dict[str, Any] | None:
        _remove_unfinished(Path(self.path))
        return load(self.path, *needed) if Path(self.path).exists() else None


def _contents(run: Run) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint(run),
        "machine": machine(run.model),
        "model": run.model.state_dict(),
        "best": run.best,
        "optimizer": run.optimizer.state_dict(),
        "rate": run.rate.state_dict(),
        "loader": _pair_loader(run).state_dict(),
        "random": random_states(),
        "records": run.history.records,
        "step": run.step,
        "seconds": run.seconds,
        "loss": run.loss,
        "tokens": run.tokens,
        "stopped": run.stopped,
    }


def fingerprint(run: Run) -> dict[str, Any]:
    """What decides a training's numbers: data, sizes, settings, seed; where it runs is no part of it."""
    settings, loader = run.settings, _pair_loader(run)
    sizes = {f"size of {name}": list(weights.shape) for name, weights in run.model.state_dict().items()}
    dropout = {
        f"dropout of {name}": module.p
        for name, module in run.model.named_modules()
        if isinstance(module, nn.Dropout)
    }
    forcing = settings.teacher_forcing
    names = dict(run.model.named_parameters(remove_duplicate=False))
    # Stands there only where it is used: files that were written before there was such a thing can go on.
    rare = {
        "word_dropout": settings.word_dropout,
        "weights with two names": len(names) - len(list(run.model.parameters())),
        "after_epoch": ", ".join(map(_in_words, run.after_epoch)),
    }
    return {
        **sizes,
        **dropout,
        **{name: value for name, value in rare.items() if value},
        "pairs": loader.dataset.digest,
        "global batch": loader.batch_sampler.batch_size,
        "pool": loader.batch_sampler.pool,
        "seed": loader.batch_sampler.seed,
        "steps": len(run.ratios),
        "learning_rate": settings.learning_rate,
        "warmup": settings.warmup,
        "clip_norm": settings.clip_norm,
        "label_smoothing": settings.label_smoothing,
        "teacher_forcing": _digest(run.ratios) if callable(forcing) else forcing,
    }


def _in_words(function: AfterEpoch) -> str:
    """The name of a function, with the fields of one that is a dataclass: the same in each process."""
    kind = type(function)
    if is_dataclass(kind):
        values = [f"{field.name}={getattr(function, field.name)}" for field in fields(kind)]
        return f"{kind.__qualname__}({', '.join(values)})"
    name: str = getattr(function, "__qualname__", kind.__qualname__)
    return name


def machine(model: Seq2Seq) -> str:
    """What a training runs on, in words: where this differs, the last digits of its numbers may, too."""
    device = model.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    threads = torch.get_num_threads()
    return f"{name} (threads: {threads}, processes: {process_count()}, PyTorch {torch.__version__})"


def _digest(numbers: list[float]) -> str:
    return "a schedule, " + hashlib.sha256(repr(numbers).encode()).hexdigest()[:16]


def _pair_loader(run: Run) -> PairLoader:
    if not isinstance(run.loader, PairLoader):
        raise ValueError(
            "checkpoint: this loader cannot be set to a place in its order; take one from `make_loader`"
        )
    return run.loader


def _check_same(path: str | Path, written: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    for name in {**current, **written}:
        before, now = written.get(name, "not there"), current.get(name, "not there")
        if before != now:
            raise ValueError(
                f"checkpoint: {path} is of another training: {name} is {before} there, and {now} here"
            )


# ------------------------------------------------------------------------------------------- files
def save(path: str | Path, contents: Mapping[str, Any]) -> None:
    """Writes a file whole or not at all (see `whole_or_not_at_all`).

    Args:
        path: where to; a file that is there already is replaced. Its folder is made if need be.
        contents: tensors, numbers, texts, and lists, tuples and dicts of these: nothing that would have to
            run code when it is read.
    """
    with whole_or_not_at_all(path) as file:
        try:
            torch.save({"format": _FORMAT, **_without_numpy(contents)}, file)
        except RuntimeError as error:
            # Where a disk is full, PyTorch complains of a place in its archive; the reason is behind that.
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def _without_numpy(contents: Any) -> Any:
    """The same with Python's own numbers in place of NumPy's, which would have to run code when read."""
    if isinstance(contents, np.generic):
        return contents.item()
    if isinstance(contents, Mapping):
        return {_without_numpy(key): _without_numpy(value) for key, value in contents.items()}
    if isinstance(contents, list):
        return [_without_numpy(part) for part in contents]
    if isinstance(contents, tuple):
        return tuple(_without_numpy(part) for part in contents)
    return contents


@contextmanager
def whole_or_not_at_all(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` when all of it is on the disk; or nothing does.

    Args:
        path: where to; its folder is made if need be.

    Raises:
        OSError: if it cannot be written; it names the file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}{_UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename is None:  # as where the disk is full
            error.filename = str(path)
        raise


def _remove_unfinished(path: Path) -> None:
    """Removes what processes that were killed while they wrote this file have left beside it."""
    for file in path.parent.glob(f"{glob.escape(path.name)}.*{_UNFINISHED}"):
        file.unlink(missing_ok=True)


def load(path: str | Path, *needed: str) -> dict[str, Any]:
    """What `save` has written, onto the CPU; no code in the file is run (``weights_only=True``).

    Args:
        path: the file.
        needed: what it must hold.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, was not written by `save`, or lacks what is needed.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path: there is no checkpoint {path}")
    file = io.BytesIO(path.read_bytes())
    try:
        # PyTorch writes checksums and does not look at them: a changed byte would be another weight.
        damaged = zipfile.ZipFile(file).testzip()
        file.seek(0)
        contents = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # whatever the bytes of a file that is none make its readers do
        damaged = str(path)
    if damaged:
        raise ValueError(f"path: {path} is damaged, or not a checkpoint")
    if not isinstance(contents, dict) or "format" not in contents:
        raise ValueError(f"path: {path} is not a checkpoint")
    if contents["format"] != _FORMAT:
        raise ValueError(f"path: {path} has the format {contents['format']}; only {_FORMAT} can be read here")
    if missing := [name for name in needed if name not in contents]:
        raise ValueError(f"path: {path} holds no {', '.join(missing)}")
    return contents


# ---------------------------------------------------------------------------------- random numbers
def random_states() -> dict[str, Any]:
    """Where the random numbers of Python, and of PyTorch on every device in use, have got to."""
    states: dict[str, Any] = {"python": random.getstate(), "cpu": torch.get_rng_state()}
    if torch.cuda.is_initialized():
        states["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_random_states(states: Mapping[str, Any]) -> None:
    """Goes on from `random_states`; those of a device that is not here are left out."""
    random.setstate(states["python"])
    torch.set_rng_state(states["cpu"])
    for number, state in enumerate(states.get("cuda", [])[: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(state, number)
    if "mps" in states and torch.backends.mps.is_available():
        torch.mps.set_rng_state(states["mps"])


def _set_own_random_states(states: Mapping[str, Any]) -> None:
    """The same in each of several processes; one that was not there when they were written draws anew."""
    set_random_states(states)
    number, others = process_number(), states.get("others", [])
    if 0 < number <= len(others):
        set_random_states(others[number - 1])
    else:
        draw_apart()
