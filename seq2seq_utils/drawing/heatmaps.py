"""Attention drawn: source words across the top, target words down the side, the darker the more weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from seq2seq_utils.drawing.style import FROM_WHITE, GRID, TARGET, text_colour
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.pairs import Alignment
from seq2seq_utils.text import TextCodec
from seq2seq_utils.translation import Translation, translate

_CELL = 0.38  # inches
_LETTER = 0.095  # inches, about, of a word beside the map


@dataclass(frozen=True, slots=True)
class Map:
    """One heatmap, and the words beside it."""

    weights: ArrayLike  # (target words, source words)
    source: Sequence[str]
    target: Sequence[str]
    title: str = ""
    gold: Alignment | None = None


def translation_maps(
    model: Seq2Seq, sentences: Sequence[str], source: TextCodec, target: TextCodec
) -> list[Map]:
    """Translates sentences, and gives a map of each: a row for every token, EOS among them.

    Args:
        model: with attention.
        sentences: as text.
        source: the codec of their language.
        target: the codec of the translations.

    Raises:
        ValueError: if the model has no attention, or a sentence is empty or has unknown words only.
    """
    found = translate(model, sentences, source, target)
    return [
        translation_map(sentence, translation, source, target)
        for sentence, translation in zip(sentences, found, strict=True)
    ]


def translation_map(sentence: str, translation: Translation, source: TextCodec, target: TextCodec) -> Map:
    """The map of a translation that is there already: a row for every token, EOS among them.

    Args:
        sentence: as text.
        translation: of it, by a model with attention.
        source: the codec of the sentence's language.
        target: the codec of the translation's.

    Raises:
        ValueError: if the model had no attention.
    """
    if translation.weights is None:
        raise ValueError("model: has no attention, so there are no weights to draw")
    rows = [target.vocabulary.tokens[token_id] for token_id in translation.ids]
    if translation.reached_end:
        rows.append("EOS")
    return Map(translation.weights.cpu().numpy(), source.tokenizer.tokenize(sentence), rows)


def attention_maps(
    maps: Sequence[Map],
    labels: tuple[str, str],
    values: bool = False,
    colour_label: str = "",
    columns: int = 3,
) -> Figure:
    """Heatmaps, side by side, as in Figure 3 of Bahdanau et al. (2015).

    Args:
        maps: what to draw; where there is a gold alignment, a frame marks its sure links and a dotted frame
            its possible ones.
        labels: of the source and of the target words.
        values: whether to write each weight into its cell.
        colour_label: of the colour bar; without it there is none.
        columns: how many maps in a row, at most.

    Raises:
        ValueError: if there are no maps, or a map's weights are not (target words, source words), or
            `columns` is less than 1.
    """
    if not maps:
        raise ValueError("maps: there are none; a figure needs at least one")
    if columns < 1:
        raise ValueError(f"columns: {columns} is not allowed; it must be 1 or more")
    for heatmap in maps:
        shape, words = np.shape(heatmap.weights), (len(heatmap.target), len(heatmap.source))
        if shape != words:
            raise ValueError(f"weights: shape {shape}, but the words ask for {words}")
    figure, axes = _layout(maps, min(columns, len(maps)), bool(colour_label))
    for axis, heatmap in zip(axes.flat, maps, strict=False):
        _draw(axis, heatmap, values)
        axis.set_xlabel(labels[0])
        axis.set_ylabel(labels[1])
    # Only now, since seaborn draws the figure, half done as it is, at every map.
    figure.set_layout_engine("constrained")
    if colour_label:
        figure.colorbar(axes[0, 0].collections[0], ax=axes, label=colour_label, shrink=0.7, aspect=25)
    return figure


def _layout(maps: Sequence[Map], columns: int, colour_bar: bool) -> tuple[Figure, np.ndarray]:
    """A figure with a place for each map, large enough for the longest words and the most cells."""
    rows = -(-len(maps) // columns)
    beside = max(len(word) for heatmap in maps for word in heatmap.target)
    above = max(len(word) for heatmap in maps for word in heatmap.source)
    width = _CELL * max(len(heatmap.source) for heatmap in maps) + _LETTER * beside + 0.6
    height = _CELL * max(len(heatmap.target) for heatmap in maps) + _LETTER * above + 0.8
    size = (max(columns * width, 3.2) + (0.9 if colour_bar else 0), rows * height)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat[len(maps) :]:
        axis.set_axis_off()
    return figure, axes


def _draw(axis: Axes, heatmap: Map, values: bool) -> None:
    weights = np.asarray(heatmap.weights)
    sns.heatmap(
        weights,
        vmin=0,
        vmax=1,  # a shade means the same weight in every map
        cmap=FROM_WHITE,
        annot=values,
        fmt=".2f",
        annot_kws={"fontsize": 9},
        linewidths=0.4,  # cells side by side draw the line between them twice
        linecolor=GRID,
        cbar=False,
        square=True,
        xticklabels=False,
        yticklabels=False,
        ax=axis,
    )
    axis.spines[:].set_visible(True)
    if values:
        for text, weight in zip(axis.texts, weights.flat, strict=True):
            text.set_color(text_colour(weight))
    # A cell is one wide and has its middle at a half.
    columns, rows = np.arange(len(heatmap.source)) + 0.5, np.arange(len(heatmap.target)) + 0.5
    axis.set_xticks(columns, heatmap.source, rotation=60, ha="left", rotation_mode="anchor")
    axis.set_yticks(rows, heatmap.target)
    axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axis.xaxis.set_label_position("top")
    if heatmap.title:
        axis.set_title(heatmap.title)
    if heatmap.gold:
        for source, target in sorted(heatmap.gold.possible):
            _frame(axis, source, target, sure=(source, target) in heatmap.gold.sure)


def _frame(axis: Axes, source: int, target: int, sure: bool) -> None:
    """Marks a gold link, a little inside the lines of its cell."""
    width, line = (2, "-") if sure else (1.4, ":")
    corner = (source + 0.06, target + 0.06)
    axis.add_patch(
        Rectangle(corner, 0.88, 0.88, fill=False, edgecolor=TARGET, linewidth=width, linestyle=line)
    )
