"""Claims that are checked where they stand: a notebook that says something untrue does not run."""

from __future__ import annotations

from collections.abc import Callable


def check(claim: str, holds: bool, **numbers: object) -> None:
    """Prints the claim, or stops with the numbers that speak against it.

    Args:
        claim: a sentence, the same on every machine: no measured number in it.
        holds: whether it is so.
        numbers: what was measured, shown only if it is not.

    Raises:
        AssertionError: if the claim does not hold.
    """
    if not holds:
        measured = ", ".join(f"{name} = {value}" for name, value in numbers.items())
        raise AssertionError(f"not so: {claim}" + (f" ({measured})" if measured else ""))
    print(f"✓ {claim}")


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
