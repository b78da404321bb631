"""What tells a program with a bug from a sound one, drawn: its audit's outcomes, and all its runs."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from seq2seq_utils.drawing.style import BACKGROUND, DARK_TEXT, GRID, LIGHT_TEXT, PLAIN, SOURCE, TARGET
from seq2seq_utils.evaluation.audit import Outcome

# Of each outcome the mark, its colour, and those of its cell and of the hatching in it. The marks are enough.
_MARKS = {
    Outcome.FAILS: ("✗", LIGHT_TEXT, TARGET, ""),
    Outcome.HOLDS: ("·", DARK_TEXT, BACKGROUND, ""),
    Outcome.TOO_EARLY: ("…", DARK_TEXT, BACKGROUND, "////"),
    Outcome.NOT_CHECKED: ("–", DARK_TEXT, GRID, ""),
}
_ROW, _COLUMN, _LETTER = 0.3, 0.5, 0.085  # inches: of a cell, and of a letter beside it, about


def outcome_table(table: pd.DataFrame, legend: Mapping[str, str], frames: Mapping[str, str]) -> Figure:
    """A cell for each check and program.

    Args:
        table: a row for each check, a column for each program; in it the outcomes.
        legend: what each outcome that there is is called below the table.
        frames: for a program the check that is framed in its column.

    Raises:
        ValueError: if the table is empty, or has something in it that is no outcome or not in the legend; or
            if a frame is of no program or check.
    """
    _check(table, legend, frames)
    rows, columns = table.shape
    beside = _LETTER * max(map(len, table.index))
    above = _LETTER * max(map(len, table.columns))
    figure, axis = plt.subplots(figsize=(_COLUMN * columns + beside, _ROW * rows + 0.8 * above + 0.6))
    for row, check in enumerate(table.index):
        for column, program in enumerate(table.columns):
            _draw(axis, column, row, Outcome(table.loc[check, program]))
            if frames.get(program) == check:
                frame = Rectangle((column, row), 1, 1, fill=False, edgecolor=DARK_TEXT, linewidth=2.2)
                frame.set(zorder=3, clip_on=False)  # above the lines of its neighbours, whole at the edge
                axis.add_patch(frame)
    axis.set(xlim=(0, columns), ylim=(rows, 0))
    axis.set_xticks([column + 0.5 for column in range(columns)], table.columns)
    axis.set_yticks([row + 0.5 for row in range(rows)], table.index)
    axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    plt.setp(axis.get_xticklabels(), rotation=45, ha="left", rotation_mode="anchor")
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    axis.set_xlabel("     ".join(f"{_MARKS[Outcome(outcome)][0]} {text}" for outcome, text in legend.items()))
    return figure


def run_panels(table: pd.DataFrame, panels: Mapping[str, str], group: str, sound: str) -> Figure:
    """A dot for each run, a row for each program; what the sound runs span is shaded.

    Args:
        table: a row for each run.
        panels: the columns to draw, and the label of their axis, with units.
        group: the column that says which program a run is of; the programs are drawn in the table's order.
        sound: the program whose lowest and highest run bound the shaded band.

    Raises:
        ValueError: if there is no run of the sound program.
    """
    programs = list(table[group].unique())
    if sound not in programs:
        raise ValueError(f"{group}: there is no run of {sound!r}; there are {', '.join(map(str, programs))}")
    height = _ROW * len(programs) + 0.8
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels) + 1.6, height), squeeze=False)
    for axis, (column, label) in zip(axes[0], panels.items(), strict=True):
        of_sound = table.loc[table[group] == sound, column]
        axis.axvspan(of_sound.min(), of_sound.max(), color=GRID, zorder=0)
        rows = table[group].map(programs.index)
        axis.scatter(table[column], rows, s=22, facecolor="none", edgecolor=SOURCE, linewidth=1.1, zorder=2)
        axis.set_yticks(range(len(programs)), programs if axis is axes[0, 0] else [])
        axis.set(xlabel=label, ylim=(len(programs) - 0.4, -0.6))
        axis.grid(visible=False, axis="x")
    sns.despine(figure)
    figure.tight_layout()
    return figure


def _draw(axis: Axes, column: int, row: int, outcome: Outcome) -> None:
    mark, colour, ground, hatch = _MARKS[outcome]
    cell = Rectangle((column, row), 1, 1, facecolor=ground, edgecolor=PLAIN if hatch else GRID, hatch=hatch)
    cell.set_linewidth(0.4)
    axis.add_patch(cell)
    box = {"facecolor": BACKGROUND, "edgecolor": "none", "pad": 1} if hatch else None
    axis.text(column + 0.5, row + 0.5, mark, color=colour, ha="center", va="center", bbox=box)


def _check(table: pd.DataFrame, legend: Mapping[str, str], frames: Mapping[str, str]) -> None:
    if table.empty:
        raise ValueError("table: it is empty; a figure needs a check and a program at least")
    for outcome in pd.unique(table.to_numpy().ravel()):
        if outcome not in list(Outcome):
            raise ValueError(f"table: {outcome!r} is no outcome; there are {', '.join(Outcome)}")
        if outcome not in legend:
            raise ValueError(f"legend: there is nothing for {outcome!r}; each outcome needs a text")
    for program, check in frames.items():
        if program not in table.columns or check not in table.index:
            raise ValueError(f"frames: {program!r} and {check!r} are no column and row of the table")
