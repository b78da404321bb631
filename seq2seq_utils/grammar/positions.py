"""Where the words of an English sentence stand, so that the words of a translation can be linked to them."""

from __future__ import annotations

from dataclasses import dataclass

from seq2seq_utils.grammar.meaning import Clause, Subject

ABSENT = -1  # the place of a word that the sentence does not have


@dataclass(slots=True, eq=False)
class PhraseAt:
    """Where the words of a noun phrase stand; of a pronoun it is `noun`."""

    determiner: int = ABSENT
    before: int = ABSENT
    after: int = ABSENT
    noun: int = ABSENT
    of: int = ABSENT
    that: int = ABSENT  # "that" or "who"
    conjunction: int = ABSENT


@dataclass(slots=True, eq=False)
class ClauseAt:
    """Where the words of a clause stand; of several words for one thing, the first."""

    conjunction: int = ABSENT
    auxiliary: int = ABSENT  # does, did, will
    negation: int = ABSENT
    verb: int = ABSENT  # of "is small": the verb "is"
    adjective: int = ABSENT
    to: int = ABSENT
    frequency: int = ABSENT
    manner: int = ABSENT
    place: int = ABSENT
    time: int = ABSENT

    @property
    def auxiliaries(self) -> tuple[int, ...]:
        """The auxiliary, if there is one."""
        return () if self.auxiliary == ABSENT else (self.auxiliary,)


@dataclass(slots=True)
class Positions:
    """Where the words of a whole sentence stand, by the parts of its meaning (the very objects)."""

    phrases: dict[Subject, PhraseAt]
    clauses: dict[Clause, ClauseAt]
    full_stop: int
