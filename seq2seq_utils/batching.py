"""Ids to batches: padded tensors with their lengths, sentences of similar length together."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import EOS_ID, PAD_ID, SOS_ID, TextCodec

IdPair = tuple[list[int], list[int]]  # source ids and target ids, without SOS, EOS or PAD


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentence pairs as tensors. The lengths stay on the CPU, where packing wants them.

    `target_input` is what the decoder is fed (SOS y₁ … yₙ), `target_output` what it is to say
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
    """The ids of every sentence of every pair."""
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
    rows = [[*sequence, *[PAD_ID] * (longest - len(sequence))] for sequence in sequences]
    return torch.tensor(rows), torch.tensor(lengths)


def make_batch(pairs: Sequence[IdPair], ends_in_eos: bool = False) -> Batch:
    """A batch of pairs of ids, SOS put before each target and EOS after its last word.

    Args:
        pairs: source and target ids.
        ends_in_eos: whether preprocessing has already put EOS at the end of each target.

    Raises:
        ValueError: if a sentence is empty, or a target lacks the EOS that `ends_in_eos` promises.
    """
    targets = [target for _, target in pairs]
    if ends_in_eos:
        for row, target in enumerate(targets):
            if not target or target[-1] != EOS_ID:
                raise ValueError(f"pairs: the target of number {row} does not end in EOS ({EOS_ID})")
        targets = [target[:-1] for target in targets]
    _check_not_empty("pairs: the target of", targets)
    source, source_lengths = pad([source for source, _ in pairs])
    target_input, target_lengths = pad([[SOS_ID, *target] for target in targets])
    target_output, _ = pad([[*target, EOS_ID] for target in targets])
    return Batch(source, source_lengths, target_input, target_output, target_lengths)


class BucketSampler(Sampler[list[int]]):
    """Row numbers, batch by batch, in a new random order each epoch, similar lengths together.

    A pool of a few batches' worth of shuffled sentences is sorted by length and cut into batches; then the
    order of the batches is shuffled. Bahdanau et al. (2015) sort pools of 20 batches, too, but shuffled their
    data once, and went through it in order.

    Args:
        lengths: (source length, target length) of each row.
        batch_size: rows in a batch; the last batch may have fewer.
        pool: how many batches' worth of rows are sorted together, at least 1. With 1, nothing is gained.
        seed: the same seed gives the same epochs.

    Raises:
        ValueError: if `batch_size` or `pool` is less than 1.
    """

    def __init__(
        self, lengths: Sequence[tuple[int, int]], batch_size: int, pool: int = 20, seed: int = 0
    ) -> None:
        for name, value in (("batch_size", batch_size), ("pool", pool)):
            if value < 1:
                raise ValueError(f"{name}: {value} is not allowed; it must be 1 or more")
        self.batch_size = batch_size
        self.pool = pool
        self.seed = seed
        self._lengths = lengths
        self._random = random.Random(seed)
        self._before_epoch = self._random.getstate()
        self._given = 0  # batches of this epoch
        self._skip = 0  # batches of the next one, which were given before a stop

    def state_dict(self) -> dict[str, Any]:
        """The place in the order: how this epoch began, and how many of its batches have been given."""
        return {"random": self._before_epoch, "given": self._given}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next epoch is the rest of the one that a `state_dict` was taken in."""
        version, numbers, following = state["random"]
        self._before_epoch = version, tuple(numbers), following
        self._random.setstate(self._before_epoch)
        self._given = self._skip = state["given"]

    def __len__(self) -> int:
        return -(-len(self._lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        self._before_epoch = self._random.getstate()
        self._given, self._skip = self._skip, 0
        for batch in self._shuffled()[self._given :]:
            self._given += 1
            yield batch
        self._before_epoch = self._random.getstate()
        self._given = 0

    def _shuffled(self) -> list[list[int]]:
        rows = list(range(len(self._lengths)))
        self._random.shuffle(rows)
        batches = []
        pool_size = self.pool * self.batch_size
        for start in range(0, len(rows), pool_size):
            pool = sorted(rows[start : start + pool_size], key=self._lengths.__getitem__)
            batches += [pool[at : at + self.batch_size] for at in range(0, len(pool), self.batch_size)]
        self._random.shuffle(batches)
        return batches


class PairLoader(DataLoader[Any]):
    """PyTorch's loader for pairs of ids, which can be set to any place in its order.

    Args:
        pairs: source and target ids.
        sampler: which rows make a batch, and in which order.
    """

    batch_sampler: BucketSampler

    def __init__(self, pairs: Sequence[IdPair], sampler: BucketSampler) -> None:
        # With a generator of its own it draws nothing from the random numbers of dropout and fed words.
        super().__init__(pairs, batch_sampler=sampler, collate_fn=make_batch, generator=torch.Generator())
        self._pairs = pairs

    def digest(self) -> str:
        """A name for the pairs: other pairs have another one."""
        return hashlib.sha256(repr(list(self._pairs)).encode()).hexdigest()[:16]

    def state_dict(self) -> dict[str, Any]:
        """The place in the order (see `BucketSampler`)."""
        return self.batch_sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a `state_dict`."""
        self.batch_sampler.load_state_dict(state)


# What a training goes through again and again: a loader, or batches in a list.
Batches = DataLoader[Any] | Sequence[Batch]


def make_loader(pairs: Sequence[IdPair], batch_size: int = 64, pool: int = 20, seed: int = 0) -> PairLoader:
    """A loader of `Batch`es, shuffled and bucketed anew each epoch (see `BucketSampler`).

    Raises:
        ValueError: if there are no pairs, or `batch_size` or `pool` is less than 1.
    """
    if not pairs:
        raise ValueError("pairs: there are none; a loader needs at least one")
    lengths = [(len(source), len(target)) for source, target in pairs]
    return PairLoader(pairs, BucketSampler(lengths, batch_size, pool, seed))


def _check_not_empty(what: str, sequences: Sequence[Sequence[int]]) -> None:
    for row, sequence in enumerate(sequences):
        if not sequence:
            raise ValueError(f"{what} number {row} is empty; a sentence needs at least one token")
