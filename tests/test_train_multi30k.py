"""The run of the full budget, tools/train_multi30k.py, with a small recipe on a small corpus."""

import dataclasses
import json
import stat
from pathlib import Path

import pytest
import train_multi30k
from small_recipe import SMALL

from seq2seq_utils import captions
from seq2seq_utils.grammar import generate_splits
from seq2seq_utils.pairs import Splits
from seq2seq_utils.text import count_words
from seq2seq_utils.training import recipes

RECIPE = dataclasses.replace(SMALL, epochs=3)
BUCKETS = [(3, 4), (5, 5)]  # the last goes on to the longest sentence


@pytest.fixture(scope="module")
def splits() -> Splits:
    return generate_splits("french", 120, 20, 40, (3, 6))


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch, splits: Splits, tmp_path: Path) -> Path:
    """The results file of a project that has this corpus and this recipe."""
    monkeypatch.setattr(captions, "load", lambda source, target: splits)
    monkeypatch.setattr(captions, "LENGTH_BUCKETS", BUCKETS)
    monkeypatch.setattr(recipes, "FULL", RECIPE)
    monkeypatch.setattr(train_multi30k, "BEAMS", (1, 2))
    return tmp_path / "results" / "multi30k.json"


def train(results: Path, *arguments: str) -> list[dict]:
    """Run the tool and return the entries of its results file, which must be JSON as others read it."""
    folders = ["--results", str(results), "--checkpoints", str(results.parent.parent / "checkpoints")]
    train_multi30k.main([*arguments, *folders])
    return entries_of(results)


def entries_of(results: Path) -> list[dict]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(results.read_text(encoding="utf-8"), parse_constant=refuse)


def without_times(entry: dict) -> dict:
    epochs = [
        {name: value for name, value in epoch.items() if name != "seconds"} for epoch in entry["epochs"]
    ]
    return {**entry, "epochs": epochs, "seconds": None}


def test_each_run_has_one_entry_in_the_stored_form_and_no_sentence(results, splits):
    train(results, "plain", "1")
    before = train(results, "attention", "0")
    entries = train(results, "attention", "0")  # again, in place of the first
    assert list(map(without_times, entries)) == list(map(without_times, before))
    entries = train(results, "attention", "0", "--bare")
    runs = [(entry["model"], entry["seed"], entry["recipe"]["dropout"]) for entry in entries]
    assert runs == [("attention", 0, 0.0), ("attention", 0, RECIPE.dropout), ("plain", 1, RECIPE.dropout)]
    bare, regularised, _ = entries
    assert regularised["recipe"] == dataclasses.asdict(RECIPE)
    assert bare["recipe"] == {**regularised["recipe"], "dropout": 0.0, "label_smoothing": 0.0}
    assert bare["epochs"][0]["train_loss"] != regularised["epochs"][0]["train_loss"]

    written = results.read_text(encoding="utf-8")
    assert not any(pair.source in written or pair.target in written for split in splits for pair in split)
    lengths = [count_words(pair.source) for pair in splits.test]
    stored = entries_of(train_multi30k.RESULTS)[0]
    for entry in entries:
        assert list(entry) == list(stored)
        for name in ("epochs", "beams", "by_length"):
            assert list(entry[name][0]) == list(stored[name][0])
        assert [epoch["epoch"] for epoch in entry["epochs"]] == [1, 2, 3]
        assert entry["parameters"] > 0
        searches = [(search["beam"], search["length_penalty"]) for search in entry["beams"]]
        assert searches == [(1, 1.0), (2, 1.0), (1, 0.0), (2, 0.0)]
        assert all("case:lc" in search["signature"] for search in entry["beams"])
        groups = [(group["longest"], group["sentences"]) for group in entry["by_length"]]
        assert groups == [(4, sum(n <= 4 for n in lengths)), (max(lengths), sum(n >= 5 for n in lengths))]
    assert stat.S_IMODE(results.stat().st_mode) & 0o044 == 0o044  # others may read it
    assert [path.name for path in results.parent.iterdir()] == ["multi30k.json"]


def test_a_run_that_was_stopped_goes_on_and_ends_with_the_same_numbers(results, monkeypatch):
    (whole,) = train(results, "attention", "3")
    results.unlink()
    for checkpoint in (results.parent.parent / "checkpoints").iterdir():
        checkpoint.unlink()
    evaluate_loss, seen = recipes.evaluate_loss, []

    def stops_in_the_second_epoch(model, batches):
        seen.append(model)
        if len(seen) == 3:  # once before the first step
            raise KeyboardInterrupt
        return evaluate_loss(model, batches)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(recipes, "evaluate_loss", stops_in_the_second_epoch)
        train(results, "attention", "3")
    assert not results.exists()
    measured = []
    monkeypatch.setattr(
        recipes, "evaluate_loss", lambda *given: measured.append(given) or evaluate_loss(*given)
    )
    (resumed,) = train(results, "attention", "3")
    assert len(measured) == 2  # the first epoch is not trained again
    assert without_times(resumed) == without_times(whole)


def test_what_is_no_number_leaves_the_results_file_as_it_was(results):
    run = {"source": "german", "target": "english", "model": "plain", "seed": 0, "recipe": {}}
    train_multi30k.write(results, {**run, "bleu": 30.0})
    before = results.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        train_multi30k.write(results, {**run, "bleu": float("nan")})
    assert results.read_bytes() == before
    assert [path.name for path in results.parent.iterdir()] == ["multi30k.json"]


def test_a_model_or_language_that_is_not_there_is_named_with_what_is(results, capsys):
    for arguments, words in (
        (["transformer", "0"], ["'transformer'", "attention", "plain"]),
        (["plain", "0", "--source", "klingon"], ["'klingon'", "german", "french"]),
    ):
        with pytest.raises(SystemExit):
            train(results, *arguments)
        told = capsys.readouterr().err
        assert [word for word in words if word not in told] == []
