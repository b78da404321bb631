"""Checks of what must hold whatever a model has learned: each measures by how much it does, or does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seq2seq_utils.batching import IdPair
from seq2seq_utils.evaluation.audit.subject import IMPOSSIBLE, CannotCheckError, Subject

_TAKEN_APART = 4  # about so many pairs are looked at one by one where each costs much
# Short pairs and long ones of the set whose loss is reported. In batches of 2 to 346 these differ, and the
# last is smaller: 347 is prime. (With 2, 173 or 346 it is a single pair; that it is left out may not show.)
_SET = 270, 77


class Measured(NamedTuple):
    """What a check measured, and where it was worst."""

    value: float
    note: str = ""


# --------------------------------------------------------------------------------------- the batch
def alone_or_in_batch(subject: Subject) -> Measured:
    """The largest difference of a log probability between a pair alone and the same in a padded batch."""
    if len({len(source) for source, _ in subject.sample}) == 1:
        raise CannotCheckError("needs pairs whose sources have different lengths")
    together = subject.log_probabilities(subject.sample)
    alone = [subject.log_probabilities([pair])[0] for pair in subject.sample]
    return _largest(together, alone)


def order_in_batch(subject: Subject) -> Measured:
    """The largest difference of a log probability between a batch and the same batch the other way round."""
    forward = subject.log_probabilities(subject.sample)
    backward = subject.log_probabilities(subject.sample[::-1])[::-1]
    return _largest(forward, backward)


# --------------------------------------------------------------------------------- what counts, and what not
def future(subject: Subject) -> Measured:
    """How far a log probability moves when words are changed that stand at its place or after it."""
    found = []
    words = sorted({word for _, target in subject.pairs for word in target})
    if len(words) < 2:
        raise CannotCheckError("needs targets with two different words or more")
    for source, target in subject.sample[-_TAKEN_APART:]:
        place = len(target) // 2
        others = [next(word for word in words if word != old) for old in target[place:]]
        changed = [*target[:place], *others]
        before, after = subject.log_probabilities([(source, target), (source, changed)])
        found.append((before[: place + 1], after[: place + 1]))
    return _largest(*zip(*found, strict=True))


def source(subject: Subject) -> Measured:
    """How far a log probability moves at most when each target is given another pair's source."""
    sources = [source for source, _ in subject.sample]
    exchanged = [
        (other, target) for other, (_, target) in zip([*sources[1:], sources[0]], subject.sample, strict=True)
    ]
    return _largest(subject.log_probabilities(subject.sample), subject.log_probabilities(exchanged))


def source_order(subject: Subject) -> Measured:
    """How far a log probability moves at most when the words of the source stand the other way round."""
    pairs = [(source, target) for source, target in subject.sample if source != source[::-1]]
    if not pairs:
        raise CannotCheckError("needs sources of two different words or more")
    turned = [(source[::-1], target) for source, target in pairs]
    return _largest(subject.log_probabilities(pairs), subject.log_probabilities(turned))


@torch.no_grad()
def no_probabilities(subject: Subject) -> Measured:
    """How far scores are at most from being probabilities: one below 0, or a sum that is not 1."""
    rows = torch.cat(subject.scores(subject.sample))  # (tokens, vocabulary size)
    off = torch.maximum((rows.sum(dim=1) - 1).abs(), rows.amin(dim=1).neg())
    return Measured(float(off.max()))


# --------------------------------------------------------------------------------------- one step
def by_step(subject: Subject) -> Measured:
    """The largest difference of a log probability between `scores` and one decoding step after the other."""
    pairs = subject.sample[:: len(subject.sample) // _TAKEN_APART or 1]
    by_step = [subject.scores_by_step(pair).log_softmax(dim=1).clamp(min=IMPOSSIBLE) for pair in pairs]
    return _largest(by_step, [subject.log_probabilities([pair])[0] for pair in pairs])


def attention_weights(subject: Subject) -> Measured:
    """How far the weights of the source words are from a sum of 1, or those of padding from 0."""
    worst = Measured(0.0)
    for weights, (source, _) in zip(subject.weights(subject.sample), subject.sample, strict=True):
        words, padding = weights[:, : len(source)], weights[:, len(source) :]
        on_padding = float(padding.abs().max()) if padding.numel() else 0.0
        off = max(float((words.sum(dim=1) - 1).abs().max()), on_padding)
        if off > worst.value:
            worst = Measured(off, "on padding" if on_padding else "their sum")
    return worst


# --------------------------------------------------------------------------------------- the losses
def padding_in_loss(subject: Subject) -> Measured:
    """How far loss and gradient of two pairs together are from those of both alone, put together.

    Sum, mean over tokens (EOS counted or not), and mean over sentences are allowed: the one that comes
    nearest counts. Padding belongs to none of them. The pair with the shortest target is put together with
    one longer pair after another, as the padding of one may by chance cost just what its words do; the worst
    counts.
    """
    short, _ = _shortest_and_longest(subject)
    longer = [pair for pair in reversed(subject.sample) if len(pair[1]) > len(short[1])]
    others = longer[:: len(longer) // _TAKEN_APART or 1]
    alone = _loss_and_gradient(subject, [short])
    off = torch.tensor(
        [
            _off_from_both_alone(
                _loss_and_gradient(subject, [short, other]),
                (alone, _loss_and_gradient(subject, [other])),
                (len(short[1]), len(other[1])),
            )
            for other in others
        ]
    )  # (pairs, ways)
    return Measured(float(off.amax(dim=0).min()))


def _off_from_both_alone(
    together: tuple[Tensor, Tensor], alone: tuple[tuple[Tensor, Tensor], ...], words: tuple[int, int]
) -> list[float]:
    """How far loss or gradient of two pairs is from that of both alone, for each way to put it together."""
    off = []
    for first, second in (
        (1.0, 1.0),
        (0.5, 0.5),
        ((words[0] + 1) / (sum(words) + 2), (words[1] + 1) / (sum(words) + 2)),
        (words[0] / sum(words), words[1] / sum(words)),
    ):
        parts = zip(together, *alone, strict=True)  # the loss, then the gradient
        off.append(max(_relative(whole, first * one_of + second * other) for whole, one_of, other in parts))
    return off


def eos_in_loss(subject: Subject) -> Measured:
    """How much EOS counts in the loss of a pair, beside a word: 1 is as much, 0 is not at all.

    The gradient of the loss is a sum of the gradients of each word's own loss and of EOS's; how often each is
    in it is found by least squares.
    """
    pair = min(subject.sample, key=lambda pair: len(pair[1]))
    whole = subject.gradient(subject.loss([pair])).double()
    losses = subject.token_losses([pair])[0]
    if not losses.requires_grad:
        raise CannotCheckError("needs scores that are attached to the weights")
    parts = torch.stack([subject.gradient(loss) for loss in losses]).double()  # (words + 1, weights)
    counts = torch.linalg.lstsq((parts @ parts.T).cpu(), (parts @ whole).cpu()[:, None]).solution.squeeze(1)
    words = float(counts[:-1].mean())
    if words <= 0:
        raise CannotCheckError("needs a loss in which the target's words count")
    return Measured(round(float(counts[-1]) / words, 6) + 0.0)  # + 0.0: no minus before a 0


def reported_with_truth_fed(subject: Subject) -> Measured:
    """How far the reported loss of a single pair is from that of the scores with the true words fed.

    Whether EOS counts in the report is asked by `reported_over_tokens`: here the one that comes nearest
    counts, and the pair where the report is farthest off.
    """
    pairs = subject.sample[:: len(subject.sample) // _TAKEN_APART or 1]
    reported = [subject.reported_loss([pair]) for pair in pairs]
    with torch.no_grad():
        losses = [subject.token_losses([pair])[0] for pair in pairs]
    return Measured(
        min(
            max(map(_relative_loss, reported, expected))
            for expected in (
                [float(of_pair.mean()) for of_pair in losses],
                [float(of_pair[:-1].mean()) for of_pair in losses],
            )
        )
    )


def reported_over_tokens(subject: Subject) -> Measured:
    """How far the loss reported of a set, most of its pairs short, is from the mean over tokens with EOS."""
    pairs = _shortest_and_longest(subject)
    losses = [subject.reported_loss([pair]) for pair in pairs]
    sets = (1, 1), _SET
    reported = [
        subject.reported_loss([pair for pair, count in zip(pairs, counts, strict=True) for _ in range(count)])
        for counts in sets
    ]

    def off(ends: int) -> float:
        """The largest distance, where so many ends of a sentence count as tokens."""
        tokens = [len(target) + ends for _, target in pairs]
        expected = [
            sum(count * length * loss for count, length, loss in zip(counts, tokens, losses, strict=True))
            / sum(count * length for count, length in zip(counts, tokens, strict=True))
            for counts in sets
        ]
        return max(map(_relative_loss, reported, expected))

    return Measured(off(1), "EOS is not counted" if off(0) < off(1) else "")


# ---------------------------------------------------------------------------------- the whole module
def gradients(subject: Subject) -> Measured:
    """How many parameters get no gradient."""
    if subject.adapter.loss is not None:
        loss = subject.loss(subject.sample)
    else:
        loss = torch.cat(subject.token_losses(subject.sample)).mean()
        if not loss.requires_grad:
            raise CannotCheckError("needs loss, or scores that are attached to the weights")
    without = [name for name, gradient in subject.gradients(loss).items() if not gradient.any()]
    return Measured(len(without), ", ".join(without))


def modes(subject: Subject) -> Measured:
    """How many parts are in training mode while the model translates or reports, or in another mode after it.

    From both modes: what a translation leaves behind must be what it found.
    """
    wrong: list[str] = []
    for training in (True, False):
        subject.module.train(training)
        wrong += _parts_that_train(subject)
        wrong += [
            f"{name or 'the module'} left in {'training' if part.training else 'evaluation'} mode"
            for name, part in subject.module.named_modules()
            if part.training != training
        ]
        subject.module.eval()
    different = list(dict.fromkeys(wrong))
    return Measured(len(different), ", ".join(different[:3]))


def _parts_that_train(subject: Subject) -> list[str]:
    """The parts that are called in training mode while the model translates, or reports a loss."""
    found: list[str] = []
    hooks = []
    for name, part in subject.module.named_modules():

        def hook(part: nn.Module, _: object, name: str = name) -> None:
            if part.training:
                found.append(f"{name or 'the module'} in training mode while it is used")

        hooks.append(part.register_forward_pre_hook(hook))
    try:
        # Not by the subject's own calls, which put back the mode.
        subject.adapter.translate([source for source, _ in subject.sample[:_TAKEN_APART]])
        if subject.adapter.reported_loss is not None:
            subject.adapter.reported_loss(subject.sample[:_TAKEN_APART])
    finally:
        for handle in hooks:
            handle.remove()
    return found


def writes_the_likeliest(subject: Subject) -> Measured:
    """The share of the words of translations that `scores`, fed these translations, finds likeliest."""
    sources = [source for source, _ in subject.sample]
    words = [_before_special(ids, subject) for ids in subject.translate(sources)]
    pairs = [(source, ids) for source, ids in zip(sources, words, strict=True) if ids]
    if not pairs:
        raise CannotCheckError("needs a translation with a word in it")
    likeliest = [scores[:-1].argmax(dim=1).tolist() for scores in subject.log_probabilities(pairs)]
    same = [
        word == best
        for (_, ids), best_ids in zip(pairs, likeliest, strict=True)
        for word, best in zip(ids, best_ids, strict=True)
    ]
    return Measured(sum(same) / len(same))


# --------------------------------------------------------------------------------------- small helpers
def _largest(some: Sequence[Tensor], others: Sequence[Tensor]) -> Measured:
    off = [float((first - second).abs().max()) for first, second in zip(some, others, strict=True)]
    worst = max(range(len(off)), key=off.__getitem__)
    return Measured(off[worst])


def _relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm().clamp(min=1e-12))


def _relative_loss(found: float, expected: float) -> float:
    """Beside a loss of next to nothing, 0.01 nats a token, rounding would look large."""
    return abs(found - expected) / max(expected, 0.01)


def _loss_and_gradient(subject: Subject, pairs: Sequence[IdPair]) -> tuple[Tensor, Tensor]:
    loss = subject.loss(pairs)
    return loss.detach(), subject.gradient(loss)


def _shortest_and_longest(subject: Subject) -> tuple[IdPair, IdPair]:
    short, *_, long = sorted(subject.sample, key=lambda pair: len(pair[1]))
    if len(short[1]) == len(long[1]):
        raise CannotCheckError("needs pairs whose targets have different lengths")
    return short, long


def _before_special(ids: list[int], subject: Subject) -> list[int]:
    """The words that stand before the first special id."""
    special = subject.adapter.special_ids
    return ids[: next((place for place, token in enumerate(ids) if token in special), len(ids))]
