"""The experiments of notebook 6, with a small recipe on a small corpus; and what guards the test sets."""

import json
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import experiments as tool
import pytest
import score_captions
import torch
from small_recipe import SMALL

from seq2seq_utils import captions as data
from seq2seq_utils.drawing.heatmaps import attention_maps
from seq2seq_utils.evaluation.metrics import bleu_difference_interval, counted_bleu
from seq2seq_utils.experiments import (
    caption_results,
    caption_scores,
    captions,
    captions_transformer,
    captions_words,
    read,
)
from seq2seq_utils.experiments.captions import Arm
from seq2seq_utils.experiments.experiment import Trained
from seq2seq_utils.grammar import generate, generate_splits
from seq2seq_utils.models import count_parameters
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.text import TextCodec, Vocabulary, WordTokenizer, count_words
from seq2seq_utils.training import History, recipes
from seq2seq_utils.translation import Translation

RECIPE = replace(SMALL, epochs=3, averaged_epochs=2, word_dropout=0.1)
RESULTS = Path(__file__).parents[1] / "notebooks" / "results"
BUCKETS = [(3, 4), (5, 5)]  # the last goes on to the longest sentence
MOST_PARAMETERS = 10_000_000


@pytest.fixture(scope="module")
def splits() -> Splits:
    return generate_splits("french", 120, 20, 40, (3, 6))


@pytest.fixture(autouse=True)
def small_corpus(monkeypatch, splits) -> None:
    """A project that has this corpus, and test sets of 30 pairs."""
    monkeypatch.setattr(data, "load", lambda source, target: splits)
    monkeypatch.setattr(
        data, "load_test", lambda year, source, target: generate("french", 30, (3, 6), seed=year)
    )
    monkeypatch.setattr(data, "LENGTH_BUCKETS", BUCKETS)


def found(*texts: str, reached_end: bool = True) -> list[Translation]:
    return [Translation(text, (), reached_end) for text in texts]


# ----------------------------------------------------------------------------------- what is measured
def test_a_trained_arm_is_measured_on_the_validation_pairs_and_nothing_else(splits, monkeypatch):
    monkeypatch.setattr(captions, "corpus", lambda *languages: splits._replace(test=None))
    arm = Arm(recipe=RECIPE)
    trained = captions.train(arm, 0)
    measured = captions.measure(trained, arm)
    searches = {(search["beam"], search["length_penalty"]): search for search in measured["searches"]}
    assert set(searches) == {
        (beam, penalty) for beam in (1, 2, 3, 5, 10) for penalty in (0.0, 1.0) if (beam, penalty) != (1, 0.0)
    }
    assert measured["validation_bleu"] == searches[captions.BEAM, captions.LENGTH_PENALTY]["bleu"]
    assert measured["validation_bleu_greedy"] == searches[1, 1.0]["bleu"]
    assert all("case:lc" in search["signature"] for search in searches.values())
    lengths = [count_words(pair.source) for pair in splits.validation]
    groups = [(group["longest"], group["sentences"]) for group in measured["by_length"]]
    assert groups == [(4, sum(n <= 4 for n in lengths)), (max(lengths), sum(n >= 5 for n in lengths))]
    # The model has the mean of the weights; the records of the epochs are of the weights before.
    curve = [record["validation_loss"] for record in trained.history.records]
    assert measured["validation_loss"] not in curve
    assert measured["validation_loss"] < curve[0]
    json.dumps(measured, allow_nan=False)


def test_pieces_and_words_are_compared_by_one_recipe_and_the_unknown_word_is_counted_in_both_ways(
    monkeypatch,
):
    pieces, words = captions_words.COMPARED.arms.values()
    assert words == replace(pieces, recipe=replace(recipes.QUICK, word_count=4))
    assert set(map(tuple, captions_words.COMPARED.seeds.values())) == {(0, 1, 2)}

    train = [SentencePair("x", f"a man rides {seen}") for seen in ["a bike"] * 4 + ["a horse"]]
    validation = [SentencePair("x", "a man rides a horse"), SentencePair("x", "a man rides a bike")]
    monkeypatch.setattr(captions_words, "corpus", lambda *_: Splits(train, validation, []))
    texts = ("a man rides a <unk>", "a man rides a bike")
    monkeypatch.setattr(captions_words, "translated", lambda *_: found(*texts))
    measured = captions_words.measure(Trained(None, None, None, None), words)
    assert measured["with_unknown"] == 1
    assert measured["bleu_with_signs"] < measured["bleu"] < 100  # three words too many, or one
    shares = {group["seen"]: (group["words"], group["found"]) for group in measured["words_found"]}
    assert shares == {"1 to 3 times": (1, 0), "4 to 10 times": (9, 100)}
    json.dumps(measured, allow_nan=False)


def test_scores_count_small_letters_unfinished_sentences_and_words():
    pairs = [SentencePair("x", f"A man {word} his red bike .") for word in ("rides", "paints", "sells")]
    same = captions.scores(found(*(pair.target.lower() for pair in pairs)), pairs)
    assert (same["bleu"], same["bleu_on_words"], same["length"], same["unfinished"]) == (100, 100, 1, 0)
    half = captions.scores(found(*["a man rides"] * 3, reached_end=False), pairs)
    assert half["bleu"] < 50
    assert (half["length"], half["unfinished"]) == (0.5, 3)
    assert half["low"] <= half["bleu"] <= half["high"]


def test_an_unknown_word_counts_as_one_word():
    assert captions.texts_of(found("a <unk> sleeps .")) == ["a unk sleeps ."]


# ------------------------------------------------------------------------------------------- the arms
def test_what_is_compared_differs_by_what_its_name_says_and_has_three_seeds_or_one():
    arms, recipe = captions.FINAL.arms, captions.CHOSEN
    assert recipe in captions.TRIED.values()
    assert recipe == recipes.FULL
    assert len(captions.TRIED) <= 5
    assert arms["attention"] == Arm(recipe=recipe)
    assert arms["plain"] == Arm(recipe=recipe, model="plain")
    assert arms["words"].recipe == replace(recipe, word_count=4)
    assert arms["English to French"] == Arm(recipe=recipe, source="english", target="french")
    for name, part in captions.LACKING.items():
        lacking, longer = arms[name].recipe, captions.LENGTHS.arms[name].recipe
        length = {"epochs": captions.EPOCHS[name], "averaged_epochs": lacking.averaged_epochs}
        assert lacking == replace(recipe, **part, **length)
        assert lacking != recipe
        assert lacking.averaged_epochs / lacking.epochs == pytest.approx(3 / 18, abs=0.1)
        assert longer == replace(recipe, **part, averaged_epochs=0), "its best epoch is looked for"
    seeds = {arm: len(seeds) for arm, seeds in captions.FINAL.seeds.items()}
    assert seeds == {arm: 3 if arm in ("attention", "plain") else 1 for arm in arms}
    searched = {seed for seeds in captions.SEARCH.seeds.values() for seed in seeds}
    assert not searched & {seed for seeds in captions.FINAL.seeds.values() for seed in seeds}


def _losses(arms: list[str]) -> list[float]:
    """The stored validation loss of each arm of the search."""
    runs = read(RESULTS / f"{captions_transformer.SEARCH.name}.json")
    return [runs.values(arm, "validation_loss")[0] for arm in arms]


def test_the_transformer_has_the_chosen_recipe_and_each_model_four_tries_of_its_rate():
    final, quick = captions_transformer.FINAL, captions_transformer.QUICK_COMPARED
    tried = captions_transformer.SEARCH.arms
    assert final.arms.keys() == {"transformer"}
    assert quick.arms.keys() == set(recipes.MODELS)
    for name, arm, recipe in (
        ("transformer", final.arms["transformer"], captions.CHOSEN),
        *((f"quick {model}", arm, recipes.QUICK) for model, arm in quick.arms.items()),
    ):
        assert arm == Arm(
            recipe=replace(recipe, learning_rate=arm.recipe.learning_rate), model=name.split()[-1]
        )
        rates = [
            other.recipe.learning_rate for key, other in tried.items() if key.startswith(f"{name}, rate")
        ]
        assert len(rates) == 4
        assert all(higher == 2 * lower for higher, lower in pairwise(rates))
        assert tried[f"{name}, rate {arm.recipe.learning_rate:g}"] == arm
        losses = dict(zip(rates, _losses([f"{name}, rate {rate:g}" for rate in rates]), strict=True))
        assert min(losses, key=losses.__getitem__) == arm.recipe.learning_rate
        assert arm.recipe.learning_rate not in (rates[0], rates[-1]), "there is a worse one on either side"
    assert len(tried) == 4 * 4
    for experiment in (final, quick):
        assert {tuple(seeds) for seeds in experiment.seeds.values()} == {(0, 1, 2)}
    assert {seed for seeds in captions_transformer.SEARCH.seeds.values() for seed in seeds} == {100}


def test_no_model_has_more_than_ten_million_parameters_and_others_have_as_many_as_attention():
    sizes = {}
    for experiment in (captions.SEARCH, captions.FINAL, captions_transformer.FINAL):
        for name, arm in experiment.arms.items():
            tokens = 6_300 if arm.recipe.word_count else arm.recipe.pieces + 4  # and fewer are used
            codec = TextCodec(WordTokenizer(), Vocabulary(f"v{number}" for number in range(tokens)))
            with torch.device("meta"):
                sizes[name] = count_parameters(recipes.make_model(arm.model, arm.recipe, codec, codec))
    assert max(sizes.values()) <= MOST_PARAMETERS, sizes
    assert abs(sizes["plain"] / sizes["attention"] - 1) < 0.01
    assert abs(sizes["transformer"] / sizes["attention"] - 1) < 0.01


# ---------------------------------------------------------------------------------------- test scores
@pytest.fixture
def project(monkeypatch, tmp_path) -> list[str]:
    """Small runs of the final experiment, stored with their checkpoints; the tool's arguments for these."""
    arms = {
        "attention": Arm(recipe=RECIPE),
        "plain": Arm(recipe=RECIPE, model="plain"),
        "words": Arm(recipe=replace(RECIPE, word_count=2)),
    }
    seeds = {"attention": (0, 1), "plain": (0,), "words": (0,)}
    final = replace(captions.FINAL, arms=arms, seeds=seeds)
    monkeypatch.setattr(captions, "FINAL", final)
    monkeypatch.setattr(captions, "BEAMS", (1, captions.BEAM))
    monkeypatch.setattr(captions, "SEARCH_IS_CLOSED", True)
    monkeypatch.setattr(caption_scores, "SENTENCES", ("The goat helps the knight.",))
    monkeypatch.setattr(score_captions, "git", lambda *arguments: "" if "status" in arguments else "c0ffee")
    for arm, seed in final.runs():
        file = tool.checkpoint_file(tmp_path / "checkpoints", final, arm, seed)
        entry = final.perform(arm, seed, tool.Checkpoint(file))
        tool.stored.store(tmp_path / f"{final.name}.json", final, entry)
    return ["--threads", "1", "--results", str(tmp_path), "--checkpoints", str(tmp_path / "checkpoints")]


def test_all_stored_runs_and_the_ensemble_are_scored_once_from_their_checkpoints(
    project, tmp_path, monkeypatch, capsys
):
    assert score_captions.main(project) == 0
    file = tmp_path / "captions_test.json"
    contents, results = json.loads(file.read_text(encoding="utf-8")), read(file)
    assert {(run["commit"], run["threads"]) for run in results.runs} == {("c0ffee", 1)}
    places = [(run["arm"], run["seed"]) for run in results.runs]
    assert places == [("attention", 0), ("plain", 0), ("words", 0), ("attention", 1), ("ensemble", 0)]
    tests = results.table("tests")
    assert len(tests) == 5 * 2 * 2
    assert set(zip(tests["year"], tests["search"], strict=True)) == {
        (year, search) for year in (2016, 2017) for search in ("greedy", "beam")
    }
    assert len(results.table("by_length")) == 5 * 2 * len(BUCKETS)
    (ensemble,), attention = results.of("ensemble"), results.of("attention")
    assert ensemble["parameters"] == sum(run["parameters"] for run in attention)

    # From the checkpoint comes the model that was trained.
    trained = captions.train(captions.FINAL.arms["attention"], 1)
    pairs = data.load_test(2017, "german", "english")
    again = captions.scores(captions.translated(trained, pairs, captions.BEAM, 1.0), pairs)
    row = tests.query("arm == 'attention' and seed == 1 and year == 2017 and search == 'beam'").iloc[0]
    assert (row["bleu"], row["low"], row["length"]) == (again["bleu"], again["low"], again["length"])

    compared = {(tuple(d["higher"]), tuple(d["lower"])) for d in contents["differences"]}
    first, second, together = ("attention", 0), ("attention", 1), ("ensemble", 0)
    assert compared == {(together, first), (together, second), (first, ("plain", 0))}
    assert all(d["low"] <= d["bleu"] <= d["high"] for d in contents["differences"])
    (drawn,) = caption_results.read_maps(file)
    assert torch.tensor(drawn.weights).shape == (len(drawn.target), len(drawn.source))
    assert torch.tensor(drawn.weights).sum(dim=1).sub(1).abs().max() < 0.01
    attention_maps([drawn], ("English", "French"))

    written = file.read_text(encoding="utf-8")
    assert not any(pair.source in written or pair.target in written for pair in pairs)
    before = file.read_bytes()
    assert score_captions.main(project) == 1
    assert "looked at once" in capsys.readouterr().out
    assert file.read_bytes() == before


def test_what_is_stored_later_is_scored_later_and_what_has_scores_keeps_them(project, tmp_path, monkeypatch):
    assert score_captions.main(project) == 0
    file, final = tmp_path / "captions_test.json", tmp_path / f"{captions.FINAL.name}.json"
    at_once, all_runs = json.loads(file.read_text(encoding="utf-8")), json.loads(final.read_text("utf-8"))
    file.unlink()

    def of(*places: tuple[str, int]) -> None:
        runs = [run for run in all_runs["runs"] if (run["arm"], run["seed"]) in places]
        final.write_text(json.dumps(all_runs | {"runs": runs}), encoding="utf-8")

    of(("attention", 0), ("words", 0))
    assert score_captions.main(project) == 0
    first = json.loads(file.read_text(encoding="utf-8"))
    assert [run["arm"] for run in first["runs"]] == ["attention", "words"], "no ensemble of one"
    assert first["differences"] == []
    assert score_captions.main(project) == 1, "both have their scores"
    # A run that has its scores needs no checkpoint, until its ensemble can be made.
    checkpoints = tmp_path / "checkpoints" / final.stem
    (words,) = checkpoints.glob("words*")
    words.unlink()
    of(("attention", 0), ("words", 0), ("plain", 0))
    monkeypatch.setattr(score_captions, "git", lambda *arguments: "" if "status" in arguments else "decaf")
    assert score_captions.main(project) == 0
    of(*((run["arm"], run["seed"]) for run in all_runs["runs"]))
    assert score_captions.main(project) == 0
    last = json.loads(file.read_text(encoding="utf-8"))
    assert [run["commit"] for run in last["runs"]] == ["c0ffee"] * 2 + ["decaf"] * 3

    def known(contents: dict, name: str, *key: str) -> list:
        return sorted(([row | {"commit": ""} for row in contents[name]]), key=lambda r: [r[k] for k in key])

    assert known(last, "runs", "arm", "seed") == known(at_once, "runs", "arm", "seed")
    keys = ("higher", "lower", "year")
    assert known(last, "differences", *keys) == known(at_once, "differences", *keys)
    assert last["maps"] == at_once["maps"]


def test_the_transformer_goes_through_the_same_door_and_is_compared_with_attention(
    project, tmp_path, monkeypatch, capsys
):
    final = replace(
        captions_transformer.FINAL,
        arms={"transformer": Arm(recipe=RECIPE, model="transformer")},
        seeds={"transformer": (0, 1)},
    )
    monkeypatch.setattr(captions_transformer, "FINAL", final)
    for arm, seed in final.runs():
        file = tool.checkpoint_file(tmp_path / "checkpoints", final, arm, seed)
        tool.stored.store(
            tmp_path / f"{final.name}.json", final, final.perform(arm, seed, tool.Checkpoint(file))
        )
    command = ["captions_transformer", *project]
    monkeypatch.setattr(captions_transformer, "SEARCH_IS_CLOSED", False)
    assert score_captions.main(command) == 1
    assert "search for a recipe is open" in capsys.readouterr().out
    monkeypatch.setattr(captions_transformer, "SEARCH_IS_CLOSED", True)
    with pytest.raises(FileNotFoundError, match=r"captions_test\.json"):
        score_captions.main(command)  # there is nothing yet to compare with

    assert score_captions.main(project) == 0
    of_attention = (tmp_path / "captions_test.json").read_bytes()
    assert score_captions.main(command) == 0
    assert (tmp_path / "captions_test.json").read_bytes() == of_attention
    file = tmp_path / "captions_transformer_test.json"
    contents = json.loads(file.read_text(encoding="utf-8"))
    assert (contents["experiment"], contents["basis"]) == ("captions_transformer_test", final.basis)
    places = [(run["arm"], run["seed"]) for run in contents["runs"]]
    assert places == [("transformer", 0), ("transformer", 1), ("ensemble", 0)]
    compared = {(tuple(d["higher"]), tuple(d["lower"])) for d in contents["differences"]}
    first, second, together = ("transformer", 0), ("transformer", 1), ("ensemble", 0)
    assert compared == {
        (together, first),
        (together, second),
        (first, ("attention", 0)),
        (second, ("attention", 1)),
    }
    of_both = [
        *contents["runs"],
        *(run for run in json.loads(of_attention)["runs"] if run["arm"] != "ensemble"),
    ]
    bleu = {
        (run["arm"], run["seed"], test["year"]): test["bleu"]
        for run in of_both
        for test in run["measured"]["tests"]
        if test["search"] == "beam"
    }
    for difference in contents["differences"]:
        higher, lower = (bleu[*difference[side], difference["year"]] for side in ("higher", "lower"))
        assert difference["bleu"] == pytest.approx(higher - lower, abs=0.02)
    assert caption_results.read_maps(file)[0].source
    before = file.read_bytes()
    assert score_captions.main(command) == 1
    assert "looked at once" in capsys.readouterr().out
    assert file.read_bytes() == before


def test_nothing_is_scored_while_the_search_is_open_or_code_is_not_committed(tmp_path, monkeypatch, capsys):
    for name in ("load", "load_test"):
        monkeypatch.setattr(data, name, None)
    monkeypatch.setattr(score_captions, "git", lambda *arguments: " M seq2seq_utils/captions.py")
    for is_closed in (False, True):
        monkeypatch.setattr(captions, "SEARCH_IS_CLOSED", is_closed)
        assert score_captions.main(["--results", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "search for a recipe is open" in told
    assert "not committed" in told
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_lacking_is_named_before_anything_is_scored(project, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "load_test", None)
    folder = tmp_path / "checkpoints" / captions.FINAL.name
    for file in folder.glob("plain*"):
        file.unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no .*plain, seed 0"):
        score_captions.main(project)
    assert not (tmp_path / "captions_test.json").exists()


def untrained(arm: str, splits: Splits) -> caption_scores.Scored:
    definition = Arm(recipe=RECIPE)
    codecs = recipes.codecs(splits.train, RECIPE)
    model = recipes.make_model("attention", RECIPE, *codecs)
    return caption_scores.Scored(arm, 0, definition, Trained(model, *codecs, History()))


def test_each_test_set_is_translated_by_both_searches_and_compared_with_its_own_references(
    splits, monkeypatch
):
    asked = []

    def perfect(trained: Trained, pairs: list[SentencePair], beam: int, length_penalty: float):
        asked.append((beam, length_penalty))
        return found(*(pair.target for pair in pairs[: 30 - beam]), *["no"] * beam)

    monkeypatch.setattr(caption_scores, "translated", perfect)
    run = caption_scores.score(untrained("attention", splits))
    assert asked == [(1, 1.0), (captions.BEAM, captions.LENGTH_PENALTY)] * 2
    bleu = {(test["year"], test["search"]): test["bleu"] for test in run["measured"]["tests"]}
    for year in (2016, 2017):
        assert bleu[year, "greedy"] > 93, "one translation of 30 is wrong"
        assert 70 < bleu[year, "beam"] < 90, "five are"
        counts = caption_scores.unpacked(run["counts"][str(year)])
        assert caption_scores.packed(counts) == run["counts"][str(year)]
        assert counted_bleu(counts) == pytest.approx(bleu[year, "beam"], abs=0.005)


def test_differences_are_those_of_the_texts_whose_counts_were_kept(splits):
    pairs = generate("french", 30, (3, 6), seed=1)
    good, bad = (found(*(pair.target for pair in pairs[:n]), *["le chat ."] * (30 - n)) for n in (25, 20))
    runs = [
        {"arm": arm, "seed": 0, "counts": dict.fromkeys(("2016", "2017"), caption_scores.packed(counts))}
        for arm, counts in (
            ("attention", caption_scores.counts(good, pairs)),
            ("plain", caption_scores.counts(bad, pairs)),
        )
    ]
    first, second = caption_scores.differences(runs)
    texts, references = [[t.text for t in side] for side in (good, bad)], [pair.target for pair in pairs]
    low, high = bleu_difference_interval(*texts, references, lowercase=True)
    assert (first["higher"], first["lower"]) == (["attention", 0], ["plain", 0])
    assert (first["low"], first["high"]) == (round(low, 2), round(high, 2))
    assert second["bleu"] == first["bleu"] > 0


def test_an_ensemble_is_of_runs_of_one_arm(splits):
    runs = [untrained(arm, splits) for arm in ("attention", "words")]
    with pytest.raises(ValueError, match="are not of one arm"):
        caption_scores.together(runs)


def test_git_answers_for_the_project():
    assert len(score_captions.git("rev-parse", "HEAD")) == 40
    with pytest.raises(subprocess.CalledProcessError):
        score_captions.git("no-such-command")
