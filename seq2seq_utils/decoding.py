"""Search: model and sentences in, translations out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq_utils.batching import pad
from seq2seq_utils.models import Seq2Seq, evaluation_mode, select_rows
from seq2seq_utils.text import EOS_ID, SOS_ID, TextCodec


@dataclass(frozen=True, slots=True)
class Translation:
    """One translated sentence."""

    text: str
    ids: tuple[int, ...]  # without SOS and EOS
    reached_end: bool  # False: the limit came before EOS, and the sentence may go on


def default_limit(source_length: int) -> int:
    """How many tokens a translation may have: it depends on its own source sentence alone."""
    return 2 * source_length + 30


@torch.no_grad()
def greedy(
    model: Seq2Seq, source: Tensor, source_lengths: Tensor, limits: Sequence[int]
) -> list[tuple[list[int], bool]]:
    """The likeliest token at every step, fed back at the next, until EOS, row by row.

    Args:
        model: in evaluation mode.
        source: ids, (batch, source_len).
        source_lengths: (batch,).
        limits: the most tokens for each row, EOS not counted.

    Returns:
        For each row its ids, without SOS and EOS, and whether EOS came within the limit.

    Raises:
        ValueError: if there is not one limit for each row.
    """
    if len(limits) != len(source):
        raise ValueError(f"limits: {len(limits)}, but source has {len(source)} rows")
    state = model.decoder.start(model.encoder(source, source_lengths))
    token = torch.full_like(source[:, 0], SOS_ID)  # (batch,)
    said: list[list[int]] = [[] for _ in limits]
    going = list(range(len(limits)))  # the rows still being written; the others are no longer in the batch
    while going:
        logits, state = model.decoder.step(token, state)
        token = logits.argmax(dim=1)  # (rows going,)
        for row, id in zip(going, token.tolist(), strict=True):
            said[row].append(id)
        # One step beyond the limit, so that an EOS right after the last allowed word is still seen.
        places = [
            place
            for place, row in enumerate(going)
            if said[row][-1] != EOS_ID and len(said[row]) <= limits[row]
        ]
        if len(places) < len(going):
            going = [going[place] for place in places]
            kept = torch.tensor(places, dtype=torch.long, device=token.device)
            token, state = token[kept], select_rows(state, kept)
    return [
        (ids[:-1], True) if ids[-1] == EOS_ID else (ids[:limit], False)
        for ids, limit in zip(said, limits, strict=True)
    ]


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
            for row, (said, reached_end) in zip(rows, found, strict=True):
                translations[row] = Translation(target.decode(said), tuple(said), reached_end)
    return [translations[row] for row in range(len(encoded))]
