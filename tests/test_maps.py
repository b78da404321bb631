"""What is counted over attention maps: where rows are darkest, by the kind of word."""

import pytest
import torch

from seq2seq_utils.evaluation import alignment
from seq2seq_utils.experiments import maps
from seq2seq_utils.grammar import generate
from seq2seq_utils.pairs import Alignment


@pytest.fixture(scope="module")
def negated():
    """A pair whose translation is *Le chat ne dort pas .* or of that form: two signs, one sure link."""
    pairs = generate("french", 2_000, (6, 7), seed=3)
    return next(pair for pair in pairs if {"ne", "pas"} <= set(pair.alignment.target_words))


def looks_at(columns, width):
    """A map whose rows are darkest at these columns."""
    return torch.nn.functional.one_hot(torch.tensor(columns), width).float()


def test_the_two_signs_of_a_negation_are_kinds_of_their_own(negated):
    links = negated.alignment
    place = {word: links.target_words.index(word) for word in ("ne", "pas")}
    assert maps.kind_of(place["ne"], links) == "ne"
    assert maps.kind_of(place["pas"], links) == "pas, jamais"


def test_rows_with_a_sure_link_are_counted_whether_or_not_they_look_there(negated):
    links = negated.alignment
    width = len(links.source_words)
    wrong = looks_at([0] * (len(links.target_words) + 1), width)
    found = {record["kind"]: record for record in maps.by_kind([wrong], [links])}
    assert (found["pas, jamais"]["linked"], found["pas, jamais"]["sure"]) == (100, 0)
    assert found["ne"]["linked"] == 0
    assert found["EOS"]["linked"] == 0


def test_by_kind_counts_where_the_rows_are_darkest(negated):
    links = negated.alignment
    full_stop = len(links.source_words) - 1
    stop = looks_at([full_stop] * (len(links.target_words) + 1), len(links.source_words))
    for record in maps.by_kind([stop], [links]):
        assert record["full_stop"] == 100
        assert record["the"] == 0
        assert record["sure"] == (100 if record["kind"] == "full stop" else 0)


def test_a_diagonal_joins_both_ends_and_gives_each_word_one_link():
    links = Alignment(tuple("abcdefg"), tuple("ABCDE"), frozenset(), frozenset())
    assert sorted((row, column) for column, row in maps.diagonal(links)) == [
        (0, 0),
        (1, 2),
        (2, 3),
        (3, 4),
        (4, 6),
    ]


def test_a_diagonal_of_one_word_begins_at_the_first():
    links = Alignment(tuple("abc"), ("A",), frozenset(), frozenset())
    assert maps.diagonal(links) == {(0, 0)}


def test_a_diagonal_is_far_from_the_gold_links_of_korean():
    pairs = generate("korean", 200, (8, 10), seed=3)
    gold = [pair.alignment for pair in pairs]
    score = alignment.alignment_score([maps.diagonal(links) for links in gold], gold)
    assert score.error_rate > 0.5


def test_the_error_of_a_diagonal_is_that_of_its_links():
    crossed = Alignment(("a", "b"), ("B", "A"), frozenset({(0, 1), (1, 0)}), frozenset({(0, 1), (1, 0)}))
    straight = Alignment(("a", "b"), ("A", "B"), frozenset({(0, 0), (1, 1)}), frozenset({(0, 0), (1, 1)}))
    assert maps.diagonal_error([crossed]) == 1
    assert maps.diagonal_error([straight]) == 0
    assert maps.diagonal_error([crossed, straight]) == 0.5


def test_the_most_misleading_map_is_the_one_with_most_links_outside_among_those_asked():
    links = Alignment(("a", "b"), ("A", "B"), frozenset({(0, 0), (1, 1)}), frozenset({(0, 0), (1, 1)}))
    all_right, half, none_right = {(0, 0), (1, 1)}, {(0, 0), (0, 1)}, {(1, 0), (0, 1)}
    found = [all_right, half, none_right, half]
    assert maps.most_misleading(found, [links] * 4, [True] * 4) == (2, 75)
    assert maps.most_misleading(found, [links] * 4, [True, True, False, True]) == (1, pytest.approx(200 / 3))
    with pytest.raises(ValueError, match="no sentence counts"):
        maps.most_misleading(found, [links] * 4, [False] * 4)
