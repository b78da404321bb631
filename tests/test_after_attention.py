"""The experiments of notebook 7: equal models, equal training, and tables of made-up runs."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from untrained import untrained

from seq2seq_utils.experiments import (
    Results,
    after_attention,
    after_attention_tables,
    attention,
    lengths,
    long_sentences,
    read,
)
from seq2seq_utils.experiments.after_attention import LATER_RATES, MODELS, Arm
from seq2seq_utils.experiments.after_attention_tables import ThreeModels, all_rates, by_pairs, rates_tried
from seq2seq_utils.experiments.stored import store
from seq2seq_utils.grammar import generate, generate_splits
from seq2seq_utils.models import count_parameters
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.training import Settings
from seq2seq_utils.training.loop import Run

RESULTS = Path(__file__).parents[1] / "notebooks" / "results"
# Words of both languages in 81,000 pairs of up to 20 words, and in 3,000 of up to 10.
VOCABULARIES = [(585, 1340), (581, 1036)]


# ------------------------------------------------------------------------------------- equal models
@pytest.mark.parametrize("vocabularies", VOCABULARIES)
def test_all_three_have_as_many_parameters_as_the_attention_model_of_notebook_5(vocabularies):
    of_notebook_5 = count_parameters(attention.COMPARED.arms["×9"].make(*vocabularies))
    sizes = {name: count_parameters(Arm(epochs=1, model=name).make(*vocabularies)) for name in MODELS}
    assert sizes["attention"] == of_notebook_5
    assert max(sizes.values()) < 1.01 * min(sizes.values()), sizes


def test_a_model_is_that_of_its_notebook_and_the_transformer_has_the_sizes_that_the_text_names():
    torch.manual_seed(1)
    plain = Arm(epochs=1, model="plain").make(200, 300)
    torch.manual_seed(1)
    arm = long_sentences.Arm(epochs=1, hidden_size=plain.made_with["hidden_size"])
    assert all(map(torch.equal, plain.parameters(), arm.make(200, 300).parameters()))
    made_with = Arm(epochs=1).make(*VOCABULARIES[0]).made_with
    assert (made_with["model"], made_with["layers"], made_with["heads"]) == ("transformer", 2, 4)
    assert made_with["model_size"] == 64
    assert 4 <= made_with["feed_forward_size"] / made_with["model_size"] < 4.5
    with pytest.raises(ValueError, match=r"^model: 'both' is not one of plain, attention, transformer$"):
        Arm(epochs=1, model="both")


# ----------------------------------------------------------------------------------- equal training
with_search = pytest.mark.parametrize(
    ("search", "compared"),
    [
        (after_attention.SEARCH, after_attention.COMPARED),
        (after_attention.PAIRS_SEARCH, after_attention.BY_PAIRS),
    ],
    ids=lambda experiment: experiment.name,
)


def test_arms_by_length_have_the_pairs_and_the_steps_of_those_of_the_same_name():
    assert [*after_attention.COMPARED.arms] == ["×1", "×3", "×9", "×9, up to 10 words"]
    for name, arm in after_attention.COMPARED.arms.items():
        assert arm.model == "transformer"
        for other in (attention.COMPARED.arms[name], long_sentences.COMPARED.arms[name]):
            assert (arm.epochs, arm.longest, arm.pairs) == (other.epochs, other.longest, other.pairs)
            assert other.world == lengths.WHOLE_WORLD
        others = attention.COMPARED.seeds[name], long_sentences.COMPARED.seeds[name]
        assert {*map(tuple, others)} == {tuple(after_attention.COMPARED.seeds[name])}


def test_arms_by_pairs_have_equally_many_steps_and_differ_in_nothing_else():
    steps = {}
    for name, arm in after_attention.BY_PAIRS.arms.items():
        assert name == f"{arm.model}, {arm.pairs:,} pairs"
        assert arm.longest == 10
        steps.setdefault(arm.pairs, set()).add(arm.epochs * -(-arm.pairs // lengths.BATCH_SIZE))
    assert steps == {3_000: {1_896}, 30_000: {1_880}}
    assert {arm.model for arm in after_attention.BY_PAIRS.arms.values()} == set(MODELS)
    assert {len(seeds) for seeds in after_attention.BY_PAIRS.seeds.values()} == {3}


@with_search
def test_each_arm_has_two_tries_of_its_rate_or_more_and_one_of_them(search, compared):
    tries = {"×1": 4, "×3": 3, "×9": 3, "×9, up to 10 words": 3}
    tries |= {f"{model}, 3,000 pairs": 3 for model in MODELS}
    for name, arm in compared.arms.items():
        rates = [tried.learning_rate for tried in search.arms.values() if same_but_rate(tried, arm)]
        assert len(rates) == tries.get(name, 2), name
        assert_halves(rates)
        assert arm.learning_rate in rates
    assert not {seed for seeds in search.seeds.values() for seed in seeds} & {0, 1, 2}


def test_attention_has_as_many_tries_as_the_transformer_on_up_to_20_words():
    tried = after_attention.SEARCH.arms
    for times in (1, 3, 9):
        name = f"×{times}"
        own = [f"{name}, rate {rate:g}" for rate in attention.RATES]
        rates = {attention.SEARCH.arms[arm].learning_rate for arm in own}
        wanted = Arm(epochs=times, model="attention")
        rates |= {arm.learning_rate for arm in tried.values() if same_but_rate(arm, wanted)}
        assert len(rates) == (4 if times == 1 else 3)
        assert_halves(sorted(rates, reverse=True))
        assert attention.COMPARED.arms[name].learning_rate in rates
    assert {arm.model for arm in tried.values()} == {"transformer", "attention"}


def assert_halves(rates: list[float]) -> None:
    for higher, lower in pairwise(rates):
        assert higher == pytest.approx(2 * lower)


def same_but_rate(tried: Arm, arm: Arm) -> bool:
    return replace(tried, learning_rate=arm.learning_rate) == arm


def wrong_rates(search, compared, results: Results) -> list[str]:
    """The arms that have not the better rate of those that were tried."""
    wrong = []
    for name, arm in compared.arms.items():
        found = {
            tried.learning_rate: results.values(tried_name, "validation_exact_match")[0]
            for tried_name, tried in search.arms.items()
            if same_but_rate(tried, arm)
        }
        if found[arm.learning_rate] < max(found.values()):
            wrong.append(name)
    return wrong


@with_search
def test_each_arm_has_the_better_rate_of_a_search_that_has_run(search, compared):
    path = RESULTS / f"{search.name}.json"
    if not path.is_file() or len(read(path).runs) < len(search.arms):
        pytest.skip(f"{search.name} has not run yet")
    assert wrong_rates(search, compared, read(path)) == []


def test_a_worse_rate_is_found():
    search, compared = after_attention.SEARCH, after_attention.COMPARED
    higher, lower, _ = LATER_RATES
    exact = {
        name: 1e4 * arm.learning_rate for name, arm in search.arms.items() if arm.learning_rate <= higher
    }
    exact |= {name: 0 for name in search.arms if name not in exact}
    exact |= {f"×9, up to 10 words, rate {higher:g}": 70, f"×9, up to 10 words, rate {lower:g}": 71}
    runs = [
        {"arm": arm, "seed": 100, "measured": {"validation_exact_match": value}}
        for arm, value in exact.items()
    ]
    arms = {name: replace(arm, learning_rate=higher) for name, arm in compared.arms.items()}
    compared = replace(compared, arms=arms)
    assert wrong_rates(search, compared, Results("toy", "budget", runs)) == ["×9, up to 10 words"]


def test_an_arm_is_trained_as_those_of_notebook_5_on_the_same_batches_with_the_same_settings(monkeypatch):
    pairs = generate_splits("french", 256, 20, 0, (3, 10))
    begun, begin = [], Run.begin.__func__

    def watched(cls, model, loader, settings, after_epoch=()):
        before = loader.state_dict()
        begun.append((settings, [batch.source.tolist() for batch in loader]))
        loader.load_state_dict(before)
        return begin(cls, model, loader, settings, after_epoch)

    for module in (after_attention, attention):
        monkeypatch.setattr(module, "corpus", lambda *_: pairs)
        monkeypatch.setattr(module, "training_pairs", lambda *_: pairs.train)
    monkeypatch.setattr(Run, "begin", classmethod(watched))
    arm = Arm(epochs=1, learning_rate=5e-3, longest=10)
    trained = after_attention.train(arm, seed=3)
    attention.train(attention.Arm(epochs=1, learning_rate=5e-3, longest=10), seed=3)
    after_attention.train(replace(arm, model="plain"), seed=3)
    (settings, order), *others = begun
    assert settings == Settings(epochs=1, learning_rate=5e-3)
    assert len(order) == 2
    assert others == [(settings, order)] * 2
    assert trained.model.made_with["model"] == "transformer"


def test_a_transformer_is_measured_on_sentences_as_long_as_those_it_was_trained_on(monkeypatch):
    splits = generate_splits("french", 60, 12, 0, (3, 6))
    test = [*generate("french", 10, (4, 6), 1), *generate("french", 5, (11, 12), 2)]
    asked = []

    def heads(trained, validation, pairs):
        asked.append((validation, pairs))
        return {"heads": [], "best_head": {}}

    monkeypatch.setattr(after_attention, "corpus", lambda longest: splits)
    monkeypatch.setattr(after_attention, "held_out", lambda: test)
    monkeypatch.setattr(after_attention, "measure_quality", lambda trained, longest: {"longest": longest})
    monkeypatch.setattr(after_attention, "measure_heads", heads)

    def make(source: int, target: int, **_):
        return Arm(epochs=1).make(source, target)

    trained = untrained(make, splits.train)
    measured = after_attention.measure_with_heads(trained, Arm(epochs=1, longest=10))
    assert asked == [(splits.validation, test[:10])]
    assert measured.keys() >= {"longest", "heads", "best_head", "alignment_error", "by_kind", "shift 1"}
    assert measured["longest"] == 10


# ------------------------------------------------------------------------------------------- tables
def groups(*exact: float) -> list[dict]:
    ends = ((4, 7), (8, 10), (11, 15))
    return [
        {"shortest": shortest, "longest": longest, "exact_match": value, "bleu": value, "right": ""}
        for (shortest, longest), value in zip(ends, exact, strict=True)
    ]


def entry(arm: str, seed: int, parameters: int, definition=None, **measured) -> dict:
    return {
        "arm": arm,
        "seed": seed,
        "definition": definition or {},
        "parameters": parameters,
        "steps": 10,
        "curve": [],
        "measured": measured,
    }


@pytest.fixture
def folder(tmp_path):
    """Two runs of each model and arm; the second one's exact match is 10 points lower."""
    sources = {
        "plain": (long_sentences.COMPARED, 500, 60.0),
        "attention": (attention.COMPARED, 450, 90.0),
        "transformer": (after_attention.COMPARED, 451, 80.0),
    }
    heads = [
        {"layer": layer, "head": head, "validation_error": error, "alignment_error": error + 0.1 * layer}
        for layer, errors in enumerate(([0.5, 0.25], [0.125, 0.75]))
        for head, error in enumerate(errors)
    ]
    maps = {"transformer": {"alignment_error": 0.3, "heads": heads, "best_head": heads[2]}}
    maps |= {"attention": {"alignment_error": 0.05}, "plain": {}}
    for model, (experiment, parameters, exact) in sources.items():
        runs = [
            entry(arm, seed, parameters, by_length=groups(exact - 10 * seed, exact / 2, low), **maps[model])
            for arm, low in (("×9", 20.0), ("×9, up to 10 words", 0.0))
            for seed in (0, 1)
        ]
        store(tmp_path / f"{experiment.name}.json", experiment, *runs)
    return tmp_path


def test_quality_by_length_has_a_row_for_each_model_with_mean_and_ends(folder):
    models = ThreeModels(folder)
    table = models.by_length()
    assert table.index.tolist() == [("plain", 500), ("attention", 450), ("transformer", 451)]
    assert table.loc[("transformer", 451)].to_dict() == {
        "runs": 2,
        "4–7": "75 (70 to 80)",
        "8–10": "40",
        "11–15": "20",
    }
    assert models.by_length(10)["11–15"].tolist() == ["0", "0", "0"]
    assert models.runs("transformer", 0) == [80, 70]
    assert models.runs("plain", 2, longest=10) == [0, 0]


def test_sentences_stand_by_their_tokens_beside_how_many_of_training_had_these_places(folder, monkeypatch):
    known = [SentencePair(source, "Le chat dort.") for source in ("The cat sleeps.", "The old cat sleeps.")]
    test = [
        SentencePair("The dog sleeps.", "Le chien dort."),
        SentencePair("The old dog sleeps.", "Le vieux chien dort."),
        SentencePair("The dog, too, sleeps.", "Le chien aussi dort."),
        SentencePair("The cat sleeps.", "Le chat dort."),
    ]
    pairs = Splits(known, [], [])
    monkeypatch.setattr(after_attention_tables, "corpus", lambda longest: pairs)
    monkeypatch.setattr(after_attention_tables, "held_out", lambda: [*test[:0:-1], test[0], *test])
    monkeypatch.setattr(after_attention_tables, "TEST", len(test))
    models = ThreeModels(folder)
    for results in models.results.values():
        for run in results.runs:
            for group, right in zip(run["measured"]["by_length"], ("0000", "0110"), strict=False):
                group["right"] = right if run["seed"] == 0 else "0011"
    table = models.by_tokens(1, rare=1)
    assert table.index.to_list() == [4, 5, 7]
    assert table["training sentences"].to_list() == [2, 1, 0]
    assert table["test sentences"].to_list() == [2, 1, 1]
    assert table["transformer"].to_list() == ["25 (0 to 50)", "50 (0 to 100)", "100 (100 to 100)"]
    assert models.by_tokens(1, rare=2).index.to_list() == [4]


def test_curves_say_how_long_the_training_sentences_of_each_model_were(folder):
    curves = ThreeModels(folder).curves()
    assert curves.groupby("model", sort=False)["trained_up_to"].unique().explode().to_dict() == {
        f"{model}, up to {longest}": longest for model in MODELS for longest in (20, 10)
    }
    row = curves.query("model == 'transformer, up to 20' and longest == 7").iloc[0]
    assert (row["exact_match_low"], row["exact_match"], row["exact_match_high"]) == (70, 75, 80)


def test_alignment_has_the_chosen_head_beside_the_lowest_and_the_highest(folder):
    models = ThreeModels(folder)
    table = models.alignment()
    assert table.index.tolist() == [
        (model, seed) for model in ("attention", "transformer") for seed in (0, 1)
    ]
    assert table["one map"].tolist() == [0.05, 0.05, 0.3, 0.3]
    row = table.loc[("transformer", 0)]
    assert (row["best head"], row["layer"], row["head"]) == (0.225, 2, 1)
    assert (row["lowest"], row["highest"]) == (0.225, 0.85)
    assert table.loc["attention", "best head"].isna().all()
    by_head = models.heads(1)
    assert by_head.index.tolist() == by_head.columns.tolist() == [1, 2]
    assert by_head.to_numpy().tolist() == [[0.5, 0.25], [0.225, 0.85]]
    assert models.heads(1, measured="validation_error").loc[2, 1] == 0.125
    with pytest.raises(ValueError, match=r"^seed: there is no run of 7; there are runs of 0, 1$"):
        models.heads(7)


def test_by_pairs_has_the_lengths_that_were_trained_on():
    runs = [
        entry(
            f"{model}, {pairs} pairs",
            seed,
            parameters,
            {"model": model, "pairs": pairs, "longest": 10},
            by_length=groups(exact, exact / 2, 0),
            validation_exact_match=exact + 2 * seed,
        )
        for pairs in (3_000, 30_000)
        for model, parameters, exact in (("plain", 500, 10.0), ("transformer", 450, 30.0))
        for seed in (0, 1)
    ]
    table = by_pairs(Results("toy", "budget", runs))
    assert table.index.tolist() == [
        (3_000, "plain", 500),
        (3_000, "transformer", 450),
        (30_000, "plain", 500),
        (30_000, "transformer", 450),
    ]
    assert table.loc[(3_000, "transformer", 450)].to_dict() == {
        "runs": 2,
        "validation": "31 (30 to 32)",
        "4–7": "30",
        "8–10": "15",
    }


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"long_sentences\.json"):
        ThreeModels(tmp_path)


def test_rates_that_were_tried_are_listed_by_model_the_highest_first():
    def entry(arm, rate, exact):
        groups = [{"shortest": 4, "longest": 7, "exact_match": exact + 1}]
        measured = {"validation_exact_match": exact, "by_length": groups}
        return {"arm": f"{arm}, rate {rate:g}", "definition": {"learning_rate": rate}, "measured": measured}

    runs = [entry("×1", 0.002, 5.0), entry("×1", 0.01, 7.0), entry("other", 0.5, 1.0), entry("×10", 0.1, 9.0)]
    results = Results("toy", "budget", runs)
    table = rates_tried(results, {"transformer": "×1", "attention": "other"})
    assert table.index.tolist() == [("transformer", 0.01), ("transformer", 0.002), ("attention", 0.5)]
    assert table.to_numpy().tolist() == [[7, 8], [5, 6], [1, 2]]
    with pytest.raises(ValueError, match="'nothing'"):
        rates_tried(results, {"attention": "nothing"})


def test_all_rates_of_a_comparison_stand_beside_the_one_that_was_taken_wherever_their_search_is_stored():
    results = Path(__file__).parent.parent / "notebooks" / "results"
    table = all_rates(results)
    assert list(table.columns[:-1]) == sorted(table.columns[:-1], reverse=True)
    row = table.loc[("5,697 steps", "attention")]
    expected = {}
    for file, arm in (("attention_search", "×9"), ("after_attention_search", "attention, ×9")):
        for run in read(results / f"{file}.json").runs:
            if run["arm"].startswith(f"{arm}, rate"):
                rate, share = run["definition"]["learning_rate"], run["measured"]["validation_exact_match"]
                expected[rate] = f"{share:.1f}"
    assert len(expected) == 3, "two of one file, and one of the other"
    assert {rate: share for rate, share in row.drop("taken").items() if share} == expected
    assert row["taken"] == read(results / "attention.json").of("×9")[0]["definition"]["learning_rate"]
