"""Pairs of ids in flat arrays: a few large arrays in place of millions of small lists.

A list of 15 ids takes some 200 bytes, and its 15 ids here 30, where the vocabulary has at most 65,536 tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import TextCodec

IdPair = tuple[list[int], list[int]]  # source ids and target ids, without SOS, EOS or PAD
Integers = NDArray[np.integer[Any]]

CHUNK = 50_000  # pairs that are lists of ids at the same time


@dataclass(frozen=True, slots=True)
class FlatSentences:
    """The ids of many sentences, end to end.

    Sentence k is ``ids[offsets[k] : offsets[k + 1]]``.
    """

    ids: Integers  # (tokens,), of the smallest unsigned type that holds the vocabulary
    offsets: Integers  # (sentences + 1,), from 0 to the number of tokens

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> list[int]:
        ids: list[int] = self.ids[self.offsets[number] : self.offsets[number + 1]].tolist()
        return ids


class FlatPairs(Sequence[IdPair]):
    """Pairs of ids, a sequence like the list that `batching.encode_pairs` gives; a slice copies no ids.

    Args:
        source: the sentences.
        target: their translations.
        rows: which sentence, and translation, stands in which place, (pairs,); by default as they come.

    Raises:
        ValueError: if there are not as many sentences as translations, or a row is outside them.
    """

    def __init__(self, source: FlatSentences, target: FlatSentences, rows: Integers | None = None) -> None:
        if len(source) != len(target):
            raise ValueError(
                f"source, target: {len(source)} and {len(target)} sentences; there must be as many of both"
            )
        if rows is None:
            rows = np.arange(len(source), dtype=np.uint32)
        elif len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(source):
            raise ValueError(
                f"rows: from {rows.min()} to {rows.max()} is not allowed; there are {len(source)} pairs"
            )
        self.source = source
        self.target = target
        self.rows = rows

    @classmethod
    def collect(cls, pairs: Iterable[IdPair], vocabulary_sizes: tuple[int, int]) -> FlatPairs:
        """Pairs of ids, put into flat arrays in memory, a chunk at a time.

        Args:
            pairs: source and target ids, gone through once.
            vocabulary_sizes: of source and target; they decide how many bytes an id takes.

        Raises:
            ValueError: if a sentence is empty, or has an id outside its vocabulary.
        """
        nothing = FlatSentences(np.zeros(0, np.uint8), np.zeros(1, np.int64))
        chunks = list(chunks_of(pairs, vocabulary_sizes)) or [(nothing, nothing)]
        source, target = map(_end_to_end, zip(*chunks, strict=True))
        return cls(source, target)

    @property
    def lengths(self) -> NDArray[np.int32]:
        """How many ids source and target have, (pairs, 2)."""
        sides = (self.source.offsets, self.target.offsets)
        return np.stack([np.diff(offsets).astype(np.int32)[self.rows] for offsets in sides], axis=1)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> IdPair: ...
    @overload
    def __getitem__(self, place: slice) -> FlatPairs: ...
    def __getitem__(self, place: int | slice) -> IdPair | FlatPairs:
        if isinstance(place, slice):
            return FlatPairs(self.source, self.target, self.rows[place])
        row = int(self.rows[place])
        return self.source[row], self.target[row]


def encode_flat(pairs: Iterable[SentencePair], source: TextCodec, target: TextCodec) -> FlatPairs:
    """The ids of every sentence of every pair, in flat arrays in memory.

    Raises:
        ValueError: if a sentence is empty, or all of its tokens are unknown.
    """
    sizes = len(source.vocabulary), len(target.vocabulary)
    return FlatPairs.collect(stream_ids(pairs, source, target), sizes)


def stream_ids(pairs: Iterable[SentencePair], source: TextCodec, target: TextCodec) -> Iterator[IdPair]:
    """The ids of one pair after another.

    Raises:
        ValueError: naming the pair's number, if a sentence is empty, or all of its tokens are unknown.
    """
    for number, pair in enumerate(pairs):
        try:
            ids = source.encode(pair.source), target.encode(pair.target)
        except ValueError as error:
            raise ValueError(f"pairs: number {number}: {error}") from None
        yield ids


def chunks_of(
    pairs: Iterable[IdPair], vocabulary_sizes: tuple[int, int]
) -> Iterator[tuple[FlatSentences, FlatSentences]]:
    """Source and target of one chunk of pairs after another, as flat arrays (see `FlatPairs.collect`)."""
    remaining, first = iter(pairs), 0
    while chunk := list(islice(remaining, CHUNK)):
        source, target = zip(*chunk, strict=True)
        yield (
            _flatten(source, vocabulary_sizes[0], "source", first),
            _flatten(target, vocabulary_sizes[1], "target", first),
        )
        first += len(chunk)


def type_of_ids(vocabulary_size: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds all ids of a vocabulary.

    Raises:
        ValueError: if the vocabulary has no tokens.
    """
    if vocabulary_size < 1:
        raise ValueError(f"vocabulary_sizes: {vocabulary_size} is not allowed; it must be 1 or more")
    return np.min_scalar_type(vocabulary_size - 1)


def _flatten(sentences: Sequence[list[int]], size: int, side: str, first: int) -> FlatSentences:
    kind = type_of_ids(size)
    offsets = np.zeros(len(sentences) + 1, np.int64)
    np.cumsum([len(sentence) for sentence in sentences], out=offsets[1:])
    ids = np.fromiter(chain.from_iterable(sentences), np.int64, offsets[-1])
    _check(ids, offsets, size, f"pairs: the {side} of number", first)
    return FlatSentences(ids.astype(kind), offsets)


def _check(ids: NDArray[np.int64], offsets: NDArray[np.int64], size: int, what: str, first: int) -> None:
    """Looks for empty sentences and strange ids; the first sentence has the number `first`."""
    empty = np.flatnonzero(offsets[1:] == offsets[:-1])
    if len(empty):
        raise ValueError(f"{what} {first + empty[0]} is empty; a sentence needs at least one token")
    outside = np.flatnonzero((ids < 0) | (ids >= size))
    if len(outside):
        row = np.searchsorted(offsets, outside[0], side="right") - 1
        raise ValueError(
            f"{what} {first + row} has the id {ids[outside[0]]}, which is outside the vocabulary "
            f"(0 to {size - 1})"
        )


def _end_to_end(parts: Sequence[FlatSentences]) -> FlatSentences:
    ids = np.concatenate([part.ids for part in parts])
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return FlatSentences(ids, np.concatenate([[0], np.cumsum(lengths)]))
