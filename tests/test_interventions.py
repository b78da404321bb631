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
    made = {name: change(weights, annotations) for name, change in interventions.CHANGES.items()}
    whole, largest, others, none, largest_as_1, rest = made.values()
    assert torch.allclose(largest + others, whole)
    rows, columns = torch.arange(3), weights.argmax(dim=1)
    assert torch.allclose(largest, weights[rows, columns][:, None] * annotations[rows, columns])
    assert none.abs().max() == 0
    assert torch.allclose(largest_as_1, annotations[rows, columns])
    assert torch.allclose(rest, others / (1 - weights[rows, columns])[:, None])
    assert torch.equal(
        interventions.shares(torch.tensor([[0.0, 0.3, 0.1], [0.0, 0.0, 0.0]]))[1], torch.zeros(3)
    )


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
    in_two = [name for name in records if name.endswith((", inside", ", outside")) and "0.4" not in name]
    kinds = [
        name for name in set(records) - {*in_two} if name in ("pas, jamais", "être, avoir") or "," not in name
    ]
    assert sum(records[name]["words"] for name in kinds if name != "all words") == words + len(pairs)
    for record in records.values():
        assert 0 <= record["only with it"] <= record["only the largest"] <= 100
        assert record["only with it"] >= record["only the largest"] - record["all but the largest"] - 1e-9
        with_largest, with_rest = record["the largest, as 1"], record["the rest, summing to 1"]
        if record["words"]:
            assert record["largest only"] + record["either"] == pytest.approx(with_largest)
            assert record["rest only"] + record["either"] == pytest.approx(with_rest)
            four = [record[name] for name in ("largest only", "rest only", "either", "neither")]
            assert sum(four) == pytest.approx(100)
            assert min(four) >= 0
    for name in ("noun", "all words"):
        sides = [records[side] for side in (f"{name}, inside", f"{name}, outside") if side in records]
        assert sum(side["words"] for side in sides) == records[name]["words"] > 0
        right = sum(side["words"] * side["either"] for side in sides) / records[name]["words"]
        assert right == pytest.approx(records[name]["either"])
    assert "EOS, inside" not in records
    assert records["EOS, outside"]["words"] == len(pairs)


def test_a_pair_without_links_is_refused(trained, pairs):
    bare = replace(pairs[0], alignment=None)
    with pytest.raises(ValueError, match="has no alignment"):
        interventions.weights_taken_away(trained, [bare])


def test_the_donor_is_the_next_of_another_kind_and_the_last_ones_is_at_the_beginning():
    assert interventions.next_of_another_kind([5, 5, 7, 5]) == [2, 2, 3, 2]
    assert interventions.next_of_another_kind([5, 7, 7]) == [1, 0, 0]
    with pytest.raises(ValueError, match="words: all are the same"):
        interventions.next_of_another_kind([5, 5])


def articles_of(pair):
    return [word for word in pair.alignment.target_words if word in ("le", "la", "les", "l'")]


@pytest.mark.parametrize(("darkest", "column"), [("the", 0), ("noun", 1)])
def test_the_annotation_becomes_that_beside_another_article(trained, pairs, monkeypatch, darkest, column):
    """Of sentences that begin with "The" and its noun; their rows are all darkest at one of the two."""
    pairs = [
        pair
        for pair in pairs
        if pair.source.startswith("The ")
        and len(articles_of(pair)) == 1
        and {(0, 0), (1, 0)} <= pair.alignment.possible
    ]
    width = max(len(pair.alignment.source_words) for pair in pairs)

    def darkest_there(model, pairs, *codecs):
        rows = (len(pair.alignment.target_words) + 1 for pair in pairs)
        widths = (len(pair.alignment.source_words) for pair in pairs)
        return [torch.eye(wide)[column].expand(count, -1) for count, wide in zip(rows, widths, strict=True)]

    changed = []

    def keeps_all_words(model, batch, change):
        for place in range(width):
            weights = torch.zeros(len(pairs), width)
            weights[:, place] = 1
            changed.append(change(weights, None))
        return batch.target_output

    monkeypatch.setattr(interventions, "align", darkest_there)
    monkeypatch.setattr(interventions, "likeliest_words", keeps_all_words)
    exchange = interventions.exchange_articles(trained, pairs, darkest)
    assert exchange.articles == len(pairs) >= 4
    assert (exchange.own, exchange.donors) == (100, 0)
    batch = make_batch(encode_pairs(pairs, *trained.codecs))
    annotations = trained.model.encoder(batch.source, batch.source_lengths).annotations
    exchanged = torch.stack(changed, dim=1)
    others = [place for place in range(width) if place != column]
    assert torch.equal(exchanged[:, others], annotations[:, others])
    known = {
        tuple(annotations[place, column].tolist()): articles_of(pair) for place, pair in enumerate(pairs)
    }
    for place, pair in enumerate(pairs):
        assert known[tuple(exchanged[place, column].tolist())] != articles_of(pair)
    with pytest.raises(ValueError, match="words: all are the same"):
        interventions.exchange_articles(trained, pairs, "noun" if darkest == "the" else "the")


def test_both_exchanges_are_records_or_there_are_none(trained, pairs):
    found = interventions.articles_exchanged(trained, pairs)
    assert [record["darkest"] for record in found] == ["the", "noun"]
    assert found[1]["articles"] == interventions.exchange_articles(trained, pairs, "noun").articles
    bare = [pair for pair in pairs if not articles_of(pair)]
    assert interventions.articles_exchanged(trained, bare) == []
