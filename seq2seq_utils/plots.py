"""Every figure that the notebooks draw: one style, the same colours for the same things, alt text.

The functions draw data; the words on a figure (titles, labels, alt text) come from the notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from IPython.display import display
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Safe for colour-blind readers, and the same in every figure and diagram.
SOURCE, TARGET, ATTENTION, PLAIN = "#0072B2", "#D55E00", "#009E73", "#7F7F7F"
# For what is compared but is none of these four: models, tokenizers, cells. With different markers, since
# nothing relies on colour alone.
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7F7F7F")
MARKERS = ("o", "s", "D", "^", "v")

sns.set_theme(
    context="notebook",
    style="whitegrid",
    palette=SERIES,
    rc={"figure.dpi": 96, "savefig.bbox": "tight", "axes.titleweight": "bold", "axes.titlesize": 12},
)


def show(figure: Figure, alt: str) -> None:
    """Shows a figure in the notebook with a text for those who do not see it, and closes it.

    Raises:
        ValueError: if there is no such text.
    """
    if not alt.strip():
        raise ValueError("alt: is empty; say in a sentence what the figure shows")
    display(figure, metadata={"image/png": {"alt": alt}})
    plt.close(figure)


def bar_panels(table: pd.DataFrame, titles: Sequence[str], formats: Sequence[str]) -> Figure:
    """One panel of horizontal bars for each column of `table`, one bar for each row, with its value.

    Args:
        table: rows are what is compared, columns what was measured.
        titles: of the panels, with units.
        formats: how each panel's values are written, such as ``"{:.0f}"``.
    """
    figure, panels = plt.subplots(
        1, len(titles), figsize=(4 * len(titles), 0.5 + 0.5 * len(table)), sharey=True
    )
    for panel, column, title, text in zip(panels, table.columns, titles, formats, strict=True):
        bars = panel.barh(table.index, table[column], color=SERIES[: len(table)])
        panel.bar_label(bars, [text.format(value) for value in table[column]], padding=3)
        panel.set_xlim(0, max(table[column].max(), 1e-9) * 1.25)
        panel.set_title(title)
        panel.grid(visible=False)
        panel.set_xticks([])
    panels[0].invert_yaxis()
    sns.despine(figure, left=True, bottom=True)
    figure.tight_layout()
    return figure


def padded_batches(
    batches: Mapping[str, Sequence[int]], x_label: str, y_label: str, labels: tuple[str, str]
) -> Figure:
    """Batches as they lie in memory: real tokens, and hatched what is padding.

    Args:
        batches: the lengths of the rows of each batch, by the title of its panel.
        x_label: of the positions in a row.
        y_label: of the rows.
        labels: what the legend calls real tokens and padding.
    """
    figure, panels = plt.subplots(1, len(batches), figsize=(5 * len(batches), 3.6), sharex=True, sharey=True)
    for panel, (title, lengths) in zip(panels, batches.items(), strict=True):
        rows, longest = range(len(lengths)), max(lengths)
        padding = [longest - length for length in lengths]
        panel.barh(rows, lengths, height=1, color=SOURCE, edgecolor="white", label=labels[0])
        panel.barh(
            rows,
            padding,
            left=lengths,
            height=1,
            color="white",
            edgecolor=PLAIN,
            hatch="////",
            linewidth=0.5,
            label=labels[1],
        )
        panel.set(title=title, xlabel=x_label)
        panel.grid(visible=False)
    panels[0].invert_yaxis()
    panels[0].set_ylabel(y_label)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=2, bbox_to_anchor=(0.5, -0.08))
    figure.tight_layout()
    return figure


def line_panels(
    table: pd.DataFrame,
    x: str,
    panels: Mapping[str, str],
    x_label: str,
    group: str | None = None,
    logarithmic: str = "",
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
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 3.6), squeeze=False)
    for axis, (column, label) in zip(axes[0], panels.items(), strict=True):
        sns.lineplot(
            table,
            x=x,
            y=column,
            hue=group,
            style=group,
            palette=SERIES[: table[group].nunique()] if group else None,
            markers=list(MARKERS[: table[group].nunique()]) if group else None,
            marker=None if group else "o",
            dashes=False,
            errorbar=("pi", 100),
            ax=axis,
        )
        axis.set(xlabel=x_label, ylabel=label)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no half an epoch
        if "x" in logarithmic:
            axis.set_xscale("log")
        if "y" in logarithmic:
            axis.set_yscale("log")
        if group:
            axis.legend(title=None)
    sns.despine(figure)
    figure.tight_layout()
    return figure
