"""From files of your own to three splits, and what of them a training can use."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seq2seq_utils.encoding import FlatPairs, IdPair
from seq2seq_utils.pairs import SentencePair, Splits, read_pairs, split_pairs
from seq2seq_utils.text import TextCodec

# Of each of the two, where nothing is asked for: a tenth of the sentences, but no more than 1,000. About so
# many have the standard test sets, and all of validation is translated after each epoch.
_SHARE, _MOST = 10, 1000
_FEWEST = 2  # pairs of a split: the audit compares one with another
# The same for every seed of a training, so that the scores of several seeds are of the same sentences.
_SPLIT_SEED = 0


@dataclass(frozen=True)
class Files:
    """A file of pairs, or two parallel ones.

    Args:
        path: tab-separated; or, with `target_path`, one source sentence a line.
        target_path: their translations.
    """

    path: Path
    target_path: Path | None = None

    def read(self) -> list[SentencePair]:
        """The pairs (see `pairs.read_pairs`).

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it cannot be read; or if there are no pairs in it.
        """
        pairs = read_pairs(self.path, self.target_path)
        if not pairs:
            raise ValueError(f"{self.path}: there are no pairs in it")
        return pairs


Part = int | Files  # of the pairs so many, drawn at random; or those of other files


@dataclass(frozen=True)
class Kept:
    """The pairs that a training can use, and how many it cannot."""

    pairs: list[SentencePair]
    too_long: int  # of more pieces than `longest`
    unreadable: int  # a side has no piece, or none that is known
    ids: FlatPairs  # of the pairs that are kept

    def at(self, rows: Sequence[int]) -> Kept:
        """Only the pairs in these rows, in this order."""
        pairs = [self.pairs[row] for row in rows]
        ids = FlatPairs(self.ids.source, self.ids.target, self.ids.rows[list(rows)])
        return replace(self, pairs=pairs, ids=ids)


def read_splits(files: Files, validation: Part | None = None, test: Part | None = None) -> Splits:
    """Three splits from files of your own.

    What is drawn at random is the same in each run, and no source sentence of it is in training (see
    `split_pairs`); files of their own are left as they are.

    Args:
        files: the pairs.
        validation: how many distinct source sentences to set aside, or files of their own; by default a tenth
            of the sentences, at most 1,000.
        test: likewise.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a file cannot be read, or a split would have fewer than two pairs.
    """
    pairs = files.read()
    by_default = min(len({pair.source for pair in pairs}) // _SHARE, _MOST)
    sizes, read = [], []
    for name, part in (("validation", validation), ("test", test)):
        part = by_default if part is None else part
        sizes.append(part if isinstance(part, int) else 0)
        read.append([] if isinstance(part, int) else part.read())
        count = part if isinstance(part, int) else len(read[-1])
        if count < _FEWEST:
            raise ValueError(f"{name}: {count} of {len(pairs)} pairs; there must be {_FEWEST} or more")
    drawn = split_pairs(pairs, sizes[0], sizes[1], _SPLIT_SEED)
    return Splits(drawn.train, read[0] or drawn.validation, read[1] or drawn.test)


def leave_out(pairs: Sequence[SentencePair], codecs: tuple[TextCodec, TextCodec], longest: int) -> Kept:
    """Leaves out what is too long, and what cannot be read.

    Args:
        pairs: as text.
        codecs: of the sentences, and of the translations.
        longest: the most pieces of a side.
    """
    source, target = codecs
    kept: list[SentencePair] = []
    left_out: Counter[str] = Counter()

    def kept_ids() -> Iterator[IdPair]:
        for pair in pairs:
            try:
                ids = source.encode(pair.source), target.encode(pair.target)
            except ValueError:
                left_out["unreadable"] += 1
                continue
            if max(map(len, ids)) > longest:
                left_out["too long"] += 1
                continue
            kept.append(pair)
            yield ids

    ids = FlatPairs.collect(kept_ids(), (len(source.vocabulary), len(target.vocabulary)))
    return Kept(kept, left_out["too long"], left_out["unreadable"], ids)


def digest(splits: Splits) -> str:
    """A name for the pairs: other ones, or another order of them, have another name."""
    found = hashlib.sha256()
    for part in splits:
        found.update(f"{len(part)} pairs\n".encode())
        for pair in part:
            found.update(f"{pair.source}\t{pair.target}\n".encode())
    return found.hexdigest()[:16]
