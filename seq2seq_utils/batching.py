"""Ids to batches: padded tensors with their lengths, sentences of similar length together."""

from __future__ import annotations

import hashlib
import os
import random
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from seq2seq_utils.encoding import FlatPairs, encode_flat
from seq2seq_utils.encoding import IdPair as IdPair  # asked for here by whoever makes batches
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import EOS_ID, PAD_ID, SOS_ID, UNK_ID, SubwordTokenizer, TextCodec

SEED_OFFSET_VARIABLE = "SEQ2SEQ_SEED_OFFSET"  # names a number that is added to every seed of a training


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentence pairs as tensors. The lengths stay on the CPU, where packing wants them.

    `target_input` is what the decoder is fed (SOS y₁ … yₙ), `target_output` what it should predict
    (y₁ … yₙ EOS): the same words, shifted by one. `target_lengths` counts n + 1.
    """

    source: Tensor  # (batch, source_len)
    source_lengths: Tensor  # (batch,)
    target_input: Tensor  # (batch, target_len)
    target_output: Tensor  # (batch, target_len)
    target_lengths: Tensor  # (batch,)

    def __len__(self) -> int:
        return self.source.shape[0]

    def to(self, device: torch.device | str) -> Batch:
        """The same batch with its ids on `device`."""
        return replace(
            self,
            source=self.source.to(device),
            target_input=self.target_input.to(device),
            target_output=self.target_output.to(device),
        )


def encode_pairs(pairs: Sequence[SentencePair], source: TextCodec, target: TextCodec) -> list[IdPair]:
    """The ids of every sentence of every pair, in lists (see `encoding.encode_flat` for many pairs)."""
    return [(source.encode(pair.source), target.encode(pair.target)) for pair in pairs]


def pad(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Sequences of different lengths as one tensor, filled up with PAD.

    Returns:
        The ids, (batch, longest), and the lengths, (batch,).

    Raises:
        ValueError: if there is no sequence, or one of them is empty.
    """
    if not sequences:
        raise ValueError("sequences: there are none; a batch needs at least one sentence")
    _check_not_empty("sequences:", sequences)
    lengths = [len(sequence) for sequence in sequences]
    longest = max(lengths)
    # In lists: `pad_sequence` needs a tensor of each sequence first, and takes more than twice the time.
    rows = [[*sequence, *[PAD_ID] * (longest - len(sequence))] for sequence in sequences]
    return torch.tensor(rows), torch.tensor(lengths)


def make_batch(pairs: Sequence[IdPair], ends_in_eos: bool = False) -> Batch:
    """A batch of pairs of ids, SOS put before each target and EOS after its last word.

    Args:
        pairs: source and target ids.
        ends_in_eos: whether preprocessing has already put EOS at the end of each target.

    Raises:
        ValueError: if a sentence is empty, PAD, SOS or EOS stands in one, or a target lacks the EOS that
            `ends_in_eos` promises.
    """
    targets = [target for _, target in pairs]
    if ends_in_eos:
        for row, target in enumerate(targets):
            if not target or target[-1] != EOS_ID:
                raise ValueError(f"pairs: the target of number {row} does not end in EOS ({EOS_ID})")
        targets = [target[:-1] for target in targets]
    _check_not_empty("pairs: the target of", targets)
    source, source_lengths = pad([source for source, _ in pairs])
    ids, lengths = pad([[SOS_ID, *target, EOS_ID] for target in targets])  # (batch, target_len + 1)
    _check_words("source", source, source_lengths)
    _check_words("target", ids[:, 1:], lengths - 2)
    target_input = ids[:, :-1].masked_fill(ids[:, :-1] == EOS_ID, PAD_ID)  # all but EOS
    target_output = ids[:, 1:].contiguous()  # all but SOS
    return Batch(source, source_lengths, target_input, target_output, lengths - 1)


def idle_batch() -> Batch:
    """One word to read and nothing to predict: no token of it counts in a loss.

    It is for a process that gets no row of a small batch, and goes through the step with the others.
    """
    batch = make_batch([([UNK_ID], [UNK_ID])])
    return replace(batch, target_output=torch.full_like(batch.target_output, PAD_ID))


def batches_by_length(pairs: Sequence[IdPair], batch_size: int) -> list[Batch]:
    """All pairs in batches, from the shortest target to the longest: for measuring, with little padding."""
    ordered = sorted(pairs, key=lambda pair: len(pair[1]))
    return [make_batch(ordered[start : start + batch_size]) for start in range(0, len(ordered), batch_size)]


class BucketSampler(Sampler[list[int]]):
    """Row numbers, batch by batch, in a new random order each epoch, similar lengths together.

    A pool of a few batches' worth of shuffled sentences is sorted by length and cut into batches; then the
    order of the batches is shuffled. Bahdanau et al. (2015) sort pools of 20 batches, too, but shuffled their
    data once, and went through it in order.

    Args:
        lengths: (source length, target length) of each row, (rows, 2).
        batch_size: rows in a batch; the last batch may have fewer.
        pool: how many batches' worth of rows are sorted together, at least 1. With 1, nothing is gained.
        seed: the same seed gives the same epochs; see `moved_seed`.

    Raises:
        ValueError: if `batch_size` or `pool` is less than 1.
    """

    def __init__(self, lengths: ArrayLike, batch_size: int, pool: int = 20, seed: int = 0) -> None:
        for name, value in (("batch_size", batch_size), ("pool", pool)):
            if value < 1:
                raise ValueError(f"{name}: {value} is not allowed; it must be 1 or more")
        self.batch_size = batch_size
        self.pool = pool
        self.seed = moved_seed(seed)
        self._lengths = np.asarray(lengths, np.int32).reshape(-1, 2)
        # A place: the random state that an epoch's order follows from, and how many of its batches are past.
        self._start = random.Random(self.seed).getstate(), 0  # where the next iteration begins
        self._place = self._start  # where the current one has got to

    def state_dict(self) -> dict[str, Any]:
        """The place in the order: how this epoch began, and how many of its batches have been given."""
        state, given = self._place
        return {"random": state, "given": given}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next iteration is the rest of the epoch that a `state_dict` was taken in."""
        self._start = self._place = state["random"], state["given"]

    def __len__(self) -> int:
        return -(-len(self._lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        state, first = self._start
        generator = random.Random()
        generator.setstate(state)
        rows, order = self._shuffled(generator)
        for given, number in enumerate(order[first:], first + 1):
            self._place = state, given
            batch: list[int] = rows[number * self.batch_size : (number + 1) * self.batch_size].tolist()
            yield batch
        # Only here, so that an iteration that is not gone through to its end leaves the order as it was.
        self._start = self._place = generator.getstate(), 0

    def _shuffled(self, generator: random.Random) -> tuple[NDArray[np.int64], list[int]]:
        """The rows, batch after batch, and in which order the batches are given."""
        # As an array: a list of the rows takes five times as much memory, and Python shuffles both alike.
        shuffled = array("q", range(len(self._lengths)))
        generator.shuffle(shuffled)
        rows = np.frombuffer(shuffled, np.int64)
        for start in range(0, len(rows), self.pool * self.batch_size):
            pool = rows[start : start + self.pool * self.batch_size]
            source_lengths, target_lengths = self._lengths[pool].T
            pool[:] = pool[np.lexsort((target_lengths, source_lengths))]  # by the last key first
        order = list(range(len(self)))
        generator.shuffle(order)
        return rows, order


class PairDataset(Dataset[IdPair]):
    """Pairs of ids, as PyTorch's loader takes them.

    Args:
        pairs: source and target ids, in a list or in flat arrays.
    """

    def __init__(self, pairs: Sequence[IdPair]) -> None:
        self.pairs = pairs

    @property
    def lengths(self) -> NDArray[np.int32]:
        """How many ids source and target have, (pairs, 2)."""
        if isinstance(self.pairs, FlatPairs):
            return self.pairs.lengths
        return np.array([(len(source), len(target)) for source, target in self.pairs], np.int32)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitems__(self, rows: list[int]) -> list[IdPair]:
        return [self.pairs[row] for row in rows]

    @cached_property
    def digest(self) -> str:
        """A name for the pairs: other pairs, or another order of them, have another one.

        It is the SHA-256 of the list of pairs as Python prints it, whatever the pairs are kept in.
        """
        digest = hashlib.sha256(b"[")
        for row, pair in enumerate(self.pairs):
            digest.update(f"{', ' if row else ''}{pair!r}".encode())
        digest.update(b"]")
        return digest.hexdigest()[:16]


class RecutPairs(PairDataset):
    """Sentence pairs cut into other pieces each time that they are asked for.

    How they are cut follows from the seed and from the rows that stand in a batch together, so that no place
    in a random order has to be kept.

    Args:
        texts: sentence pairs.
        codecs: of the sentences, and of the translations; both cut into subwords, and have an id for each.
        dropout: see `SubwordTokenizer.tokenize_with_dropout`.
        seed: see `moved_seed`.

    Raises:
        ValueError: if a tokenizer knows no subwords.
    """

    def __init__(
        self, texts: Sequence[SentencePair], codecs: tuple[TextCodec, TextCodec], dropout: float, seed: int
    ) -> None:
        super().__init__(encode_flat(texts, *codecs))
        self.dropout = dropout
        self.seed = moved_seed(seed)
        self._sides = [
            ([text.source for text in texts], _subwords(codecs[0]), codecs[0].vocabulary),
            ([text.target for text in texts], _subwords(codecs[1]), codecs[1].vocabulary),
        ]

    def __getitems__(self, rows: list[int]) -> list[IdPair]:
        seed = zlib.crc32(repr((self.seed, rows)).encode())
        source, target = (
            [
                vocabulary.encode(tokenizer.tokenize_with_dropout(texts[row], self.dropout, seed + place))
                for place, row in enumerate(rows)
            ]
            for texts, tokenizer, vocabulary in self._sides
        )
        return list(zip(source, target, strict=True))

    @cached_property
    def digest(self) -> str:
        """A name for the pairs and for how they are cut."""
        return f"{super().digest}, cut anew with {self.dropout} and seed {self.seed}"


class PairLoader(DataLoader[IdPair]):
    """PyTorch's loader for pairs of ids, which can be set to any place in its order.

    Args:
        pairs: source and target ids.
        sampler: which rows make a batch, and in which order.
    """

    dataset: PairDataset
    batch_sampler: BucketSampler

    def __init__(self, pairs: PairDataset, sampler: BucketSampler) -> None:
        # With a generator of its own it draws nothing from the random numbers of dropout and fed words.
        super().__init__(pairs, batch_sampler=sampler, collate_fn=make_batch, generator=torch.Generator())

    def state_dict(self) -> dict[str, Any]:
        """The place in the order (see `BucketSampler`)."""
        return self.batch_sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a `state_dict`."""
        self.batch_sampler.load_state_dict(state)


# What a training goes through again and again: a loader, or batches in a list.
Batches = DataLoader[Any] | Sequence[Batch]


def make_loader(
    pairs: Sequence[IdPair] | PairDataset, batch_size: int = 64, pool: int = 20, seed: int = 0
) -> PairLoader:
    """A loader of `Batch`es, shuffled and bucketed anew each epoch (see `BucketSampler`).

    Raises:
        ValueError: if there are no pairs, or `batch_size` or `pool` is less than 1.
    """
    dataset = pairs if isinstance(pairs, PairDataset) else PairDataset(pairs)
    if not dataset.pairs:
        raise ValueError("pairs: there are none; a loader needs at least one")
    return PairLoader(dataset, BucketSampler(dataset.lengths, batch_size, pool, seed))


def moved_seed(seed: int) -> int:
    """The seed of a training, moved by what the environment variable SEQ2SEQ_SEED_OFFSET says, by default 0.

    So a whole notebook runs with other weights and another order of its sentences. The data stays.

    Raises:
        ValueError: if the variable is no whole number of 0 or more.
    """
    offset = os.environ.get(SEED_OFFSET_VARIABLE) or "0"
    if not (offset.isascii() and offset.isdigit()):
        raise ValueError(
            f"{SEED_OFFSET_VARIABLE}: {offset!r} is not allowed; it must be a whole number, 0 or more"
        )
    return seed + int(offset)


def _subwords(codec: TextCodec) -> SubwordTokenizer:
    if not isinstance(codec.tokenizer, SubwordTokenizer):
        raise ValueError("codecs: words cannot be cut in another way; subwords can")
    return codec.tokenizer


def _check_words(side: str, ids: Tensor, words: Tensor) -> None:
    """Looks at the padded ids, (batch, length), whose rows begin with so many words, (batch,)."""
    if torch.equal((ids >= UNK_ID).sum(dim=1), words):
        return
    for row, (sentence, length) in enumerate(zip(ids.tolist(), words.tolist(), strict=True)):
        for number in sentence[:length]:
            if number < UNK_ID:
                raise ValueError(
                    f"pairs: the {side} of number {row} has the id {number} in it; words have {UNK_ID} (UNK) "
                    f"and above, and PAD ({PAD_ID}), SOS ({SOS_ID}) and EOS ({EOS_ID}) are added here"
                )


def _check_not_empty(what: str, sequences: Sequence[Sequence[int]]) -> None:
    for row, sequence in enumerate(sequences):
        if not sequence:
            raise ValueError(f"{what} number {row} is empty; a sentence needs at least one token")
