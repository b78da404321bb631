"""The dictionary of notebook 2: its entries, what it looks words up by, and which of eight is the best."""

from collections import Counter

import pytest

from seq2seq_utils.experiments import dictionary
from seq2seq_utils.grammar import generate, tokenizer
from seq2seq_utils.pairs import Alignment, SentencePair


def pair(source: str, target: str, sure: set, possible: frozenset = frozenset()) -> SentencePair:
    words = tuple(source.split()), tuple(target.split())
    return SentencePair(source, target, Alignment(*words, frozenset(sure), frozenset(sure) | possible))


CROSSED = pair("our weak horses walk", "nos chevaux faibles marchent", {(0, 0), (1, 2), (2, 1), (3, 3)})


@pytest.fixture(scope="module")
def pairs():
    return generate("french", 3_000, (3, 7), seed=5)


def test_possible_links_count_where_no_link_is_sure():
    negated = pair("the cat sleeps not", "le chat ne dort pas", {(0, 0), (1, 1), (2, 3), (3, 4)}, {(3, 2)})
    assert dictionary.links(negated) == [[0], [1], [3], [2], [3]]
    also_possible = pair("the cat", "le chat", {(0, 0), (1, 1)}, {(1, 0)})
    assert dictionary.links(also_possible) == [[0], [1]]


def test_entries_move_words_to_one_side_and_no_word_past_another():
    assert dictionary.entries(CROSSED, "right") == [("nos",), (), ("chevaux", "faibles"), ("marchent",)]
    assert dictionary.entries(CROSSED, "left") == [("nos",), ("chevaux", "faibles"), (), ("marchent",)]


def test_entries_side_by_side_are_the_french_sentence(pairs):
    for side in dictionary.SIDES:
        for each in pairs:
            words = [word for entry in dictionary.entries(each, side) for word in entry]
            assert tokenizer("french").join(words) == each.target


def test_the_widest_window_that_was_seen_decides():
    seen = {("a", "b", "c"): ("both",), ("a", "b"): ("before",), ("b",): ("alone",)}

    def found(sentence, reach):
        tokenizers = tokenizer("english"), tokenizer("french")
        return list(dictionary.Dictionary(seen, "right", reach, *tokenizers).look_up(sentence))[1]

    assert found("a b c", 3) == found("a b c", 1) == (("both",), ("a", "b", "c"))
    assert found("a b x", 1) == (("before",), ("a", "b"))
    assert found("x b c", 2) == found("a b c", 0) == (("alone",), ("b",))
    assert found("a x c", 1) == ((), None)


def test_windows_get_narrower_by_a_word_and_are_empty_outside_the_sentence():
    assert list(dictionary.windows(["a", "b"], 1)) == [
        [("", "a", "b"), ("", "a"), ("a",)],
        [("a", "b", ""), ("a", "b"), ("b",)],
    ]
    assert list(dictionary.windows(list("abcde"), 2))[2] == [
        tuple(text) for text in ("abcde", "abcd", "bcd", "bc", "c")
    ]


def test_the_best_of_eight_is_chosen_and_uses_the_most_frequent_entry(pairs):
    best, scores = dictionary.choose(pairs[:2500], pairs[2500:])
    assert set(scores) == {(side, reach) for side in dictionary.SIDES for reach in dictionary.REACHES}
    assert scores[best.side, best.reach] == max(scores.values())
    right = sum(best.translate(each.source) == each.target for each in pairs[2500:])
    assert 100 * right / 500 == pytest.approx(max(scores.values()))
    assert max(scores.values()) > 2 * scores["right", 0]
    horses = Counter(
        entry
        for each in pairs[:2500]
        for word, entry in zip(each.alignment.source_words, dictionary.entries(each, best.side), strict=True)
        if word == "horses"
    )
    assert horses[best.entries["horses",]] == max(horses.values())


def test_the_share_of_words_whose_window_was_seen_shrinks_with_the_reach():
    known = pair("a b c", "x y z", {(0, 0), (1, 1), (2, 2)})
    best, _ = dictionary.choose([known], [known])
    assert dictionary.seen_windows(best, [known]) == dict.fromkeys(dictionary.REACHES, 100)
    other = pair("a b d", "x y z", {(0, 0), (1, 1), (2, 2)})
    found = dictionary.seen_windows(best, [other])
    assert found == {0: pytest.approx(200 / 3), 1: pytest.approx(100 / 3), 2: 0, 3: 0}


def test_pairs_without_an_alignment_are_refused():
    bare = SentencePair("a cat", "un chat")
    for use in (dictionary.links, lambda each: dictionary.entries(each, "left")):
        with pytest.raises(ValueError, match="'a cat' has no alignment"):
            use(bare)
    with pytest.raises(ValueError, match="no alignment"):
        dictionary.choose([bare], [bare])
