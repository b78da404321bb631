"""Checkpoints: a training written to a file, so that it goes on exactly where it stopped."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import nn

_FORMAT = 1


def save(path: str | Path, contents: Mapping[str, Any]) -> None:
    """Writes a file whole or not at all: under another name first, which is then changed.

    Args:
        path: where to; a file that is there already is replaced. Its folder is made if need be.
        contents: tensors, numbers, texts, and lists, tuples and dicts of these: nothing that would have to
            run code when it is read.
    """
    with whole_or_not_at_all(path) as file:
        torch.save({"format": _FORMAT, **contents}, file)


@contextmanager
def whole_or_not_at_all(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` when all is written; if that fails, nothing does.

    Args:
        path: where to; its folder is made if need be.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.replace(unfinished, path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


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
    try:
        contents = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError):
        raise ValueError(f"path: {path} is damaged, or not a checkpoint") from None
    if not isinstance(contents, dict) or contents.get("format") != _FORMAT:
        raise ValueError(f"path: {path} is not a checkpoint of this version")
    if missing := [name for name in needed if name not in contents]:
        raise ValueError(f"path: {path} holds no {', '.join(missing)}")
    return contents


def load_weights(model: nn.Module, weights: Mapping[str, torch.Tensor], path: str | Path) -> None:
    """Puts weights into a model, or says what does not fit.

    Args:
        model: its weights are replaced.
        weights: a `state_dict`.
        path: the file they come from, for the message.

    Raises:
        ValueError: if they are another model's; the message names the first difference, and the model is
            unchanged.
    """
    ours = model.state_dict()
    for name in [*ours, *weights]:
        wanted, found = (tuple(part[name].shape) if name in part else None for part in (ours, weights))
        if wanted != found:
            raise ValueError(
                f"path: {path} is of another model: {name} is {_said(found)} there, and {_said(wanted)} here"
            )
    model.load_state_dict(weights)


def _said(shape: tuple[int, ...] | None) -> str:
    return "not" if shape is None else f"of shape {shape}"


# ------------------------------------------------------------------------------- random numbers
def random_states() -> dict[str, Any]:
    """Where PyTorch's random numbers have got to, on every device."""
    states: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_random_states(states: Mapping[str, Any]) -> None:
    """Goes on from `random_states`; those of a device that is not here are left out."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])
    if "mps" in states and torch.backends.mps.is_available():
        torch.mps.set_rng_state(states["mps"])
