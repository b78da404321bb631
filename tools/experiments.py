"""Train the models that the notebooks' statements rest on, and write down what was measured.

    python tools/experiments.py --list
    python tools/experiments.py long_sentences_budgets               # all runs that its file lacks
    python tools/experiments.py long_sentences_budgets --arm "×1"    # of one arm
    python tools/experiments.py --repeat notebooks/results/long_sentences_budgets.json "×1" 0

Each run uses one thread; with `--jobs 2` two go on side by side. A run that was stopped goes on from its
checkpoint when the same command is given again. `--repeat` trains a stored run again and says whether what
it measures lies within the stored runs of that arm.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pooch
import torch

from seq2seq_utils.experiments import EXPERIMENTS, Entry, Experiment, read, stored
from seq2seq_utils.training import Checkpoint

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "notebooks" / "results"
CHECKPOINTS = Path(pooch.os_cache("seq2seq-attention-tutorial")) / "checkpoints"
STEPS_BETWEEN_CHECKPOINTS = 200


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks for."""
    options = read_options(arguments)
    if options.list:
        for experiment in EXPERIMENTS.values():
            lacking = len(stored.missing(options.results / f"{experiment.name}.json", experiment))
            runs = f"{len(list(experiment.runs()))} runs, {lacking} of them lacking"
            print(f"{experiment.name}: {experiment.question} ({runs})")
    elif options.repeat:
        file, arm, seed = options.repeat
        repeat(Path(file), arm, int(seed), options.checkpoints)
    else:
        perform_missing(EXPERIMENTS[options.experiment], options)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("experiment", nargs="?", choices=EXPERIMENTS)
    what.add_argument("--list", action="store_true", help="name the experiments")
    what.add_argument("--repeat", nargs=3, metavar=("FILE", "ARM", "SEED"), help="train a stored run again")
    parser.add_argument("--arm", action="append", help="of the arms only this one (may be given again)")
    parser.add_argument("--jobs", type=int, default=1, help="how many runs at a time")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS)
    return parser.parse_args(arguments)


def perform_missing(experiment: Experiment[Any], options: argparse.Namespace) -> None:
    """Train what the file lacks; each run is written down when it is done."""
    path = options.results / f"{experiment.name}.json"
    lacking = [run for run in stored.missing(path, experiment) if not options.arm or run[0] in options.arm]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, context, torch.set_num_threads, (1,)) as pool:
        runs = [pool.submit(perform, experiment.name, *run, options.checkpoints) for run in lacking]
        for run in as_completed(runs):
            entry = run.result()
            stored.store(path, experiment, entry)
            print(f"{experiment.name}: {entry['arm']}, seed {entry['seed']}: {entry['seconds']:.0f} s")


def perform(name: str, arm: str, seed: int, checkpoints: Path) -> Entry:
    """Train one run, from its checkpoint if there is one."""
    path = checkpoints / name / f"{arm}, seed {seed}.pt".replace("/", "-")
    entry = EXPERIMENTS[name].perform(arm, seed, Checkpoint(path, STEPS_BETWEEN_CHECKPOINTS))
    path.unlink(missing_ok=True)
    return entry


def repeat(path: Path, arm: str, seed: int, checkpoints: Path) -> None:
    """Train a stored run again, and say of each number whether the stored runs of that arm go around it."""
    results = read(path)
    experiment = EXPERIMENTS[results.experiment]
    torch.set_num_threads(1)
    found = stored.numbers(perform(experiment.name, arm, seed, checkpoints / "repeated")["measured"])
    runs = results.of(arm)
    before = {run["seed"]: stored.numbers(run["measured"]) for run in runs}.get(seed, {})
    for name, (low, high) in stored.spread(runs).items():
        verdict = "within" if low <= found[name] <= high else "outside"
        stored_value = f", stored {before[name]:.4g}" if name in before else ""
        print(f"{name}: {found[name]:.4g}{stored_value}; {verdict} {low:.4g} to {high:.4g}")


if __name__ == "__main__":
    main()
