"""Train the models that the notebooks' statements rest on, and write down what was measured.

    python tools/experiments.py --list
    python tools/experiments.py long_sentences_budgets               # all runs that its file lacks
    python tools/experiments.py long_sentences_budgets --arm "×1"    # of one arm
    python tools/experiments.py long_sentences_budgets --again       # measures the stored runs once more
    python tools/experiments.py --repeat notebooks/results/long_sentences_budgets.json "×1" 0

Each run has a process of its own, and one thread unless `--threads` says otherwise; with `--jobs 2` two go
on side by side. A run that was stopped goes on from its checkpoint when the same command is given again.
Checkpoints are kept, so that `--again` can measure without training; who wants to train anew removes them.
`--repeat` trains a stored run again and says whether what it measures lies within the stored runs of its arm.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import re
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import pooch
import torch

from seq2seq_utils.batching import SEED_OFFSET_VARIABLE
from seq2seq_utils.experiments import Entry, Experiment, read, stored
from seq2seq_utils.experiments.experiment import define, is_defined_by, machine
from seq2seq_utils.experiments.registry import EXPERIMENTS
from seq2seq_utils.training import Checkpoint
from seq2seq_utils.training.loop import Run

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "notebooks" / "results"
CHECKPOINTS = Path(pooch.os_cache("seq2seq-attention-tutorial")) / "checkpoints"
STEPS_BETWEEN_CHECKPOINTS = 200


@dataclass(frozen=True)
class Task:
    """A run that is to be done, in a process of its own."""

    experiment: Experiment[Any]
    arm: str
    seed: int
    checkpoint: Checkpoint
    threads: int
    has_bar: bool  # a progress bar; otherwise there is a line for each epoch

    def __str__(self) -> str:
        return f"{self.experiment.name}: {self.arm}, seed {self.seed}"


@dataclass(frozen=True)
class Announced(Checkpoint):
    """A checkpoint that prints a line after each epoch: the bars of two processes would garble each other.

    Args:
        path: see `Checkpoint`.
        every_steps: likewise.
        training: what the line begins with; without it there is none.
    """

    training: str = ""

    def write(self, run: Run) -> None:
        """Writes the file and, at the end of an epoch, the line.

        Raises:
            SystemExit: if the process that started this one was killed: who starts it again needs the file.
        """
        super().write(run)
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            sys.exit("the process that started this one is gone")
        epochs, steps = run.place
        if self.training and steps == 0:
            loss = run.history.records[-1].get("train_loss", float("nan"))
            epoch = f"epoch {epochs} of {run.settings.epochs}"
            print(f"{self.training}: {epoch}, loss {loss:.3f}, {run.seconds:.0f} s", flush=True)


@dataclass(frozen=True)
class Finished(Checkpoint):
    """The checkpoint of a training that is over; nothing is trained."""

    def resume(self, run: Run) -> None:
        """Takes the model from the file.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if the training in it is not over, or is another.
        """
        if not Path(self.path).is_file():
            raise FileNotFoundError(f"checkpoint: there is no {self.path}; the run has to be trained again")
        super().resume(run)
        if not run.is_over:
            raise ValueError(f"checkpoint: the training in {self.path} is not over")


# ------------------------------------------------------------------------------------ what can be asked for
def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit status is 1 where a run failed."""
    options = read_options(arguments)
    os.environ.pop(SEED_OFFSET_VARIABLE, None)  # a stored run has the seed that it is stored under
    if options.list:
        list_experiments(options.results)
        return 0
    if options.repeat is not None:
        file, arm, seed = options.repeat
        return repeat(Path(file), arm, int(seed), options)
    experiment = EXPERIMENTS[options.experiment]
    return measure_again(experiment, options) if options.again else perform_missing(experiment, options)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("experiment", nargs="?", help="its name; see --list")
    what.add_argument("--list", action="store_true", help="name the experiments")
    what.add_argument("--repeat", nargs=3, metavar=("FILE", "ARM", "SEED"), help="train a stored run again")
    parser.add_argument("--again", action="store_true", help="measure stored runs again, without training")
    parser.add_argument("--arm", action="append", help="of the arms only this one (may be given again)")
    parser.add_argument("--jobs", type=int, default=1, help="how many runs at a time")
    parser.add_argument("--threads", type=int, default=1, help="of each run")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the files")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="the folder of the checkpoints")
    options = parser.parse_args(arguments)
    if min(options.jobs, options.threads) < 1:
        parser.error("--jobs and --threads must be 1 or more")
    if options.repeat is not None and not options.repeat[2].isdecimal():
        parser.error(f"--repeat: {options.repeat[2]!r} is no seed")
    if options.experiment is not None:
        if options.experiment not in EXPERIMENTS:
            parser.error(f"{options.experiment!r} is not one of {', '.join(EXPERIMENTS)}")
        arms = EXPERIMENTS[options.experiment].arms
        if unknown := [arm for arm in options.arm or () if arm not in arms]:
            parser.error(f"--arm: {unknown[0]!r} is not one of {', '.join(arms)}")
    return options


def list_experiments(results: Path) -> None:
    """Name the experiments, how many of their runs are lacking, and how long a stored one took."""
    for experiment in EXPERIMENTS.values():
        path = results / f"{experiment.name}.json"
        lacking = len(stored.missing(path, experiment))
        runs = f"{len(list(experiment.runs()))} runs, {lacking} of them lacking"
        took = f"; a stored one took {minutes(read(path).runs)} minutes" if path.is_file() else ""
        print(f"{experiment.name}: {experiment.question} ({runs}{took})")


def minutes(runs: Sequence[Entry]) -> str:
    """The shortest and the longest training among some runs, such as ``"0.5 to 12"``; ``"12"`` for one."""
    took = sorted(run["seconds"] / 60 for run in runs)
    shortest, longest = (f"{time:.0f}" if time >= 10 else f"{time:.2g}" for time in (took[0], took[-1]))
    return shortest if shortest == longest else f"{shortest} to {longest}"


def perform_missing(experiment: Experiment[Any], options: argparse.Namespace) -> int:
    """Train what the file lacks; each run is written down when it is done."""
    path = options.results / f"{experiment.name}.json"
    lacking = [run for run in stored.missing(path, experiment) if not options.arm or run[0] in options.arm]
    has_bar = options.jobs == 1 and sys.stderr.isatty()
    if path.is_file():
        stored.store(path, experiment)  # the basis, and what is left of the runs
    tasks = []
    for arm, seed in lacking:
        file = checkpoint_file(options.checkpoints, experiment, arm, seed)
        training = "" if has_bar else f"{experiment.name}: {arm}, seed {seed}"
        checkpoint = Announced(file, STEPS_BETWEEN_CHECKPOINTS, training)
        tasks.append(Task(experiment, arm, seed, checkpoint, options.threads, has_bar))

    def finish(task: Task, run: Entry) -> None:
        stored.store(path, experiment, run)
        print(f"{task}: stored, {run['seconds']:.0f} s", flush=True)

    return do(tasks, options.jobs, finish)


def measure_again(experiment: Experiment[Any], options: argparse.Namespace) -> int:
    """Measure the stored runs once more, from their checkpoints; what the file says of the training stays."""
    path = options.results / f"{experiment.name}.json"
    lacking = stored.missing(path, experiment)
    runs = [run for run in read(path).runs if not options.arm or run["arm"] in options.arm]
    before = {stored.identity(run): run for run in runs if stored.identity(run) not in lacking}
    tasks = []
    for arm, seed in experiment.runs():
        if (arm, seed) in before:
            run = before[arm, seed]
            file = checkpoint_file(options.checkpoints, experiment, arm, seed, run["definition"])
            tasks.append(Task(experiment, arm, seed, Finished(file), run["threads"], has_bar=False))

    def finish(task: Task, run: Entry) -> None:
        here = {name: run[name] for name in machine()}
        run = {**before[task.arm, task.seed], "measured": run["measured"]}
        if not here.items() <= run.items():
            run["measured_on"] = here
        stored.store(path, experiment, run)
        print(f"{task}: measured again", flush=True)

    return do(tasks, options.jobs, finish)


def repeat(path: Path, arm: str, seed: int, options: argparse.Namespace) -> int:
    """Train a stored run again, and say of each number whether the stored runs of that arm go around it."""
    results = read(path)
    runs = results.of(arm)
    experiment = EXPERIMENTS.get(results.experiment)
    if (
        experiment is None
        or arm not in experiment.arms
        or not is_defined_by(experiment.arms[arm], runs[0]["definition"])
    ):
        print(f"{path}: {arm} is stored by another definition; there is nothing to compare with")
        return 1
    file = checkpoint_file(options.checkpoints / "repeated", experiment, arm, seed)
    has_bar = sys.stderr.isatty()
    checkpoint = Announced(file, STEPS_BETWEEN_CHECKPOINTS, "" if has_bar else f"{arm}, seed {seed}")
    task = Task(experiment, arm, seed, checkpoint, options.threads, has_bar)

    def finish(task: Task, run: Entry) -> None:
        file.unlink(missing_ok=True)  # the next repetition is to train, too
        found = stored.numbers(run["measured"])
        before = {run["seed"]: stored.numbers(run["measured"]) for run in runs}.get(seed, {})
        spread = {name: ends for name, ends in stored.spread(runs).items() if name in found}
        outside = [name for name, (low, high) in spread.items() if not low <= found[name] <= high]
        for name, (low, high) in spread.items():
            if "." not in name or name in outside:  # in lists there may be thousands
                verdict = "outside" if name in outside else "within"
                stored_value = f", stored {before[name]:.4g}" if name in before else ""
                print(f"{name}: {found[name]:.4g}{stored_value}; {verdict} {low:.4g} to {high:.4g}")
        print(f"{len(spread) - len(outside)} of {len(spread)} numbers lie within the stored runs")

    return do([task], 1, finish)


def checkpoint_file(
    folder: Path, experiment: Experiment[Any], arm: str, seed: int, definition: Entry | None = None
) -> Path:
    """The file of a run's checkpoint: another one for another definition, by default the arm's of today."""
    run = json.dumps([arm, seed, definition or define(experiment.arms[arm])])
    digest = hashlib.sha256(run.encode()).hexdigest()[:8]
    name = re.sub(r"[^\w ,.=×-]", "-", f"{arm}, seed {seed}, {digest}.pt")
    return folder / experiment.name / name


# ----------------------------------------------------------------------------------------- processes
def do(tasks: Sequence[Task], jobs: int, finish: Callable[[Task, Entry], None]) -> int:
    """Do all tasks, and finish each that has not failed; the exit status."""
    failed = 0
    for task, outcome in side_by_side(tasks, jobs):
        if isinstance(outcome, str):
            failed += 1
            print(f"{task}: FAILED\n{outcome}", flush=True)
            continue
        try:
            finish(task, outcome)
        except (TypeError, ValueError):  # what JSON cannot hold
            failed += 1
            print(f"{task}: FAILED\n{traceback.format_exc()}", flush=True)
    if failed:
        print(f"{failed} of {len(tasks)} runs failed", flush=True)
    return int(failed > 0)


def side_by_side(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Entry | str]]:
    """Each task with its run, or with what went wrong, as they end; when the caller stops, so do all."""
    context = multiprocessing.get_context("spawn")
    waiting = deque(tasks)
    running: dict[Connection, tuple[Task, SpawnProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                task = waiting.popleft()
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=perform, args=(task, sender), daemon=True)
                process.start()
                running[receiver] = task, process
                sender.close()  # the process has its own; when that ends, so does what can be received
            ready = wait(list(running))
            for receiver in [receiver for receiver in running if receiver in ready]:
                task, process = running.pop(receiver)
                try:
                    outcome: Entry | str = receiver.recv()
                except EOFError:
                    process.join()
                    outcome = f"its process ended with {process.exitcode}"
                receiver.close()
                process.join()
                yield task, outcome
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def perform(task: Task, sender: Connection) -> None:
    """What a process does: one run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one ends it
    if not task.has_bar:
        os.environ["TQDM_DISABLE"] = "1"
    torch.set_num_threads(task.threads)
    try:
        sender.send(task.experiment.perform(task.arm, task.seed, task.checkpoint))
    except Exception:
        sender.send(traceback.format_exc())


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no process is left behind
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on from the checkpoints")
