"""The files that runs are stored in: written by `tools/experiments.py`, read by the notebooks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from seq2seq_utils.experiments.experiment import Entry, Experiment, define
from seq2seq_utils.training.checkpoints import whole_or_not_at_all


@dataclass(frozen=True)
class Results:
    """The runs of one experiment, as its file has them."""

    experiment: str
    basis: str
    runs: list[Entry]

    def of(self, arm: str) -> list[Entry]:
        """The runs of an arm, by seed.

        Raises:
            ValueError: if there are none.
        """
        runs = sorted((run for run in self.runs if run["arm"] == arm), key=lambda run: run["seed"])
        if not runs:
            arms = dict.fromkeys(run["arm"] for run in self.runs)
            raise ValueError(f"arm: there is no run of {arm!r}; there are runs of {', '.join(arms)}")
        return runs

    def values(self, arm: str, name: str) -> list[float]:
        """What was measured under that name, a number for each run of an arm."""
        return [run["measured"][name] for run in self.of(arm)]

    def frame(self) -> pd.DataFrame:
        """A row for each run: arm, seed, parameters, steps, seconds, and each measured number."""
        columns = ("arm", "seed", "parameters", "steps", "seconds")
        return pd.DataFrame(
            {**{name: run[name] for name in columns}, **numbers(run["measured"])} for run in self.runs
        )

    def table(self, name: str) -> pd.DataFrame:
        """A row for each record of a measured list, such as ``"by_length"``, with the arm and the seed."""
        return pd.DataFrame(
            {"arm": run["arm"], "seed": run["seed"], **record}
            for run in self.runs
            for record in run["measured"][name]
        )

    def curves(self) -> pd.DataFrame:
        """The learning curves: a row for each epoch of each run."""
        return pd.DataFrame(
            {"arm": run["arm"], "seed": run["seed"], **record} for run in self.runs for record in run["curve"]
        )


def numbers(measured: Mapping[str, Any]) -> dict[str, float]:
    """Those of the measured things that are a number."""
    return {name: value for name, value in measured.items() if isinstance(value, int | float)}


def read(path: str | Path) -> Results:
    """The runs in a file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path: there are no stored runs {path}")
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
        return Results(contents["experiment"], contents["basis"], contents["runs"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"path: {path} holds no runs of an experiment") from None


def store(path: Path, experiment: Experiment[Any], run: Entry) -> None:
    """Puts a run into the file of its experiment, in place of an older one of the same arm and seed."""
    runs = read(path).runs if path.is_file() else []
    places = {place: number for number, place in enumerate(experiment.runs())}
    kept = [other for other in runs if identity(other) != identity(run) and identity(other) in places]
    kept = sorted([*kept, run], key=lambda run: places[identity(run)])
    contents = {"experiment": experiment.name, "basis": experiment.basis, "runs": kept}
    text = json.dumps(contents, indent=1, ensure_ascii=False, allow_nan=False)
    with whole_or_not_at_all(path) as file:
        file.write(f"{text}\n".encode())


def missing(path: Path, experiment: Experiment[Any]) -> list[tuple[str, int]]:
    """The runs that the file does not have, or has by another definition of the arm."""
    runs = read(path).runs if path.is_file() else []
    there = {identity(run): run["definition"] for run in runs}
    return [
        (arm, seed)
        for arm, seed in experiment.runs()
        if there.get((arm, seed)) != define(experiment.arms[arm])
    ]


def identity(run: Mapping[str, Any]) -> tuple[str, int]:
    """What makes a run another run."""
    return run["arm"], run["seed"]


def spread(runs: Sequence[Entry]) -> dict[str, tuple[float, float]]:
    """From where to where each measured number goes over some runs."""
    measured = [numbers(run["measured"]) for run in runs]
    return {name: (min(m[name] for m in measured), max(m[name] for m in measured)) for name in measured[0]}
