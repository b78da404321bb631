"""A whole training: epochs, what is measured and what may happen after each, and a file to go on from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import SupportsFloat

from seq2seq_utils.batching import Batches
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.progress import progress_bar
from seq2seq_utils.training.checkpoints import Checkpoint
from seq2seq_utils.training.loop import AfterEpoch, History, Run, train_epoch
from seq2seq_utils.training.processes import data_parallel, draw_apart, from_first, share_of
from seq2seq_utils.training.settings import Settings
from seq2seq_utils.training.teacher_forcing import predict

Measure = Callable[[Seq2Seq], Mapping[str, float]]


def fit(
    model: Seq2Seq,
    loader: Batches,
    settings: Settings,
    measure: Measure | None = None,
    after_epoch: Sequence[AfterEpoch] = (),
    checkpoint: Checkpoint | None = None,
    progress: str = "training",
) -> History:
    """Trains a model, epoch after epoch (see `train_epoch`).

    Called in each of several processes (see `several_processes`), it trains one model in all of them, as one
    process would: a batch is what they have together, and the record is the same in all. The first alone
    measures, prints, and writes and reads the checkpoint. With as many processes as before, a training that
    was stopped goes on to the same numbers; with fewer or more to the same batches, but dropout draws others.

    Args:
        model: trained in place, on the device it is on.
        loader: the training batches, from `batching.make_loader`.
        settings: how.
        measure: called with the model before the first step and after each epoch; the names and numbers that
            it returns go into the record, and the time it takes is not counted.
        after_epoch: functions, such as `EarlyStopping`, all of which are called with the run after each
            measuring; the training ends where one returns True. If one has kept weights as the best, the
            model ends with these.
        checkpoint: a file, written after each epoch, and within it where `Checkpoint` says so. If it is
            there, the training goes on from it: with the same device and number of threads to the same
            numbers as if it had never stopped. It goes on with the functions of `after_epoch` that it began
            with; these are told apart by their names and, where they are dataclasses, by their fields.
        progress: what to write beside the progress bar.

    Returns:
        One record for the time before the first step, epoch 0, and one for each epoch: its loss per token in
        nats, fed as in training, and the seconds of training so far.

    Raises:
        ValueError: if there are no batches, a setting is out of range, `measure` returns anything but names
            and numbers, the loss or the gradient is not finite (the message says at which step), or the
            checkpoint is damaged, or of another training.
    """
    run = Run.begin(model, loader, settings, after_epoch)
    run.predict = data_parallel(model, predict)
    draw_apart()
    if checkpoint is not None:
        checkpoint.resume(run)
    if not run.history.records:
        _close_epoch(run, measure)
    with progress_bar(len(run.ratios), progress) as bar:
        bar.update(run.step)
        started = 0.0  # set anew before each epoch

        def after_step(run: Run) -> None:
            nonlocal started
            run.seconds += time.perf_counter() - started
            bar.update()
            if checkpoint is not None:
                checkpoint.after_step(run)
            started = time.perf_counter()

        while not run.is_over:
            started = time.perf_counter()
            train_epoch(run, share_of(loader), after_step)
            _close_epoch(run, measure)
            bar.set_postfix(loss=f"{run.history.records[-1]['train_loss']:.2f}")
            if checkpoint is not None:
                checkpoint.write(run)
    if run.best is not None:
        model.load_state_dict(run.best)
    return run.history


def _close_epoch(run: Run, measure: Measure | None) -> None:
    """Writes the record of an epoch, or of the time before the first, and calls what comes after it."""
    run.history.records.append(from_first(lambda: _record(run, measure)))
    run.loss, run.tokens = 0.0, 0
    wishes = [function(run) for function in run.after_epoch]  # all of them are called
    run.stopped = from_first(lambda: any(wishes))


def _record(run: Run, measure: Measure | None) -> dict[str, float]:
    record: dict[str, float] = {
        "epoch": len(run.history.records),
        "step": run.step,
        "seconds": run.seconds,
    }
    if run.tokens:
        record["train_loss"] = run.loss / run.tokens
    if measure is not None:
        measured = measure(run.model)
        _check_measured(measured, record)
        record.update(measured)
    return record


def _check_measured(measured: Mapping[str, float], record: Mapping[str, float]) -> None:
    """Looks at what a reader's function has returned: it is called before the first step for this."""
    if not isinstance(measured, Mapping):
        raise ValueError(f"measure: it returned {measured!r}; it must return a dict of names and numbers")
    for name, value in measured.items():
        if name in {*record, "train_loss"}:
            raise ValueError(f"measure: {name!r} is in the record already; take another name")
        if not isinstance(value, SupportsFloat):
            raise ValueError(f"measure: {name!r} is {value!r}; it must be a number")
