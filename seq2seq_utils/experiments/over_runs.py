"""Tables over the seeds of stored runs that can be read: mean, lowest and highest in one cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd


def spans(table: pd.DataFrame, by: Sequence[str], decimals: Mapping[str, int]) -> pd.DataFrame:
    """Mean, lowest and highest of some columns: "98 (97 to 99)", or "98" where the ends are as the mean.

    Args:
        table: a row for each run, or for each run and what was measured of it (`Results.frame`, `table`).
        by: the columns that say which rows belong together, in the order of the index.
        decimals: the columns to show, each with how many places behind the point.

    Returns:
        A row for each group, in the order in which the groups first stand in the table: `runs`, how many
        rows it has, then the columns as text.

    Raises:
        ValueError: if the table has no rows, or lacks a column.
    """
    if table.empty:
        raise ValueError("table: it has no rows; choose arms that have been run")
    if lacking := [name for name in (*by, *decimals) if name not in table]:
        raise ValueError(f"by, decimals: the table has no columns {lacking}; it has {list(table)}")
    groups = table.groupby(list(by), sort=False)
    found = pd.DataFrame({"runs": groups.size()})
    for name, places in decimals.items():
        values = groups[name]
        ends = zip(values.mean(), values.min(), values.max(), strict=True)
        found[name] = [_span(mean, low, high, places) for mean, low, high in ends]
    return found


def with_ends(value: float, low: float, high: float, places: int) -> str:
    """A number and the two ends that belong to it: ``"60.0 (55.6 to 64.2)"``.

    Args:
        value: such as a mean.
        low: the end below it, of an interval or of some runs.
        high: the end above it.
        places: behind the point.
    """
    shown, below, above = (_rounded(number, places) for number in (value, low, high))
    return f"{shown} ({below} to {above})"


def _span(mean: float, low: float, high: float, places: int) -> str:
    """As `with_ends`, without the ends where they cannot be told apart."""
    text = with_ends(mean, low, high, places)
    return text.split(" (")[0] if _rounded(low, places) == _rounded(high, places) else text


def _rounded(number: float, places: int) -> str:
    """Rounded first: what rounds to 0 from below must not show as -0.0."""
    return f"{round(number, places) + 0.0:.{places}f}"
