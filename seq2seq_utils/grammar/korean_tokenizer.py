"""Korean words with their particles split off, for the words that the grammar knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from seq2seq_utils.grammar.particles import glued, has_final_consonant
from seq2seq_utils.text import WordTokenizer


class KoreanTokenizer(WordTokenizer):
    """Words, with the particles split off: ``"소년은"`` gives ``["소년", "-은"]``.

    Where a particle begins cannot be seen from the letters: 고양이 (cat) ends in what could be the particle
    이. So the tokenizer has to know the words that take particles, as every Korean tokenizer does: `hosts`.
    A word that it does not know stays whole.
    """

    _PARTICLES = frozenset(
        ("은", "는", "이", "가", "을", "를", "과", "와", "이나", "나", "의", "에", "에서", "에게", "들")
    )
    _AFTER_CONSONANT = frozenset(("은", "이", "을", "과", "이나"))
    _AFTER_VOWEL = frozenset(("는", "가", "를", "와", "나"))

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(hosts)

    def tokenize(self, text: str) -> list[str]:
        """The words of `text`, particles apart."""
        return [token for word in super().tokenize(text) for token in self._split(word)]

    def join(self, tokens: Sequence[str]) -> str:
        """The words as a written sentence, particles glued to the words that they follow."""
        return glued(super().join(tokens))

    def _split(self, word: str) -> list[str]:
        for end in range(len(word) - 1, 0, -1):  # the longest host first
            if word[:end] in self._hosts:
                particles = self._particles(word[:end], word[end:])
                if particles:
                    return [word[:end], *particles]
        return [word]

    def _particles(self, host: str, ending: str) -> list[str]:
        """The ending as particles, or nothing if it is none that can follow this host."""
        if len(ending) > 1 and ending[0] == "들":
            following = self._particles("들", ending[1:])
            return ["-들", *following] if following else []
        closed = has_final_consonant(host)
        misfit = self._AFTER_VOWEL if closed else self._AFTER_CONSONANT
        return ["-" + ending] if ending in self._PARTICLES - misfit else []
