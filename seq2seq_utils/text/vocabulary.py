"""Tokens to ids and back: the special tokens, the vocabulary, and the codec that goes from text to ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from seq2seq_utils.text.tokenizers import Tokenizer

PAD, SOS, EOS, UNK = "<pad>", "<sos>", "<eos>", "<unk>"
SPECIALS = (PAD, SOS, EOS, UNK)
PAD_ID, SOS_ID, EOS_ID, UNK_ID = range(4)


class Vocabulary:
    """Tokens numbered from 0, the four special ones first: PAD 0, SOS 1, EOS 2, UNK 3.

    Args:
        tokens: the ordinary tokens, in the order of their ids.

    Raises:
        ValueError: if a token is there twice, or is one of the special ones.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self.tokens: tuple[str, ...] = (*SPECIALS, *tokens)
        self._ids = {token: token_id for token_id, token in enumerate(self.tokens)}
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

        Raises:
            ValueError: if `min_count` is less than 1.
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
        for token_id in ids:
            if not 0 <= token_id < len(self.tokens):
                raise ValueError(f"ids: {token_id} is outside the vocabulary (0 to {len(self) - 1})")
            if token_id == EOS_ID:
                break
            if token_id not in (SOS_ID, PAD_ID):
                tokens.append(self.tokens[token_id])
        return tokens


class TextCodec:
    """One language of a corpus: a tokenizer and its vocabulary, from text to ids and back.

    Args:
        tokenizer: for texts of this language.
        vocabulary: of the tokens that it gives.
    """

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary

    @classmethod
    def build(cls, tokenizer: Tokenizer, texts: Iterable[str], min_count: int = 1) -> TextCodec:
        """The codec of a language, its vocabulary built from some texts.

        Args:
            tokenizer: for these texts.
            texts: the sentences of the training split.
            min_count: how often a token must occur to get an id of its own, at least 1.
        """
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
        if all(token_id == UNK_ID for token_id in ids):
            raise ValueError(f"text: {text!r} has only unknown words; at least one must be known")
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The sentence that `ids` spell, up to the first EOS.

        Raises:
            ValueError: if an id is outside the vocabulary.
        """
        return self.tokenizer.join(self.vocabulary.decode(ids))
