"""The transformer: every word looks at all others at once, and nothing is read in sequence.

The letters are those of the paper (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762): Q, K and V are
queries, keys and values; W_Q, W_K and W_V make them, and W_O joins the heads. Its sizes have names here:
d_model is `model_size`, h `heads`, d_k and d_v are `head_size`, d_ff is `feed_forward_size`, N `layers`.

One thing stands in another place. The paper normalises the sum of a sublayer's input and output (post-norm).
Here what goes into a sublayer is normalised, and what comes out of the last layer once more (pre-norm). Xiong
et al. (2020, https://arxiv.org/abs/2002.04745) show that with post-norm the gradients near the output are
large at first, which is why such a model needs a learning rate that warms up. With pre-norm it needs none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from seq2seq_utils.models.contract import Encoded, Encoder, Step
from seq2seq_utils.models.layers import check_ids, check_lengths, word_mask
from seq2seq_utils.models.seq2seq import Seq2Seq


# --------------------------------------------------------------------------------------- attention
class KeysValues(NamedTuple):
    """What attention looks at: a key and a value of each word, in each head."""

    keys: Tensor  # K, (batch, heads, words, head_size)
    values: Tensor  # V, likewise

    def select(self, rows: Tensor) -> KeysValues:
        """Those of some sentences of the batch."""
        return KeysValues(self.keys[rows], self.values[rows])

    def followed_by(self, later: KeysValues) -> KeysValues:
        """These, and then those of later words of the same sentences."""
        return KeysValues(*(torch.cat(both, dim=2) for both in zip(self, later, strict=True)))


def dot_product_attention(queries: Tensor, seen: KeysValues, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention, equation 1 of the paper: softmax(QKᵀ / √d_k) V.

    Args:
        queries: Q, (batch, heads, queries, head_size).
        seen: K and V, each (batch, heads, words, head_size).
        mask: True where a query may look at a word, at one or more in each row; of a shape that can be
            broadcast to (batch, heads, queries, words).

    Returns:
        The contexts, (batch, heads, queries, head_size), and the weights, (batch, heads, queries, words):
        each row sums to 1, and is exactly 0 where the mask is False.
    """
    energies = queries @ seen.keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
    weights = energies.where(mask, -torch.inf).softmax(dim=-1)  # (batch, heads, queries, words)
    return weights @ seen.values, weights


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each with queries, keys and values of its own (section 3.2.2).

    Args:
        model_size: length of a word's vector.
        heads: how many there are; each works with vectors of model_size / heads numbers.

    Raises:
        ValueError: if `heads` does not divide `model_size`, or is less than 1.
    """

    def __init__(self, model_size: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or model_size % heads:
            raise ValueError(f"heads: {heads} is not allowed; it must divide model_size, {model_size}")
        self.heads = heads
        # In each matrix those of all heads stand side by side.
        self.W_Q = nn.Linear(model_size, model_size, bias=False)
        self.W_K = nn.Linear(model_size, model_size, bias=False)
        self.W_V = nn.Linear(model_size, model_size, bias=False)
        self.W_O = nn.Linear(model_size, model_size, bias=False)

    def keys_values(self, vectors: Tensor) -> KeysValues:
        """What can be looked at in these words, (batch, words, model_size)."""
        return KeysValues(self._split(self.W_K(vectors)), self._split(self.W_V(vectors)))

    def forward(self, vectors: Tensor, seen: KeysValues, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Looks, from each of some words, at all those seen.

        Args:
            vectors: of the words that look, (batch, queries, model_size).
            seen: what `keys_values` made of the words that are looked at.
            mask: see `dot_product_attention`.

        Returns:
            What was seen, (batch, queries, model_size), and the weights, (batch, heads, queries, words).
        """
        contexts, weights = dot_product_attention(self._split(self.W_Q(vectors)), seen, mask)
        joined: Tensor = self.W_O(contexts.transpose(1, 2).flatten(2))  # (batch, queries, model_size)
        return joined, weights

    def _split(self, vectors: Tensor) -> Tensor:
        """Vectors cut into those of the heads: (batch, heads, words, head_size)."""
        return torch.unflatten(vectors, 2, (self.heads, -1)).transpose(1, 2)


def causal_mask(words: int, before: int = 0) -> Tensor:
    """Which words each word of a sentence may look at: itself and those before it.

    Args:
        words: how many look, one after another.
        before: how many stand before the first of them.

    Returns:
        (words, before + words), True where a word may be looked at.
    """
    places = torch.arange(before + words)
    return places <= places[before:, None]


# ------------------------------------------------------------------------- words and their places
def sinusoidal_positions(first: int, words: int, size: int) -> Tensor:
    """A vector for each place in a sentence, by the two formulas of section 3.5.

    Numbers 2i and 2i + 1 of a place's vector are sine and cosine of place / 10000^(2i / size).

    Args:
        first: the first place, counted from 0.
        words: how many places.
        size: of a vector, an even number.

    Returns:
        (words, size).
    """
    places = torch.arange(first, first + words)
    angles = places[:, None] / 10000 ** (torch.arange(0, size, 2) / size)  # (words, size / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


class PositionalEmbedding(nn.Embedding):
    """The sum of a word's vector, times √d_model, and the vector of its place.

    Word vectors start with a standard deviation of 1 / √d_model: multiplied, their numbers are about as large
    as those of places; and they are of length 1, or nearly, where the output uses them as they are.

    Args:
        vocabulary_size: number of tokens.
        model_size: length of a vector, an even number.
        positions: whether places are added.

    Raises:
        ValueError: if `model_size` is odd, or less than 2.
    """

    def __init__(self, vocabulary_size: int, model_size: int, positions: bool = True) -> None:
        if model_size < 2 or model_size % 2:
            raise ValueError(f"model_size: {model_size} is not allowed; it must be an even number, 2 or more")
        super().__init__(vocabulary_size, model_size)
        self.positions = positions

    def reset_parameters(self) -> None:
        """Draws the word vectors anew."""
        nn.init.normal_(self.weight, std=self.embedding_dim**-0.5)

    def forward(self, ids: Tensor, first: int = 0) -> Tensor:
        """The vectors of words, the first of which has the place `first`.

        Args:
            ids: (batch, words).
            first: counted from 0.

        Returns:
            (batch, words, model_size).
        """
        vectors = super().forward(ids) * math.sqrt(self.embedding_dim)
        if self.positions:
            vectors = vectors + sinusoidal_positions(first, ids.shape[1], self.embedding_dim).to(vectors)
        return vectors


def feed_forward(model_size: int, feed_forward_size: int) -> nn.Sequential:
    """Equation 2 of the paper, max(0, x W₁ + b₁) W₂ + b₂, for each word by itself.

    Raises:
        ValueError: if `feed_forward_size` is less than 1.
    """
    _check_positive("feed_forward_size", feed_forward_size)
    return nn.Sequential(
        nn.Linear(model_size, feed_forward_size), nn.ReLU(), nn.Linear(feed_forward_size, model_size)
    )


# ------------------------------------------------------------------------------------- the encoder
class EncoderLayer(nn.Module):
    """Every word looks at all words of its sentence, then is worked on by itself.

    Args:
        model_size: length of a word's vector.
        feed_forward_size: of the layer between.
        heads: see `MultiHeadAttention`.
        dropout: the share of the numbers of what each sublayer adds that training sets to 0.
    """

    def __init__(self, model_size: int, feed_forward_size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(model_size, heads)
        self.feed_forward = feed_forward(model_size, feed_forward_size)
        self.self_attention_norm = nn.LayerNorm(model_size)
        self.feed_forward_norm = nn.LayerNorm(model_size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Adds to the vectors of the words, (batch, words, model_size), what each sublayer finds.

        Args:
            vectors: of all words of the sentences.
            mask: True where there is a word, (batch, 1, 1, words).
        """
        normed = self.self_attention_norm(vectors)
        found, _ = self.self_attention(normed, self.self_attention.keys_values(normed), mask)
        vectors = vectors + self.dropout(found)
        vectors = vectors + self.dropout(self.feed_forward(self.feed_forward_norm(vectors)))
        return vectors


class TransformerEncoder(nn.Module):
    """Reads all words of a sentence at once; an annotation is what the last layer makes of a word.

    Args:
        vocabulary_size: number of source tokens.
        model_size: length of a word's vector, in every layer, and of an annotation.
        feed_forward_size: see `EncoderLayer`.
        heads: see `MultiHeadAttention`.
        layers: how many there are, one upon another.
        dropout: the share of the numbers that training sets to 0: in the vectors that go into the first
            layer, and in what each sublayer adds to them.
        positions: whether words know their places; without, a sentence is a bag of words.

    Raises:
        ValueError: if a number is less than 1, `model_size` is odd, or `heads` does not divide it.
    """

    def __init__(
        self,
        vocabulary_size: int,
        model_size: int,
        feed_forward_size: int,
        heads: int,
        layers: int,
        dropout: float = 0.0,
        positions: bool = True,
    ) -> None:
        super().__init__()
        _check_positive("layers", layers)
        self.annotation_size = model_size
        self.embedding = PositionalEmbedding(vocabulary_size, model_size, positions)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(model_size, feed_forward_size, heads, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(model_size)

    def forward(self, source: Tensor, source_lengths: Tensor) -> Encoded:
        """Encodes a padded batch; no word looks at padding. There is no last state.

        Args:
            source: ids, (batch, source_len).
            source_lengths: real words in each row, (batch,).

        Raises:
            ValueError: if an id is outside the vocabulary, or the lengths disagree with the ids.
        """
        check_ids("source", source, self.embedding.num_embeddings)
        check_lengths(source, source_lengths)
        mask = word_mask(source, source_lengths)  # (batch, source_len)
        vectors = self.dropout(self.embedding(source))  # (batch, source_len, model_size)
        for layer in self.layers:
            vectors = layer(vectors, mask[:, None, None])
        return Encoded(self.norm(vectors) * mask[:, :, None], None, mask)


# ------------------------------------------------------------------------------------- the decoder
class DecoderLayer(nn.Module):
    """Every word looks at those before it, then at all words of the source, then is worked on by itself.

    Args:
        model_size: length of a word's vector, and of an annotation.
        feed_forward_size: of the layer between.
        heads: see `MultiHeadAttention`.
        dropout: the share of the numbers of what each sublayer adds that training sets to 0.
    """

    def __init__(self, model_size: int, feed_forward_size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(model_size, heads)
        self.cross_attention = MultiHeadAttention(model_size, heads)
        self.feed_forward = feed_forward(model_size, feed_forward_size)
        self.self_attention_norm = nn.LayerNorm(model_size)
        self.cross_attention_norm = nn.LayerNorm(model_size)
        self.feed_forward_norm = nn.LayerNorm(model_size)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, vectors: Tensor, written: KeysValues, read: KeysValues, causal: Tensor, is_word: Tensor
    ) -> tuple[Tensor, KeysValues, Tensor]:
        """Adds to the vectors of some words what each sublayer finds.

        Args:
            vectors: of the newest words, (batch, words, model_size).
            written: keys and values of the words before them.
            read: keys and values of the source's words.
            causal: which words each may look at, (words, words before and these).
            is_word: where the source has a word, (batch, 1, 1, source_len).

        Returns:
            The vectors; `written` with these words at its end; and the weights of the source's words,
            (batch, heads, words, source_len).
        """
        normed = self.self_attention_norm(vectors)
        written = written.followed_by(self.self_attention.keys_values(normed))
        found, _ = self.self_attention(normed, written, causal)
        vectors = vectors + self.dropout(found)
        found, weights = self.cross_attention(self.cross_attention_norm(vectors), read, is_word)
        vectors = vectors + self.dropout(found)
        vectors = vectors + self.dropout(self.feed_forward(self.feed_forward_norm(vectors)))
        return vectors, written, weights


@dataclass(frozen=True, slots=True)
class TransformerState:
    """What goes from one step to the next: the keys and values so far, so that no word is computed twice.

    Where one map is shown, it is the mean of all heads: beforehand none is known to align best.
    """

    written: tuple[KeysValues, ...]  # of each layer; those of the words so far, one more after each step
    read: tuple[KeysValues, ...]  # of each layer; those of the source's words, the same at every step
    mask: Tensor  # (batch, source_len): where the source has a word
    all_weights: Tensor | None  # (layers, heads, batch, source_len); None before the first step

    @property
    def weights(self) -> Tensor | None:
        """The mean over all heads of all layers, (batch, source_len); None before the first step."""
        return None if self.all_weights is None else self.all_weights.mean(dim=(0, 1))

    def select(self, rows: Tensor) -> TransformerState:
        """The state of some sentences of the batch."""
        return TransformerState(
            tuple(of_layer.select(rows) for of_layer in self.written),
            tuple(of_layer.select(rows) for of_layer in self.read),
            self.mask[rows],
            None if self.all_weights is None else self.all_weights[:, :, rows],
        )


class TransformerDecoder(nn.Module):
    """Writes a sentence word by word; in training all words of it are computed at once.

    Args:
        vocabulary_size: number of target tokens.
        model_size: length of a word's vector, in every layer; an annotation must be as long.
        feed_forward_size: see `DecoderLayer`.
        heads: see `MultiHeadAttention`.
        layers: how many there are, one upon another.
        dropout: as in the encoder.
        positions: whether words know their places.
        tied: whether a word's vector is also its row of the output matrix, as in the paper (section 3.4).

    Attributes:
        causal_mask: the function that says which words each word may look at.

    Raises:
        ValueError: if a number is less than 1, `model_size` is odd, or `heads` does not divide it.
    """

    def __init__(
        self,
        vocabulary_size: int,
        model_size: int,
        feed_forward_size: int,
        heads: int,
        layers: int,
        dropout: float = 0.0,
        positions: bool = True,
        tied: bool = False,
    ) -> None:
        super().__init__()
        _check_positive("layers", layers)
        self.vocabulary_size = vocabulary_size
        self.model_size = model_size
        self.causal_mask = causal_mask
        self.embedding = PositionalEmbedding(vocabulary_size, model_size, positions)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            DecoderLayer(model_size, feed_forward_size, heads, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(model_size)
        self.output = nn.Linear(model_size, vocabulary_size)
        if tied:
            self.output.weight = self.embedding.weight

    def check_fits(self, encoder: Encoder) -> None:
        """Raises a ValueError if this encoder's annotations are not as long as a word's vector here."""
        if encoder.annotation_size != self.model_size:
            raise ValueError(
                f"decoder: its model_size is {self.model_size}, but the encoder's annotations have "
                f"{encoder.annotation_size} numbers; both must be the same"
            )

    def start(self, encoded: Encoded) -> TransformerState:
        """The state before the first word: the source's keys and values, and none of words written."""
        layers = cast(Sequence[DecoderLayer], self.layers)
        read = tuple(layer.cross_attention.keys_values(encoded.annotations) for layer in layers)
        nothing = tuple(KeysValues(keys[:, :, :0], values[:, :, :0]) for keys, values in read)
        return TransformerState(nothing, read, encoded.mask, None)

    def step(self, token: Tensor, state: TransformerState) -> Step[TransformerState]:
        """One step: the previous token, (batch,), and the previous state give the next one's scores."""
        vectors, state = self.advance(token[:, None], state)  # (batch, 1, model_size)
        return Step(self.output(vectors[:, 0]), state)

    def advance(self, tokens: Tensor, state: TransformerState) -> tuple[Tensor, TransformerState]:
        """Goes on by any number of words: one when it translates, all of them in training.

        Args:
            tokens: the next ones, (batch, words).
            state: after the words before them.

        Returns:
            A vector for each, (batch, words, model_size), from which the scores of the word after it come;
            and the state after the last.
        """
        before = state.written[0].keys.shape[2]
        causal = self.causal_mask(tokens.shape[1], before).to(tokens.device)
        is_word = state.mask[:, None, None]
        vectors = self.dropout(self.embedding(tokens, before))
        written, weights = [], []
        for layer, of_layer, read in zip(self.layers, state.written, state.read, strict=True):
            vectors, of_layer, looked_at = layer(vectors, of_layer, read, causal, is_word)
            written.append(of_layer)
            weights.append(looked_at[:, :, -1].transpose(0, 1))  # (heads, batch, source_len)
        return self.norm(vectors), TransformerState(
            tuple(written), state.read, state.mask, torch.stack(weights)
        )

    def forward(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        """All steps at once, each fed the true previous token: (batch, target_len, vocabulary_size).

        Without dropout the same numbers as `step` after `step`, and no word waits for another.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        check_ids("target_input", target_input, self.vocabulary_size)
        vectors, _ = self.advance(target_input, self.start(encoded))
        logits: Tensor = self.output(vectors)
        return logits


def _check_positive(name: str, number: int) -> None:
    if number < 1:
        raise ValueError(f"{name}: {number} is not allowed; it must be 1 or more")


# --------------------------------------------------------------------------------------- the model
def transformer_model(
    source_vocabulary_size: int,
    target_vocabulary_size: int,
    model_size: int = 64,
    feed_forward_size: int | None = None,
    heads: int = 4,
    layers: int = 2,
    dropout: float = 0.0,
    positions: bool = True,
    tied: bool = False,
) -> Seq2Seq:
    """The transformer of Vaswani et al. (2017), pre-norm, in a size for a laptop.

    Args:
        source_vocabulary_size: number of source tokens.
        target_vocabulary_size: number of target tokens.
        model_size: length of a word's vector, in every layer and in both languages.
        feed_forward_size: of the layer between; by default four times `model_size`, as in the paper.
        heads: of each attention.
        layers: in the encoder, and as many in the decoder.
        dropout: the share of the numbers that training sets to 0: see `TransformerEncoder`.
        positions: whether words know their places.
        tied: see `TransformerDecoder`; the source's word vectors, which the paper shares with these, are
            never tied.

    Raises:
        ValueError: if a number is less than 1, `model_size` is odd, or `heads` does not divide it.
    """
    made_with = {"model": "transformer", **locals()}
    inner = 4 * model_size if feed_forward_size is None else feed_forward_size
    encoder = TransformerEncoder(source_vocabulary_size, model_size, inner, heads, layers, dropout, positions)
    decoder = TransformerDecoder(
        target_vocabulary_size, model_size, inner, heads, layers, dropout, positions, tied
    )
    model = Seq2Seq(encoder, decoder)
    model.made_with = made_with
    return model
