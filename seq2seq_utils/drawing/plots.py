"""Every plot that the notebooks draw, but for the heatmaps.

The functions draw data; the words on a figure (titles, labels, alt text) come from the notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from seq2seq_utils.drawing.style import BACKGROUND, MARKERS, PLAIN, SERIES, SOURCE, TARGET, THROUGH_WHITE


def bar_panels(table: pd.DataFrame, titles: Sequence[str], formats: Sequence[str]) -> Figure:
    """One panel of horizontal bars for each column of `table`, one bar for each row, with its value.

    Args:
        table: rows are what is compared, columns what was measured.
        titles: of the panels, with units.
        formats: how each panel's values are written, such as ``"{:.0f}"``.
    """
    size = (4 * len(titles), 0.5 + 0.5 * len(table))
    figure, axes = plt.subplots(1, len(titles), figsize=size, squeeze=False, sharey=True)
    for axis, column, title, value_format in zip(axes[0], table.columns, titles, formats, strict=True):
        bars = axis.barh(table.index, table[column], color=SERIES[: len(table)])
        axis.bar_label(bars, [value_format.format(value) for value in table[column]], padding=3)
        axis.set_xlim(0, max(table[column].max(), 1e-9) * 1.25)
        axis.set_title(title)
        axis.grid(visible=False)
        axis.set_xticks([])
    axes[0, 0].invert_yaxis()
    sns.despine(figure, left=True, bottom=True)
    figure.tight_layout()
    return figure


def padded_batches(
    batches: Mapping[str, Sequence[int]], x_label: str, y_label: str, labels: tuple[str, str]
) -> Figure:
    """Batches of target sentences as they lie in memory: real tokens, and hatched what is padding.

    Args:
        batches: the lengths of the rows of each batch, by the title of its panel.
        x_label: of the positions in a row.
        y_label: of the rows.
        labels: what the legend calls real tokens and padding.
    """
    size = (5 * len(batches), 3.6)
    figure, axes = plt.subplots(1, len(batches), figsize=size, squeeze=False, sharex=True, sharey=True)
    for axis, (title, lengths) in zip(axes[0], batches.items(), strict=True):
        rows = range(len(lengths))
        padding = [max(lengths) - length for length in lengths]
        axis.barh(rows, lengths, height=1, color=TARGET, edgecolor=BACKGROUND, label=labels[0])
        axis.barh(
            rows,
            padding,
            left=lengths,
            height=1,
            color=BACKGROUND,
            edgecolor=PLAIN,
            hatch="////",
            linewidth=0.5,
            label=labels[1],
        )
        axis.set(title=title, xlabel=x_label)
        axis.grid(visible=False)
    axes[0, 0].invert_yaxis()
    axes[0, 0].set_ylabel(y_label)
    _legend_below(figure, -0.08)
    figure.tight_layout()
    return figure


def signed_numbers(numbers: Tensor, x_label: str, y_label: str, colour_label: str) -> Figure:
    """A matrix of numbers from −1 to 1 as shades of two colours, white where they are 0.

    Args:
        numbers: (rows, columns).
        x_label: of the columns.
        y_label: of the rows, the first of which is drawn on top.
        colour_label: of the numbers.
    """
    figure, axis = plt.subplots(figsize=(7, 4.2))
    image = axis.imshow(numbers, cmap=THROUGH_WHITE, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    axis.set(xlabel=x_label, ylabel=y_label)
    axis.grid(visible=False)
    figure.colorbar(image, label=colour_label)
    figure.tight_layout()
    return figure


def line_panels(
    table: pd.DataFrame,
    x: str,
    panels: Mapping[str, str],
    x_label: str,
    group: str | None = None,
    logarithmic: str = "",
    share_y: bool = False,
    colours: Mapping[str, str] | None = None,
    colour: str = SOURCE,
) -> Figure:
    """One panel of lines for each measure.

    Several values of a group at one x, from several runs, are drawn as their mean and the span from the
    lowest to the highest.

    Args:
        table: a row for each measurement.
        x: the column along the horizontal axis.
        panels: the columns to draw, and the label of their axis, with units.
        x_label: of the horizontal axes.
        group: the column that says which rows belong together; one line for each of its values.
        logarithmic: the axes with a logarithmic scale: ``"x"``, ``"y"`` or ``"xy"``.
        share_y: whether all panels have the same vertical axis.
        colours: for each value of the group its colour, where it has one of its own.
        colour: of the lines where there is no group.

    Raises:
        ValueError: if there are more groups than colours, or one that `colours` does not name.
    """
    if group:
        _check_groups(table, group, colours)
    legend_width = 0.5 + 0.085 * table[group].astype(str).str.len().max() if group else 0
    size = (5 * len(panels) + legend_width, 3.6)
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, sharey=share_y)
    for axis, (column, label) in zip(axes[0], panels.items(), strict=True):
        sns.lineplot(
            table,
            x=x,
            y=column,
            hue=group,
            style=group,
            palette=(colours or SERIES[: table[group].nunique()]) if group else None,
            markers=list(MARKERS[: table[group].nunique()]) if group else None,
            marker=None if group else "o",
            color=None if group else colour,
            dashes=False,
            errorbar=("pi", 100),
            ax=axis,
            legend=axis is axes[0, -1] and bool(group),
        )
        axis.set(xlabel=x_label, ylabel=label)
        axis.yaxis.label.set_visible(True)  # each panel has a measure of its own, even on a shared axis
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no half an epoch
        if "x" in logarithmic:
            axis.set_xscale("log")
            axis.set_xticks(table[x].unique(), [f"{value:g}" for value in table[x].unique()], minor=False)
            axis.minorticks_off()
        if "y" in logarithmic:
            axis.set_yscale("log")
    if group:
        sns.move_legend(axes[0, -1], "center left", bbox_to_anchor=(1, 0.5), title=None, frameon=False)
    sns.despine(figure)
    figure.tight_layout()
    return figure


def quality_against_length(
    table: pd.DataFrame,
    panels: Mapping[str, str],
    x_label: str,
    group: str,
    trained_up_to: Mapping[str, int] | None = None,
    colours: Mapping[str, str] | None = None,
    highest: float = 100,
) -> Figure:
    """Quality in each bucket of sentence lengths, with its interval as a band.

    Args:
        table: tables of `metrics.quality_by_length`, one below the other.
        panels: the measures to draw (``"exact_match"``, ``"bleu"``), and the label of their axis.
        x_label: of the horizontal axes.
        group: the column that says which model a row belongs to.
        trained_up_to: for each model the longest sentence it was trained on, drawn as a dotted line; without
            it there are no such lines.
        colours: for each model its colour, where it has one of its own; of two in one colour the second one's
            line is dashed.
        highest: where the vertical axes end.

    Raises:
        ValueError: if there are more models than colours, or one that `trained_up_to` or `colours` does not
            name.
    """
    _check_groups(table, group, colours, trained_up_to)
    figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels) + 1.5, 3.6), squeeze=False)
    for axis, (column, label) in zip(axes[0], panels.items(), strict=True):
        used_colours = set()
        models = table.groupby(group, sort=False)
        for (name, rows), colour, marker in zip(models, SERIES, MARKERS, strict=False):
            colour = colours[name] if colours else colour
            line = "--" if colour in used_colours else "-"
            used_colours.add(colour)
            middle = (rows["shortest"] + rows["longest"]) / 2
            axis.plot(middle, rows[column], line, color=colour, marker=marker, label=name)
            axis.fill_between(
                middle, rows[f"{column}_low"], rows[f"{column}_high"], color=colour, alpha=0.2, linewidth=0
            )
            if trained_up_to:
                axis.axvline(trained_up_to[name] + 0.5, color=colour, linestyle=":")
        buckets = table.drop_duplicates(["shortest", "longest"])
        names = [f"{low}–{high}" for low, high in zip(buckets["shortest"], buckets["longest"], strict=True)]
        axis.set_xticks((buckets["shortest"] + buckets["longest"]) / 2, names)
        axis.set(xlabel=x_label, ylabel=label, ylim=(-0.03 * highest, 1.03 * highest))
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    sns.despine(figure)
    figure.tight_layout()
    return figure


def _check_groups(table: pd.DataFrame, group: str, *given: Mapping[str, object] | None) -> None:
    """There must be a colour and a marker for each group, and a value in each mapping that is given."""
    names = list(table[group].unique())
    if len(names) > len(SERIES):
        raise ValueError(
            f"{group}: {len(names)} groups, but at most {len(SERIES)} can be told apart: {names}"
        )
    for values in given:
        if values and (missing := [name for name in names if name not in values]):
            raise ValueError(f"{group}: nothing is given for {missing}; given are {list(values)}")


def _legend_below(figure: Figure, height: float) -> None:
    """One legend for all panels, with what the first one shows."""
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=2, bbox_to_anchor=(0.5, height), frameon=False)
