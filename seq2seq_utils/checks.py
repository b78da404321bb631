"""Claims that are checked where they stand: a notebook that says something untrue does not run."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

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
    **numbers: object,
) -> None:
    """Prints the claim, or stops with the numbers that speak against it.

    With a bound: ``check("the error rate is below {bound}", rate, "<", 0.10)``; the bound stands once, and
    what is printed shows it, never the measured value. Without: ``check("all of them are equal", holds)``.

    Args:
        claim: a sentence, with ``{bound}`` where the bound belongs.
        measured: a number, or several, of which the worst counts; without a bound, whether the claim holds.
        relation: how the number must stand to the bound: ``"<"``, ``"<="``, ``">"``, ``">="`` or ``"=="``.
        bound: what it is compared with.
        numbers: what else was measured, shown only if the claim does not hold.

    Raises:
        AssertionError: if the claim does not hold. A value that is not a number never holds.
        ValueError: if the relation is unknown, one of relation and bound is missing, there are no numbers,
            or the sentence has no place for the bound.
    """
    if relation is None and bound is None:
        holds, worst = bool(measured), dict[str, float]()
    else:
        if relation not in RELATIONS or bound is None:
            raise ValueError(
                f"relation, bound: {relation!r} and {bound!r}; give both, or neither; relations are "
                f"{', '.join(RELATIONS)}"
            )
        if claim.count("{bound") != 1:
            raise ValueError(f"claim: {claim!r} must have one place for the bound, {{bound}}")
        worst = {"measured": _worst(measured, relation, bound)}
        holds = RELATIONS[relation](worst["measured"], bound)
        claim = claim.format(bound=bound)
    if not holds:
        shown = ", ".join(f"{name} = {value}" for name, value in {**worst, **numbers}.items())
        raise AssertionError(f"not so: {claim}" + (f" ({shown})" if shown else ""))
    print(f"✓ {claim}")


def _worst(measured: float | Iterable[float], relation: str, bound: float) -> float:
    """Of several values the one that is farthest on the wrong side of the bound; NaN before all."""
    values = [float(value) for value in (measured if isinstance(measured, Iterable) else [measured])]
    if not values:
        raise ValueError("measured: there are no values; at least one must be measured")
    if relation == "==":
        return max(values, key=lambda value: _or_infinity(abs(value - bound)))
    sign = 1 if relation in ("<", "<=") else -1
    return max(values, key=lambda value: _or_infinity(sign * value))


def _or_infinity(value: float) -> float:
    return float("inf") if value != value else value


def exercise(task: str, is_done: Callable[[], bool]) -> None:
    """Says whether an exercise is done; unlike `check` it never stops the notebook.

    Args:
        task: what is to be done, in a few words.
        is_done: looks at the reader's work. Any error in it counts as not done yet, and is shown.
    """
    try:
        done, reason = is_done(), ""
    except NotImplementedError:  # as it was given
        done, reason = False, ""
    except Exception as error:  # whatever the reader's code may do
        done, reason = False, f" ({type(error).__name__}: {error})"
    print(f"✓ {task}: done" if done else f"○ {task}: not yet{reason}")
