"""What a sentence means, before any language says it: the parts, and nothing about words and their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from seq2seq_utils.grammar.lexicon import Adjective, Noun, Phrase, Preposition, Verb


@dataclass(slots=True, eq=False)
class Pronoun:
    """A subject that is no noun: I, he, she or we."""

    word: str

    @property
    def is_plural(self) -> bool:
        """Whether it is more than one."""
        return self.word == "we"

    @property
    def is_feminine(self) -> bool:
        """Whether French words that agree with it are feminine."""
        return self.word == "she"

    @property
    def is_first_person(self) -> bool:
        """Whether the speaker is part of it."""
        return self.word in ("I", "we")


@dataclass(slots=True, eq=False)
class NounPhrase:
    """A noun and what goes with it."""

    noun: Noun
    determiner: str  # the a this that my our every some two … ten
    plural: bool = False
    before: Adjective | None = None  # the adjective that French puts before the noun
    after: Adjective | None = None  # the one it puts after
    owner: NounPhrase | None = None  # the house *of the king*
    relative: Clause | None = None  # the cat *that sleeps*
    conjunction: str = ""  # "and" or "or"
    second: NounPhrase | None = None  # the boy *and the girl*

    is_first_person: ClassVar[bool] = False

    @property
    def is_plural(self) -> bool:
        """Whether the whole phrase is plural: one noun may be, and two joined by "and" are."""
        return self.plural or self.second is not None

    @property
    def is_feminine(self) -> bool:
        """The gender that French words agree with: feminine only if all of it is."""
        return self.noun.feminine and (self.second is None or self.second.is_feminine)


@dataclass(slots=True, eq=False)
class PrepositionalPhrase:
    """A preposition and its noun phrase: "behind the tree"."""

    preposition: Preposition
    noun_phrase: NounPhrase


Subject = NounPhrase | Pronoun
Place = Phrase | PrepositionalPhrase  # fixed words ("here"), or a preposition and a noun phrase


@dataclass(slots=True, eq=False)
class Clause:
    """Who does what; or, with an adjective as its predicate, who is how."""

    subject: Subject
    tense: str  # past, present, future
    predicate: Verb | Adjective
    negation: str = ""  # "not" or "never"
    object: NounPhrase | None = None
    recipient: NounPhrase | None = None  # gives … *to the girl*
    goal: NounPhrase | None = None  # goes *to the museum*
    frequency: Phrase | None = None
    manner: Phrase | None = None
    place: Place | None = None
    time: Phrase | None = None
    time_first: bool = False  # "Yesterday, …"
    conjunction: str = ""  # what joins it to the clause it belongs to


@dataclass(slots=True, eq=False)
class Complex:
    """A main clause, with a subordinate one or none: "she sings because he sleeps"."""

    main: Clause
    subordinate: Clause | None = None


Meaning = list[Complex]  # joined by the `conjunction` of each main clause but the first
