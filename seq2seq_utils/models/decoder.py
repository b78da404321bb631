"""The plain decoder: it writes a sentence from the encoder's last state, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from seq2seq_utils.models.contract import Encoded, Encoder, State, Step
from seq2seq_utils.models.encoder import RecurrentEncoder
from seq2seq_utils.models.layers import check_ids, input_layer, recurrent_layer, with_layer, without_layer


@dataclass(frozen=True, slots=True)
class PlainState:
    """The state of a recurrent layer, s_i, and nothing beside it."""

    hidden: State  # (batch, hidden_size); an LSTM has two
    weights: None = None
    all_weights: None = None

    def select(self, rows: Tensor) -> PlainState:
        """The state of some sentences of the batch."""
        if isinstance(self.hidden, tuple):
            return PlainState((self.hidden[0][rows], self.hidden[1][rows]))
        return PlainState(self.hidden[rows])


class PlainDecoder(nn.Module):
    """Writes a sentence word by word: each step goes on from the previous state and word.

    Args:
        vocabulary_size: number of target tokens.
        embedding_size: length of a word's vector.
        hidden_size: length of the state; the encoder's must be as long.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``, as in the encoder.
        input_type: ``"embedding"`` or ``"one_hot"``.
        dropout: the share of the numbers in word vectors and in the output's input that training sets to 0.

    Raises:
        ValueError: if `cell` or `input_type` is none of these.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        cell: str = "gru",
        input_type: str = "embedding",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.hidden_size = hidden_size
        self.cell = cell
        self.dropout = nn.Dropout(dropout)
        self.embedding = input_layer(input_type, vocabulary_size, embedding_size)
        self.rnn = recurrent_layer(cell, embedding_size, hidden_size)
        self.output = nn.Linear(hidden_size, vocabulary_size)

    def check_fits(self, encoder: Encoder) -> None:
        """Raises a ValueError if the encoder's state would not fit."""
        cell = encoder.cell if isinstance(encoder, RecurrentEncoder) else self.cell
        if (cell, encoder.annotation_size) != (self.cell, self.hidden_size):
            raise ValueError(
                f"decoder: its {self.cell} of size {self.hidden_size} cannot start from the state of an "
                f"encoder's {cell} of size {encoder.annotation_size}; cell and size must be the same"
            )

    def start(self, encoded: Encoded) -> PlainState:
        """The first state, s₀: the encoder's last one, and nothing else.

        Raises:
            ValueError: if the encoder gave no last state.
        """
        return PlainState(_last_state(encoded))

    def step(self, token: Tensor, state: PlainState) -> Step[PlainState]:
        """One step: the previous token, (batch,), and the previous state give the next one's scores."""
        embedded = self.dropout(self.embedding(token)).unsqueeze(1)  # (batch, 1, embedding_size)
        hidden, last = self.rnn(embedded, with_layer(state.hidden))  # (batch, 1, hidden_size)
        logits = self.output(self.dropout(hidden.squeeze(1)))  # (batch, vocabulary_size)
        return Step(logits, PlainState(without_layer(last)))

    def forward(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        """All steps in one call, each fed the true last token: (batch, target_len, vocabulary_size).

        Without dropout the same numbers as `step` after `step`, in less time.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        check_ids("target_input", target_input, self.vocabulary_size)
        embedded = self.dropout(self.embedding(target_input))  # (batch, target_len, embedding_size)
        hidden, _ = self.rnn(embedded, with_layer(self.start(encoded).hidden))
        logits: Tensor = self.output(self.dropout(hidden))
        return logits


def _last_state(encoded: Encoded) -> State:
    """The encoder's last state; raises a ValueError if it has none."""
    if encoded.state is None:
        raise ValueError("encoded: it has no last state, which is all that a plain decoder starts from")
    return encoded.state
