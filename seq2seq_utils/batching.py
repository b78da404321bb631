"""Ids to batches: padded tensors with their lengths, sentences of similar length together."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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

    As in Bahdanau et al. (2015): a pool of a few batches' worth of shuffled sentences is sorted by length
    and cut into batches; then the order of the batches is shuffled. With a pool of one batch nothing
    is gained; with a pool of everything the batches would be the same each epoch.

    Args:
        lengths: (source length, target length) of each row.
        batch_size: rows in a batch; the last batch may have fewer.
        pool: how many batches' worth of rows are sorted together, at least 1.
        seed: the same seed gives the same epochs.
    """

    def __init__(
        self, lengths: Sequence[tuple[int, int]], batch_size: int, pool: int = 20, seed: int = 0
    ) -> None:
        for name, value in (("batch_size", batch_size), ("pool", pool)):
            if value < 1:
                raise ValueError(f"{name}: {value} is not allowed; it must be 1 or more")
        self._lengths = lengths
        self._batch_size = batch_size
        self._pool = pool
        self._random = random.Random(seed)

    def state_dict(self) -> dict[str, object]:
        """Which epoch comes next; PyTorch's name for what a checkpoint keeps."""
        return {"random": self._random.getstate()}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Goes on from a `state_dict`."""
        version, numbers, following = state["random"]
        self._random.setstate((version, tuple(numbers), following))

    def __len__(self) -> int:
        return -(-len(self._lengths) // self._batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        rows = list(range(len(self._lengths)))
        self._random.shuffle(rows)
        batches = []
        pool_size = self._pool * self._batch_size
        for start in range(0, len(rows), pool_size):
            pool = sorted(rows[start : start + pool_size], key=self._lengths.__getitem__)
            batches += [pool[at : at + self._batch_size] for at in range(0, len(pool), self._batch_size)]
        self._random.shuffle(batches)
        return iter(batches)


def make_loader(pairs: Sequence[IdPair], batch_size: int = 64, pool: int = 20, seed: int = 0) -> DataLoader:
    """A `DataLoader` of `Batch`es, shuffled and bucketed anew each epoch (see `BucketSampler`).

    Raises:
        ValueError: if there are no pairs.
    """
    if not pairs:
        raise ValueError("pairs: there are none; a loader needs at least one")
    lengths = [(len(source), len(target)) for source, target in pairs]
    sampler = BucketSampler(lengths, batch_size, pool, seed)
    return DataLoader(pairs, batch_sampler=sampler, collate_fn=make_batch)


def _check_not_empty(what: str, sequences: Sequence[Sequence[int]]) -> None:
    for row, sequence in enumerate(sequences):
        if not sequence:
            raise ValueError(f"{what} number {row} is empty; a sentence needs at least one token")
