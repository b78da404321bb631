"""The plain decoder: it writes a sentence from the encoder's last state, and nothing else."""

from __future__ import annotations

from torch import Tensor, nn

from seq2seq_utils.models.contract import Encoded, Step
from seq2seq_utils.models.encoder import Encoder
from seq2seq_utils.models.layers import (
    State,
    check_ids,
    input_layer,
    recurrent_layer,
    with_layer,
    without_layer,
)


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
