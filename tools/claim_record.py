"""The record of claims under other seeds: how often each held, and how much room its bound has.

The room is the distance from the mean to the bound, on the side where the claim holds, in standard deviations
over the runs. Each run has seeds of its own. A claim that some value must equal a number, or that says no
number, has no room, and has to hold in every run.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from claims import Claim

from seq2seq_utils.checks import RELATIONS
from seq2seq_utils.training.checkpoints import whole_or_not_at_all

LEAST_ROOM = 3.0  # standard deviations
# A share at its limit, as a sentence shows it: no bound has room beyond it.
LIMIT_SHOWN = re.compile(r"(?<![\d.,])(0|100) ?%")

Entry = dict[str, Any]  # a run, as it is stored


@dataclass(frozen=True)
class Run:
    """One run of a notebook: what it is made with."""

    notebook: str
    data: str  # "grammar" or "captions"
    offset: int  # that its seeds are moved by
    capability: str  # of the processor that PyTorch may use; "" for all that it has
    threads: int

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        capability = f", {self.capability}" if self.capability else ""
        return f"{self.notebook}, {self.data}, offset {self.offset}{capability}, {threads}"


@dataclass(frozen=True)
class Outcome:
    """What came of a claim in one run."""

    cell: str
    number: int
    holds: bool
    value: float | None  # of several values the worst; None where the claim says no number


@dataclass(frozen=True)
class Judged:
    """What came of a claim in all runs on some data."""

    claim: Claim
    data: str
    runs: int
    stated: int
    held: int
    room: float | None
    problem: str  # "" where there is none


# ------------------------------------------------------------------------------------------ judgement
def judge(claim: Claim, data: str, outcomes: Sequence[Outcome], runs: int) -> Judged:
    """How a claim stood over the runs on some data.

    Args:
        claim: with the bound that it has now, which may be another than it had when it was run.
        data: that these runs were made on.
        outcomes: one for each run that stated it, at least one.
        runs: how many there were; each should have stated it.
    """
    held = sum(holds_now(claim, outcome) for outcome in outcomes)
    values = [outcome.value for outcome in outcomes if outcome.value is not None]
    room = room_of(values, claim.relation, claim.bound)
    problem = ""
    if len(outcomes) < runs:
        problem = f"stated in {len(outcomes)} of {runs} runs only"
    elif held < runs:
        problem = f"held in {held} of {runs} runs"
    elif room is not None and room < LEAST_ROOM:
        problem = f"has {room:.2f} of room, which should be {LEAST_ROOM:.0f} or more"
    elif room is None and at_its_bound(claim, values):
        problem = f"gives {claim.bound}, its bound, in every run"
    return Judged(claim, data, runs, len(outcomes), held, room, problem)


def holds_now(claim: Claim, outcome: Outcome) -> bool:
    """Whether a claim held, by the bound that it has now."""
    if claim.relation in (None, "==") or claim.bound is None or outcome.value is None:
        return outcome.holds
    return bool(RELATIONS[claim.relation](outcome.value, claim.bound))


def room_of(values: Sequence[float], relation: str | None, bound: float | None) -> float | None:
    """The distance from the mean of the values to the bound, where the claim holds, in standard deviations.

    Returns:
        Less than 0 where the mean is on the wrong side; minus infinity where a value is not a number, or some
        are infinite and others not; None where all values are equal, or the relation leaves no room.
    """
    if bound is None or relation in (None, "==") or len(set(values)) < 2:
        return None
    if not all(map(math.isfinite, values)):
        return -math.inf
    distance = statistics.fmean(values) - bound
    return (distance if relation in (">", ">=") else -distance) / statistics.stdev(values)


def at_its_bound(claim: Claim, values: Iterable[float]) -> bool:
    """Whether the one value that all runs give is the bound, though a bound beside it could be had."""
    if claim.relation == "==" or claim.bound is None or set(values) != {claim.bound}:
        return False
    return not LIMIT_SHOWN.search(claim.sentence)


def judge_all(runs: Sequence[Entry], claims: Iterable[Claim]) -> list[Judged]:
    """A line for each claim and the data that it was stated on; none for a claim that no run stated."""
    made: dict[tuple[str, str], int] = defaultdict(int)
    outcomes: dict[tuple[str, str, int, str], list[Outcome]] = defaultdict(list)
    for entry in runs:
        notebook, data = entry["notebook"], entry["data"]
        made[notebook, data] += 1
        for outcome in outcomes_of(entry):
            outcomes[notebook, outcome.cell, outcome.number, data].append(outcome)
    return [
        judge(claim, data, found, made[notebook, data])
        for claim in claims
        for (notebook, data) in made
        if notebook == Path(claim.notebook).stem
        if (found := outcomes.get((notebook, claim.cell, claim.number, data)))
    ]


def missing(judged: Iterable[Judged], claims: Iterable[Claim]) -> list[Claim]:
    """The claims that no run has stated."""
    there = {place(line.claim) for line in judged}
    return [claim for claim in claims if place(claim) not in there]


def place(claim: Claim) -> tuple[str, str, int]:
    """Where a claim stands."""
    return claim.notebook, claim.cell, claim.number


def summary(judged: Sequence[Judged], runs: Sequence[Entry]) -> str:
    """The record in a line, for the README."""
    claims = {place(line.claim) for line in judged}
    notebooks = ", ".join(sorted({Path(line.claim.notebook).stem.partition("_")[0] for line in judged}))
    failed = {place(line.claim) for line in judged if line.held < line.runs}
    rooms = [line.room for line in judged if line.room is not None]
    held = "all of them" if not failed else f"{len(claims) - len(failed)} of them"
    room = f"; the least room is {min(rooms):.1f} standard deviations" if rooms else ""
    made = f"{len(claims)} claims of notebooks {notebooks}, {len(runs)} runs with other seeds"
    return f"{made}: {held} held in every run{room}."


# ----------------------------------------------------------------------------------------------- file
def read(path: Path) -> list[Entry]:
    """The stored runs; none where there is no file.

    Raises:
        ValueError: if the file holds something else.
    """
    if not path.is_file():
        return []
    try:
        runs: list[Entry] = json.loads(path.read_text(encoding="utf-8"))["runs"]
        for entry in runs:
            outcomes_of(entry)
            run_of(entry)
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"path: {path} holds no record of claims") from None
    return runs


def write(path: Path, runs: Iterable[Entry], claims: Sequence[Claim]) -> None:
    """Stores runs, a line each, and a line for each claim."""
    runs = sorted(runs, key=lambda entry: (entry["notebook"], entry["data"], entry["offset"]))
    lines = [
        {
            "notebook": Path(line.claim.notebook).stem,
            "data": line.data,
            "cell": line.claim.cell,
            "number": line.claim.number,
            "runs": line.runs,
            "held": line.held,
            "room": None if line.room is None else as_json(round(line.room, 2)),
        }
        for line in judge_all(runs, claims)
    ]
    text = f'{{\n "claims": [\n{as_lines(lines)}\n ],\n "runs": [\n{as_lines(runs)}\n ]\n}}\n'
    with whole_or_not_at_all(path) as file:
        file.write(text.encode())


def as_lines(rows: Iterable[Entry]) -> str:
    """Each row as a line of JSON."""
    return ",\n".join("  " + json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)


def entry_of(run: Run, outcomes: Iterable[Outcome], **facts: object) -> Entry:
    """A run as it is stored: what it was made with, what else is known of it, and what came of each claim."""
    found = [{**asdict(outcome), "value": as_json(outcome.value)} for outcome in outcomes]
    return {**asdict(run), **facts, "claims": found}


def outcomes_of(entry: Entry) -> list[Outcome]:
    """What came of each claim in a stored run."""
    return [
        Outcome(found["cell"], found["number"], found["holds"], as_number(found["value"]))
        for found in entry["claims"]
    ]


def run_of(entry: Entry) -> Run:
    """What a stored run was made with."""
    return Run(**{name: entry[name] for name in Run.__dataclass_fields__})


def as_json(value: float | None) -> float | str | None:
    """A number as JSON can have it: infinity and what is not a number go by their names."""
    return value if value is None or math.isfinite(value) else str(value)


def as_number(value: float | str | None) -> float | None:
    """The reverse."""
    return None if value is None else float(value)
