"""Translating: text in, text out, the same in any company; and looking in at how it came to be."""

import random

import pytest
import torch
from torch import Tensor

from seq2seq_utils.models import AttentionDecoder, Seq2Seq, attention_model, plain_model, transformer_model
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import EOS_ID, SOS_ID, TextCodec, WordTokenizer
from seq2seq_utils.translation import align, align_heads, beam_search, default_limit, greedy, trace, translate

GENERATOR = random.Random(0)
WORDS = [f"w{number}" for number in range(60)]
SENTENCES = [" ".join(GENERATOR.choices(WORDS, k=GENERATOR.randint(1, 12))) for _ in range(30)]
SOURCE = TextCodec.build(WordTokenizer(), WORDS)
TARGET = TextCodec.build(WordTokenizer(), [f"v{number}" for number in range(60)])
WITH_WEIGHTS = ("attention", "transformer")
KINDS = ("rnn", "gru", "lstm", *WITH_WEIGHTS)

each_kind = pytest.mark.parametrize("kind", KINDS)
each_kind_with_weights = pytest.mark.parametrize("kind", WITH_WEIGHTS)
assert_close = torch.testing.assert_close


def untrained(kind: str, seed: int = 0, has_eos: bool = True) -> Seq2Seq:
    """Random weights, but such that some translations end in time and others do not, or none does."""
    torch.manual_seed(seed)
    sizes = len(SOURCE.vocabulary), len(TARGET.vocabulary), 16, 32
    makers = {"attention": attention_model, "transformer": transformer_model}
    model = makers[kind](*sizes) if kind in makers else plain_model(*sizes, cell=kind)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 2
        if kind == "attention":
            model.decoder.context.v_a.normal_()
        attentive = isinstance(model.decoder, AttentionDecoder)
        output = model.decoder.W_o if attentive else model.decoder.output
        output.weight[EOS_ID] *= 2.5
        output.bias[EOS_ID] += 0.0 if has_eos else -torch.inf
    return model


def ids_of(sentence: str) -> tuple[Tensor, Tensor]:
    ids = SOURCE.encode(sentence)
    return torch.tensor([ids]), torch.tensor([len(ids)])


# --- Whole sentences ------------------------------------------------------------------------------


@each_kind
def test_translations_are_the_same_alone_and_in_a_batch_and_come_in_order(kind):
    """With their weights: a row for each word and one for EOS, a column for each word of the source."""
    ends, lengths = set(), set()
    for model in (untrained(kind, 3), untrained(kind, 2, has_eos=False)):
        together = translate(model, SENTENCES, SOURCE, TARGET, batch_size=10)
        alone = [translate(model, [sentence], SOURCE, TARGET)[0] for sentence in SENTENCES]
        assert together == alone
        assert translate(model, SENTENCES[::-1], SOURCE, TARGET) == together[::-1]
        for found, by_itself, sentence in zip(together, alone, SENTENCES, strict=True):
            assert found.text.lower().split() == TARGET.vocabulary.decode(found.ids)
            limit = default_limit(len(sentence.split()))
            assert found.reached_end or len(found.ids) == limit == 2 * len(sentence.split()) + 30
            if kind in WITH_WEIGHTS:
                assert found.weights.shape == (len(found.ids) + found.reached_end, len(sentence.split()))
                assert_close(found.weights, by_itself.weights)
            else:
                assert found.weights is None
        ends |= {found.reached_end for found in together}
        lengths |= {len(found.ids) for found in together if found.reached_end}
    assert ends == {True, False}, "both kinds are to be tested"
    assert len(lengths) > 3, "different translations, so that order shows"


@each_kind
def test_translation_goes_on_from_its_own_words(kind):
    model = untrained(kind, 3)
    for sentence, found in zip(SENTENCES, translate(model, SENTENCES, SOURCE, TARGET), strict=True):
        fed = torch.tensor([[SOS_ID, *found.ids]])
        likeliest = model(*ids_of(sentence), fed).argmax(dim=-1)[0].tolist()
        assert likeliest[: len(found.ids)] == list(found.ids)
        assert (likeliest[-1] == EOS_ID) == found.reached_end


@each_kind_with_weights
def test_translate_searches_as_it_is_asked_to(kind):
    model = untrained(kind).eval()
    for limit, beam, length_penalty in [(5, 1, 1.0), (12, 4, 0.0), (12, 4, 1.0), (0, 2, 1.0)]:
        found = translate(model, SENTENCES, SOURCE, TARGET, limit, 7, beam, length_penalty)
        for sentence, translation in zip(SENTENCES, found, strict=True):
            if beam == 1:
                (hypothesis,) = greedy(model, *ids_of(sentence), [limit])
            else:
                (hypothesis,) = beam_search(model, *ids_of(sentence), [limit], beam, length_penalty)
            assert (list(translation.ids), translation.reached_end) == hypothesis[:2]
            assert_close(translation.weights, hypothesis.weights)
    by_default = translate(model, SENTENCES, SOURCE, TARGET, beam=4)
    assert by_default == translate(model, SENTENCES, SOURCE, TARGET, beam=4, length_penalty=1.0)
    assert by_default != translate(model, SENTENCES, SOURCE, TARGET, beam=4, length_penalty=0.0)
    assert translate(model, [], SOURCE, TARGET) == []


def test_a_word_that_only_the_test_set_has_stays_unknown():
    codec = TextCodec.build(WordTokenizer(), ["w1 w2 w3", "w2 w4"])
    model = plain_model(len(codec.vocabulary), len(TARGET.vocabulary), 16, 32)
    first, second = translate(model, ["w1 w5 w4", "w1 w6 w4"], codec, TARGET)
    assert "w5" not in codec.vocabulary
    assert first == second


def test_the_models_mode_is_as_before_come_what_may_and_no_gradient_is_kept():
    pair = SentencePair("w1 w2", "v1")
    uses = (
        lambda model: translate(model, SENTENCES[:2], SOURCE, TARGET),
        lambda model: translate(model, SENTENCES[:2], SOURCE, TARGET, beam=2),
        lambda model: align(model, [pair], SOURCE, TARGET),
        lambda model: align_heads(model, [pair], SOURCE, TARGET),
        lambda model: trace(model, "w1 w2", SOURCE, TARGET),
    )
    for use in uses:
        for training in (True, False):
            model, modes = untrained("attention").train(training), set()
            model.encoder.register_forward_hook(
                lambda module, *_, modes=modes: modes.add((module.training, torch.is_grad_enabled()))
            )
            use(model)
            assert modes == {(False, False)}
            assert {module.training for module in model.modules()} == {training}
        too_small = attention_model(4, len(TARGET.vocabulary), 4, 4).train()
        with pytest.raises(ValueError, match="outside the vocabulary"):
            use(too_small)
        assert too_small.training


# --- Looking in -----------------------------------------------------------------------------------


@each_kind_with_weights
def test_alignment_is_what_the_model_looks_at_while_it_is_fed_the_translation(kind):
    """The mean that a state shows, and each layer and head by itself."""
    model = untrained(kind)
    pairs = [
        SentencePair(sentence, " ".join(f"v{number}" for number in range(1 + at % 5)))
        for at, sentence in enumerate(SENTENCES)
    ]
    for batch_size in (128, 7):
        found = align(model, pairs, SOURCE, TARGET, batch_size)
        of_heads = align_heads(model, pairs, SOURCE, TARGET, batch_size)
        for pair, weights, heads in zip(pairs, found, of_heads, strict=True):
            assert heads.shape == ((2, 4) if kind == "transformer" else (1, 1)) + weights.shape
            state = model.decoder.start(model.encoder(*ids_of(pair.source)))
            for at, token in enumerate([SOS_ID, *TARGET.encode(pair.target)]):
                state = model.decoder.step(torch.tensor([token]), state).state
                assert_close(weights[at], state.weights[0])
                assert_close(heads[:, :, at], state.all_weights[:, :, 0])
            assert at == len(weights) - 1
    assert align(model, [], SOURCE, TARGET) == align_heads(model, [], SOURCE, TARGET) == []


@each_kind
def test_a_trace_is_greedy_search_with_the_probabilities_of_other_words(kind):
    ends = set()
    for sentence in SENTENCES[:8]:
        for model in (untrained(kind, 3), untrained(kind, has_eos=False)):
            (found,) = translate(model, [sentence], SOURCE, TARGET)
            steps = trace(model, sentence, SOURCE, TARGET, shown=3)
            words = [TARGET.vocabulary.tokens[number] for number in found.ids]
            chosen = [step.likeliest[0][0] for step in steps]
            # Where EOS has not come, the step that would have brought it is there, too.
            assert chosen[:-1] == words
            assert (chosen[-1] == "<eos>") == found.reached_end
            assert [step.fed for step in steps] == ["<sos>", *words]
            scores = model(*ids_of(sentence), torch.tensor([[SOS_ID, *found.ids]]))[0]
            for at, step in enumerate(steps):
                best = scores[at].softmax(dim=0).topk(3)
                assert [token for token, _ in step.likeliest] == [
                    TARGET.vocabulary.tokens[number] for number in best.indices
                ]
                assert_close(torch.tensor([share for _, share in step.likeliest]), best.values)
                assert (step.weights is None) == (found.weights is None)
                if step.weights is not None and at < len(found.weights):
                    assert_close(step.weights, found.weights[at])
            ends.add(found.reached_end)
    assert ends == {True, False}
    assert len(trace(untrained(kind), "w1", SOURCE, TARGET)[0].likeliest) == 5
    assert len(trace(untrained(kind), "w1", SOURCE, TARGET, shown=1000)[0].likeliest) == 64


# --- Wrong use ------------------------------------------------------------------------------------


def test_wrong_use_is_refused_by_name():
    plain, attention = untrained("gru"), untrained("attention")
    pair, codecs = SentencePair("w1", "v1"), (SOURCE, TARGET)
    cases = [
        (lambda: translate(plain, ["w1", ""], *codecs), "text: ''", "empty"),
        (lambda: translate(plain, ["w1", "never seen"], *codecs), "text: 'never seen'", "unknown words"),
        (lambda: translate(plain, ["w1"], *codecs, batch_size=0), "batch_size: 0", "1 or more"),
        (lambda: translate(plain, ["w1"], *codecs, batch_size=-1), "batch_size: -1", "1 or more"),
        (lambda: translate(plain, ["w1"], *codecs, limit=-1), "limit: -1", "0 or more"),
        (lambda: translate(plain, ["w1"], *codecs, beam=0), "beam: 0", "1 or more"),
        (lambda: align(plain, [pair], *codecs), "model: has no attention"),
        (lambda: align_heads(plain, [pair], *codecs), "model: has no attention"),
        (lambda: align_heads(attention, [pair], *codecs, batch_size=0), "batch_size: 0", "1 or more"),
        (lambda: align(attention, [pair], *codecs, batch_size=0), "batch_size: 0", "1 or more"),
        (lambda: align(attention, [SentencePair("w1", "")], *codecs), "text: ''", "empty"),
        (lambda: trace(plain, "", *codecs), "text: ''", "empty"),
        (lambda: trace(plain, "w1", *codecs, shown=0), "shown: 0", "1 or more"),
    ]
    for use, *words in cases:
        with pytest.raises(ValueError) as refused:
            use()
        assert [word for word in words if word not in str(refused.value)] == [], refused.value
