"""Bahdanau attention: for every word that it writes, the decoder looks at all words of the source again.

The letters are those of the paper (Bahdanau, Cho and Bengio, 2015, https://arxiv.org/abs/1409.0473): h_j is
the annotation of source word j, s_i the decoder's state at target word i, e_ij an energy, α_ij a weight, c_i
a context.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from seq2seq_utils.models.contract import Encoded, Step
from seq2seq_utils.models.encoder import Encoder
from seq2seq_utils.models.layers import State, check_ids, input_layer, output_part, recurrent_cell
from seq2seq_utils.models.seq2seq import Seq2Seq

CONTEXTS = ("attention", "fixed", "none")


class BahdanauAttention(nn.Module):
    """Additive attention: how much each source word counts for the next target word.

    As in the paper, v_a starts at 0, so that untrained all words get the same weight. W_a and U_a start
    larger than there (where their standard deviation is 0.001): the model then finds attention sooner.

    Args:
        hidden_size: length of the decoder's state.
        annotation_size: length of an annotation.
        attention_size: length of the vectors that both are mapped to, and added up as.
    """

    def __init__(self, hidden_size: int, annotation_size: int, attention_size: int) -> None:
        super().__init__()
        self.W_a = nn.Linear(hidden_size, attention_size, bias=False)
        self.U_a = nn.Linear(annotation_size, attention_size, bias=False)
        self.v_a = nn.Parameter(torch.zeros(attention_size))

    def keys(self, annotations: Tensor) -> Tensor:
        """U_a h_j, (batch, source_len, attention_size): the same at every step, so computed only once."""
        return self.U_a(annotations)

    def forward(
        self, hidden: Tensor, annotations: Tensor, keys: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One look at the source.

        Args:
            hidden: the *previous* state, s_{i-1}, (batch, hidden_size).
            annotations: h_j, (batch, source_len, annotation_size).
            keys: U_a h_j, from `keys`.
            mask: (batch, source_len), True where there is a word; at least one in each row.

        Returns:
            The context c_i, (batch, annotation_size), and the weights α_ij, (batch, source_len): they sum
            to 1, and are exactly 0 where there is no word.
        """
        energies = torch.tanh(self.W_a(hidden)[:, None] + keys) @ self.v_a  # (batch, source_len)
        weights = energies.where(mask, -torch.inf).softmax(dim=1)  # (batch, source_len)
        context = (weights[:, :, None] * annotations).sum(dim=1)  # (batch, annotation_size)
        return context, weights


class AttentionState(NamedTuple):
    """What goes from one step of the decoder to the next; the sentence that was read goes along unchanged."""

    hidden: State  # s_i, (batch, hidden_size)
    context: Tensor  # c_i, (batch, context_size)
    weights: Tensor | None  # α_i, (batch, source_len); None before the first step, or without attention
    annotations: Tensor  # h_j, (batch, source_len, annotation_size)
    keys: Tensor | None  # U_a h_j, (batch, source_len, attention_size); None without attention
    mask: Tensor  # (batch, source_len)


class AttentionDecoder(nn.Module):
    """The decoder of the paper: every word that it writes has a context of its own.

    The state s_i takes in the word before, y_{i-1}, and the context c_i. Word i then comes from s_i, y_{i-1}
    and c_i, as section 3.1 of the paper has it (its appendix writes s_{i-1} there).

    Args:
        vocabulary_size: number of target tokens.
        embedding_size: length of a word's vector.
        hidden_size: length of s_i; the maxout layer has half of it, as in the paper.
        encoder: whose annotations it will get; only its sizes are looked at.
        attention_size: see `BahdanauAttention`; by default `hidden_size`, as in the paper.
        context: ``"attention"``; or ``"fixed"``, the encoder's last state at every step, which the paper
            remarks is the plain encoder–decoder; or ``"none"``, where s₀ carries the sentence alone, and is
            therefore made from the last state of every direction.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``. PyTorch's GRU applies its reset gate after the recurrent
            product, the paper before. An LSTM's memory starts as its output does, by rows of W_s of its own.
        input: ``"embedding"`` or ``"one_hot"``.
        dropout: the share of the numbers in word vectors and maxout layer that training sets to 0.

    Raises:
        ValueError: if `context`, `cell` or `input` is not one of those, or `hidden_size` is less than 2.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        encoder: Encoder,
        attention_size: int | None = None,
        context: str = "attention",
        cell: str = "gru",
        input: str = "embedding",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        if context not in CONTEXTS:
            raise ValueError(f"context: {context!r} is not one of {', '.join(CONTEXTS)}")
        if hidden_size < 2:
            raise ValueError(f"hidden_size: {hidden_size} is not allowed; maxout needs a pair, 2 or more")
        maxout_size = hidden_size // 2
        start_size = encoder.annotation_size if context == "none" else encoder.rnn.hidden_size
        self.context_size = 0 if context == "none" else encoder.annotation_size
        self.annotation_size = encoder.annotation_size
        self.embedding = input_layer(input, vocabulary_size, embedding_size)
        self.rnn = recurrent_cell(cell, embedding_size + self.context_size, hidden_size)
        self.W_s = nn.Linear(start_size, hidden_size * (2 if cell == "lstm" else 1))
        self.attention = None
        if context == "attention":
            self.attention = BahdanauAttention(hidden_size, self.context_size, attention_size or hidden_size)
        # U_o, V_o and C_o side by side in one matrix, as the cell has its W and C.
        self.to_maxout = nn.Linear(hidden_size + embedding_size + self.context_size, 2 * maxout_size)
        self.W_o = nn.Linear(maxout_size, vocabulary_size)

    def check_fits(self, encoder: Encoder) -> None:
        """Raises a ValueError if this encoder's annotations have another length than expected."""
        if encoder.annotation_size != self.annotation_size:
            raise ValueError(
                f"decoder: made for annotations of {self.annotation_size} numbers, but those of the encoder "
                f"have {encoder.annotation_size}"
            )

    def start(self, encoded: Encoded) -> AttentionState:
        """s₀ = tanh(W_s ←h₁): from the *backward* state at word 1, which has read the whole sentence."""
        last = output_part(encoded.state)  # (batch, annotation_size): [→h at the last word; ←h at the first]
        hidden = torch.tanh(self.W_s(last[:, -self.W_s.in_features :]))
        if isinstance(self.rnn, nn.LSTMCell):
            hidden = hidden.chunk(2, dim=1)
        context = last[:, : self.context_size]  # what a fixed context will be; attention puts its own there
        keys = self.attention.keys(encoded.annotations) if self.attention else None
        return AttentionState(hidden, context, None, encoded.annotations, keys, encoded.mask)

    def step(self, token: Tensor, state: AttentionState) -> Step:
        """One step: the previous token, (batch,), and the previous state give the next one's scores."""
        embedded = self.dropout(self.embedding(token))  # (batch, embedding_size)
        state = self._advance(embedded, state)
        return Step(self._scores(output_part(state.hidden), embedded, state.context), state)

    def forward(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        """All steps, each fed the true previous token: (batch, target_len, vocabulary_size).

        The same numbers as `step` after `step`, in less time: only the states have to wait for each other, so
        words are looked up before them, and scores computed after them, for all steps at once.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        check_ids("target_input", target_input, self.embedding.weight.shape[0])
        embedded = self.dropout(self.embedding(target_input))  # (batch, target_len, embedding_size)
        state, hidden, contexts = self.start(encoded), [], []
        for word in embedded.unbind(dim=1):
            state = self._advance(word, state)
            hidden.append(output_part(state.hidden))
            contexts.append(state.context)
        return self._scores(torch.stack(hidden, dim=1), embedded, torch.stack(contexts, dim=1))

    def _advance(self, embedded: Tensor, state: AttentionState) -> AttentionState:
        """From s_{i-1} to s_i: first a look at the source, then the cell."""
        context, weights = state.context, None
        if self.attention:
            query = output_part(state.hidden)
            context, weights = self.attention(query, state.annotations, state.keys, state.mask)
        hidden = self.rnn(torch.cat([embedded, context], dim=-1), state.hidden)
        return state._replace(hidden=hidden, context=context, weights=weights)

    def _scores(self, hidden: Tensor, embedded: Tensor, context: Tensor) -> Tensor:
        """U_o s_i + V_o E y_{i-1} + C_o c_i; of each pair of numbers the larger one (maxout); then W_o."""
        pairs = self.to_maxout(torch.cat([hidden, embedded, context], dim=-1)).unflatten(-1, (-1, 2))
        return self.W_o(self.dropout(pairs.amax(dim=-1)))  # (…, vocabulary_size)


def attention_model(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    embedding_size: int = 64,
    hidden_size: int = 128,
    encoder_size: int | None = None,
    attention_size: int | None = None,
    context: str = "attention",
    cell: str = "gru",
    input: str = "embedding",
    bidirectional: bool = True,
    dropout: float = 0.0,
) -> Seq2Seq:
    """RNNsearch, the model of Bahdanau et al. (2015), in a size for a laptop.

    Args:
        source_vocabulary_size: number of source tokens.
        target_vocabulary_size: number of target tokens.
        embedding_size: length of a word's vector, in both languages.
        hidden_size: length of the decoder's state.
        encoder_size: length of the encoder's state in each direction. By default so that an annotation is as
            long as the decoder's state, which trains twice as fast as the paper's choice, `hidden_size`.
        attention_size: see `BahdanauAttention`.
        context: what the decoder gets at every step: see `AttentionDecoder`.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``.
        input: ``"embedding"`` or ``"one_hot"``.
        bidirectional: whether the encoder reads in both directions.
        dropout: the share of the numbers that training sets to 0, in word vectors, annotations and maxout
            layer.
    """
    size = encoder_size or (hidden_size // 2 if bidirectional else hidden_size)
    encoder = Encoder(source_vocabulary_size, embedding_size, size, cell, input, bidirectional, dropout)
    decoder = AttentionDecoder(
        target_vocabulary_size,
        embedding_size,
        hidden_size,
        encoder,
        attention_size,
        context,
        cell,
        input,
        dropout,
    )
    return Seq2Seq(encoder, decoder)
