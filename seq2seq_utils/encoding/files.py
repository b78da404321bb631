"""Flat arrays in a folder: written whole or not at all, and mapped into memory as they are needed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from seq2seq_utils.encoding.flat import FlatPairs, FlatSentences, IdPair, Integers, chunks_of, type_of_ids
from seq2seq_utils.pairs import random_order

SIDES = ("source", "target")
_FORMAT = 1
_CONTENTS, _ROWS = "encoded.json", "rows.npy"


def write_pairs(
    folder: str | Path,
    pairs: Iterable[IdPair],
    vocabulary_sizes: tuple[int, int],
    seed: int | None = None,
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Writes pairs of ids into a folder, a chunk at a time: they need not fit into memory.

    Only one process at a time may write a folder.

    Args:
        folder: where to. When all of it is written, it takes the place of one that is there already; if
            something goes wrong before, nothing changes.
        pairs: source and target ids, gone through once.
        vocabulary_sizes: of source and target; they decide how many bytes an id takes.
        seed: if not None, an index puts the pairs into random order, that of `pairs.random_order`; on the
            disk they stay as they came.
        files: what else is to be there, by the names of the files.

    Raises:
        ValueError: if there are no pairs, a sentence is empty, or an id is outside its vocabulary.
        OSError: if it cannot be written.
    """
    with _whole_folder(Path(folder)) as unfinished:
        count = _write_sentences(unfinished, pairs, vocabulary_sizes)
        rows = np.arange(count) if seed is None else random_order(count, seed)
        np.save(unfinished / _ROWS, rows.astype(np.uint32))
        for name, contents in (files or {}).items():
            (unfinished / name).write_bytes(contents)
        digests = {path.name: digest_of(path) for path in sorted(unfinished.iterdir())}
        (unfinished / _CONTENTS).write_text(json.dumps({"format": _FORMAT, "digests": digests}, indent=1))


def open_pairs(folder: str | Path) -> FlatPairs:
    """What `write_pairs` has written; ids come from the disk when they are asked for.

    Args:
        folder: where it is.

    Raises:
        FileNotFoundError: if a file is not there.
        ValueError: if a file is damaged, or of a format that cannot be read here.
    """
    folder = Path(folder)
    _check_files(folder)
    source, target = (FlatSentences(*(_mapped(path) for path in _paths(folder, side))) for side in SIDES)
    return FlatPairs(source, target, _mapped(folder / _ROWS))


def digest_of(path: str | Path) -> str:
    """The SHA-256 of a file, which is read block by block."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_sentences(folder: Path, pairs: Iterable[IdPair], vocabulary_sizes: tuple[int, int]) -> int:
    """Writes the arrays of both sides, and says how many pairs there were."""
    count = 0
    with ExitStack() as opened:

        def growing(path: Path, kind: np.dtype[Any]) -> _GrowingArray:
            return opened.enter_context(closing(_GrowingArray(path, kind)))

        sides = []
        for side, size in zip(SIDES, vocabulary_sizes, strict=True):
            ids_path, offsets_path = _paths(folder, side)
            ids, offsets = growing(ids_path, type_of_ids(size)), growing(offsets_path, np.dtype(np.int64))
            offsets.append(np.zeros(1, np.int64))
            sides.append((ids, offsets))
        for chunk in chunks_of(pairs, vocabulary_sizes):
            for (ids, offsets), sentences in zip(sides, chunk, strict=True):
                offsets.append(ids.count + sentences.offsets[1:])
                ids.append(sentences.ids)
            count += len(chunk[0])
    if not count:
        raise ValueError("pairs: there are none; at least one is needed")
    return count


def _paths(folder: Path, side: str) -> tuple[Path, Path]:
    return folder / f"{side}.ids.npy", folder / f"{side}.offsets.npy"


class _GrowingArray:
    """A .npy file of numbers that come one array after another.

    NumPy leaves room in the header for a greater length, so that it can be written over itself at the end.
    """

    def __init__(self, path: Path, kind: np.dtype[Any]) -> None:
        self.count = 0
        self._kind = kind
        self._file = path.open("wb")
        self._write_header()

    def append(self, numbers: Integers) -> None:
        self._file.write(numbers.astype(self._kind, copy=False).tobytes())
        self.count += len(numbers)

    def close(self) -> None:
        with self._file:
            self._file.seek(0)
            self._write_header()

    def _write_header(self) -> None:
        description = {
            "descr": npy.dtype_to_descr(self._kind),
            "fortran_order": False,
            "shape": (self.count,),
        }
        npy.write_array_header_1_0(self._file, description)


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, which takes the place of `folder` at the end; or nothing does."""
    unfinished = folder.with_name(f"{folder.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed while it wrote
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        if folder.exists():
            shutil.rmtree(folder)
        unfinished.rename(folder)
    except BaseException as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if isinstance(error, OSError) and error.errno and error.filename is None:  # as where the disk is full
            error.filename = str(folder)
        raise


def _check_files(folder: Path) -> None:
    """Refuses a folder in which a file is not as it was written."""
    path = folder / _CONTENTS
    if not path.is_file():
        raise FileNotFoundError(f"folder: there is no {path}")
    try:
        contents = json.loads(path.read_bytes())
        written, digests = contents["format"], dict(contents["digests"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"folder: {path} is damaged, or not of encoded pairs") from None
    if written != _FORMAT:
        raise ValueError(f"folder: {path} has the format {written}; only {_FORMAT} can be read here")
    for name, digest in digests.items():
        if not (folder / name).is_file():
            raise FileNotFoundError(f"folder: there is no {folder / name}")
        if digest_of(folder / name) != digest:
            raise ValueError(f"folder: {folder / name} is damaged")


def _mapped(path: Path) -> Integers:
    # As a plain array: a slice of NumPy's `memmap` takes several times as long.
    mapped: Integers = np.asarray(np.load(path, mmap_mode="r"))
    return mapped
