"""The dictionary of notebook 2: its entries, what it looks words up by, and which of six is the best."""

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


def test_the_first_key_that_was_seen_decides():
    entries = {("a", "b", "c"): ("both",), ("a", "b", "*"): ("previous",), ("*", "b", "c"): ("next",)}
    entries |= {("*", "b", "*"): ("alone",)}

    def found(sentence, order):
        tokenizers = tokenizer("english"), tokenizer("french")
        looked_up = dictionary.Dictionary(entries, "right", dictionary.ORDERS[order], *tokenizers)
        return list(looked_up.look_up(sentence))[1]

    assert found("a b c", "previous word first") == (("both",), dictionary.BOTH)
    assert found("a b x", "next word first") == (("previous",), dictionary.PREVIOUS)
    assert found("x b c", "previous word first") == (("next",), dictionary.NEXT)
    assert found("a b c", "word alone") == (("alone",), dictionary.ALONE)
    assert found("a x c", "next word first") == ((), None)


def test_keys_at_the_ends_have_an_empty_neighbour():
    assert list(dictionary.contexts(["a"])) == [
        [("", "a", ""), ("", "a", "*"), ("*", "a", ""), ("*", "a", "*")]
    ]


def test_the_best_of_six_is_chosen_and_uses_the_most_frequent_entry(pairs):
    best, scores = dictionary.choose(pairs[:2500], pairs[2500:])
    names = {(side, name) for side in dictionary.SIDES for name in dictionary.ORDERS}
    assert set(scores) == names
    right = sum(best.translate(each.source) == each.target for each in pairs[2500:])
    assert 100 * right / 500 == pytest.approx(max(scores.values()))
    assert max(scores.values()) > 2 * scores["right", "word alone"]
    horses = Counter(
        entry
        for each in pairs[:2500]
        for word, entry in zip(each.alignment.source_words, dictionary.entries(each, best.side), strict=True)
        if word == "horses"
    )
    assert horses[best.entries["*", "horses", "*"]] == max(horses.values())


def test_reasons_tell_a_rare_context_from_a_frequent_wrong_entry():
    frequent = [pair("a b", "x y", {(0, 0), (1, 1)})] * 2 + [pair("a b", "x z", {(0, 0), (1, 1)})]
    best, _ = dictionary.choose(frequent, frequent)
    unseen = pair("a c", "x w", {(0, 0), (1, 1)})
    right = pair("a b", best.translate("a b"), {(0, 0), (1, 1)})
    assert dictionary.reasons(best, [right, right, frequent[2], unseen]) == {
        "right": 2,
        "wrong, all by both neighbours": 1,
        "wrong, some by less": 1,
    }


def test_pairs_without_an_alignment_are_refused():
    bare = SentencePair("a cat", "un chat")
    for use in (dictionary.links, lambda each: dictionary.entries(each, "left")):
        with pytest.raises(ValueError, match="'a cat' has no alignment"):
            use(bare)
    with pytest.raises(ValueError, match="no alignment"):
        dictionary.choose([bare], [bare])
