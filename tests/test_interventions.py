"""Weights taken away at one step: what is changed there, and what is left alone everywhere else."""

from dataclasses import replace

import pytest
import torch
from untrained import untrained

from seq2seq_utils.batching import encode_pairs, make_batch
from seq2seq_utils.experiments import interventions
from seq2seq_utils.grammar import generate
from seq2seq_utils.models import attention_model, plain_model


@pytest.fixture(scope="module")
def pairs():
    return generate("french", 60, (4, 9), seed=1)


@pytest.fixture(scope="module")
def trained(pairs):
    """An untrained model whose weights are far from equal, of which only the measures are tested."""
    found = untrained(attention_model, pairs)
    torch.nn.init.normal_(found.model.decoder.context.v_a, std=3)
    for parameter in found.model.parameters():
        parameter.data *= 2
    return found


@pytest.fixture(scope="module")
def batch(trained, pairs):
    return make_batch(encode_pairs(pairs, *trained.codecs))


def test_unchanged_weights_give_the_words_of_the_model(trained, batch):
    expected = trained.model(batch.source, batch.source_lengths, batch.target_input).argmax(dim=2)
    found = interventions.likeliest_words(trained.model, batch, interventions.mixture)
    assert torch.equal(found, expected)


def test_a_step_is_changed_and_those_before_it_are_not(trained, batch):
    """By hand: attention as it is up to the third word, and no context at the third."""
    decoder = trained.model.decoder
    state = decoder.start(trained.model.encoder(batch.source, batch.source_lengths))
    for place in (0, 1):
        state = decoder.step(batch.target_input[:, place], state).state
    usual = decoder.context

    class Nothing(torch.nn.Module):
        def forward(self, hidden, prepared, encoded):
            return torch.zeros(len(hidden), usual.context_size), None

    decoder.context = Nothing()
    expected = decoder.step(batch.target_input[:, 2], state)[0].argmax(dim=1)
    decoder.context = usual
    found = interventions.likeliest_words(trained.model, batch, interventions.CHANGES["none"])
    assert torch.equal(found[:, 2], expected)
    assert not torch.equal(
        found[:, 2], interventions.likeliest_words(trained.model, batch, interventions.mixture)[:, 2]
    )


def test_the_largest_and_all_the_others_make_up_the_context():
    torch.manual_seed(0)
    weights, annotations = torch.rand(3, 5).softmax(dim=1), torch.randn(3, 5, 4)
    whole, largest, others, none = (change(weights, annotations) for change in interventions.CHANGES.values())
    assert torch.allclose(largest + others, whole)
    rows, columns = torch.arange(3), weights.argmax(dim=1)
    assert torch.allclose(largest, weights[rows, columns][:, None] * annotations[rows, columns])
    assert none.abs().max() == 0


def test_the_model_has_its_attention_back_even_after_an_error(trained, batch):
    usual = trained.model.decoder.context

    def fails(weights, annotations):
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        interventions.likeliest_words(trained.model, batch, fails)
    assert trained.model.decoder.context is usual


def test_a_decoder_without_context_is_refused(batch):
    with pytest.raises(ValueError, match="model: its decoder has no context to change"):
        interventions.likeliest_words(plain_model(9, 9, 8, 16), batch, interventions.mixture)


def test_every_word_is_in_one_kind_and_the_shares_fit_together(trained, pairs):
    records = {record["group"]: record for record in interventions.weights_taken_away(trained, pairs)}
    words = sum(len(pair.alignment.target_words) for pair in pairs)
    assert records["all words"]["words"] == words
    assert records["EOS"]["words"] == len(pairs)
    kinds = [name for name in records if "," not in name or name in ("pas, jamais", "être, avoir")]
    assert sum(records[name]["words"] for name in kinds if name != "all words") == words + len(pairs)
    for record in records.values():
        assert 0 <= record["only with it"] <= record["only the largest"] <= 100
        assert record["only with it"] >= record["only the largest"] - record["all but the largest"] - 1e-9


def test_a_pair_without_links_is_refused(trained, pairs):
    bare = replace(pairs[0], alignment=None)
    with pytest.raises(ValueError, match="has no alignment"):
        interventions.weights_taken_away(trained, [bare])
