"""Figures: what is drawn, and in which colour, where a notebook's prose relies on it."""

import pandas as pd
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt

from seq2seq_utils import plots


def table(*names):
    rows = [
        {
            "model": name,
            "shortest": low,
            "longest": high,
            "bleu": bleu,
            "bleu_low": bleu - 2,
            "bleu_high": bleu + 2,
        }
        for name in names
        for low, high, bleu in ((1, 10, 50.0), (11, 20, 40.0))
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def axis():
    drawn = []

    def draw(names, **settings):
        figure = plots.quality_against_length(table(*names), {"bleu": "BLEU"}, "Words", "model", **settings)
        drawn.append(figure)
        return figure.axes[0]

    yield draw
    for figure in drawn:
        plt.close(figure)


def curves(axis):
    return {line.get_label(): line for line in axis.lines if not line.get_label().startswith("_")}


def test_each_point_stands_in_the_middle_of_its_bucket(axis):
    line = curves(axis(["plain"]))["plain"]
    assert list(line.get_xdata()) == [5.5, 15.5]
    assert list(line.get_ydata()) == [50, 40]


def test_a_dotted_line_ends_each_models_training_lengths(axis):
    dotted = [
        line
        for line in axis(["a", "b"], trained_up_to={"a": 10, "b": 20}).lines
        if line.get_linestyle() == ":"
    ]
    assert [line.get_xdata()[0] for line in dotted] == [10.5, 20.5]


def test_without_training_lengths_there_are_no_dotted_lines(axis):
    assert not [line for line in axis(["a", "b"]).lines if line.get_linestyle() == ":"]


def test_two_models_of_one_colour_differ_in_their_line(axis):
    chosen = {"a": plots.ATTENTION, "b": plots.ATTENTION, "c": plots.PLAIN}
    lines = curves(axis(list(chosen), colours=chosen))
    assert {name: colors.to_hex(line.get_color()).upper() for name, line in lines.items()} == chosen
    assert [lines[name].get_linestyle() for name in "abc"] == ["-", "--", "-"]


def test_the_vertical_axis_ends_where_it_is_asked_to(axis):
    assert axis(["plain"]).get_ylim()[1] > 100
    assert 50 < axis(["plain"], highest=50).get_ylim()[1] < 60


def test_a_panel_of_lines_takes_the_colours_it_is_given():
    rows = [{"epoch": at, "model": name, "loss": 1 / at} for name in ("plain", "attention") for at in (1, 2)]
    chosen = {"attention": plots.ATTENTION, "plain": plots.PLAIN}
    figure = plots.line_panels(
        pd.DataFrame(rows), "epoch", {"loss": "Loss"}, "Epoch", "model", colours=chosen
    )
    drawn = {
        colors.to_hex(line.get_color()).upper() for line in figure.axes[0].lines if len(line.get_xdata())
    }
    plt.close(figure)
    assert drawn == set(chosen.values())
