"""An encoder and a decoder together, and what is done with a whole model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq_utils.models.contract import Decoder, Encoder
from seq2seq_utils.models.decoder import PlainDecoder
from seq2seq_utils.models.encoder import RecurrentEncoder


class Seq2Seq(nn.Module):
    """An encoder and a decoder, trained together.

    Args:
        encoder: any that keeps the contract.
        decoder: likewise.

    Attributes:
        made_with: the arguments of the function that made the model, and its name as ``"model"``: from these
            a model of the same shape can be made; None for a model put together by hand.

    Raises:
        ValueError: if the decoder cannot work with what the encoder gives.
    """

    encoder: Encoder
    decoder: Decoder[Any]
    made_with: dict[str, Any] | None = None

    def __init__(self, encoder: Encoder, decoder: Decoder[Any]) -> None:
        super().__init__()
        decoder.check_fits(encoder)
        self.encoder = encoder
        self.decoder = decoder

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device

    def forward(self, source: Tensor, source_lengths: Tensor, target_input: Tensor) -> Tensor:
        """Scores for every next token, the decoder fed the true previous one at every step.

        Args:
            source: ids, (batch, source_len).
            source_lengths: real words in each row, (batch,).
            target_input: SOS y₁ … yₙ, (batch, target_len).

        Returns:
            Logits, (batch, target_len, target vocabulary size).

        Raises:
            ValueError: if an id is outside its vocabulary, or the tensors disagree about the batch.
        """
        if len(target_input) != len(source):
            raise ValueError(f"target_input: {len(target_input)} rows, but source has {len(source)}")
        return self.decoder(target_input, self.encoder(source, source_lengths))


def plain_model(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    embedding_size: int = 64,
    hidden_size: int = 256,
    cell: str = "gru",
    input_type: str = "embedding",
    dropout: float = 0.0,
) -> Seq2Seq:
    """The plain encoder–decoder of Sutskever et al. (2014), one layer deep.

    Args:
        source_vocabulary_size: number of source tokens.
        target_vocabulary_size: number of target tokens.
        embedding_size: length of a word's vector, in both languages.
        hidden_size: length of the state, in encoder and decoder.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``.
        input_type: ``"embedding"`` or ``"one_hot"``.
        dropout: the share of the numbers that training sets to 0: see encoder and decoder.
    """
    made_with = {"model": "plain", **locals()}
    model = Seq2Seq(
        RecurrentEncoder(
            source_vocabulary_size, embedding_size, hidden_size, cell, input_type, dropout=dropout
        ),
        PlainDecoder(target_vocabulary_size, embedding_size, hidden_size, cell, input_type, dropout),
    )
    model.made_with = made_with
    return model


@torch.no_grad()
def open_gates(model: nn.Module, bias: float) -> None:
    """Lets an untrained GRU or LSTM keep more of its state from step to step, so that it learns sooner.

    The gate that keeps the old state (of a GRU the update gate z, of an LSTM the forget gate) starts near
    one half; with `bias` added to what goes into it, it starts near the sigmoid of `bias`.

    Args:
        model: with recurrent layers, all of which are changed in place.
        bias: what is added.

    Raises:
        ValueError: if one of the layers is a plain RNN, which has no gates, or there is no layer.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.RNNBase | nn.RNNCellBase)]
    if not layers or any(isinstance(layer, nn.RNN | nn.RNNCell) for layer in layers):
        raise ValueError("model: a plain RNN has no gates to open; take a GRU or an LSTM")
    for layer in layers:
        for name, parameter in layer.named_parameters():
            if name.startswith("bias_ih"):
                # PyTorch lines the gates up in one vector: r, z, n in a GRU and i, f, g, o in an LSTM.
                parameter[layer.hidden_size : 2 * layer.hidden_size] += bias


def count_parameters(model: nn.Module) -> int:
    """How many numbers training adjusts."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Within it the model is in evaluation mode; after it, come what may, each part in the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
