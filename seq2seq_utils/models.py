"""The plain model: an encoder that reads, a decoder that writes, and the two together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seq2seq_utils.layers import (
    State,
    check_ids,
    check_lengths,
    input_layer,
    recurrent_layer,
    with_layer,
    without_layer,
)
from seq2seq_utils.text import SOS_ID


class Encoded(NamedTuple):
    """What the encoder makes of a batch of sentences."""

    annotations: Tensor  # (batch, source_len, annotation_size): h_j, 0 where word j is padding
    state: State  # the state at the last real word: the context vector c, (batch, annotation_size)
    mask: Tensor  # (batch, source_len): True where there is a word, False where there is padding


class Step(NamedTuple):
    """What a decoder makes of one token."""

    logits: Tensor  # (batch, vocabulary_size): scores of the next token
    state: State  # s_i


class Encoder(nn.Module):
    """Reads a sentence from left to right; its last state is all that a plain decoder will get.

    Args:
        vocabulary_size: number of source tokens.
        embedding_size: length of a word's vector.
        hidden_size: length of the state.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``.
        input: ``"embedding"`` looks word vectors up, ``"one_hot"`` multiplies for them.
        bidirectional: whether a second layer reads from right to left. Annotations are then [→h_j; ←h_j],
            and the state is [→h at the last word; ←h at the first]: each direction's own last one.
        dropout: the share of the numbers in word vectors and annotations that training sets to 0.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        cell: str = "gru",
        input: str = "embedding",
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.embedding = input_layer(input, vocabulary_size, embedding_size)
        self.rnn = recurrent_layer(cell, embedding_size, hidden_size, bidirectional)
        self.annotation_size = hidden_size * (2 if bidirectional else 1)

    def forward(self, source: Tensor, source_lengths: Tensor) -> Encoded:
        """Encodes a padded batch; packing lets each sentence end at its own last word.

        Args:
            source: ids, (batch, source_len).
            source_lengths: real words in each row, (batch,).

        Raises:
            ValueError: if an id is outside the vocabulary, or the lengths disagree with the ids.
        """
        check_ids("source", source, self.embedding.weight.shape[0])
        check_lengths(source, source_lengths)
        embedded = self.dropout(self.embedding(source))  # (batch, source_len, embedding_size)
        packed = pack_padded_sequence(embedded, source_lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed, state = self.rnn(packed)
        annotations, _ = pad_packed_sequence(packed, batch_first=True, total_length=source.shape[1])
        mask = torch.arange(source.shape[1]) < source_lengths.cpu()[:, None]  # (batch, source_len)
        return Encoded(self.dropout(annotations), without_layer(state), mask.to(source.device))


class Decoder(nn.Module):
    """Writes a sentence word by word: each step goes on from the previous state and word.

    Args:
        vocabulary_size: number of target tokens.
        embedding_size: length of a word's vector.
        hidden_size: length of the state; the encoder's must be as long.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``, as in the encoder.
        input: ``"embedding"`` or ``"one_hot"``.
        dropout: the share of the numbers in word vectors and in the output's input that training sets to 0.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        cell: str = "gru",
        input: str = "embedding",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.embedding = input_layer(input, vocabulary_size, embedding_size)
        self.rnn = recurrent_layer(cell, embedding_size, hidden_size)
        self.output = nn.Linear(hidden_size, vocabulary_size)

    def check_fits(self, encoder: Encoder) -> None:
        """Raises a ValueError if the encoder's state would not fit."""
        ours, theirs = self.rnn, encoder.rnn
        if type(ours) is not type(theirs) or ours.hidden_size != encoder.annotation_size:
            raise ValueError(
                f"decoder: {ours} cannot start from the state of the encoder's {theirs}; cell and size of "
                "the state must be the same"
            )

    def start(self, encoded: Encoded) -> State:
        """The first state, s₀: the encoder's last one, and nothing else."""
        return encoded.state

    def step(self, token: Tensor, state: State) -> Step:
        """One step: the previous token, (batch,), and the previous state give the next one's scores."""
        embedded = self.dropout(self.embedding(token)).unsqueeze(1)  # (batch, 1, embedding_size)
        hidden, state = self.rnn(embedded, with_layer(state))  # (batch, 1, hidden_size)
        return Step(self.output(self.dropout(hidden.squeeze(1))), without_layer(state))

    def forward(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        """All steps in one call, each fed the true last token: (batch, target_len, vocabulary_size).

        The same numbers as `step` after `step`, in less time.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        check_ids("target_input", target_input, self.embedding.weight.shape[0])
        embedded = self.dropout(self.embedding(target_input))  # (batch, target_len, embedding_size)
        hidden, _ = self.rnn(embedded, with_layer(self.start(encoded)))
        return self.output(self.dropout(hidden))


class Seq2Seq(nn.Module):
    """An encoder and a decoder, trained together.

    Raises:
        ValueError: if the encoder's state would not fit the decoder.
    """

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        decoder.check_fits(encoder)
        self.encoder = encoder
        self.decoder = decoder

    def forward(
        self, source: Tensor, source_lengths: Tensor, target_input: Tensor, teacher_forcing: float = 1.0
    ) -> Tensor:
        """Scores for every next token.

        Args:
            source: ids, (batch, source_len).
            source_lengths: real words in each row, (batch,).
            target_input: SOS y₁ … yₙ, (batch, target_len).
            teacher_forcing: how often the decoder is fed the true previous word; below 1 it takes one
                step after another (see `unroll`).

        Returns:
            Logits, (batch, target_len, target vocabulary size).

        Raises:
            ValueError: if an id is outside its vocabulary, the tensors disagree about the batch, or
                `teacher_forcing` is outside 0 to 1.
        """
        if len(target_input) != len(source):
            raise ValueError(f"target_input: {len(target_input)} rows, but source has {len(source)}")
        encoded = self.encoder(source, source_lengths)
        if teacher_forcing == 1:
            return self.decoder(target_input, encoded)
        return unroll(self.decoder, target_input, encoded, teacher_forcing)


def unroll(decoder: Decoder, target_input: Tensor, encoded: Encoded, teacher_forcing: float = 1.0) -> Tensor:
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
        Logits, (batch, target_len, target vocabulary size).

    Raises:
        ValueError: if `teacher_forcing` is outside 0 to 1, or an id is outside the vocabulary.
    """
    if not 0 <= teacher_forcing <= 1:
        raise ValueError(f"teacher_forcing: {teacher_forcing} is not allowed; it must be from 0 to 1")
    check_ids("target_input", target_input, decoder.embedding.weight.shape[0])
    forced = (torch.rand(target_input.shape) < teacher_forcing).to(target_input.device)
    state = decoder.start(encoded)
    token = torch.full_like(target_input[:, 0], SOS_ID)  # (batch,)
    scores = []
    for position in range(target_input.shape[1]):
        if position > 0:
            said = scores[-1].argmax(dim=1)  # a choice, not a quantity: no gradient goes back through it
            token = torch.where(forced[:, position], target_input[:, position], said)
        logits, state = decoder.step(token, state)  # (batch, vocabulary_size)
        scores.append(logits)
    return torch.stack(scores, dim=1)


def plain_model(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    embedding_size: int = 64,
    hidden_size: int = 256,
    cell: str = "gru",
    input: str = "embedding",
    dropout: float = 0.0,
) -> Seq2Seq:
    """The plain encoder–decoder of Sutskever et al. (2014), one layer deep."""
    return Seq2Seq(
        Encoder(source_vocabulary_size, embedding_size, hidden_size, cell, input, dropout=dropout),
        Decoder(target_vocabulary_size, embedding_size, hidden_size, cell, input, dropout),
    )


@torch.no_grad()
def open_gates(model: Seq2Seq, bias: float) -> None:
    """Lets an untrained GRU or LSTM keep more of its state from step to step, so that it learns sooner.

    The gate that keeps the old state (of a GRU the update gate z, of an LSTM the forget gate) starts near
    one half; with `bias` added to what goes into it, it starts near the sigmoid of `bias`.

    Raises:
        ValueError: if the model's cell is a plain RNN, which has no gates.
    """
    for rnn in (model.encoder.rnn, model.decoder.rnn):
        if isinstance(rnn, nn.RNN | nn.RNNCell):
            raise ValueError("model: a plain RNN has no gates to open; take a GRU or an LSTM")
        for name, parameter in rnn.named_parameters():
            if name.startswith("bias_ih"):
                # PyTorch lines the gates up in one vector: r, z, n in a GRU and i, f, g, o in an LSTM.
                parameter[rnn.hidden_size : 2 * rnn.hidden_size] += bias


def count_parameters(model: nn.Module) -> int:
    """How many numbers training adjusts."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def select_rows(state: State, rows: Tensor) -> State:
    """A decoder's state for some sentences of a batch: `rows`, (chosen,), are their numbers in it."""
    if state is None or isinstance(state, Tensor):
        return state if state is None else state[rows]
    parts = [select_rows(part, rows) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Within it the model is in evaluation mode; after it, come what may, in the mode it was in."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
