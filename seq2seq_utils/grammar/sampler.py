"""Imagines meanings at random, of exactly as many English words as asked for.

A clause starts from a frame ("noun, transitive verb, noun, past, negated: six words") and grows, an
adjective or a relative clause at a time, until its words are used up. What would give the English sentence a
second reading is never built: a time or a place after an object that ends in a relative clause, a
negation beside "every" or "some", "we" or "I" where French would have to know who that is.
"""

from __future__ import annotations

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.chance import Chance
from seq2seq_utils.grammar.frames import ANY, DEFINITE, NOT_SOME, TENSES, Frame, frames
from seq2seq_utils.grammar.growing import grow
from seq2seq_utils.grammar.lexicon import Adjective, Verb
from seq2seq_utils.grammar.meaning import Clause, Complex, Meaning, NounPhrase, Subject
from seq2seq_utils.grammar.parts import complete, noun_phrase, pronoun

SHORTEST = 3
_LONGEST_CLAUSE = 13


class Sampler:
    """A source of random meanings: the same seed gives the same ones, everywhere and always.

    Args:
        seed: of the random numbers.
        one_word_in: 3, say, for a smaller world by the same grammar, with one noun, verb and adjective in
            three, and of what a sentence chooses from at least two.

    Raises:
        ValueError: if `one_word_in` is less than 1.
    """

    def __init__(self, seed: int, one_word_in: int = 1) -> None:
        self._chance = Chance(seed, one_word_in)

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

    def _plan(self, length: int) -> list[tuple[int, str]]:
        """The clauses of a sentence: for each its words (conjunction not counted) and its part."""
        chance = self._chance
        fewest = -(-(length + 1) // (_LONGEST_CLAUSE + 1))
        most = (length + 1) // (SHORTEST + 2)
        if most <= fewest:
            count = fewest
        elif fewest == 1:
            count = 1 if chance.happens(0.6) else 2
        else:
            count = fewest + int(chance.random() * min(2, most - fewest + 1))
        sizes = [SHORTEST] * count
        spare = length - (count - 1) - SHORTEST * count
        while spare:
            at = int(chance.random() * count)
            if sizes[at] < _LONGEST_CLAUSE:
                sizes[at] += 1
                spare -= 1
        kinds = ["main"] * count
        for at in range(1, count):
            if kinds[at - 1] == "main" and chance.happens(0.4):
                kinds[at - 1 : at + 1] = ["with subordinate", "subordinate"]
        return list(zip(sizes, kinds, strict=True))

    def _main(self, size: int, closed: bool, before: Meaning) -> Clause:
        """A main clause; after one in the present it is in the present too.

        Korean marks the tense of "A and B" in B alone when A has no mark, and the present has none.
        """
        after_present = bool(before) and before[-1].main.tense == "present"
        clause = None
        while clause is None:
            tense = "present" if after_present else self._chance.pick(TENSES)
            clause = self._clause(size, tense, closed, first=not before)
        if before:
            contrasted = any(part.main.conjunction == "but" for part in before)
            clause.conjunction = self._chance.pick(("and",) if contrasted else ("and", "and", "but"))
        return clause

    def _subordinate(self, size: int, main: Clause) -> Clause:
        choices = ["because"]
        if main.tense != "future" and isinstance(main.predicate, Verb) and not main.predicate.state:
            choices.append("while")  # beside a state it would mean "whereas"
        if main.tense == "present":
            choices.append("when")
        conjunction = self._chance.pick(choices)
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
        frame = self._chance.pick(frames(size, tense, during))
        if frame.predicate == "adjective":
            clause = self._clause_with_adjective(frame, tense, first)
        else:
            clause = self._clause_with_verb(frame, tense, first, during)
        if clause is None or grow(self._chance, clause, frame.spare, closed, during, timeless) != 0:
            return None
        return None if _says_a_quality_twice(clause) else clause

    def _clause_with_adjective(self, frame: Frame, tense: str, first: bool) -> Clause | None:
        chance = self._chance
        subject: Subject
        if frame.subject_is_noun:
            noun = chance.pick_word(lexicon.NOUNS)
            subject = noun_phrase(chance, noun, DEFINITE if frame.negation else NOT_SOME)
            adjectives = lexicon.PREDICATIVE[noun.kind]
        elif first:
            subject = pronoun(chance, gender_shows=True, first=True)
            adjectives = lexicon.PREDICATIVE["adult"]
        else:
            return None
        return Clause(subject, tense, chance.pick_word(adjectives), frame.negation)

    def _clause_with_verb(self, frame: Frame, tense: str, first: bool, during: bool) -> Clause | None:
        chance = self._chance
        verb = chance.pick_word(lexicon.ACTIVITIES if during else lexicon.VERBS[frame.predicate])
        gender_shows = verb.etre and tense == "past"
        subject: Subject
        if frame.subject_is_noun:
            options = DEFINITE if frame.negation else NOT_SOME if verb.state else ANY
            subject = noun_phrase(chance, chance.pick_word(lexicon.ANIMATE), options)
        elif gender_shows and not first:
            return None
        else:
            subject = pronoun(chance, gender_shows, first)
        clause = Clause(subject, tense, verb, frame.negation)
        complete(chance, clause, verb)
        return clause


def _says_a_quality_twice(clause: Clause) -> bool:
    """Whether it says something like "the small house is big"."""
    subject, predicate = clause.subject, clause.predicate
    if not isinstance(predicate, Adjective) or not isinstance(subject, NounPhrase):
        return False
    adjectives = (subject.before, subject.after)
    return any(other is not None and other.quality == predicate.quality for other in adjectives)
