"""Translating: model and sentences in, translations out; and looking at how they came to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq_utils.batching import make_batch, pad
from seq2seq_utils.corpus import SentencePair
from seq2seq_utils.models import Seq2Seq, evaluation_mode
from seq2seq_utils.search import beam_search, greedy, weights_of
from seq2seq_utils.text import EOS_ID, SOS_ID, TextCodec


@dataclass(frozen=True, slots=True)
class Translation:
    """One translated sentence."""

    text: str
    ids: tuple[int, ...]  # without SOS and EOS
    reached_end: bool  # False: the limit came before EOS, and the sentence may go on
    # α, (steps, source words): a row for each id, and one more for EOS. None from a model without attention.
    weights: Tensor | None = field(default=None, compare=False, repr=False)


class DecodingStep(NamedTuple):
    """One step of a translation, opened up."""

    fed: str  # the token before
    weights: Tensor | None  # α_i, (source words,)
    likeliest: list[tuple[str, float]]  # tokens and their probabilities, the likeliest first


def default_limit(source_length: int) -> int:
    """How many tokens a translation may have: it depends on its own source sentence alone."""
    return 2 * source_length + 30


def translate(
    model: Seq2Seq,
    sentences: Sequence[str],
    source: TextCodec,
    target: TextCodec,
    limit: int | None = None,
    batch_size: int = 128,
    beam: int = 1,
    length_penalty: float = 1.0,
) -> list[Translation]:
    """Translates sentences by greedy or beam search, in batches of similar length.

    Args:
        model: left in the mode, training or evaluation, that it was in.
        sentences: as text.
        source: the codec of their language.
        target: the codec of the translations.
        limit: the most tokens of a translation; by default what `default_limit` allows.
        batch_size: how many sentences at a time; it does not change any translation.
        beam: 1 is greedy search; more is `search.beam_search` with so many hypotheses a sentence.
        length_penalty: for beam search: see there.

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
            if beam == 1:
                found = greedy(model, ids.to(device), lengths, limits)
            else:
                found = beam_search(model, ids.to(device), lengths, limits, beam, length_penalty)
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
