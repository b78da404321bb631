"""Tokenizers give back the words they were given, and a vocabulary numbers them the same way every time."""

import unicodedata

import pytest

from seq2seq_utils import grammar
from seq2seq_utils.grammar import KoreanTokenizer, has_final_consonant
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
KOREAN = KoreanTokenizer(["소년", "고양이", "나", "나무", "내", "책", "마리", "주"])


@pytest.fixture(scope="module", params=["french", "korean"])
def generated(request):
    """A language, and 10,000 pairs whose words are known because the grammar wrote them."""
    return request.param, grammar.generate(request.param, 10_000, (3, 18), seed=11)


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
    assert {text: " ".join(WORDS.tokenize(text)) for text in expected} == expected


def test_decomposed_letters_give_the_same_tokens_as_composed_ones():
    for text in ("Le héros aime l'été à Noël.", "소년은 고양이를 본다."):
        decomposed = unicodedata.normalize("NFD", text)
        assert decomposed != text
        for tokenizer in (WORDS, CHARACTERS, KOREAN):
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


def test_tokenizers_find_the_words_that_the_grammar_wrote(generated):
    language, pairs = generated
    of_source, of_target = grammar.tokenizer("english"), grammar.tokenizer(language)
    for pair in pairs:
        assert of_source.tokenize(pair.source) == list(pair.alignment.source_words)
        assert of_target.tokenize(pair.target) == list(pair.alignment.target_words)


def test_joining_the_tokens_of_a_generated_sentence_gives_it_back(generated):
    language, pairs = generated
    of_source, of_target = grammar.tokenizer("english"), grammar.tokenizer(language)
    for pair in pairs:
        # Words are lower-cased: I and Monday come back without their capital.
        assert of_source.join(of_source.tokenize(pair.source)).lower() == pair.source.lower()
        assert of_target.join(of_target.tokenize(pair.target)) == pair.target


def test_generated_sentences_have_no_hyphen_or_space_where_none_is_written(generated):
    language, pairs = generated
    unwritten = (" -", "  ", "' ", " ,", " .") + (("-",) if language == "korean" else ())
    assert [pair.target for pair in pairs if any(each in pair.target for each in unwritten)] == []


def test_the_word_tokenizer_of_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match=r"language: 'german' .*english, french, korean"):
        grammar.tokenizer("german")


# -------------------------------------------------------------------------------------- characters
def test_characters_are_letters_and_spaces_capitals_kept():
    assert CHARACTERS.tokenize("L'été, 네") == ["L", "'", "é", "t", "é", ",", " ", "네"]
    texts = ["L’âne n'a  pas d'œuf. ", "소년은 고양이를 본다!", "", "a\tb\n"]
    assert [CHARACTERS.join(CHARACTERS.tokenize(text)) for text in texts] == texts


# ------------------------------------------------------------------------------------------ Korean
@pytest.mark.parametrize(
    ("word", "tokens"),
    [
        ("소년은", "소년 -은"),
        ("소년이나", "소년 -이나"),
        ("소년과", "소년 -과"),
        ("고양이는", "고양이 -는"),
        ("고양이나", "고양이 -나"),
        ("고양이에게", "고양이 -에게"),
        ("책에서", "책 -에서"),
        ("책의", "책 -의"),
        ("소년들은", "소년 -들 -은"),
        ("소년들에게", "소년 -들 -에게"),
        ("고양이들이나", "고양이 -들 -이나"),
        ("나무는", "나무 -는"),
        ("나는", "나 -는"),
        ("내가", "내 -가"),
    ],
)
def test_particles_are_split_off_known_words(word, tokens):
    assert KOREAN.tokenize(word) == tokens.split()


@pytest.mark.parametrize(
    "word",
    [
        "고양이",  # ends in what could be a particle, but 고양 is no word it knows
        "강아지는",  # not a word it knows at all
        "소년",
        "소년는",  # a particle that cannot follow a consonant
        "나무은",  # nor this one a vowel
        "소년들는",
        "소년하고",  # not one of its particles
        "들은",  # no word before the particles
        "은",
    ],
)
def test_a_word_without_a_known_word_and_a_fitting_particle_stays_whole(word):
    assert KOREAN.tokenize(word) == [word]


def test_a_korean_tokenizer_that_knows_no_words_splits_nothing():
    assert KoreanTokenizer([]).tokenize("고양이가 책을 본다.") == ["고양이가", "책을", "본다", "."]


def test_the_longest_known_word_is_taken():
    cities_and_animals = KoreanTokenizer(["고양", "고양이"])
    assert cities_and_animals.tokenize("고양이나") == ["고양이", "-나"]  # not 고양 and 이나
    assert cities_and_animals.tokenize("고양은") == ["고양", "-은"]


def test_splitting_and_joining_korean_give_back_the_text():
    text = "나무 위에서 소년들은 고양이 두 마리를 본다."
    tokens = grammar.tokenizer("korean").tokenize(text)
    assert " ".join(tokens) == "나무 위 -에서 소년 -들 -은 고양이 두 마리 -를 본다 ."
    assert KOREAN.join(tokens) == text


@pytest.mark.parametrize(
    ("word", "closed"),
    [
        ("가", False),
        ("각", True),
        ("소년", True),
        ("나무", False),
        ("힣", True),
        ("히", False),
        ("의사", False),
    ],
)
def test_a_final_consonant_is_seen_in_the_last_syllable(word, closed):
    assert has_final_consonant(word) is closed


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
