"""Sentence pairs: what they are, read from your own files, and split for training and testing."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Link = tuple[int, int]  # (source word, target word), counted from 0

# What would be taken for a part of a sentence: UTF-16 read as UTF-8 has NULs, and a file with the line ends
# of the old Macintosh is one line.
_IN_NO_TEXT = {"a NUL is": "\0", "a carriage return is": "\r"}


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which word translates which, after Och and Ney (2003).

    *Sure* links tie a word and its translation. *Possible* links, which include the sure ones, tie words
    whose form depends on each other too: a French article and the noun that gives it its gender.
    A link is (source word, target word), counted from 0.
    """

    source_words: tuple[str, ...]
    target_words: tuple[str, ...]
    sure: frozenset[Link]
    possible: frozenset[Link]


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation; the alignment is known where the grammar wrote them."""

    source: str
    target: str
    alignment: Alignment | None = None


class Splits(NamedTuple):
    """Three lists of pairs, no source sentence in more than one of them."""

    train: list[SentencePair]
    validation: list[SentencePair]
    test: list[SentencePair]


def read_pairs(path: str | Path, target_path: str | Path | None = None) -> list[SentencePair]:
    """All sentence pairs of a file of your own (see `stream_pairs`, which raises the same errors)."""
    return list(stream_pairs(path, target_path))


def stream_pairs(path: str | Path, target_path: str | Path | None = None) -> Iterator[SentencePair]:
    """Sentence pairs from a file of your own, one after another: plain text or gzip, in UTF-8.

    A file of any size can be gone through: no more than a line of it is in memory.

    Args:
        path: a tab-separated file, source and target in its first two columns (further ones, as
            Tatoeba's pair files have them, are ignored); or, with `target_path`, one source sentence a line.
        target_path: the file with their translations, line by line.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming file and line, if a line has no tab or an empty side, if the two files have
            different numbers of lines, if a file is not UTF-8 or has control characters that no text has, if
            a gzip file is cut off, or if a folder is named.
    """
    if target_path is None:
        for number, line in _lines(path):
            yield _columns(line, f"{path}, line {number}")
        return
    for source, target in zip_longest(_lines(path), _lines(target_path)):
        if source is None or target is None:
            shorter, (number, _) = (path, target) if source is None else (target_path, source)
            raise ValueError(f"{shorter}: ends before line {number}; the two files must be parallel")
        empty = target_path if source[1].strip() else path
        yield _pair(source[1], target[1], f"{empty}, line {source[0]}")


def sample_pairs(pairs: Iterable[SentencePair], count: int, seed: int = 0) -> list[SentencePair]:
    """Some pairs of a stream, each of its pairs as likely: the reservoir of Vitter (1985), algorithm R.

    Args:
        pairs: gone through once; they need not fit into memory.
        count: how many are wanted, at least 1; all that there are, where there are fewer.
        seed: the same seed gives the same sample.

    Raises:
        ValueError: if `count` is less than 1.
    """
    if count < 1:
        raise ValueError(f"count: {count} is not allowed; it must be 1 or more")
    pick = random.Random(f"sample {seed}").random
    sample: list[SentencePair] = []
    for number, pair in enumerate(pairs):
        if number < count:
            sample.append(pair)
        elif (place := int(pick() * (number + 1))) < count:
            sample[place] = pair
    return sample


def random_order(count: int, seed: int) -> NDArray[np.int64]:
    """The numbers from 0 to `count` - 1 in random order, (count,): the same ones for a seed, everywhere."""
    pick = random.Random(f"order {seed}").random
    keys = np.fromiter((pick() for _ in range(count)), np.float64, count)
    return np.argsort(keys, kind="stable").astype(np.int64, copy=False)


def split_pairs(pairs: Iterable[SentencePair], validation: int, test: int, seed: int = 0) -> Splits:
    """Splits pairs at random, so that no source sentence of a later split is in an earlier one.

    A sentence with several translations is not torn apart: all of its pairs go the same way.

    Args:
        pairs: the pairs, repeats allowed.
        validation: how many distinct source sentences to set aside for validation.
        test: how many for the test.
        seed: the same seed gives the same split.

    Raises:
        ValueError: if nothing would be left to train on.
    """
    by_source: dict[str, list[SentencePair]] = {}
    for pair in pairs:
        by_source.setdefault(pair.source, []).append(pair)
    groups = list(by_source.values())
    if min(validation, test) < 0 or validation + test >= len(groups):
        raise ValueError(
            f"validation, test: {validation} and {test} leave nothing to train on; there are "
            f"{len(groups)} distinct source sentences"
        )
    random.Random(seed).shuffle(groups)
    parts = groups[validation + test :], groups[:validation], groups[validation : validation + test]
    return Splits(*([pair for group in part for pair in group] for part in parts))


def _lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """The numbered lines of a plain or gzip file; empty lines at its end are not counted."""
    empty = []  # these count only if there is another line after them
    # Lines of bytes end at one byte alone; those of texts also at characters that stand inside sentences,
    # such as U+2028.
    for number, line in enumerate(_lines_of_bytes(path), start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise ValueError(f"{path}, line {number}: not UTF-8; save the file in that encoding") from None
        for name, character in _IN_NO_TEXT.items():
            if character in text:
                raise ValueError(
                    f"{path}, line {number}: {name} in it; save the file as plain text, in UTF-8"
                )
        empty.append((number, text))
        if text.strip(" "):
            yield from empty
            empty.clear()


def read_bytes(path: str | Path) -> bytes:
    """What a plain or gzip file holds; it is gzip by how it begins, whatever its name is.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a gzip file is cut off, or a folder is named.
    """
    return b"".join(_lines_of_bytes(path))


def _lines_of_bytes(path: str | Path) -> Iterator[bytes]:
    if Path(path).is_dir():
        raise ValueError(f"{path}: a folder; it must be a file")
    with Path(path).open("rb") as file:
        if not file.peek(2).startswith(b"\x1f\x8b"):
            yield from file
            return
        try:
            yield from gzip.GzipFile(fileobj=file)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}: not a whole gzip file ({error})") from None


def _columns(line: str, where: str) -> SentencePair:
    source, tab, rest = line.partition("\t")
    if not tab:
        raise ValueError(f"{where}: no tab in {line[:60]!r}; a line is source, tab, target")
    return _pair(source, rest.partition("\t")[0], where)


def _pair(source: str, target: str, where: str) -> SentencePair:
    source, target = source.strip(), target.strip()
    if not source or not target:
        raise ValueError(f"{where}: the {'target' if source else 'source'} sentence is empty")
    return SentencePair(source, target)
