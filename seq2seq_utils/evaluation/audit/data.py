"""Checks of the data: what was tested on must not have been trained on."""

from __future__ import annotations

from collections.abc import Sequence

from seq2seq_utils.batching import IdPair
from seq2seq_utils.evaluation.audit.structure import Measured
from seq2seq_utils.evaluation.audit.subject import CannotCheckError, Subject


def seen_in_training(subject: Subject) -> Measured:
    """How many of the pairs have a source that was trained on; those with an unknown word are not counted."""
    known = {tuple(source) for source, _ in _train(subject)}
    unknown = subject.adapter.unknown_id
    return Measured(sum(tuple(source) in known and unknown not in source for source, _ in subject.pairs))


def words_of_the_test(subject: Subject) -> Measured:
    """How many ids, of both languages, stand in the pairs and never in training, though they are no UNK."""
    train, unknown = _train(subject), subject.adapter.unknown_id
    if unknown is None:
        raise CannotCheckError("needs unknown_id")
    new = [_ids(subject.pairs, side) - _ids(train, side) - {unknown} for side in (0, 1)]
    return Measured(sum(map(len, new)))


def _train(subject: Subject) -> Sequence[IdPair]:
    if subject.train is None:
        raise CannotCheckError("needs train")
    return subject.train


def _ids(pairs: Sequence[IdPair], side: int) -> set[int]:
    return {token_id for pair in pairs for token_id in pair[side]}
