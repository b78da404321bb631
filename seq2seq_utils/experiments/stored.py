"""The files that runs are stored in: written by `tools/experiments.py`, read by the notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd

from seq2seq_utils.experiments.experiment import Claim, Entry, Experiment, is_defined_by
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
        """What was measured under that name, a number for each run of an arm, by seed.

        Args:
            arm: its name.
            name: of a number, such as ``"validation_loss"``; one that lies deeper has a name with dots, such
                as ``"by_length.0.bleu"``, that of the first record.

        Raises:
            ValueError: if there are no runs of the arm, or no such number in one.
        """
        measured = [numbers(run["measured"]) for run in self.of(arm)]
        for names in measured:
            if name not in names:
                raise ValueError(f"name: no {name!r} was measured of {arm!r}; there are {', '.join(names)}")
        return [values[name] for values in measured]

    def frame(self) -> pd.DataFrame:
        """A row for each run: arm, seed, parameters, steps, seconds, and each measured number."""
        columns = ("arm", "seed", "parameters", "steps", "seconds")
        return pd.DataFrame(
            {name: run[name] for name in columns}
            | {name: value for name, value in run["measured"].items() if isinstance(value, int | float)}
            for run in self.runs
        )

    def table(self, name: str) -> pd.DataFrame:
        """A row for each record of a measured list, such as ``"by_length"``, with the arm and the seed.

        Raises:
            ValueError: if a run has no list of that name.
        """
        for run in self.runs:
            if not isinstance(run["measured"].get(name), list):
                there = [key for key, value in run["measured"].items() if isinstance(value, list)]
                raise ValueError(
                    f"name: no list {name!r} was measured of {run['arm']!r}; there are {', '.join(there)}"
                )
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
    """The measured things that are a number, however deep they lie: names with dots (`Results.values`)."""

    def walk(name: str, value: Any) -> Iterator[tuple[str, float]]:
        if isinstance(value, int | float):
            yield name, value
        elif isinstance(value, Mapping | list):
            inner = value.items() if isinstance(value, Mapping) else enumerate(value)
            for key, part in inner:
                yield from walk(f"{name}.{key}", part)

    return dict(pair for name, value in measured.items() for pair in walk(name, value))


def read(path: str | Path) -> Results:
    """The runs in a file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        there = ", ".join(sorted(file.name for file in path.parent.glob("*.json"))) or "no file"
        raise FileNotFoundError(f"path: there is no {path}; in its folder there is {there}")
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
        results = Results(contents["experiment"], contents["basis"], list(contents["runs"]))
        for run in results.runs:
            run["arm"], run["seed"], run["definition"], run["curve"], run["measured"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"path: {path} holds no runs of an experiment; it must be a file that tools/experiments.py wrote"
        ) from None
    return results


def store(path: Path, experiment: Experiment[Any], *runs: Entry) -> None:
    """Puts runs into the file of their experiment, in place of older ones of the same arm and seed.

    Runs of which the experiment knows nothing go out of the file, and its basis is written anew.

    Raises:
        ValueError: if a run is none of the experiment's, or JSON cannot hold it; the file stays as it is.
    """
    places = list(experiment.runs())
    for run in runs:
        if identity(run) not in places:
            raise ValueError(f"runs: {run['arm']}, seed {run['seed']}, is no run of {experiment.name}")
    kept = {identity(run): run for run in [*(read(path).runs if path.is_file() else []), *runs]}
    ordered = [kept[place] for place in places if place in kept]
    contents = {"experiment": experiment.name, "basis": experiment.basis, "runs": ordered}
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
        if (arm, seed) not in there or not is_defined_by(experiment.arms[arm], there[arm, seed])
    ]


def identity(run: Mapping[str, Any]) -> tuple[str, int]:
    """What makes a run another run."""
    return run["arm"], run["seed"]


def spread(runs: Sequence[Entry]) -> dict[str, tuple[float, float]]:
    """From where to where each measured number goes over some runs."""
    measured = [numbers(run["measured"]) for run in runs]
    everywhere = [name for name in measured[0] if all(name in values for values in measured)]
    columns = {name: [values[name] for values in measured] for name in everywhere}
    return {name: (min(column), max(column)) for name, column in columns.items()}


# ------------------------------------------------------------------------------ what the runs do not show
FEWEST_RUNS, FEWEST_OF_COMPANIONS = 3, 2  # that a statement rests on
TIMES, SHARE = 3, 0.25  # so many steps more, and no arm's mean moves by this share of the difference


def unsettled(experiment: Experiment[Any], results: Results) -> list[str]:
    """What the runs in a file do not show of what their experiment is to show.

    For each claim every run of one arm must lie above every run of the other. At a plateau three times the
    steps move each arm's mean by less than a quarter of the difference. A curve over budgets needs two of
    them or more.

    Returns:
        A sentence for each thing that is not shown; none where all is.
    """
    problems = []
    if experiment.basis == "plateau" and not experiment.claims:
        problems.append("a plateau is measured by the differences claimed, and there is no claim")
    for claim in experiment.claims:
        try:
            problems += _not_shown(claim, experiment, results)
        except ValueError as error:  # something was not measured
            problems.append(f"{claim.higher} above {claim.lower}: {error}")
    for name, arms in experiment.budgets.items():
        steps = [run["steps"] for arm in arms for run in results.runs if run["arm"] == arm]
        there = {run["arm"] for run in results.runs}
        if len(arms) < 2 or not there.issuperset(arms):
            problems.append(f"{name}: a curve over budgets needs two or more, each with a run")
        elif steps != sorted(steps) or len(set(steps)) < len(arms):
            problems.append(f"{name}: the budgets do not rise: {steps} steps")
    return problems


def _not_shown(claim: Claim, experiment: Experiment[Any], results: Results) -> Iterator[str]:
    about = f"{claim.higher} above {claim.lower}, {claim.measured}"
    higher, lower = (results.values(arm, claim.measured) for arm in claim.arms)
    if min(len(higher), len(lower)) < FEWEST_RUNS:
        yield f"{about}: there are {len(higher)} and {len(lower)} runs, and not {FEWEST_RUNS} of each"
    if min(higher) <= max(lower):
        yield f"{about}: a run with {min(higher):.4g} is not above one with {max(lower):.4g}"
    difference = mean(higher) - mean(lower)
    if claim.at_least is not None:
        if difference < claim.at_least:
            yield f"{about}: the means differ by {difference:.4g}, and not by {claim.at_least:.4g}"
        difference = claim.at_least
    if experiment.basis == "plateau":
        for arm in claim.arms:
            yield from _moved(arm, experiment.companions[arm], claim.measured, difference, results)


def _moved(arm: str, companion: str, measured: str, difference: float, results: Results) -> Iterator[str]:
    """What speaks against a plateau of one arm."""
    longer = results.values(companion, measured)
    if len(longer) < FEWEST_OF_COMPANIONS:
        yield f"{companion}: there is {len(longer)} run, and not {FEWEST_OF_COMPANIONS}"
    steps, more = max(run["steps"] for run in results.of(arm)), min(r["steps"] for r in results.of(companion))
    if more < TIMES * steps:
        yield f"{companion}: {more} steps are not {TIMES} times those of {arm}, {steps}"
    moved = mean(longer) - mean(results.values(arm, measured))
    if abs(moved) >= SHARE * difference:
        yield (
            f"{arm}, {measured}: {TIMES} times the steps move the mean by {moved:.4g}, "
            f"which is not less than {SHARE} of {difference:.4g}"
        )
