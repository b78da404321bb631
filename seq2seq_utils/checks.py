"""Claims that are checked where they stand: a notebook that says something untrue does not run."""

from __future__ import annotations


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
