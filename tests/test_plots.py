"""Figures: the numbers drawn are those of the table, in the colours and words that were asked for."""

import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from seq2seq_utils.drawing import ATTENTION, PLAIN, SOURCE, TARGET, plots, show, style

plt.switch_backend("agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def curves(axis: Axes) -> dict[str, Line2D]:
    """The lines of an axis by their names in the legend."""
    return {line.get_label(): line for line in axis.lines if not line.get_label().startswith("_")}


def points(line: Line2D) -> list[tuple[float, float]]:
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def colour(of: Line2D | Patch | Collection) -> str:
    """Of a line, a bar, a band or a cloud of points."""
    return to_hex(of.get_color() if isinstance(of, Line2D) else of.get_facecolor()).upper()


def legend_texts(figure: Figure) -> list[str]:
    (legend,) = [*figure.legends, *(axis.legend_ for axis in figure.axes if axis.legend_)]
    return [text.get_text() for text in legend.get_texts()]


# --- Bars -------------------------------------------------------------------------------------------


def test_bars_are_as_long_as_the_values_written_beside_them():
    measured = pd.DataFrame(
        {"size": [40, 500, 9000], "unknown": [0.0, 0.0, 2.345]}, index=["characters", "subwords", "words"]
    )
    figure = plots.bar_panels(measured, ["Vocabulary (tokens)", "Unknown (%)"], ["{:.0f}", "{:.2f}"])
    assert [axis.get_title() for axis in figure.axes] == ["Vocabulary (tokens)", "Unknown (%)"]
    for axis, column, written in zip(
        figure.axes, measured, (["40", "500", "9000"], ["0.00", "0.00", "2.35"]), strict=True
    ):
        assert [bar.get_width() for bar in axis.patches] == measured[column].tolist()
        assert [text.get_text() for text in axis.texts] == written
        assert len({colour(bar) for bar in axis.patches}) == 3
        assert max(measured[column]) < axis.get_xlim()[1]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(measured.index)
    assert figure.axes[0].yaxis_inverted()  # the first row is at the top
    assert len(plots.bar_panels(measured[["size"]], ["Alone"], ["{}"]).axes) == 1


def test_a_batch_has_its_words_in_front_and_hatched_padding_up_to_its_longest_row():
    batches = {"No buckets": [2, 9, 4], "Buckets": [5, 5, 4]}
    figure = plots.padded_batches(batches, "Position", "Row", ("word", "padding"))
    for axis, (title, lengths) in zip(figure.axes, batches.items(), strict=True):
        words, padding = axis.containers
        assert (axis.get_title(), axis.get_xlabel()) == (title, "Position")
        assert [bar.get_width() for bar in words] == lengths
        assert [bar.get_width() for bar in padding] == [max(lengths) - length for length in lengths]
        assert [bar.get_x() for bar in padding] == lengths  # it begins where the words end
        assert {colour(bar) for bar in words} == {TARGET}
        assert all(bar.get_hatch() for bar in padding)
        assert not any(bar.get_hatch() for bar in words)
    assert figure.axes[0].get_ylabel() == "Row"
    assert legend_texts(figure) == ["word", "padding"]
    assert len(plots.padded_batches({"Alone": [3, 1]}, "", "", ("word", "padding")).axes) == 1


# --- Lines ------------------------------------------------------------------------------------------

RUNS = pd.DataFrame(
    [
        {"epoch": epoch, "model": model, "loss": level / epoch, "bleu": 10 * epoch + level}
        for model, levels in (("plain", (4.0, 8.0)), ("attention", (1.0, 2.0)))
        for level in levels  # of two runs
        for epoch in (1, 2, 4)
    ]
)
PANELS = {"loss": "Loss (nats per token)", "bleu": "BLEU"}


def test_lines_are_the_mean_of_the_runs_and_bands_reach_from_the_lowest_to_the_highest():
    chosen = {"attention": ATTENTION, "plain": PLAIN}
    figure = plots.line_panels(RUNS, "epoch", PANELS, "Epoch", "model", colours=chosen)
    assert [(axis.get_xlabel(), axis.get_ylabel()) for axis in figure.axes] == [
        ("Epoch", label) for label in PANELS.values()
    ]
    for axis, column in zip(figure.axes, PANELS, strict=True):
        lines = {colour(line): line for line in axis.lines if len(line.get_xdata())}
        bands = {colour(band): band for band in axis.collections}
        assert set(lines) == set(bands) == set(chosen.values())
        assert len({line.get_marker() for line in lines.values()}) == 2  # nothing relies on colour alone
        for model, rows in RUNS.groupby("model"):
            of_epoch = rows.groupby("epoch")[column]
            assert points(lines[chosen[model]]) == list(of_epoch.mean().items())
            corners = {tuple(corner) for corner in bands[chosen[model]].get_paths()[0].vertices}
            assert corners == {*of_epoch.min().items(), *of_epoch.max().items()}
    assert sorted(legend_texts(figure)) == ["attention", "plain"]


def test_without_groups_there_is_one_line_and_no_legend():
    rows = RUNS[RUNS["model"] == "plain"].groupby("epoch", as_index=False)["loss"].mean()
    (axis,) = plots.line_panels(rows, "epoch", {"loss": "Loss"}, "Epoch").axes
    (line,) = axis.lines
    assert points(line) == [(1, 6), (2, 3), (4, 1.5)]
    assert colour(line) == SOURCE
    assert axis.legend_ is None
    assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "linear")
    (axis,) = plots.line_panels(rows, "epoch", {"loss": "Loss"}, "Epoch", colour=PLAIN).axes
    assert colour(axis.lines[0]) == PLAIN


def test_axes_are_logarithmic_and_shared_where_that_is_asked_for():
    loss, bleu = plots.line_panels(RUNS, "epoch", PANELS, "Epoch", "model", logarithmic="xy").axes
    assert (
        {axis.get_xscale() for axis in (loss, bleu)}
        == {axis.get_yscale() for axis in (loss, bleu)}
        == {"log"}
    )
    assert [label.get_text() for label in loss.get_xticklabels()] == ["1", "2", "4"]  # what was measured
    assert loss.get_ylim() != bleu.get_ylim()
    loss, bleu = plots.line_panels(RUNS, "epoch", PANELS, "Epoch", "model", share_y=True).axes
    assert loss.get_ylim() == bleu.get_ylim()
    assert (loss.get_xscale(), loss.get_yscale()) == ("linear", "linear")
    assert bleu.yaxis.label.get_visible()  # each panel has a measure of its own


# --- Quality against length -------------------------------------------------------------------------


def by_length(*models: str) -> pd.DataFrame:
    """As `metrics.quality_by_length` gives it, a model a little better than the one before."""
    records = []
    for number, model in enumerate(models):
        for low, high, value in ((1, 10, 50.0), (11, 20, 40.0)):
            record = {"model": model, "shortest": low, "longest": high}
            for column, level in (("bleu", value + number), ("exact_match", value / 2 + number)):
                record |= {column: level, f"{column}_low": level - 2, f"{column}_high": level + 3}
            records.append(record)
    return pd.DataFrame(records)


def test_quality_stands_in_the_middle_of_its_bucket_with_its_interval_around_it():
    figure = plots.quality_against_length(
        by_length("plain", "other"), {"bleu": "BLEU", "exact_match": "Exact match (%)"}, "Words", "model"
    )
    bleu, exact_match = figure.axes
    assert [axis.get_ylabel() for axis in (bleu, exact_match)] == ["BLEU", "Exact match (%)"]
    assert points(curves(bleu)["plain"]) == [(5.5, 50), (15.5, 40)]
    assert points(curves(bleu)["other"]) == [(5.5, 51), (15.5, 41)]
    assert points(curves(exact_match)["plain"]) == [(5.5, 25), (15.5, 20)]
    band = {tuple(corner) for corner in bleu.collections[0].get_paths()[0].vertices}
    assert band == {(5.5, 48), (5.5, 53), (15.5, 38), (15.5, 43)}
    assert [label.get_text() for label in bleu.get_xticklabels()] == ["1–10", "11–20"]
    assert legend_texts(figure) == ["plain", "other"]
    lines = curves(bleu).values()
    assert len({(colour(line), line.get_marker()) for line in lines}) == 2
    assert not [line for line in bleu.lines if line.get_linestyle() == ":"]


def test_a_dotted_line_in_the_models_colour_ends_its_training_lengths():
    chosen = {"a": ATTENTION, "b": PLAIN}
    (axis,) = plots.quality_against_length(
        by_length("a", "b"), {"bleu": "BLEU"}, "Words", "model", {"a": 10, "b": 20}, chosen
    ).axes
    dotted = {colour(line): line.get_xdata()[0] for line in axis.lines if line.get_linestyle() == ":"}
    assert 10 < dotted[ATTENTION] < 11
    assert 20 < dotted[PLAIN] < 21


def test_two_models_of_one_colour_differ_in_their_line():
    chosen = {"a": ATTENTION, "b": ATTENTION, "c": PLAIN}
    panels = {"bleu": "BLEU", "exact_match": "Exact match (%)"}
    figure = plots.quality_against_length(by_length(*chosen), panels, "Words", "model", colours=chosen)
    for axis in figure.axes:
        lines = curves(axis)
        assert {name: colour(line) for name, line in lines.items()} == chosen
        assert [lines[name].get_linestyle() for name in "abc"] == ["-", "--", "-"]


def test_the_vertical_axis_ends_where_it_is_asked_to():
    for settings, highest in (({}, 100), ({"highest": 50}, 50)):
        figure = plots.quality_against_length(by_length("a"), {"bleu": "BLEU"}, "", "model", **settings)
        assert highest < figure.axes[0].get_ylim()[1] < 1.1 * highest


def test_groups_that_cannot_be_told_apart_or_lack_something_are_named():
    draw = {
        "lines": lambda table, **settings: plots.line_panels(
            table, "shortest", {"bleu": "BLEU"}, "Words", "model", **settings
        ),
        "quality": lambda table, **settings: plots.quality_against_length(
            table, {"bleu": "BLEU"}, "Words", "model", **settings
        ),
    }
    for function in draw.values():
        assert function(by_length(*"abcde"))
        with pytest.raises(ValueError, match=r"^model: 6 .*at most 5"):
            function(by_length(*"abcdef"))
        with pytest.raises(ValueError, match=r"^model: .*\['b'\].*\['a'\]"):
            function(by_length("a", "b"), colours={"a": PLAIN})
    with pytest.raises(ValueError, match=r"^model: .*\['b'\].*\['a'\]"):
        draw["quality"](by_length("a", "b"), trained_up_to={"a": 10})


# --- Showing ----------------------------------------------------------------------------------------


def test_a_figure_is_shown_with_its_alt_text_and_closed(monkeypatch):
    shown = []
    monkeypatch.setattr(style, "display", lambda figure, metadata: shown.append((figure, metadata)))
    figure, _ = plt.subplots()
    show(figure, "A line that falls.")
    assert shown == [(figure, {"image/png": {"alt": "A line that falls."}})]
    assert figure.number not in plt.get_fignums()


def test_a_figure_without_a_text_is_not_shown():
    for text in ("", " \n"):
        with pytest.raises(ValueError, match=r"^alt: "):
            show(plt.figure(), text)


# --- A matrix ---------------------------------------------------------------------------------------


def test_signed_numbers_are_drawn_from_the_top_in_two_colours_and_white_at_zero():
    figure = plots.signed_numbers(
        torch.tensor([[-1.0, 0.0, 1.0], [0.5, 0.0, 0.0]]), "Number", "Place", "Value"
    )
    axis, bar = figure.axes
    (image,) = axis.images
    assert image.get_array().tolist() == [[-1.0, 0.0, 1.0], [0.5, 0.0, 0.0]]
    colours = [to_hex(image.cmap(image.norm(number))).upper() for number in (-1.0, 1.0)]
    assert colours == [SOURCE, TARGET]
    assert min(image.cmap(image.norm(0.0))[:3]) > 0.98  # the colours have no middle one of exactly 0
    assert axis.get_ylim() == (1.5, -0.5)
    assert (axis.get_xlabel(), axis.get_ylabel(), bar.get_ylabel()) == ("Number", "Place", "Value")
