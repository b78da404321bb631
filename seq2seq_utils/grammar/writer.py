"""Collects the words of a translation, and their links to the words of the English sentence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from seq2seq_utils.grammar.positions import Positions
from seq2seq_utils.pairs import Link


class Writer:
    """A translation in the making.

    Args:
        positions: where the words of the English sentence stand.
    """

    __slots__ = ("clauses_at", "phrases_at", "possible", "sure", "words")

    def __init__(self, positions: Positions) -> None:
        self.phrases_at = positions.phrases
        self.clauses_at = positions.clauses
        self.words: list[str] = []
        self.sure: list[Link] = []
        self.possible: list[Link] = []

    def say(self, word: str, *sure: int, possible: Sequence[int] = ()) -> None:
        """Adds a word that translates the English words at `sure` and depends on those at `possible`."""
        at = len(self.words)
        self.words.append(word)
        for source in sure:
            self.sure.append(_link(source, at))
        for source in possible:
            self.possible.append(_link(source, at))

    def say_phrase(
        self, words: tuple[str, ...], links: tuple[tuple[int, int, bool], ...], source_at: int
    ) -> None:
        """Adds fixed words whose English counterpart starts at `source_at`."""
        at = len(self.words)
        self.words.extend(words)
        for source, target, is_sure in links:
            (self.sure if is_sure else self.possible).append(_link(source_at + source, at + target))


@cache
def _link(source: int, target: int) -> Link:
    """A link; equal ones are one object, so that a corpus takes a fifth less memory."""
    return source, target
