"""Checkpoints: a training that was killed goes on as if it had not been; damaged files are named."""

import os
import random
import re
import stat
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from seq2seq_utils.batching import IdPair, make_batch, make_loader
from seq2seq_utils.models import Seq2Seq, attention_model, plain_model
from seq2seq_utils.training import (
    Checkpoint,
    EarlyStopping,
    History,
    Run,
    Settings,
    WeightAveraging,
    checkpoints,
    evaluate_loss,
    fit,
    linear_schedule,
    seed_everything,
)
from seq2seq_utils.training.loop import AfterEpoch

SETTINGS = Settings(
    epochs=3, learning_rate=1e-2, label_smoothing=0.1, warmup=4, clip_norm=0.5, teacher_forcing=0.5
)
BATCH_SIZE, STEPS = 25, 12  # four batches in each of the three epochs


class KilledError(BaseException):
    """What stops a training from outside."""


class Killer:
    """Kills a training at a moment: at the so-manieth time that it comes to a place."""

    def __init__(self, place: str = "", number: int = 0) -> None:
        self.place = place
        self.number = number

    def at(self, place: str) -> None:
        if place == self.place:
            self.number -= 1
            if self.number == 0:
                raise KilledError

    def after_epoch(self, run: Run) -> bool:
        self.at("after epoch")
        return False


def train(
    pairs: list[IdPair],
    checkpoint: Checkpoint | None = None,
    killer: Killer | None = None,
    seed: int = 7,
    settings: Settings = SETTINGS,
) -> tuple[Seq2Seq, History]:
    """A training with everything in it that is random: weights, order, dropout, fed words."""
    seed_everything(seed)
    model = plain_model(20, 20, embedding_size=8, hidden_size=12, dropout=0.3)
    loader, watched = make_loader(pairs, batch_size=BATCH_SIZE, seed=7), [make_batch(pairs[:40])]
    killer = killer or Killer()
    model.decoder.register_forward_pre_hook(lambda *_: killer.at("forward"))
    step = model.decoder.step

    def killed_step(token: Tensor, state):
        killer.at("word")
        return step(token, state)

    model.decoder.step = killed_step

    def measure(model: Seq2Seq) -> dict[str, float]:
        killer.at("measure")
        return {"validation_loss": evaluate_loss(model, watched), "luck": random.random()}

    return model, fit(model, loader, settings, measure, functions_after_epoch(killer), checkpoint)


def functions_after_epoch(killer: Killer) -> list[AfterEpoch]:
    return [EarlyStopping("validation_loss", patience=9), killer.after_epoch]


def numbers(history: History) -> list[dict[str, float]]:
    """All that is written down but the time."""
    return [
        {name: value for name, value in record.items() if name != "seconds"} for record in history.records
    ]


def weights_of(model: Seq2Seq) -> dict[str, Tensor]:
    return {name: weights.clone() for name, weights in model.state_dict().items()}


def are_equal(some: dict[str, Tensor], others: dict[str, Tensor]) -> bool:
    return some.keys() == others.keys() and all(torch.equal(some[name], others[name]) for name in some)


@pytest.fixture
def kill_in_write(monkeypatch):
    """Lets killers strike while a file is written, too: before it is synced, and before it is renamed."""
    killers: list[Killer] = []
    rename = os.replace

    def killed_rename(*given) -> None:
        for killer in killers:
            killer.at("rename")
        rename(*given)

    def killed_sync(_) -> None:  # and nothing else: it takes time, and no machine goes down here
        for killer in killers:
            killer.at("sync")

    monkeypatch.setattr(os, "replace", killed_rename)
    monkeypatch.setattr(os, "fsync", killed_sync)
    return killers


# --- Going on -------------------------------------------------------------------------------------


def test_a_training_killed_anywhere_goes_on_to_the_same_numbers_to_the_bit(id_pairs, tmp_path, kill_in_write):
    model, history = train(id_pairs)
    whole = weights_of(model), numbers(history)
    assert len({record["validation_loss"] for record in history.records}) == 4
    different, never_killed = [], []
    # Steps 1 to 4 are the first epoch; the last of these kills comes right after its last step.
    for every_steps, places in {
        None: [("measure", 1), ("measure", 2), ("after epoch", 3), ("word", 70), ("sync", 1), ("rename", 2)],
        1: [("word", 1), ("word", 20), ("measure", 2), ("measure", 4), ("after epoch", 2)]
        + [(name, number) for name in ("sync", "rename") for number in (1, 2, 4, 5, 6)],
        3: [("word", 30), ("word", 60), ("word", 120), ("after epoch", 4), ("rename", 2)],
    }.items():
        for place, number in places:
            file = tmp_path / f"{every_steps}" / f"{place}-{number}.pt"
            killer = Killer(place, number)
            kill_in_write[:] = [killer]
            try:
                train(id_pairs, Checkpoint(file, every_steps), killer)
                never_killed.append((every_steps, place, number))
            except KilledError:
                pass
            torch.rand(100), random.random()  # another process has other random numbers behind it
            seed = 99 if file.exists() else 7  # and another start, which counts only if nothing was written
            model, history = train(id_pairs, Checkpoint(file, every_steps), seed=seed)
            if not are_equal(weights_of(model), whole[0]) or numbers(history) != whole[1]:
                different.append((every_steps, place, number))
            seconds = [record["seconds"] for record in history.records]
            if seconds != sorted(set(seconds)):
                different.append((every_steps, place, number, seconds))
            if [path.name for path in file.parent.glob(f"{file.name}*")] != [file.name]:
                different.append((every_steps, place, number, "files"))
    assert never_killed == []
    assert different == []


def test_a_training_killed_again_and_again_goes_on_too(id_pairs, tmp_path):
    model, history = train(id_pairs)
    checkpoint = Checkpoint(str(tmp_path / "folder" / "run.pt"), every_steps=2)
    deaths = 0
    for _ in range(STEPS):
        try:
            resumed, again = train(id_pairs, checkpoint, Killer("word", 31), seed=7)
            break
        except KilledError:
            deaths += 1
    assert deaths >= 4
    assert numbers(again) == numbers(history)
    assert are_equal(weights_of(resumed), weights_of(model))


def test_the_file_is_written_after_so_many_steps_and_after_each_epoch(id_pairs, tmp_path, monkeypatch):
    def places(every_steps: int | None) -> list[tuple[int, int]]:
        written = []

        def save(path: Path, contents: dict) -> None:
            written.append((contents["step"], len(contents["records"]) - 1))

        monkeypatch.setattr(checkpoints, "save", save)
        train(id_pairs, Checkpoint(tmp_path / "run.pt", every_steps))
        return written

    assert places(None) == [(4, 1), (8, 2), (12, 3)]
    inside = [(3, 0), (6, 1), (9, 2), (12, 2)]
    assert places(3) == sorted([*inside, (4, 1), (8, 2), (12, 3)])
    with pytest.raises(ValueError, match="every_steps: 0 is not allowed; it must be 1 or more"):
        Checkpoint(tmp_path / "run.pt", every_steps=0)


PROGRAM = """
    import sys
    import torch
    torch.set_num_threads(1)
    from test_checkpoints import Checkpoint, report, train

    print(report(*train(PAIRS, Checkpoint(sys.argv[1], every_steps=3), seed=99)))
"""


def report(model: Seq2Seq, history: History) -> str:
    return repr([numbers(history), *(weights.tolist() for weights in model.parameters())])


def test_it_goes_on_in_a_new_process_and_removes_what_the_dead_one_left(
    id_pairs, tmp_path, kill_in_write, monkeypatch
):
    killer = Killer("rename", 4)  # inside the second epoch
    kill_in_write.append(killer)
    with monkeypatch.context() as dead, pytest.raises(KilledError):
        dead.setattr(Path, "unlink", lambda *_, **__: None)  # nothing is cleaned up
        train(id_pairs, Checkpoint(tmp_path / "run.pt", every_steps=3), killer)
    assert len(list(tmp_path.iterdir())) == 2, "a checkpoint, and one that was not finished"
    (tmp_path / "other.pt.1.tmp").touch()  # of another training

    program = textwrap.dedent(PROGRAM).replace("PAIRS", repr(id_pairs))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", program, str(tmp_path / "run.pt")]
    resumed = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.pt.1.tmp", "run.pt"]
    assert resumed.stdout == report(*train(id_pairs)) + "\n"


def test_a_training_that_is_over_or_was_stopped_is_not_continued(id_pairs, tmp_path):
    file = tmp_path / "run.pt"
    model, history = train(id_pairs, Checkpoint(file))
    written = file.read_bytes()
    again, same = train(id_pairs, Checkpoint(file), Killer("word", 1), seed=99)
    assert numbers(same) == numbers(history)
    assert are_equal(weights_of(again), weights_of(model))
    assert file.read_bytes() == written

    values = {0: 5.0, 1: 3.0, 2: 4.0, 3: 4.5, 4: 1.0}
    seen = []

    def measure(model: Seq2Seq) -> dict[str, float]:
        seen.append(weights_of(model))
        return {"watched": values[len(seen) - 1]}

    checkpoint, stopping = Checkpoint(tmp_path / "stopped.pt"), EarlyStopping("watched", patience=1)
    for _ in range(2):
        model = plain_model(20, 20, 8, 12)
        loader = make_loader(id_pairs, batch_size=BATCH_SIZE)
        history = fit(model, loader, Settings(epochs=4), measure, [stopping], checkpoint)
        assert [record["epoch"] for record in history.records] == [0, 1, 2, 3]
        assert are_equal(weights_of(model), seen[1])
    assert len(seen) == 4


def test_the_best_weights_are_those_of_before_the_stop_where_nothing_later_is_better(id_pairs, tmp_path):
    seen = []

    def measure(model: Seq2Seq) -> dict[str, float]:
        seen.append(weights_of(model))
        if len(seen) == 4:
            raise KilledError
        return {"watched": len(seen) - 10 * (len(seen) == 2)}  # epoch 1 is the best

    checkpoint, stopping = Checkpoint(tmp_path / "run.pt"), EarlyStopping("watched", patience=9)

    def attempt() -> Seq2Seq:
        model = plain_model(20, 20, 8, 12)
        fit(model, make_loader(id_pairs, 50), Settings(epochs=4), measure, [stopping], checkpoint)
        return model

    with pytest.raises(KilledError):
        attempt()
    assert are_equal(weights_of(attempt()), seen[1])


def test_where_the_machine_differs_it_goes_on_and_one_line_says_so(id_pairs, tmp_path, capsys, monkeypatch):
    def killed(name: str) -> Checkpoint:
        checkpoint = Checkpoint(tmp_path / name)
        with pytest.raises(KilledError):
            train(id_pairs, checkpoint, Killer("measure", 3))
        return checkpoint

    _, history = train(id_pairs)
    train(id_pairs, killed("same.pt"))
    assert capsys.readouterr().out == ""

    checkpoint = killed("threads.pt")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    _, again = train(id_pairs, checkpoint)
    assert numbers(again) == numbers(history)
    (line,) = capsys.readouterr().out.splitlines()
    for part in ("threads.pt", "cpu", "threads: 1", "threads: 2", "processes: 1"):
        assert part in line

    checkpoint = killed("version.pt")
    monkeypatch.setattr(torch, "__version__", "9.9")
    train(id_pairs, checkpoint)
    assert "PyTorch 9.9" in capsys.readouterr().out


def test_what_is_peculiar_to_a_device_is_not_taken_from_the_file(id_pairs, tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.pt")
    train(id_pairs, checkpoint)
    contents = checkpoints.load(checkpoint.path)
    (group,) = contents["optimizer"]["param_groups"]
    assert group["fused"] is True
    group["fused"] = False
    checkpoints.save(checkpoint.path, contents)
    loader = make_loader(id_pairs, batch_size=BATCH_SIZE, seed=7)
    run = Run.begin(
        plain_model(20, 20, 8, 12, dropout=0.3), loader, SETTINGS, functions_after_epoch(Killer())
    )
    checkpoint.resume(run)
    assert [group["fused"] for group in run.optimizer.param_groups] == [True]
    assert run.place == (3, 0)
    assert run.step == STEPS


def test_numbers_of_numpy_do_not_spoil_the_file(id_pairs, tmp_path):
    settings = Settings(
        epochs=np.int64(2),
        learning_rate=np.float64(0.01),
        warmup=np.int64(1),
        label_smoothing=np.float32(0.25),
        teacher_forcing=np.float32(0.5),
    )

    def attempt(fails: bool, settings: Settings = settings) -> History:
        def measure(model: Seq2Seq) -> dict[str, float]:
            return {"accuracy": np.float32(0.5), "right": np.int64(4), "loss": torch.tensor(2.0)}

        def after_epoch(run: Run) -> bool:
            if fails and len(run.history.records) == 3:
                raise KilledError
            return np.False_

        seed_everything(3)
        model = plain_model(20, 20, 8, 12, dropout=np.float64(0.1))
        loader = make_loader(id_pairs, batch_size=np.int64(50))
        checkpoint = Checkpoint(tmp_path / "run.pt", every_steps=np.int64(1))
        return fit(model, loader, settings, measure, [after_epoch], checkpoint)

    with pytest.raises(KilledError):
        attempt(fails=True)
    plain = Settings(epochs=2, learning_rate=0.01, warmup=1, label_smoothing=0.25, teacher_forcing=0.5)
    records = attempt(fails=False, settings=plain).records
    assert [record["right"] for record in records] == [4, 4, 4]


# --- The fingerprint ------------------------------------------------------------------------------


def test_each_thing_that_decides_the_numbers_is_refused_by_name_if_it_differs(id_pairs, tmp_path, capsys):
    file = tmp_path / "run.pt"

    def attempt(changes: dict[str, object], fresh: bool = False) -> tuple[Seq2Seq, Run]:
        chosen = {
            "make": plain_model,
            "pairs": id_pairs,
            "embedding_size": 8,
            "hidden_size": 12,
            "dropout": 0.3,
            "batch_size": BATCH_SIZE,
            "pool": 20,
            "seed": 7,
            "weights": 7,
            "after_epoch": [EarlyStopping("validation_loss", np.int64(9)), Killer().after_epoch],
        } | changes
        seed_everything(chosen["weights"])
        sizes = (chosen["embedding_size"], chosen["hidden_size"])
        model = chosen["make"](20, 20, *sizes, dropout=chosen["dropout"])
        loader = make_loader(chosen["pairs"], chosen["batch_size"], chosen["pool"], chosen["seed"])
        names = Settings.__dataclass_fields__
        settings = replace(SETTINGS, **{key: value for key, value in changes.items() if key in names})
        run = Run.begin(model, loader, settings, chosen["after_epoch"])
        before = weights_of(model), loader.state_dict(), torch.get_rng_state(), random.getstate()
        try:
            Checkpoint(file).resume(run)
        finally:
            after = weights_of(model), loader.state_dict(), torch.get_rng_state(), random.getstate()
            untouched = are_equal(before[0], after[0]) and before[1] == after[1] and before[3] == after[3]
            attempt.untouched = untouched and torch.equal(before[2], after[2]) and run.step == 0
        return model, run

    def one_direction(*sizes: int, dropout: float) -> Seq2Seq:
        return attention_model(*sizes, start_from="last", bidirectional=False, dropout=dropout)

    stopping = "EarlyStopping(watched=validation_loss, patience=9, larger_is_better=False)"
    other_stopping, killing = EarlyStopping("validation_loss", 8), Killer().after_epoch
    line, other_line = linear_schedule(30), linear_schedule(31)
    trained = {}
    for forcing in (0.5, line):
        trained[forcing] = tmp_path / f"{len(trained)}.pt"
        train(id_pairs, Checkpoint(trained[forcing]), settings=replace(SETTINGS, teacher_forcing=forcing))
    word_changed = [*id_pairs[:-1], (id_pairs[-1][0], [*id_pairs[-1][1][:-1], 4])]
    assert word_changed != id_pairs

    cases = [
        # What is changed, the name in the message, both values.
        ({"pairs": word_changed}, "pairs", None, None),
        ({"pairs": [*id_pairs[1:], id_pairs[0]]}, "pairs", None, None),
        ({"embedding_size": 9}, "size of encoder.embedding.weight", [20, 8], [20, 9]),
        ({"hidden_size": 13}, "size of encoder.rnn.weight_ih_l0", [36, 8], [39, 8]),
        ({"make": one_direction}, "size of decoder.rnn.weight_ih", "not there", [36, 20]),
        ({"dropout": 0.4}, "dropout of encoder.dropout", 0.3, 0.4),
        ({"batch_size": 26}, "global batch", 25, 26),
        ({"pool": 19}, "pool", 20, 19),
        ({"seed": 8}, "seed", 7, 8),
        ({"epochs": 4}, "steps", 12, 16),
        ({"learning_rate": 2e-2}, "learning_rate", 0.01, 0.02),
        ({"warmup": 5}, "warmup", 4, 5),
        ({"clip_norm": 1.0}, "clip_norm", 0.5, 1.0),
        ({"label_smoothing": 0.0}, "label_smoothing", 0.1, 0.0),
        ({"word_dropout": 0.2}, "word_dropout", "not there", 0.2),
        ({"teacher_forcing": 0.6}, "teacher_forcing", 0.5, 0.6),
        ({"teacher_forcing": line}, "teacher_forcing", 0.5, "a schedule, "),
        ({"after_epoch": []}, "after_epoch", stopping, "not there"),
        ({"after_epoch": [WeightAveraging(3)]}, "after_epoch", stopping, "WeightAveraging(epochs=3)"),
        ({"after_epoch": [other_stopping, killing]}, "after_epoch", "patience=9", "patience=8"),
        ({"after_epoch": [other_stopping, len]}, "after_epoch", "Killer.after_epoch", "len"),
    ]
    schedule_cases = [
        ({"teacher_forcing": other_line}, "teacher_forcing", "a schedule, ", "a schedule, "),
        ({"teacher_forcing": 0.5}, "teacher_forcing", "a schedule, ", 0.5),
    ]
    wrong = []
    for forcing, of_file in ((0.5, cases), (line, schedule_cases)):
        file = trained[forcing]
        for changes, name, before, now in of_file:
            try:
                attempt(changes)
                wrong.append((changes, "not refused"))
                continue
            except ValueError as error:
                message = str(error)
            other = f"{file} is of another training: {name} is "
            match = re.search(re.escape(other) + "(.+) there, and (.+) here", message)
            values = match.groups() if match else ("", "")
            shown = [
                str(value) in text
                for value, text in zip((before, now), values, strict=True)
                if value is not None
            ]
            if not match or not all(shown) or values[0] == values[1] or not attempt.untouched:
                wrong.append((changes, message, attempt.untouched))
    assert wrong == []
    names = {name for _, name, *_ in cases}
    _, run = attempt({"teacher_forcing": linear_schedule(30)})  # the same ratios, by another function
    assert run.step == STEPS
    covered = {
        name for name in checkpoints.fingerprint(run) if not name.startswith(("size of", "dropout of"))
    }
    assert covered <= names, "each of them is changed above"

    file = trained[0.5]
    model, run = attempt({"weights": 8})  # of the weights and words drawn so far nothing is left
    assert run.step == STEPS
    assert are_equal(weights_of(model), checkpoints.load(file)["model"])
    assert capsys.readouterr().out == ""


def test_what_came_after_there_were_files_is_not_in_the_fingerprint_where_it_is_not_used(id_pairs):
    run = Run.begin(plain_model(20, 20, 8, 12), make_loader(id_pairs, BATCH_SIZE), SETTINGS)
    names = [name for name in checkpoints.fingerprint(run) if " of " not in name]
    settings = ["learning_rate", "warmup", "clip_norm", "label_smoothing", "teacher_forcing"]
    assert names == ["pairs", "global batch", "pool", "seed", "steps", *settings]


def test_tied_or_not_decides_the_numbers_though_all_sizes_are_the_same(id_pairs, tmp_path):
    def run_of(tied: bool) -> Run:
        model = attention_model(20, 20, 6, 12, tied=tied)
        return Run.begin(model, make_loader(id_pairs, BATCH_SIZE), SETTINGS)

    checkpoint = Checkpoint(tmp_path / "run.pt")
    checkpoint.write(run_of(tied=True))
    with pytest.raises(ValueError, match="weights with two names is 1 there, and not there here"):
        checkpoint.resume(run_of(tied=False))
    checkpoint.resume(run_of(tied=True))


def test_a_loader_that_has_no_places_is_refused(id_pairs, tmp_path):
    with pytest.raises(ValueError, match="checkpoint: this loader cannot be set to a place in its order"):
        fit(
            plain_model(20, 20, 8, 12),
            [make_batch(id_pairs)],
            Settings(epochs=1),
            checkpoint=Checkpoint(tmp_path / "run.pt"),
        )


# --- Random states --------------------------------------------------------------------------------


def test_states_of_more_gpus_than_are_here_are_left_out(monkeypatch):
    four = [torch.tensor([10 + number], dtype=torch.uint8) for number in range(4)]
    with monkeypatch.context() as there:
        there.setattr(torch.cuda, "is_initialized", lambda: True)
        there.setattr(torch.cuda, "get_rng_state_all", lambda: four)
        states = checkpoints.random_states()
    drawn = torch.rand(1), random.random()
    for gpus in (0, 2, 4, 8):
        restored = []
        with monkeypatch.context() as here:
            here.setattr(torch.cuda, "device_count", lambda gpus=gpus: gpus)
            here.setattr(
                torch.cuda, "set_rng_state", lambda *given, restored=restored: restored.append(given)
            )
            checkpoints.set_random_states(states)
        assert restored == [(four[number], number) for number in range(min(gpus, 4))]
        assert (torch.rand(1), random.random()) == drawn


def test_a_gpu_that_nothing_uses_is_left_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    assert "cuda" not in checkpoints.random_states()


# --- Files ----------------------------------------------------------------------------------------


def test_a_file_is_whole_and_synced_before_it_takes_the_place_of_the_old_one(tmp_path, monkeypatch):
    file, events = tmp_path / "folder" / "run.pt", []
    fsync, rename = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        status = os.fstat(descriptor)
        events.append(("sync", status.st_ino, status.st_size))

    def renamed(old: Path, new: Path) -> None:
        status = os.stat(old)
        assert Path(old).parent == file.parent, "beside it, so that it can be renamed"
        assert Path(new) == file
        events.append(("rename", status.st_ino, status.st_size))
        rename(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    with checkpoints.whole_or_not_at_all(file) as written:
        written.write(b"results")
    status = file.stat()
    assert status.st_size == 7
    assert events == [(name, status.st_ino, status.st_size) for name in ("sync", "rename")]
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_file_is_readable_by_everyone_unless_the_user_wants_otherwise(tmp_path):
    modes = {}
    for umask in (0o022, 0o077):
        old = os.umask(umask)
        try:
            checkpoints.save(tmp_path / f"{umask}.pt", {})
        finally:
            os.umask(old)
        modes[umask] = stat.S_IMODE((tmp_path / f"{umask}.pt").stat().st_mode)
    assert modes == {0o022: 0o644, 0o077: 0o600}


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    file = tmp_path / "run.pt"
    checkpoints.save(file, {"epoch": 1})

    def full(*_) -> None:
        raise OSError("no space left on device")

    with pytest.raises(Exception, match="lambda"):
        checkpoints.save(file, {"epoch": lambda: 2})  # cannot be written
    for name in ("fsync", "replace"):
        with monkeypatch.context() as broken:
            broken.setattr(os, name, full)
            with pytest.raises(OSError, match="no space left"):
                checkpoints.save(file, {"epoch": 2})
        assert checkpoints.load(file) == {"format": 3, "epoch": 1}
        assert list(tmp_path.iterdir()) == [file]


def test_a_damaged_checkpoint_is_named_and_no_byte_of_it_believed(id_pairs, tmp_path):
    file = tmp_path / "run.pt"
    train(id_pairs, Checkpoint(file))
    contents = file.read_bytes()
    place = contents.index(checkpoints.load(file)["model"]["decoder.output.weight"].numpy().tobytes())
    flipped = bytearray(contents)
    flipped[place + 17] ^= 1
    wrong = []
    for damage in (
        b"",
        b"not a checkpoint",
        contents[:100],
        contents[:-1],
        contents[: len(contents) // 2],
        flipped,
    ):
        file.write_bytes(damage)
        with pytest.raises(ValueError, match=r"run\.pt is damaged, or not a checkpoint"):
            train(id_pairs, Checkpoint(file))
        if file.read_bytes() != damage:
            wrong.append(damage[:20])
    assert wrong == []


def test_what_is_no_checkpoint_or_one_of_another_version_is_named(tmp_path):
    file = tmp_path / "weights.pt"
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*weights\.pt"):
        checkpoints.load(file)
    for contents in (plain_model(20, 20, 8, 12).state_dict(), [1, 2]):
        torch.save(contents, file)
        with pytest.raises(ValueError, match=r"weights\.pt is not a checkpoint$"):
            checkpoints.load(file)
    torch.save({"format": 1, "model": {}}, file)
    with pytest.raises(ValueError, match=r"weights\.pt has the format 1; only 3 can be read"):
        checkpoints.load(file)
    checkpoints.save(file, {"model": {}, "best": None})
    assert checkpoints.load(file, "model", "best")["best"] is None
    with pytest.raises(ValueError, match=r"weights\.pt holds no records, step"):
        checkpoints.load(file, "model", "records", "step")


class Evil:
    """What runs code when it is read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.file,))


def test_a_checkpoint_cannot_run_code(tmp_path):
    file, trace = tmp_path / "evil.pt", tmp_path / "trace"
    torch.save({"format": 3, "model": Evil(trace)}, file)
    with pytest.raises(ValueError, match=r"evil\.pt is damaged, or not a checkpoint"):
        checkpoints.load(file)
    assert not trace.exists()
    torch.load(file, weights_only=False)
    assert trace.exists(), "it would have"
