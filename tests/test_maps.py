"""What is counted over attention maps: where rows are darkest, by the kind of word."""

import pytest
import torch
from untrained import untrained, with_random_weights

from seq2seq_utils.evaluation import alignment
from seq2seq_utils.experiments import Trained, maps
from seq2seq_utils.grammar import generate
from seq2seq_utils.models import transformer_model
from seq2seq_utils.pairs import Alignment, SentencePair
from seq2seq_utils.translation import align_heads


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


STRAIGHT = Alignment(
    ("a", "b", "c"),
    ("A", "B", "C"),
    frozenset({(0, 0), (1, 1), (2, 2)}),
    frozenset({(0, 0), (1, 1), (2, 2)}),
)
RIGHT, WRONG, LATE = [0, 1, 2, 2], [2, 0, 1, 0], [2, 0, 1, 2]  # LATE: each row as the word before needs it


@pytest.fixture
def heads_that_look(monkeypatch):
    """Two layers of two heads, which look at other words on the validation pair than on the test pair."""

    def look(*columns_of_pairs):
        def align_heads(model, pairs, *codecs):
            columns = columns_of_pairs[0] if pairs[0].source == "validation" else columns_of_pairs[1]
            return [torch.stack([torch.stack([looks_at(c, 3) for c in layer]) for layer in columns])]

        monkeypatch.setattr(maps, "align_heads", align_heads)
        pairs = [[SentencePair(name, "A B C", STRAIGHT)] for name in ("validation", "test")]
        return maps.measure_heads(Trained(None, None, None, None), *pairs)

    return look


def test_the_best_head_is_chosen_on_validation_pairs_and_reported_on_the_test(heads_that_look):
    found = heads_that_look([[WRONG, WRONG], [RIGHT, WRONG]], [[WRONG, RIGHT], [[0, 1, 1, 0], LATE]])
    places = [(record["layer"], record["head"]) for record in found["heads"]]
    assert places == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [record["validation_error"] for record in found["heads"]] == [1, 1, 0, 1]
    assert [record["alignment_error"] for record in found["heads"]] == [1, 0, pytest.approx(1 / 3), 1]
    assert found["best_head"] == found["heads"][2]
    assert found["heads"][3]["shift 1"] == pytest.approx(1 - 4 / 5), "two words have the row after their own"
    assert found["heads"][3]["shift -1"] == 1


def test_of_heads_that_are_level_the_first_is_the_best(heads_that_look):
    found = heads_that_look([[WRONG, RIGHT], [RIGHT, RIGHT]], [[RIGHT, WRONG], [RIGHT, RIGHT]])
    assert (found["best_head"]["layer"], found["best_head"]["head"]) == (0, 1)


def test_maps_are_measured_of_a_transformer_as_the_mean_of_its_heads_and_each_head_by_itself():
    pairs = generate("french", 40, (4, 9), seed=1)

    def make(source: int, target: int, **_):
        return with_random_weights(transformer_model(source, target, 16))

    trained = untrained(make, pairs)
    gold = [pair.alignment for pair in pairs]
    weights = align_heads(trained.model, pairs, *trained.codecs)

    def error(maps_of_pairs) -> float:
        links = [alignment.hard_links(of_pair) for of_pair in maps_of_pairs]
        return alignment.alignment_score(links, gold).error_rate

    found = maps.measure_maps(trained, pairs) | maps.measure_heads(trained, pairs[:20], pairs)
    assert found["alignment_error"] == error([of_pair.mean(dim=(0, 1)) for of_pair in weights])
    assert len(found["heads"]) == 2 * 4
    for record in found["heads"]:
        layer, head = record["layer"], record["head"]
        assert record["alignment_error"] == error([of_pair[layer, head] for of_pair in weights])
    assert len({record["alignment_error"] for record in found["heads"]}) > 4


def test_pairs_without_links_have_no_maps_to_measure():
    pairs = [SentencePair("a b c", "A B C", STRAIGHT), SentencePair("a", "A")]
    with pytest.raises(ValueError, match=r"^pairs: 1 of 2 have an alignment"):
        maps.gold_of(pairs)
    with pytest.raises(ValueError, match=r"^pairs: 0 of 0 have an alignment"):
        maps.gold_of([])
    assert maps.gold_of(pairs[:1]) == [STRAIGHT]
