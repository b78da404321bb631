"""How the spread over seeds is split into that of the sentences and that of the seeds."""

import random
from math import sqrt

import pytest

from seq2seq_utils.evaluation.spread import spread_over_seeds


def simulate(shares, sentences, chance):
    """What models get right, each sentence by itself, with these shares."""
    return ["".join(str(int(chance.random() < share)) for _ in range(sentences)) for share in shares]


def test_a_case_by_hand():
    spread = spread_over_seeds(["1100", "1010"])
    assert (spread.observed, spread.of_seeds) == (0, 0)
    assert spread.of_sentences == pytest.approx(100 * sqrt(2 * 0.5) / 4)
    spread = spread_over_seeds(["1111", "0000"])
    assert spread.observed == pytest.approx(100 * sqrt(0.5))


def test_models_that_agree_on_every_sentence_have_no_spread():
    spread = spread_over_seeds(["1101"] * 3)
    assert (spread.observed, spread.of_sentences, spread.of_seeds) == (0, 0, 0)


def test_equal_models_spread_by_their_sentences_and_others_by_their_seeds_too():
    chance = random.Random(0)
    equal = spread_over_seeds(simulate([0.8] * 200, 500, chance))
    assert equal.of_sentences == pytest.approx(100 * sqrt(0.8 * 0.2 / 500), rel=0.03)
    assert equal.observed == pytest.approx(equal.of_sentences, rel=0.15)
    unequal = spread_over_seeds(simulate([0.7, 0.8, 0.9] * 70, 500, chance))
    assert unequal.of_seeds**2 + unequal.of_sentences**2 == pytest.approx(unequal.observed**2)
    assert unequal.of_seeds == pytest.approx(100 * sqrt(0.02 / 3), rel=0.1)


@pytest.mark.parametrize(
    ("right", "message"),
    [(["1"], "2 or more"), (["10", "1"], "as many"), (["", ""], "as many"), (["12", "10"], "sign")],
)
def test_what_cannot_be_split_is_refused(right, message):
    with pytest.raises(ValueError, match=message):
        spread_over_seeds(right)
