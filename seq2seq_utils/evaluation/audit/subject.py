"""What is audited: a model behind its adapter, the sentence pairs to look at, and careful calls of both."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

import torch
from torch import Tensor, nn

from seq2seq_utils.batching import IdPair
from seq2seq_utils.evaluation.audit.adapter import Adapter, Ids
from seq2seq_utils.models import evaluation_mode
from seq2seq_utils.pairs import Alignment

SAMPLE, WIDE_SAMPLE = 16, 256  # pairs that the checks look at; the more where a share of them is measured
NOISE = 0.05  # standard deviation of what `shuffled_weights` adds
IMPOSSIBLE = -30.0  # log probabilities, in nats, are cut off here, so that -inf can be compared, too


class CannotCheckError(Exception):
    """What a check needs is not there; the message says what."""


class Subject:
    """A model, and what it is looked at with. Its calls look at what the adapter's functions return.

    Args:
        adapter: of the model.
        pairs: ids that it was not trained on, two pairs at least.
        train: ids that it was trained on, if they are to be looked at.
        gold: the alignment of each of the pairs, where it is known.

    Attributes:
        sample: a few of the pairs, from the shortest to the longest.
        sample_gold: their alignments, if there are any.
        wide_sample: some more of the pairs.

    Raises:
        ValueError: if there are too few pairs, one has an empty side or a special id in it, or `gold` does
            not fit the pairs.
    """

    def __init__(
        self,
        adapter: Adapter,
        pairs: Sequence[IdPair],
        train: Sequence[IdPair] | None = None,
        gold: Sequence[Alignment] | None = None,
    ) -> None:
        if len(pairs) < 2:
            raise ValueError(f"pairs: {len(pairs)}; there must be two or more")
        _check_pairs("pairs", pairs, adapter)
        if train is not None:
            _check_pairs("train", train, adapter)
        if gold is not None:
            _check_gold(gold, pairs)
        self.adapter = adapter
        self.pairs = pairs
        self.train = train
        self.gold = gold
        by_length = sorted(range(len(pairs)), key=lambda row: tuple(map(len, pairs[row])))
        rows = _spread(by_length, SAMPLE)
        self.sample = [pairs[row] for row in rows]
        self.wide_sample = [pairs[row] for row in _spread(by_length, WIDE_SAMPLE)]
        self.sample_gold = None if gold is None else [gold[row] for row in rows]

    @property
    def module(self) -> nn.Module:
        """The model's module."""
        return self.adapter.module

    # --------------------------------------------------------------------------------- careful calls
    def scores(self, pairs: Sequence[IdPair]) -> list[Tensor]:
        """For each pair the scores of every next token, (target words + 1, vocabulary size).

        Raises:
            ValueError: if the adapter returns anything else.
        """
        found = list(self.adapter.scores(pairs))
        _check_count("scores", len(found), len(pairs))
        for row, (scores, (_, target)) in enumerate(zip(found, pairs, strict=True)):
            shape = tuple(scores.shape)
            if len(shape) != 2 or shape[0] != len(target) + 1 or shape[1] != found[0].shape[1]:
                raise ValueError(
                    f"scores: of pair {row} the shape is {shape}; its target has {len(target)} words, so it "
                    f"must be ({len(target) + 1}, vocabulary size)"
                )
            if scores.isnan().any():
                raise ValueError(f"scores: of pair {row} there is a NaN among them")
            highest = max(self.adapter.eos_id, *target)
            if highest >= shape[1]:
                raise ValueError(f"scores: they are of {shape[1]} tokens, but there is the id {highest}")
        return found

    @torch.no_grad()
    def log_probabilities(self, pairs: Sequence[IdPair]) -> list[Tensor]:
        """The same as log probabilities, in nats."""
        return [scores.log_softmax(dim=1).clamp(min=IMPOSSIBLE) for scores in self.scores(pairs)]

    def token_losses(self, pairs: Sequence[IdPair]) -> list[Tensor]:
        """For each pair the loss of every target word and of EOS, in nats, (target words + 1,)."""
        found = []
        for scores, (_, target) in zip(self.scores(pairs), pairs, strict=True):
            expected = torch.tensor([*target, self.adapter.eos_id], device=scores.device)
            found.append(nn.functional.cross_entropy(scores, expected, reduction="none"))
        return found

    def translate(self, sources: Ids) -> list[list[int]]:
        """The translations, as the adapter gives them; the module's mode is put back, whatever it does.

        Raises:
            ValueError: if there is not one for each source.
        """
        with evaluation_mode(self.module):
            found = [list(ids) for ids in self.adapter.translate(sources)]
        _check_count("translate", len(found), len(sources))
        return found

    def loss(self, pairs: Sequence[IdPair]) -> Tensor:
        """The loss trained by.

        Raises:
            CannotCheckError: if the adapter has none.
            ValueError: if it is no single finite number, or not attached to the weights.
        """
        if self.adapter.loss is None:
            raise CannotCheckError("needs loss")
        loss = self.adapter.loss(pairs)
        if loss.numel() != 1 or not loss.isfinite().all():
            raise ValueError(f"loss: {loss} is no single finite number")
        if not loss.requires_grad:
            raise ValueError("loss: no gradient can be asked of it; it must be attached to the weights")
        return loss.squeeze()

    def reported_loss(self, pairs: Sequence[IdPair]) -> float:
        """The loss reported over a set.

        Raises:
            CannotCheckError: if the adapter has none.
            ValueError: if it is not finite.
        """
        if self.adapter.reported_loss is None:
            raise CannotCheckError("needs reported_loss")
        with evaluation_mode(self.module), torch.no_grad():
            loss = float(self.adapter.reported_loss(pairs))
        if not math.isfinite(loss):
            raise ValueError(f"reported_loss: {loss} is not finite")
        return loss

    @torch.no_grad()
    def scores_by_step(self, pair: IdPair) -> Tensor:
        """What `scores` has of this pair, one decoding step after the other.

        Raises:
            CannotCheckError: if the adapter has no `step`.
            ValueError: if a step's scores have another shape.
        """
        start, step, sos_id = self.adapter.start, self.adapter.step, self.adapter.sos_id
        if start is None or step is None or sos_id is None:
            raise CannotCheckError("needs start, step and sos_id")
        source, target = pair
        state, found = start([source]), []
        for token in [sos_id, *target]:
            scores, state = step([token], state)
            if scores.ndim != 2 or len(scores) != 1:
                raise ValueError(f"step: the shape of its scores is {tuple(scores.shape)} for one row")
            found.append(scores[0])
        return torch.stack(found)

    @torch.no_grad()
    def weights(self, pairs: Sequence[IdPair]) -> list[Tensor]:
        """For each pair the weights of attention, (target words + 1, source positions).

        Raises:
            CannotCheckError: if the adapter has none.
            ValueError: if the shape of one is another.
        """
        if self.adapter.weights is None:
            raise CannotCheckError("needs weights")
        found = list(self.adapter.weights(pairs))
        _check_count("weights", len(found), len(pairs))
        for row, (weights, (source, target)) in enumerate(zip(found, pairs, strict=True)):
            shape = tuple(weights.shape)
            if len(shape) != 2 or shape[0] != len(target) + 1 or shape[1] < len(source):
                raise ValueError(
                    f"weights: of pair {row} the shape is {shape}; it must be ({len(target) + 1}, "
                    f"{len(source)} or more)"
                )
        return found

    def gradient(self, value: Tensor) -> Tensor:
        """The gradient of a number by all weights that are trained, end to end, (weights,)."""
        return torch.cat([part.flatten() for part in self.gradients(value).values()])

    def gradients(self, value: Tensor) -> dict[str, Tensor]:
        """The gradient of a number by each parameter that is trained; 0 where it does not depend on it."""
        trained = {name: weights for name, weights in self.module.named_parameters() if weights.requires_grad}
        found = torch.autograd.grad(value, list(trained.values()), retain_graph=True, allow_unused=True)
        return {
            name: torch.zeros_like(weights) if gradient is None else gradient
            for (name, weights), gradient in zip(trained.items(), found, strict=True)
        }

    # ------------------------------------------------------------------------- how much is learned yet
    @cached_property
    def share_unlearned(self) -> float:
        """The model's loss per target word beside that of one who knows only how frequent each word is.

        EOS is left out: where it was never trained, its loss alone would say that nothing is learned.
        """
        with torch.no_grad():
            losses = torch.cat([losses[:-1] for losses in self.token_losses(self.wide_sample)])
        counts = torch.tensor(list(Counter(word for _, target in self.pairs for word in target).values()))
        entropy = torch.special.entr(counts / counts.sum()).sum()
        return float(losses.mean() / entropy) if entropy > 0 else math.inf


@contextmanager
def shuffled_weights(module: nn.Module, seed: int = 0) -> Iterator[None]:
    """Within it the numbers of a parameter stand in another order, with some noise; after it they are back.

    So nothing is learned, and little is certain. Where all are 0, or all the same, as at the start some are,
    the noise tells them apart.
    """
    generator = torch.Generator().manual_seed(seed)
    kept = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    try:
        with torch.no_grad():
            for parameter in module.parameters():
                order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
                noise = torch.randn(parameter.shape, generator=generator).to(parameter)
                parameter.copy_(parameter.flatten()[order].view_as(parameter) + NOISE * noise)
        yield
    finally:
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.copy_(kept[name])


def _spread(rows: list[int], most: int) -> list[int]:
    """At most so many of the rows, the first and the last among them, at equal distances."""
    count = min(most, len(rows))
    return [rows[round(place * (len(rows) - 1) / (count - 1))] for place in range(count)]


def _check_count(name: str, found: int, expected: int) -> None:
    if found != expected:
        raise ValueError(f"{name}: it returned {found} for {expected}; there must be one for each")


def _check_pairs(name: str, pairs: Sequence[IdPair], adapter: Adapter) -> None:
    for row, pair in enumerate(pairs):
        for side, ids in zip(("source", "target"), pair, strict=True):
            if not ids:
                raise ValueError(f"{name}: the {side} of number {row} is empty; it needs at least one word")
            if special := adapter.special_ids.intersection(ids):
                raise ValueError(
                    f"{name}: the {side} of number {row} has the special id {min(special)} in it; give words "
                    "only, SOS, EOS and PAD are the adapter's affair"
                )


def _check_gold(gold: Sequence[Alignment], pairs: Sequence[IdPair]) -> None:
    if len(gold) != len(pairs):
        raise ValueError(f"gold: {len(gold)}, but there are {len(pairs)} pairs; there must be one for each")
    for row, (alignment, (source, target)) in enumerate(zip(gold, pairs, strict=True)):
        words = len(alignment.source_words), len(alignment.target_words)
        if words != (len(source), len(target)):
            raise ValueError(
                f"gold: that of number {row} is of {words[0]} and {words[1]} words, but the pair has "
                f"{len(source)} and {len(target)} ids; it fits only where ids are words"
            )
