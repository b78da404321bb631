"""What notebooks 4 and 5 have in common: corpora that share no test sentence, and quality by length."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from seq2seq_utils.experiments import Results, Trained, attention, lengths, long_sentences, read
from seq2seq_utils.experiments.lengths import SMALL_WORLD, corpus, held_out, over_seeds
from seq2seq_utils.grammar import generate
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.text import count_words
from seq2seq_utils.translation import Translation


def test_no_test_pair_stands_in_a_training_or_validation_set():
    train, validation, _ = corpus(10, SMALL_WORLD)
    test = held_out(SMALL_WORLD)
    sources = [pair.source for pair in test]
    assert len(set(sources)) == len(sources) == lengths.TEST * len(SMALL_WORLD.buckets)
    assert not {pair.source for pair in [*train, *validation]} & set(sources)
    for number, (shortest, longest) in enumerate(SMALL_WORLD.buckets):
        bucket = test[number * lengths.TEST : (number + 1) * lengths.TEST]
        assert all(shortest <= count_words(pair.source) <= longest for pair in bucket)


def test_more_training_pairs_than_the_corpus_has_are_new_ones(monkeypatch):
    corpus_size = len(corpus(10, SMALL_WORLD).train)
    some = lengths.training_pairs(100, 10, SMALL_WORLD)
    assert some == corpus(10, SMALL_WORLD).train[:100]
    more = lengths.training_pairs(corpus_size + 200, 10, SMALL_WORLD)
    assert more[:corpus_size] == corpus(10, SMALL_WORLD).train
    sources = {pair.source for pair in more}
    assert len(sources) == corpus_size + 200
    others = [*corpus(10, SMALL_WORLD).validation, *held_out(SMALL_WORLD)]
    assert not sources & {pair.source for pair in others}
    # Had those been in the test, others would have been written.
    monkeypatch.setattr(lengths, "held_out", lambda world, language: more[corpus_size:])
    without = lengths.training_pairs(corpus_size + 200, 10, SMALL_WORLD)
    assert not {pair.source for pair in without} & {pair.source for pair in more[corpus_size:]}


def test_an_arm_backwards_reads_the_same_words_from_the_end(monkeypatch):
    some = generate("french", 276, (3, 10), seed=0)
    pairs = Splits(some[:256], some[256:], [])
    monkeypatch.setattr(long_sentences, "corpus", lambda longest, world: pairs)
    monkeypatch.setattr(long_sentences, "training_pairs", lambda count, longest, world: pairs.train)
    arm = long_sentences.Arm(epochs=1, longest=10, hidden_size=8, gates=0.0, small_world=True)
    forwards = long_sentences.train(arm, seed=0)
    backwards = long_sentences.train(dataclasses.replace(arm, backwards=True), seed=0)
    sentence = pairs.train[0].source
    sides = [trained.source_codec.tokenizer.tokenize(sentence) for trained in (forwards, backwards)]
    assert sides[0] == sides[1][::-1]
    assert sorted(forwards.source_codec.vocabulary.tokens) == sorted(backwards.source_codec.vocabulary.tokens)


@pytest.fixture
def results() -> Results:
    """Two runs of one arm and one of another, in two buckets."""

    def run(arm, seed, *exact_match):
        by_length = [
            {"shortest": 1, "longest": 5, "exact_match": exact_match[0], "bleu": 50.0, "right": "01"},
            {"shortest": 6, "longest": 9, "exact_match": exact_match[1], "bleu": 40.0 + seed, "right": "01"},
        ]
        return {
            "arm": arm,
            "seed": seed,
            "steps": 100 if arm == "×1" else 300,
            "definition": {},
            "curve": [],
            "measured": {"by_length": by_length},
        }

    runs = [run("×1", 1, 20.0, 8.0), run("×3", 0, 70.0, 30.0), run("×1", 0, 30.0, 4.0)]
    return Results("toy", "budget", runs)


def test_quality_over_seeds_has_the_mean_and_the_ends_of_each_bucket(results):
    table = over_seeds(results, ["×3", "×1"])
    assert list(table["arm"]) == ["×3", "×3", "×1", "×1"]
    assert list(table["steps"]) == [300, 300, 100, 100]
    assert list(table["runs"]) == [1, 1, 2, 2]
    assert list(table["longest"]) == [5, 9, 5, 9]
    of_two = table[table["arm"] == "×1"]
    assert of_two[["exact_match_low", "exact_match", "exact_match_high"]].values.tolist() == [
        [20.0, 25.0, 30.0],
        [4.0, 6.0, 8.0],
    ]
    assert of_two[["bleu_low", "bleu", "bleu_high"]].values.tolist() == [[50.0] * 3, [40.0, 40.5, 41.0]]


def test_quality_over_seeds_needs_a_run_of_each_arm(results):
    with pytest.raises(ValueError, match=r"^arm: there is no run of '×9'; there are runs of ×1, ×3$"):
        over_seeds(results, ["×1", "×9"])


def test_tables_of_stored_runs_have_the_mean_or_every_run_of_each_group(results):
    means = lengths.exact_by_group(results, ["×1", "×3"])
    assert list(means.columns) == ["1–5", "6–9"]
    assert means.index.tolist() == [(100, 2), (300, 1)]
    assert means.to_numpy().tolist() == [[25.0, 6.0], [70.0, 30.0]]
    spans = lengths.exact_by_group(results, ["×1"], ["arm"], spans=True)
    assert spans.loc["×1"].tolist() == ["25 (20 to 30)", "6 (4 to 8)"]
    runs = lengths.exact_of_runs(results, ["×1"])
    assert runs.index.tolist() == [("×1", 0), ("×1", 1)]
    assert runs.to_numpy().tolist() == [[30.0, 4.0], [20.0, 8.0]]
    assert lengths.exact_of(results, "×1", 1) == [4.0, 8.0]
    assert lengths.margin(results, "×3", "×1", 0) == 70.0 - 30.0
    assert lengths.margin(results, "×3", "×1", 1) == 30.0 - 8.0


def test_own_sentences_stand_above_new_ones(results):
    for run in results.runs:
        run["measured"]["on_training"] = [{"shortest": 1, "longest": 5, "exact_match": 90.0, "bleu": 95.0}]
    table = lengths.own_and_new(results, ["×1", "×3"], groups=1)
    assert table.index.tolist() == [("×1", "its own"), ("×1", "new"), ("×3", "its own"), ("×3", "new")]
    assert table["1–5"].tolist() == [90.0, 25.0, 90.0, 70.0]
    of_bleu = lengths.own_and_new(results, ["×1"], groups=1, measure="bleu")
    assert of_bleu["1–5"].tolist() == [95.0, 50.0]
    assert lengths.exact_by_group(results, ["×1"], measure="bleu").to_numpy().tolist() == [[50.0, 40.5]]


def test_exact_match_by_words_counts_the_sentences_of_each_number_of_words(results, monkeypatch):
    pairs = [SentencePair(source, source) for source in ("a b c", "a b c d", "a b c", "a b c d")]
    monkeypatch.setattr(lengths, "held_out", lambda: pairs)
    for run, right in zip(results.runs, (("01", "01"), ("11", "11"), ("11", "01")), strict=True):
        for record, digits in zip(run["measured"]["by_length"], right, strict=True):
            record["right"] = digits
    table = lengths.exact_by_words(results, ["×1", "×3"], [3, 4])
    assert table.to_numpy().tolist() == [[25.0, 100.0], [100.0, 100.0]]


def test_intervals_stand_behind_their_values():
    record = {"shortest": 4, "longest": 7, "bleu": 50.04, "bleu_low": 40.0, "bleu_high": 60.06}
    table = lengths.with_intervals(pd.DataFrame([record]), {"bleu": "BLEU"})
    assert table.loc["4–7", "BLEU"] == "50.0 (40.0 to 60.1)"


def test_a_set_of_pairs_is_described_by_its_english_words():
    pairs = [SentencePair("The cat sees the dog.", ""), SentencePair("The dog sees.", "")]
    assert lengths.described(pairs) == {
        "pairs": 2,
        "words in a sentence, on average": 4.0,
        "different English words": 4,
        "how often each stands there, on average": 2.0,
    }


def test_quality_on_training_pairs_is_that_of_each_bucket(monkeypatch):
    pairs = lengths.training_pairs(2_000, 10, SMALL_WORLD)
    told = {pair.source: pair.target for pair in pairs if count_words(pair.source) <= 5}
    asked = []

    def translate(model, sources, *codecs):
        asked.append(set(map(count_words, sources)))
        return [Translation(told.get(source, ""), (), reached_end=True) for source in sources]

    monkeypatch.setattr(lengths, "translate", translate)
    trained = Trained(None, None, None, None)
    found = lengths.on_training_pairs(trained, pairs, SMALL_WORLD)
    assert [record["exact_match"] for record in found] == [100.0, 0.0, 0.0]
    assert [record["bleu"] for record in found] == pytest.approx([100.0, 0.0, 0.0])
    assert asked == [{3, 4, 5}, {6, 7}, {8, 9, 10}]
    assert [(record["shortest"], record["longest"]) for record in found] == list(SMALL_WORLD.buckets)


@pytest.mark.parametrize(
    ("search", "compared"),
    [
        (long_sentences.SEARCH, long_sentences.COMPARED),
        (long_sentences.SEARCH, long_sentences.SMALL),
        (attention.SEARCH, attention.COMPARED),
    ],
    ids=lambda experiment: experiment.name,
)
def test_each_arm_that_was_searched_has_the_better_rate(search, compared):
    folder = Path(__file__).resolve().parent.parent / "notebooks" / "results"
    results = read(folder / f"{search.name}.json")
    searched = {name.split(", rate ")[0] for name in search.arms} & compared.arms.keys()
    assert len(searched) >= 3
    for name in searched:
        found = {
            rate: results.values(f"{name}, rate {rate:g}", "validation_exact_match")[0]
            for rate in long_sentences.RATES
        }
        assert found[compared.arms[name].learning_rate] == max(found.values()), (name, found)


# --- What notebook 4 says of its stored runs, beside the claims that it prints -------------------------


def long_runs(name):
    return read(Path(__file__).resolve().parent.parent / "notebooks" / "results" / f"{name}.json")


def test_trained_on_27000_pairs_each_run_has_its_own_right_and_fewer_of_the_new_ones():
    stored = long_runs("long_sentences")
    for group in range(4):
        assert min(lengths.exact_of(stored, "×9, 27,000 pairs", group, "on_training")) >= 95
    for group in range(3):
        assert lengths.margin(stored, "×9", "×9, 27,000 pairs", group) >= 5
    rates = {long_sentences.COMPARED.arms[name].learning_rate for name in ("×9", "×9, 27,000 pairs")}
    assert len(rates) == 1


@pytest.mark.parametrize(
    ("forwards", "backwards"),
    [("GRU, forwards, ×1", "GRU, backwards, ×1"), ("size 128", "GRU, backwards, ×3")],
)
def test_backwards_the_gru_is_above_with_each_seed_at_8_to_10_words(forwards, backwards):
    small = long_runs("long_sentences_small")
    exact = [lengths.exact_of(small, name, 2) for name in (backwards, forwards)]
    assert all(back > forth for back, forth in zip(*exact, strict=True))


def test_both_cells_in_both_orders_have_equally_many_parameters():
    small = long_runs("long_sentences_small")
    names = [f"{cell}, {order}, ×1" for cell in ("GRU", "LSTM") for order in ("forwards", "backwards")]
    names += ["size 128", "GRU, backwards, ×3", "LSTM, forwards, ×3", "LSTM, backwards, ×3"]
    parameters = [small.of(name)[0]["parameters"] for name in names]
    assert max(parameters) <= 1.02 * min(parameters)
