"""What a training starts from: the seed of the random numbers, and the device."""

from __future__ import annotations

import os
import random

import torch

from seq2seq_utils.batching import moved_seed

DEVICE_VARIABLE = "SEQ2SEQ_DEVICE"  # names the device for everything that does not name one itself


def seed_everything(seed: int) -> None:
    """Makes PyTorch's and Python's random numbers repeatable on this machine: weights, dropout, fed words.

    The order of the sentences is not among them: a loader has a seed of its own (see `batching.make_loader`).
    Both are moved by the environment variable SEQ2SEQ_SEED_OFFSET (see `batching.moved_seed`).

    Raises:
        ValueError: if that variable is no whole number of 0 or more.
    """
    seed = moved_seed(seed)
    random.seed(seed)
    torch.manual_seed(seed)


def pick_device(name: str | None = None) -> torch.device:
    """The device that is asked for; without a wish the CPU.

    A GPU is not taken unasked: on Apple's MPS packed GRUs are reported to crash or to give NaN
    (https://github.com/pytorch/pytorch/issues/102911 and 94691).

    Args:
        name: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``; by default what the environment variable
            SEQ2SEQ_DEVICE says.

    Raises:
        ValueError: if this machine has no such device.
    """
    argument, wanted = ("name", name) if name else (DEVICE_VARIABLE, os.environ.get(DEVICE_VARIABLE) or "cpu")
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices += ["cuda", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        devices.append("mps")
    if wanted not in devices:
        raise ValueError(f"{argument}: there is no device {wanted!r} here; there is {', '.join(devices)}")
    return torch.device(wanted)
