"""Nouns by their place: whether they are said, and how far they move the context vector."""

from itertools import product
from pathlib import Path
from statistics import mean

import pytest
import torch
from untrained import untrained

from seq2seq_utils.experiments import Results, Trained, places, read
from seq2seq_utils.grammar import generate, tokenizer
from seq2seq_utils.models import plain_model


@pytest.fixture(scope="module")
def pairs():
    return generate("french", 200, (8, 12), seed=1)


@pytest.fixture(scope="module")
def trained(pairs):
    """An untrained model, of which only the measures are tested."""
    return untrained(plain_model, pairs)


@pytest.mark.parametrize(
    ("column", "words", "place"),
    [(0, 10, 0), (2, 10, 0), (3, 10, 1), (6, 10, 1), (7, 10, 2), (9, 10, 2), (2, 4, 0), (3, 4, 2)],
)
def test_a_place_is_told_by_both_ends_of_the_sentence(column, words, place):
    assert places.place_of(column, words) == places.PLACES[place]


def test_every_noun_with_a_sure_link_counts_once(trained, pairs):
    found = places.nouns_said(trained, pairs)
    linked = sum(
        pair.alignment.source_words[column] in places.NOUNS
        for pair in pairs
        for column, _ in pair.alignment.sure
    )
    assert sum(record["nouns"] for record in found.values()) == linked > 200


def test_a_model_that_says_every_word_rightly_says_every_noun(trained, pairs, monkeypatch):
    class Perfect(torch.nn.Module):
        def forward(self, source, source_lengths, target_input):
            """The likeliest word is the one that is fed next; the last one matters to no noun."""
            following = torch.cat([target_input[:, 1:], target_input[:, :1]], dim=1)
            return torch.nn.functional.one_hot(following, len(trained.target_codec.vocabulary)).float()

    perfect = Trained(Perfect(), *trained.codecs, trained.history)
    found = places.nouns_said(perfect, pairs)
    assert {record["right"] for record in found.values()} == {100.0}
    assert max(record["right"] for record in places.nouns_said(trained, pairs).values()) < 50


def test_swapped_sentences_differ_in_one_noun_at_the_place_asked_for(pairs, monkeypatch):
    monkeypatch.setattr(places, "sentences_of", lambda shortest, longest: pairs)
    for place in places.PLACES:
        before, after = places.swapped_nouns.__wrapped__(8, 12, place)
        assert len(before) == len(after) > 5
        for old, new in zip(before, after, strict=True):
            (column,) = (number for number, (a, b) in enumerate(zip(old, new, strict=True)) if a != b)
            assert {old[column], new[column]} <= set(places.TO_SWAP)
            assert places.place_of(column, len(old) - 1) == place


def test_the_distance_is_measured_in_distances_between_sentences(trained, pairs):
    tokens = [tokenizer("english").tokenize(pair.source) for pair in pairs]
    same = places.vector_moved(trained, tokens, tokens, tokens)
    assert same == {"swapped": 200, "moved": 0.0}
    others = places.vector_moved(trained, tokens, tokens[1:] + tokens[:1], tokens)
    assert others["moved"] == pytest.approx(1, abs=0.1)
    assert places.vector_moved(trained, [], [], tokens) == {"swapped": 0, "moved": 0.0}


def test_all_places_are_measured_by_the_same_distance(trained, pairs):
    """Not by that of the sentences which have a noun to swap there: those differ from place to place."""
    tokens = [tokenizer("english").tokenize(pair.source) for pair in pairs]
    halves = [
        places.vector_moved(trained, tokens[part], tokens[1:][part], tokens)["moved"]
        for part in (slice(0, 100), slice(100, 199))
    ]
    whole = places.vector_moved(trained, tokens[:199], tokens[1:], tokens)["moved"]
    assert (100 * halves[0] + 99 * halves[1]) / 199 == pytest.approx(whole)


def test_what_was_stored_of_a_place_is_told_by_run_and_on_average():
    def run(arm, seed, value):
        by_place = [
            {"shortest": low, "longest": low + 2, "place": place, "right": value + low + number, "moved": 0.1}
            for low in (8, 26)
            for number, place in enumerate(places.PLACES)
        ]
        return {"arm": arm, "seed": seed, "measured": {"by_place": by_place}}

    results = Results("toy", "budget", [run("×1", 1, 10), run("×1", 0, 20)])
    assert places.values_at(results, "×1", "right", "in between", 8) == [29, 19]
    table = places.by_place(results, ["×1"], "right", shortest=(8, 26))
    assert table.loc[("×1", "8–10")].tolist() == [23, 24, 25]
    assert table.loc[("×1", "26–30"), "in between"] == 42
    spans = places.by_place(results, ["×1"], "right", shortest=(8,), spans=True)
    assert spans.loc[("×1", "8–10")].tolist() == ["23 (18 to 28)", "24 (19 to 29)", "25 (20 to 30)"]
    with pytest.raises(ValueError, match="nothing was measured at 'nowhere'"):
        places.values_at(results, "×1", "right", "nowhere", 8)


# --- What notebook 4 says of its stored runs, in a side road ------------------------------------------

LONG = (16, 26)  # the shortest sentence of each group that the claims are about


@pytest.fixture(scope="module")
def stored():
    return read(Path(__file__).parents[1] / "notebooks" / "results" / "long_sentences.json")


def test_after_633_steps_later_nouns_are_said_less_often_with_gates_as_they_come_in_each_run(stored):
    for place, low in product(places.PLACES[1:], LONG):
        opened, closed = (
            places.values_at(stored, arm, "right", place, low) for arm in ("×1", "×1, gates as they come")
        )
        assert min(opened) - max(closed) >= 5


def test_after_5697_steps_nouns_are_said_more_often_at_every_place_in_each_run(stored):
    for place, low in product(places.PLACES, LONG):
        more, less = (places.values_at(stored, arm, "right", place, low) for arm in ("×9", "×1"))
        assert min(more) - max(less) >= 4


def test_and_they_move_the_vector_less_on_average(stored):
    for place, low in product(places.PLACES, LONG):
        more, less = (places.values_at(stored, arm, "moved", place, low) for arm in ("×9", "×1"))
        assert mean(less) > mean(more)
