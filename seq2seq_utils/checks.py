"""Claims that are checked where they stand: a notebook that says something untrue does not run."""

from __future__ import annotations

import json
import math
import operator
import os
from collections.abc import Callable, Iterable, Iterator, ValuesView
from string import Formatter
from typing import Any

import numpy as np

RECORD_VARIABLE = "SEQ2SEQ_CLAIMS"  # names a file that each claim is written to
RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


def check(
    claim: str,
    measured: float | Iterable[float] | bool,
    relation: str | None = None,
    bound: float | None = None,
    *,
    quiet: bool = False,
    **numbers: object,
) -> None:
    """Prints the claim, or stops with the numbers that speak against it.

    With a bound: ``check("the error rate is below {bound}", rate, "<", 0.10)``; the bound stands once, and
    what is printed shows it, never the measured value. Without: ``check("all of them are equal", holds)``.

    Where the environment variable SEQ2SEQ_CLAIMS names a file, each claim is written there, too, as a line of
    JSON, and one that does not hold is told, but does not stop.

    Args:
        claim: a sentence, with ``{bound}`` where the bound belongs.
        measured: a number, or several, of which the worst counts; without a bound, whether the claim holds.
        relation: how the number must stand to the bound: ``"<"``, ``"<="``, ``">"``, ``">="`` or ``"=="``.
        bound: what it is compared with.
        quiet: whether a claim that holds is checked without a word.
        numbers: what else was measured, shown only if the claim does not hold.

    Raises:
        AssertionError: if the claim does not hold. A value that is not a number never holds.
        ValueError: if `measured` is neither a number nor several, or without a bound neither True nor False;
            or as `sentence` does.
    """
    stated = sentence(claim, relation, bound)
    if relation is None or bound is None:
        worst, holds, shown = None, _truth(measured), numbers
    else:
        worst = _worst(measured, relation, bound)
        holds, shown = bool(RELATIONS[relation](worst, bound)), {"measured": worst, **numbers}
    goes_on = _record(stated, relation, worst, holds)
    if holds:
        if not quiet:
            print(f"✓ {stated}")
        return
    values = ", ".join(f"{name} = {value}" for name, value in shown.items())
    problem = f"not so: {stated}" + (f" ({values})" if values else "")
    if not goes_on:
        raise AssertionError(problem)
    print(f"✗ {problem}")


def sentence(claim: str, relation: str | None = None, bound: float | None = None) -> str:
    """A claim as it is printed, its bound filled in.

    Raises:
        ValueError: if the relation is unknown, one of relation and bound is missing, or the claim has not
            exactly one place for a bound, ``{bound}``, or one without having a bound.
    """
    if relation is None and bound is None:
        if "{bound" in claim:
            raise ValueError(f"claim: {claim!r} has a place for a bound; give relation and bound as well")
        return claim
    if relation not in RELATIONS or bound is None:
        raise ValueError(
            f"relation, bound: {relation!r} and {bound!r} are not allowed; give both, or neither, and of the "
            f"relations {', '.join(RELATIONS)}"
        )
    try:
        fields = [field for _, field, _, _ in Formatter().parse(claim) if field is not None]
    except ValueError:  # a single brace
        fields = []
    if fields != ["bound"]:
        raise ValueError(
            f"claim: {claim!r} must have one place for the bound, {{bound}}, and no other braces"
        )
    return claim.format(bound=bound)


def _record(stated: str, relation: str | None, worst: float | None, holds: bool) -> bool:
    """Adds a line to the file of claims; without such a file False."""
    if not (path := os.environ.get(RECORD_VARIABLE)):
        return False
    claim = {"sentence": stated, "relation": relation, "value": worst, "holds": holds}
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(claim) + "\n")
    return True


def _truth(measured: object) -> bool:
    truth = np.asarray(measured)
    if truth.dtype != bool or truth.size != 1:
        raise ValueError(
            f"measured: {measured!r} is not allowed; it must be True or False, or have a relation and a bound"
        )
    return bool(truth.item())


def _worst(measured: object, relation: str, bound: float) -> float:
    """Of several values the one that is farthest on the wrong side of the bound; NaN before all."""
    if isinstance(measured, Iterator | ValuesView):
        measured = list(measured)
    try:
        values: list[float] = np.asarray(measured, dtype=float).ravel().tolist()
    except (TypeError, ValueError):
        values = []
    if not values:
        raise ValueError(
            f"measured: {measured!r} is not allowed; it must be a number, or at least one of them"
        )
    if any(map(math.isnan, values)):
        return math.nan
    if relation == "==":
        return max(values, key=lambda value: abs(value - bound))
    return max(values) if relation in ("<", "<=") else min(values)


def exercise(task: str, is_done: Callable[[], bool]) -> None:
    """Says whether an exercise is done; unlike `check` it never stops the notebook.

    Args:
        task: what is to be done, in a few words.
        is_done: looks at the reader's work. Any error in it counts as not done yet, and is shown.
    """
    try:
        done, reason = bool(is_done()), ""
    except NotImplementedError:  # as it was given
        done, reason = False, ""
    except Exception as error:  # whatever the reader's code may do
        done, reason = False, f" ({type(error).__name__}: {error})"
    print(f"✓ {task}: done" if done else f"○ {task}: not yet{reason}")
