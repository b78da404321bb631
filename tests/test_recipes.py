"""The recipes: equal sizes, the validation set that decides, and the script of the full budget."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from seq2seq_utils import multi30k, recipes
from seq2seq_utils.corpus import Splits, generate_splits
from seq2seq_utils.models import count_parameters
from seq2seq_utils.subwords import SubwordTokenizer
from seq2seq_utils.text import TextCodec, Vocabulary, WordTokenizer

TOOLS = Path(__file__).resolve().parent.parent / "tools"
SMALL = recipes.Recipe(200, 12, 16, 12, 0.1, 0.1, 32, 2, 5e-3, 2)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return generate_splits("french", 120, 20, 40, (3, 6))


@pytest.mark.parametrize(
    ("recipe", "pieces"), [(recipes.QUICK, 1950), (recipes.QUICK, 600), (recipes.FULL, 3900)]
)
def test_both_models_of_a_recipe_have_equally_many_parameters(recipe, pieces):
    codec = TextCodec(WordTokenizer(), Vocabulary(f"v{number}" for number in range(pieces)))
    sizes = [count_parameters(recipes.make_model(kind, recipe, codec, codec)) for kind in recipes.MODELS]
    assert max(sizes) < 1.01 * min(sizes)
    assert max(sizes) <= 10_000_000


def test_an_unknown_model_is_named(splits):
    with pytest.raises(ValueError, match="kind: 'transformer' is not one of attention, plain"):
        recipes.make_model("transformer", SMALL, *recipes.codecs(splits.train, SMALL))


def test_pieces_are_learned_from_the_training_pairs_alone(splits):
    source, target = recipes.codecs(splits.train, SMALL)
    again, _ = recipes.codecs(generate_splits("french", 120, 20, 40, (3, 6)).train, SMALL)
    assert source.vocabulary.tokens == again.vocabulary.tokens
    assert source.vocabulary.tokens != target.vocabulary.tokens
    found = {piece for pair in splits.train for piece in source.tokenizer.tokenize(pair.source)}
    assert set(source.vocabulary.tokens[4:]) == found


def test_both_languages_have_as_many_pieces_as_the_recipe_says(splits, monkeypatch):
    sizes, train = [], SubwordTokenizer.train
    monkeypatch.setattr(
        SubwordTokenizer, "train", lambda texts, size: sizes.append(size) or train(texts, size)
    )
    recipes.codecs(splits.train, SMALL)
    assert sizes == [SMALL.pieces] * 2


def test_training_keeps_the_epoch_with_the_smallest_validation_loss(splits, monkeypatch):
    losses, weights, sizes = iter([3.0, 2.0, 2.5, 2.2, 2.4, 2.3, 1.0]), [], []

    def scripted(model, batches):
        weights.append(model.decoder.W_o.weight.detach().clone())
        sizes.append(sum(len(batch) for batch in batches))
        return next(losses)

    monkeypatch.setattr(recipes.training, "evaluate_loss", scripted)
    source, target = recipes.codecs(splits.train, SMALL)
    model = recipes.make_model("attention", SMALL, source, target)
    history = recipes.train(model, splits, replace(SMALL, epochs=7), source, target)
    assert [record["validation_loss"] for record in history.records] == [3.0, 2.0, 2.5, 2.2, 2.4, 2.3]
    assert torch.equal(model.decoder.W_o.weight, weights[1])
    assert set(sizes) == {len(splits.validation)}


# --- The script -------------------------------------------------------------------------------------


@pytest.fixture
def script(monkeypatch, splits):
    monkeypatch.syspath_prepend(str(TOOLS))
    sys.modules.pop("train_multi30k", None)
    import train_multi30k

    monkeypatch.setattr(multi30k, "load", lambda source, target: splits)
    monkeypatch.setattr(recipes, "FULL", SMALL)
    monkeypatch.setattr(train_multi30k, "BEAMS", (1, 2))
    monkeypatch.setattr(train_multi30k, "BUCKETS", [(3, 4), (5, 6)])
    return train_multi30k


def test_the_script_writes_one_entry_a_run_and_no_sentence(script, splits, tmp_path, monkeypatch):
    results = tmp_path / "results" / "multi30k.json"
    for run in (["plain", "1"], ["attention", "0"], ["attention", "0"]):
        folders = ["--results", str(results), "--checkpoints", str(tmp_path / "checkpoints")]
        monkeypatch.setattr(sys, "argv", ["train_multi30k.py", *run, *folders])
        script.main()
    written = results.read_text(encoding="utf-8")
    entries = json.loads(written)
    assert [(entry["model"], entry["seed"]) for entry in entries] == [("attention", 0), ("plain", 1)]
    assert not any(pair.source in written or pair.target in written for split in splits for pair in split)
    for entry in entries:
        assert [(one["beam"], one["length_penalty"]) for one in entry["beams"]] == [
            (1, 1.0),
            (2, 1.0),
            (1, 0.0),
            (2, 0.0),
        ]
        assert entry["parameters"] > 0
        assert len(entry["epochs"]) == 2
        assert all("case:lc" in one["signature"] for one in entry["beams"])
        assert [bucket["sentences"] for bucket in entry["by_length"]] == [
            sum(low <= len(pair.source.split()) <= high for pair in splits.test)
            for low, high in script.BUCKETS
        ]
        assert {"torch", "sacrebleu", "sentencepiece", "python"} <= set(entry["versions"])
        assert {"device", "seconds", "threads", "recipe"} <= set(entry)
    assert [path.name for path in results.parent.iterdir()] == ["multi30k.json"]


def test_a_bare_run_stands_beside_the_regularised_one(script, tmp_path, monkeypatch):
    trained = []
    wanted = recipes.train
    monkeypatch.setattr(recipes, "train", lambda *given: trained.append(given) or wanted(*given))
    results, checkpoints = tmp_path / "multi30k.json", tmp_path / "checkpoints"
    for bare in ([], ["--bare"], ["--bare"]):
        folders = ["--results", str(results), "--checkpoints", str(checkpoints)]
        monkeypatch.setattr(sys, "argv", ["train_multi30k.py", "attention", "0", *bare, *folders])
        script.main()
    entries = json.loads(results.read_text(encoding="utf-8"))
    settings = [(one["recipe"]["dropout"], one["recipe"]["label_smoothing"]) for one in entries]
    assert sorted(settings) == [(0.0, 0.0), (SMALL.dropout, SMALL.label_smoothing)]
    assert len({path.name for path in checkpoints.iterdir()}) == 2
    probabilities = [
        {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
        for model, *_ in trained
    ]
    assert probabilities == [{SMALL.dropout}, {0.0}, {0.0}]
    assert [recipe.label_smoothing for _, _, recipe, *_ in trained] == [SMALL.label_smoothing, 0.0, 0.0]
