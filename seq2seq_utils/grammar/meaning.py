"""What a sentence means, before any language says it: the parts, and nothing about word order.

Each part also remembers where its words stand in the English sentence (the fields that end in `_at`):
`english` writes them down, and `french` and `korean` read them to link their words to the English ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from seq2seq_utils.grammar.lexicon import Adjective, Noun, Phrase, Preposition, Verb
from seq2seq_utils.pairs import Link


@dataclass(slots=True, eq=False)
class NounPhrase:
    """A noun and what goes with it, or a pronoun (then `noun` is None and `determiner` the pronoun)."""

    noun: Noun | None
    determiner: str  # the a this that my our every some two … ten; I he she we
    plural: bool = False
    before: Adjective | None = None  # the adjective that French puts before the noun
    after: Adjective | None = None  # the one it puts after
    owner: NounPhrase | None = None  # the house *of the king*
    relative: Clause | None = None  # the cat *that sleeps*
    conjunction: str = ""  # "and" or "or"
    second: NounPhrase | None = None  # the boy *and the girl*

    determiner_at: int = -1
    before_at: int = -1
    after_at: int = -1
    noun_at: int = -1
    of_at: int = -1
    that_at: int = -1
    conjunction_at: int = -1

    @property
    def is_plural(self) -> bool:
        """Whether the whole phrase is plural: one noun may be, and two joined by "and" are."""
        return self.plural or self.second is not None or self.determiner == "we"

    @property
    def is_feminine(self) -> bool:
        """The gender that French words agree with: feminine only if all of it is."""
        if self.noun is None:
            return self.determiner == "she"
        return self.noun.feminine and (self.second is None or self.second.is_feminine)


@dataclass(slots=True, eq=False)
class Place:
    """Where it happens: an adverb ("here"), or a preposition and a noun phrase."""

    adverb: Phrase | None
    preposition: Preposition | None = None
    noun_phrase: NounPhrase | None = None
    at: int = -1


@dataclass(slots=True, eq=False)
class Clause:
    """Who does what; or, with `adjective` in the verb's place, who is how."""

    subject: NounPhrase
    tense: str  # past, present, future
    verb: Verb | None
    adjective: Adjective | None = None
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

    auxiliary_at: int = -1  # does, did, will
    negation_at: int = -1
    verb_at: int = -1  # of "is small": the verb "is"
    adjective_at: int = -1
    to_at: int = -1
    frequency_at: int = -1
    manner_at: int = -1
    time_at: int = -1
    conjunction_at: int = -1


@dataclass(slots=True, eq=False)
class Complex:
    """A main clause, with a subordinate one or none: "she sings because he sleeps"."""

    main: Clause
    subordinate: Clause | None = None


Meaning = list[Complex]  # joined by the `conjunction` of each main clause but the first


class Writer:
    """Collects the words of a translation, and their links to the English words."""

    __slots__ = ("possible", "sure", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.sure: list[Link] = []
        self.possible: list[Link] = []

    def say(self, word: str, *sure: int, possible: tuple[int, ...] = ()) -> None:
        """Adds a word that translates the English words at `sure` and depends on those at `possible`."""
        at = len(self.words)
        self.words.append(word)
        for source in sure:
            self.sure.append((source, at))
        for source in possible:
            self.possible.append((source, at))

    def say_phrase(
        self, words: tuple[str, ...], links: tuple[tuple[int, int, bool], ...], source_at: int
    ) -> None:
        """Adds fixed words whose English counterpart starts at `source_at`."""
        at = len(self.words)
        self.words.extend(words)
        for source, target, is_sure in links:
            (self.sure if is_sure else self.possible).append((source_at + source, at + target))
