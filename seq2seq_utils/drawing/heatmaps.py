"""Attention drawn: source words across the top, target words down the side, the darker the more weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from seq2seq_utils.drawing.style import ATTENTION, TARGET, text_colour
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.pairs import Alignment
from seq2seq_utils.text import TextCodec
from seq2seq_utils.translation import translate

# From white, through the colour that attention has in every figure, to a dark shade of it.
FROM_WHITE = LinearSegmentedColormap.from_list("attention", ["#FFFFFF", "#8FD6BF", ATTENTION, "#00402F"])
_CELL = 0.38  # inches
_LETTER = 0.095  # inches, about, of a word beside the map


@dataclass(frozen=True, slots=True)
class Map:
    """One heatmap: `weights` is (target words, source words)."""

    weights: np.ndarray
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
        ValueError: if the model has no attention, or a sentence cannot be read.
    """
    maps = []
    for sentence, found in zip(sentences, translate(model, sentences, source, target), strict=True):
        if found.weights is None:
            raise ValueError("model: has no attention, so there are no weights to draw")
        tokens = [target.vocabulary.tokens[token_id] for token_id in found.ids]
        rows = [*tokens, *["EOS"] * found.reached_end]
        maps.append(Map(found.weights.numpy(), source.tokenizer.tokenize(sentence), rows))
    return maps


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
        columns: how many maps in a row.

    Raises:
        ValueError: if a map's weights are not (target words, source words).
    """
    for one in maps:
        expected = len(one.target), len(one.source)
        if np.shape(one.weights) != expected:
            raise ValueError(f"weights: shape {np.shape(one.weights)}, but the words ask for {expected}")
    columns = min(columns, len(maps))
    rows = -(-len(maps) // columns)
    beside, above = (max(map(len, words)) for words in (_all("target", maps), _all("source", maps)))
    width = _CELL * max(len(one.source) for one in maps) + _LETTER * beside + 0.6
    height = _CELL * max(len(one.target) for one in maps) + _LETTER * above + 0.8
    size = (max(columns * width, 3.2) + (0.9 if colour_label else 0), rows * height)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for axis in axes.flat[len(maps) :]:
        axis.set_axis_off()
    for axis, one in zip(axes.flat, maps, strict=False):
        image = _draw(axis, one, values)
        axis.set_xlabel(labels[0])
        axis.xaxis.set_label_position("top")
        axis.set_ylabel(labels[1])
    if colour_label:
        figure.colorbar(image, ax=axes, label=colour_label, shrink=0.7, aspect=25)
    return figure


def _all(side: str, maps: Sequence[Map]) -> list[str]:
    return [word for one in maps for word in getattr(one, side)]


def _draw(axis: Axes, one: Map, values: bool) -> AxesImage:
    weights = np.asarray(one.weights)
    image = axis.imshow(weights, cmap=FROM_WHITE, vmin=0, vmax=1)
    axis.set_xticks(range(len(one.source)), one.source, rotation=60, ha="left", rotation_mode="anchor")
    axis.set_yticks(range(len(one.target)), one.target)
    axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axis.set_xticks(np.arange(len(one.source) + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(one.target) + 1) - 0.5, minor=True)
    axis.tick_params(which="minor", length=0)
    axis.grid(visible=False, which="major")
    axis.grid(visible=True, which="minor", color="#E3E6EA", linewidth=0.8)
    if one.title:
        axis.set_title(one.title)
    if values:
        for (row, column), weight in np.ndenumerate(weights):
            colour = text_colour(weight)
            axis.text(column, row, f"{weight:.2f}", ha="center", va="center", fontsize=9, color=colour)
    if one.gold:
        for source, target in one.gold.possible:
            sure = (source, target) in one.gold.sure
            axis.add_patch(
                Rectangle(
                    (source - 0.44, target - 0.44),
                    0.88,
                    0.88,
                    fill=False,
                    edgecolor=TARGET,
                    linewidth=2 if sure else 1.4,
                    linestyle="-" if sure else ":",
                )
            )
    return image
