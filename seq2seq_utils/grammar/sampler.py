"""Imagines meanings at random, of exactly as many English words as asked for.

A clause starts from a frame ("noun, transitive verb, noun, past, negated: six words") and grows, an
adjective or a relative clause at a time, until its words are used up. What would give the English sentence a
second reading is never built: a time or a place after an object that ends in a relative clause, a
negation beside "every" or "some", "we" or "I" where French would have to know who that is.
"""

from __future__ import annotations

import random
from functools import cache

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.lexicon import Noun, Verb
from seq2seq_utils.grammar.meaning import Clause, Complex, Meaning, NounPhrase, Place

SHORTEST = 3
_LONGEST_CLAUSE = 13

# Words of a clause besides its subject: the verb and what it cannot do without.
_PREDICATES = {
    "intransitive": 1,
    "leaving": 1,
    "adjective": 2,  # is small
    "transitive": 3,  # sees the cat
    "motion": 4,  # goes to the garden
    "ditransitive": 6,  # gives the book to the girl
}
_WEIGHTS = {
    "transitive": 8,
    "adjective": 4,
    "ditransitive": 4,
    "intransitive": 3,
    "motion": 2,
    "leaving": 1,
}
# (determiner, plural), as often as it stands here; in negated clauses only what negation leaves clear.
_DEFINITE = (*(("the", False),) * 6, *(("the", True),) * 3, ("this", False), ("this", True)) + (
    *(("that", False), ("that", True), ("my", False), ("my", False), ("my", True)),
    *(("our", False), ("our", True)),
)
_ANY = (*_DEFINITE, *(("a", False),) * 5, ("every", False), ("some", True), ("some", True))
_SIMPLE = (*(("the", False),) * 6, ("the", True), *(("a", False),) * 3, ("this", False)) + (
    *(("that", False), ("my", False), ("our", False)),
)
_GOAL = tuple(option for option in _DEFINITE if not option[1])
_NUMBERS = tuple(lexicon.NUMBERS)
_TENSES = ("present", "present", "past", "past", "future")


class Sampler:
    """A source of random meanings: the same seed gives the same ones, everywhere and always.

    Only `random.random` is used, whose sequence Python promises not to change.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def meaning(self, length: int) -> Meaning:
        """A meaning whose English sentence has `length` words, punctuation not counted."""
        parts: Meaning = []
        for size, kind in self._plan(length):
            if kind == "subordinate":
                parts[-1].subordinate = self._subordinate(size, parts[-1].main)
            else:
                closed = kind == "with subordinate"
                main = self._main(size, closed)
                main.conjunction = self._pick(("and", "and", "but")) if parts else ""
                parts.append(Complex(main))
        return parts

    # ---------------------------------------------------------------------------------- chance
    def _pick(self, choices: tuple | list):
        return choices[int(self._random() * len(choices))]

    def _chance(self, probability: float) -> bool:
        return self._random() < probability

    def _pick_other(self, nouns: tuple[Noun, ...], taken: Noun | None) -> Noun:
        noun = self._pick(nouns)
        while noun is taken:
            noun = self._pick(nouns)
        return noun

    # --------------------------------------------------------------------------------- clauses
    def _plan(self, length: int) -> list[tuple[int, str]]:
        """The clauses of a sentence: for each its words (conjunction not counted) and its part."""
        fewest = -(-(length + 1) // (_LONGEST_CLAUSE + 1))
        most = (length + 1) // (SHORTEST + 2)
        if most <= fewest:
            count = fewest
        elif fewest == 1:
            count = 1 if self._chance(0.6) else 2
        else:
            count = fewest + int(self._random() * min(2, most - fewest + 1))
        sizes = [SHORTEST] * count
        spare = length - (count - 1) - SHORTEST * count
        while spare:
            at = int(self._random() * count)
            if sizes[at] < _LONGEST_CLAUSE:
                sizes[at] += 1
                spare -= 1
        kinds = ["main"] * count
        for at in range(1, count):
            if kinds[at - 1] == "main" and self._chance(0.4):
                kinds[at - 1 : at + 1] = ["with subordinate", "subordinate"]
        return list(zip(sizes, kinds, strict=True))

    def _main(self, size: int, closed: bool) -> Clause:
        while True:
            clause = self._clause(size, self._pick(_TENSES), closed)
            if clause is not None:
                return clause

    def _subordinate(self, size: int, main: Clause) -> Clause:
        choices = {"past": ("because", "while"), "present": ("because", "while", "when")}
        conjunction = self._pick(choices.get(main.tense, ("because",)))
        while True:
            clause = self._clause(size, main.tense, False, during=conjunction == "while")
            if clause is not None:
                clause.conjunction = conjunction
                return clause

    def _clause(
        self, size: int, tense: str, closed: bool, during: bool = False
    ) -> Clause | None:
        """A clause of `size` words, or None where the growing ended short of it.

        A `closed` clause has no relative clause at its end, since another clause follows; what goes on
        `during` something is an activity, not negated.
        """
        subject_is_noun, kind, negation, spare = self._pick(_frames(size, tense, during))
        if kind == "adjective":
            subject, adjectives = self._subject_with_adjective(subject_is_noun, bool(negation))
            clause = Clause(subject, tense, None, self._pick(adjectives), negation)
        else:
            verb = self._pick(lexicon.ACTIVITIES if during else lexicon.VERBS[kind])
            subject = self._subject(subject_is_noun, verb.etre and tense == "past", bool(negation))
            clause = Clause(subject, tense, verb, None, negation)
            self._complete(clause, verb, bool(negation))
        if self._grow(clause, spare, closed, during) > 0:
            return None
        if clause.adjective is not None and clause.adjective in (clause.subject.before, clause.subject.after):
            return None  # the small house is small
        return clause

    def _subject(self, is_noun: bool, gender_shows: bool, negated: bool) -> NounPhrase:
        if not is_noun:
            return self._pronoun(gender_shows)
        return self._noun_phrase(self._pick(lexicon.ANIMATE), _DEFINITE if negated else _ANY)

    def _pronoun(self, gender_shows: bool) -> NounPhrase:
        return NounPhrase(None, self._pick(("he", "she") if gender_shows else ("I", "he", "she", "we")))

    def _subject_with_adjective(self, is_noun: bool, negated: bool) -> tuple[NounPhrase, tuple]:
        if not is_noun:
            return self._pronoun(True), lexicon.PREDICATIVE["adult"]
        noun = self._pick(lexicon.NOUNS)
        phrase = self._noun_phrase(noun, _DEFINITE if negated else _ANY)
        return phrase, lexicon.PREDICATIVE[noun.kind]

    def _complete(self, clause: Clause, verb: Verb, negated: bool) -> None:
        """Adds what the verb cannot do without."""
        if verb.kind in ("transitive", "ditransitive"):
            noun = self._pick_other(verb.objects, clause.subject.noun)
            options = (*_DEFINITE, ("a", False), ("a", False)) if negated else _ANY
            clause.object = self._noun_phrase(noun, options)
        if verb.kind == "ditransitive":
            noun = self._pick_other(lexicon.PERSONS, clause.subject.noun)
            clause.recipient = self._noun_phrase(noun, _SIMPLE)
        elif verb.kind == "motion":
            clause.goal = self._noun_phrase(self._pick(lexicon.GOALS), _GOAL)

    def _noun_phrase(self, noun: Noun, options: tuple) -> NounPhrase:
        if options is _ANY and self._chance(0.08):
            return NounPhrase(noun, self._pick(_NUMBERS), True)
        determiner, plural = self._pick(options)
        if noun.unowned and determiner in ("my", "our"):
            determiner = "the"
        return NounPhrase(noun, determiner, plural)

    # --------------------------------------------------------------------------------- growing
    def _grow(self, clause: Clause, spare: int, closed: bool, during: bool = False) -> int:
        """Adds optional parts until `spare` words are used up; returns how many were not."""
        if spare == 0:
            return 0
        growers = [self._add_time] if not during else []
        if clause.verb is not None:
            if not during and not clause.negation:
                growers.append(self._add_frequency)
            if clause.verb.activity:
                growers.append(self._add_manner)
            if clause.verb.kind in ("intransitive", "transitive"):
                growers.extend((self._add_place, self._add_place))
        tasks = [(grower, clause) for grower in growers]
        for phrase in (clause.subject, clause.object, clause.recipient, clause.goal):
            if phrase is not None and phrase.noun is not None:
                tasks.extend(((self._add_before, phrase), (self._add_after, phrase)))
        for phrase in (clause.subject, clause.object):
            if phrase is not None and phrase.noun is not None:
                tasks.append((self._add_owner, phrase))
                tasks.append((self._add_relative, (clause, phrase, closed)))
                if not clause.negation:
                    tasks.append((self._add_second, (clause, phrase)))
        while spare and tasks:
            grower, part = tasks.pop(int(self._random() * len(tasks)))
            spare -= grower(part, spare)
        return spare

    def _add_before(self, phrase: NounPhrase, spare: int) -> int:
        choices = lexicon.BEFORE[phrase.noun.kind]
        if not choices or phrase.before is not None:
            return 0
        adjective = self._pick(choices)
        if adjective.not_with_the and phrase.determiner == "the":
            return 0
        phrase.before = adjective
        return 1

    def _add_after(self, phrase: NounPhrase, spare: int) -> int:
        choices = lexicon.AFTER[phrase.noun.kind]
        if not choices or phrase.after is not None:
            return 0
        phrase.after = self._pick(choices)
        return 1

    def _add_owner(self, phrase: NounPhrase, spare: int) -> int:
        """ "of the king": three words."""
        plain = phrase.relative is None and phrase.second is None
        if spare < 3 or phrase.determiner != "the" or phrase.noun.kind in _UNOWNED or not plain:
            return 0
        phrase.owner = NounPhrase(self._pick_other(lexicon.PERSONS, phrase.noun), "the", self._chance(0.2))
        return 3

    def _add_second(self, place: tuple[Clause, NounPhrase], spare: int) -> int:
        """ "and the girl": three words."""
        clause, phrase = place
        plain = phrase.relative is None and phrase.owner is None and phrase.determiner in _JOINABLE
        if spare < 3 or not plain or (clause.adjective is not None):
            return 0
        subject = phrase is clause.subject
        nouns = lexicon.ANIMATE if subject else clause.verb.objects
        phrase.conjunction = "and" if subject or self._chance(0.6) else "or"
        phrase.second = self._noun_phrase(self._pick_other(nouns, phrase.noun), _SIMPLE)
        return 3

    def _add_frequency(self, clause: Clause, spare: int) -> int:
        if clause.time is not None:  # she always sings today
            return 0
        clause.frequency = self._pick(lexicon.FREQUENCY)
        return 1

    def _add_manner(self, clause: Clause, spare: int) -> int:
        clause.manner = self._pick(lexicon.MANNER)
        return 1

    def _add_time(self, clause: Clause, spare: int) -> int:
        time = self._pick(lexicon.TIMES[clause.tense])
        if len(time.english) > spare or clause.frequency is not None:
            return 0
        clause.time = time
        clause.time_first = self._chance(0.3) or _ends_in_relative(clause)
        return len(time.english)

    def _add_place(self, clause: Clause, spare: int) -> int:
        if clause.place is not None or _ends_in_relative(clause):
            return 0
        if spare < 3 or self._chance(0.15):
            clause.place = Place(self._pick(lexicon.PLACE_ADVERBS))
            return 1
        preposition = self._pick(lexicon.PREPOSITIONS)
        size = len(preposition.english) + 2
        if size > spare:
            return 0
        phrase = self._noun_phrase(self._pick(preposition.objects), _SIMPLE)
        clause.place = Place(None, preposition, phrase)
        return size

    def _add_relative(self, place: tuple[Clause, NounPhrase, bool], spare: int) -> int:
        """ "that sleeps", "that the girl bought yesterday": two words or more."""
        clause, phrase, closed = place
        taken = phrase.owner is not None or phrase.second is not None
        vague = clause.negation and phrase.determiner == "a"
        if spare < 2 or taken or vague or phrase.determiner in ("my", "our"):
            return 0
        if phrase is clause.object:
            if closed or clause.place is not None or clause.recipient is not None:
                return 0
            clause.time_first = clause.time is not None
        phrase.relative, size = self._relative(phrase, spare, clause.subject.noun is not None)
        return size

    def _relative(
        self, phrase: NounPhrase, spare: int, may_be_pronoun: bool
    ) -> tuple[Clause | None, int]:
        """A relative clause about `phrase` and its words, "that" counted; or None and 0."""
        tense = self._pick(_TENSES)
        extra = tense == "future"
        verbs = lexicon.VERBS_ABOUT[phrase.noun.kind]
        about_subject = phrase.noun in _ANIMATE and (self._chance(0.6) or spare < 3 + extra or not verbs)
        if about_subject:
            kind = "transitive" if spare >= 4 + extra and self._chance(0.5) else "intransitive"
            relative = Clause(phrase, tense, self._pick(lexicon.VERBS[kind]))
            self._complete(relative, relative.verb, False)
            size = 1 + extra + _PREDICATES[kind]
            if size > spare:
                return None, 0
            if kind == "intransitive" and self._chance(0.5):
                size += self._add_place(relative, spare - size)
        else:
            with_noun = not may_be_pronoun or (spare >= 4 + extra and self._chance(0.7))
            size = 2 + extra + 1 + with_noun
            if size > spare or not verbs:
                return None, 0
            options = _SIMPLE
            noun = self._pick_other(lexicon.ANIMATE, phrase.noun)
            subject = self._noun_phrase(noun, options) if with_noun else self._pronoun(False)
            relative = Clause(subject, tense, self._pick(verbs), object=phrase)
        return relative, size


_ANIMATE = frozenset(lexicon.ANIMATE)
_UNOWNED = frozenset(("adult", "elder", "child", "region", "landscape", "food", "dessert"))
_JOINABLE = frozenset(("the", "a", "this", "that", "my", "our"))


def _ends_in_relative(clause: Clause) -> bool:
    return clause.object is not None and clause.object.relative is not None


@cache
def _frames(size: int, tense: str, during: bool) -> tuple[tuple[bool, str, str, int], ...]:
    """The frames that fit into `size` words: (subject is a noun, predicate, negation, words to spare).

    Each stands here as often as its weight, so that a uniform choice is a weighted one.
    """
    frames = []
    future = tense == "future"
    kinds = ("intransitive",) if during else tuple(_PREDICATES)
    for kind in kinds:
        for subject_is_noun, subject_weight in ((True, 4), (False, 1)):
            for negation, weight in (("", 6),) if during else (("", 6), ("not", 2), ("never", 1)):
                if kind == "adjective":
                    if negation == "never":
                        continue
                    words = future + bool(negation)
                elif negation == "not":
                    words = 2  # does not, will not
                else:
                    words = future + bool(negation)
                spare = size - (1 + subject_is_noun + _PREDICATES[kind] + words)
                if spare >= 0:
                    frame = (subject_is_noun, kind, negation, spare)
                    frames += [frame] * (_WEIGHTS[kind] * subject_weight * weight)
    return tuple(frames)
