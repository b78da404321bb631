"""What the models are built from: word vectors, recurrent layers, and checks of the input."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seq2seq_utils.models.contract import State

CELLS: dict[str, type[nn.RNN | nn.GRU | nn.LSTM]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
INPUTS = ("embedding", "one_hot")


class OneHotLinear(nn.Module):
    """One-hot vectors times a matrix, written out: what `nn.Embedding` does by looking up a row.

    The matrix has the name and the shape that `nn.Embedding` gives it, so that weights can be exchanged.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(vocabulary_size, embedding_size))

    def forward(self, ids: Tensor) -> Tensor:
        """The vectors of `ids`, any shape: that shape with embedding_size added at its end."""
        one_hot = nn.functional.one_hot(ids, self.weight.shape[0])  # (..., vocabulary_size)
        return one_hot.to(self.weight.dtype) @ self.weight  # (..., embedding_size)


def input_layer(input_type: str, vocabulary_size: int, embedding_size: int) -> nn.Embedding | OneHotLinear:
    """Ids to word vectors.

    Args:
        input_type: ``"embedding"`` looks them up, ``"one_hot"`` multiplies for them.
        vocabulary_size: number of tokens.
        embedding_size: length of a word's vector.

    Raises:
        ValueError: if `input_type` is neither.
    """
    if input_type not in INPUTS:
        raise ValueError(f"input_type: {input_type!r} is not one of {', '.join(INPUTS)}")
    layer = nn.Embedding if input_type == "embedding" else OneHotLinear
    return layer(vocabulary_size, embedding_size)


def recurrent_layer(
    cell: str,
    input_size: int,
    hidden_size: int,
    bidirectional: bool = False,
    layers: int = 1,
    dropout: float = 0.0,
) -> nn.RNNBase:
    """A layer that runs along whole sentences, (batch, length, input_size), or several, one upon another.

    Args:
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``.
        input_size: length of the vectors that it reads.
        hidden_size: length of its state, in each direction.
        bidirectional: whether a second one reads from right to left.
        layers: how many there are; each reads what the one below gives, of both directions.
        dropout: the share of the numbers between layers that training sets to 0.

    Raises:
        ValueError: if `cell` is none of these, or `layers` is less than 1.
    """
    if layers < 1:
        raise ValueError(f"layers: {layers} is not allowed; it must be 1 or more")
    if cell not in CELLS:
        raise ValueError(f"cell: {cell!r} is not one of {', '.join(CELLS)}")
    layer = CELLS[cell]
    return layer(
        input_size,
        hidden_size,
        num_layers=layers,
        batch_first=True,
        dropout=dropout if layers > 1 else 0.0,  # PyTorch warns of one that has no place
        bidirectional=bidirectional,
    )


def with_layer(state: State) -> State:
    """The state as PyTorch's layers take it, with a dimension for their depth in front."""
    if isinstance(state, tuple):
        return state[0].unsqueeze(0), state[1].unsqueeze(0)
    return state.unsqueeze(0)


def without_layer(state: State, directions: int = 1) -> State:
    """The state as we use it: the uppermost layer's, both directions of it side by side, (batch, size)."""
    if isinstance(state, tuple):
        hidden, memory = (torch.cat(part[-directions:].unbind(0), dim=-1) for part in state)
        return hidden, memory
    return torch.cat(state[-directions:].unbind(0), dim=-1)


def check_ids(name: str, ids: Tensor, vocabulary_size: int) -> None:
    """Raises a ValueError that names `name` unless `ids` are (batch, length), within the vocabulary."""
    if ids.ndim != 2 or ids.numel() == 0:
        raise ValueError(f"{name}: shape {tuple(ids.shape)} is not (batch, length) with ids in it")
    low, high = _ends(ids)
    if low < 0 or high >= vocabulary_size:
        outside = low if low < 0 else high
        raise ValueError(f"{name}: id {outside} is outside the vocabulary (0 to {vocabulary_size - 1})")


def check_lengths(source: Tensor, lengths: Tensor) -> None:
    """Raises a ValueError unless there is a length for each row of `source`, and each fits."""
    batch, longest = source.shape
    if lengths.shape != (batch,):
        raise ValueError(f"source_lengths: shape {tuple(lengths.shape)}, but source has {batch} rows")
    low, high = _ends(lengths)
    if low < 1 or high > longest:
        outside = low if low < 1 else high
        raise ValueError(f"source_lengths: {outside} is not allowed; source has 1 to {longest} words")


def word_mask(source: Tensor, source_lengths: Tensor) -> Tensor:
    """True where there is a word, False where there is padding, (batch, source_len), beside `source`."""
    mask = torch.arange(source.shape[1]) < source_lengths.cpu()[:, None]
    return mask.to(source.device)


def _ends(numbers: Tensor) -> list[int]:
    """The smallest number and the largest, fetched at once: each fetch waits for all that a GPU has to do."""
    ends: list[int] = torch.stack(torch.aminmax(numbers)).tolist()
    return ends
