"""Word-by-word glosses, made from gold alignments."""

import pytest

from seq2seq_utils.experiments import glosses
from seq2seq_utils.grammar import generate, tokenizer
from seq2seq_utils.pairs import Alignment, SentencePair


def pair(source, target, *sure):
    """A pair whose words stand apart, with these sure links."""
    words = tuple(source.split()), tuple(target.split())
    return SentencePair(source, target, Alignment(*words, frozenset(sure), frozenset(sure)))


def test_a_word_means_what_it_is_most_often_linked_with():
    pairs = [
        pair("The dog", "Le chien", (0, 0), (1, 1)),
        pair("a hound", "un chien", (0, 0), (1, 1)),
        pair("my dog", "mon Chien", (1, 1)),
    ]
    assert glosses.meanings(pairs) == {"le": "the", "un": "a", "chien": "dog"}


def test_a_gloss_keeps_the_order_of_the_text_and_marks_what_it_does_not_know():
    known = {"le": "the", "chien": "dog", "noir": "black"}
    text = glosses.gloss("Le chien noir dort.", tokenizer("french"), known)
    assert text == "the dog black · ."


def test_content_words_of_the_grammar_are_glossed_by_their_own_translation():
    known = glosses.meanings(generate("french", 2_000, (3, 7), seed=1))
    assert [known[word] for word in ("maison", "chat", "toujours")] == ["house", "cat", "always"]


def test_a_pair_without_alignment_is_named():
    with pytest.raises(ValueError, match="'a b' has no alignment"):
        glosses.meanings([SentencePair("a b", "c d")])
