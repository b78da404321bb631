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
    """Sentence pairs from a file of your own: plain text or gzip, in UTF-8.

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
        return [_columns(line, f"{path}, line {number}") for number, line in _lines(path)]
    pairs = []
    for source, target in zip_longest(_lines(path), _lines(target_path)):
        if source is None or target is None:
            shorter, (number, _) = (path, target) if source is None else (target_path, source)
            raise ValueError(f"{shorter}: ends before line {number}; the two files must be parallel")
        empty = target_path if source[1].strip() else path
        pairs.append(_pair(source[1], target[1], f"{empty}, line {source[0]}"))
    return pairs


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
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {number}: not UTF-8; save the file in that encoding") from None
    # Not splitlines: that also breaks at characters that stand inside sentences, such as U+2028.
    lines = [line.rstrip("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip("\r "):
        lines.pop()
    for number, line in enumerate(lines, start=1):
        for name, character in _IN_NO_TEXT.items():
            if character in line:
                raise ValueError(
                    f"{path}, line {number}: {name} in it; save the file as plain text, in UTF-8"
                )
    return iter(enumerate(lines, start=1))


def read_bytes(path: str | Path) -> bytes:
    """What a plain or gzip file holds; it is gzip by how it begins, whatever its name is.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a gzip file is cut off, or a folder is named.
    """
    if Path(path).is_dir():
        raise ValueError(f"{path}: a folder; it must be a file")
    content = Path(path).read_bytes()
    if content.startswith(b"\x1f\x8b"):
        try:
            return gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: not a whole gzip file ({error})") from None
    return content


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
