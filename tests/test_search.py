"""Beam search: that it finds what there is to find, and does not depend on the company."""

import itertools
import math
import random
from typing import ClassVar

import pytest
import torch
from torch import Tensor

from seq2seq_utils.attention import attention_model
from seq2seq_utils.batching import pad
from seq2seq_utils.layers import CELLS
from seq2seq_utils.models import Seq2Seq, Step, plain_model
from seq2seq_utils.search import Hypothesis, beam_search, greedy
from seq2seq_utils.text import EOS_ID, SOS_ID

VOCABULARY = 6  # PAD, SOS, EOS, UNK and two words
GENERATOR = random.Random(0)
SENTENCES = [[GENERATOR.randrange(4, 30) for _ in range(GENERATOR.randint(1, 12))] for _ in range(40)]


def model_of(kind: str, size: int, seed: int = 0, cell: str = "gru") -> Seq2Seq:
    """Random weights, large enough to make the choice of a word depend on the words before."""
    torch.manual_seed(seed)
    make = attention_model if kind == "attention" else plain_model
    model = make(30, size, 16, 32, cell=cell).eval()
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter *= 2.5
        if kind == "attention":
            model.decoder.attention.v_a.normal_()  # untrained it is 0, and attention the same everywhere
        output = model.decoder.W_o if kind == "attention" else model.decoder.output
        output.weight[EOS_ID] *= 1.6  # some translations end in time, others do not
    return model


def score(
    model: Seq2Seq, source: Tensor, lengths: Tensor, ids: tuple[int, ...], length_penalty: float
) -> float:
    """The log probability of a translation and EOS, word by word, divided as the search divides it."""
    with torch.no_grad():
        state = model.decoder.start(model.encoder(source, lengths))
        total = 0.0
        for fed, said in itertools.pairwise([SOS_ID, *ids, EOS_ID]):
            logits, state = model.decoder.step(torch.tensor([fed]), state)
            total += logits[0].log_softmax(0)[said].item()
    return total / (len(ids) + 1) ** length_penalty


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("kind", ["plain", "attention"])
@pytest.mark.parametrize("seed", range(3))
def test_a_beam_as_wide_as_all_there_is_finds_the_best_of_all_translations(kind, seed, length_penalty):
    model, limit = model_of(kind, VOCABULARY, seed), 3
    words = [id for id in range(VOCABULARY) if id != EOS_ID]
    every = [ids for length in range(limit + 1) for ids in itertools.product(words, repeat=length)]
    source, lengths = pad(SENTENCES[:2])
    found = beam_search(model, source, lengths, [limit] * 2, len(every), length_penalty)
    for row, hypothesis in enumerate(found):
        alone = source[row : row + 1, : lengths[row]], lengths[row : row + 1]
        scores = {ids: score(model, *alone, ids, length_penalty) for ids in every}
        assert hypothesis.reached_end
        assert scores[tuple(hypothesis.ids)] == pytest.approx(max(scores.values()), abs=1e-5)


def test_dividing_by_the_length_makes_translations_longer():
    model = model_of("attention", 30)
    source, lengths = pad(SENTENCES)
    limits = [12] * len(SENTENCES)
    length = {
        power: sum(len(one.ids) for one in beam_search(model, source, lengths, limits, 8, power))
        for power in (0.0, 1.0)
    }
    assert length[0.0] < length[1.0]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", ["plain", "attention"])
def test_a_beam_of_one_is_greedy_search(kind, cell):
    model = model_of(kind, 30, seed=4, cell=cell)
    source, lengths = pad(SENTENCES)
    limits = [row % 16 for row in range(len(SENTENCES))]
    one, other = greedy(model, source, lengths, limits), beam_search(model, source, lengths, limits, beam=1)
    assert {hypothesis.reached_end for hypothesis in one} == {True, False}
    for theirs, ours in zip(one, other, strict=True):
        assert theirs[:2] == ours[:2]
        if kind == "attention":
            torch.testing.assert_close(ours.weights, theirs.weights)
        else:
            assert ours.weights is None


@pytest.mark.parametrize("kind", ["plain", "attention"])
def test_a_sentence_is_translated_alone_as_in_a_batch(kind):
    model = model_of(kind, 30)
    limits = [2 + len(sentence) for sentence in SENTENCES]
    together = beam_search(model, *pad(SENTENCES), limits, beam=4)
    alone = [
        beam_search(model, *pad([ids]), [limit], beam=4)[0]
        for ids, limit in zip(SENTENCES, limits, strict=True)
    ]
    assert len({len(one.ids) for one in alone}) > 3
    assert [one[:2] for one in together] == [one[:2] for one in alone]


def test_the_weights_are_those_of_the_words_that_won():
    model = model_of("attention", 30)
    source, lengths = pad(SENTENCES)
    found = beam_search(model, source, lengths, [10] * len(SENTENCES), beam=4)
    assert {one.reached_end for one in found} == {True, False}
    for row, hypothesis in enumerate(found):
        with torch.no_grad():
            encoded = model.encoder(source[row : row + 1, : lengths[row]], lengths[row : row + 1])
            state, looks = model.decoder.start(encoded), []
            for fed in [SOS_ID, *hypothesis.ids][: len(hypothesis.ids) + hypothesis.reached_end]:
                state = model.decoder.step(torch.tensor([fed]), state).state
                looks.append(state.weights[0])
        torch.testing.assert_close(hypothesis.weights[:, : lengths[row]], torch.stack(looks))
        assert hypothesis.weights[:, lengths[row] :].count_nonzero() == 0


def test_without_eos_the_limit_is_kept_and_reported():
    model = model_of("attention", 30)
    with torch.no_grad():
        model.decoder.W_o.bias[EOS_ID] = -math.inf
    found = beam_search(model, *pad(SENTENCES[:3]), [0, 4, 7], beam=3)
    assert [(len(one.ids), one.reached_end) for one in found] == [(0, False), (4, False), (7, False)]
    assert [len(one.weights) for one in found] == [0, 4, 7]


class Table(torch.nn.Module):
    """A model that looks its probabilities up, given what was said: of EOS, and of two words, 4 and 5."""

    NEXT: ClassVar = {(): (0.0, 0.6, 0.4), (4,): (0.0, 0.55, 0.45), (5,): (0.0, 0.1, 0.9)}

    def __init__(self) -> None:
        super().__init__()
        self.decoder, self.said = self, []

    def encoder(self, source: Tensor, source_lengths: Tensor) -> Tensor:
        return source

    def start(self, source: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros(len(source), dtype=torch.long), torch.zeros(len(source), dtype=torch.long)

    def step(self, token: Tensor, said: tuple[Tensor, Tensor]) -> Step:
        said = (token, said[0]) if token[0] != SOS_ID else said
        scores = torch.zeros(len(token), VOCABULARY)
        for row, words in enumerate(zip(*(part.tolist() for part in reversed(said)), strict=True)):
            spoken = tuple(word for word in words if word)
            scores[row, [EOS_ID, 4, 5]] = torch.tensor(self.NEXT.get(spoken, (1.0, 0.0, 0.0)))
        return Step(scores.log(), said)


@pytest.mark.parametrize(
    ("beam", "found"), [(1, [4, 4]), (2, [5, 5]), (3, [5, 5]), (8, [5, 5]), (40, [5, 5])]
)
def test_what_cannot_be_said_is_never_found_however_wide_the_beam(beam, found):
    source = torch.full((2, 1), 4)
    for hypothesis in beam_search(Table(), source, torch.ones(2), [4, 4], beam):
        assert hypothesis == (found, True, None)


class Chain(Table):
    """A model that can say one thing alone: word 4, four times, then EOS. Its state counts the words."""

    def start(self, source: Tensor) -> Tensor:
        return torch.zeros(len(source), dtype=torch.long)

    def step(self, token: Tensor, said: Tensor) -> Step:
        scores = torch.zeros(len(token), VOCABULARY)
        scores[torch.arange(len(token)), torch.where(said < 4, 4, EOS_ID)] = 1.0
        return Step(scores.log(), said + 1)


@pytest.mark.parametrize("beam", range(1, 7))
def test_an_end_that_cannot_be_does_not_count_as_finished(beam):
    # With fewer possible continuations than the beam is wide, EOS of probability 0 is among the best.
    (hypothesis,) = beam_search(Chain(), torch.full((1, 1), 4), torch.ones(1), [10], beam)
    assert hypothesis == ([4] * 4, True, None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beam": 0}, "beam: 0 is not allowed; it must be 1 or more"),
        ({"length_penalty": -0.5}, "length_penalty: -0.5 is not allowed; it must be 0 or more"),
        ({"limits": [5, 5]}, "limits: 2, but source has 1 rows"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    arguments = {"limits": [5], "beam": 2} | settings
    with pytest.raises(ValueError, match=message):
        beam_search(model_of("plain", 30), *pad(SENTENCES[:1]), **arguments)


def test_a_hypothesis_is_the_same_kind_of_answer_from_both_searches():
    model = model_of("plain", 30)
    for search in (greedy, beam_search):
        (found,) = search(model, *pad(SENTENCES[:1]), [3])
        assert isinstance(found, Hypothesis)
        assert EOS_ID not in found.ids
