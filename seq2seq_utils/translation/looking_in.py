"""Looking in: how a translation came to be, and where the model looks along a given one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seq2seq_utils.batching import encode_pairs, make_batch
from seq2seq_utils.models import DecoderState, Seq2Seq, evaluation_mode
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import EOS_ID, SOS_ID, TextCodec
from seq2seq_utils.translation.translator import default_limit


class DecodingStep(NamedTuple):
    """One step of a translation, opened up."""

    fed: str  # the token before
    weights: Tensor | None  # α_i, (source words,)
    likeliest: list[tuple[str, float]]  # tokens and their probabilities, the likeliest first


def states_along(model: Seq2Seq, source: Tensor, source_lengths: Tensor, fed: Tensor) -> Iterator[Any]:
    """The decoder's states while it is fed given tokens, one step after another.

    Args:
        model: in the mode that it is to be looked at in.
        source: ids, (batch, source_len).
        source_lengths: real words in each row, (batch,).
        fed: the tokens, (batch, steps); the first is SOS.

    Returns:
        The state after each step.
    """
    state = model.decoder.start(model.encoder(source, source_lengths))
    for token in fed.unbind(dim=1):
        state = model.decoder.step(token, state).state
        yield state


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
        ValueError: if the model has no attention, a sentence cannot be read, or `batch_size` is less than 1.
    """
    return _weights_along(model, pairs, source, target, batch_size, lambda state: state.weights)


def align_heads(
    model: Seq2Seq, pairs: Sequence[SentencePair], source: TextCodec, target: TextCodec, batch_size: int = 128
) -> list[Tensor]:
    """As `align`, for each layer and head by itself.

    Returns:
        For each pair its weights, (layers, heads, target words + 1, source words).
    """
    return _weights_along(model, pairs, source, target, batch_size, lambda state: state.all_weights)


@torch.no_grad()
def _weights_along(
    model: Seq2Seq,
    pairs: Sequence[SentencePair],
    source: TextCodec,
    target: TextCodec,
    batch_size: int,
    weights_of: Callable[[DecoderState], Tensor | None],  # (…, batch, source_len)
) -> list[Tensor]:
    """For each pair the weights along its translation, (…, target words + 1, source words)."""
    if batch_size < 1:
        raise ValueError(f"batch_size: {batch_size} is not allowed; it must be 1 or more")
    found: list[Tensor] = []
    with evaluation_mode(model):
        for start in range(0, len(pairs), batch_size):
            ids = encode_pairs(pairs[start : start + batch_size], source, target)
            batch = make_batch(ids).to(model.device)
            steps: list[Tensor] = []
            for state in states_along(model, batch.source, batch.source_lengths, batch.target_input):
                newest = weights_of(state)
                if newest is None:
                    raise ValueError("model: has no attention, so there are no weights to look at")
                steps.append(newest)
            weights = torch.stack(steps, dim=-2).cpu()  # (…, batch, target_len, source_len)
            found += [
                of_pair[..., : len(target_ids) + 1, : len(source_ids)]
                for of_pair, (source_ids, target_ids) in zip(weights.unbind(dim=-3), ids, strict=True)
            ]
    return found


@torch.no_grad()
def trace(
    model: Seq2Seq, sentence: str, source: TextCodec, target: TextCodec, shown: int = 5
) -> list[DecodingStep]:
    """Greedy search for one sentence, step by step, with the other tokens that were likely.

    Args:
        model: with or without attention.
        sentence: as text.
        source: the codec of its language.
        target: the codec of the translation.
        shown: how many of the likeliest tokens each step has.

    Raises:
        ValueError: if the sentence is empty or has unknown words only, or `shown` is less than 1.
    """
    if shown < 1:
        raise ValueError(f"shown: {shown} is not allowed; it must be 1 or more")
    ids = source.encode(sentence)
    tokens, fed = target.vocabulary.tokens, SOS_ID
    steps: list[DecodingStep] = []
    with evaluation_mode(model):
        encoded = model.encoder(torch.tensor([ids], device=model.device), torch.tensor([len(ids)]))
        state = model.decoder.start(encoded)
        while fed != EOS_ID and len(steps) <= default_limit(len(ids)):
            logits, state = model.decoder.step(torch.tensor([fed], device=model.device), state)
            best, numbers = logits[0].softmax(dim=0).topk(min(shown, len(tokens)))
            likeliest = [
                (tokens[number], share) for number, share in zip(numbers.tolist(), best.tolist(), strict=True)
            ]
            weights = None if state.weights is None else state.weights[0].cpu()
            steps.append(DecodingStep(tokens[fed], weights, likeliest))
            fed = int(numbers[0])
    return steps
