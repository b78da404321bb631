"""Text to tokens and back: characters, or words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Protocol

# French elision first (l' d' n' j' qu' …, kept apart from the word they lean on), then words with their inner
# apostrophes and hyphens (don't, aujourd'hui, grand-mère), then any other sign by itself. A word is taken
# whole, so no elision is looked for inside one, as at the d of aujourd'hui.
_WORD = re.compile(r"(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=\w)|\w+(?:['-]\w+)*|[^\w\s]")


class Tokenizer(Protocol):
    """What turns a text into tokens, and tokens back into a text."""

    def tokenize(self, text: str) -> list[str]:
        """The tokens of `text`."""

    def join(self, tokens: Sequence[str]) -> str:
        """The text of `tokens`."""


class CharacterTokenizer:
    """Every character is a token, the space among them."""

    def tokenize(self, text: str) -> list[str]:
        """The characters of `text`, composed (NFC): é is one character, a Hangul syllable too."""
        return list(unicodedata.normalize("NFC", text))

    def join(self, tokens: Sequence[str]) -> str:
        """The text that these characters spell."""
        return "".join(tokens)


class WordTokenizer:
    """Lower-cased words and punctuation marks; a French elision (l', qu') is a word of its own."""

    def tokenize(self, text: str) -> list[str]:
        """The words of `text`: ``"L'âne dort."`` gives ``["l'", "âne", "dort", "."]``."""
        text = unicodedata.normalize("NFC", text).replace("’", "'")
        return _WORD.findall(text.lower())

    def join(self, tokens: Sequence[str]) -> str:
        """The words as a written sentence: spaces where they belong, a capital at the start."""
        text = " ".join(tokens).replace("' ", "'")
        for mark in ".,;:!?)":
            text = text.replace(" " + mark, mark)
        return text[:1].upper() + text[1:]


_WORDS = WordTokenizer()


def count_words(sentence: str) -> int:
    """How many words a sentence has, punctuation not counted; a French elision (l', qu') is a word."""
    return sum(token[0].isalnum() for token in _WORDS.tokenize(sentence))
