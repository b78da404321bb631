"""The style of every figure: one set of colours, the same for the same things, fonts, and alt text."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import matplotlib.pyplot as plt
import seaborn as sns
from IPython.display import display
from matplotlib import font_manager
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

# Safe for colour-blind readers, and the same in every figure and diagram.
SOURCE, TARGET, ATTENTION, PLAIN = "#0072B2", "#D55E00", "#009E73", "#7F7F7F"
# For what is compared but is none of these four: models, tokenizers, cells. With different markers, since
# nothing relies on colour alone.
SERIES = (SOURCE, TARGET, ATTENTION, "#CC79A7", PLAIN)
MARKERS = ("o", "s", "D", "^", "v")

BACKGROUND, GRID = "#FFFFFF", "#E3E6EA"
# The text colours on pale and on dark ground.
DARK_TEXT, LIGHT_TEXT = "#1F2933", "#FFFFFF"
# Attention weights, 0 to 1: from white, through the colour that attention has in every figure, to a dark
# shade of it.
FROM_WHITE = LinearSegmentedColormap.from_list("attention", [BACKGROUND, "#8FD6BF", ATTENTION, "#00402F"])
# Numbers that may be negative: as white as they are near 0.
THROUGH_WHITE = LinearSegmentedColormap.from_list("signed", [SOURCE, BACKGROUND, TARGET])

# Hangul on every machine: matplotlib takes from the second font what the first one lacks. The package brings
# the font files; it is not imported, since that would change matplotlib's settings.
_FONTS = Path(str(distribution("koreanize-matplotlib").locate_file("koreanize_matplotlib/fonts")))
for _style, _weight in (("NanumGothic", 400), ("NanumGothicBold", 700)):
    font_manager.fontManager.addfont(_FONTS / f"{_style}.ttf")
    # The bold file calls itself semi-bold, and matplotlib would remark on that at every bold title.
    _entry = font_manager.fontManager.ttflist.pop()
    font_manager.fontManager.ttflist.append(replace(_entry, weight=_weight))

sns.set_theme(
    context="notebook",
    style="whitegrid",
    palette=SERIES,
    rc={
        "figure.dpi": 96,
        "savefig.bbox": "tight",
        "axes.titleweight": "bold",
        "axes.titlesize": 12,
        "font.family": ["DejaVu Sans", "NanumGothic"],
    },
)


def text_colour(weight: float) -> str:
    """The colour of a text on a cell of `FROM_WHITE`: the one of the two that stands out more.

    Args:
        weight: of the cell, 0 to 1.
    """
    return LIGHT_TEXT if weight > 0.7 else DARK_TEXT


def show(figure: Figure, alt: str) -> None:
    """Shows a figure in the notebook with a text for those who do not see it, and closes it.

    Args:
        figure: as the functions of this room give it.
        alt: what the figure shows, in a sentence or two.

    Raises:
        ValueError: if there is no such text.
    """
    if not alt.strip():
        raise ValueError(f"alt: {alt!r} is empty; say in a sentence what the figure shows")
    display(figure, metadata={"image/png": {"alt": alt}})
    plt.close(figure)
