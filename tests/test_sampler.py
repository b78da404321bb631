"""What the sampler imagines: nothing with a second reading, without a French form, or without sense."""

import itertools
from collections.abc import Iterator

import pytest

from seq2seq_utils.grammar import Sampler
from seq2seq_utils.grammar.lexicon import Adjective
from seq2seq_utils.grammar.meaning import Clause, Meaning, NounPhrase, PrepositionalPhrase, Pronoun

UNOWNED = {"adult", "elder", "child", "region", "landscape", "fruit", "produce", "dessert"}


def clauses(meaning: Meaning) -> Iterator[tuple[Clause, bool]]:
    """Every clause of a meaning, relative ones too, and whether it opens the sentence."""
    for part in meaning:
        for clause in (part.main, part.subordinate):
            if clause is not None:
                yield clause, part is meaning[0] and clause is part.main
                for phrase in noun_phrases(clause):
                    if phrase.relative is not None:
                        yield phrase.relative, False


def noun_phrases(clause: Clause) -> Iterator[NounPhrase]:
    where = clause.place.noun_phrase if isinstance(clause.place, PrepositionalPhrase) else None
    for phrase in (clause.subject, clause.object, clause.recipient, clause.goal, where):
        while isinstance(phrase, NounPhrase):
            yield phrase
            if phrase.owner is not None:
                yield phrase.owner
            phrase = phrase.second


def has_pronoun(clause: Clause, *words: str) -> bool:
    return isinstance(clause.subject, Pronoun) and clause.subject.word in words


def has_determiner(clause: Clause, *determiners: str) -> bool:
    return any(phrase.determiner in determiners for phrase in noun_phrases(clause))


def shows_gender(clause: Clause) -> bool:
    return isinstance(clause.predicate, Adjective) or (clause.predicate.etre and clause.tense == "past")


def ends_in_relative(clause: Clause) -> bool:
    return clause.object is not None and clause.object.relative is not None


def repeats_a_quality(*adjectives) -> bool:
    qualities = [each.quality for each in adjectives if isinstance(each, Adjective)]
    return len(set(qualities)) < len(qualities)


def repeats_a_noun(clause: Clause) -> bool:
    """Whether who acts is acted on too, or somebody is joined with himself or his own owner."""
    phrases = (clause.subject, clause.object, clause.recipient)
    nouns = [phrase.noun for phrase in phrases if isinstance(phrase, NounPhrase)]
    pairs = [(nouns[0], other) for other in nouns[1:] if isinstance(clause.subject, NounPhrase)]
    for phrase in noun_phrases(clause):
        pairs += [(phrase.noun, other.noun) for other in (phrase.owner, phrase.second) if other is not None]
    return any(noun is other for noun, other in pairs)


def starts_relative(clause: Clause) -> bool:
    return isinstance(clause.subject, NounPhrase) and clause.subject.relative not in (None, clause)


NEVER = {
    "every or some beside a negation": lambda c, first: c.negation and has_determiner(c, "every", "some"),
    "a new subject beside a negation": lambda c, first: (
        c.negation and isinstance(c.subject, NounPhrase) and c.subject.determiner == "a"
    ),
    "I or we where French shows the gender": lambda c, first: shows_gender(c) and has_pronoun(c, "I", "we"),
    "he or she after somebody was named": lambda c, first: not first and has_pronoun(c, "he", "she"),
    "a place with a verb that takes none": lambda c, first: c.place and not c.predicate.takes_place,
    "a place after a relative clause": lambda c, first: c.place and ends_in_relative(c),
    "a recipient after a relative clause": lambda c, first: c.recipient and ends_in_relative(c),
    "a time after a relative clause": lambda c, first: c.time and not c.time_first and ends_in_relative(c),
    "a frequency beside a time": lambda c, first: c.frequency and c.time,
    "a frequency beside a relative clause about the subject": lambda c, first: (
        c.frequency and c.tense != "future" and starts_relative(c)
    ),
    "two colours of one thing": lambda c, first: any(
        repeats_a_quality(p.before, p.after) for p in noun_phrases(c)
    ),
    "the small house is big": lambda c, first: (
        isinstance(c.subject, NounPhrase)
        and repeats_a_quality(c.subject.before, c.subject.after, c.predicate)
    ),
    "the good book": lambda c, first: any(
        p.before and p.before.not_with_the and p.determiner == "the" for p in noun_phrases(c)
    ),
    "my woman": lambda c, first: any(
        p.noun.unowned and p.determiner in ("my", "our") for p in noun_phrases(c)
    ),
    "the apple of the king": lambda c, first: any(
        p.owner and p.noun.kind in UNOWNED for p in noun_phrases(c)
    ),
    "the king gives the king to the king": lambda c, first: repeats_a_noun(c),
    "an object that the verb does not act on": lambda c, first: (
        c.object and not {c.object.noun, (c.object.second or c.object).noun} <= set(c.predicate.objects)
    ),
}


def test_the_sampler_never_imagines():
    sampler = Sampler(99)
    meanings = [sampler.meaning(3 + number % 18) for number in range(10_000)]
    imagined = [found for meaning in meanings for found in clauses(meaning)]
    assert len(imagined) > 10_000
    wrong = [
        (rule, clause)
        for rule, breaks in NEVER.items()
        for clause, first in imagined
        if breaks(clause, first)
    ]
    assert wrong == []


def test_what_follows_a_present_is_in_the_present():
    """Korean marks the tense of "A and B" in B alone when A has no mark."""
    sampler = Sampler(98)
    meanings = [sampler.meaning(11 + number % 18) for number in range(3_000)]
    pairs = [(a.main, b.main) for meaning in meanings for a, b in itertools.pairwise(meaning)]
    assert len(pairs) > 1_000
    assert [pair for pair in pairs if pair[0].tense == "present" != pair[1].tense] == []
    subordinate = [
        (part.main, part.subordinate) for meaning in meanings for part in meaning if part.subordinate
    ]
    assert len(subordinate) > 1_000
    assert [(main, sub) for main, sub in subordinate if main.tense != sub.tense or sub.time is not None] == []


def test_a_world_without_words_and_a_sentence_too_short_are_refused():
    with pytest.raises(ValueError, match=r"one_word_in: 0 .*1 or more"):
        Sampler(0, one_word_in=0)
    with pytest.raises(ValueError, match=r"length: 2 .* 3 words or more"):
        Sampler(0).meaning(2)
