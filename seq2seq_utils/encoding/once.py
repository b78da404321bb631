"""A file of pairs, cut into pieces and encoded once: what is in the cache is opened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from seq2seq_utils.encoding.files import SIDES, digest_of, open_pairs, write_pairs
from seq2seq_utils.encoding.flat import FlatPairs, stream_ids
from seq2seq_utils.pairs import SentencePair, sample_pairs, stream_pairs
from seq2seq_utils.text import SubwordTokenizer, TextCodec, Vocabulary
from seq2seq_utils.text.stored import codec_from, describe

_RULES = 1  # a greater number where the same file and arguments give other ids than before


class Encoded(NamedTuple):
    """Pairs of ids, and how they were made from text."""

    pairs: FlatPairs
    codecs: tuple[TextCodec, TextCodec]


def encode_once(
    path: str | Path,
    target_path: str | Path | None = None,
    *,
    cache: str | Path,
    pieces: int,
    sample: int = 200_000,
    seed: int = 0,
) -> Encoded:
    """The pairs of a file as ids of subwords, in random order; a file of any size.

    The first time, the file is gone through twice: for a sample, from which the pieces are learned, and to
    encode its lines. Then, and whenever the same is asked for again, the ids are opened from the cache.
    Only one process at a time may fill it.

    Args:
        path: see `pairs.stream_pairs`.
        target_path: likewise.
        cache: a folder, made if need be. In it there is a folder for each file (or two parallel ones), by
            what is in it, and for each choice of what follows; a damaged one is written anew.
        pieces: how many subwords each language has (see `SubwordTokenizer.train`).
        sample: from how many pairs they are learned. All pieces have ids, and a character that is not in the
            sample is unknown.
        seed: of the sample and of the order.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming file and line, if one cannot be read; naming the pair's number, from 0, if all of
            a sentence is unknown; or if so many pieces cannot be learned.
    """
    paths = (path,) if target_path is None else (path, target_path)
    settings = [_RULES, [digest_of(each) for each in paths], pieces, sample, seed]
    folder = Path(cache) / hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
    with suppress(FileNotFoundError, ValueError):
        return _open(folder)
    few = sample_pairs(stream_pairs(path, target_path), sample, seed)
    codecs = _codec((pair.source for pair in few), pieces), _codec((pair.target for pair in few), pieces)
    _write(folder, stream_pairs(path, target_path), codecs, seed)
    return _open(folder)


def _codec(texts: Iterator[str], pieces: int) -> TextCodec:
    tokenizer = SubwordTokenizer.train(texts, pieces)
    return TextCodec(tokenizer, Vocabulary(tokenizer.pieces))


def _write(
    folder: Path, pairs: Iterator[SentencePair], codecs: tuple[TextCodec, TextCodec], seed: int
) -> None:
    files = {}
    for side, codec in zip(SIDES, codecs, strict=True):
        description, model = describe(codec)
        files[f"{side}.codec.json"] = json.dumps(description, ensure_ascii=False).encode()
        if model is not None:
            files[f"{side}.model"] = model
    source, target = codecs
    sizes = len(source.vocabulary), len(target.vocabulary)
    write_pairs(folder, stream_ids(pairs, source, target), sizes, seed, files)


def _open(folder: Path) -> Encoded:
    pairs = open_pairs(folder)
    source, target = (
        codec_from(
            json.loads((folder / f"{side}.codec.json").read_bytes()), (folder / f"{side}.model").read_bytes()
        )
        for side in SIDES
    )
    return Encoded(pairs, (source, target))
