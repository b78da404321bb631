"""Korean particles: which there are, which one fits a word, and how they are glued to it."""

from __future__ import annotations

import re

_PARTICLE = re.compile(r" -(?=[가-힣])")


def glued(text: str) -> str:
    """The text with each particle ("-는") put onto the word before it."""
    return _PARTICLE.sub("", text)


def has_final_consonant(word: str) -> bool:
    """Whether the last Hangul syllable closes with a consonant, which decides its particle.

    Syllables are numbered from U+AC00 in groups of 28 final consonants, the first of which is none.
    """
    return (ord(word[-1]) - 0xAC00) % 28 != 0
