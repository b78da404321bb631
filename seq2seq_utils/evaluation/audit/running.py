"""The function that goes through the table of checks."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from contextlib import nullcontext

import torch

from seq2seq_utils.batching import IdPair
from seq2seq_utils.evaluation.audit.adapter import Adapter
from seq2seq_utils.evaluation.audit.report import Audit, Finding, Outcome
from seq2seq_utils.evaluation.audit.structure import Measured
from seq2seq_utils.evaluation.audit.subject import CannotCheckError, Subject, shuffled_weights
from seq2seq_utils.evaluation.audit.table import CHECKS, Check
from seq2seq_utils.models import evaluation_mode
from seq2seq_utils.pairs import Alignment

_RELATIONS = {"<=": operator.le, ">=": operator.ge}


def audit(
    adapter: Adapter,
    pairs: Sequence[IdPair],
    train: Sequence[IdPair] | None = None,
    gold: Sequence[Alignment] | None = None,
) -> Audit:
    """Looks at a sequence-to-sequence model for mistakes that raise no error, check by check.

    Weights, modes, gradients and the random numbers of PyTorch's CPU generator are afterwards as they were.

    Args:
        adapter: of the model (see `Adapter`; for models of this series, `seq2seq_adapter`).
        pairs: source and target ids, without SOS, EOS and PAD, that it was not trained on, of different
            lengths; a few of them are looked at, from the shortest to the longest.
        train: all pairs that it was trained on. Without them the checks of the data are not made.
        gold: the alignment of each of the pairs, where ids are words.

    Returns:
        A finding for each check of `CHECKS`.

    Raises:
        ValueError: if the pairs cannot be used, `gold` does not fit them, or a function of the adapter
            returns something else than `Adapter` asks for; the message names it.
    """
    subject = Subject(adapter, pairs, train, gold)
    with torch.random.fork_rng(devices=[]):
        return Audit(tuple(_find(check, subject) for check in CHECKS))


def _find(check: Check, subject: Subject) -> Finding:
    measured: Measured | None = None
    try:
        # What is looked at twice must be small both times (see `Check`).
        found = [_measure(check, subject, weights) for weights in check.weights]
        measured = max(found, key=lambda each: each.value)
        outcome, note = _judge(check, measured, subject), measured.note
    except CannotCheckError as missing:
        outcome, note = Outcome.NOT_CHECKED, str(missing)
    return Finding(
        check=check.name,
        claim=check.claim,
        outcome=outcome,
        measured=None if measured is None else measured.value,
        bound=f"{check.relation} {check.bound:g}",
        unit=check.unit,
        note=note,
        symptom=check.symptom,
        notebook=check.explained[0],
        heading=check.explained[1],
    )


def _measure(check: Check, subject: Subject, weights: str) -> Measured:
    in_place = shuffled_weights(subject.module) if weights == "shuffled" else nullcontext()
    # In evaluation mode cuDNN's recurrent layers have no backward pass; PyTorch's own have one.
    with evaluation_mode(subject.module), in_place, torch.backends.cudnn.flags(enabled=False):
        return check.measure(subject)


def _judge(check: Check, measured: Measured, subject: Subject) -> Outcome:
    if check.learned_below is not None and subject.share_unlearned > check.learned_below:
        return Outcome.TOO_EARLY
    return Outcome.HOLDS if _RELATIONS[check.relation](measured.value, check.bound) else Outcome.FAILS
