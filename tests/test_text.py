"""Tokenizers give back the words they were given, and a vocabulary numbers them the same way every time."""

import unicodedata

import pytest

from seq2seq_utils.text import (
    EOS_ID,
    PAD_ID,
    SOS_ID,
    SPECIALS,
    UNK_ID,
    CharacterTokenizer,
    TextCodec,
    Vocabulary,
    WordTokenizer,
    count_words,
)

WORDS = WordTokenizer()
CHARACTERS = CharacterTokenizer()


# ------------------------------------------------------------------------------------------- words
def test_words_elisions_and_marks_are_told_apart():
    expected = {
        "L'âne dort.": "l' âne dort .",
        "L’âne dort.": "l' âne dort .",  # a curly apostrophe
        "Il dit qu'elle n'a pas d'amis, aujourd'hui.": "il dit qu' elle n' a pas d' amis , aujourd'hui .",
        "Jusqu’à demain; lorsqu'il dort": "jusqu' à demain ; lorsqu' il dort",
        "Quelqu'un s'est assis.": "quelqu'un s' est assis .",
        "Ma grand-mère d'aujourd'hui": "ma grand-mère d' aujourd'hui",
        "I don't know; it's 7 o'clock!": "i don't know ; it's 7 o'clock !",
        "L'ÉLÉPHANT et l'Œuf": "l' éléphant et l' œuf",
        "«Oui»… (3,5)": "« oui » … ( 3 , 5 )",
        "d' l' n'": "d ' l ' n '",  # no word to lean on: no elision
        "  deux\tespaces \n": "deux espaces",
        "": "",
        " \n": "",
    }
    # Every French elision is a word of its own.
    letters = ["c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu"]
    expected |= {f"{letter}'il": f"{letter}' il" for letter in letters}
    found = {text: WORDS.tokenize(text) for text in expected}
    assert found == {text: tokens.split() for text, tokens in expected.items()}


def test_decomposed_letters_give_the_same_tokens_as_composed_ones():
    for text in ("Le héros aime l'été à Noël.", "소년은 고양이를 본다."):
        decomposed = unicodedata.normalize("NFD", text)
        assert decomposed != text
        for tokenizer in (WORDS, CHARACTERS):
            assert tokenizer.tokenize(decomposed) == tokenizer.tokenize(text)


def test_tokens_are_joined_as_one_writes_them():
    expected = {
        "l' âne dort .": "L'âne dort.",
        "qu' il vienne , s' il veut !": "Qu'il vienne, s'il veut!",
        "aujourd'hui , ma grand-mère chante": "Aujourd'hui, ma grand-mère chante",
        "élan ; où ? là : oui": "Élan; où? là: oui",
        "a -b C": "A -b C",
        "": "",
    }
    assert {tokens: WORDS.join(tokens.split()) for tokens in expected} == expected
    written = [
        "L'âne qu'elle aime n'est pas à ma grand-mère, aujourd'hui.",
        "You don't know; does she?",
        "Où est-il? là: dehors!",
    ]
    assert [WORDS.join(WORDS.tokenize(text)) for text in written] == written


def test_the_length_of_a_sentence_is_its_words_without_punctuation():
    lengths = {"L'âne n'a pas d'amis, aujourd'hui !": 8, "It's 7 o'clock; don't sleep.": 5, "… ?": 0, "": 0}
    assert {text: count_words(text) for text in lengths} == lengths


# -------------------------------------------------------------------------------------- characters
def test_characters_are_letters_and_spaces_capitals_kept():
    assert CHARACTERS.tokenize("L'été, 네") == ["L", "'", "é", "t", "é", ",", " ", "네"]
    texts = ["L’âne n'a  pas d'œuf. ", "소년은 고양이를 본다!", "", "a\tb\n"]
    assert [CHARACTERS.join(CHARACTERS.tokenize(text)) for text in texts] == texts


# -------------------------------------------------------------------------------------- vocabulary
def test_the_special_tokens_have_four_different_ids():
    assert (PAD_ID, SOS_ID, EOS_ID, UNK_ID) == (0, 1, 2, 3)
    assert Vocabulary([]).tokens == SPECIALS == ("<pad>", "<sos>", "<eos>", "<unk>")
    assert Vocabulary(["chat"]).encode(["<pad>", "<sos>", "<eos>", "<unk>", "chat"]) == [0, 1, 2, 3, 4]


def test_frequent_tokens_come_first_and_ties_in_the_order_of_their_letters():
    sentences = [["b", "a", "c"], ["c", "b", "a"], ["d", "c", "é"]]
    assert Vocabulary.build(sentences).tokens[4:] == ("c", "a", "b", "d", "é")
    shuffled = [list(reversed(sentence)) for sentence in reversed(sentences)]
    assert Vocabulary.build(shuffled).tokens == Vocabulary.build(sentences).tokens


def test_rare_tokens_get_no_id_of_their_own():
    vocabulary = Vocabulary.build([["le", "chat", "le"], ["chat", "dort"]], min_count=2)
    assert vocabulary.tokens[4:] == ("chat", "le")
    assert len(vocabulary) == 6
    assert "chat" in vocabulary
    assert "dort" not in vocabulary
    assert vocabulary.encode(["le", "chat", "dort"]) == [5, 4, UNK_ID]


def test_decoding_stops_at_the_end_and_leaves_out_padding_and_start():
    vocabulary = Vocabulary(["le", "chat"])
    assert vocabulary.decode([4, 5, EOS_ID, 5, 4]) == ["le", "chat"]
    assert vocabulary.decode([SOS_ID, 4, PAD_ID, 5, PAD_ID]) == ["le", "chat"]
    assert vocabulary.decode([4, UNK_ID]) == ["le", "<unk>"]
    assert vocabulary.decode([EOS_ID, 99]) == []
    assert vocabulary.decode([]) == []


def test_what_makes_no_vocabulary_or_lies_outside_one_is_refused():
    for min_count in (0, -1):
        with pytest.raises(ValueError, match=f"^min_count: {min_count} "):
            Vocabulary.build([["le"]], min_count=min_count)
    for tokens, twice in ((["le", "chat", "le"], "le"), (["le", "<eos>"], "<eos>")):
        with pytest.raises(ValueError, match=f"^tokens: '{twice}'"):
            Vocabulary(tokens)
    for token_id in (-1, 6, 1000):
        with pytest.raises(ValueError, match=rf"^ids: {token_id} .*\(0 to 5\)"):
            Vocabulary(["le", "chat"]).decode([4, token_id])


# ------------------------------------------------------------------------------------------- codec
def test_a_codec_goes_from_text_to_ids_and_back():
    codec = TextCodec.build(WORDS, ["Le chat dort.", "Le chat n'a pas d'œuf."])
    ids = codec.encode("Le chat n'a pas d'œuf.")
    assert codec.decode(ids) == "Le chat n'a pas d'œuf."
    assert codec.decode([SOS_ID, *ids, EOS_ID, *ids]) == "Le chat n'a pas d'œuf."
    assert codec.vocabulary.tokens[4:7] == (".", "chat", "le")
    rare = TextCodec.build(WORDS, ["Le chat dort", "le chat mange"], min_count=2)
    assert rare.encode("le chat mange")[-1] == UNK_ID


def test_a_sentence_that_is_empty_or_has_unknown_words_only_is_refused():
    codec = TextCodec.build(WORDS, ["Le chat dort."])
    for text, reason in (("", "empty"), ("  \n", "empty"), ("Zwei Hunde!", "only unknown words")):
        with pytest.raises(ValueError, match=reason) as raised:
            codec.encode(text)
        assert str(raised.value).startswith(f"text: {text!r} ")
    assert codec.encode("Zwei Hunde.")[:2] == [UNK_ID, UNK_ID]  # the full stop is known
