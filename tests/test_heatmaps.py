"""Heatmaps: every weight in its place, words on their sides, Hangul drawn and not boxes."""

import matplotlib

matplotlib.use("agg")

import numpy as np
import pytest
from matplotlib import pyplot as plt

from seq2seq_utils.corpus import Alignment
from seq2seq_utils.heatmaps import FROM_WHITE, Map, attention_maps

WEIGHTS = np.array([[0.1, 0.2, 0.7], [1.0, 0.0, 0.0]])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_source_across_the_top_and_target_down_the_side():
    figure = attention_maps([Map(WEIGHTS, ["the", "red", "house"], ["la", "maison"])], ("English", "French"))
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_xticklabels()] == ["the", "red", "house"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["la", "maison"]
    assert axis.xaxis.get_label_position() == "top"
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the first target word is at the top
    (image,) = axis.images
    np.testing.assert_array_equal(image.get_array(), WEIGHTS)
    assert image.get_clim() == (0, 1)  # a shade means the same weight in every map


def test_no_weight_is_white_and_more_weight_is_darker():
    shades = [sum(FROM_WHITE(weight)[:3]) for weight in np.linspace(0, 1, 11)]
    assert shades[0] == 3
    assert shades == sorted(shades, reverse=True)


def test_gold_links_are_framed_sure_and_possible_ones_differently():
    gold = Alignment(("a", "b", "c"), ("x", "y"), frozenset({(2, 0)}), frozenset({(2, 0), (0, 1)}))
    figure = attention_maps([Map(WEIGHTS, ["a", "b", "c"], ["x", "y"], gold=gold)], ("", ""))
    frames = {(round(box.get_x() + 0.44), round(box.get_y() + 0.44)): box for box in figure.axes[0].patches}
    assert set(frames) == {(2, 0), (0, 1)}
    assert frames[2, 0].get_linestyle() != frames[0, 1].get_linestyle()


def test_values_are_written_into_the_cells():
    figure = attention_maps([Map(WEIGHTS, list("abc"), list("xy"))], ("", ""), values=True)
    assert [text.get_text() for text in figure.axes[0].texts] == [
        "0.10",
        "0.20",
        "0.70",
        "1.00",
        "0.00",
        "0.00",
    ]


def test_four_maps_in_rows_of_three_leave_two_places_empty():
    figure = attention_maps([Map(WEIGHTS, list("abc"), list("xy"))] * 4, ("", ""), columns=3)
    assert [axis.axison for axis in figure.axes] == [True] * 4 + [False] * 2


def test_weights_that_do_not_fit_the_words_are_refused():
    with pytest.raises(ValueError, match=r"weights: shape \(2, 3\), but the words ask for \(2, 2\)"):
        attention_maps([Map(WEIGHTS, ["a", "b"], ["x", "y"])], ("", ""))


def test_hangul_is_drawn_with_a_font_that_has_it():
    """A glyph that no font has would bring a warning, and warnings are errors here; bold titles too."""
    words = ["고양이", "-가", "잔다"]
    figure = attention_maps([Map(np.eye(3), words, words, "제목 title")], ("영어", "한국어"))
    figure.canvas.draw()
