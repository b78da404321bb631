"""Heatmaps: every weight in its place, words on their sides, Hangul drawn and not boxes."""

import math

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb

from seq2seq_utils.drawing.heatmaps import Map, attention_maps, translation_maps
from seq2seq_utils.drawing.style import ATTENTION, DARK_TEXT, FROM_WHITE, LIGHT_TEXT, TARGET, text_colour
from seq2seq_utils.models import attention_model, plain_model, transformer_model
from seq2seq_utils.pairs import Alignment
from seq2seq_utils.text import EOS_ID, TextCodec, WordTokenizer
from seq2seq_utils.translation import translate

plt.switch_backend("agg")

WEIGHTS = np.array([[0.1, 0.2, 0.7], [1.0, 0.0, 0.0]])
SOURCE_WORDS, TARGET_WORDS = ["the", "red", "house"], ["la", "maison"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def words_beside(axis: Axes) -> tuple[list[str], list[str]]:
    return tuple([label.get_text() for label in side.get_ticklabels()] for side in (axis.xaxis, axis.yaxis))


def cell(x: float, y: float) -> tuple[str, str]:
    """The source and the target word of the cell that a point lies in."""
    return SOURCE_WORDS[math.floor(x)], TARGET_WORDS[math.floor(y)]


def test_source_words_stand_across_the_top_and_target_words_down_the_side():
    figure = attention_maps([Map(WEIGHTS, SOURCE_WORDS, TARGET_WORDS, "Epoch 3")], ("English", "French"))
    (axis,) = figure.axes
    assert words_beside(axis) == (SOURCE_WORDS, TARGET_WORDS)
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_title()) == ("English", "French", "Epoch 3")
    assert axis.xaxis.get_label_position() == "top"
    assert axis.yaxis_inverted()  # the first target word is at the top
    (cells,) = axis.collections
    np.testing.assert_array_equal(cells.get_array(), WEIGHTS)
    cells.update_scalarmappable()
    shades = [tuple(colour) for colour in cells.get_facecolor()]
    assert shades == [FROM_WHITE(weight) for weight in WEIGHTS.flat]
    assert not axis.texts


def test_a_shade_means_the_same_weight_in_every_map_and_one_bar_explains_all():
    pale = Map([[0.25, 0.25, 0.5]], SOURCE_WORDS, ["la"])
    figure = attention_maps([pale, Map(WEIGHTS, SOURCE_WORDS, TARGET_WORDS)], ("", ""), colour_label="Weight")
    *maps, bar = figure.axes
    assert {axis.collections[0].get_clim() for axis in maps} == {(0, 1)}
    assert (len(maps), bar.get_ylabel(), bar.get_ylim()) == (2, "Weight", (0, 1))
    # From white, through the colour of attention, ever darker.
    sums = [sum(FROM_WHITE(weight)[:3]) for weight in np.linspace(0, 1, 21)]
    assert (sums[0], sums) == (3, sorted(sums, reverse=True))
    assert to_hex(FROM_WHITE(2 / 3)).upper() == ATTENTION


def luminance(colour) -> float:
    """The relative luminance of the Web Content Accessibility Guidelines."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_a_value_is_written_into_each_cell_in_a_colour_that_can_be_read_there():
    figure = attention_maps([Map(torch.tensor(WEIGHTS), SOURCE_WORDS, TARGET_WORDS)], ("", ""), values=True)
    texts = {cell(*text.get_position()): text for text in figure.axes[0].texts}
    assert {place: text.get_text() for place, text in texts.items()} == {
        (source, target): f"{WEIGHTS[row, column]:.2f}"
        for row, target in enumerate(TARGET_WORDS)
        for column, source in enumerate(SOURCE_WORDS)
    }
    assert texts["the", "maison"].get_color() == LIGHT_TEXT  # weight 1
    assert texts["the", "la"].get_color() == DARK_TEXT  # weight 0.1
    contrasts = []
    for weight in np.linspace(0, 1, 101):
        pale, dark = sorted(map(luminance, (FROM_WHITE(weight), text_colour(weight))), reverse=True)
        contrasts.append((pale + 0.05) / (dark + 0.05))
    assert min(contrasts) > 3.5


def test_gold_links_are_framed_sure_and_possible_ones_differently():
    sure, possible = {(2, 1), (0, 0)}, {(2, 1), (0, 0), (2, 0)}
    gold = Alignment(tuple(SOURCE_WORDS), tuple(TARGET_WORDS), frozenset(sure), frozenset(possible))
    maps = [Map(WEIGHTS, SOURCE_WORDS, TARGET_WORDS, gold=links) for links in (None, gold)]
    without, with_gold = attention_maps(maps, ("", "")).axes
    assert not without.patches
    corners = {frame: frame.get_bbox().get_points() for frame in with_gold.patches}
    assert [frame for frame, (low, high) in corners.items() if cell(*low) != cell(*high)] == []
    frames = {cell(*frame.get_center()): frame for frame in corners}
    assert {place: frame.get_linestyle() for place, frame in frames.items()} == {
        ("the", "la"): "-",
        ("house", "maison"): "-",
        ("house", "la"): ":",
    }
    assert {to_hex(frame.get_edgecolor()).upper() for frame in frames.values()} == {TARGET}


def test_four_maps_in_rows_of_three_leave_two_places_empty():
    figure = attention_maps([Map(WEIGHTS, SOURCE_WORDS, TARGET_WORDS)] * 4, ("", ""), columns=3)
    assert [axis.axison for axis in figure.axes] == [True] * 4 + [False] * 2


def test_maps_that_cannot_be_drawn_are_refused():
    with pytest.raises(ValueError, match=r"weights: .*\(2, 3\).*\(2, 2\)"):
        attention_maps([Map(WEIGHTS, ["a", "b"], ["x", "y"])], ("", ""))
    with pytest.raises(ValueError, match=r"^maps: .*at least one"):
        attention_maps([], ("", ""))
    with pytest.raises(ValueError, match=r"^columns: 0 .*1 or more"):
        attention_maps([Map(WEIGHTS, SOURCE_WORDS, TARGET_WORDS)], ("", ""), columns=0)


def test_hangul_is_drawn_with_a_font_that_has_it():
    """A glyph that no font has would bring a warning, and warnings are errors here; bold titles too."""
    words = ["고양이", "-가", "잔다"]
    figure = attention_maps(
        [Map(np.eye(3), words, words, "제목 title")], ("영어", "한국어"), colour_label="가중치"
    )
    figure.canvas.draw()


# --- Maps of translations -------------------------------------------------------------------------

SENTENCES = ["The cat sleeps.", "The old cat saw the small dog."]
ENGLISH = TextCodec.build(WordTokenizer(), SENTENCES)
FRENCH = TextCodec.build(WordTokenizer(), ["Le chat dort.", "Le vieux chat voyait le petit chien."])


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize(("make", "output"), [(attention_model, "W_o"), (transformer_model, "output")])
def test_a_translation_has_a_row_for_each_token_and_one_for_eos_only_if_it_came(make, output, ends):
    model = make(len(ENGLISH.vocabulary), len(FRENCH.vocabulary), 8, 12)
    with torch.no_grad():  # it says EOS at once, or never
        getattr(model.decoder, output).bias[EOS_ID] = 100 if ends else -100
    maps = translation_maps(model, SENTENCES, ENGLISH, FRENCH)
    translations = translate(model, SENTENCES, ENGLISH, FRENCH)
    assert [list(drawn.source) for drawn in maps] == [WordTokenizer().tokenize(text) for text in SENTENCES]
    for drawn, translation in zip(maps, translations, strict=True):
        tokens = [FRENCH.vocabulary.tokens[token_id] for token_id in translation.ids]
        assert list(drawn.target) == (["EOS"] if ends else tokens)
        assert bool(tokens) is not ends
        np.testing.assert_array_equal(drawn.weights, translation.weights)
    figure = attention_maps(maps, ("English", "French"))
    assert [words_beside(axis) for axis in figure.axes] == [(drawn.source, drawn.target) for drawn in maps]


def test_a_model_without_attention_has_no_maps():
    model = plain_model(len(ENGLISH.vocabulary), len(FRENCH.vocabulary), 8, 12)
    with pytest.raises(ValueError, match=r"^model: .*no attention"):
        translation_maps(model, SENTENCES, ENGLISH, FRENCH)
