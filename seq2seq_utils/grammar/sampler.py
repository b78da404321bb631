"""Imagines meanings at random, of exactly as many English words as asked for.

A clause starts from a frame ("noun, transitive verb, noun, past, negated: six words") and grows, an
adjective or a relative clause at a time, until its words are used up. What would give the English sentence a
second reading is never built: a time or a place after an object that ends in a relative clause, a
negation beside "every" or "some", "we" or "I" where French would have to know who that is.
"""

from __future__ import annotations

import random

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.frames import ANY, DEFINITE, GOAL, NOT_SOME, PREDICATES, SIMPLE, TENSES, frames
from seq2seq_utils.grammar.lexicon import Noun, Verb, Word
from seq2seq_utils.grammar.meaning import Clause, Complex, Meaning, NounPhrase, Place

SHORTEST = 3
_LONGEST_CLAUSE = 13
_NUMBERS = tuple(lexicon.NUMBERS)


class Sampler:
    """A source of random meanings: the same seed gives the same ones, everywhere and always.

    Only `random.random` is used, whose sequence Python promises not to change.

    Args:
        seed: of the random numbers.
        one_word_in: 3, say, for one noun, verb and adjective in three: a smaller world, by the same grammar.

    Raises:
        ValueError: if `one_word_in` is less than 1.
    """

    def __init__(self, seed: int, one_word_in: int = 1) -> None:
        if one_word_in < 1:
            raise ValueError(f"one_word_in: {one_word_in} is not allowed; it must be 1 or more")
        self._random = random.Random(seed).random
        self._known = lexicon.one_in(one_word_in) if one_word_in > 1 else None

    def meaning(self, length: int) -> Meaning:
        """A meaning whose English sentence has `length` words, punctuation not counted.

        Raises:
            ValueError: if that is fewer than the shortest sentence has.
        """
        if length < SHORTEST:
            raise ValueError(f"length: {length} is not allowed; a sentence has {SHORTEST} words or more")
        parts: Meaning = []
        for size, kind in self._plan(length):
            if kind == "subordinate":
                parts[-1].subordinate = self._subordinate(size, parts[-1].main)
            else:
                parts.append(Complex(self._main(size, kind == "with subordinate", parts)))
        return parts

    # ---------------------------------------------------------------------------------- chance
    def _pick(self, choices: tuple | list):
        return choices[int(self._random() * len(choices))]

    def _pick_word(self, words: tuple[Word, ...]) -> Word:
        """One of those that this world has; where it has fewer than two, one of the first two."""
        if self._known is None:
            return self._pick(words)
        known = [word for word in words if word in self._known]
        return self._pick(known if len(known) > 1 else words[:2])

    def _chance(self, probability: float) -> bool:
        return self._random() < probability

    def _pick_other(self, nouns: tuple[Noun, ...], taken: Noun | None) -> Noun:
        noun = self._pick_word(nouns)
        while noun is taken:
            noun = self._pick_word(nouns)
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

    def _main(self, size: int, closed: bool, before: Meaning) -> Clause:
        """A main clause; after one in the present it is in the present too.

        Korean marks the tense of "A and B" in B alone when A has no mark, and the present has none.
        """
        after_present = bool(before) and before[-1].main.tense == "present"
        clause = None
        while clause is None:
            tense = "present" if after_present else self._pick(TENSES)
            clause = self._clause(size, tense, closed, first=not before)
        if before:
            contrasted = any(part.main.conjunction == "but" for part in before)
            clause.conjunction = self._pick(("and",) if contrasted else ("and", "and", "but"))
        return clause

    def _subordinate(self, size: int, main: Clause) -> Clause:
        choices = ["because"]
        if main.tense != "future" and main.verb is not None and not main.verb.state:
            choices.append("while")  # beside a state it would mean "whereas"
        if main.tense == "present":
            choices.append("when")
        conjunction = self._pick(choices)
        while True:
            clause = self._clause(size, main.tense, False, during=conjunction == "while", timeless=True)
            if clause is not None:
                clause.conjunction = conjunction
                return clause

    def _clause(
        self,
        size: int,
        tense: str,
        closed: bool,
        first: bool = False,
        during: bool = False,
        timeless: bool = False,
    ) -> Clause | None:
        """A clause of `size` words, or None where it did not come out at that.

        Args:
            size: words, the conjunction not counted.
            tense: past, present or future.
            closed: no relative clause at its end, since another clause follows.
            first: whether it begins the sentence. Only then "he" and "she" may be its subject: later they
                could be anybody, or in French any thing, named before.
            during: an activity, not negated.
            timeless: without a time of its own.
        """
        subject_is_noun, kind, negation, spare = self._pick(frames(size, tense, during))
        if kind == "adjective":
            if not (subject_is_noun or first):
                return None
            subject, adjectives = self._subject_with_adjective(subject_is_noun, bool(negation))
            clause = Clause(subject, tense, None, self._pick_word(adjectives), negation)
        else:
            verb = self._pick_word(lexicon.ACTIVITIES if during else lexicon.VERBS[kind])
            gender_shows = verb.etre and tense == "past"
            if subject_is_noun:
                options = DEFINITE if negation else NOT_SOME if verb.state else ANY
                subject = self._noun_phrase(self._pick_word(lexicon.ANIMATE), options)
            elif gender_shows and not first:
                return None
            else:
                subject = self._pronoun(gender_shows, first)
            clause = Clause(subject, tense, verb, None, negation)
            self._complete(clause, verb, bool(negation))
        if self._grow(clause, spare, closed, during, timeless) != 0:
            return None
        if clause.adjective is not None:
            said = (clause.subject.before, clause.subject.after)
            if any(other and other.quality == clause.adjective.quality for other in said):
                return None  # the small house is big
        return clause

    def _pronoun(self, gender_shows: bool, first: bool) -> NounPhrase:
        if gender_shows:
            return NounPhrase(None, self._pick(("he", "she")))
        return NounPhrase(None, self._pick(("I", "he", "she", "we") if first else ("I", "we")))

    def _subject_with_adjective(self, is_noun: bool, negated: bool) -> tuple[NounPhrase, tuple]:
        if not is_noun:
            return self._pronoun(True, True), lexicon.PREDICATIVE["adult"]
        noun = self._pick_word(lexicon.NOUNS)
        phrase = self._noun_phrase(noun, DEFINITE if negated else NOT_SOME)
        return phrase, lexicon.PREDICATIVE[noun.kind]

    def _complete(self, clause: Clause, verb: Verb, negated: bool) -> None:
        """Adds what the verb cannot do without."""
        if verb.kind in ("transitive", "ditransitive"):
            noun = self._pick_other(verb.objects, clause.subject.noun)
            options = (*DEFINITE, ("a", False), ("a", False)) if negated else ANY
            clause.object = self._noun_phrase(noun, options)
        if verb.kind == "ditransitive":
            noun = self._pick_other(lexicon.PERSONS, clause.subject.noun)
            clause.recipient = self._noun_phrase(noun, SIMPLE)
        elif verb.kind == "motion":
            clause.goal = self._noun_phrase(self._pick_word(lexicon.GOALS), GOAL)

    def _noun_phrase(self, noun: Noun, options: tuple) -> NounPhrase:
        if (options is ANY or options is NOT_SOME) and self._chance(0.08):
            return NounPhrase(noun, self._pick(_NUMBERS), True)
        determiner, plural = self._pick(options)
        if noun.unowned and determiner in ("my", "our"):
            determiner = "the"
        return NounPhrase(noun, determiner, plural)

    # --------------------------------------------------------------------------------- growing
    def _grow(self, clause: Clause, spare: int, closed: bool, during: bool, timeless: bool) -> int:
        """Adds optional parts until `spare` words are used up; returns how many were not."""
        if spare == 0:
            return 0
        growers = [] if timeless else [self._add_time]
        if clause.verb is not None:
            if not during and not clause.negation:
                growers.append(self._add_frequency)
            if clause.verb.activity:
                growers.append(self._add_manner)
            if clause.verb.kind in ("intransitive", "transitive") and clause.verb.takes_place:
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
        while spare > 0 and tasks:
            grower, part = tasks.pop(int(self._random() * len(tasks)))
            spare -= grower(part, spare)
        return spare

    def _add_before(self, phrase: NounPhrase, spare: int) -> int:
        choices = lexicon.BEFORE[phrase.noun.kind]
        if not choices or phrase.before is not None:
            return 0
        adjective = self._pick_word(choices)
        clashes = phrase.after is not None and phrase.after.quality == adjective.quality
        if clashes or (adjective.not_with_the and phrase.determiner == "the"):
            return 0
        phrase.before = adjective
        return 1

    def _add_after(self, phrase: NounPhrase, spare: int) -> int:
        choices = lexicon.AFTER[phrase.noun.kind]
        if not choices or phrase.after is not None:
            return 0
        adjective = self._pick_word(choices)
        if phrase.before is not None and phrase.before.quality == adjective.quality:
            return 0
        phrase.after = adjective
        return 1

    def _add_owner(self, phrase: NounPhrase, spare: int) -> int:
        """Adds "of the king": three words."""
        plain = phrase.relative is None and phrase.second is None
        if spare < 3 or phrase.determiner != "the" or phrase.noun.kind in _UNOWNED or not plain:
            return 0
        phrase.owner = NounPhrase(self._pick_other(lexicon.PERSONS, phrase.noun), "the", self._chance(0.2))
        return 3

    def _add_second(self, place: tuple[Clause, NounPhrase], spare: int) -> int:
        """Adds "and the girl": three words."""
        clause, phrase = place
        plain = phrase.relative is None and phrase.owner is None and phrase.determiner in _JOINABLE
        if spare < 3 or not plain or (clause.adjective is not None):
            return 0
        subject = phrase is clause.subject
        nouns = lexicon.ANIMATE if subject else clause.verb.objects
        phrase.conjunction = "and" if subject or self._chance(0.6) else "or"
        phrase.second = self._noun_phrase(self._pick_other(nouns, phrase.noun), SIMPLE)
        return 3

    def _add_frequency(self, clause: Clause, spare: int) -> int:
        # Not "she always sings today", nor "the king who eats often sings" (eats often?)
        if clause.time is not None or (clause.subject.relative and clause.tense != "future"):
            return 0
        clause.frequency = self._pick(lexicon.FREQUENCY)
        return 1

    def _add_manner(self, clause: Clause, spare: int) -> int:
        clause.manner = self._pick(lexicon.MANNER)
        return 1

    def _add_time(self, clause: Clause, spare: int) -> int:
        time = self._pick(lexicon.TIMES[clause.tense])
        vague = clause.frequency is not None or clause.negation == "never"
        if len(time.english) > spare or vague:
            return 0
        clause.time = time
        clause.time_first = time.first or self._chance(0.3) or _ends_in_relative(clause)
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
        phrase = self._noun_phrase(self._pick_word(preposition.objects), SIMPLE)
        clause.place = Place(None, preposition, phrase)
        return size

    def _add_relative(self, place: tuple[Clause, NounPhrase, bool], spare: int) -> int:
        """Adds "that sleeps", "that the girl bought yesterday": two words or more."""
        clause, phrase, closed = place
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
        phrase.relative, size = self._relative(phrase, spare, clause.subject.noun is not None)
        return size

    def _relative(self, phrase: NounPhrase, spare: int, may_be_pronoun: bool) -> tuple[Clause | None, int]:
        """A relative clause about `phrase` and its words, "that" counted; or None and 0."""
        tense = self._pick(TENSES)
        extra = tense == "future"
        verbs = lexicon.VERBS_ABOUT[phrase.noun.kind]
        about_subject = phrase.noun in _ANIMATE and (self._chance(0.6) or spare < 3 + extra or not verbs)
        if about_subject:
            kind = "transitive" if spare >= 4 + extra and self._chance(0.5) else "intransitive"
            relative = Clause(phrase, tense, self._pick_word(lexicon.VERBS[kind]))
            self._complete(relative, relative.verb, False)
            size = 1 + extra + PREDICATES[kind]
            if size > spare:
                return None, 0
            if kind == "intransitive" and relative.verb.takes_place and spare > size and self._chance(0.5):
                size += self._add_place(relative, spare - size)
        else:
            with_noun = not may_be_pronoun or (spare >= 4 + extra and self._chance(0.7))
            size = 2 + extra + 1 + with_noun
            if size > spare or not verbs:
                return None, 0
            options = SIMPLE
            noun = self._pick_other(lexicon.ANIMATE, phrase.noun)
            subject = self._noun_phrase(noun, options) if with_noun else self._pronoun(False, False)
            relative = Clause(subject, tense, self._pick_word(verbs), object=phrase)
        return relative, size


_ANIMATE = frozenset(lexicon.ANIMATE)
_UNOWNED = frozenset(("adult", "elder", "child", "region", "landscape", "fruit", "produce", "dessert"))
_JOINABLE = frozenset(("the", "a", "this", "that", "my", "our"))


def _ends_in_relative(clause: Clause) -> bool:
    return clause.object is not None and clause.object.relative is not None
