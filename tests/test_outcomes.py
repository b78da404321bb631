"""The outcomes of audits drawn: a cell for each, told apart by its mark, and not by colour alone."""

import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from seq2seq_utils.drawing import TARGET
from seq2seq_utils.drawing.outcomes import outcome_table, run_panels
from seq2seq_utils.evaluation.audit import Outcome

plt.switch_backend("agg")
TABLE = pd.DataFrame(
    {"sound": ["holds", "too early"], "no mask": ["fails", "not checked"]}, index=["alone", "EOS is found"]
)
LEGEND = {"fails": "it fails", "holds": "it holds", "too early": "ask later", "not checked": "not asked"}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_each_cell_has_the_mark_of_its_outcome_and_no_two_outcomes_have_the_same():
    (axis,) = outcome_table(TABLE, LEGEND, {}).axes
    found = {text.get_position(): text.get_text() for text in axis.texts}
    places = {(0.5, 0.5): "holds", (0.5, 1.5): "too early", (1.5, 0.5): "fails", (1.5, 1.5): "not checked"}
    assert found.keys() == places.keys()
    assert len(set(found.values())) == len(Outcome)
    for place, outcome in places.items():
        assert f"{found[place]} {LEGEND[outcome]}" in axis.get_xlabel()
    assert [label.get_text() for label in axis.get_xticklabels()] == list(TABLE.columns)
    assert [label.get_text() for label in axis.get_yticklabels()] == list(TABLE.index)
    assert axis.yaxis_inverted()  # the first check at the top


def test_what_fails_stands_out_and_what_is_too_early_is_hatched():
    (axis,) = outcome_table(TABLE, LEGEND, {}).axes
    cells = {cell.get_xy(): cell for cell in axis.patches}
    assert [place for place, cell in cells.items() if to_hex(cell.get_facecolor()).upper() == TARGET] == [
        (1, 0)
    ]
    assert [place for place, cell in cells.items() if cell.get_hatch()] == [(0, 1)]


def test_a_frame_is_around_the_check_named_for_a_program():
    (axis,) = outcome_table(TABLE, LEGEND, {"no mask": "alone"}).axes
    assert [patch.get_xy() for patch in axis.patches if not patch.get_fill()] == [(1, 0)]


def test_what_cannot_be_drawn_is_named():
    refused = {
        "^table: it is empty": (TABLE.iloc[:0], LEGEND, {}),
        "^table: 'perhaps' is no outcome": (TABLE.replace("fails", "perhaps"), LEGEND, {}),
        "^legend: there is nothing for 'fails'": (TABLE, {"holds": "x", "too early": "x"}, {}),
        "^frames: 'sound' and 'order'": (TABLE, LEGEND, {"sound": "order"}),
        "^frames: 'no packing' and 'alone'": (TABLE, LEGEND, {"no packing": "alone"}),
    }
    for message, arguments in refused.items():
        with pytest.raises(ValueError, match=message):
            outcome_table(*arguments)


RUNS = pd.DataFrame(
    [("sound", 0.2, 70.0), ("sound", 0.4, 60.0), ("no mask", 0.3, 65.0), ("order lost", 0.5, 1.0)],
    columns=["program", "loss", "bleu"],
)


def test_each_run_is_a_dot_in_the_row_of_its_program_and_a_band_shows_the_span_of_the_sound_ones():
    figure = run_panels(RUNS, {"loss": "Loss", "bleu": "BLEU"}, "program", "sound")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "sound",
        "no mask",
        "order lost",
    ]
    for axis, column, (low, high) in zip(figure.axes, ("loss", "bleu"), ((0.2, 0.4), (60, 70)), strict=True):
        (dots,) = axis.collections
        assert dots.get_offsets().tolist() == [
            list(dot) for dot in zip(RUNS[column], [0, 0, 1, 2], strict=True)
        ]
        (band,) = axis.patches
        assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((low, high))


def test_without_a_sound_run_there_is_no_band_to_draw():
    with pytest.raises(ValueError, match="program: there is no run of 'best'; there are sound, no mask"):
        run_panels(RUNS, {"loss": "Loss"}, "program", "best")
