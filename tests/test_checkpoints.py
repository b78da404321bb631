"""Checkpoints: a training that was killed goes on as if it had not been; damaged files are named."""

import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from seq2seq_utils import checkpoints
from seq2seq_utils.batching import IdPair, make_batch, make_loader
from seq2seq_utils.models import Seq2Seq, plain_model
from seq2seq_utils.training import EarlyStopping, History, evaluate_loss, fit, seed_everything

PLAN = {"epochs": 5, "learning_rate": 1e-2, "label_smoothing": 0.1, "warmup": 4}


class KilledError(Exception):
    """What stops a training from outside."""


def small_model(hidden_size: int = 12) -> Seq2Seq:
    return plain_model(20, 20, embedding_size=8, hidden_size=hidden_size, dropout=0.3)


def train(
    pairs: list[IdPair], killed_after: int | None = None, seed: int = 7, **settings
) -> tuple[Seq2Seq, History]:
    """A training with everything in it that is random: weights, order, dropout, fed words."""
    seed_everything(seed)
    model, loader = small_model(), make_loader(pairs, batch_size=16, seed=seed)
    watched = [make_batch(pairs[:40])]

    def measure(model: Seq2Seq) -> dict[str, float]:
        return {"validation_loss": evaluate_loss(model, watched)}

    calls = 0

    def killing(model: Seq2Seq) -> dict[str, float]:
        nonlocal calls
        if calls == killed_after:
            raise KilledError
        calls += 1
        return measure(model)

    return model, fit(model, loader, teacher_forcing=0.5, measure=killing, **PLAN | settings)


def numbers(history: History) -> list[dict[str, float]]:
    return [
        {name: value for name, value in record.items() if name != "seconds"} for record in history.records
    ]


@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_training_that_was_killed_and_resumed_has_the_losses_and_weights_of_one_that_was_not(
    id_pairs, tmp_path, killed_after
):
    whole, history = train(id_pairs)
    file = tmp_path / "folder" / "run.pt"
    with pytest.raises(KilledError):
        train(id_pairs, killed_after, checkpoint=file)
    torch.rand(100)  # another process has other random numbers behind it
    resumed, again = train(id_pairs, seed=99, checkpoint=file)
    assert numbers(again) == numbers(history)
    for name, weights in whole.state_dict().items():
        assert torch.equal(weights, resumed.state_dict()[name]), name


def test_it_goes_on_in_a_new_process_too(id_pairs, tmp_path):
    _, history = train(id_pairs)
    file = tmp_path / "run.pt"
    with pytest.raises(KilledError):
        train(id_pairs, 2, checkpoint=file)
    program = f"""
        import torch; torch.set_num_threads(1)
        from seq2seq_utils.batching import make_loader
        from seq2seq_utils.models import plain_model
        from seq2seq_utils.training import fit
        pairs = {id_pairs!r}
        model = plain_model(20, 20, embedding_size=8, hidden_size=12, dropout=0.3)
        loader = make_loader(pairs, batch_size=16, seed=1)
        for record in fit(model, loader, teacher_forcing=0.5, checkpoint={str(file)!r}, **{PLAN!r}).records:
            print(record["train_loss"].hex())
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert said == [record["train_loss"].hex() for record in history.records]


def test_a_training_that_is_over_is_not_continued(id_pairs, tmp_path):
    file = tmp_path / "run.pt"
    model, history = train(id_pairs, checkpoint=file)
    written = file.read_bytes()
    again, same = train(id_pairs, checkpoint=file)
    assert numbers(same) == numbers(history)
    assert file.read_bytes() == written
    assert torch.equal(model.decoder.output.weight, again.decoder.output.weight)


# --- Early stopping -------------------------------------------------------------------------------


class Scripted:
    """A measure that gives these numbers, one an epoch, and remembers the weights it was shown."""

    def __init__(self, *values: float) -> None:
        self.values = iter(values)
        self.seen: list[torch.Tensor] = []

    def __call__(self, model: Seq2Seq) -> dict[str, float]:
        self.seen.append(model.decoder.output.weight.detach().clone())
        return {"watched": next(self.values)}


@pytest.mark.parametrize(
    ("values", "larger", "patience", "epochs", "best"),
    [
        ((3, 2, 2.5, 2.6, 1), False, 2, 5, 4),  # a new best within the patience goes on
        ((3, 2, 2.5, 2.6, 1), False, 1, 4, 1),
        ((3, 2, 2.5, 2.6, 1), True, 1, 3, 0),
        ((2, 2, 2), False, 1, 3, 0),  # as good as before is not better
    ],
)
def test_training_stops_when_it_gets_no_better_and_goes_back_to_the_best_weights(
    id_pairs, tmp_path, values, larger, patience, epochs, best
):
    measure, stopping = Scripted(*values), EarlyStopping("watched", patience, larger)
    file, model = tmp_path / "run.pt", small_model()
    loader = make_loader(id_pairs, batch_size=50)
    history = fit(model, loader, 5, measure=measure, stopping=stopping, checkpoint=file)
    assert len(history.records) == epochs
    assert torch.equal(model.decoder.output.weight, measure.seen[best])

    again = small_model()  # stopped is stopped: there is nothing to go on with, and the best weights stay
    fit(again, make_loader(id_pairs, batch_size=50), 5, measure=measure, stopping=stopping, checkpoint=file)
    assert torch.equal(again.decoder.output.weight, measure.seen[best])


def test_early_stopping_needs_something_to_watch(id_pairs):
    with pytest.raises(ValueError, match=r"stopping: nothing measures 'bleu'; give `measure` as well"):
        fit(small_model(), make_loader(id_pairs), 1, stopping=EarlyStopping("bleu", 1))


# --- Files ----------------------------------------------------------------------------------------


def test_a_checkpoint_of_another_model_is_refused_and_the_model_left_as_it_was(id_pairs, tmp_path):
    file = tmp_path / "run.pt"
    train(id_pairs, checkpoint=file)
    other = small_model(hidden_size=13)
    before = {name: weights.clone() for name, weights in other.state_dict().items()}
    with pytest.raises(
        ValueError, match=r"run\.pt is of another model: encoder\.rnn\.weight_ih_l0 is of shape"
    ):
        fit(other, make_loader(id_pairs, batch_size=16), checkpoint=file, **PLAN)
    assert all(torch.equal(before[name], weights) for name, weights in other.state_dict().items())


@pytest.mark.parametrize(("setting", "value"), [("learning_rate", 1e-3), ("warmup", 5), ("epochs", 6)])
def test_a_checkpoint_of_another_training_is_refused(id_pairs, tmp_path, setting, value):
    file = tmp_path / "run.pt"
    train(id_pairs, checkpoint=file)
    named = "steps" if setting == "epochs" else setting
    with pytest.raises(ValueError, match=rf"run\.pt is of another training: {named} is"):
        train(id_pairs, checkpoint=file, **{setting: value})


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"not a checkpoint"])
def test_a_damaged_checkpoint_is_named(id_pairs, tmp_path, damage):
    file = tmp_path / "run.pt"
    train(id_pairs, checkpoint=file)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match=r"run\.pt is damaged, or not a checkpoint"):
        train(id_pairs, checkpoint=file)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*gone\.pt"):
        checkpoints.load(tmp_path / "gone.pt")


def test_what_else_torch_saves_is_not_a_checkpoint(tmp_path):
    file = tmp_path / "weights.pt"
    torch.save(small_model().state_dict(), file)
    with pytest.raises(ValueError, match=r"weights\.pt is not a checkpoint of this version"):
        checkpoints.load(file)
    checkpoints.save(file, {"model": {}})
    with pytest.raises(ValueError, match=r"weights\.pt holds no records"):
        checkpoints.load(file, "model", "records")


def test_a_checkpoint_cannot_run_code(tmp_path):
    class Evil:
        def __reduce__(self) -> tuple:
            return (print, ("run",))

    file = tmp_path / "evil.pt"
    torch.save({"format": 1, "model": Evil()}, file)
    with pytest.raises(ValueError, match=r"evil\.pt is damaged, or not a checkpoint"):
        checkpoints.load(file)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    file = tmp_path / "run.pt"
    checkpoints.save(file, {"epoch": 1})
    with pytest.raises((AttributeError, pickle.PicklingError)):
        checkpoints.save(file, {"epoch": lambda: 2})  # cannot be written
    assert checkpoints.load(file)["epoch"] == 1
    assert list(tmp_path.iterdir()) == [file]


def test_the_unfinished_file_lies_beside_the_finished_one_so_that_it_can_be_renamed(tmp_path, monkeypatch):
    places = []
    monkeypatch.setattr(checkpoints.os, "replace", lambda old, new: places.append((Path(old).parent, new)))
    checkpoints.save(tmp_path / "run.pt", {"epoch": 1})
    assert places == [(tmp_path, tmp_path / "run.pt")]


def test_a_loader_that_cannot_be_set_to_a_later_epoch_is_refused(id_pairs, tmp_path):
    with pytest.raises(ValueError, match="checkpoint: this loader cannot be set to a later epoch"):
        fit(small_model(), [make_batch(id_pairs)], 1, checkpoint=tmp_path / "run.pt")
