"""What notebook 5 shows of its stored runs, held to the files; and the steps that wait for each other."""

from pathlib import Path

import pytest
import torch

from seq2seq_utils.experiments import attention, attention_tables, read
from seq2seq_utils.experiments.attention_tables import MODELS, ONE_CONTEXT, Comparison
from seq2seq_utils.grammar import generate, tokenizer
from seq2seq_utils.models import attention_model, plain_model, transformer_model
from seq2seq_utils.text import TextCodec

RESULTS = Path(__file__).parents[1] / "notebooks" / "results"


@pytest.fixture(scope="module")
def compared():
    return Comparison(RESULTS)


def test_the_table_has_every_model_at_each_of_its_budgets(compared):
    table = compared.exact_match(compared.models)
    models = list(dict.fromkeys(table.index.get_level_values("model")))
    assert models == compared.models == list(MODELS)
    assert len(table) == sum(len(arms) for _, arms in MODELS.values())
    assert list(table.columns) == ["4–7", "8–10", "11–15", "16–20", "21–25", "26–30"]
    runs = compared.runs("plain", 2, 3)
    row = table.loc["plain"].xs(len(runs), level="runs").iloc[-1]
    assert row["16–20"] == pytest.approx(sum(runs) / len(runs), abs=0.051)
    chosen = compared.exact_match(["plain", "attention"])
    assert list(dict.fromkeys(chosen.index.get_level_values("model"))) == ["plain", "attention"]


def test_a_row_over_runs_has_their_mean_and_ends(compared):
    table = compared.over_runs([*ONE_CONTEXT, "attention"], budget=1)
    assert list(table.index.get_level_values("model")) == [*ONE_CONTEXT, "attention"]
    runs = compared.runs("attention", 1, 4)
    row = table.xs("attention", level="model").iloc[0]
    assert row["runs"] == len(runs)
    assert row["21–25"] == f"{sum(runs) / len(runs):.0f} ({min(runs):.0f} to {max(runs):.0f})"
    parameters = compared.parameters()
    assert all(parameters[model] == number for model, number in table.index)


def test_models_of_one_budget_had_equally_many_steps(compared):
    steps = {}
    for file, arms in MODELS.values():
        for budget, arm in enumerate(arms):
            steps.setdefault(budget, set()).update(run["steps"] for run in compared.results[file].of(arm))
    assert steps == {0: {633}, 1: {1899}, 2: {5697}}


def test_a_margin_is_between_the_lowest_run_and_the_highest(compared):
    margins = compared.margins("attention", "fixed context", [0, 4])
    assert len(margins) == 4
    assert margins[1] == min(compared.runs("attention", 0, 4)) - max(compared.runs("fixed context", 0, 4))
    assert compared.margins("fixed context", "attention", [4])[0] < 0


def test_curves_say_how_long_the_training_sentences_were(compared):
    curves = compared.by_training_length()
    assert curves.groupby("model", sort=False)["trained_up_to"].unique().explode().to_dict() == {
        "attention, up to 20": 20,
        "attention, up to 10": 10,
        "plain, up to 20": 20,
        "plain, up to 10": 10,
    }


def test_what_is_lost_is_lost_by_each_run_on_its_own(compared):
    results = compared.results["attention"]
    lost = attention_tables.lost_by(results, "×9", 3, 5)
    assert lost[1] == compared.runs("attention", 2, 3)[1] - compared.runs("attention", 2, 5)[1]
    assert len(lost) == 3


def test_the_ladder_has_a_row_for_each_rung():
    results = read(RESULTS / "attention_ladder.json")
    table = attention_tables.ladder_table(results)
    assert list(table.index) == list(attention.RUNGS)
    assert (table["min"] <= table["mean"]).all()
    assert (table["mean"] <= table["max"]).all()
    first_two = results.values("plain", "validation_exact_match")[:2]
    assert table.loc["plain", "seeds 0, 1"] == pytest.approx(sum(first_two) / 2)
    own = [run["measured"]["training_exact_match"] for run in results.of("plain")]
    assert table.loc["plain", "training pairs"] == min(own) < sum(own) / len(own)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"attention\.json"):
        Comparison(tmp_path)


@pytest.fixture
def pair_and_codecs():
    pair = generate("french", 1, (4, 6))[0]
    codecs = (
        TextCodec.build(tokenizer("english"), [pair.source]),
        TextCodec.build(tokenizer("french"), [pair.target]),
    )
    return pair, codecs


def test_the_decoder_takes_a_step_for_each_token_and_keeps_no_hook(pair_and_codecs):
    pair, codecs = pair_and_codecs
    sizes = [len(codec.vocabulary) for codec in codecs]
    model, words = attention_model(*sizes, 4, 6), len(pair.alignment.target_words) + 1
    assert attention.steps_in_sequence(model, pair, codecs) == words
    assert attention.steps_in_sequence(model, pair, codecs, translating=True) == words
    assert not model.decoder.rnn._forward_hooks
    with pytest.raises(ValueError, match="model: its decoder has no gated unit"):
        attention.steps_in_sequence(plain_model(*sizes, 4, 6), pair, codecs)
    assert torch.is_grad_enabled()


def test_a_transformer_s_layers_run_once_in_training_and_once_a_word_when_it_translates(pair_and_codecs):
    pair, codecs = pair_and_codecs
    sizes = [len(codec.vocabulary) for codec in codecs]
    model, words = transformer_model(*sizes, 8, layers=3), len(pair.alignment.target_words) + 1
    assert attention.steps_in_sequence(model, pair, codecs) == 3
    assert attention.steps_in_sequence(model, pair, codecs, translating=True) == 3 * words
    assert not any(layer._forward_hooks for layer in model.decoder.layers)
