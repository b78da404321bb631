"""Notebook 6: the stored runs of the captions as tables, whichever file they are from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from seq2seq_utils.experiments.stored import Results

SCORES = ["bleu", "low", "high"]


def bleu_by_run(
    runs: Results, arms: Sequence[str], beams: Sequence[int], length_penalty: float = 1.0
) -> pd.DataFrame:
    """BLEU of each run and search, with the interval over captions.

    Args:
        runs: with ``"searches"``.
        arms: in the order of the rows.
        beams: widths, in the order of the columns; 1 is called greedy.
        length_penalty: of these searches.

    Returns:
        A row for each run, by arm and seed; for each search three columns: bleu, low, high.

    Raises:
        ValueError: if a run has no such search.
    """
    searches = runs.table("searches").query("length_penalty == @length_penalty").set_index(["arm", "seed"])
    columns = {name_of(beam): searches[searches["beam"] == beam][SCORES] for beam in beams}
    table = pd.concat(columns, axis=1).loc[list(arms)]
    if table.isna().any(axis=None):
        raise ValueError(f"beams: not each run has a search of each width {list(beams)} at {length_penalty}")
    return table


def name_of(beam: int) -> str:
    """A search in words."""
    return "greedy" if beam == 1 else f"beam of {beam}"


def by_width(runs: Results, arm: str) -> pd.DataFrame:
    """What the width of the beam and the division by the length do: means over the runs of an arm.

    Args:
        runs: with ``"searches"``.
        arm: its name.

    Returns:
        A row for each width. Columns: ``"bleu"`` and ``"length"`` (words written for each one of the
        references), each ``"divided"`` and ``"not divided"``.

    Raises:
        ValueError: if there are no runs of the arm.
    """
    runs.of(arm)
    searches = runs.table("searches").query("arm == @arm")
    # Greedy search compares no lengths: where it is stored once, it stands for both.
    once = searches[(searches["beam"] == 1) & (searches["length_penalty"] == 1)]
    searches = pd.concat([searches, once.assign(length_penalty=0.0)])
    choice = searches["length_penalty"].map({1.0: "divided", 0.0: "not divided"}).rename("")
    return searches.groupby(["beam", choice])[["bleu", "length"]].mean().unstack()


def bleu_by_length(runs: Results, arms: Sequence[str]) -> pd.DataFrame:
    """BLEU in each group of sentence lengths: the mean over the runs of an arm, and their span.

    Args:
        runs: with ``"by_length"``.
        arms: in the order of the rows.

    Returns:
        A row for each arm and group: arm, shortest, longest, and bleu, bleu_low, bleu_high, as
        `plots.quality_against_length` wants them.
    """
    groups = runs.table("by_length").set_index("arm").loc[list(arms)].reset_index()
    spans = groups.groupby(["arm", "shortest", "longest"], sort=False)["bleu"]
    return spans.agg(bleu="mean", bleu_low="min", bleu_high="max").reset_index()


def ahead(spans: pd.DataFrame, higher: str, lower: str) -> pd.DataFrame:
    """How far one arm is above another in each group of sentence lengths.

    Args:
        spans: as `bleu_by_length` gives them.
        higher: the name of an arm.
        lower: likewise.

    Returns:
        A row for each group, by shortest and longest: the mean BLEU of both arms, and ``"ahead"``, how far.

    Raises:
        ValueError: if there are no runs of one of them.
    """
    means = spans.pivot(index=["shortest", "longest"], columns="arm", values="bleu")
    for arm in (higher, lower):
        if arm not in means:
            raise ValueError(f"spans: there is no arm {arm!r}; there are {', '.join(means)}")
    means.columns.name = None
    return means[[higher, lower]].assign(ahead=means[higher] - means[lower])


def losses(curves: Mapping[str, tuple[Results, str, str]], seed: int = 0) -> pd.DataFrame:
    """Losses against epochs, one curve below the other, as `plots.line_panels` wants them.

    Args:
        curves: for each name of a curve the runs, the arm, and ``"train_loss"`` or ``"validation_loss"``.
        seed: of the runs.

    Returns:
        A row for each epoch of each curve: curve, epoch, loss (nats per token).
    """
    parts = []
    for name, (runs, arm, column) in curves.items():
        records = pd.DataFrame(next(run["curve"] for run in runs.of(arm) if run["seed"] == seed))
        parts.append(pd.DataFrame({"curve": name, "epoch": records["epoch"], "loss": records[column]}))
    return pd.concat(parts, ignore_index=True).dropna()
