"""An encoder and a decoder together, and what is done with a whole model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from seq2seq_utils.models.contract import Encoded
from seq2seq_utils.models.decoder import Decoder
from seq2seq_utils.models.encoder import Encoder
from seq2seq_utils.models.layers import check_ids
from seq2seq_utils.text import SOS_ID


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


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Within it the model is in evaluation mode; after it, come what may, in the mode it was in."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)
