"""Training: what the loss counts, that it falls, and what is written down and may happen on the way."""

import ast
import inspect
import itertools
import math
import random
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seq2seq_utils.batching import SEED_OFFSET_VARIABLE, Batch, IdPair, make_batch, make_loader
from seq2seq_utils.models import CELLS, Seq2Seq, attention_model, plain_model
from seq2seq_utils.progress import progress_bar
from seq2seq_utils.text import EOS_ID, PAD_ID, SOS_ID
from seq2seq_utils.training import (
    Checkpoint,
    EarlyStopping,
    History,
    Run,
    Settings,
    WeightAveraging,
    evaluate_loss,
    fit,
    fitting,
    pick_device,
    seed_everything,
    token_loss,
    train_epoch,
)
from seq2seq_utils.translation import greedy


def small_model(cell: str = "gru", dropout: float = 0.0) -> Seq2Seq:
    return plain_model(20, 20, embedding_size=8, hidden_size=12, cell=cell, dropout=dropout)


@torch.no_grad()
def by_hand(model: Seq2Seq, pairs: list[IdPair], free_running: bool = False) -> tuple[float, int]:
    """Sum of -log p of each target's words and EOS, sentence by sentence, word by word; their number."""
    total, count = 0.0, 0
    for source, target in pairs:
        state = model.decoder.start(model.encoder(torch.tensor([source]), torch.tensor([len(source)])))
        fed = SOS_ID
        for word in [*target, EOS_ID]:
            logits, state = model.decoder.step(torch.tensor([fed]), state)
            total, count = total - logits.log_softmax(dim=1)[0, word].item(), count + 1
            fed = int(logits.argmax()) if free_running else word
    return total, count


def weights_of(model: Seq2Seq) -> list[Tensor]:
    return [weights.detach().clone() for weights in model.parameters()]


def are_equal(some: list[Tensor], others: list[Tensor]) -> bool:
    return all(map(torch.equal, some, others))


# --- What the loss counts -------------------------------------------------------------------------


def test_eos_is_counted_and_trained_and_padding_is_not(id_pairs):
    batch = make_batch(id_pairs)
    at_eos, at_padding = batch.target_output == EOS_ID, batch.target_output == PAD_ID
    assert at_eos.sum(dim=1).tolist() == [1] * len(batch)
    assert at_padding.any()
    logits = torch.randn(*batch.target_output.shape, 20, requires_grad=True)
    loss, count = token_loss(logits, batch.target_output)
    assert count == sum(len(target) + 1 for _, target in id_pairs)
    (gradient,) = torch.autograd.grad(loss, logits)
    # The gradient of -log p(EOS) with respect to the score of EOS is p(EOS) - 1.
    expected = logits.softmax(dim=-1)[at_eos][:, EOS_ID] - 1
    torch.testing.assert_close(gradient[at_eos][:, EOS_ID], expected)
    assert torch.count_nonzero(gradient[at_padding]) == 0

    elsewhere = logits.detach().clone()
    elsewhere[at_padding] += 100 * torch.randn(20)
    assert token_loss(elsewhere, batch.target_output) == (loss, count)


def test_reported_loss_is_teacher_forced_and_does_not_depend_on_the_batches(id_pairs):
    model = small_model()
    forced, count = by_hand(model, id_pairs)
    free, _ = by_hand(model, id_pairs, free_running=True)
    assert abs(forced - free) / count > 1e-3, "the two are to be told apart"
    batch = make_batch(id_pairs)
    loss, tokens = token_loss(
        model(batch.source, batch.source_lengths, batch.target_input), batch.target_output
    )
    assert (loss.item(), tokens) == pytest.approx((forced, count))
    losses = [evaluate_loss(model, make_loader(id_pairs, size)) for size in (1, 7, 64, 100)]
    assert losses == pytest.approx([forced / count] * 4)
    (_, record) = fit(model, make_loader(id_pairs, 30), Settings(epochs=1, learning_rate=0)).records
    assert record["train_loss"] == pytest.approx(forced / count)


def test_reported_loss_is_per_token_over_the_whole_set_not_a_mean_of_batch_means():
    model, short, long = small_model(), [([5], [6])], [([5, 6], [7] * 30)] * 4
    nn.init.constant_(model.decoder.output.bias[7], 3)  # 7 is likely, 6 is not
    batches = [make_batch(short), make_batch(long)]
    total, count = by_hand(model, short + long)
    means = [total / count for total, count in (by_hand(model, short), by_hand(model, long))]
    assert abs(total / count - sum(means) / 2) > 0.1
    assert evaluate_loss(model, batches) == pytest.approx(total / count)
    (_, record) = fit(model, batches, Settings(epochs=1, learning_rate=0)).records
    assert record["train_loss"] == pytest.approx(total / count)


def test_evaluation_is_without_dropout_and_gradients_and_the_mode_is_restored_even_if_it_fails(id_pairs):
    model, seen = small_model(dropout=0.5), []
    watch = model.encoder.register_forward_hook(
        lambda *_: seen.append((model.training, torch.is_grad_enabled()))
    )
    for mode in (True, False):
        model.train(mode)
        evaluate_loss(model, [make_batch(id_pairs)])
        assert (model.training, model.encoder.training, model.decoder.training) == (mode,) * 3
    assert seen == [(False, False)] * 2
    watch.remove()
    model.train()
    with pytest.raises(ValueError, match="source: id 99 is outside the vocabulary"):
        evaluate_loss(model, [make_batch([([99], [5])])])
    assert model.training


# --- An epoch -------------------------------------------------------------------------------------


def lines(node: ast.AST) -> int:
    return node.end_lineno - node.lineno + 1


def test_an_epoch_can_be_read_in_one_look():
    (function,) = ast.parse(inspect.getsource(train_epoch)).body
    docstring = function.body[0]
    assert ast.get_docstring(function)
    assert lines(function) - lines(docstring) <= 20


def test_an_epoch_does_what_a_loop_by_hand_does(id_pairs):
    settings = Settings(epochs=2, learning_rate=0.02, warmup=2, clip_norm=0.235, label_smoothing=0.1)
    seed_everything(0)
    model = attention_model(20, 20, 8, 12, dropout=0.3)
    run = Run.begin(model, make_loader(id_pairs, 25, seed=5), settings)
    places = []
    for epoch in range(2):
        run.history.records.append({"epoch": epoch})
        places.append(run.place)
        train_epoch(run, run.loader, lambda run: places.append(run.place))

    seed_everything(0)
    other = attention_model(20, 20, 8, 12, dropout=0.3)
    adam = torch.optim.Adam(other.parameters(), fused=True)
    loader, total, count, clipped = make_loader(id_pairs, 25, seed=5), 0.0, 0, 0
    for step, batch in enumerate(itertools.chain(loader, loader)):
        (group,) = adam.param_groups
        group["lr"] = 0.02 * [1 / 3, 2 / 3, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6][step]
        logits = other(batch.source, batch.source_lengths, batch.target_input)
        loss, tokens = token_loss(logits, batch.target_output, label_smoothing=0.1)
        adam.zero_grad()
        (loss / tokens).backward()
        clipped += nn.utils.clip_grad_norm_(other.parameters(), 0.235) > 0.235
        adam.step()
        total, count = total + loss.item(), count + tokens
    assert 0 < clipped < 8, "some are clipped and some are not"
    for mine, expected in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, expected)
    assert (run.step, run.tokens, run.loss) == (8, count, pytest.approx(total))
    assert places == [(epoch, batch) for epoch in range(2) for batch in range(5)]


def test_training_mode_is_set_whatever_measure_leaves_on(id_pairs):
    def trained(dropout: float, measure) -> list[Tensor]:
        seed_everything(0)
        model = small_model(dropout=dropout)
        fit(model, make_loader(id_pairs, 50), Settings(epochs=2), measure=measure)
        return weights_of(model)

    def careless(model: Seq2Seq) -> dict[str, float]:
        model.eval()
        return {}

    assert are_equal(trained(0.5, careless), trained(0.5, None))
    assert not are_equal(trained(0.5, careless), trained(0.0, None))


COPIES = [([*ids], [*ids]) for ids in itertools.permutations(range(4, 9), 3)]


@pytest.mark.parametrize("cell", CELLS)
def test_model_learns_to_copy_and_to_stop(cell):
    model = plain_model(9, 9, embedding_size=16, hidden_size=32, cell=cell)
    loader = make_loader(COPIES, batch_size=10)
    losses = fit(model, loader, Settings(epochs=40, learning_rate=1e-2)).frame().train_loss.dropna()
    assert losses.iloc[0] > 1
    assert losses.iloc[-1] < 0.1
    batch = make_batch(COPIES)
    translations = greedy(model, batch.source, batch.source_lengths, [10] * len(COPIES))
    assert translations == [(target, True, None) for _, target in COPIES]


def test_same_seed_gives_the_same_model_and_another_seed_another():
    def trained(seed: int) -> tuple[list[float], list[Tensor], float]:
        seed_everything(seed)
        model = plain_model(9, 9, embedding_size=8, hidden_size=12)
        records = fit(model, make_loader(COPIES, batch_size=10, seed=seed), Settings(epochs=2)).records
        return [record["train_loss"] for record in records[1:]], weights_of(model), random.random()

    (losses, weights, number), (same_losses, same_weights, same_number) = trained(1), trained(1)
    other_losses, _, other_number = trained(2)
    assert (losses, number) == (same_losses, same_number)
    assert are_equal(weights, same_weights)
    assert losses != other_losses
    assert number != other_number


# --- What is written down -------------------------------------------------------------------------


class SlowLoader(list):
    """Batches that take a second each, on a clock that stands still otherwise."""

    def __init__(self, batches: list[Batch], clock: SimpleNamespace) -> None:
        super().__init__(batches)
        self.clock = clock

    def __iter__(self):
        for batch in super().__iter__():
            self.clock.now += 1
            yield batch


def test_history_has_a_record_before_the_first_step_and_one_an_epoch_without_the_time_of_measuring(
    id_pairs, monkeypatch
):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(fitting, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    loader = SlowLoader(list(make_loader(id_pairs, batch_size=40)), clock)  # three batches
    model, measured = small_model(), []

    def measure(given: Seq2Seq) -> dict[str, float]:
        clock.now += 1000
        measured.append(given)
        return {"exact_match": len(measured) / 10}

    def slow(run: Run) -> bool:
        clock.now += 1000
        return False

    frame = fit(model, loader, Settings(epochs=2), measure=measure, after_epoch=[slow]).frame()
    assert list(frame.columns) == ["epoch", "step", "seconds", "train_loss", "exact_match"]
    assert frame.epoch.tolist() == [0, 1, 2]
    assert frame.step.tolist() == [0, 3, 6]
    assert frame.seconds.tolist() == [0, 3, 6]
    assert frame.exact_match.tolist() == [0.1, 0.2, 0.3]
    assert frame.train_loss.isna().tolist() == [True, False, False]
    assert all(given is model for given in measured)

    history = fit(small_model(), [make_batch(id_pairs)], Settings(epochs=1))
    assert list(history.frame().columns) == ["epoch", "step", "seconds", "train_loss"]
    assert list(History().frame().columns) == ["epoch", "step", "seconds", "train_loss"]
    history.records.append({"epoch": 2, "late": 1.0})
    assert "late" in history.frame().columns
    assert History().records == [], "histories are kept apart"


def test_measuring_is_done_with_the_weights_of_the_end_of_each_epoch(id_pairs):
    loader = [make_batch(id_pairs[:50]), make_batch(id_pairs[50:])]
    model, measured = small_model(), []
    start = weights_of(model)
    fit(model, loader, Settings(epochs=2), measure=lambda model: measured.append(weights_of(model)) or {})
    assert len(measured) == 3
    assert are_equal(measured[0], start)
    assert not are_equal(measured[1], start)
    assert are_equal(measured[2], weights_of(model))


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "measure: it returned None; it must return a dict"),
        ([0.5], "measure: it returned [0.5]; it must return a dict"),
        ({"bleu": "high"}, "measure: 'bleu' is 'high'; it must be a number"),
        ({"bleu": None}, "measure: 'bleu' is None; it must be a number"),
        ({"seconds": 1.0}, "measure: 'seconds' is in the record already"),
        ({"train_loss": 1.0}, "measure: 'train_loss' is in the record already"),
    ],
)
def test_what_measure_must_return_is_said_before_the_first_step(id_pairs, returned, message):
    model = small_model()
    before = weights_of(model)
    with pytest.raises(ValueError, match=re.escape(message)):
        fit(model, [make_batch(id_pairs)], Settings(epochs=1), measure=lambda model: returned)
    assert are_equal(weights_of(model), before)


def test_progress_bar_says_what_goes_on_and_is_none_where_tqdm_disable_is_set(id_pairs, monkeypatch, capsys):
    for value in ("1", ""):
        monkeypatch.setenv("TQDM_DISABLE", value)
        fit(small_model(), [make_batch(id_pairs)], Settings(epochs=1), progress="training the GRU")
        assert capsys.readouterr().err == ""
    monkeypatch.delenv("TQDM_DISABLE")
    fit(small_model(), [make_batch(id_pairs)] * 3, Settings(epochs=1), progress="training the GRU")
    with progress_bar(3, "measuring"):
        pass
    written = capsys.readouterr().err
    assert "training the GRU" in written
    assert "measuring" in written
    assert "3/3" in written


# --- What may happen after an epoch ---------------------------------------------------------------


class Scripted:
    """A measure that gives these numbers, one an epoch from epoch 0 on, and remembers the weights it saw."""

    def __init__(self, *values: float) -> None:
        self.values = iter(values)
        self.seen: list[list[Tensor]] = []

    def __call__(self, model: Seq2Seq) -> dict[str, float]:
        self.seen.append(weights_of(model))
        return {"watched": next(self.values)}


nan = math.nan


@pytest.mark.parametrize(
    ("values", "larger", "patience", "epochs", "best"),
    [
        ((9, 3, 2, 2.5, 2.6, 1), False, 2, 5, 5),  # a new best within the patience goes on
        ((9, 3, 2, 2.5, 2.6, 1), False, 1, 4, 2),
        ((9, 3, 2, 2.5, 2.6, 1), True, 1, 2, 0),  # nothing is better than before the first step
        ((1, 3, 5, 4, 4.5, 9), True, 1, 4, 2),
        ((3, 2, 2, 2, 1, 0), False, 1, 3, 1),  # as good as before is not better
        ((3, 2, 2, 1, 1, 1), False, 0, 2, 1),
        ((nan, nan, 5, 4, nan, 3), False, 3, 5, 5),  # a NaN is never best, in the first epochs neither
        ((nan, nan, 5, 4, nan, 3), True, 2, 5, 2),
        ((nan, nan, nan, nan, 1, 1), False, 2, 3, None),  # nothing is best: the weights stay
        ((2, nan, nan, 1, 1, 1), False, 1, 2, 0),
        ((nan, -math.inf, 5, 6, 7, 7), True, 9, 5, 4),
    ],
)
def test_training_stops_when_it_gets_no_better_and_goes_back_to_the_best_weights(
    id_pairs, values, larger, patience, epochs, best
):
    measure, stopping = Scripted(*values), EarlyStopping("watched", patience, larger)
    model = small_model()
    history = fit(
        model,
        make_loader(id_pairs, batch_size=50),
        Settings(epochs=5),
        measure=measure,
        after_epoch=[stopping],
    )
    assert history.records[-1]["epoch"] == epochs
    assert are_equal(weights_of(model), measure.seen[epochs if best is None else best])


def test_all_functions_are_called_after_each_epoch_and_one_true_stops(id_pairs):
    calls = []

    def function(name: str, stops_at: int):
        def called(run: Run) -> bool:
            epoch = run.history.records[-1]["epoch"]
            assert (run.place, run.step) == ((epoch, 0), 2 * epoch)
            calls.append((name, epoch))
            return epoch == stops_at

        return called

    history = fit(
        small_model(),
        make_loader(id_pairs, batch_size=50),
        Settings(epochs=9),
        after_epoch=[function("first", 2), function("second", 3)],
    )
    assert calls == [(name, epoch) for epoch in range(3) for name in ("first", "second")]
    assert [record["epoch"] for record in history.records] == [0, 1, 2]
    stopped = fit(
        small_model(), make_loader(id_pairs), Settings(epochs=9), after_epoch=[lambda run: True]
    ).records
    assert [record["epoch"] for record in stopped] == [0]


def test_a_name_that_nothing_measures_fails_before_any_step(id_pairs):
    model = small_model()
    before = weights_of(model)
    for measure in (None, lambda model: {"validation_loss": 1.0}):
        with pytest.raises(ValueError, match="watched: nothing measures 'bleu'"):
            fit(
                model,
                make_loader(id_pairs),
                Settings(epochs=1),
                measure=measure,
                after_epoch=[EarlyStopping("bleu", 1)],
            )
    assert are_equal(weights_of(model), before)
    with pytest.raises(ValueError, match="patience: -1 is not allowed; it must be 0 or more"):
        EarlyStopping("bleu", -1)


def test_the_weights_end_as_the_mean_of_the_last_epochs_also_from_a_checkpoint(id_pairs, tmp_path):
    def train(
        epochs: int, checkpoint: Checkpoint | None = None, killed_after: int = 9
    ) -> tuple[Seq2Seq, list]:
        seed_everything(0)
        model, seen = small_model(), []

        def look(run: Run) -> bool:
            seen.append(weights_of(run.model))
            if len(run.history.records) > killed_after:
                raise KeyboardInterrupt
            return False

        fit(
            model,
            make_loader(id_pairs, batch_size=50),
            Settings(epochs=4),
            after_epoch=[WeightAveraging(epochs), look],
            checkpoint=checkpoint,
        )
        return model, seen

    for epochs, averaged in ((1, 1), (3, 3), (9, 4)):  # what was there before the first step never counts
        model, seen = train(epochs)
        assert len(seen) == 5
        for weights, *of_epochs in zip(weights_of(model), *seen[-averaged:], strict=True):
            torch.testing.assert_close(weights, torch.stack(of_epochs).mean(dim=0))
    whole, _ = train(3)
    with pytest.raises(KeyboardInterrupt):
        train(3, Checkpoint(tmp_path / "run.pt"), killed_after=3)
    resumed, seen = train(3, Checkpoint(tmp_path / "run.pt"))
    assert len(seen) == 2
    assert are_equal(weights_of(resumed), weights_of(whole))
    with pytest.raises(ValueError, match="epochs: 0 is not allowed; it must be 1 or more"):
        WeightAveraging(0)


# --- Numbers that are none ------------------------------------------------------------------------


def test_a_loss_that_is_not_a_number_stops_training_at_its_step(id_pairs):
    model, batches = small_model(), [make_batch(id_pairs)] * 3

    def spoil(model: Seq2Seq) -> dict[str, float]:
        if spoil.calls == 1:
            nn.init.constant_(model.decoder.output.bias, nan)
        spoil.calls += 1
        return {}

    spoil.calls = 0
    with pytest.raises(ValueError, match="loss: nan at step 4 of 6; try a smaller learning_rate"):
        fit(model, batches, Settings(epochs=2), measure=spoil)

    large = plain_model(20, 20, embedding_size=8, hidden_size=100)
    with pytest.raises(ValueError, match=r"(loss|gradient_norm): (nan|inf) at step 2 of 3; try a smaller"):
        fit(large, batches, Settings(epochs=1, learning_rate=1e37))


def test_a_gradient_that_is_not_a_number_stops_training_before_it_spoils_the_weights(id_pairs):
    model = small_model()
    model.decoder.output.bias.register_hook(lambda gradient: gradient * math.inf)
    before = weights_of(model)
    with pytest.raises(ValueError, match=r"gradient_norm: (nan|inf) at step 1 of 1; .*learning_rate"):
        fit(model, [make_batch(id_pairs)], Settings(epochs=1))
    assert are_equal(weights_of(model), before)


# --- Settings and devices -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs: 0 is not allowed; it must be a whole number, 1 or more"),
        ({"epochs": -1}, "epochs: -1 is not allowed"),
        ({"epochs": 2.5}, "epochs: 2.5 is not allowed; it must be a whole number"),
        ({"learning_rate": -1e-3}, "learning_rate: -0.001 is not allowed; it must be finite, 0 or more"),
        ({"learning_rate": nan}, "learning_rate: nan is not allowed"),
        ({"learning_rate": math.inf}, "learning_rate: inf is not allowed"),
        ({"clip_norm": 0}, "clip_norm: 0 is not allowed; it must be more than 0"),
        ({"clip_norm": -1}, "clip_norm: -1 is not allowed; it must be more than 0"),
        ({"clip_norm": nan}, "clip_norm: nan is not allowed"),
        ({"label_smoothing": 1.0}, "label_smoothing: 1.0 is not allowed; it must be from 0 to below 1"),
        ({"label_smoothing": -0.1}, "label_smoothing: -0.1 is not allowed"),
        ({"label_smoothing": nan}, "label_smoothing: nan is not allowed"),
        ({"warmup": -1}, "warmup: -1 is not allowed; it must be a whole number, 0 or more"),
        ({"warmup": 1.5}, "warmup: 1.5 is not allowed"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Settings(**{"epochs": 1} | settings)


def test_settings_at_the_ends_of_their_ranges_are_taken(id_pairs):
    loader = make_loader(id_pairs, 50)
    settings = Settings(epochs=np.int64(1), learning_rate=0, warmup=1, clip_norm=math.inf, label_smoothing=0)
    fit(small_model(), loader, settings)
    assert Settings(epochs=2) == Settings(
        epochs=2, learning_rate=3e-3, warmup=0, clip_norm=1, label_smoothing=0, teacher_forcing=1
    ), "what the notebooks leave out"
    with pytest.raises(ValueError, match="warmup: 2 is not allowed; it must be from 0 to 1"):
        fit(small_model(), loader, Settings(epochs=1, warmup=2))


def test_loader_without_batches_is_refused():
    with pytest.raises(ValueError, match=r"batches: .* at least one"):
        evaluate_loss(small_model(), [])
    with pytest.raises(ValueError, match=r"loader: .* at least one"):
        fit(small_model(), [], Settings(epochs=1))


def test_a_variable_moves_the_seed_of_everything_but_not_that_of_untrained_numbers(monkeypatch):
    def drawn(seed: int) -> tuple[float, float]:
        seed_everything(seed)
        return random.random(), torch.rand(1).item()

    monkeypatch.delenv(SEED_OFFSET_VARIABLE, raising=False)
    usual, later = drawn(2), drawn(5)
    torch.manual_seed(2)
    untrained = torch.rand(1).item()
    monkeypatch.setenv(SEED_OFFSET_VARIABLE, "3")
    assert drawn(2) == later != usual
    torch.manual_seed(2)
    assert torch.rand(1).item() == untrained
    monkeypatch.setenv(SEED_OFFSET_VARIABLE, "three")
    with pytest.raises(
        ValueError, match="SEQ2SEQ_SEED_OFFSET: 'three' is not allowed; it must be a whole number"
    ):
        seed_everything(2)


def test_the_device_is_the_cpu_unless_another_is_asked_for_and_one_that_is_not_here_is_refused(monkeypatch):
    def machine(gpus: int, mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    monkeypatch.delenv("SEQ2SEQ_DEVICE", raising=False)
    for gpus, mps in ((0, False), (2, False), (0, True)):
        machine(gpus, mps)
        assert pick_device() == torch.device("cpu")

    machine(2, False)
    assert pick_device("cuda") == torch.device("cuda")
    assert pick_device("cuda:1") == torch.device("cuda", 1)
    monkeypatch.setenv("SEQ2SEQ_DEVICE", "cuda:0")
    assert pick_device() == torch.device("cuda", 0)
    assert pick_device("cpu") == torch.device("cpu"), "the argument counts more than the variable"
    with pytest.raises(
        ValueError, match="name: there is no device 'mps' here; there is cpu, cuda, cuda:0, cuda:1"
    ):
        pick_device("mps")
    with pytest.raises(ValueError, match="name: there is no device 'cuda:2' here"):
        pick_device("cuda:2")

    machine(0, True)
    assert pick_device("mps") == torch.device("mps")
    with pytest.raises(
        ValueError, match="SEQ2SEQ_DEVICE: there is no device 'cuda:0' here; there is cpu, mps"
    ):
        pick_device()
    monkeypatch.setenv("SEQ2SEQ_DEVICE", "")
    assert pick_device() == torch.device("cpu")
    with pytest.raises(ValueError, match="name: there is no device 'tpu' here"):
        pick_device("tpu")
