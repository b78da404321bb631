"""Meanings put together by hand, and what each language makes of them: for the tests of the grammar."""

import itertools
from collections.abc import Iterable

from seq2seq_utils.grammar import english, lexicon, say
from seq2seq_utils.grammar.lexicon import Adjective, Phrase, Verb
from seq2seq_utils.grammar.meaning import (
    Clause,
    Complex,
    Meaning,
    NounPhrase,
    PrepositionalPhrase,
    Pronoun,
    Subject,
)

NOUNS = {noun.english[0]: noun for noun in lexicon.NOUNS}
VERBS = {verb.english[0]: verb for verbs in lexicon.VERBS.values() for verb in verbs}
ADJECTIVES = {adjective.korean.stem: adjective for adjective in lexicon.ADJECTIVES}
PHRASES = {
    " ".join(phrase.english): phrase
    for phrase in (
        *lexicon.FREQUENCY,
        *lexicon.MANNER,
        *lexicon.PLACE_ADVERBS,
        *itertools.chain(*lexicon.TIMES.values()),
    )
}
PREPOSITIONS = {" ".join(each.english): each for each in lexicon.PREPOSITIONS}
TENSES = ("present", "past", "future")
DETERMINERS = [  # each English determiner, and whether its noun is plural
    *itertools.product(("the", "this", "that", "my", "our"), (False, True)),
    *(("a", False), ("every", False), ("some", True)),
    *((number, True) for number in lexicon.NUMBERS),
]


def table(text: str) -> dict[str, str]:
    """``"one>un two>deux"`` as a dictionary."""
    return dict(entry.split(">") for entry in text.split())


def assert_equal(cases: Iterable[tuple[object, object]]) -> None:
    """Shows all cases in which what came out is not what is expected; no case at all is a failure too."""
    cases = list(cases)
    assert cases != []
    wrong = [f"{found!r}, expected {expected!r}" for found, expected in cases if found != expected]
    assert wrong == [], "\n" + "\n".join(wrong)


# ------------------------------------------------------------------------------------------- parts
def noun_phrase(words: str, plural: bool = False, **parts: object) -> NounPhrase:
    """``noun_phrase("the king")``; the noun as it is in the singular."""
    determiner, noun = words.split()
    return NounPhrase(NOUNS[noun], determiner, plural, **parts)


def subject(words: str, plural: bool = False) -> Subject:
    """``subject("she")``, ``subject("the king")``."""
    return noun_phrase(words, plural) if " " in words else Pronoun(words)


def clause(who: Subject | str, tense: str, predicate: Verb | Adjective | str, **parts: object) -> Clause:
    """``clause("she", "past", "sleep")``."""
    who = subject(who) if isinstance(who, str) else who
    return Clause(who, tense, VERBS[predicate] if isinstance(predicate, str) else predicate, **parts)


def adjective(english_word: str) -> Adjective:
    """The first of this English word."""
    return next(each for each in lexicon.ADJECTIVES if each.english == english_word)


def place(words: str) -> Phrase | PrepositionalPhrase:
    """``place("here")``, ``place("in front of my house")``."""
    if words in PHRASES:
        return PHRASES[words]
    preposition, determiner, noun = words.rsplit(maxsplit=2)
    return PrepositionalPhrase(PREPOSITIONS[preposition], noun_phrase(f"{determiner} {noun}"))


# ------------------------------------------------------------------------------------ in a language
def in_english(main: Clause) -> str:
    words, _ = english.write([Complex(main)])
    return " ".join(words)


def in_french(main: Clause, subordinate: Clause | None = None) -> str:
    return translated([Complex(main, subordinate)], "french")


def in_korean(main: Clause, second: Clause | None = None, subordinate: Clause | None = None) -> str:
    return translated([Complex(main, subordinate)] + ([Complex(second)] if second else []), "korean")


def translated(meaning: Meaning, language: str) -> str:
    return " ".join(say(meaning, language)[1])
