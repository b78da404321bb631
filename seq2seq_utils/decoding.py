"""Search: model and sentences in, translations out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq_utils.batching import make_batch, pad
from seq2seq_utils.corpus import SentencePair
from seq2seq_utils.models import Seq2Seq, evaluation_mode, select_rows
from seq2seq_utils.text import EOS_ID, SOS_ID, TextCodec


@dataclass(frozen=True, slots=True)
class Translation:
    """One translated sentence."""

    text: str
    ids: tuple[int, ...]  # without SOS and EOS
    reached_end: bool  # False: the limit came before EOS, and the sentence may go on
    # α, (steps, source words): a row for each id, and one more for EOS. None from a model without attention.
    weights: Tensor | None = field(default=None, compare=False, repr=False)


class Hypothesis(NamedTuple):
    """What a search found for one row of a batch."""

    ids: list[int]  # without SOS and EOS
    reached_end: bool
    weights: Tensor | None  # as in `Translation`, but still with columns for padding


class DecodingStep(NamedTuple):
    """One step of a translation, opened up."""

    fed: str  # the token before
    weights: Tensor | None  # α_i, (source words,)
    likeliest: list[tuple[str, float]]  # tokens and their probabilities, the likeliest first


def default_limit(source_length: int) -> int:
    """How many tokens a translation may have: it depends on its own source sentence alone."""
    return 2 * source_length + 30


@torch.no_grad()
def greedy(model: Seq2Seq, source: Tensor, source_lengths: Tensor, limits: Sequence[int]) -> list[Hypothesis]:
    """The likeliest token at every step, fed back at the next, until EOS, row by row.

    Args:
        model: in evaluation mode.
        source: ids, (batch, source_len).
        source_lengths: (batch,).
        limits: the most tokens for each row, EOS not counted.

    Returns:
        For each row its ids, without SOS and EOS, whether EOS came within the limit, and the weights.

    Raises:
        ValueError: if there is not one limit for each row.
    """
    if len(limits) != len(source):
        raise ValueError(f"limits: {len(limits)}, but source has {len(source)} rows")
    state = model.decoder.start(model.encoder(source, source_lengths))
    token = torch.full_like(source[:, 0], SOS_ID)  # (batch,)
    said: list[list[int]] = [[] for _ in limits]
    looks: list[Tensor] = []  # the weights of each step, with zeros for rows that have ended
    going = torch.arange(len(limits))  # the rows still being written; the others are no longer in the batch
    while len(going):
        logits, state = model.decoder.step(token, state)
        token = logits.argmax(dim=1)  # (rows going,)
        rows = going.tolist()
        for row, id in zip(rows, token.tolist(), strict=True):
            said[row].append(id)
        if (weights := weights_of(state)) is not None:
            looks.append(weights.new_zeros(source.shape).index_copy(0, going.to(source.device), weights))
        # One step beyond the limit, so that an EOS right after the last allowed word is still seen.
        go_on = [said[row][-1] != EOS_ID and len(said[row]) <= limits[row] for row in rows]
        if not all(go_on):
            kept = torch.tensor(go_on).nonzero().squeeze(1)
            going, kept = going[kept], kept.to(token.device)
            token, state = token[kept], select_rows(state, kept)
    weights = torch.stack(looks, dim=1).cpu() if looks else [None] * len(said)  # (batch, steps, source_len)
    return [_hypothesis(ids, limit, rows) for ids, limit, rows in zip(said, limits, weights, strict=True)]


def _hypothesis(said: list[int], limit: int, weights: Tensor | None) -> Hypothesis:
    reached_end = said[-1] == EOS_ID
    steps = len(said) if reached_end else limit
    ids = said[:-1] if reached_end else said[:limit]
    return Hypothesis(ids, reached_end, None if weights is None else weights[:steps])


def weights_of(state: object) -> Tensor | None:
    """The attention weights of the step that led to a decoder's state, or None where it has none."""
    return getattr(state, "weights", None)


def translate(
    model: Seq2Seq,
    sentences: Sequence[str],
    source: TextCodec,
    target: TextCodec,
    limit: int | None = None,
    batch_size: int = 128,
) -> list[Translation]:
    """Translates sentences by greedy search, in batches of similar length.

    Args:
        model: left in the mode, training or evaluation, that it was in.
        sentences: as text.
        source: the codec of their language.
        target: the codec of the translations.
        limit: the most tokens of a translation; by default what `default_limit` allows.
        batch_size: how many sentences at a time; it does not change any translation.

    Returns:
        The translations, in the order of the sentences.

    Raises:
        ValueError: if a sentence is empty or has unknown words only, or a number is out of range.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size: {batch_size} is not allowed; it must be 1 or more")
    if limit is not None and limit < 0:
        raise ValueError(f"limit: {limit} is not allowed; it must be 0 or more")
    encoded = [source.encode(sentence) for sentence in sentences]
    order = sorted(range(len(encoded)), key=lambda row: len(encoded[row]))
    translations: dict[int, Translation] = {}
    device = next(model.parameters()).device
    with evaluation_mode(model):
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            ids, lengths = pad([encoded[row] for row in rows])
            limits = [default_limit(len(encoded[row])) if limit is None else limit for row in rows]
            found = greedy(model, ids.to(device), lengths, limits)
            for row, (said, reached_end, weights) in zip(rows, found, strict=True):
                if weights is not None:
                    weights = weights[:, : len(encoded[row])]
                text = target.decode(said)
                translations[row] = Translation(text, tuple(said), reached_end, weights)
    return [translations[row] for row in range(len(encoded))]


# ------------------------------------------------------------------------------------- looking in
@torch.no_grad()
def align(
    model: Seq2Seq, pairs: Sequence[SentencePair], source: TextCodec, target: TextCodec, batch_size: int = 128
) -> list[Tensor]:
    """Where the model looks while it is fed a given translation word by word.

    Args:
        model: with attention.
        pairs: sentences and the translations to go along.
        source: the codec of the sentences' language.
        target: the codec of the translations'.
        batch_size: how many pairs at a time; it does not change any weight.

    Returns:
        For each pair its weights, (target words + 1, source words); the last row is that of EOS.

    Raises:
        ValueError: if the model has no attention, or a sentence cannot be read.
    """
    device, found = next(model.parameters()).device, []
    with evaluation_mode(model):
        for start in range(0, len(pairs), batch_size):
            ids = [
                (source.encode(pair.source), target.encode(pair.target))
                for pair in pairs[start : start + batch_size]
            ]
            batch = make_batch(ids).to(device)
            state, looks = model.decoder.start(model.encoder(batch.source, batch.source_lengths)), []
            for token in batch.target_input.unbind(dim=1):
                state = model.decoder.step(token, state).state
                looks.append(_attention_of(state))
            weights = torch.stack(looks, dim=1).cpu()  # (batch, target_len, source_len)
            found += [
                rows[: len(theirs) + 1, : len(ours)]
                for rows, (ours, theirs) in zip(weights, ids, strict=True)
            ]
    return found


@torch.no_grad()
def trace(
    model: Seq2Seq, sentence: str, source: TextCodec, target: TextCodec, shown: int = 5
) -> list[DecodingStep]:
    """Greedy search for one sentence, step by step, with what else the model might have said.

    Args:
        model: with or without attention.
        sentence: as text.
        source: the codec of its language.
        target: the codec of the translation.
        shown: how many of the likeliest tokens each step has.

    Raises:
        ValueError: if the sentence is empty or has unknown words only.
    """
    ids = source.encode(sentence)
    tokens, steps, fed = target.vocabulary.tokens, [], SOS_ID
    device = next(model.parameters()).device
    with evaluation_mode(model):
        encoded = model.encoder(torch.tensor([ids], device=device), torch.tensor([len(ids)]))
        state = model.decoder.start(encoded)
        while fed != EOS_ID and len(steps) <= default_limit(len(ids)):
            logits, state = model.decoder.step(torch.tensor([fed], device=device), state)
            best, numbers = logits[0].softmax(dim=0).topk(min(shown, len(tokens)))
            likeliest = [(tokens[i], p) for i, p in zip(numbers.tolist(), best.tolist(), strict=True)]
            weights = weights_of(state)
            steps.append(DecodingStep(tokens[fed], None if weights is None else weights[0].cpu(), likeliest))
            fed = int(numbers[0])
    return steps


def _attention_of(state: object) -> Tensor:
    if (weights := weights_of(state)) is None:
        raise ValueError("model: has no attention, so there are no weights to look at")
    return weights
