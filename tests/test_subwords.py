"""Subwords: what they cut, that they join to what was cut, and that they are the same every time."""

import pytest

from seq2seq_utils.subwords import SubwordTokenizer
from seq2seq_utils.text import UNK_ID, TextCodec, Tokenizer

TEXTS = [
    "Ein Lehrer trägt einen Koffer.",
    "Eine Lehrerin trägt zwei Koffer!",
    "Der Lehrer und die Lehrerin öffnen den Koffer.",
    "Zwei Kofferträger tragen Koffer.",
]


@pytest.fixture(scope="module")
def subwords() -> SubwordTokenizer:
    return SubwordTokenizer.train(TEXTS, 60)


def test_frequent_words_are_whole_and_rare_ones_in_pieces(subwords):
    assert subwords.tokenize("Koffer") == ["▁koffer"]
    assert len(subwords.tokenize("Kofferöffner")) > 1
    assert subwords.tokenize("Kofferöffner")[0] == "▁koffer"


@pytest.mark.parametrize(
    "text", [*TEXTS, "Der Kofferträger öffnet Koffer, und trägt sie.", "  Ein   Koffer "]
)
def test_joined_pieces_are_the_text_in_small_letters(subwords, text):
    assert subwords.join(subwords.tokenize(text)) == " ".join(text.lower().split())


def test_composed_and_decomposed_letters_are_the_same(subwords):
    assert subwords.tokenize("tra\u0308gt") == subwords.tokenize("trägt")


def test_the_same_texts_give_the_same_pieces(subwords):
    again = SubwordTokenizer.train(TEXTS, 60)
    assert [again.tokenize(text) for text in TEXTS] == [subwords.tokenize(text) for text in TEXTS]


def test_a_stored_model_cuts_as_the_one_that_was_trained(subwords):
    again = SubwordTokenizer(subwords.model)
    assert [again.tokenize(text) for text in TEXTS] == [subwords.tokenize(text) for text in TEXTS]


def test_there_are_never_more_pieces_than_were_asked_for(subwords):
    codec = TextCodec.build(subwords, TEXTS)
    assert len(codec.vocabulary) <= 60 + 4


def test_a_new_word_of_known_letters_is_not_unknown_and_a_new_letter_is(subwords):
    tokenizer: Tokenizer = subwords
    characters = TextCodec.build(tokenizer, [*TEXTS, *"abcdefghijklmnopqrstuvwxyzäöü"])
    assert UNK_ID not in characters.encode("Grafik")
    assert UNK_ID in characters.encode("Koffer 書")


@pytest.mark.parametrize("size", [5, 5000])
def test_sizes_that_the_texts_do_not_have_are_refused(size):
    with pytest.raises(ValueError, match=f"size: {size} pieces cannot be learned from these texts"):
        SubwordTokenizer.train(TEXTS, size)


def test_bytes_that_are_no_model_are_refused():
    with pytest.raises(ValueError, match="model: these 4 bytes are not a sentencepiece model"):
        SubwordTokenizer(b"what")
