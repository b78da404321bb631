"""The contract is enough: decoders and an encoder written from it alone go through everything.

`mypy --strict` accepts this file: both decoders are assigned to a `Decoder[…]`, the encoder to an `Encoder`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor, nn

from seq2seq_utils.batching import make_batch, make_loader
from seq2seq_utils.models import (
    AttentionDecoder,
    BahdanauAttention,
    Decoder,
    Encoded,
    Encoder,
    FixedContext,
    MeanContext,
    NoContext,
    PlainDecoder,
    RecurrentEncoder,
    Seq2Seq,
    Step,
)
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import TextCodec, WordTokenizer
from seq2seq_utils.training import Settings, evaluate_loss, fit, predict
from seq2seq_utils.translation import align, beam_search, greedy, trace, translate


# ------------------------------------------------------------------- Luong's decoder, in 40 code lines
@dataclass(frozen=True)
class LuongState:
    """What goes from step to step in global attention (Luong, Pham and Manning, 2015)."""

    hidden: Tensor  # (batch, size)
    weights: Tensor  # (batch, source_len); 0 before the first step
    encoded: Encoded

    @property
    def all_weights(self) -> Tensor:
        return self.weights[None, None]

    def select(self, rows: Tensor) -> LuongState:
        encoded = Encoded(self.encoded.annotations[rows], None, self.encoded.mask[rows])
        return LuongState(self.hidden[rows], self.weights[rows], encoded)


class LuongDecoder(nn.Module):
    """The query is the *current* state, its energy with an annotation their dot product."""

    def __init__(self, vocabulary_size: int, size: int) -> None:
        super().__init__()
        self.vocabulary_size, self.size = vocabulary_size, size
        self.embedding, self.rnn = nn.Embedding(vocabulary_size, size), nn.GRUCell(size, size)
        self.output = nn.Sequential(nn.Linear(2 * size, size), nn.Tanh(), nn.Linear(size, vocabulary_size))

    def check_fits(self, encoder: Encoder) -> None:
        if encoder.annotation_size != self.size:
            raise ValueError(f"decoder: annotation_size {encoder.annotation_size}, but it needs {self.size}")

    def start(self, encoded: Encoded) -> LuongState:
        if not isinstance(encoded.state, Tensor):
            raise ValueError("encoded: its state is not one tensor")
        return LuongState(encoded.state, torch.zeros(encoded.mask.shape), encoded)

    def step(self, token: Tensor, state: LuongState) -> Step[LuongState]:
        hidden = self.rnn(self.embedding(token), state.hidden)  # (batch, size)
        energies = (state.encoded.annotations @ hidden[:, :, None]).squeeze(2)  # (batch, source_len)
        weights = energies.where(state.encoded.mask, -torch.inf).softmax(dim=1)
        context = (weights[:, None] @ state.encoded.annotations).squeeze(1)  # (batch, size)
        logits = self.output(torch.cat([context, hidden], dim=1))
        return Step(logits, LuongState(hidden, weights, state.encoded))

    def forward(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        if not 0 <= int(target_input.min()) <= int(target_input.max()) < self.vocabulary_size:
            raise ValueError(f"target_input: an id is not from 0 to {self.vocabulary_size - 1}")
        state, logits = self.start(encoded), []
        for token in target_input.unbind(dim=1):
            scores, state = self.step(token, state)
            logits.append(scores)
        return torch.stack(logits, dim=1)


# ------------------------------------------------- an encoder without a state, a decoder without weights
class WordEncoder(nn.Module):
    """Each annotation is its word's vector; nothing is read in order, so there is no last state."""

    def __init__(self, vocabulary_size: int, size: int) -> None:
        super().__init__()
        self.annotation_size = size
        self.embedding = nn.Embedding(vocabulary_size, size)

    def forward(self, source: Tensor, source_lengths: Tensor) -> Encoded:
        mask = torch.arange(source.shape[1]) < source_lengths[:, None]
        return Encoded(self.embedding(source) * mask[:, :, None], None, mask)


@dataclass(frozen=True)
class SumState:
    """The sum of all annotations, and of the words written so far."""

    total: Tensor  # (batch, size)
    weights: None = None
    all_weights: None = None

    def select(self, rows: Tensor) -> SumState:
        return SumState(self.total[rows])


class SumDecoder(nn.Module):
    """It takes words that it has written from the sum of the source's words, and needs no last state."""

    def __init__(self, vocabulary_size: int, size: int) -> None:
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.embedding, self.output = nn.Embedding(vocabulary_size, size), nn.Linear(size, vocabulary_size)

    def check_fits(self, encoder: Encoder) -> None:
        """Every encoder fits."""

    def start(self, encoded: Encoded) -> SumState:
        return SumState(encoded.annotations.sum(dim=1))

    def step(self, token: Tensor, state: SumState) -> Step[SumState]:
        state = SumState(state.total + self.embedding(token))
        return Step(self.output(state.total), state)

    def forward(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        totals: Tensor = self.start(encoded).total[:, None] + self.embedding(target_input).cumsum(dim=1)
        logits: Tensor = self.output(totals)
        return logits


def luong_model(vocabulary_size: int) -> Seq2Seq:
    encoder: Encoder = RecurrentEncoder(vocabulary_size, 24, 12, bidirectional=True)
    decoder: Decoder[LuongState] = LuongDecoder(vocabulary_size, 24)
    return Seq2Seq(encoder, decoder)


def sum_model(vocabulary_size: int) -> Seq2Seq:
    encoder: Encoder = WordEncoder(vocabulary_size, 24)
    decoder: Decoder[SumState] = SumDecoder(vocabulary_size, 24)
    return Seq2Seq(encoder, decoder)


# --------------------------------------------------------------------------------------- the small tasks
WORDS = [f"w{number}" for number in range(8)]
CODEC = TextCodec.build(WordTokenizer(), WORDS)
SIZE = len(CODEC.vocabulary)


def reversed_sentences(count: int, seed: int) -> list[SentencePair]:
    """What only a decoder that knows the order can do."""
    generator = random.Random(seed)
    sentences = [generator.sample(WORDS, k=generator.randint(1, 4)) for _ in range(count)]
    return [SentencePair(" ".join(words), " ".join(reversed(words))) for words in sentences]


def sorted_sentences(count: int, seed: int) -> list[SentencePair]:
    """What needs no order: each of the words once, from the first in the vocabulary to the last."""
    generator = random.Random(seed)
    sentences = [generator.sample(WORDS, k=generator.randint(1, 6)) for _ in range(count)]
    return [SentencePair(" ".join(words), " ".join(sorted(words))) for words in sentences]


def ids_of(pairs: list[SentencePair]) -> list[tuple[list[int], list[int]]]:
    return [(CODEC.encode(pair.source), CODEC.encode(pair.target)) for pair in pairs]


TASKS = {"luong": (luong_model, reversed_sentences, 12), "sum": (sum_model, sorted_sentences, 12)}


@pytest.mark.parametrize("name", TASKS)
def test_a_decoder_written_from_the_contract_alone_goes_through_everything(name: str) -> None:
    make, sentences, epochs = TASKS[name]
    model, has_weights = make(SIZE), name == "luong"
    loader = make_loader(ids_of(sentences(600, 0)), batch_size=32)
    fit(model, loader, Settings(epochs=epochs, learning_rate=1e-2))
    model.eval()

    unseen = sentences(50, 1)
    batch = make_batch(ids_of(unseen))
    assert evaluate_loss(model, [batch]) < 0.3

    found = translate(model, [pair.source for pair in unseen], CODEC, CODEC, batch_size=16)
    right = [each.text.lower() == pair.target for each, pair in zip(found, unseen, strict=True)]
    assert sum(right) >= 40
    assert all(each.reached_end for each in found)
    limits = [9] * len(unseen)
    by_greedy = greedy(model, batch.source, batch.source_lengths, limits)
    by_beam = beam_search(model, batch.source, batch.source_lengths, limits, beam=1)
    wider = beam_search(model, batch.source, batch.source_lengths, limits, beam=4)
    assert [list(each.ids) for each in found] == [each.ids for each in by_greedy]
    assert [each[:2] for each in by_greedy] == [each[:2] for each in by_beam]
    assert sum(each.ids == target for each, (_, target) in zip(wider, ids_of(unseen), strict=True)) >= 35

    for pair, each in zip(unseen[:5], found, strict=False):
        steps = trace(model, pair.source, CODEC, CODEC)
        assert [step.likeliest[0][0] for step in steps] == [*CODEC.vocabulary.decode(each.ids), "<eos>"]
        assert all((step.weights is not None) == has_weights for step in steps)
    for hypotheses in (by_greedy, by_beam, wider):
        for hypothesis, length in zip(hypotheses, batch.source_lengths.tolist(), strict=True):
            assert (hypothesis.weights is not None) == has_weights
            if hypothesis.weights is not None:
                torch.testing.assert_close(hypothesis.weights.sum(dim=1), torch.ones(len(hypothesis.weights)))
                assert not hypothesis.weights[:, length:].any()
    if has_weights:
        assert align(model, unseen[:1], CODEC, CODEC)[0].shape == (
            len(unseen[0].target.split()) + 1,
            len(unseen[0].source.split()),
        )
    else:
        with pytest.raises(ValueError, match="model: has no attention"):
            align(model, unseen[:1], CODEC, CODEC)


@pytest.mark.parametrize("name", TASKS)
def test_it_is_fed_its_own_words_as_every_other_decoder_is(name: str) -> None:
    make, sentences, _ = TASKS[name]
    model, batch = make(SIZE), make_batch(ids_of(sentences(30, 0)))
    logits = predict(model, batch, 0.5)
    assert logits.shape == (*batch.target_input.shape, SIZE)
    gradients = torch.autograd.grad(logits.square().mean(), list(model.parameters()))
    assert all(bool(gradient.any()) for gradient in gradients)
    free = predict(model, batch, 0.0)
    own = torch.cat([batch.target_input[:, :1], free.argmax(dim=2)[:, :-1]], dim=1)
    torch.testing.assert_close(predict(model, replace(batch, target_input=own), 1.0), free)


def test_decoders_that_need_a_last_state_say_so_where_there_is_none() -> None:
    models = [Seq2Seq(WordEncoder(SIZE, 24), PlainDecoder(SIZE, 8, 24))]
    for context in (BahdanauAttention(24, 24, 24), MeanContext(24), FixedContext(24), NoContext()):
        for start_from in ("backward", "last"):
            decoder = AttentionDecoder(SIZE, 8, 24, 24, context, start_from)
            models.append(Seq2Seq(WordEncoder(SIZE, 24), decoder))
    for model in models:
        with pytest.raises(ValueError, match=r"encoded: .*no last state"):
            translate(model, ["w1 w2"], CODEC, CODEC)
    with pytest.raises(ValueError, match="annotation_size 16"):
        Seq2Seq(WordEncoder(SIZE, 16), LuongDecoder(SIZE, 24))
