"""Training: what the loss counts, that it falls, and what is written down on the way."""

import itertools
import math
from collections.abc import Iterable, Iterator
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.optim import optimizer as hooks

from seq2seq_utils import training
from seq2seq_utils.batching import Batch, IdPair, make_batch, make_loader
from seq2seq_utils.decoding import greedy
from seq2seq_utils.layers import CELLS
from seq2seq_utils.models import Seq2Seq, plain_model
from seq2seq_utils.progress import progress_bar
from seq2seq_utils.text import EOS_ID, PAD_ID, SOS_ID
from seq2seq_utils.training import (
    History,
    evaluate_loss,
    fit,
    pick_device,
    seed_everything,
    token_loss,
)


def small_model(cell: str = "gru") -> Seq2Seq:
    return plain_model(20, 20, embedding_size=8, hidden_size=12, cell=cell)


@torch.no_grad()
def by_hand(model: Seq2Seq, pairs: list[IdPair], free_running: bool = False) -> tuple[float, int]:
    """Sum of -log p of each target's words and EOS, sentence by sentence, word by word; their number."""
    total, count = 0.0, 0
    for source, target in pairs:
        state = model.encoder(torch.tensor([source]), torch.tensor([len(source)])).state
        fed = SOS_ID
        for word in [*target, EOS_ID]:
            logits, state = model.decoder.step(torch.tensor([fed]), state)
            total, count = total - logits.log_softmax(dim=1)[0, word].item(), count + 1
            fed = int(logits.argmax()) if free_running else word
    return total, count


# --- What the loss counts -------------------------------------------------------------------------


def logits_of(batch: Batch) -> Tensor:
    return torch.randn(*batch.target_output.shape, 20, requires_grad=True)


def test_eos_is_counted_and_trained(id_pairs):
    batch = make_batch(id_pairs)
    logits = logits_of(batch)
    loss, _ = token_loss(logits, batch.target_output)
    (gradient,) = torch.autograd.grad(loss, logits)
    at_eos = batch.target_output == EOS_ID
    assert at_eos.sum(dim=1).tolist() == [1] * len(batch)
    # The gradient of -log p(EOS) with respect to the score of EOS is p(EOS) - 1.
    expected = logits.softmax(dim=-1)[at_eos][:, EOS_ID] - 1
    torch.testing.assert_close(gradient[at_eos][:, EOS_ID], expected)


def test_padding_is_not_counted_and_not_trained(id_pairs):
    batch = make_batch(id_pairs)
    at_padding = batch.target_output == PAD_ID
    assert at_padding.any()
    logits = logits_of(batch)
    loss, count = token_loss(logits, batch.target_output)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.count_nonzero(gradient[at_padding]) == 0
    assert count == sum(len(target) + 1 for _, target in id_pairs)

    elsewhere = logits.detach().clone()
    elsewhere[at_padding] += 100 * torch.randn(20)
    other_loss, other_count = token_loss(elsewhere, batch.target_output)
    assert (other_loss, other_count) == (loss, count)


def test_loss_of_a_batch_is_the_sum_of_its_sentences_alone(id_pairs):
    model = small_model()
    batch = make_batch(id_pairs)
    loss, count = token_loss(
        model(batch.source, batch.source_lengths, batch.target_input), batch.target_output
    )
    assert (loss.item(), count) == pytest.approx(by_hand(model, id_pairs))


def test_reported_loss_is_per_token_over_the_whole_set_not_a_mean_of_batch_means():
    model, short, long = small_model(), [([5], [6])], [([5, 6], [7] * 30)] * 4
    torch.nn.init.constant_(model.decoder.output.bias[7], 3)  # 7 is likely, 6 is not
    reported = evaluate_loss(model, [make_batch(short), make_batch(long)])
    total, count = by_hand(model, short + long)
    assert reported == pytest.approx(total / count)
    means = [total / count for total, count in (by_hand(model, short), by_hand(model, long))]
    assert abs(reported - sum(means) / 2) > 0.1


@pytest.mark.parametrize("batch_size", [1, 7, 64, 100])
def test_reported_loss_does_not_depend_on_the_batch_size(id_pairs, batch_size):
    model = small_model()
    total, count = by_hand(model, id_pairs)
    assert evaluate_loss(model, make_loader(id_pairs, batch_size)) == pytest.approx(total / count)


def test_loss_that_fit_reports_is_per_token_too(id_pairs):
    model, loader = small_model(), [make_batch(id_pairs[:3]), make_batch(id_pairs[3:])]
    (record,) = fit(model, loader, epochs=1, learning_rate=0).records
    assert record["train_loss"] == pytest.approx(evaluate_loss(model, loader))


def test_reported_loss_is_teacher_forced(id_pairs):
    model = small_model()
    forced, count = by_hand(model, id_pairs)
    free, _ = by_hand(model, id_pairs, free_running=True)
    assert evaluate_loss(model, make_loader(id_pairs)) == pytest.approx(forced / count)
    assert abs(forced - free) / count > 1e-3, "the two are to be told apart"


# --- The model's mode -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [True, False])
def test_evaluate_loss_works_in_evaluation_mode_without_gradients_and_restores_the_mode(id_pairs, mode):
    model, seen = small_model().train(mode), []
    model.encoder.register_forward_hook(lambda *_: seen.append((model.training, torch.is_grad_enabled())))
    evaluate_loss(model, [make_batch(id_pairs)])
    assert seen == [(False, False)]
    assert (model.training, model.encoder.training, model.decoder.training) == (mode,) * 3


def test_mode_is_restored_when_evaluation_fails():
    model = small_model().train()
    with pytest.raises(ValueError, match="source: id 99 is outside the vocabulary"):
        evaluate_loss(model, [make_batch([([99], [5])])])
    assert model.training


# --- Learning -------------------------------------------------------------------------------------

COPIES = [([*ids], [*ids]) for ids in itertools.permutations(range(4, 9), 3)]


@pytest.mark.parametrize("cell", CELLS)
def test_model_learns_to_copy_and_to_stop(cell):
    model = plain_model(9, 9, embedding_size=16, hidden_size=32, cell=cell)
    losses = fit(model, make_loader(COPIES, batch_size=10), epochs=40, learning_rate=1e-2).frame().train_loss
    assert losses.iloc[0] > 1
    assert losses.iloc[-1] < 0.1
    batch = make_batch(COPIES)
    found = greedy(model, batch.source, batch.source_lengths, [10] * len(COPIES))
    assert found == [(target, True, None) for _, target in COPIES]


def test_same_seed_gives_the_same_model_and_another_seed_another():
    def trained(seed: int) -> tuple[list[float], list[Tensor]]:
        seed_everything(seed)
        model = plain_model(9, 9, embedding_size=8, hidden_size=12)
        history = fit(model, make_loader(COPIES, batch_size=10, seed=seed), epochs=2)
        return [record["train_loss"] for record in history.records], list(model.parameters())

    (losses, weights), (same_losses, same_weights), (other_losses, _) = map(trained, (1, 1, 2))
    assert losses == same_losses
    assert all(map(torch.equal, weights, same_weights))
    assert losses != other_losses


@pytest.fixture
def steps() -> Iterator[list[tuple[float, float]]]:
    """The learning rate and the length of the gradient at each step that an optimizer takes."""
    seen = []

    def look(optimizer: torch.optim.Optimizer, *_) -> None:
        (group,) = optimizer.param_groups
        seen.append((group["lr"], length(weights.grad for weights in group["params"])))

    watch = hooks.register_optimizer_step_pre_hook(look)
    yield seen
    watch.remove()


def length(gradients: Iterable[Tensor]) -> float:
    return math.sqrt(sum(gradient.square().sum().item() for gradient in gradients))


def test_learning_rate_falls_linearly_to_0(steps):
    fit(small_model(), make_loader(COPIES, batch_size=30), epochs=2, learning_rate=0.8)
    assert [rate for rate, _ in steps] == pytest.approx([0.8, 0.6, 0.4, 0.2])


def test_long_gradients_are_shortened(steps):
    fit(small_model(), make_loader(COPIES, batch_size=30), epochs=2, clip_norm=0.05)
    assert [norm for _, norm in steps] == pytest.approx([0.05] * 4, rel=1e-3)


def test_each_step_follows_the_gradient_per_token_of_its_batch_alone(steps):
    model, batches = small_model(), [make_batch(COPIES[:20]), make_batch(COPIES[20:])]
    expected = []
    for batch in batches:
        logits = model(batch.source, batch.source_lengths, batch.target_input)
        loss, count = token_loss(logits, batch.target_output)
        expected.append(length(torch.autograd.grad(loss / count, list(model.parameters()))))
    fit(model, batches, epochs=1, learning_rate=0, clip_norm=100)
    assert [norm for _, norm in steps] == pytest.approx(expected)


def test_devices_are_taken_in_order_of_speed(monkeypatch):
    for name in ("cpu", "mps", "cuda"):
        monkeypatch.setattr(torch.cuda, "is_available", lambda name=name: name == "cuda")
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda name=name: name != "cpu")
        assert pick_device().type == name


# --- What is written down -------------------------------------------------------------------------


class Clock:
    """Stands still, except where it is told how many seconds something takes."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class SlowLoader(list):
    """Batches that take a second each."""

    clock: Clock

    def __iter__(self):
        for batch in super().__iter__():
            self.clock.now += 1
            yield batch


def test_history_has_one_row_an_epoch_and_the_time_of_measuring_is_not_counted(id_pairs, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    loader = SlowLoader(make_loader(id_pairs, batch_size=40))  # three batches
    loader.clock = clock
    model, measured = small_model(), []

    def measure(given: Seq2Seq) -> dict[str, float]:
        clock.now += 1000
        measured.append(given)
        return {"exact_match": len(measured) / 10}

    frame = fit(model, loader, epochs=2, measure=measure).frame()
    assert list(frame.columns) == ["epoch", "step", "seconds", "train_loss", "exact_match"]
    assert frame.epoch.tolist() == [1, 2]
    assert frame.step.tolist() == [3, 6]
    assert frame.seconds.tolist() == [3, 6]
    assert frame.exact_match.tolist() == [0.1, 0.2]
    assert len(measured) == 2
    assert all(given is model for given in measured)


def test_history_without_measure_has_the_columns_of_training_alone(id_pairs):
    frame = fit(small_model(), [make_batch(id_pairs)], epochs=1).frame()
    assert list(frame.columns) == ["epoch", "step", "seconds", "train_loss"]


def test_histories_are_kept_apart():
    one, other = History(), History()
    one.records.append({"epoch": 1})
    assert other.records == []


def test_progress_bar_says_what_goes_on(monkeypatch, capsys):
    monkeypatch.delenv("TQDM_DISABLE")
    with progress_bar(3, "training the GRU"):
        assert "training the GRU" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["1", ""])
def test_no_progress_bar_where_tqdm_disable_is_set(id_pairs, monkeypatch, capsys, value):
    monkeypatch.setenv("TQDM_DISABLE", value)
    fit(small_model(), [make_batch(id_pairs)], epochs=1)
    assert capsys.readouterr().err == ""


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [0, -1])
def test_epochs_below_one_are_refused(epochs, id_pairs):
    with pytest.raises(ValueError, match=f"epochs: {epochs} is not allowed; it must be 1 or more"):
        fit(small_model(), [make_batch(id_pairs)], epochs)


def test_nan_in_the_loss_stops_training_at_its_step(id_pairs):
    model = small_model()
    batches = [make_batch(id_pairs)] * 3

    def spoil(_) -> dict[str, float]:
        torch.nn.init.constant_(model.decoder.output.bias, float("nan"))
        return {}

    with pytest.raises(ValueError, match="loss: nan at step 4 of 6; try a smaller learning_rate"):
        fit(model, batches, epochs=2, measure=spoil)


def test_learning_rate_that_is_far_too_large_stops_at_its_step(id_pairs):
    model = plain_model(20, 20, embedding_size=8, hidden_size=100)
    with pytest.raises(ValueError, match=r"loss: (nan|inf) at step 2 of 3; try a smaller learning_rate"):
        fit(model, [make_batch(id_pairs)] * 3, epochs=1, learning_rate=1e37)


@pytest.mark.parametrize(
    "run", [evaluate_loss, lambda *given: fit(*given, epochs=1)], ids=["evaluate", "fit"]
)
def test_loader_without_batches_is_refused(run):
    with pytest.raises(ValueError, match=r"loader: .* at least one"):
        run(small_model(), [])


def test_longest_gradient_allowed_must_be_positive(id_pairs):
    with pytest.raises(ValueError, match="clip_norm: -1 is not allowed; it must be more than 0"):
        fit(small_model(), [make_batch(id_pairs)], epochs=1, clip_norm=-1)
