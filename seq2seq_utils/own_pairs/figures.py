"""The figures of a report: pictures that need no other file, each with a text for those who do not see it."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from seq2seq_utils.drawing.heatmaps import attention_maps, translation_maps
from seq2seq_utils.drawing.plots import line_panels, quality_against_length
from seq2seq_utils.own_pairs.content import Content

_MAPS, _COLUMNS, _ROWS = 3, 16, 32  # how many maps, and the most pieces of a source and of a translation


@dataclass(frozen=True)
class Picture:
    """A picture in a page.

    Args:
        address: a `data:` address that holds it whole.
        alt: what it shows.
    """

    address: str
    alt: str


def svg(figure: Figure) -> bytes:
    """A figure as SVG, its letters as lines, so that it needs no font; the figure is closed."""
    file = io.BytesIO()
    with plt.rc_context({"svg.fonttype": "path", "svg.hashsalt": "report"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return file.getvalue()


def picture(figure: Figure, alt: str) -> Picture:
    """A figure as a picture."""
    return Picture(f"data:image/svg+xml;base64,{base64.b64encode(svg(figure)).decode()}", alt)


def losses(content: Content) -> Picture:
    """The losses over the epochs."""
    frame = _by_name(content, {"train_loss": "training", "validation_loss": "validation"})
    label = "loss (nats per token)"
    return _over_epochs(frame, label, "The losses, in nats per token")


def scores(content: Content) -> Picture:
    """The scores on the validation pairs over the epochs."""
    frame = _by_name(content, {"validation_bleu": "BLEU", "validation_chrf": "chrF"})
    label = "score on validation (0 to 100)"
    return _over_epochs(frame, label, "The scores on validation, 0 to 100")


def _by_name(content: Content, names: Mapping[str, str]) -> pd.DataFrame:
    """Some columns of the record, under each other: epoch, value, and what it is."""
    frame = content.history.frame()
    parts = [frame[["epoch"]].assign(value=frame[column], what=name) for column, name in names.items()]
    return pd.concat(parts, ignore_index=True).dropna()


def _over_epochs(frame: pd.DataFrame, label: str, what: str) -> Picture:
    figure = line_panels(frame, "epoch", {"value": label}, "epoch", group="what")
    ends = [
        f"{name} from {rows['value'].iloc[0]:.2f} (epoch {rows['epoch'].iloc[0]:g}) to "
        f"{rows['value'].iloc[-1]:.2f} (epoch {rows['epoch'].iloc[-1]:g})"
        for name, rows in frame.groupby("what", sort=False)
    ]
    return picture(figure, f"{what}, a line for each over the epochs: {'; '.join(ends)}.")


def by_length(content: Content) -> Picture:
    """BLEU on the test against the length of the source."""
    scores = content.scores["test"]
    table = scores.by_length.assign(model=content.request.model)
    figure = quality_against_length(
        table,
        {"bleu": "BLEU on the test"},
        f"{scores.unit} in the source sentence",
        "model",
        highest=max(table["bleu_high"].max(), 1.0),
    )
    groups = "; ".join(
        f"{row.shortest} to {row.longest} {scores.unit}: {row.bleu:.1f}" for row in table.itertuples()
    )
    return picture(
        figure, f"BLEU on the test against the length of the source, with 95 % intervals. {groups}."
    )


def maps(content: Content) -> Picture | None:
    """Where the model looks in some test sentences; None without attention, or where all are too long."""
    sentences = _sentences([pair.source for pair in content.test], content)
    try:
        found = translation_maps(content.model, sentences, *content.codecs)
    except ValueError:  # it has no attention
        return None
    # What goes on and on would be larger than a page.
    found = [heatmap for heatmap in found if len(heatmap.target) <= _ROWS]
    if not found:
        return None
    figure = attention_maps(found, ("source", "translation"), colour_label="weight")
    lines = []
    for heatmap in found:
        lines.append(f"“{' '.join(heatmap.source)}” and “{' '.join(heatmap.target)}”")
    return picture(
        figure,
        "Heatmaps, source pieces across the top, pieces of the translation down the side, the darker the "
        f"more weight: {'; '.join(lines)}.",
    )


def _sentences(sources: Sequence[str], content: Content) -> list[str]:
    """A few sentences that are short enough for a map, from short to long."""
    lengths = {source: len(content.codecs[0].tokenizer.tokenize(source)) for source in sources}
    fitting = sorted((source for source in lengths if lengths[source] <= _COLUMNS), key=lengths.__getitem__)
    places = [round((place + 0.5) * len(fitting) / _MAPS - 0.5) for place in range(_MAPS)]
    return [fitting[place] for place in sorted(set(places))] if fitting else []
