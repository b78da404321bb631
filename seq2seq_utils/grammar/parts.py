"""Imagines the parts that a clause cannot do without: its noun phrases, its pronoun, the verb's objects."""

from __future__ import annotations

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.chance import Chance
from seq2seq_utils.grammar.frames import ANY, GOAL, NEGATED, NOT_SOME, SIMPLE, Option
from seq2seq_utils.grammar.lexicon import Noun, Verb
from seq2seq_utils.grammar.meaning import Clause, NounPhrase, Pronoun, Subject

_NUMBERS = tuple(lexicon.NUMBERS)


def noun_phrase(chance: Chance, noun: Noun, options: tuple[Option, ...]) -> NounPhrase:
    """The noun with one of these determiners; beside "a" and "every" it may be a number, too."""
    if (options is ANY or options is NOT_SOME) and chance.happens(0.08):
        return NounPhrase(noun, chance.pick(_NUMBERS), True)
    determiner, plural = chance.pick(options)
    if noun.unowned and determiner in ("my", "our"):
        determiner = "the"
    return NounPhrase(noun, determiner, plural)


def pronoun(chance: Chance, gender_shows: bool, first: bool) -> Pronoun:
    """A subject.

    Args:
        chance: the source of random choices.
        gender_shows: whether French words agree with it, so that its gender must be known.
        first: whether it begins the sentence.
    """
    if gender_shows:
        return Pronoun(chance.pick(("he", "she")))
    return Pronoun(chance.pick(("I", "he", "she", "we") if first else ("I", "we")))


def noun_of(subject: Subject) -> Noun | None:
    """The noun of a subject, if it is no pronoun."""
    return subject.noun if isinstance(subject, NounPhrase) else None


def complete(chance: Chance, clause: Clause, verb: Verb) -> None:
    """Adds to a clause what its verb cannot do without."""
    if verb.kind in ("transitive", "ditransitive"):
        noun = chance.pick_other(verb.objects, noun_of(clause.subject))
        clause.object = noun_phrase(chance, noun, NEGATED if clause.negation else ANY)
    if verb.kind == "ditransitive":
        noun = chance.pick_other(lexicon.PERSONS, noun_of(clause.subject))
        clause.recipient = noun_phrase(chance, noun, SIMPLE)
    elif verb.kind == "motion":
        clause.goal = noun_phrase(chance, chance.pick_word(lexicon.GOALS), GOAL)
