"""Teacher forcing: how often the true word is fed, the coin toss, and the decoder step by step."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from seq2seq_utils.batching import Batch
from seq2seq_utils.models import Decoder, Encoded, Seq2Seq, check_ids
from seq2seq_utils.text import SOS_ID

# A teacher-forcing ratio for each step of training; the argument counts the steps already taken.
Schedule = Callable[[int], float]


def predict(model: Seq2Seq, batch: Batch, teacher_forcing: float = 1.0) -> Tensor:
    """Scores for every next token of a batch, the decoder fed the true previous one or its own.

    Args:
        model: on the batch's device.
        batch: sources, and targets to feed.
        teacher_forcing: the probability of the true word. At 1 all steps run in one call; below 1 one step
            follows another (see `unroll`).

    Returns:
        Logits, (batch, target_len, vocabulary_size).

    Raises:
        ValueError: if `teacher_forcing` is outside 0 to 1, or an id is outside its vocabulary.
    """
    if teacher_forcing == 1:
        logits: Tensor = model(batch.source, batch.source_lengths, batch.target_input)
        return logits
    encoded = model.encoder(batch.source, batch.source_lengths)
    return unroll(model.decoder, batch.target_input, encoded, teacher_forcing)


def unroll(
    decoder: Decoder[Any], target_input: Tensor, encoded: Encoded, teacher_forcing: float = 1.0
) -> Tensor:
    """The decoder step after step: scores for every next token, as scheduled sampling trains it.

    At each step, and for each sentence by itself, the decoder is fed the true previous word with the
    probability `teacher_forcing`, and otherwise the word that it has found likeliest (Bengio et al., 2015).
    At 0 the target's words are never read; what remains of it is how many steps there are.

    Args:
        decoder: its `start` and `step` are called.
        target_input: SOS y₁ … yₙ, (batch, target_len).
        encoded: what the encoder made of the batch.
        teacher_forcing: a probability.

    Returns:
        Logits, (batch, target_len, vocabulary_size).

    Raises:
        ValueError: if `teacher_forcing` is outside 0 to 1, or an id is outside the vocabulary.
    """
    _check_what_is_fed(decoder, target_input, teacher_forcing)
    forced = toss_coins(target_input, teacher_forcing)  # (batch, target_len)
    state = decoder.start(encoded)
    token = torch.full_like(target_input[:, 0], SOS_ID)  # (batch,)
    scores: list[Tensor] = []
    for position in range(target_input.shape[1]):
        if position > 0:
            predicted = scores[-1].argmax(dim=1)  # a choice, not a quantity: no gradient goes back through it
            token = torch.where(forced[:, position], target_input[:, position], predicted)
        logits, state = decoder.step(token, state)  # (batch, vocabulary_size)
        scores.append(logits)
    return torch.stack(scores, dim=1)


def _check_what_is_fed(decoder: Decoder[Any], target_input: Tensor, teacher_forcing: float) -> None:
    if not 0 <= teacher_forcing <= 1:
        raise ValueError(f"teacher_forcing: {teacher_forcing} is not allowed; it must be from 0 to 1")
    check_ids("target_input", target_input, decoder.vocabulary_size)


def toss_coins(target_input: Tensor, teacher_forcing: float) -> Tensor:
    """For each place of each sentence whether the true word is fed there, (batch, target_len)."""
    return (torch.rand(target_input.shape) < teacher_forcing).to(target_input.device)


# -------------------------------------------------------------------------------------- schedules
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
        if not (isinstance(ratio, Real) and 0 <= ratio <= 1):
            raise ValueError(
                f"teacher_forcing: {ratio!r} at step {step} is not allowed; it must be from 0 to 1"
            )
    return ratios
