"""Schedules: what changes from step to step of training, teacher forcing and the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable

# A teacher-forcing ratio for each step of training; the argument counts the steps already taken.
Schedule = Callable[[int], float]


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


def teacher_forcing_ratios(teacher_forcing: float | Schedule, steps: int) -> list[float]:
    """The ratio at each step, all of them looked at before the first is taken.

    Raises:
        ValueError: if one is outside 0 to 1; the message says at which step.
    """
    schedule = teacher_forcing if callable(teacher_forcing) else lambda step: teacher_forcing
    ratios = [schedule(step) for step in range(steps)]
    for step, ratio in enumerate(ratios):
        if not (isinstance(ratio, float | int) and 0 <= ratio <= 1):
            raise ValueError(
                f"teacher_forcing: {ratio!r} at step {step} is not allowed; it must be from 0 to 1"
            )
    return ratios


def learning_rate_share(step: int, warmup: int, steps: int) -> float:
    """The share of the highest learning rate at a step: in a straight line up, then in another down to 0.

    Args:
        step: counted from 0.
        warmup: the step with all of it; 0 begins there.
        steps: how many there are, more than `warmup`.
    """
    return (step + 1) / (warmup + 1) if step < warmup else (steps - step) / (steps - warmup)
