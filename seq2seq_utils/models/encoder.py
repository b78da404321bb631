"""The encoder: it reads a sentence word by word, in one direction or in both."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seq2seq_utils.models.contract import Encoded
from seq2seq_utils.models.layers import (
    check_ids,
    check_lengths,
    input_layer,
    recurrent_layer,
    without_layer,
    word_mask,
)


class RecurrentEncoder(nn.Module):
    """Reads a sentence from left to right; its last state is all that a plain decoder will get.

    Args:
        vocabulary_size: number of source tokens.
        embedding_size: length of a word's vector.
        hidden_size: length of the state, in each direction.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``.
        input_type: ``"embedding"`` looks word vectors up, ``"one_hot"`` multiplies for them.
        bidirectional: whether a second layer reads from right to left. Annotations are then [→h_j; ←h_j],
            and the state is [→h at the last word; ←h at the first]: each direction's own last one.
        dropout: the share of the numbers in word vectors, annotations, and between layers that training sets
            to 0.
        layers: how many there are, one upon another; the state is the uppermost one's.

    Raises:
        ValueError: if `cell` or `input_type` is none of these, or `layers` is less than 1.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        cell: str = "gru",
        input_type: str = "embedding",
        bidirectional: bool = False,
        dropout: float = 0.0,
        layers: int = 1,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.bidirectional = bidirectional
        self.annotation_size = hidden_size * (2 if bidirectional else 1)
        self.dropout = nn.Dropout(dropout)
        self.embedding = input_layer(input_type, vocabulary_size, embedding_size)
        self.rnn = recurrent_layer(cell, embedding_size, hidden_size, bidirectional, layers, dropout)

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
        last = without_layer(state, 2 if self.bidirectional else 1)
        return Encoded(self.dropout(annotations), last, word_mask(source, source_lengths))
