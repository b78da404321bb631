"""What the grammar says in English, which of its words are linked, and that saying changes nothing.

The rules are said again here, in tables that a speaker can check, and not by calling the grammar's own.
"""

import pickle

import pytest
from meanings import (
    ADJECTIVES,
    PHRASES,
    VERBS,
    adjective,
    assert_equal,
    clause,
    in_english,
    noun_phrase,
    place,
    subject,
)

from seq2seq_utils.grammar import LANGUAGES, Sampler, english, lexicon, say
from seq2seq_utils.grammar.meaning import Complex, Meaning, NounPhrase
from seq2seq_utils.grammar.positions import ABSENT

# ----------------------------------------------------------------------------------------- English
# The words that are said with a vowel at their start.
AN = {
    *("actress", "ambulance", "ant", "apple", "egg", "elephant", "emperor", "island", "onion"),
    *("orange", "owl", "umbrella", "expensive", "intelligent", "interesting", "old"),
}
SUBJECTS = {"I": False, "we": False, "she": True, "the king": True}  # whether the verb takes its s


def test_english_says_an_before_a_vowel():
    def cases():
        for noun in lexicon.NOUNS:
            for before in (None, *lexicon.BEFORE[noun.kind]):
                for after in (None, *lexicon.AFTER[noun.kind]):
                    phrase = NounPhrase(noun, "a", before=before, after=after)
                    article, following, *_ = in_english(clause(phrase, "past", "sleep")).split()
                    yield f"{article} {following}", f"{'an' if following in AN else 'a'} {following}"

    assert_equal(cases())


def test_english_plural_is_in_determiner_and_noun():
    expected = {
        ("the mouse", True): "the mice",
        ("this mouse", False): "this mouse",
        ("this mouse", True): "these mice",
        ("that child", True): "those children",
        ("my wolf", True): "my wolves",
        ("every woman", False): "every woman",
        ("some hero", True): "some heroes",
        ("ten knife", True): "ten knives",
    }
    assert_equal(
        (in_english(clause(noun_phrase(*words), "past", "sleep")), written + " slept .")
        for words, written in expected.items()
    )


def test_english_adjectives_stand_in_their_usual_order():
    expected = {
        ("작", "빨갛"): "a small red hat",
        ("오래되", "빨갛"): "an old red hat",  # colour next to the noun
        ("오래되", "이상하"): "a strange old hat",  # otherwise age
        ("예쁘", "비싸"): "a lovely expensive hat",
    }
    assert_equal(
        (
            in_english(
                clause(
                    noun_phrase("a hat", before=ADJECTIVES[before], after=ADJECTIVES[after]), "past", "sleep"
                )
            ),
            written + " slept .",
        )
        for (before, after), written in expected.items()
    )


def test_english_verb_has_its_s_and_its_do_support():
    def cases():
        for verb in VERBS.values():
            base, third, past = verb.english
            for who, has_s in SUBJECTS.items():
                form = third if has_s else base
                expected = {
                    ("present", ""): form,
                    ("present", "not"): f"does not {base}" if has_s else f"do not {base}",
                    ("present", "never"): f"never {form}",
                    ("past", ""): past,
                    ("past", "not"): f"did not {base}",
                    ("past", "never"): f"never {past}",
                    ("future", ""): f"will {base}",
                    ("future", "not"): f"will not {base}",
                    ("future", "never"): f"will never {base}",
                }
                for (tense, negation), written in expected.items():
                    yield in_english(clause(who, tense, verb, negation=negation)), f"{who} {written} ."

    assert_equal(cases())


def test_english_to_be_agrees():
    expected = {
        ("she", False, "present", ""): "she is sad .",
        ("she", False, "past", "not"): "she was not sad .",
        ("he", False, "future", "not"): "he will not be sad .",
        ("the king", True, "present", "not"): "the kings are not sad .",
        ("the king", True, "past", ""): "the kings were sad .",
    }
    assert_equal(
        (in_english(clause(subject(who, plural), tense, adjective("sad"), negation=negation)), written)
        for (who, plural, tense, negation), written in expected.items()
    )


# -------------------------------------------------------------------------------------- word links
def sentences_by_hand() -> dict[str, Meaning]:
    """Meanings by hand, by their English."""
    flowers = noun_phrase("the flower", True)
    flowers.relative = clause("the king", "past", "see", object=flowers)
    sleeper = noun_phrase("the girl")
    sleeper.relative = clause(sleeper, "present", "sleep")
    cat = noun_phrase("the cat", before=adjective("small"))
    book = noun_phrase("a book", after=adjective("red"))
    gift = clause("I", "present", "give", object=noun_phrase("two book", True))
    gift.recipient = noun_phrase("the girl", True)
    song = clause("he", "present", "sing", conjunction="and")
    mood = clause("she", "present", adjective("happy"), conjunction="because")
    sleep = clause(noun_phrase("a man", before=ADJECTIVES["늙"]), "present", "sleep")
    sleep.time, sleep.place = PHRASES["every day"], place("in front of my house")
    palace = place("near the palace")
    palace.noun_phrase.owner = noun_phrase("the king")
    couple = noun_phrase("the king", conjunction="and", second=noun_phrase("the queen"))
    horses = clause(noun_phrase("my horse", True), "past", "sleep", frequency=PHRASES["always"])
    horses.manner, horses.place = PHRASES["calmly"], place("outside")
    walk = clause("we", "future", "walk", negation="not", conjunction="but")
    meanings = [
        [Complex(horses), Complex(walk)],
        [Complex(clause(cat, "present", "see", negation="not", object=book))],
        [Complex(clause("she", "past", "go", negation="not", goal=noun_phrase("the garden")))],
        [Complex(clause(flowers, "past", "arrive", time=PHRASES["yesterday"], time_first=True))],
        [Complex(gift), Complex(song, mood)],
        [Complex(sleep)],
        [Complex(clause(sleeper, "future", "see", object=noun_phrase("some bird", True)))],
        [Complex(clause(couple, "present", "sleep", place=palace))],
        [Complex(clause("the king", "past", adjective("happy"), negation="not", place=place("here")))],
        [Complex(clause(couple, "past", "come"))],
    ]
    return {" ".join(english.write(meaning)[0]): meaning for meaning in meanings}


# English; French and its links; Korean and its links. A link is English-other, counted from 0, and "?"
# marks the ones that are only possible.
LINKED = """
my horses always slept calmly outside , but we will not walk .
mes chevaux dormaient toujours calmement dehors , mais nous ne marcherons pas .
0-0 1-0? 1-1 3-2 2-3 4-4 5-5 6-6 7-7 8-8 10-9? 11-10 9-10? 10-11 12-12
내 말 -들 -은 밖 -에서 항상 차분하게 잤지만 , 우리 -는 걷지 않을 것이다 .
0-0 1-1 1-2? 1-3? 5-4 5-5? 2-6 4-7 3-8 7-8 6-9 8-10 8-11? 11-12 10-13 9-14 12-15

the small cat does not see a red book .
le petit chat ne voit pas de livre rouge .
0-0 2-0? 1-1 2-1? 2-2 4-3? 5-4 3-4? 4-5 6-6 4-6? 8-6? 8-7 7-8 8-8? 9-9
작은 고양이 -는 빨간 책 -을 보지 않는다 .
1-0 2-1 2-2? 7-3 8-4 8-5? 5-6 4-7 3-7? 9-8

she did not go to the garden .
elle n' est pas allée au jardin .
0-0 2-1? 1-2 2-3 3-4 0-4? 4-5 5-5 6-5? 6-6 7-7
그녀 -는 정원 -에 가지 않았다 .
0-0 0-1? 6-2 4-3 3-4 2-5 1-5? 7-6

yesterday , the flowers that the king saw arrived .
hier , les fleurs que le roi a vues sont arrivées .
0-0 1-1 2-2 3-2? 3-3 4-4 5-5 6-5? 6-6 7-7 7-8 3-8? 8-9 8-10 3-10? 9-11
어제 , 왕 -이 본 꽃 -은 도착했다 .
0-0 1-1 6-2 6-3? 7-4 4-4? 3-5 3-6? 8-7 9-8

I give two books to the girls , and he sings because she is happy .
je donne deux livres aux filles , et il chante parce qu' elle est heureuse .
0-0 1-1 2-2 3-3 4-4 5-4 6-4? 6-5 7-6 8-7 9-8 10-9 11-10 11-11? 12-12 13-13 14-14 12-14? 15-15
나 -는 소녀 -들 -에게 책 두 권 -을 주고 , 그녀 -가 행복하기 때문에 , 그 -는 노래한다 .
0-0 0-1? 6-2 6-3? 4-4 3-5 2-6 2-7? 3-7? 3-8? 1-9 8-9 7-10 12-11 12-12? 14-13 13-13? 11-13? 11-14 9-16 9-17? 10-18 15-19

an old man sleeps in front of my house every day .
un vieil homme dort devant ma maison tous les jours .
0-0 2-0? 1-1 2-1? 2-2 3-3 4-4 5-4? 6-4? 7-5 8-5? 8-6 9-7 10-7? 9-8? 10-8? 10-9 11-10
늙은 남자 -가 매일 내 집 앞 -에서 잔다 .
1-0 2-1 2-2? 9-3 10-3 7-4 8-5 4-6 5-6? 6-6? 4-7? 3-8 11-9

the girl who sleeps will see some birds .
la fille qui dort verra des oiseaux .
0-0 1-0? 1-1 2-2 3-3 5-4 4-4? 6-5 7-5? 7-6 8-7
자는 소녀 -는 새 몇 마리 -를 볼 것이다 .
3-0 2-0? 1-1 1-2? 7-3 6-4 6-5? 7-5? 7-6? 5-7 4-8 8-9

the king and the queen sleep near the palace of the king .
le roi et la reine dorment près du palais du roi .
0-0 1-0? 1-1 2-2 3-3 4-3? 4-4 5-5 6-6 6-7? 7-7 8-7? 8-8 9-9 10-9 11-9? 11-10 12-11
왕 -과 여왕 -은 왕 -의 궁전 근처 -에서 잔다 .
1-0 2-1 4-2 4-3? 11-4 9-5 8-6 6-7 6-8? 5-9 12-10

the king was not happy here .
le roi n' était pas heureux ici .
0-0 1-0? 1-1 3-2? 2-3 3-4 4-5 1-5? 5-6 6-7
왕 -은 여기 -에서 행복하지 않았다 .
1-0 1-1? 5-2 5-3? 4-4 2-4? 3-5 2-5? 6-6

the king and the queen came .
le roi et la reine sont venus .
0-0 1-0? 1-1 2-2 3-3 4-3? 4-4 5-5 5-6 1-6? 4-6? 6-7
왕 -과 여왕 -은 왔다 .
1-0 2-1 4-2 4-3? 5-4 6-5
""".strip().split("\n\n")  # noqa: E501, for a line of links


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_written_by_hand_have_this_translation_and_these_links(language):
    def cases():
        meanings = sentences_by_hand()
        assert len(meanings) == len(LINKED)
        for lines in LINKED:
            source, *translations = lines.splitlines()
            target, links = translations[:2] if language == "french" else translations[2:]
            words, target_words, sure, possible = say(meanings[source], language)
            yield " ".join(words), source
            yield " ".join(target_words), target
            found = [f"{i}-{j}" for i, j in sure] + [f"{i}-{j}?" for i, j in possible]
            yield " ".join(sorted(found)), " ".join(sorted(links.split()))

    assert_equal(cases())


# ------------------------------------------------------------------------------- saying and meaning
def test_saying_a_meaning_leaves_it_as_it_is_and_comes_out_the_same_again():
    sampler = Sampler(7)
    wrong = []
    for number in range(1000):
        meaning = sampler.meaning(3 + number % 25)
        before = pickle.dumps(meaning)
        first, second = english.write(meaning)[0], english.write(meaning)[0]
        translations = [say(meaning, language) for language in (*LANGUAGES, *LANGUAGES)]
        if pickle.dumps(meaning) != before:
            wrong.append(("changed", first))
        if first != second or translations[:2] != translations[2:] or translations[0][0] != first:
            wrong.append(("another", first))
    assert wrong == []


def test_positions_are_those_of_the_words():
    king = noun_phrase("the king", before=ADJECTIVES["늙"], after=adjective("famous"))
    king.owner = noun_phrase("the queen")
    book = noun_phrase("a book", conjunction="or", second=noun_phrase("my bag"))
    seen = clause(king, "future", "see", negation="never", object=book, conjunction="but")
    seen.frequency, seen.manner = PHRASES["often"], PHRASES["slowly"]
    seen.place, seen.time = place("near the tree"), PHRASES["tomorrow"]
    cat = noun_phrase("this cat")
    cat.relative = clause("she", "past", "love", object=cat)
    small = clause(cat, "past", adjective("small"), conjunction="because")
    gone = clause("I", "past", "go", negation="not", goal=noun_phrase("the museum"))
    words, positions = english.write([Complex(gone), Complex(seen, small)])
    assert " ".join(words) == (
        "I did not go to the museum , but the famous old king of the queen will never often see a book or my "
        "bag slowly near the tree tomorrow because this cat that she loved was small ."
    )
    phrases, clauses = positions.phrases, positions.clauses
    expected = {
        clauses[gone].auxiliary: "did",
        clauses[gone].to: "to",
        phrases[gone.subject].noun: "I",
        phrases[gone.goal].noun: "museum",
        clauses[seen].conjunction: "but",
        clauses[seen].auxiliary: "will",
        clauses[seen].negation: "never",
        clauses[seen].frequency: "often",
        clauses[seen].verb: "see",
        clauses[seen].manner: "slowly",
        clauses[seen].place: "near",
        clauses[seen].time: "tomorrow",
        phrases[king].after: "famous",
        phrases[king].before: "old",
        phrases[king].noun: "king",
        phrases[king].of: "of",
        phrases[king.owner].noun: "queen",
        phrases[book].determiner: "a",
        phrases[book].conjunction: "or",
        phrases[book.second].determiner: "my",
        phrases[seen.place.noun_phrase].noun: "tree",
        clauses[small].conjunction: "because",
        phrases[cat].determiner: "this",
        phrases[cat].that: "that",
        phrases[cat.relative.subject].noun: "she",
        clauses[cat.relative].verb: "loved",
        clauses[small].verb: "was",
        clauses[small].adjective: "small",
        positions.full_stop: ".",
    }
    assert_equal((words[at], word) for at, word in expected.items())
    assert [clauses[gone].place, clauses[small].auxiliary, phrases[cat].before] == [ABSENT] * 3
    assert len(expected) == 29


def test_a_language_that_nobody_wrote_a_grammar_of_is_refused():
    with pytest.raises(ValueError, match=r"language: 'german' .*french, korean"):
        say(Sampler(0).meaning(5), "german")
