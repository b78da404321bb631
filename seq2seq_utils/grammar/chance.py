"""Random choices that come out the same everywhere and always."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.lexicon import Adjective, Noun, Verb

Choice = TypeVar("Choice")
WordChoice = TypeVar("WordChoice", Noun, Verb, Adjective)


class Chance:
    """A source of random choices, of all words or of those of a smaller world.

    Only `random.random` is used, whose sequence Python promises not to change.

    Args:
        seed: of the random numbers.
        one_word_in: 3, say, for one noun, verb and adjective in three, or some more (see `pick_word`).

    Raises:
        ValueError: if `one_word_in` is less than 1.
    """

    def __init__(self, seed: int, one_word_in: int = 1) -> None:
        if one_word_in < 1:
            raise ValueError(f"one_word_in: {one_word_in} is not allowed; it must be 1 or more")
        self.random = random.Random(seed).random
        self._known = lexicon.one_in(one_word_in) if one_word_in > 1 else None

    def happens(self, probability: float) -> bool:
        """True as often as `probability` says, from 0 to 1."""
        return self.random() < probability

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """One of the choices, each as likely."""
        return choices[int(self.random() * len(choices))]

    def pick_word(self, words: tuple[WordChoice, ...]) -> WordChoice:
        """One of those that this world has; where it has fewer than two, one of the first two."""
        if self._known is None:
            return self.pick(words)
        known = [word for word in words if word in self._known]
        return self.pick(known if len(known) > 1 else words[:2])

    def pick_other(self, nouns: tuple[Noun, ...], taken: Noun | None) -> Noun:
        """A noun, but not the one that is taken."""
        noun = self.pick_word(nouns)
        while noun is taken:
            noun = self.pick_word(nouns)
        return noun
