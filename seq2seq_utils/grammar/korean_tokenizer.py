"""Korean words with their particles split off, for the words that the grammar knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seq2seq_utils.grammar.particles import glued, has_final_consonant, split_off
from seq2seq_utils.text import WordTokenizer


class KoreanTokenizer(WordTokenizer):
    """Words, with the particles split off: ``"소년은"`` gives ``["소년", "-은"]``.

    Where a particle begins cannot be seen from the letters alone: 고양이 (cat) ends in what could be the
    particle 이. So this tokenizer is given the words that take particles; a word that it does not know stays
    whole.

    Args:
        hosts: the words that take particles, each of them ending in a composed Hangul syllable.

    Raises:
        ValueError: if one does not.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(hosts)
        for host in sorted(self._hosts):
            has_final_consonant(host)  # refuses a word that no particle could be chosen for

    def tokenize(self, text: str) -> list[str]:
        """The words of `text`, particles apart."""
        return [token for word in super().tokenize(text) for token in self._split(word)]

    def join(self, tokens: Sequence[str]) -> str:
        """The words as a written sentence, particles glued to the words that they follow."""
        return glued(super().join(tokens))

    def _split(self, word: str) -> list[str]:
        for end in range(len(word) - 1, 0, -1):  # the longest host first
            if word[:end] in self._hosts:
                particles = split_off(word[:end], word[end:])
                if particles:
                    return [word[:end], *particles]
        return [word]
