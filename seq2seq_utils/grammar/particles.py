"""Korean particles: which there are, which of a pair fits a word, which may follow it, how they are written.

A particle is a word of its own here, with a hyphen in front ("-는"). Written, it stands right after its word.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_GLUED_ON = re.compile(r" -(?=[가-힣])")


class Pair(NamedTuple):
    """One particle in two forms: what fits depends on how the word before it ends."""

    after_consonant: str
    after_vowel: str

    def after(self, word: str) -> str:
        """The form that fits `word`; see `has_final_consonant`."""
        return self.after_consonant if has_final_consonant(word) else self.after_vowel


TOPIC = Pair("-은", "-는")
SUBJECT = Pair("-이", "-가")
OBJECT = Pair("-을", "-를")
AND = Pair("-과", "-와")
OR = Pair("-이나", "-나")
PAIRS = (TOPIC, SUBJECT, OBJECT, AND, OR)

# These have one form.
OWNER = "-의"  # of
GOAL = "-에"  # to a place; at a time
PLACE = "-에서"  # where something happens
RECIPIENT = "-에게"  # to somebody
PLURAL = "-들"  # a suffix, not a particle, but written and split off like one; particles may follow it

_ONE_FORM = frozenset((OWNER, GOAL, PLACE, RECIPIENT, PLURAL))
_AFTER_CONSONANT = _ONE_FORM.union(pair.after_consonant for pair in PAIRS)
_AFTER_VOWEL = _ONE_FORM.union(pair.after_vowel for pair in PAIRS)
PARTICLES = _AFTER_CONSONANT | _AFTER_VOWEL


def has_final_consonant(word: str) -> bool:
    """Whether the last Hangul syllable closes with a consonant, which decides its particle.

    Syllables are numbered from U+AC00 in groups of 28 final consonants, the first of which is none.

    Raises:
        ValueError: if the word does not end in a composed Hangul syllable.
    """
    last = word[-1:]
    if not "가" <= last <= "힣":
        raise ValueError(
            f"word: {word!r} does not end in a Hangul syllable, written as one character (가 to 힣, NFC)"
        )
    return (ord(last) - ord("가")) % 28 != 0


def glued(text: str) -> str:
    """The text with each particle put onto the word before it: "소년 -은" becomes "소년은"."""
    return _GLUED_ON.sub("", text)


def split_off(host: str, ending: str) -> list[str]:
    """The particles that `ending`, written after `host`, is made of; none if it may not follow there.

    After 소년 the ending 은 is ["-은"], 들은 is ["-들", "-은"], and 는 is none.

    Raises:
        ValueError: if the host does not end in a composed Hangul syllable.
    """
    plural = PLURAL[1:]
    if ending.startswith(plural) and ending != plural:
        following = split_off(plural, ending[1:])
        return [PLURAL, *following] if following and following[0] != PLURAL else []
    particle = "-" + ending
    fitting = _AFTER_CONSONANT if has_final_consonant(host) else _AFTER_VOWEL
    return [particle] if particle in fitting else []
