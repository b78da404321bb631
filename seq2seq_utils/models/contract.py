"""What goes between the parts of a model: what an encoder gives, and what a step of a decoder gives."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from seq2seq_utils.models.layers import State


class Encoded(NamedTuple):
    """What the encoder makes of a batch of sentences."""

    annotations: Tensor  # (batch, source_len, annotation_size): h_j, 0 where word j is padding
    state: State  # the state at the last real word: the context vector c, (batch, annotation_size)
    mask: Tensor  # (batch, source_len): True where there is a word, False where there is padding


class Step(NamedTuple):
    """What a decoder makes of one token."""

    logits: Tensor  # (batch, vocabulary_size): scores of the next token
    state: State  # s_i


def select_rows(state: State, rows: Tensor) -> State:
    """A decoder's state for some sentences of a batch: `rows`, (chosen,), are their numbers in it."""
    if state is None or isinstance(state, Tensor):
        return state if state is None else state[rows]
    parts = [select_rows(part, rows) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
