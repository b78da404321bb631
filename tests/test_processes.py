"""Several processes train as one does: the same batches, loss and gradient; and when one ends, all do."""

import re
import shutil
import time
from itertools import chain

import pytest
import torch
from torch import distributed
from trained_together import BATCH_SIZE, STEPS_OF_AN_EPOCH, Training, in_two_processes, torchrun, train

from seq2seq_utils.batching import idle_batch, make_batch, make_loader
from seq2seq_utils.models import attention_model, plain_model, transformer_model
from seq2seq_utils.training import Run, Settings, checkpoints, predict, processes, token_loss
from seq2seq_utils.training.loop import train_epoch
from seq2seq_utils.training.processes import (
    VARIABLES,
    FirstFailedError,
    ProcessLostError,
    deal_out,
    several_processes,
    share_of,
    sum_over_processes,
)

EPOCHS, KILLED_AFTER, WRITTEN_AT = 2, 22, 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("processes")


@pytest.fixture(scope="module")
def killed(folder):
    """A training like "dropout", of whose two processes the second is killed: how it ended, and when."""
    training = Training(str(folder / "killed"), EPOCHS, 0.3, killed=1, after=KILLED_AFTER)
    ended = torchrun(training)
    return folder / "killed", ended, time.time()


@pytest.fixture(scope="module")
def seen(folder, killed):
    """What the processes of all the other trainings saw; a start takes seconds, so they share one."""
    with pytest.raises(InterruptedError):
        train(Training(str(folder / "one, then two"), EPOCHS, 0.3, killed=-1, after=KILLED_AFTER))
    for name in ("two, then two", "two, then one"):
        shutil.copy(killed[0], folder / name)
    of_two = {
        "no dropout": Training(str(folder / "no dropout"), 4),
        "dropout": Training(str(folder / "dropout"), EPOCHS, 0.3),
        "two, then two": Training(str(folder / "two, then two"), EPOCHS, 0.3),
        "one, then two": Training(str(folder / "one, then two"), EPOCHS, 0.3),
    }
    found = dict(zip(of_two, in_two_processes(*of_two.values()), strict=True))
    for name, training in (
        ("no dropout, alone", Training(str(folder / "no dropout, alone"), 4)),
        ("dropout, alone", Training(str(folder / "dropout, alone"), EPOCHS, 0.3)),
        ("two, then one", Training(str(folder / "two, then one"), EPOCHS, 0.3)),
    ):
        found[name] = [train(training)]
    return found


@pytest.fixture(scope="module")
def together(seen):
    """Two trainings, each as one process sees it and as each of two does."""
    return {name: (*seen[f"{name}, alone"], *seen[name]) for name in ("no dropout", "dropout")}


@pytest.fixture(scope="module")
def resumed(seen):
    """Three that go on with the processes they had, with more, and with fewer."""
    return {name: seen[name] for name in ("two, then two", "one, then two", "two, then one")}


def rows_of(step: int, seen: list[dict]) -> list[int]:
    """The rows of a step, counted from the last, in all processes."""
    return sorted(chain.from_iterable(process["steps"][step]["rows"] for process in seen))


def losses(seen: dict) -> list[float]:
    return [step["loss"] for step in seen["steps"]]


# --- The same training ----------------------------------------------------------------------------


def test_two_processes_have_the_losses_of_one(together):
    alone, first, second = together["no dropout"]
    assert len(alone["steps"]) == 4 * STEPS_OF_AN_EPOCH
    assert losses(first) == losses(second) == pytest.approx(losses(alone), rel=1e-8, abs=0)  # measured: 2e-16
    for process in (first, second):
        assert [step["tokens"] for step in process["steps"]] == [step["tokens"] for step in alone["steps"]]
    before, *_, after = alone["records"]
    assert after["validation_loss"] < before["validation_loss"], "it learns"


def test_the_copies_of_the_model_stay_equal_and_the_record_is_the_same_in_all(together):
    for name, (alone, first, second) in together.items():
        assert first["weights"] == second["weights"]
        assert first["records"] == second["records"]
        assert len(first["records"]) == len(alone["records"])
        if name == "no dropout":
            for mine, expected in zip(first["records"], alone["records"], strict=True):
                assert mine == pytest.approx(expected, rel=1e-8)


def test_each_batch_is_shared_out_whole_and_evenly_and_its_order_is_that_of_one_process(together):
    alone, *both = together["no dropout"]
    idle = 0
    for step in range(len(alone["steps"])):
        assert rows_of(step, both) == rows_of(step, [alone])
        shares = [len(process["steps"][step]["rows"]) for process in both]
        assert max(shares) - min(shares) <= 1
        idle += min(shares) == 0
    assert idle == 4, "the last batch of each epoch has one row"


def test_only_the_first_measures_and_writes_and_what_they_draw_differs(together):
    alone, first, second = together["dropout"]
    assert (first["measured"], second["measured"]) == (1 + EPOCHS, 0)
    assert (first["written"], second["written"]) == (STEPS_OF_AN_EPOCH * EPOCHS // 4 + EPOCHS, 0)
    assert alone["would draw at first"] == first["would draw at first"] != second["would draw at first"]


# --- An end before the time -----------------------------------------------------------------------


def test_a_killed_process_ends_the_others_with_one_line_and_leaves_a_checkpoint(killed):
    file, ended, at = killed
    assert ended.returncode != 0
    assert at - file.stat().st_mtime < 60, "from the last checkpoint to the end of all"
    ours = [line for line in ended.stderr.splitlines() if line.startswith("process ")]
    assert len(ours) == 1
    assert re.match(r"process 0 of 2: .*; the same command goes on from the checkpoint$", ours[0])
    assert "Error" not in ended.stderr.partition("ChildFailedError")[0]
    assert checkpoints.load(file)["step"] == WRITTEN_AT
    assert not list(file.parent.glob("*.tmp"))


def test_any_number_of_processes_goes_on_in_the_same_order(together, resumed):
    alone, *_ = together["dropout"]
    left = STEPS_OF_AN_EPOCH * EPOCHS - WRITTEN_AT
    for seen in resumed.values():
        assert {len(process["steps"]) for process in seen} == {left}
        for step in range(-left, 0):
            assert rows_of(step, seen) == rows_of(step, [alone])
    two = resumed["one, then two"]
    assert losses(two[0]) == losses(two[1])
    assert two[0]["would draw at first"] != two[1]["would draw at first"]


def test_with_another_number_of_processes_it_says_what_differs(folder, seen, capsys):
    train(Training(str(folder / "dropout"), EPOCHS, 0.3))  # of two
    (line,) = capsys.readouterr().out.splitlines()
    assert "processes: 2, " in line.partition("and this is")[0]
    assert line.endswith("may differ, and dropout draws others; the batches are the same")
    train(Training(str(folder / "dropout, alone"), EPOCHS, 0.3))
    assert capsys.readouterr().out == ""


def test_the_same_number_of_processes_goes_on_to_the_same_numbers(together, resumed):
    _, *both = together["dropout"]
    for before, after in zip(both, resumed["two, then two"], strict=True):
        assert losses(after) == losses(before)[WRITTEN_AT:]
        for name in ("weights", "records", "drawn"):
            assert after[name] == before[name]


# --- By itself ------------------------------------------------------------------------------------


def test_rows_are_dealt_out_there_and_back():
    assert deal_out(range(8), 3) == [[0, 5, 6], [1, 4, 7], [2, 3]]
    assert deal_out([5], 3) == [[5], [], []]
    assert deal_out(range(5), 1) == [list(range(5))]


def test_in_one_process_nothing_is_shared_and_a_process_that_torchrun_did_not_start_is_one(
    id_pairs, monkeypatch
):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    loader, threads = make_loader(id_pairs, BATCH_SIZE), torch.get_num_threads()
    with several_processes(threads=7):
        assert not distributed.is_initialized()
        assert torch.get_num_threads() == threads
        assert share_of(loader) is loader
        loss = torch.tensor(3.0)
        assert sum_over_processes(loss, 5) == (loss, 5)


def test_batches_that_nobody_can_share_out_are_named(id_pairs, monkeypatch):
    monkeypatch.setattr(processes, "process_count", lambda: 2)
    with pytest.raises(ValueError, match="loader: list cannot be shared out to 2 processes; take one from"):
        share_of([make_batch(id_pairs)])


@pytest.mark.parametrize("make", [plain_model, attention_model, transformer_model])
@pytest.mark.parametrize("teacher_forcing", [1.0, 0.5])
def test_an_idle_batch_goes_through_every_model_and_counts_no_token(make, teacher_forcing):
    batch, model = idle_batch(), make(20, 20, 8, 16)
    loss, tokens = token_loss(predict(model, batch, teacher_forcing), batch.target_output, 0.1)
    loss.backward()
    assert (loss.item(), tokens) == (0, 0)


def test_losses_and_tokens_of_all_are_added_up(monkeypatch):
    """One process, with another whose numbers are written down here."""
    monkeypatch.setattr(processes, "process_count", lambda: 2)
    monkeypatch.setattr(distributed, "all_reduce", lambda sums: sums.add_(torch.tensor([7.0, 10.0])))
    loss = torch.tensor(5.0, requires_grad=True)
    total, tokens = sum_over_processes(loss, 30)
    assert (total.item(), tokens, total.requires_grad) == (12, 40, False)


def in_process(number: int, monkeypatch, found_by_first: list | None = None) -> list:
    """Makes this one of two processes; what it shares out as the first comes back in the list."""
    shared = []

    def broadcast(values: list, src: int) -> None:
        assert src == 0
        shared.extend(values)
        values[:] = found_by_first or values

    monkeypatch.setattr(processes, "process_count", lambda: 2)
    monkeypatch.setattr(processes, "process_number", lambda: number)
    monkeypatch.setattr(distributed, "broadcast_object_list", broadcast)
    return shared


def test_the_first_works_for_all_and_the_others_do_not(monkeypatch):
    shared = in_process(0, monkeypatch)
    assert processes.from_first(lambda: None) is None
    in_process(1, monkeypatch, shared)
    assert processes.from_first(lambda: pytest.fail("it works")) is None


def test_where_the_first_fails_it_has_its_error_and_the_others_end_in_silence(monkeypatch, capsys):
    def fail() -> None:
        raise FileNotFoundError("gone")

    shared = in_process(0, monkeypatch)
    with pytest.raises(FileNotFoundError, match="gone"):
        processes.from_first(fail)
    assert len(shared) == 1, "the others do not wait"
    in_process(1, monkeypatch, shared)
    with pytest.raises(FirstFailedError):
        processes.from_first(fail)
    as_if_started(monkeypatch, count=1)
    with pytest.raises(SystemExit) as ended, several_processes(threads=torch.get_num_threads()):
        processes.from_first(fail)
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "")


def as_if_started(monkeypatch, count: int) -> None:
    """Sets what torchrun says to the first of some processes."""
    for name, value in zip(VARIABLES, ("0", str(count), "0", str(count), "127.0.0.1", "0"), strict=True):
        monkeypatch.setenv(name, value)


def test_what_a_library_says_of_a_lost_process_becomes_ours(monkeypatch):
    def lost(*_, **__) -> None:
        raise RuntimeError("[enforce fail at pair.cc:446] . Connection closed by peer")

    monkeypatch.setattr(processes, "process_count", lambda: 2)
    for name in ("all_reduce", "broadcast_object_list", "all_gather_object"):
        monkeypatch.setattr(distributed, name, lost)
    for work in (
        lambda: sum_over_processes(torch.tensor(1.0), 1),
        lambda: processes.from_first(int),
        lambda: processes.gather(1),
    ):
        with pytest.raises(ProcessLostError, match="another process has ended, or does not answer"):
            work()


def test_wrong_threads_and_too_few_gpus_are_named(monkeypatch):
    with pytest.raises(ValueError, match="threads: 0 is not allowed"), several_processes(threads=0):
        pass
    as_if_started(monkeypatch, count=2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for device, complaint in (
        ("cuda", "there are 1 GPUs here, and 2 processes"),
        ("cuda:0", "cuda:0 is not allowed in several processes; it must be cpu, or cuda"),
    ):
        with (
            pytest.raises(ValueError, match=f"device: {complaint}"),
            several_processes(device, threads=torch.get_num_threads()),
        ):
            pass


def test_a_loss_that_is_no_number_in_one_process_ends_all(id_pairs, monkeypatch):
    """The others see it in the sum, at the same step."""
    run = Run.begin(plain_model(20, 20, 8, 12), make_loader(id_pairs, BATCH_SIZE), Settings(epochs=1))
    monkeypatch.setattr(processes, "process_count", lambda: 2)
    monkeypatch.setattr(distributed, "all_reduce", lambda sums: sums.add_(torch.tensor([float("nan"), 1.0])))
    with pytest.raises(ValueError, match="loss: nan at step 1 of 15"):
        train_epoch(run, run.loader)
