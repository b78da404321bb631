"""Text to tokens to ids, and back: tokenizers, and the vocabulary built from what they find."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

PAD, SOS, EOS, UNK = "<pad>", "<sos>", "<eos>", "<unk>"
SPECIALS = (PAD, SOS, EOS, UNK)
PAD_ID, SOS_ID, EOS_ID, UNK_ID = range(4)

# French elision first (l' d' n' j' qu' …, kept apart from the word they lean on), then words with their inner
# apostrophes and hyphens (don't, aujourd'hui, grand-mère), then any other sign by itself.
_WORD = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=\w)|\w+(?:['-]\w+)*|[^\w\s]")
_PARTICLE = re.compile(r" -(?=[가-힣])")


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
        if " -" in text:
            text = _PARTICLE.sub("", text)
        return text[:1].upper() + text[1:]


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


def has_final_consonant(word: str) -> bool:
    """Whether the last Hangul syllable closes with a consonant, which decides its particle.

    Syllables are numbered from U+AC00 in groups of 28 final consonants, the first of which is none.
    """
    return (ord(word[-1]) - 0xAC00) % 28 != 0


class Vocabulary:
    """Tokens numbered from 0, the four special ones first: PAD 0, SOS 1, EOS 2, UNK 3.

    Args:
        tokens: the ordinary tokens, in the order of their ids.

    Raises:
        ValueError: if a token is there twice, or is one of the special ones.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self.tokens: tuple[str, ...] = (*SPECIALS, *tokens)
        self._ids = {token: number for number, token in enumerate(self.tokens)}
        if len(self._ids) != len(self.tokens):
            twice = next(token for token, count in Counter(self.tokens).items() if count > 1)
            raise ValueError(f"tokens: {twice!r} is there twice; each token has one id")

    @classmethod
    def build(cls, sentences: Iterable[Sequence[str]], min_count: int = 1) -> Vocabulary:
        """The vocabulary of tokenized sentences, the most frequent tokens first.

        Build it from the training sentences alone: a word that only the test set has is unknown.

        Args:
            sentences: sequences of tokens.
            min_count: how often a token must occur to get an id of its own, at least 1.
        """
        if min_count < 1:
            raise ValueError(f"min_count: {min_count} is not allowed; it must be 1 or more")
        counts = Counter(token for sentence in sentences for token in sentence)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls(token for token, count in ranked if count >= min_count)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._ids

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """The ids of `tokens`; UNK for one that has none."""
        return [self._ids.get(token, UNK_ID) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The tokens of `ids`, up to the first EOS; SOS and PAD are left out.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        tokens = []
        for number in ids:
            if not 0 <= number < len(self.tokens):
                raise ValueError(f"ids: {number} is outside the vocabulary (0 to {len(self) - 1})")
            if number == EOS_ID:
                break
            if number not in (SOS_ID, PAD_ID):
                tokens.append(self.tokens[number])
        return tokens


class TextCodec:
    """One language of a corpus: a tokenizer and its vocabulary, from text to ids and back."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary

    @classmethod
    def build(cls, tokenizer: Tokenizer, texts: Iterable[str], min_count: int = 1) -> TextCodec:
        """The codec for `texts`, the sentences of the training split."""
        sentences = (tokenizer.tokenize(text) for text in texts)
        return cls(tokenizer, Vocabulary.build(sentences, min_count))

    def encode(self, text: str) -> list[int]:
        """The ids of a sentence, no special ones added but UNK.

        Raises:
            ValueError: if the sentence is empty, or all of its tokens are unknown.
        """
        ids = self.vocabulary.encode(self.tokenizer.tokenize(text))
        if not ids:
            raise ValueError(f"text: {text!r} is empty; a sentence needs at least one token")
        if all(number == UNK_ID for number in ids):
            raise ValueError(f"text: {text!r} has only unknown words; at least one must be known")
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The sentence that `ids` spell, up to the first EOS."""
        return self.tokenizer.join(self.vocabulary.decode(ids))
