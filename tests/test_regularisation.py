"""Dropout of numbers and of words, label smoothing, warm-up: no change where none is asked for."""

import pytest
import torch
from torch import nn

from seq2seq_utils.batching import IdPair, make_batch, make_loader
from seq2seq_utils.models import Seq2Seq, attention_model, plain_model, transformer_model
from seq2seq_utils.text import PAD_ID, UNK_ID
from seq2seq_utils.training import (
    Settings,
    evaluate_loss,
    fit,
    hide_words,
    learning_rate_share,
    loop,
    predict,
    token_loss,
)

each_model = pytest.mark.parametrize("make", [plain_model, attention_model])


def logits_of(model: Seq2Seq, pairs: list[IdPair], teacher_forcing: float = 1.0) -> torch.Tensor:
    return predict(model, make_batch(pairs[:8]), teacher_forcing)


# --- Dropout ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [plain_model, attention_model, transformer_model])
def test_dropout_makes_noise_in_training_and_none_in_evaluation(make, id_pairs):
    model = make(20, 20, 8, 12, dropout=0.5)
    assert not torch.equal(logits_of(model, id_pairs), logits_of(model, id_pairs))
    model.eval()
    assert torch.equal(logits_of(model, id_pairs), logits_of(model, id_pairs))
    without = make(20, 20, 8, 12)
    without.load_state_dict(model.state_dict())
    before = torch.get_rng_state()
    assert torch.equal(logits_of(without, id_pairs), logits_of(model, id_pairs))
    assert torch.equal(torch.get_rng_state(), before), "without dropout no random number is drawn"


@each_model
def test_dropout_is_in_word_vectors_annotations_and_output_at_every_ratio(make, id_pairs):
    for teacher_forcing in (1.0, 0.0):
        model, places, shares = make(20, 20, 8, 12, dropout=0.5), set(), []

        def look(module: nn.Module, given: tuple, result: torch.Tensor, places=places, shares=shares) -> None:
            places.add((module, given[0].shape[-1]))
            shares.append(result.eq(0).float().mean())

        for part in (model.encoder, model.decoder):
            part.dropout.register_forward_hook(look)
        logits_of(model, id_pairs, teacher_forcing)
        written = 12 if make is plain_model else 6  # the state, or the maxout layer
        assert places == {
            (model.encoder.dropout, 8),
            (model.encoder.dropout, model.encoder.annotation_size),
            (model.decoder.dropout, 8),
            (model.decoder.dropout, written),
        }
        assert 0.3 < torch.stack(shares).mean() < 0.8


# --- Label smoothing --------------------------------------------------------------------------------


def test_label_smoothing_spreads_its_share_over_all_tokens_alike():
    logits, target = torch.randn(1, 2, 5), torch.tensor([[4, PAD_ID]])
    loss, count = token_loss(logits, target, label_smoothing=0.1)
    wanted = torch.tensor([0.02, 0.02, 0.02, 0.02, 0.92])
    assert loss.item() == pytest.approx(-(wanted * logits[0, 0].log_softmax(0)).sum().item(), rel=1e-5)
    assert count == 1


def test_label_smoothing_is_in_the_loss_that_trains_and_not_in_the_one_that_evaluates(id_pairs):
    loader = [make_batch(id_pairs)]
    losses = []
    for share in (0.0, 0.3):
        torch.manual_seed(0)
        model = plain_model(20, 20, 8, 12)
        nn.init.constant_(model.decoder.output.bias, 0)
        model.decoder.output.bias.data[5] = 4
        before = evaluate_loss(model, loader)
        settings = Settings(epochs=1, learning_rate=0, label_smoothing=share)
        losses.append((before, fit(model, loader, settings).records[-1]["train_loss"]))
    assert losses[0][0] == losses[1][0] == pytest.approx(losses[0][1])
    assert losses[1][1] != pytest.approx(losses[1][0], abs=1e-3)


# --- Word dropout -----------------------------------------------------------------------------------


def test_word_dropout_hides_a_share_of_the_words_and_nothing_else(id_pairs):
    batch = make_batch(id_pairs)
    hidden = hide_words(batch, 0.3)
    for before, after in ((batch.source, hidden.source), (batch.target_input, hidden.target_input)):
        words = before > UNK_ID
        changed = before != after
        assert not changed[~words].any(), "PAD and SOS stay"
        assert (after[changed] == UNK_ID).all()
        assert 0.2 < changed[words].float().mean() < 0.4
    assert torch.equal(hidden.target_output, batch.target_output)
    assert torch.equal(hidden.source_lengths, batch.source_lengths)
    assert not torch.equal(hide_words(batch, 0.3).source, hidden.source), "others each time"
    before = torch.get_rng_state()
    assert hide_words(batch, 0.0) is batch
    assert torch.equal(torch.get_rng_state(), before)


def test_words_are_hidden_in_training_and_seen_in_evaluation(id_pairs, monkeypatch):
    seen = []
    monkeypatch.setattr(
        loop, "predict", lambda model, batch, ratio: seen.append(batch) or predict(model, batch, ratio)
    )
    model = plain_model(20, 20, 8, 12)
    fit(model, make_loader(id_pairs), Settings(epochs=1, word_dropout=0.5))
    assert all((batch.source == UNK_ID).any() and (batch.target_input == UNK_ID).any() for batch in seen)
    evaluated = evaluate_loss(model, [make_batch(id_pairs)])
    assert evaluated == evaluate_loss(model, [make_batch(id_pairs)])
    with pytest.raises(ValueError, match="word_dropout: 1 is not allowed; it must be from 0 to below 1"):
        Settings(epochs=1, word_dropout=1)


# --- Warm-up ----------------------------------------------------------------------------------------


def test_the_learning_rate_rises_in_a_straight_line_and_falls_in_another_to_0(id_pairs, monkeypatch):
    shares = [learning_rate_share(step, warmup=3, steps=8) for step in range(9)]
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1, 0.8, 0.6, 0.4, 0.2, 0])
    assert [learning_rate_share(step, 0, 4) for step in range(5)] == [1, 0.75, 0.5, 0.25, 0]

    used = []
    step = torch.optim.Adam.step

    def watched(self, *arguments, **settings):
        used.append(self.param_groups[0]["lr"])
        return step(self, *arguments, **settings)

    monkeypatch.setattr(torch.optim.Adam, "step", watched)
    for warmup, rates in ((0, [0.8, 0.6, 0.4, 0.2]), (1, [0.4, 0.8, 0.8 * 2 / 3, 0.8 / 3])):
        settings = Settings(epochs=2, learning_rate=0.8, warmup=warmup)
        fit(plain_model(20, 20, 8, 12), make_loader(id_pairs, batch_size=50), settings)
        assert used == pytest.approx(rates)
        used.clear()
