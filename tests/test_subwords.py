"""Subwords: what they cut, that they join to what was cut, and that they are the same every time."""

import pytest

from seq2seq_utils.text import UNK_ID, SubwordTokenizer, TextCodec, Vocabulary

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
    assert subwords.tokenize("tra\u0308gt") == subwords.tokenize("trägt")  # decomposed and composed letters


def test_joined_pieces_are_the_text_in_small_letters(subwords):
    texts = [*TEXTS, "Der Kofferträger öffnet Koffer, und trägt sie.", "  Ein   Koffer "]
    joined = [subwords.join(subwords.tokenize(text)) for text in texts]
    assert joined == [" ".join(text.lower().split()) for text in texts]


def test_the_same_texts_and_a_stored_model_give_the_same_pieces(subwords):
    pieces = [subwords.tokenize(text) for text in TEXTS]
    for again in (SubwordTokenizer.train(TEXTS, 60), SubwordTokenizer(subwords.model)):
        assert [again.tokenize(text) for text in TEXTS] == pieces
    assert len({piece for text in pieces for piece in text}) <= 60


def test_a_new_word_of_known_letters_is_not_unknown_and_a_new_letter_is(subwords):
    codec = TextCodec.build(subwords, [*TEXTS, *"abcdefghijklmnopqrstuvwxyzäöü"])
    assert UNK_ID not in codec.encode("Grafik")
    assert UNK_ID in codec.encode("Koffer 書")


def test_sizes_that_the_texts_do_not_have_and_bytes_that_are_no_model_are_refused():
    for size in (5, 5000):
        with pytest.raises(ValueError, match=f"^size: {size} "):
            SubwordTokenizer.train(TEXTS, size)
    with pytest.raises(ValueError, match=r"^model: .*4 bytes"):
        SubwordTokenizer(b"what")


def test_dropout_cuts_into_smaller_pieces_that_all_have_a_name_and_spell_the_text(subwords):
    codec = TextCodec(subwords, Vocabulary(subwords.pieces))
    usual = sum(len(subwords.tokenize(text)) for text in TEXTS)
    for seed in range(20):
        cut = [subwords.tokenize_with_dropout(text, 0.3, seed) for text in TEXTS]
        assert sum(map(len, cut)) > usual
        assert all(UNK_ID not in codec.vocabulary.encode(pieces) for pieces in cut)
        assert [subwords.join(pieces) for pieces in cut] == [text.lower() for text in TEXTS]


def test_the_seed_decides_the_cut_whatever_was_cut_before(subwords):
    text = "Der Kofferträger trägt den Koffer."
    cuts = [subwords.tokenize_with_dropout(text, 0.5, seed) for seed in range(10)]
    again = [subwords.tokenize_with_dropout(text, 0.5, seed) for seed in reversed(range(10))]
    assert again[::-1] == cuts
    assert len(set(map(tuple, cuts))) > 1
    assert subwords.tokenize_with_dropout(text, 0.0, 3) == subwords.tokenize(text)
    spelled_out = [*"▁der", *"▁kofferträger", *"▁trägt", *"▁den", *"▁koffer."]
    assert subwords.tokenize_with_dropout(text, 1.0, 3) == spelled_out
