"""The tables of notebook 2, on few runs that were made up, and on the stored ones."""

from pathlib import Path

import pandas as pd
import pytest

from seq2seq_utils.experiments import Results, read, seq2seq
from seq2seq_utils.experiments import seq2seq_tables as tables
from seq2seq_utils.pairs import SentencePair

STORED = Path(__file__).resolve().parent.parent / "notebooks" / "results"


def run(arm: str, seed: int, **measured: object) -> dict:
    curve = [{"validation_loss": 7.0}, {"validation_loss": 0.25 * (seed + 1)}]
    return {"arm": arm, "seed": seed, "parameters": 1, "steps": 1, "seconds": 1.0} | {
        "curve": curve,
        "measured": measured,
    }


def test_an_interval_is_wilsons():
    assert tables.interval(876, 1000) == "85.4 to 89.5 %"
    assert tables.interval(10, 10) == "72.2 to 100.0 %"


def test_spans_have_mean_lowest_and_highest_and_the_last_column_goes_across():
    table = pd.DataFrame({"a": [1, 1, 1, 2], "b": ["x", "x", "y", "x"], "value": [1.0, 4.0, 2.0, 3.0]})
    found = tables.spans(table, ["a", "b"], "value")
    assert found.loc[1, "x"] == "2.5 (1.0–4.0)"
    assert found.loc[2, "x"] == "3.0 (3.0–3.0)"
    assert list(found.columns) == ["x", "y"]
    assert tables.spans(table, ["a", "b"], "value", digits=0).loc[1, "y"] == "2 (2–2)"


def test_exact_match_by_length_counts_english_words():
    pairs = [SentencePair("He sleeps here.", "x"), SentencePair("He eats.", "x"), SentencePair("I eat.", "x")]
    found = tables.by_length(pairs, [True, True, False])
    assert found.index.tolist() == [2, 3]
    assert found.loc[2, ["sentences", "right", "exact match (%)"]].tolist() == [2, 1, 50.0]
    assert found.loc[3, "interval"] == tables.interval(1, 1)


def test_runs_of_cells_are_read_from_the_names_of_their_arms():
    results = Results(
        "cells",
        "budget",
        [
            run(seq2seq.arm_name("gru", 1, 0.02), 0, exact_match=50.0),
            run("LSTM, 5 epochs, rate 0.003", 3, exact_match=60.0),
        ],
    )
    table = tables.by_cell(results)
    assert table[["cell", "epochs", "rate"]].to_numpy().tolist() == [["GRU", 1, "0.02"], ["LSTM", 5, "0.003"]]


@pytest.fixture
def few_sentences(monkeypatch):
    """Two test pairs, of which the second is wrong in both runs, and patterns of which one is attested."""
    pairs = [SentencePair("The cat sleeps.", "Le chat dort."), SentencePair("He eats.", "Il mange.")]
    monkeypatch.setattr(seq2seq, "wrong_of", lambda measured: [(pairs[1], measured["wrong_translations"][0])])
    monkeypatch.setattr(tables, "wrong_of", seq2seq.wrong_of)
    for module in (seq2seq, tables):
        monkeypatch.setattr(module, "is_well_formed", lambda text: text.startswith("Il"))
    return Results(
        "sentences",
        "budget",
        [
            run("×1", 0, right="10", wrong_translations=["Il dort."]),
            run("×1", 1, right="10", wrong_translations=["mange Il."]),
        ],
    )


def test_forms_are_shares_of_the_wrong_translations(few_sentences):
    found = tables.forms(few_sentences)
    assert found.loc[("×1", 0)].tolist() == [1.0, 100.0, 100.0]
    assert found.loc[("×1", 1)].tolist() == [1.0, 0.0, 0.0]


def test_stored_runs_fill_the_tables():
    cells = tables.by_cell(read(STORED / "seq2seq_cells.json"))
    assert set(cells["cell"]) == {"RNN", "GRU", "LSTM"}
    assert set(cells["epochs"]) == set(seq2seq.EPOCHS)
    assert cells.notna().all(axis=None)


def test_the_name_of_a_number_in_english():
    assert seq2seq.in_english("이천이십사") == "two thousand two ten four"
    names = {pair.source: pair.target for part in seq2seq.numbers() for pair in part}
    assert seq2seq.in_english(names["345"]) == "three hundred four ten five"
    assert len({seq2seq.in_english(name) for name in names.values()}) == 10_000
    with pytest.raises(ValueError, match="만"):
        seq2seq.in_english("만")


def test_planted_mistakes_that_pass_are_counted(monkeypatch):
    monkeypatch.setattr(tables, "is_well_formed", lambda text: text in ("Un chat dort.", "Une chat dort."))
    pairs = [SentencePair("A cat sleeps.", "Un chat dort."), SentencePair("A king sleeps.", "Un roi dort.")]
    found = tables.planted_mistakes(pairs)  # the second reference does not pass, so nothing is planted in it
    assert found.loc["gender of an article"].tolist() == [1, 1]
    assert found["passed"].sum() == 1
    assert found.loc["a word twice", "sentences"] == 3
