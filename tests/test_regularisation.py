"""Dropout, label smoothing, warm-up: what a real set needs, and no change where none is asked for."""

import math

import pytest
import torch
from torch import nn

from seq2seq_utils.attention import attention_model
from seq2seq_utils.batching import IdPair, make_batch, make_loader
from seq2seq_utils.models import Seq2Seq, plain_model
from seq2seq_utils.schedules import learning_rate_share
from seq2seq_utils.text import PAD_ID
from seq2seq_utils.training import evaluate_loss, fit, token_loss

each_model = pytest.mark.parametrize("make", [plain_model, attention_model])


def logits_of(model: Seq2Seq, pairs: list[IdPair], teacher_forcing: float = 1.0) -> torch.Tensor:
    batch = make_batch(pairs[:8])
    return model(batch.source, batch.source_lengths, batch.target_input, teacher_forcing)


@each_model
def test_dropout_makes_noise_in_training_and_none_in_evaluation(make, id_pairs):
    model = make(20, 20, 8, 12, dropout=0.5)
    assert not torch.equal(logits_of(model, id_pairs), logits_of(model, id_pairs))
    model.eval()
    assert torch.equal(logits_of(model, id_pairs), logits_of(model, id_pairs))
    without = make(20, 20, 8, 12).eval()
    without.load_state_dict(model.state_dict())
    assert torch.equal(logits_of(without, id_pairs), logits_of(model, id_pairs))


@each_model
@pytest.mark.parametrize("teacher_forcing", [1.0, 0.0])
def test_dropout_is_in_word_vectors_annotations_and_output_at_every_ratio(make, teacher_forcing, id_pairs):
    model, dropped = make(20, 20, 8, 12, dropout=0.5), []
    for part in (model.encoder, model.decoder):
        part.dropout.register_forward_hook(
            lambda module, inputs, output: dropped.append(output.eq(0).float().mean())
        )
    logits_of(model, id_pairs, teacher_forcing)
    steps = 1 if teacher_forcing == 1 else make_batch(id_pairs[:8]).target_input.shape[1]
    assert len(dropped) == 2 + 2 * steps
    assert 0.3 < torch.stack(dropped).mean() < 0.8


@each_model
def test_without_dropout_no_random_number_is_drawn(make, id_pairs):
    model = make(20, 20, 8, 12)
    before = torch.get_rng_state()
    logits_of(model, id_pairs)
    assert torch.equal(torch.get_rng_state(), before)


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
        (record,) = fit(model, loader, 1, learning_rate=0, label_smoothing=share).records
        losses.append((before, record["train_loss"]))
    assert losses[0][0] == losses[1][0] == pytest.approx(losses[0][1])
    assert losses[1][1] != pytest.approx(losses[1][0], abs=1e-3)


# --- Warm-up ----------------------------------------------------------------------------------------


def test_the_learning_rate_rises_in_a_straight_line_and_falls_in_another_to_0():
    shares = [learning_rate_share(step, warmup=3, steps=8) for step in range(9)]
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1, 0.8, 0.6, 0.4, 0.2, 0])
    assert [learning_rate_share(step, 0, 4) for step in range(5)] == [1, 0.75, 0.5, 0.25, 0]


def test_fit_warms_up(id_pairs, monkeypatch):
    used = []
    step = torch.optim.Adam.step

    def watched(self, *arguments, **settings):
        used.append(self.param_groups[0]["lr"])
        return step(self, *arguments, **settings)

    monkeypatch.setattr(torch.optim.Adam, "step", watched)
    fit(plain_model(20, 20, 8, 12), make_loader(id_pairs, batch_size=50), 2, learning_rate=0.8, warmup=1)
    assert used == pytest.approx([0.4, 0.8, 0.8 * 2 / 3, 0.8 / 3])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing: 1.0 is not allowed; it must be from 0 to below 1"),
        ({"label_smoothing": -0.1}, "label_smoothing: -0.1 is not allowed"),
        ({"label_smoothing": math.nan}, "label_smoothing: nan is not allowed"),
        ({"warmup": -1}, "warmup: -1 is not allowed; it must be from 0 to 1"),
        ({"warmup": 2}, "warmup: 2 is not allowed; it must be from 0 to 1"),
    ],
)
def test_settings_out_of_range_are_refused(id_pairs, settings, message):
    with pytest.raises(ValueError, match=message):
        fit(plain_model(20, 20, 8, 12), make_loader(id_pairs, batch_size=50), 1, **settings)
