"""The recipes: equal sizes, the validation set that decides, and how pairs as text are trained on."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_recipe import SMALL

from seq2seq_utils.batching import PairLoader, encode_pairs, make_loader
from seq2seq_utils.experiments.experiment import is_defined_by
from seq2seq_utils.grammar import generate_splits
from seq2seq_utils.models import Seq2Seq, count_parameters
from seq2seq_utils.pairs import Splits
from seq2seq_utils.text import UNK_ID, SubwordTokenizer, TextCodec, Vocabulary, WordTokenizer
from seq2seq_utils.training import (
    Checkpoint,
    Settings,
    WeightAveraging,
    evaluate_loss,
    fit,
    recipes,
    seed_everything,
    train_pairs,
)

RESULTS = Path(__file__).resolve().parent.parent / "notebooks" / "results"


@pytest.fixture(scope="module")
def splits() -> Splits:
    return generate_splits("french", 120, 20, 40, (3, 6))


@pytest.fixture(scope="module")
def codecs(splits) -> tuple[TextCodec, TextCodec]:
    return recipes.codecs(splits.train, SMALL)


def test_all_models_of_a_recipe_have_equally_many_parameters():
    wrong = []
    for recipe, pieces in ((recipes.QUICK, 1950), (recipes.QUICK, 600), (recipes.FULL, 3900)):
        codec = TextCodec(WordTokenizer(), Vocabulary(f"v{number}" for number in range(pieces)))
        sizes = [count_parameters(recipes.make_model(kind, recipe, codec, codec)) for kind in recipes.MODELS]
        if not max(sizes) < 1.01 * min(sizes) or max(sizes) > 10_000_000:
            wrong.append((recipe, pieces, sizes))
    assert wrong == []


def test_a_model_has_the_sizes_of_the_recipe_and_its_dropout(codecs):
    attention, plain, transformer = (recipes.make_model(kind, SMALL, *codecs) for kind in recipes.MODELS)
    assert attention.decoder.context.v_a.shape == (SMALL.attention_size,)
    assert attention.decoder.rnn.hidden_size == SMALL.hidden_size
    for model in (attention, plain):
        assert model.encoder.embedding.weight.shape == (len(codecs[0].vocabulary), SMALL.embedding_size)
    for model in (attention, plain, transformer):
        assert model.decoder.vocabulary_size == len(codecs[1].vocabulary)
        rates = {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
        assert rates == {SMALL.dropout}
    larger = replace(SMALL, hidden_size=24, encoder_size=10, encoder_layers=2, tied=True)
    deep = recipes.make_model("attention", larger, *codecs)
    assert (deep.encoder.rnn.num_layers, deep.encoder.rnn.hidden_size) == (2, 10)
    assert deep.decoder.W_o.weight is deep.decoder.embedding.weight
    like_it = recipes.make_model("plain", larger, *codecs)
    assert count_parameters(like_it) == pytest.approx(count_parameters(deep), rel=0.05)
    gates = plain.decoder.rnn.bias_ih_l0.detach().chunk(3)
    assert gates[1].mean() > 1.5 > abs(gates[0].mean()) + 1, "the plain model's update gate starts open"
    with pytest.raises(ValueError, match="kind: 'both' is not one of attention, plain, transformer"):
        recipes.make_model("both", SMALL, *codecs)


def test_the_transformer_of_a_recipe_is_as_large_as_its_attention_model_and_tied_where_that_is(codecs):
    for recipe in (SMALL, replace(SMALL, hidden_size=24, encoder_layers=2, dropout=0.25, tied=True)):
        model = recipes.make_model("transformer", recipe, *codecs)
        wanted = count_parameters(recipes.make_model("attention", recipe, *codecs))
        assert wanted <= count_parameters(model) < 1.02 * wanted
        assert (model.decoder.output.weight is model.decoder.embedding.weight) == recipe.tied
        for side in (model.encoder, model.decoder):
            assert len(side.layers) == recipes.LAYERS
            assert all(layer.self_attention.heads == recipes.HEADS for layer in side.layers)
            assert side.dropout.p == side.layers[0].dropout.p == recipe.dropout


def test_pieces_are_learned_from_the_training_pairs_alone_as_many_as_the_recipe_has(
    splits, codecs, monkeypatch
):
    source, target = codecs
    pieces = {piece for pair in splits.train for piece in source.tokenizer.tokenize(pair.source)}
    assert set(source.vocabulary.tokens[4:]) == pieces
    pieces = {piece for pair in splits.train for piece in target.tokenizer.tokenize(pair.target)}
    assert set(target.vocabulary.tokens[4:]) == pieces
    sizes, train = [], SubwordTokenizer.train
    monkeypatch.setattr(
        SubwordTokenizer,
        "train",
        lambda texts, size, at_most: sizes.append(size) or train(texts, size, at_most),
    )
    again, _ = recipes.codecs(splits.train, SMALL)
    assert again.vocabulary.tokens == source.vocabulary.tokens
    assert sizes == [SMALL.pieces] * 2


def test_a_recipe_s_settings_are_those_that_fit_gets(splits, codecs, monkeypatch):
    given = []
    monkeypatch.setattr(
        recipes, "fit", lambda model, loader, settings, **others: given.append((loader, settings))
    )
    recipe = replace(SMALL, word_dropout=0.2)
    recipes.train_by_recipe(recipes.make_model("plain", recipe, *codecs), splits, recipe, codecs, seed=5)
    ((loader, settings),) = given
    assert settings == Settings(epochs=2, learning_rate=5e-3, warmup=2, label_smoothing=0.1, word_dropout=0.2)
    assert (loader.batch_sampler.batch_size, loader.batch_sampler.seed) == (32, 5)


def test_training_keeps_the_epoch_with_the_smallest_validation_loss(splits, codecs, monkeypatch, tmp_path):
    losses, weights, sizes = iter([9.0, 3.0, 2.0, 2.5, 2.2, 2.4, 2.3, 1.0]), [], []

    def scripted(model: Seq2Seq, batches) -> float:
        weights.append(model.decoder.W_o.weight.detach().clone())
        sizes.append(sum(len(batch) for batch in batches))
        return next(losses)

    monkeypatch.setattr(recipes, "evaluate_loss", scripted)
    checkpoint = Checkpoint(tmp_path / "run.pt")
    for _ in range(2):  # the second time it goes on from its checkpoint, where nothing is left to do
        model = recipes.make_model("attention", SMALL, *codecs)
        history = recipes.train_by_recipe(
            model, splits, replace(SMALL, epochs=7), codecs, checkpoint=checkpoint
        )
        measured = [record["validation_loss"] for record in history.records]
        assert measured == [9.0, 3.0, 2.0, 2.5, 2.2, 2.4, 2.3]
        assert torch.equal(model.decoder.W_o.weight, weights[2])
    assert sizes == [len(splits.validation)] * 7


def test_a_recipe_says_when_to_stop_and_with_which_weights_to_end(splits, codecs, monkeypatch):
    monkeypatch.setattr(recipes, "evaluate_loss", lambda model, batches: 1.0)  # never better than before
    epochs = {}
    for name, changes in (("patience", {"patience": 1}), ("averaged", {"averaged_epochs": 2})):
        recipe = replace(SMALL, epochs=4, **changes)
        model = recipes.make_model("attention", recipe, *codecs)
        seed_everything(0)
        history = recipes.train_by_recipe(model, splits, recipe, codecs)
        epochs[name] = history.records[-1]["epoch"]
    assert epochs == {"patience": 2, "averaged": 4}
    assert replace(SMALL, averaged_epochs=2).end == WeightAveraging(2)


def test_the_validation_loss_is_that_of_the_validation_pairs(splits, codecs):
    model = recipes.make_model("attention", SMALL, *codecs)
    history = recipes.train_by_recipe(model, splits, SMALL, codecs)
    expected = evaluate_loss(model, make_loader(encode_pairs(splits.validation, *codecs)))
    assert min(record["validation_loss"] for record in history.records) == pytest.approx(expected)


def test_pairs_as_text_are_trained_on_as_by_fit(splits, codecs, monkeypatch):
    settings, measured = Settings(epochs=2), []

    def measure(model: Seq2Seq) -> dict[str, float]:
        measured.append(model)
        return {"calls": len(measured)}

    seed_everything(1)
    model = recipes.make_model("plain", SMALL, *codecs)
    seed_everything(2)
    history = train_pairs(
        model, splits.train, codecs, settings, batch_size=20, pool=3, seed=4, measure=measure
    )
    seed_everything(1)
    other = recipes.make_model("plain", SMALL, *codecs)
    seed_everything(2)
    fit(other, make_loader(encode_pairs(splits.train, *codecs), 20, 3, 4), settings)
    assert all(map(torch.equal, model.parameters(), other.parameters()))
    assert [record["calls"] for record in history.records] == [1, 2, 3]
    assert [record["step"] for record in history.records] == [0, 6, 12]

    calls = []

    def watched(model: Seq2Seq, loader: PairLoader, settings: Settings, **others) -> None:
        calls.append((model.device.type, loader.batch_sampler, others))

    monkeypatch.setattr(recipes, "pick_device", lambda name: torch.device(name or "meta"))
    monkeypatch.setattr(recipes, "fit", watched)
    monkeypatch.setattr(model, "cpu", lambda: calls.append("cpu"))
    train_pairs(model, splits.train, codecs, settings, progress="the plain model")
    (device, sampler, others), last = calls
    assert (device, last) == ("meta", "cpu"), "trained where the device says, and on the CPU afterwards"
    assert others.pop("measure")(model) == {}, "nothing is measured where there is nothing to measure"
    assert others == {"after_epoch": (), "checkpoint": None, "progress": "the plain model"}
    default = make_loader([([4], [4])]).batch_sampler
    settings_of_order = [(order.batch_size, order.pool, order.seed) for order in (sampler, default)]
    assert settings_of_order[0] == settings_of_order[1], "not given, they are those of a loader"


def test_words_seen_often_enough_can_take_the_place_of_pieces(splits):
    source, target = recipes.codecs(splits.train, replace(SMALL, word_count=2))
    for codec, texts in (
        (source, [pair.source for pair in splits.train]),
        (target, [pair.target for pair in splits.train]),
    ):
        counts = Counter(word for text in texts for word in WordTokenizer().tokenize(text))
        assert set(codec.vocabulary.tokens[4:]) == {word for word, count in counts.items() if count >= 2}
        assert len(codec.vocabulary) < len(counts)


def test_the_stored_runs_are_of_the_full_recipe():
    stored = json.loads((RESULTS / "multi30k.json").read_text(encoding="utf-8"))
    bare = replace(recipes.FULL, dropout=0.0, label_smoothing=0.0)
    kinds = [is_defined_by(recipe, entry["recipe"]) for entry in stored for recipe in (recipes.FULL, bare)]
    assert sum(kinds) == len(stored)
    assert sum(kinds[::2]) >= 6


def test_pieces_that_are_cut_anew_all_have_an_id_and_are_what_is_trained_on(monkeypatch):
    splits = generate_splits("french", train=300, validation=20, test=20, lengths=(3, 5), seed=0)
    recipe = replace(SMALL, piece_dropout=0.3, epochs=1)
    pair = recipes.codecs(splits.train, recipe)
    assert [len(codec.vocabulary) for codec in pair] == [recipe.pieces - 3 + 4] * 2  # sentencepiece has three
    loaders = []
    monkeypatch.setattr(recipes, "fit", lambda model, loader, *_, **__: loaders.append(loader))
    for wanted in (recipe, SMALL):
        recipes.train_by_recipe(recipes.make_model("plain", wanted, *pair), splits, wanted, pair, seed=3)
    cut, usual = ([batch.source for batch in loader] for loader in loaders)
    assert sum((ids > 0).sum() for ids in cut) > 1.2 * sum((ids > 0).sum() for ids in usual)
    assert not any((ids == UNK_ID).any() for ids in cut)
    assert loaders[0].dataset.seed == 3
