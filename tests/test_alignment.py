"""Alignment error rate by hand-made examples; sharpness from one word to all."""

import math

import pytest
import torch

from seq2seq_utils.evaluation.alignment import (
    alignment_error_interval,
    alignment_score,
    entropy,
    hard_links,
)
from seq2seq_utils.pairs import Alignment


def gold(sure: set, possible: set = frozenset()) -> Alignment:
    return Alignment(("a", "b", "c"), ("x", "y", "z"), frozenset(sure), frozenset(sure) | frozenset(possible))


def test_each_target_word_is_linked_to_what_it_looks_at_most_and_eos_to_nothing():
    weights = torch.tensor([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.0, 0.1, 0.9]])
    assert hard_links(weights) == {(1, 0), (0, 1)}


def test_shifted_links_take_the_weights_of_a_neighbour():
    weights = torch.eye(4)  # three words that look at themselves, and EOS
    assert hard_links(weights, shift=1) == {(1, 0), (2, 1)}
    assert hard_links(weights, shift=-1) == {(0, 1), (1, 2)}


def test_error_rate_precision_and_recall_as_och_and_ney_define_them():
    found = [{(0, 0), (1, 1), (2, 1)}]  # one sure, one possible, one wrong; one sure link is missed
    score = alignment_score(found, [gold({(0, 0), (2, 2)}, {(1, 1)})])
    assert score.error_rate == pytest.approx(1 - (1 + 2) / (3 + 2))
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == pytest.approx(1 / 2)
    # Possible links cost nothing, and are not missed.
    assert alignment_score([{(0, 0)}], [gold({(0, 0)}, {(1, 0), (1, 1)})]) == (0, 1, 1)
    assert alignment_score([{(0, 0), (1, 1)}], [gold({(0, 0)}, {(1, 1)})]) == (0, 1, 1)
    # Where nothing was found, or nothing was to be found, nothing is divided by.
    assert alignment_score([set()], [gold({(0, 0)})]) == (1, 1, 0)
    assert alignment_score([set()], [gold(set())]) == (0, 1, 1)
    assert alignment_score([{(0, 0)}], [gold(set())]) == (1, 0, 1)


def test_the_score_is_over_all_links_not_a_mean_over_sentences():
    found = [{(0, 0)}, {(0, 1), (1, 0), (2, 2)}]
    truth = [gold({(0, 0)}), gold({(0, 0), (1, 1), (2, 2)})]
    assert alignment_score(found, truth).error_rate == pytest.approx(1 - 4 / 8)


def test_the_interval_holds_the_score_and_shrinks_to_it_where_all_sentences_are_alike():
    found, truth = [{(0, 0)}, {(1, 0)}] * 50, [gold({(0, 0)})] * 100
    low, high = alignment_error_interval(found, truth)
    assert 0.3 < low < alignment_score(found, truth).error_rate < high < 0.7
    assert alignment_error_interval(found[:1] * 20, truth[:20]) == (0, 0)


def test_lists_that_do_not_belong_together_are_refused():
    for measure in (alignment_score, alignment_error_interval):
        for found, truth in (([], []), ([{(0, 0)}] * 2, [gold({(0, 0)})])):
            message = rf"^found, gold: {len(found)} and {len(truth)}; .*one of each"
            with pytest.raises(ValueError, match=message):
                measure(found, truth)


def test_entropy_is_1_for_equal_weights_and_0_for_a_single_word():
    weights = torch.tensor([[0.25] * 4, [0, 1, 0, 0], [0.5, 0.5, 0, 0]])
    assert entropy(weights).tolist() == pytest.approx([1, 0, math.log(2) / math.log(4)])
    with pytest.raises(ValueError, match=r"^weights: .*\(3, 1\).*two source words or more"):
        entropy(torch.ones(3, 1))
