"""What the grammar says in Korean: particles, adjectives and endings over the whole lexicon.

The rules are said again here, in tables that a speaker can check, and not by calling the grammar's own.
"""

import itertools
import unicodedata

from meanings import (
    ADJECTIVES,
    DETERMINERS,
    PHRASES,
    TENSES,
    VERBS,
    adjective,
    assert_equal,
    clause,
    in_korean,
    noun_phrase,
    place,
    table,
)

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.meaning import NounPhrase

# -------------------------------------------------------------------------------- noun phrases
KOREAN_DETERMINERS = {"this": "이", "that": "그", "my": "내", "our": "우리", "every": "모든"}
KOREAN_NUMBERS = table(
    "two>두 three>세 four>네 five>다섯 six>여섯 seven>일곱 eight>여덟 nine>아홉 ten>열 some>몇"
)
LIVING = {"adult", "elder", "child", "animal"}


def particle(word: str, after_consonant: str, after_vowel: str) -> str:
    closed = "\u11a8" <= unicodedata.normalize("NFD", word)[-1] <= "\u11c2"
    return f"{word} -{after_consonant if closed else after_vowel}"


def korean_noun_phrase(noun, determiner, plural) -> str:
    words = [noun.korean]
    if determiner == "my" and noun.kind == "elder":
        words.insert(0, "우리")
    elif determiner in KOREAN_DETERMINERS:
        words.insert(0, KOREAN_DETERMINERS[determiner])
    if determiner in KOREAN_NUMBERS:
        words += [KOREAN_NUMBERS[determiner], noun.counter]
    elif plural and (noun.kind in LIVING or determiner in KOREAN_DETERMINERS):
        words.append("-들")
    return " ".join(words)


def particles_of(noun, determiner, plural):
    """A noun phrase in every part that it can have in a sentence, as it is said and as it should be."""
    korean = korean_noun_phrase(noun, determiner, plural)
    new = determiner in ("a", "some", "every") or determiner in lexicon.NUMBERS
    topic = particle(korean, "이", "가") if new else particle(korean, "은", "는")
    with_object = particle(korean, "을", "를")
    bear = {"and": "곰 -과", "or": "곰 -이나"}

    def phrase(**parts):
        return NounPhrase(noun, determiner, plural, **parts)

    yield in_korean(clause(phrase(), "present", "sleep")), f"{topic} 잔다 ."
    # 개미 is an ant.
    yield in_korean(clause("the ant", "present", "see", object=phrase())), f"개미 -는 {with_object} 본다 ."
    for conjunction, pair in (("and", ("과", "와")), ("or", ("이나", "나"))):
        both = phrase(conjunction=conjunction, second=noun_phrase("a bear"))
        seen = in_korean(clause("the ant", "present", "see", object=both))
        yield seen, f"개미 -는 {particle(korean, *pair)} 곰 -을 본다 ."
        both = noun_phrase("the bear", conjunction=conjunction, second=phrase())
        seen = in_korean(clause("the ant", "present", "see", object=both))
        yield seen, f"개미 -는 {bear[conjunction]} {with_object} 본다 ."
    house = noun_phrase("the house", owner=phrase())
    yield in_korean(clause(house, "present", "sleep")), f"{korean} -의 집 -은 잔다 ."
    given = clause("the ant", "present", "give", object=noun_phrase("a book"), recipient=phrase())
    yield in_korean(given), f"개미 -는 {korean} -에게 책 -을 준다 ."
    yield in_korean(clause("the ant", "present", "go", goal=phrase())), f"개미 -는 {korean} -에 간다 ."
    because = clause(phrase(), "present", "sleep", conjunction="because")
    cried = in_korean(clause("the ant", "present", "cry"), subordinate=because)
    yield cried, f"{particle(korean, '이', '가')} 자기 때문에 , 개미 -는 운다 ."


def test_particle_fits_every_noun_counter_and_plural():
    assert_equal(
        case
        for noun in lexicon.NOUNS
        for determiner, plural in DETERMINERS
        for case in particles_of(noun, determiner, plural)
    )


def test_pronoun_as_topic_and_as_subject_of_an_inner_clause():
    expected = {  # topic, subject
        "I": ("나 -는", "내 -가"),
        "he": ("그 -는", "그 -가"),
        "she": ("그녀 -는", "그녀 -가"),
        "we": ("우리 -는", "우리 -가"),
    }

    def cases():
        for who, (topic, inner) in expected.items():
            because = clause(who, "past", "cry", conjunction="because")
            left = in_korean(clause(who, "past", "leave"), subordinate=because)
            yield left, f"{inner} 울었기 때문에 , {topic} 떠났다 ."
            book = noun_phrase("the book")
            book.relative = clause(who, "past", "write", object=book)
            bought = in_korean(clause("he", "past", "buy", object=book))
            yield bought, f"그 -는 {inner} 쓴 책 -을 구입했다 ."

    assert_equal(cases())


def test_new_subject_is_the_topic_where_a_relative_clause_would_take_it_for_its_own():
    """곰이 왕이 쓴 책을 보았다 would have two subjects in a row."""
    book = noun_phrase("the book")
    seen = clause("a bear", "past", "see", object=book)
    assert in_korean(seen) == "곰 -이 책 -을 보았다 ."
    book.relative = clause("the king", "past", "write", object=book)
    assert in_korean(seen) == "곰 -은 왕 -이 쓴 책 -을 보았다 ."
    seen.conjunction = "because"
    left = in_korean(clause("the ant", "past", "leave"), subordinate=seen)
    assert left == "곰 -이 왕 -이 쓴 책 -을 보았기 때문에 , 개미 -는 떠났다 ."


def test_adjectives_before_the_noun():
    colours = {"빨갛", "파랗", "노랗", "하얗", "까맣"}

    def adjectives(before, after) -> str:
        if before is None or after is None:
            return (before or after).korean.modifier
        if before.korean.stem == "새":
            return f"{after.korean.modifier} 새"  # right at the noun
        if after.korean.stem in colours:
            return f"{before.korean.modifier} {after.korean.modifier}"
        return f"{before.korean.stem}고 {after.korean.modifier}"

    def cases():
        for noun in (lexicon.nouns_of([kind])[0] for kind in lexicon.KINDS):
            for before, after in itertools.product(
                (None, *lexicon.BEFORE[noun.kind]), (None, *lexicon.AFTER[noun.kind])
            ):
                if before is not None or after is not None:
                    phrase = NounPhrase(noun, "the", False, before, after)
                    expected = f"{adjectives(before, after)} {particle(noun.korean, '은', '는')} 잔다 ."
                    yield in_korean(clause(phrase, "present", "sleep")), expected

    assert_equal(cases())


# --------------------------------------------------------------------------------------- verbs
ENDINGS = {  # what follows: the verb in the present, the past and the future
    "": ("{present}", "{past}다", "{will} 것이다"),
    "and": ("{stem}고", "{past}고", "{will} 것이고"),
    "but": ("{stem}지만", "{past}지만", "{will} 것이지만"),
    "because": ("{stem}기 때문에", "{past}기 때문에", "{will} 것이기 때문에"),
    "while": ("{modifier} 동안",) * 3,
    "when": ("{will} 때",) * 3,
}


def endings_of(word, present: str, not_forms: dict[str, str]):
    """All endings of a verb or an adjective, negated and not, as they are said and as they should be."""
    parts = word.korean
    forms = {"stem": parts.stem, "present": present, "past": parts.past}
    forms |= {"will": parts.future_modifier, "modifier": parts.modifier}
    not_forms = {"stem": "않", "past": "않았", "will": "않을"} | not_forms
    for (conjunction, endings), negation in itertools.product(ENDINGS.items(), ("", "not")):
        for tense, ending in zip(TENSES, endings, strict=True):
            filled = ending.format(**not_forms if negation else forms)
            predicate = f"{parts.stem}지 {filled}" if negation else filled
            this = clause("the bear", tense, word, negation=negation)
            main = clause("the ant", "past", "stay")
            if not conjunction:
                yield in_korean(this), f"곰 -은 {predicate} ."
            elif conjunction in ("and", "but"):
                main.conjunction = conjunction
                yield in_korean(this, main), f"곰 -은 {predicate} , 개미 -는 머물렀다 ."
            else:
                this.conjunction = conjunction
                expected = f"곰 -이 {predicate} , 개미 -는 머물렀다 ."
                yield in_korean(main, subordinate=this), expected


def test_verb_ending_tells_tense_negation_and_conjunction():
    not_forms = {"present": "않는다", "modifier": "않는"}
    assert_equal(case for verb in VERBS.values() for case in endings_of(verb, verb.korean.present, not_forms))


def test_adjective_ending_tells_tense_negation_and_conjunction():
    not_forms = {"present": "않다", "modifier": "않은"}
    assert_equal(
        case for each in ADJECTIVES.values() for case in endings_of(each, each.korean.stem + "다", not_forms)
    )


def test_verb_before_a_noun_tells_the_tense():
    def cases():
        for verb in VERBS.values():
            forms = (verb.korean.modifier, verb.korean.past_modifier, verb.korean.future_modifier)
            for tense, form in zip(TENSES, forms, strict=True):
                bear = noun_phrase("the bear")
                bear.relative = clause(bear, tense, verb)
                yield in_korean(clause(bear, "present", "sleep")), f"{form} 곰 -은 잔다 ."

    assert_equal(cases())


def test_never_stands_before_the_negated_verb():
    seen = clause("the bear", "past", "see", negation="never", object=noun_phrase("the ant"))
    assert in_korean(seen) == "곰 -은 개미 -를 결코 보지 않았다 ."


def test_place_has_the_particle_that_the_verb_asks_for():
    def cases():
        for verb in VERBS.values():
            marked = "-에" if verb.english[0] in ("hide", "build", "stay") else "-에서"
            for words, korean in {
                "here": "여기",
                "in the city": "도시",
                "near the tree": "나무 근처",
                "on the table": "탁자 위",
            }.items():
                where = clause("the bear", "future", verb, place=place(words))
                yield in_korean(where), f"곰 -은 {korean} {marked} {verb.korean.future_modifier} 것이다 ."

    assert_equal(cases())


def test_time_and_place_stand_where_no_aged_would_claim_them():
    """어제 늙은 곰 would be a bear that aged yesterday."""

    def seen(**parts) -> str:
        seeing = clause("the ant", "past", "see", **parts)
        seeing.time, seeing.place = PHRASES["yesterday"], place("here")
        return in_korean(seeing)

    old = ADJECTIVES["늙"]
    small = noun_phrase("the bear", before=adjective("small"))
    assert seen(object=small) == "개미 -는 어제 여기 -에서 작은 곰 -을 보았다 ."
    end = "을 어제 여기 -에서 보았다 ."
    assert seen(object=noun_phrase("the bear", before=old)) == "개미 -는 늙은 곰 -" + end
    both = noun_phrase("the bear", before=old, after=adjective("sick"))
    assert seen(object=both) == "개미 -는 늙고 아픈 곰 -" + end
    book = noun_phrase("the book", owner=noun_phrase("the king", before=old))
    assert seen(object=book) == "개미 -는 늙은 왕 -의 책 -" + end
    gift = clause("the ant", "past", "give", object=noun_phrase("the book"))
    gift.recipient, gift.time = noun_phrase("the king", before=old), PHRASES["yesterday"]
    assert in_korean(gift) == "개미 -는 늙은 왕 -에게 책 -을 어제 주었다 ."
