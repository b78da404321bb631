"""Sentence pairs from the grammar: as many as are wanted, their lengths under control, all distinct."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator

from seq2seq_utils.grammar import korean
from seq2seq_utils.grammar.korean_tokenizer import KoreanTokenizer
from seq2seq_utils.grammar.languages import LANGUAGES, check_language, say
from seq2seq_utils.grammar.sampler import SHORTEST, Sampler
from seq2seq_utils.pairs import Alignment, SentencePair, Splits, random_order
from seq2seq_utils.text import WordTokenizer

# Groups of sentence lengths, in words, from the shortest to the longest: for quality against length.
LENGTH_BUCKETS = [(4, 7), (8, 10), (11, 15), (16, 20), (21, 25), (26, 30)]
PATIENCE = 1000  # sentences seen before, one after another, until we say that there are no more
_WORDS = WordTokenizer()


def generate(
    language: str,
    count: int,
    lengths: tuple[int, int] = (3, 10),
    seed: int = 0,
    exclude: Iterable[SentencePair] = (),
    one_word_in: int = 1,
) -> list[SentencePair]:
    """Distinct English sentences with their translations, by the grammar, in random order.

    So every part of the list is like every other: a test set may be cut from anywhere. (`stream` gives the
    same pairs in the order of drawing, and keeps none of them.)

    Args:
        language: ``"french"`` or ``"korean"``.
        count: how many pairs.
        lengths: the shortest and the longest English sentence, in words, punctuation not counted; at least
            3. Every length between is drawn as often, but a sentence that is drawn again is not kept again.
            So there are fewer short ones: of 60,000 pairs of 3 to 7 words 11 % have three and 23 % seven.
        seed: the same seed gives the same pairs, on every machine.
        exclude: pairs whose source sentences must not come again.
        one_word_in: for a smaller world: 3 keeps one noun, verb and adjective in three, and of what a
            sentence chooses from at least two.

    Raises:
        ValueError: if the language is unknown, a number is out of range, or the grammar has no more
            sentences of these lengths.
    """
    pairs = list(stream(language, count, lengths, seed, exclude, one_word_in))
    return [pairs[row] for row in random_order(len(pairs), seed)]


def stream(
    language: str,
    count: int,
    lengths: tuple[int, int] = (3, 10),
    seed: int = 0,
    exclude: Iterable[SentencePair] = (),
    one_word_in: int = 1,
) -> Iterator[SentencePair]:
    """The pairs of `generate` in the order in which they are drawn, one after another.

    Common sentences, most of them short, are drawn early, and stand near the head. The sentences themselves
    are not kept: of each there is a digest of 8 bytes, so that it is not written twice. Should two sentences
    have the same digest, the second would be left out and another drawn for it. Among 5 million sentences,
    n (n - 1) / 2 pairs of them, that happens with a probability of 7 in 10 million.

    Args:
        language: see `generate`, as for all others.
        count: how many pairs.
        lengths: the shortest and the longest English sentence.
        seed: the same seed gives the same pairs.
        exclude: pairs whose source sentences must not come again.
        one_word_in: for a smaller world.

    Raises:
        ValueError: as `generate`; that the grammar has no more sentences shows only when it has given all.
    """
    shortest, longest = lengths
    check_language(language)
    if not SHORTEST <= shortest <= longest:
        raise ValueError(f"lengths: {lengths} must be (shortest, longest), at least {SHORTEST} words")
    if count < 0:
        raise ValueError(f"count: {count} must be 0 or more")
    sampler = Sampler(seed, one_word_in)
    return _distinct(sampler, language, count, shortest, longest, seed, exclude)


def generate_splits(
    language: str,
    train: int,
    validation: int,
    test: int,
    lengths: tuple[int, int] = (3, 10),
    seed: int = 0,
    one_word_in: int = 1,
) -> Splits:
    """Training, validation and test pairs from the grammar, all of them distinct (see `generate`)."""
    for name, size in (("train", train), ("validation", validation), ("test", test)):
        if size < 0:
            raise ValueError(f"{name}: {size} must be 0 or more")
    pairs = generate(language, train + validation + test, lengths, seed, one_word_in=one_word_in)
    return Splits(pairs[:train], pairs[train : train + validation], pairs[train + validation :])


def tokenizer(language: str) -> WordTokenizer:
    """The word tokenizer for ``"english"``, ``"french"`` or ``"korean"`` of the grammar."""
    if language == "korean":
        return KoreanTokenizer(korean.particle_hosts())
    if language in ("english", *LANGUAGES):
        return WordTokenizer()
    raise ValueError(f"language: {language!r} is not one of english, {', '.join(LANGUAGES)}")


def _distinct(
    sampler: Sampler,
    language: str,
    count: int,
    shortest: int,
    longest: int,
    seed: int,
    exclude: Iterable[SentencePair],
) -> Iterator[SentencePair]:
    target_tokenizer = tokenizer(language)
    pick_length = random.Random(f"lengths {seed}").random
    seen = {_digest(pair.source) for pair in exclude}
    found = repeated = 0
    while found < count:
        length = shortest + int(pick_length() * (longest - shortest + 1))
        words, target_words, sure, possible = say(sampler.meaning(length), language)
        source = _WORDS.join(words)
        digest = _digest(source)
        if digest in seen:
            repeated += 1
            if repeated == PATIENCE:
                raise ValueError(
                    f"count: {count} is more than the grammar has sentences of {shortest} to {longest} "
                    f"words (found {found}); ask for fewer, or for longer ones"
                )
            continue
        seen.add(digest)
        found, repeated = found + 1, 0
        links = frozenset(sure)
        source_words = tuple(map(str.lower, words))
        alignment = Alignment(source_words, tuple(target_words), links, links.union(possible))
        yield SentencePair(source, target_tokenizer.join(target_words), alignment)


def _digest(sentence: str) -> bytes:
    return hashlib.blake2b(sentence.encode(), digest_size=8).digest()
