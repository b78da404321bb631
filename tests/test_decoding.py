"""Search: where a translation ends, and that it is the same in any company."""

import random
import re

import pytest
import torch
from torch import Tensor, nn

from seq2seq_utils.attention import attention_model
from seq2seq_utils.corpus import SentencePair, generate_splits
from seq2seq_utils.decoding import align, default_limit, greedy, trace, translate
from seq2seq_utils.layers import CELLS
from seq2seq_utils.models import Encoded, Seq2Seq, Step, plain_model
from seq2seq_utils.search import beam_search
from seq2seq_utils.text import EOS_ID, SOS_ID, TextCodec, WordTokenizer

GENERATOR = random.Random(0)
WORDS = [f"w{number}" for number in range(60)]
SENTENCES = [" ".join(GENERATOR.choices(WORDS, k=GENERATOR.randint(1, 20))) for _ in range(64)]
SOURCE = TextCodec.build(WordTokenizer(), WORDS)
TARGET = TextCodec.build(WordTokenizer(), [f"v{number}" for number in range(60)])
assert len({len(sentence.split()) for sentence in SENTENCES}) > 10, "the lengths are to be mixed"

each_cell = pytest.mark.parametrize("cell", CELLS)


def untrained_model(cell: str = "gru", seed: int = 0) -> Seq2Seq:
    """Random weights, but such that some translations end in time and others do not."""
    torch.manual_seed(seed)
    model = plain_model(len(SOURCE.vocabulary), len(TARGET.vocabulary), 16, 32, cell)
    with torch.no_grad():
        for part in (model.encoder, model.decoder):
            part.embedding.weight *= 3
        model.decoder.output.weight[EOS_ID] *= 1.7
    return model


def never_ending(model: Seq2Seq) -> Seq2Seq:
    with torch.no_grad():
        model.decoder.output.bias[EOS_ID] = float("-inf")
    return model


def ids_of(sentence: str) -> tuple[Tensor, Tensor]:
    ids = SOURCE.encode(sentence)
    return torch.tensor([ids]), torch.tensor([len(ids)])


# --- A sentence gets the same translation alone and in a padded batch -----------------------------


@pytest.mark.parametrize(
    ("cell", "seed"),
    [
        *(("rnn", seed) for seed in (4, 6, 7)),
        *(("gru", seed) for seed in (0, 3, 6)),
        *(("lstm", seed) for seed in (1, 3, 8)),
    ],
)
def test_translation_alone_and_in_a_batch_of_64_is_the_same(cell, seed):
    model = untrained_model(cell, seed)
    together = translate(model, SENTENCES, SOURCE, TARGET, batch_size=64)
    alone = [translate(model, [sentence], SOURCE, TARGET)[0] for sentence in SENTENCES]
    assert [each.ids for each in together] == [each.ids for each in alone]
    assert [each.text for each in together] == [each.text for each in alone]
    assert [each.reached_end for each in together] == [each.reached_end for each in alone]
    assert {each.reached_end for each in together} == {True, False}, "both kinds are to be tested"


@each_cell
def test_translation_without_eos_is_the_same_alone_and_in_a_batch(cell):
    model = never_ending(untrained_model(cell))
    together = translate(model, SENTENCES, SOURCE, TARGET, batch_size=64)
    alone = [translate(model, [sentence], SOURCE, TARGET)[0] for sentence in SENTENCES]
    assert together == alone
    lengths = [default_limit(len(sentence.split())) for sentence in SENTENCES]
    assert [len(each.ids) for each in together] == lengths


def test_translations_come_in_the_order_of_the_sentences():
    model = untrained_model(seed=6)
    forward = translate(model, SENTENCES, SOURCE, TARGET, batch_size=10)
    backward = translate(model, SENTENCES[::-1], SOURCE, TARGET, batch_size=10)
    assert forward == backward[::-1]
    assert len({each.ids for each in forward}) > 10, "different translations, so that order shows"


# --- Decoding is free-running ---------------------------------------------------------------------


@each_cell
def test_translation_goes_on_from_its_own_words(cell):
    model = untrained_model(cell, seed=6)
    for sentence, found in zip(SENTENCES, translate(model, SENTENCES, SOURCE, TARGET), strict=True):
        fed = torch.tensor([[SOS_ID, *found.ids]])
        likeliest = model(*ids_of(sentence), fed).argmax(dim=-1)[0].tolist()
        if found.reached_end:
            assert likeliest == [*found.ids, EOS_ID]
        else:
            assert likeliest[:-1] == list(found.ids)


def test_no_sentence_to_be_translated_is_one_that_was_trained_on():
    splits = generate_splits("french", train=200, validation=100, test=100, lengths=(3, 5))
    sources = {pair.source for split in splits for pair in split}
    assert [len(split) for split in splits] == [200, 100, 100]
    assert len(sources) == 400


def test_word_that_only_the_test_set_has_stays_unknown():
    train, test = ["w1 w2 w3", "w2 w4"], "w1 w5 w4"
    codec = TextCodec.build(WordTokenizer(), train)
    model = plain_model(len(codec.vocabulary), len(TARGET.vocabulary), 16, 32)
    (found,) = translate(model, [test], codec, TARGET)
    assert "w5" not in codec.vocabulary
    assert found == translate(model, ["w1 w6 w4"], codec, TARGET)[0]


# --- Where a translation ends ---------------------------------------------------------------------


class Scripted(nn.Module):
    """Says for each source sentence the ids that `script` lists under its first id, the last for ever."""

    def __init__(self, script: dict[int, list[int]]) -> None:
        super().__init__()
        self.script = script
        self.steps = 0
        self.decoder = self

    def encoder(self, source: Tensor, source_lengths: Tensor) -> Encoded:
        state = torch.stack([source[:, 0], 0 * source[:, 0]], dim=1)
        return Encoded(source.unsqueeze(2).float(), state, source >= 0)

    def start(self, encoded: Encoded) -> Tensor:
        return encoded.state  # (batch, 2): the script's key, the number of words said

    def step(self, token: Tensor, state: Tensor) -> Step:
        self.steps += 1
        said = [self.script[key][min(at, len(self.script[key]) - 1)] for key, at in state.tolist()]
        return Step(nn.functional.one_hot(torch.tensor(said), 20).float(), state + torch.tensor([0, 1]))


def decode(script: list[list[int]], limits: list[int]) -> tuple[list[tuple[list[int], bool]], int]:
    model = Scripted(dict(enumerate(script)))
    source = torch.arange(len(script)).unsqueeze(1)
    found = greedy(model, source, torch.ones(len(script), dtype=torch.int64), limits)
    return [(ids, reached_end) for ids, reached_end, _ in found], model.steps


def test_each_row_ends_at_its_own_eos_whatever_follows():
    script = [[7, EOS_ID, 8, 9], [EOS_ID, 7], [7, 8, 9, EOS_ID, 7]]
    found, _ = decode(script, limits=[10, 10, 10])
    assert found == [([7], True), ([], True), ([7, 8, 9], True)]


def test_search_stops_when_every_row_has_ended():
    _, steps = decode([[7, EOS_ID], [7, 8, 9, EOS_ID]], limits=[10, 10])
    assert steps == 4


def test_row_that_reached_its_limit_is_not_waited_for():
    _, steps = decode([[7, EOS_ID], [7]], limits=[100, 3])
    assert steps == 3 + 1  # one more, for an EOS right after the limit


def test_without_eos_no_word_is_cut_off_and_the_limit_is_reported():
    found, _ = decode([[7, 8, 9, 10, 11]], limits=[4])
    assert found == [([7, 8, 9, 10], False)]


def test_eos_right_after_the_limit_still_ends_the_sentence():
    found, _ = decode([[7, 8, 9, EOS_ID]], limits=[3])
    assert found == [([7, 8, 9], True)]


def test_eos_later_than_that_does_not():
    found, _ = decode([[7, 8, 9, 10, EOS_ID], [7]], limits=[3, 9])
    assert found == [([7, 8, 9], False), ([7] * 9, False)]


def test_each_row_has_its_own_limit():
    found, _ = decode([[7], [8], [9]], limits=[1, 4, 0])
    assert found == [([7], False), ([8] * 4, False), ([], False)]


def test_translate_keeps_to_the_limit_it_is_given():
    model = never_ending(untrained_model())
    found = translate(model, SENTENCES[:3], SOURCE, TARGET, limit=5)
    assert [(len(each.ids), each.reached_end) for each in found] == [(5, False)] * 3
    assert all(len(each.text.split()) == 5 for each in found)


@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_translate_searches_with_the_beam_and_the_length_penalty_it_is_given(length_penalty):
    model = untrained_model(seed=3).eval()
    found = translate(model, SENTENCES, SOURCE, TARGET, limit=12, beam=4, length_penalty=length_penalty)
    for sentence, translation in zip(SENTENCES, found, strict=True):
        (hypothesis,) = beam_search(model, *ids_of(sentence), [12], 4, length_penalty)
        assert (list(translation.ids), translation.reached_end) == hypothesis[:2]
    assert [one.ids for one in found] != [one.ids for one in translate(model, SENTENCES, SOURCE, TARGET, 12)]


# --- The model's mode -----------------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
def test_translate_works_in_evaluation_mode_without_gradients_and_restores_the_mode(training):
    model, seen = untrained_model().train(training), []
    model.encoder.register_forward_hook(lambda *_: seen.append((model.training, torch.is_grad_enabled())))
    translate(model, SENTENCES[:2], SOURCE, TARGET)
    assert seen == [(False, False)]
    assert (model.training, model.encoder.training, model.decoder.training) == (training,) * 3


def test_mode_is_restored_when_translation_fails():
    model = plain_model(10, len(TARGET.vocabulary), 4, 4).train()
    with pytest.raises(ValueError, match=re.escape("is outside the vocabulary (0 to 9)")):
        translate(model, SENTENCES, SOURCE, TARGET)
    assert model.training


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("", "text: '' is empty; a sentence needs at least one token"),
        ("never seen", "text: 'never seen' has only unknown words; at least one must be known"),
    ],
)
def test_sentence_that_cannot_be_read_is_named(sentence, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        translate(untrained_model(), ["w1", sentence], SOURCE, TARGET)


@pytest.mark.parametrize(("name", "value"), [("batch_size", 0), ("batch_size", -1), ("limit", -1)])
def test_numbers_that_are_too_small_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}: {value} is not allowed"):
        translate(untrained_model(), SENTENCES[:2], SOURCE, TARGET, **{name: value})


def test_limits_that_disagree_with_the_source_are_refused():
    with pytest.raises(ValueError, match=r"limits: 1\b.*\b2 rows"):
        greedy(untrained_model(), torch.tensor([[4], [5]]), torch.tensor([1, 1]), [3])


# --- Attention goes along -------------------------------------------------------------------------


def attention_untrained(cell: str = "gru") -> Seq2Seq:
    model = attention_model(len(SOURCE.vocabulary), len(TARGET.vocabulary), 16, 24, cell=cell)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.4)
    return model


@each_cell
def test_a_translation_carries_a_row_of_weights_for_each_word_and_one_for_eos(cell):
    model = attention_untrained(cell)
    for sentence, found in zip(SENTENCES, translate(model, SENTENCES, SOURCE, TARGET, limit=15), strict=True):
        words = len(SOURCE.encode(sentence))
        assert found.weights.shape == (len(found.ids) + found.reached_end, words)
        torch.testing.assert_close(found.weights.sum(dim=1), torch.ones(len(found.weights)))
    (alone,) = translate(model, SENTENCES[:1], SOURCE, TARGET, limit=15)
    (first, *_) = translate(model, SENTENCES, SOURCE, TARGET, limit=15)
    torch.testing.assert_close(alone.weights, first.weights)


def test_a_translation_by_a_plain_model_carries_none():
    assert translate(untrained_model(), SENTENCES[:2], SOURCE, TARGET)[0].weights is None


def test_alignment_is_what_the_model_looks_at_while_it_is_fed_the_translation():
    model = attention_untrained()
    pairs = [
        SentencePair(sentence, " ".join(f"v{n}" for n in range(1 + at % 5)))
        for at, sentence in enumerate(SENTENCES)
    ]
    for pair, weights in zip(pairs, align(model, pairs, SOURCE, TARGET), strict=True):
        ids, lengths = ids_of(pair.source)
        state = model.decoder.start(model.encoder(ids, lengths))
        for fed, row in zip([SOS_ID, *TARGET.encode(pair.target)], weights, strict=True):
            state = model.decoder.step(torch.tensor([fed]), state).state
            torch.testing.assert_close(row, state.weights[0])


def test_a_model_without_attention_has_no_alignment():
    with pytest.raises(ValueError, match="model: has no attention"):
        align(untrained_model(), [SentencePair("w1", "v1")], SOURCE, TARGET)


@pytest.mark.parametrize("make", [untrained_model, attention_untrained])
def test_a_trace_is_greedy_search_with_its_second_thoughts(make):
    model = make()
    for sentence in SENTENCES[:10]:
        (found,) = translate(model, [sentence], SOURCE, TARGET)
        steps = trace(model, sentence, SOURCE, TARGET, shown=3)
        words = [TARGET.vocabulary.tokens[id] for id in found.ids]
        said = [step.likeliest[0][0] for step in steps]
        assert said[: len(words)] == words
        assert [step.fed for step in steps][: len(words) + 1] == ["<sos>", *words][: len(steps)]
        for at, step in enumerate(steps[: len(words)]):
            shares = [share for _, share in step.likeliest]
            assert len(shares) == 3
            assert shares == sorted(shares, reverse=True)
            assert 0 < sum(shares) <= 1 + 1e-6
            assert (step.weights is None) == (found.weights is None)
            if step.weights is not None:
                torch.testing.assert_close(step.weights, found.weights[at])
