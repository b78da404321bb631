"""Bahdanau attention: for every word that it writes, the decoder looks at all words of the source again.

The letters are those of the paper (Bahdanau, Cho and Bengio, 2015, https://arxiv.org/abs/1409.0473): h_j is
the annotation of source word j, s_i the decoder's state at target word i, e_ij an energy, α_ij a weight, c_i
a context.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from seq2seq_utils.models.contract import Encoded, Encoder, Step
from seq2seq_utils.models.encoder import RecurrentEncoder
from seq2seq_utils.models.layers import check_ids
from seq2seq_utils.models.seq2seq import Seq2Seq

CONTEXTS = ("attention", "mean", "fixed", "none")
STARTS = ("backward", "last")


# ------------------------------------------------------------------------------------- the context
class Context(nn.Module):
    """What gives the decoder its context at every step: one of the four below, which can be exchanged.

    Attributes:
        context_size: length of a context.
    """

    context_size: int

    def prepare(self, encoded: Encoded) -> Tensor:
        """What is the same at every step, and so is computed once for a sentence, before the first."""
        raise NotImplementedError

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor | None]:
        """The context of one step.

        Args:
            hidden: the *previous* state, s_{i-1}, (batch, hidden_size).
            prepared: what `prepare` gave.
            encoded: annotations h_j, (batch, source_len, annotation_size), and mask, (batch, source_len),
                True where there is a word; at least one in each row.

        Returns:
            The context c_i, (batch, context_size), and the weights of the source words, (batch, source_len),
            or None where it has none.
        """
        raise NotImplementedError


class BahdanauAttention(Context):
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
        self.context_size = annotation_size
        self.W_a = nn.Linear(hidden_size, attention_size, bias=False)
        self.U_a = nn.Linear(annotation_size, attention_size, bias=False)
        self.v_a = nn.Parameter(torch.zeros(attention_size))

    def prepare(self, encoded: Encoded) -> Tensor:
        """The keys U_a h_j, (batch, source_len, attention_size)."""
        keys: Tensor = self.U_a(encoded.annotations)
        return keys

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """Energies, weights and context, by equations 5 and 6 of the paper and those of its appendix A.1.2.

        Args:
            hidden: the *previous* state, s_{i-1}, (batch, hidden_size).
            prepared: the keys U_a h_j, (batch, source_len, attention_size).
            encoded: annotations h_j, (batch, source_len, annotation_size), and mask, (batch, source_len).

        Returns:
            The context c_i, (batch, annotation_size), and the weights α_ij, (batch, source_len): they sum
            to 1, and are exactly 0 where there is no word.
        """
        energies = torch.tanh(self.W_a(hidden)[:, None] + prepared) @ self.v_a  # (batch, source_len)
        weights = energies.where(encoded.mask, -torch.inf).softmax(dim=1)  # (batch, source_len)
        context = (weights[:, :, None] * encoded.annotations).sum(dim=1)  # (batch, annotation_size)
        return context, weights


class MeanContext(Context):
    """The mean of all annotations as the context of every step: all can be read, and none is chosen.

    Args:
        annotation_size: length of an annotation.
    """

    def __init__(self, annotation_size: int) -> None:
        super().__init__()
        self.context_size = annotation_size

    def prepare(self, encoded: Encoded) -> Tensor:
        """The mean over the words of each sentence, (batch, annotation_size)."""
        is_word = encoded.mask[:, :, None]  # (batch, source_len, 1)
        return (encoded.annotations * is_word).sum(dim=1) / is_word.sum(dim=1)

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, None]:
        """That mean again, and no weights."""
        return prepared, None


class FixedContext(Context):
    """The encoder's last state as the context of every step; the paper remarks on it for →h at the last word.

    Args:
        annotation_size: length of that state.
    """

    def __init__(self, annotation_size: int) -> None:
        super().__init__()
        self.context_size = annotation_size

    def prepare(self, encoded: Encoded) -> Tensor:
        """The last state, (batch, annotation_size)."""
        return last_state(encoded)

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, None]:
        """That state again, and no weights."""
        return prepared, None


class NoContext(Context):
    """No context: what the decoder knows of the sentence is in s₀ alone."""

    context_size = 0

    def prepare(self, encoded: Encoded) -> Tensor:
        """Nothing, (batch, 0)."""
        return encoded.annotations.new_empty(len(encoded.annotations), 0)

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, None]:
        """Nothing, and no weights."""
        return prepared, None


def last_state(encoded: Encoded) -> Tensor:
    """The encoder's last state, (batch, annotation_size).

    Raises:
        ValueError: if it has none, or two, as an LSTM has.
    """
    if encoded.state is None:
        raise ValueError("encoded: it has no last state; take a recurrent encoder")
    if isinstance(encoded.state, tuple):
        raise ValueError("encoded: it has two last states, as of an LSTM; take a GRU or an RNN")
    return encoded.state


# ------------------------------------------------------------------------------------- the decoder
@dataclass(frozen=True, slots=True)
class AttentionState:
    """What goes from one step of the decoder to the next; the sentence that was read goes along unchanged."""

    hidden: Tensor  # s_i, (batch, hidden_size)
    context: Tensor | None  # c_i, (batch, context_size); None before the first step
    weights: Tensor | None  # α_i, (batch, source_len); None before the first step, or without attention
    prepared: Tensor  # what the context module prepared
    encoded: Encoded  # without its last state, which has done its work

    @property
    def all_weights(self) -> Tensor | None:
        """The weights of the one layer and its one head, (1, 1, batch, source_len)."""
        return None if self.weights is None else self.weights[None, None]

    def select(self, rows: Tensor) -> AttentionState:
        """The state of some sentences of the batch."""
        return AttentionState(
            self.hidden[rows],
            None if self.context is None else self.context[rows],
            None if self.weights is None else self.weights[rows],
            self.prepared[rows],
            Encoded(self.encoded.annotations[rows], None, self.encoded.mask[rows]),
        )


class AttentionDecoder(nn.Module):
    """The decoder of the paper: every word that it writes has a context of its own.

    The state s_i takes in the word before, y_{i-1}, and the context c_i. Word i then comes from s_i, y_{i-1}
    and c_i, as section 3.1 of the paper has it (its appendix writes s_{i-1} there). PyTorch's GRU applies its
    reset gate after the recurrent product, the paper before.

    Args:
        vocabulary_size: number of target tokens.
        embedding_size: length of a word's vector.
        hidden_size: length of s_i; the maxout layer has half of it, as in the paper.
        annotation_size: length of an annotation.
        context: what gives each step its context.
        start_from: how s₀ is made: ``"backward"``, from the backward state at word 1 as in the paper; or
            ``"last"``, from the last state of every direction.
        dropout: the share of the numbers in word vectors and maxout layer that training sets to 0.
        tied: whether a word's vector is also its row of W_o, which takes as many
            numbers in the maxout layer as a word's vector has. The paper has two matrices.

    Raises:
        ValueError: if `start_from` is neither, `hidden_size` is less than 2, or sizes do not fit `tied`.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        annotation_size: int,
        context: Context,
        start_from: str = "backward",
        dropout: float = 0.0,
        tied: bool = False,
    ) -> None:
        super().__init__()
        if start_from not in STARTS:
            raise ValueError(f"start_from: {start_from!r} is not one of {', '.join(STARTS)}")
        if hidden_size < 2:
            raise ValueError(f"hidden_size: {hidden_size} is not allowed; maxout needs a pair, 2 or more")
        maxout_size = hidden_size // 2
        self.vocabulary_size = vocabulary_size
        self.annotation_size = annotation_size
        self.start_from = start_from
        self.dropout = nn.Dropout(dropout)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.rnn = nn.GRUCell(embedding_size + context.context_size, hidden_size)
        self.W_s = nn.Linear(annotation_size // (2 if start_from == "backward" else 1), hidden_size)
        self.context = context
        # U_o, V_o and C_o side by side in one matrix, as the cell has its W and C.
        self.to_maxout = nn.Linear(hidden_size + embedding_size + context.context_size, 2 * maxout_size)
        self.W_o = nn.Linear(maxout_size, vocabulary_size)
        if tied:
            self._tie(maxout_size)

    def _tie(self, maxout_size: int) -> None:
        vectors = self.embedding.weight
        if vectors.shape[1] != maxout_size:
            raise ValueError(
                f"tied: words have {vectors.shape[1]} numbers and the maxout layer {maxout_size}; both must "
                "have as many, which is half of hidden_size"
            )
        # As rows of W_o vectors of length 16 would make an untrained model certain of what it cannot know.
        nn.init.normal_(vectors, std=maxout_size**-0.5)  # of length 1, or nearly
        self.W_o.weight = vectors

    def check_fits(self, encoder: Encoder) -> None:
        """Raises a ValueError if this encoder's annotations or last states are not those expected."""
        if encoder.annotation_size != self.annotation_size:
            raise ValueError(
                f"decoder: made for annotations of {self.annotation_size} numbers, but those of the encoder "
                f"have {encoder.annotation_size}"
            )
        if isinstance(encoder, RecurrentEncoder):
            if encoder.cell == "lstm":
                raise ValueError("decoder: it starts from one state, but the encoder's lstm has two")
            if self.start_from == "backward" and not encoder.bidirectional:
                raise ValueError(
                    "start_from: 'backward' needs an encoder that reads in both directions; take 'last'"
                )

    def start(self, encoded: Encoded) -> AttentionState:
        """s₀ = tanh(W_s ←h₁), where ←h₁, the *backward* state at word 1, has read the whole sentence.

        With `start_from` "last" both directions' last states stand in its place: [→h at the last word; ←h₁].

        Raises:
            ValueError: if the encoder gave no last state, or two.
        """
        last = last_state(encoded)  # (batch, annotation_size): [→h at the last word; ←h at word 1]
        if self.start_from == "backward":
            last = last.chunk(2, dim=1)[1]  # ←h₁
        hidden = torch.tanh(self.W_s(last))  # (batch, hidden_size)
        return AttentionState(hidden, None, None, self.context.prepare(encoded), encoded._replace(state=None))

    def step(self, token: Tensor, state: AttentionState) -> Step[AttentionState]:
        """One step: the previous token, (batch,), and the previous state give the next one's scores."""
        embedded: Tensor = self.dropout(self.embedding(token))  # (batch, embedding_size)
        context, state = self.advance(embedded, state)
        return Step(self.scores(state.hidden, embedded, context), state)

    def advance(self, embedded: Tensor, state: AttentionState) -> tuple[Tensor, AttentionState]:
        """From s_{i-1} to s_i: first the context c_i, asked for with s_{i-1}, then the gated unit.

        Args:
            embedded: E y_{i-1}, (batch, embedding_size).
            state: with s_{i-1}.

        Returns:
            The context, (batch, context_size), and the state with s_i.
        """
        context, weights = self.context(state.hidden, state.prepared, state.encoded)
        hidden = self.rnn(torch.cat([embedded, context], dim=-1), state.hidden)  # (batch, hidden_size)
        return context, replace(state, hidden=hidden, context=context, weights=weights)

    def scores(self, hidden: Tensor, embedded: Tensor, context: Tensor) -> Tensor:
        """U_o s_i + V_o E y_{i-1} + C_o c_i; of each pair of numbers the larger one (maxout); then W_o.

        Args:
            hidden: s_i, (…, hidden_size).
            embedded: E y_{i-1}, (…, embedding_size).
            context: c_i, (…, context_size).

        Returns:
            A score for each word, (…, vocabulary_size).
        """
        pairs = self.to_maxout(torch.cat([hidden, embedded, context], dim=-1)).unflatten(-1, (-1, 2))
        logits: Tensor = self.W_o(self.dropout(pairs.amax(dim=-1)))
        return logits

    def forward(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        """All steps, each fed the true previous token: (batch, target_len, vocabulary_size).

        Without dropout the same numbers as `step` after `step`, in less time. Only the states wait for each
        other: words are looked up before them, and scores computed after them, for all steps at once.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        check_ids("target_input", target_input, self.vocabulary_size)
        embedded: Tensor = self.dropout(self.embedding(target_input))  # (batch, target_len, embedding_size)
        state, hidden, contexts = self.start(encoded), [], []
        for word in embedded.unbind(dim=1):
            context, state = self.advance(word, state)
            hidden.append(state.hidden)
            contexts.append(context)
        return self.scores(torch.stack(hidden, dim=1), embedded, torch.stack(contexts, dim=1))


# --------------------------------------------------------------------------------------- the model
def attention_model(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    embedding_size: int = 64,
    hidden_size: int = 128,
    encoder_size: int | None = None,
    attention_size: int | None = None,
    context: str = "attention",
    start_from: str = "backward",
    bidirectional: bool = True,
    dropout: float = 0.0,
    encoder_layers: int = 1,
    tied: bool = False,
) -> Seq2Seq:
    """RNNsearch, the model of Bahdanau et al. (2015), in a size for a laptop.

    Args:
        source_vocabulary_size: number of source tokens.
        target_vocabulary_size: number of target tokens.
        embedding_size: length of a word's vector, in both languages.
        hidden_size: length of the decoder's state.
        encoder_size: length of the encoder's state in each direction. By default so that an annotation is as
            long as the decoder's state, which trains twice as fast as the paper's choice, `hidden_size`.
        attention_size: see `BahdanauAttention`; by default `hidden_size`, as in the paper.
        context: ``"attention"``, ``"mean"``, ``"fixed"`` or ``"none"``: what the decoder gets at every step.
        start_from: how s₀ is made: see `AttentionDecoder`.
        bidirectional: whether the encoder reads in both directions.
        dropout: the share of the numbers that training sets to 0, in word vectors, annotations and maxout
            layer.
        encoder_layers: the paper has one.
        tied: see `AttentionDecoder`.

    Raises:
        ValueError: if `context` or `start_from` is none of these, or sizes do not fit.
    """
    made_with = {"model": "attention", **locals()}
    if encoder_size is None:
        encoder_size = hidden_size // 2 if bidirectional else hidden_size
    encoder = RecurrentEncoder(
        source_vocabulary_size,
        embedding_size,
        encoder_size,
        bidirectional=bidirectional,
        dropout=dropout,
        layers=encoder_layers,
    )
    module: Context
    if context == "attention":
        size = hidden_size if attention_size is None else attention_size
        module = BahdanauAttention(hidden_size, encoder.annotation_size, size)
    elif context == "mean":
        module = MeanContext(encoder.annotation_size)
    elif context == "fixed":
        module = FixedContext(encoder.annotation_size)
    elif context == "none":
        module = NoContext()
    else:
        raise ValueError(f"context: {context!r} is not one of {', '.join(CONTEXTS)}")
    decoder = AttentionDecoder(
        target_vocabulary_size,
        embedding_size,
        hidden_size,
        encoder.annotation_size,
        module,
        start_from,
        dropout,
        tied,
    )
    model = Seq2Seq(encoder, decoder)
    model.made_with = made_with
    return model
