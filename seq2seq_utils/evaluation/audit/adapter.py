"""The adapter: how the audit talks to a model that it knows nothing of, and the adapter of our own models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq_utils.batching import Batch, IdPair, make_batch, pad
from seq2seq_utils.models import Seq2Seq, evaluation_mode
from seq2seq_utils.text import EOS_ID, PAD_ID, SOS_ID, UNK_ID
from seq2seq_utils.training import evaluate_loss, token_loss
from seq2seq_utils.translation import default_limit, greedy, states_along

Ids = Sequence[Sequence[int]]
_EVALUATED_TOGETHER = 64  # sentence pairs


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A model as the audit sees it: a module, and functions of ids without SOS, EOS and PAD.

    Each function takes its pairs as one batch, pads them, and adds SOS and EOS, with the code that trains and
    uses the model: the mistakes to be found are in that code, not in the adapter. Functions leave the module
    in the mode, training or evaluation, that it is in, unless something else is said. What is None by default
    may be left out; what needs it is then not checked.

    Args:
        module: with all the weights.
        scores: of pairs (source ids, target ids), each target fed word by word: for each pair the scores of
            every next token, (target words + 1, vocabulary size), a row for each word and one for EOS. Kept
            attached to the weights, so that gradients can be asked for.
        translate: of source ids: the ids of the translations, found greedily, in the order of the sources. It
            chooses the module's mode itself, as it would in use, and puts back the mode it found.
        eos_id: the end of a sentence.
        sos_id: what the decoder is fed first.
        pad_id: what fills up a batch.
        unknown_id: what stands for words without an id. Leave it out if no id is a whole word.
        loss: of pairs, as a training step has it, the true words fed: a tensor with one number.
        reported_loss: of pairs, as it is reported over a whole set, in nats per token; batches are its own
            affair. It chooses the module's mode as `translate` does.
        start: of source ids: the decoder's first state, of whatever kind. With `step` and `sos_id`.
        step: of the previous tokens, one a row, and a state: the scores, (batch, vocabulary size), and the
            next state.
        weights: of attention, of pairs: for each pair (target words + 1, source positions), the first
            positions being the pair's own source words; positions of padding may follow.

    Raises:
        ValueError: if one of `start` and `step` is given without the other, or without `sos_id`; or if two of
            the special ids are the same.
    """

    module: nn.Module
    scores: Callable[[Sequence[IdPair]], Sequence[Tensor]]
    translate: Callable[[Ids], Ids]
    eos_id: int
    sos_id: int | None = None
    pad_id: int | None = None
    unknown_id: int | None = None
    loss: Callable[[Sequence[IdPair]], Tensor] | None = None
    reported_loss: Callable[[Sequence[IdPair]], float] | None = None
    start: Callable[[Ids], Any] | None = None
    step: Callable[[list[int], Any], tuple[Tensor, Any]] | None = None
    weights: Callable[[Sequence[IdPair]], Sequence[Tensor]] | None = None

    def __post_init__(self) -> None:
        given = self.start is not None, self.step is not None
        if any(given) and not (all(given) and self.sos_id is not None):
            raise ValueError("start, step: give both, and sos_id with them, or neither of the two")
        ids = [self.eos_id, self.sos_id, self.pad_id, self.unknown_id]
        there = [token_id for token_id in ids if token_id is not None]
        if len(set(there)) != len(there):
            raise ValueError(
                f"eos_id, sos_id, pad_id, unknown_id: {', '.join(map(str, ids))}; no two may be the same"
            )

    @property
    def special_ids(self) -> set[int]:
        """What is no word, so far as it is known."""
        return {token_id for token_id in (self.eos_id, self.sos_id, self.pad_id) if token_id is not None}


def seq2seq_adapter(model: Seq2Seq, label_smoothing: float = 0.0, unknown_id: int | None = UNK_ID) -> Adapter:
    """The adapter of a model of this series, whatever its encoder and decoder are.

    Args:
        model: one that keeps the contract (see `models.contract`).
        label_smoothing: that of its training loss.
        unknown_id: None if its tokens are pieces of words.
    """

    def scores(pairs: Sequence[IdPair]) -> list[Tensor]:
        batch = make_batch(pairs).to(model.device)
        logits = model(batch.source, batch.source_lengths, batch.target_input)
        return without_padding(logits, batch)

    def translate(sources: Ids) -> list[list[int]]:
        with evaluation_mode(model):
            return greedy_ids(model, sources)

    def loss(pairs: Sequence[IdPair]) -> Tensor:
        batch = make_batch(pairs).to(model.device)
        logits = model(batch.source, batch.source_lengths, batch.target_input)
        total, tokens = token_loss(logits, batch.target_output, label_smoothing)
        return total / tokens

    def reported_loss(pairs: Sequence[IdPair]) -> float:
        starts = range(0, len(pairs), _EVALUATED_TOGETHER)
        return evaluate_loss(model, [make_batch(pairs[at : at + _EVALUATED_TOGETHER]) for at in starts])

    def start(sources: Ids) -> Any:
        ids, lengths = pad(sources)
        return model.decoder.start(model.encoder(ids.to(model.device), lengths))

    def step(tokens: list[int], state: Any) -> tuple[Tensor, Any]:
        logits, state = model.decoder.step(torch.tensor(tokens, device=model.device), state)
        return logits, state

    def weights(pairs: Sequence[IdPair]) -> list[Tensor]:
        batch = make_batch(pairs).to(model.device)
        states = states_along(model, batch.source, batch.source_lengths, batch.target_input)
        maps = torch.stack([state.weights for state in states], dim=1)  # (batch, target_len, source_len)
        return without_padding(maps, batch)

    return Adapter(
        module=model,
        scores=scores,
        translate=translate,
        eos_id=EOS_ID,
        sos_id=SOS_ID,
        pad_id=PAD_ID,
        unknown_id=unknown_id,
        loss=loss,
        reported_loss=reported_loss,
        start=start,
        step=step,
        weights=weights if _has_weights(model) else None,
    )


def without_padding(of_batch: Tensor, batch: Batch) -> list[Tensor]:
    """For each pair the rows of its words and EOS, of those of a padded batch, (batch, target_len, …)."""
    return [row[:length] for row, length in zip(of_batch, batch.target_lengths.tolist(), strict=True)]


def greedy_ids(model: Seq2Seq, sources: Ids) -> list[list[int]]:
    """The translations of source ids as one batch, found greedily in the mode that the model is in."""
    ids, lengths = pad(sources)
    limits = [default_limit(length) for length in lengths.tolist()]
    return [hypothesis.ids for hypothesis in greedy(model, ids.to(model.device), lengths, limits)]


@torch.no_grad()
def _has_weights(model: Seq2Seq) -> bool:
    word = torch.tensor([[UNK_ID]], device=model.device)
    with evaluation_mode(model):
        state = model.decoder.start(model.encoder(word, torch.tensor([1])))
        after: Any = model.decoder.step(word[:, 0], state).state
    return after.weights is not None
