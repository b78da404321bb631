"""What a training starts from: the seed of all random numbers, and the device."""

from __future__ import annotations

import random

import torch


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
