"""Korean particles: what fits which word; the tokenizer splits off what was glued on, and nothing else."""

import re
import unicodedata

import pytest
from meanings import assert_equal

from seq2seq_utils.grammar import KoreanTokenizer, has_final_consonant, lexicon, particles, tokenizer

KOREAN = KoreanTokenizer(["소년", "고양이", "나", "나무", "내", "책", "마리", "주"])


# ------------------------------------------------------------------------------------------- rules
def test_a_final_consonant_is_seen_in_the_last_syllable():
    closed = {"가": False, "각": True, "소년": True, "나무": False, "힣": True, "히": False, "의사": False}
    assert_equal((has_final_consonant(word), expected) for word, expected in closed.items())


@pytest.mark.parametrize(
    "word", ["", "a", "7", "소년 ", "소년.", "ㄴ", "ㅏ", unicodedata.normalize("NFD", "소녀"), "가\ud7a4"]
)
def test_a_word_that_does_not_end_in_a_composed_syllable_is_refused(word):
    for refusing in (
        has_final_consonant,
        particles.TOPIC.after,
        lambda each: KoreanTokenizer(["소년", each]),
    ):
        with pytest.raises(ValueError, match=re.escape(f"word: {word!r} ") + ".*Hangul"):
            refusing(word)


def test_the_form_of_a_pair_that_fits():
    expected = {
        particles.TOPIC: ("책 -은", "나무 -는"),
        particles.SUBJECT: ("책 -이", "나무 -가"),
        particles.OBJECT: ("책 -을", "나무 -를"),
        particles.AND: ("책 -과", "나무 -와"),
        particles.OR: ("책 -이나", "나무 -나"),
    }
    assert set(expected) == set(particles.PAIRS)
    assert_equal(
        (tuple(f"{word} {pair.after(word)}" for word in ("책", "나무")), expected[pair]) for pair in expected
    )


def test_every_particle_of_the_lexicon_is_known():
    words = [verb.place_particle for verbs in lexicon.VERBS.values() for verb in verbs]
    times = {time for times in lexicon.TIMES.values() for time in times}
    words += [word for time in times for word in time.korean if word.startswith("-")]
    assert set(words) - particles.PARTICLES == set()
    assert {"-에", "-에서"} <= set(words)


def test_particles_are_glued_to_the_word_before_them():
    expected = {
        "소년 -들 -은 고양이 -를 본다.": "소년들은 고양이를 본다.",
        "a -b c": "a -b c",  # a hyphen before other letters is no particle
        "가 - 나": "가 - 나",
        "": "",
    }
    assert_equal((particles.glued(text), glued) for text, glued in expected.items())


# --------------------------------------------------------------------------------------- tokenizer
def test_particles_are_split_off_known_words():
    following = {
        "소년": "-은 -이 -을 -과 -이나 -의 -에 -에서 -에게 -들",
        "고양이": "-는 -가 -를 -와 -나 -의 -에 -에서 -에게 -들",
        "소년 -들": "-은 -이 -을 -과 -이나 -의 -에 -에서 -에게",
        "고양이 -들": "-은 -이나",
        "나무": "-는",
        "나": "-는",
        "내": "-가",
        "책": "-에서",
    }

    def cases():
        for host, possible in following.items():
            for particle in possible.split():
                tokens = f"{host} {particle}"
                yield KOREAN.tokenize(tokens.replace(" -", "")), tokens.split()

    assert_equal(cases())


def test_a_word_without_a_known_word_and_a_fitting_particle_stays_whole():
    words = [
        "고양이",  # ends in what could be a particle, but 고양 is no word it knows
        "강아지는",  # not a word it knows at all
        "소년",
        *("소년는", "소년가", "소년를", "소년와", "소년나"),  # what cannot follow a consonant
        *("나무은", "나무이", "나무을", "나무과", "나무이나"),  # nor these a vowel
        "소년들는",
        "소년들들은",  # the plural is marked once
        "소년하고",  # not one of its particles
        "들은",  # no word before the particles
        "은",
        "TV는",
    ]
    assert_equal((KOREAN.tokenize(word), [word.lower()]) for word in words)


def test_a_korean_tokenizer_that_knows_no_words_splits_nothing():
    assert KoreanTokenizer([]).tokenize("고양이가 책을 본다.") == ["고양이가", "책을", "본다", "."]


def test_the_longest_known_word_is_taken():
    cities_and_animals = KoreanTokenizer(["고양", "고양이"])
    assert cities_and_animals.tokenize("고양이나") == ["고양이", "-나"]  # not 고양 and 이나
    assert cities_and_animals.tokenize("고양은") == ["고양", "-은"]


def test_splitting_and_joining_give_back_the_text():
    text = "나무 위에서 소년들은 고양이 두 마리를 본다."
    tokens = tokenizer("korean").tokenize(text)
    assert " ".join(tokens) == "나무 위 -에서 소년 -들 -은 고양이 두 마리 -를 본다 ."
    assert KOREAN.join(tokens) == text


def test_decomposed_syllables_give_the_same_tokens_as_composed_ones():
    text = "소년은 고양이를 본다."
    decomposed = unicodedata.normalize("NFD", text)
    assert decomposed != text
    assert (
        KOREAN.tokenize(decomposed) == KOREAN.tokenize(text) == ["소년", "-은", "고양이", "-를", "본다", "."]
    )


def test_the_tokenizer_of_the_grammar_knows_every_word_that_takes_a_particle():
    hosts = {noun.korean for noun in lexicon.NOUNS} | {noun.counter for noun in lexicon.NOUNS}
    hosts |= {"나", "내", "그", "그녀", "우리"}  # pronouns
    hosts |= {
        "위",
        "밑",
        "뒤",
        "근처",
        "앞",
        "여기",
        "거기",
        "밖",
        "월요일",
        "아침",
        "주",
    }  # places and times
    korean = tokenizer("korean")
    assert_equal((korean.tokenize(host + "에게"), [host, "-에게"]) for host in sorted(hosts))
