"""Grows a clause: adds what it may have, an adjective or a relative clause at a time, to a size in words.

What would give the English sentence a second reading is never built, such as a time or a place after an
object that ends in a relative clause.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.chance import Chance
from seq2seq_utils.grammar.frames import PREDICATES, SIMPLE, TENSES
from seq2seq_utils.grammar.lexicon import Verb
from seq2seq_utils.grammar.meaning import Clause, NounPhrase, PrepositionalPhrase
from seq2seq_utils.grammar.parts import complete, noun_phrase, pronoun

_ANIMATE = frozenset(lexicon.ANIMATE)
_UNOWNED = frozenset(("adult", "elder", "child", "region", "landscape", "fruit", "produce", "dessert"))
_JOINABLE = frozenset(("the", "a", "this", "that", "my", "our"))

# Adds something to a clause or phrase if there is room for it in so many words; returns how many it took.
Grower = Callable[[int], int]


def grow(chance: Chance, clause: Clause, spare: int, closed: bool, during: bool, timeless: bool) -> int:
    """Adds optional parts until `spare` words are used up; returns how many were not.

    Args:
        chance: the source of random choices.
        clause: what to add to.
        spare: words.
        closed: no relative clause at its end, since another clause follows.
        during: it goes on while something else happens, so it has no frequency.
        timeless: it has no time of its own.
    """
    growers = _growers(chance, clause, closed, during, timeless) if spare > 0 else []
    while spare > 0 and growers:
        grower = growers.pop(int(chance.random() * len(growers)))
        spare -= grower(spare)
    return spare


def _growers(chance: Chance, clause: Clause, closed: bool, during: bool, timeless: bool) -> list[Grower]:
    """What may be added, in any order; a place has two chances."""
    subject, predicate = clause.subject, clause.predicate
    growers: list[Grower] = [] if timeless else [partial(_add_time, chance, clause)]
    if isinstance(predicate, Verb):
        if not during and not clause.negation:
            growers.append(partial(_add_frequency, chance, clause))
        if predicate.activity:
            growers.append(partial(_add_manner, chance, clause))
        if predicate.kind in ("intransitive", "transitive") and predicate.takes_place:
            growers += [partial(_add_place, chance, clause)] * 2
    for phrase in (subject, clause.object, clause.recipient, clause.goal):
        if isinstance(phrase, NounPhrase):
            growers.append(partial(_add_before, chance, phrase))
            growers.append(partial(_add_after, chance, phrase))
    for phrase in (subject, clause.object):
        if isinstance(phrase, NounPhrase):
            growers.append(partial(_add_owner, chance, phrase))
            growers.append(partial(_add_relative, chance, clause, phrase, closed))
            if not clause.negation:
                growers.append(partial(_add_second, chance, clause, phrase))
    return growers


def _add_before(chance: Chance, phrase: NounPhrase, spare: int) -> int:
    choices = lexicon.BEFORE[phrase.noun.kind]
    if not choices or phrase.before is not None:
        return 0
    adjective = chance.pick_word(choices)
    clashes = phrase.after is not None and phrase.after.quality == adjective.quality
    if clashes or (adjective.not_with_the and phrase.determiner == "the"):
        return 0
    phrase.before = adjective
    return 1


def _add_after(chance: Chance, phrase: NounPhrase, spare: int) -> int:
    choices = lexicon.AFTER[phrase.noun.kind]
    if not choices or phrase.after is not None:
        return 0
    adjective = chance.pick_word(choices)
    if phrase.before is not None and phrase.before.quality == adjective.quality:
        return 0
    phrase.after = adjective
    return 1


def _add_owner(chance: Chance, phrase: NounPhrase, spare: int) -> int:
    """Adds "of the king": three words."""
    plain = phrase.relative is None and phrase.second is None
    if spare < 3 or phrase.determiner != "the" or phrase.noun.kind in _UNOWNED or not plain:
        return 0
    owner = chance.pick_other(lexicon.PERSONS, phrase.noun)
    phrase.owner = NounPhrase(owner, "the", chance.happens(0.2))
    return 3


def _add_second(chance: Chance, clause: Clause, phrase: NounPhrase, spare: int) -> int:
    """Adds "and the girl": three words."""
    plain = phrase.relative is None and phrase.owner is None and phrase.determiner in _JOINABLE
    if spare < 3 or not plain or not isinstance(clause.predicate, Verb):
        return 0
    is_subject = phrase is clause.subject
    nouns = lexicon.ANIMATE if is_subject else clause.predicate.objects
    phrase.conjunction = "and" if is_subject or chance.happens(0.6) else "or"
    phrase.second = noun_phrase(chance, chance.pick_other(nouns, phrase.noun), SIMPLE)
    return 3


def _add_frequency(chance: Chance, clause: Clause, spare: int) -> int:
    # Not "she always sings today", nor "the king who eats often sings" (eats often?)
    in_relative = isinstance(clause.subject, NounPhrase) and clause.subject.relative is not None
    if clause.time is not None or (in_relative and clause.tense != "future"):
        return 0
    clause.frequency = chance.pick(lexicon.FREQUENCY)
    return 1


def _add_manner(chance: Chance, clause: Clause, spare: int) -> int:
    clause.manner = chance.pick(lexicon.MANNER)
    return 1


def _add_time(chance: Chance, clause: Clause, spare: int) -> int:
    time = chance.pick(lexicon.TIMES[clause.tense])
    vague = clause.frequency is not None or clause.negation == "never"
    if len(time.english) > spare or vague:
        return 0
    clause.time = time
    clause.time_first = time.first or chance.happens(0.3) or _ends_in_relative(clause)
    return len(time.english)


def _add_place(chance: Chance, clause: Clause, spare: int) -> int:
    if clause.place is not None or _ends_in_relative(clause):
        return 0
    if spare < 3 or chance.happens(0.15):
        clause.place = chance.pick(lexicon.PLACE_ADVERBS)
        return 1
    preposition = chance.pick(lexicon.PREPOSITIONS)
    size = len(preposition.english) + 2
    if size > spare:
        return 0
    phrase = noun_phrase(chance, chance.pick_word(preposition.objects), SIMPLE)
    clause.place = PrepositionalPhrase(preposition, phrase)
    return size


def _add_relative(chance: Chance, clause: Clause, phrase: NounPhrase, closed: bool, spare: int) -> int:
    """Adds "that sleeps", "that the girl bought yesterday": two words or more."""
    taken = phrase.owner is not None or phrase.second is not None
    vague = clause.negation and phrase.determiner == "a"
    if spare < 2 or taken or vague or phrase.determiner in ("my", "our"):
        return 0
    if phrase is clause.subject and clause.frequency is not None and clause.tense != "future":
        return 0
    if phrase is clause.object:
        if closed or clause.place is not None or clause.recipient is not None:
            return 0
        if clause.time is not None:
            clause.time_first = True
    tense = chance.pick(TENSES)
    shortest = 3 + (tense == "future")  # "that I see"
    if phrase.noun in _ANIMATE and (chance.happens(0.6) or spare < shortest):
        return _add_relative_about_subject(chance, phrase, tense, spare)
    may_be_pronoun = isinstance(clause.subject, NounPhrase)
    return _add_relative_about_object(chance, phrase, tense, spare, may_be_pronoun)


def _add_relative_about_subject(chance: Chance, phrase: NounPhrase, tense: str, spare: int) -> int:
    """Adds "who sleeps"."""
    future = tense == "future"
    kind = "transitive" if spare >= 4 + future and chance.happens(0.5) else "intransitive"
    verb = chance.pick_word(lexicon.VERBS[kind])
    relative = Clause(phrase, tense, verb)
    complete(chance, relative, verb)
    size = 1 + future + PREDICATES[kind]
    if size > spare:
        return 0
    if kind == "intransitive" and verb.takes_place and spare > size and chance.happens(0.5):
        size += _add_place(chance, relative, spare - size)
    phrase.relative = relative
    return size


def _add_relative_about_object(
    chance: Chance, phrase: NounPhrase, tense: str, spare: int, may_be_pronoun: bool
) -> int:
    """Adds "that the girl bought", or "that I bought"."""
    future = tense == "future"
    with_noun = not may_be_pronoun or (spare >= 4 + future and chance.happens(0.7))
    size = 3 + future + with_noun
    if size > spare:
        return 0
    noun = chance.pick_other(lexicon.ANIMATE, phrase.noun)
    subject = noun_phrase(chance, noun, SIMPLE) if with_noun else pronoun(chance, False, False)
    verb = chance.pick_word(lexicon.VERBS_ABOUT[phrase.noun.kind])
    phrase.relative = Clause(subject, tense, verb, object=phrase)
    return size


def _ends_in_relative(clause: Clause) -> bool:
    return clause.object is not None and clause.object.relative is not None
