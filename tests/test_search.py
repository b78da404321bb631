"""Search: where a translation ends, that the best is found, and that no sentence depends on its company."""

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from seq2seq_utils.batching import pad
from seq2seq_utils.models import (
    CELLS,
    AttentionDecoder,
    Encoded,
    Seq2Seq,
    Step,
    attention_model,
    plain_model,
    transformer_model,
)
from seq2seq_utils.text import EOS_ID, SOS_ID
from seq2seq_utils.translation import Hypothesis, beam_search, greedy

SIZE = 30  # of both vocabularies
GENERATOR = random.Random(0)
SENTENCES = [[GENERATOR.randrange(4, SIZE) for _ in range(GENERATOR.randint(1, 12))] for _ in range(40)]


def model_of(kind: str, size: int = SIZE, seed: int = 0) -> Seq2Seq:
    """Random weights, large enough to make the choice of a word depend on the words before."""
    torch.manual_seed(seed)
    if kind in CELLS:
        model = plain_model(SIZE, size, 16, 32, cell=kind)
    elif kind == "transformer":
        model = transformer_model(SIZE, size, 16)
    else:
        model = attention_model(SIZE, size, 16, 32, context=kind)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 2
        if kind == "attention":
            model.decoder.context.v_a.normal_()  # untrained it is 0, and attention the same everywhere
        output_of(model).weight[EOS_ID] *= 1.6  # some translations end in time, others do not
    return model.eval()


def output_of(model: Seq2Seq) -> nn.Linear:
    """The layer from which the scores of words come."""
    return model.decoder.W_o if isinstance(model.decoder, AttentionDecoder) else model.decoder.output


KINDS = (*CELLS, "attention", "mean", "fixed", "none", "transformer")
WITH_WEIGHTS = ("attention", "transformer")


# --- Models that say what a test wants ------------------------------------------------------------


@dataclass
class Words:
    """A state that remembers what was fed: (batch, steps), after the first id of the source sentence."""

    fed: Tensor
    weights: None = None
    all_weights: None = None

    def select(self, rows: Tensor) -> "Words":
        return Words(self.fed[rows])


def model_that_says(
    probabilities: Callable[[int, tuple[int, ...]], dict[int, float]], size: int = SIZE
) -> SimpleNamespace:
    """A model with these probabilities of the next word, by the source's first id and the words so far."""

    def encoder(source: Tensor, source_lengths: Tensor) -> Encoded:
        return Encoded(source[:, :, None].float(), None, source >= 0)

    def start(encoded: Encoded) -> Words:
        return Words(encoded.annotations[:, 0].long())

    def step(token: Tensor, state: Words) -> Step[Words]:
        fed = torch.cat([state.fed, token[:, None]], dim=1)
        scores = torch.zeros(len(fed), size)
        for row, (key, _, *words) in enumerate(fed.tolist()):
            for word, probability in probabilities(key, tuple(words)).items():
                scores[row, word] = probability
        return Step(scores.log(), Words(fed))

    return SimpleNamespace(encoder=encoder, decoder=SimpleNamespace(start=start, step=step))


def model_with_a_script(script: list[list[int]]) -> SimpleNamespace:
    """Says for each source sentence, by its first id, the words of the script, the last of them for ever."""
    return model_that_says(lambda key, words: {script[key][min(len(words), len(script[key]) - 1)]: 1.0})


# --- Where a translation ends ---------------------------------------------------------------------

# What a model would say, the limit, what is found, and whether the end was reached.
ENDS = [
    ([7, EOS_ID, 8, 9], 10, [7], True),
    ([EOS_ID, 7], 10, [], True),
    ([7, 8, 9, EOS_ID, 7], 10, [7, 8, 9], True),
    ([7, 8, 9, 10, 11], 4, [7, 8, 9, 10], False),
    ([7, 8, 9, EOS_ID], 3, [7, 8, 9], True),  # EOS right after the last word allowed is still seen
    ([7, 8, 9, 10, EOS_ID], 3, [7, 8, 9], False),  # a later one is not
    ([7], 9, [7] * 9, False),
    ([EOS_ID], 0, [], True),
    ([9], 0, [], False),
]


@pytest.mark.parametrize("search", [greedy, beam_search])
def test_each_row_ends_at_its_own_eos_or_limit_whatever_the_others_do(search):
    scripts, limits, *_ = zip(*ENDS, strict=True)
    model = model_with_a_script(scripts)
    source = torch.arange(len(scripts))[:, None]
    found = search(model, source, torch.ones(len(scripts)), limits)
    assert found == [(ids, reached_end, None) for *_, ids, reached_end in ENDS]
    alone = [search(model, source[[row]], torch.ones(1), [limit])[0] for row, limit in enumerate(limits)]
    assert alone == found


def test_nothing_is_computed_for_a_row_that_has_ended():
    rows = []

    def probabilities(key: int, words: tuple[int, ...]) -> dict[int, float]:
        rows.append((key, len(words)))
        return {EOS_ID if len(words) == key else 7: 1.0}

    greedy(model_that_says(probabilities), torch.tensor([[2], [0], [9]]), torch.ones(3), [9, 9, 3])
    assert rows == [(2, 0), (0, 0), (9, 0), (2, 1), (9, 1), (2, 2), (9, 2), (9, 3)]


@pytest.mark.parametrize("kind", WITH_WEIGHTS)
def test_weights_have_a_row_for_each_id_and_one_for_eos(kind):
    model, limits = model_of(kind), [row % 9 for row in range(len(SENTENCES))]
    source, lengths = pad(SENTENCES)
    for search in (greedy, beam_search):
        found = search(model, source, lengths, limits)
        assert {hypothesis.reached_end for hypothesis in found} == {True, False}
        for hypothesis, length in zip(found, lengths, strict=True):
            assert len(hypothesis.weights) == len(hypothesis.ids) + hypothesis.reached_end
            assert hypothesis.weights[:, length:].count_nonzero() == 0
            torch.testing.assert_close(hypothesis.weights.sum(dim=1), torch.ones(len(hypothesis.weights)))
    with torch.no_grad():
        output_of(model).bias[EOS_ID] = -math.inf
    for search in (greedy, beam_search):
        found = search(model, *pad(SENTENCES[:3]), [0, 4, 7])
        assert [(len(each.ids), each.reached_end) for each in found] == [(0, False), (4, False), (7, False)]
        assert [len(each.weights) for each in found] == [0, 4, 7]


# --- In any company -------------------------------------------------------------------------------


def assert_same(found: list[Hypothesis], expected: list[Hypothesis], about: object) -> None:
    """The same words and ends; weights the same to rounding, and exactly 0 beyond those expected."""
    assert [each[:2] for each in found] == [each[:2] for each in expected], about
    for each, other in zip(found, expected, strict=True):
        assert (each.weights is None) == (other.weights is None), about
        if each.weights is not None:
            words = other.weights.shape[1]
            torch.testing.assert_close(each.weights[:, :words], other.weights)
            assert each.weights[:, words:].count_nonzero() == 0, about


@pytest.mark.parametrize("kind", KINDS)
def test_a_sentence_is_translated_alone_as_in_a_batch(kind):
    limits, ends = [2 + len(sentence) for sentence in SENTENCES], set()
    for seed, (search, settings) in itertools.product((1, 3), [(greedy, {}), (beam_search, {"beam": 4})]):
        model = model_of(kind, seed=seed)
        together = search(model, *pad(SENTENCES), limits, **settings)
        alone = [
            search(model, *pad([ids]), [limit], **settings)[0]
            for ids, limit in zip(SENTENCES, limits, strict=True)
        ]
        assert_same(together, alone, (seed, search))
        assert len({len(each.ids) for each in alone}) > 3, "rows are to end at different steps"
        assert all((each.weights is not None) == (kind in WITH_WEIGHTS) for each in together)
        ends |= {each.reached_end for each in alone}
    assert ends == {True, False}


@pytest.mark.parametrize("kind", KINDS)
def test_a_beam_of_one_is_greedy_search(kind):
    limits, ends = [row % 16 for row in range(len(SENTENCES))], set()
    for seed in (1, 3):
        model = model_of(kind, seed=seed)
        found = greedy(model, *pad(SENTENCES), limits)
        assert_same(beam_search(model, *pad(SENTENCES), limits, beam=1), found, seed)
        ends |= {each.reached_end for each in found}
        assert EOS_ID not in {number for each in found for number in each.ids}
    assert ends == {True, False}


# --- What a beam finds ----------------------------------------------------------------------------


def continued(model: Seq2Seq, sentence: list[int], ids: tuple[int, ...]) -> tuple[list[float], Tensor | None]:
    """The log probabilities of the word after these, and all weights on the way."""
    state = model.decoder.start(model.encoder(torch.tensor([sentence]), torch.tensor([len(sentence)])))
    weights = []
    for token in (SOS_ID, *ids):
        logits, state = model.decoder.step(torch.tensor([token]), state)
        weights.append(state.weights)
    return logits[0].log_softmax(0).tolist(), None if weights[0] is None else torch.cat(weights)


@torch.no_grad()
def beam_search_by_hand(
    model: Seq2Seq, sentence: list[int], limit: int, beam: int, length_penalty: float
) -> Hypothesis:
    """Beam search for one sentence in plain loops, each hypothesis computed anew from its first word."""
    unfinished, finished = [(0.0, ())], []
    for steps in range(1, limit + 2):
        every = []
        for total, ids in unfinished:
            scores, _ = continued(model, sentence, ids)
            every += [(total + score, ids, word) for word, score in enumerate(scores)]
        every.sort(key=lambda each: -each[0])
        finished += [
            (total / steps**length_penalty, ids) for total, ids, word in every[:beam] if word == EOS_ID
        ]
        if len(finished) >= beam:
            break
        if steps <= limit:
            unfinished = [(total, (*ids, word)) for total, ids, word in every if word != EOS_ID][:beam]
    ids = max(finished)[1] if finished else unfinished[0][1]
    _, weights = continued(model, sentence, ids)
    return Hypothesis(
        list(ids), bool(finished), None if weights is None else weights[: len(ids) + bool(finished)]
    )


@pytest.mark.parametrize("kind", ["gru", *WITH_WEIGHTS])
def test_beam_search_is_what_plain_loops_find(kind):
    ends = set()
    for seed, beam, length_penalty in [(0, 2, 1.0), (1, 3, 0.0), (2, 4, 0.6), (3, 5, 1.0)]:
        model, limits = model_of(kind, seed=seed), [(2 * row + seed) % 6 for row in range(12)]
        sentences = SENTENCES[12 * (seed % 3) :][:12]
        found = beam_search(model, *pad(sentences), limits, beam, length_penalty)
        expected = [
            beam_search_by_hand(model, sentence, limit, beam, length_penalty)
            for sentence, limit in zip(sentences, limits, strict=True)
        ]
        assert_same(found, expected, (seed, beam))
        ends |= {each.reached_end for each in expected}
    assert ends == {True, False}


@pytest.mark.parametrize("kind", ["gru", *WITH_WEIGHTS])
def test_a_beam_as_wide_as_all_there_is_finds_the_best_of_all_translations(kind):
    size, limit = 6, 3  # four special tokens and two words
    words = [number for number in range(size) if number != EOS_ID]
    every = [ids for length in range(limit + 1) for ids in itertools.product(words, repeat=length)]
    for seed, sentence in enumerate(SENTENCES[:2]):
        model = model_of(kind, size, seed)
        with torch.no_grad():
            after = {ids: continued(model, sentence, ids)[0] for ids in every}
        total = {ids: sum(after[ids[:at]][word] for at, word in enumerate((*ids, EOS_ID))) for ids in every}
        for length_penalty in (0.0, 0.6, 1.0, 2.0):
            scores = {ids: total[ids] / (len(ids) + 1) ** length_penalty for ids in every}
            (found,) = beam_search(model, *pad([sentence]), [limit], len(every), length_penalty)
            assert found.reached_end
            assert scores[tuple(found.ids)] == pytest.approx(max(scores.values()), abs=1e-5)


@pytest.mark.parametrize(("beam", "best"), [(1, "AA"), (2, "BB"), (5, "BB")])
def test_a_beam_finds_the_sentence_whose_beginning_is_not_the_likeliest(beam, best):
    words = {"A": 4, "B": 5}  # notebook 6 does this by hand
    table = {"": {"A": 0.6, "B": 0.4}, "A": {"A": 0.55, "B": 0.45}, "B": {"A": 0.1, "B": 0.9}}

    def probabilities(_: int, fed: tuple[int, ...]) -> dict[int, float]:
        text = "".join(word for number in fed for word, its_id in words.items() if its_id == number)
        return {words[word]: chance for word, chance in table.get(text, {}).items()} or {EOS_ID: 1.0}

    model = model_that_says(probabilities, size=6)
    (found,) = beam_search(model, torch.tensor([[4]]), torch.ones(1), [10], beam)
    assert found.ids == [words[word] for word in best]


def test_ends_do_not_take_the_places_of_those_that_go_on():
    """The last hypothesis, behind all the ends and rests of the others, is the best after all."""
    three = {
        (): {4: 0.34, 5: 0.335, 6: 0.325},
        (4,): {EOS_ID: 0.5, 7: 0.48, 8: 0.02},
        (5,): {EOS_ID: 0.5, 7: 0.47, 8: 0.03},
        (6,): {9: 0.4, **dict.fromkeys(range(10, 22), 0.05)},
        (6, 9): {EOS_ID: 1.0},
    }
    two = {  # of four continuations two are ends, but only one of these is among the best two, and counts
        (): {4: 0.52, 6: 0.48},
        (4,): {EOS_ID: 0.5, 7: 0.45, 8: 0.05},
        (6,): {EOS_ID: 0.48, 9: 0.47, 8: 0.05},
        (6, 9): {EOS_ID: 1.0},
    }
    for beam, table in ((3, three), (2, two)):
        rest = dict.fromkeys(range(10, 30), 0.05)
        model = model_that_says(lambda key, words, table=table, rest=rest: table.get(words, rest))
        (found,) = beam_search(model, torch.tensor([[4]]), torch.ones(1), [6], beam)
        assert found == ([6, 9], True, None), beam


def test_what_cannot_be_said_is_never_found_however_wide_the_beam():
    table = {
        (): {4: 0.6, 5: 0.4},
        (4,): {4: 0.55, 5: 0.45},
        (5,): {4: 0.1, 5: 0.9},
    }
    model = model_that_says(lambda key, words: table.get(words, {EOS_ID: 1.0}), size=6)
    for beam, ids in [(1, [4, 4]), (2, [5, 5]), (3, [5, 5]), (8, [5, 5]), (40, [5, 5])]:
        found = beam_search(model, torch.full((2, 1), 4), torch.ones(2), [4, 4], beam)
        assert found == [(ids, True, None)] * 2, beam
    # With fewer possible continuations than the beam is wide, EOS of probability 0 is among the best.
    chain = model_that_says(lambda key, words: {4 if len(words) < 4 else EOS_ID: 1.0}, size=6)
    for beam in range(1, 7):
        found = beam_search(chain, torch.tensor([[4]]), torch.ones(1), [10], beam)
        assert found == [([4] * 4, True, None)], beam


def test_dividing_by_the_length_makes_translations_longer():
    """By the number of tokens, EOS among them, to this power: log 0.5 / 1 against log(0.5 · 0.6³) / 5ᵖ."""

    def probabilities(key: int, words: tuple[int, ...]) -> dict[int, float]:
        return {EOS_ID: 0.5, 4: 0.5} if not words else {EOS_ID: 1.0} if len(words) == 4 else {4: 0.6, 5: 0.4}

    model = model_that_says(probabilities)
    equal = math.log(math.log(0.5 * 0.6**3) / math.log(0.5), 5)
    for power, length in [(0.0, 0), (equal - 0.01, 0), (equal + 0.01, 4), (2.0, 4)]:
        (found,) = beam_search(model, torch.tensor([[4]]), torch.ones(1), [9], 9, length_penalty=power)
        assert len(found.ids) == length, power
    by_default = beam_search(model, torch.tensor([[4]]), torch.ones(1), [9])
    assert by_default == beam_search(model, torch.tensor([[4]]), torch.ones(1), [9], 5, 1.0)


# --- Wrong use ------------------------------------------------------------------------------------


def test_wrong_settings_are_refused_by_name():
    source, lengths = pad(SENTENCES[:2])
    cases = [
        (greedy, {"limits": [5]}, "limits: 1", "2 rows"),
        (greedy, {"limits": [5, -1]}, "limits: -1", "0 or more"),
        (beam_search, {"limits": [5, 5, 5]}, "limits: 3", "2 rows"),
        (beam_search, {"limits": [-3, 5]}, "limits: -3", "0 or more"),
        (beam_search, {"beam": 0}, "beam: 0", "1 or more"),
        (beam_search, {"length_penalty": -0.5}, "length_penalty: -0.5", "0 or more"),
    ]
    for search, settings, *words in cases:
        with pytest.raises(ValueError) as refused:
            search(model_of("gru"), source, lengths, **{"limits": [5, 5]} | settings)
        assert [word for word in words if word not in str(refused.value)] == [], refused.value
