"""Search: from the scores of single words to a whole translation, greedy or with a beam; ids in, ids out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.text import EOS_ID, SOS_ID


class Hypothesis(NamedTuple):
    """What a search found for one row of a batch."""

    ids: list[int]  # without SOS and EOS
    reached_end: bool
    # α, (steps, source_len): a row for each id, and one more for EOS. None from a model without attention.
    weights: Tensor | None


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
        ValueError: if there is not one limit for each row, or one is less than 0.
    """
    _check_limits(limits, source)
    state = model.decoder.start(model.encoder(source, source_lengths))
    token = torch.full_like(source[:, 0], SOS_ID)  # (batch,)
    predicted: list[list[int]] = [[] for _ in limits]
    weights: list[Tensor] = []  # of each step, (batch, source_len), with zeros for rows that have ended
    active = torch.arange(len(limits))  # the rows still being written; the others are no longer in the batch
    while len(active):
        logits, state = model.decoder.step(token, state)
        token = logits.argmax(dim=1)  # (active rows,)
        rows = active.tolist()
        for row, token_id in zip(rows, token.tolist(), strict=True):
            predicted[row].append(token_id)
        if state.weights is not None:
            of_all = state.weights.new_zeros(source.shape)
            weights.append(of_all.index_copy(0, active.to(source.device), state.weights))
        # One step beyond the limit, so that an EOS right after the last allowed word is still seen.
        goes_on = [predicted[row][-1] != EOS_ID and len(predicted[row]) <= limits[row] for row in rows]
        if not all(goes_on):
            kept = torch.tensor(goes_on).nonzero().squeeze(1)
            active, kept = active[kept], kept.to(token.device)
            token, state = token[kept], state.select(kept)
    of_rows = list(torch.stack(weights, dim=1).cpu()) if weights else [None] * len(predicted)
    return [
        _greedy_hypothesis(ids, limit, of_row)
        for ids, limit, of_row in zip(predicted, limits, of_rows, strict=True)
    ]


def _greedy_hypothesis(predicted: list[int], limit: int, weights: Tensor | None) -> Hypothesis:
    reached_end = predicted[-1] == EOS_ID
    steps = len(predicted) if reached_end else limit
    ids = predicted[:-1] if reached_end else predicted[:limit]
    return Hypothesis(ids, reached_end, None if weights is None else weights[:steps])


@torch.no_grad()
def beam_search(
    model: Seq2Seq,
    source: Tensor,
    source_lengths: Tensor,
    limits: Sequence[int],
    beam: int = 5,
    length_penalty: float = 1.0,
) -> list[Hypothesis]:
    """The best of several translations that are written side by side, sentence by sentence.

    At every step each of the `beam` unfinished translations is continued by every token. Of the best `beam`
    continuations, those by EOS are finished; the best `beam` of the others go on. A sentence is done when it
    has `beam` finished translations, or at its limit. Of the finished ones that with the highest log
    probability per token wins: without that division short ones would, since every further token costs.

    Args:
        model: in evaluation mode.
        source: ids, (batch, source_len).
        source_lengths: (batch,).
        limits: the most tokens for each row, EOS not counted.
        beam: how many translations of a sentence go on at a time; 1 is greedy search.
        length_penalty: the log probability is divided by the number of tokens, EOS counted, to this power.

    Returns:
        For each row the winner, as `greedy` gives it; unfinished only if nothing was finished in time.

    Raises:
        ValueError: if there is not one limit for each row, or a number is out of range.
    """
    _check_limits(limits, source)
    _check_settings(beam, length_penalty)
    active = torch.arange(len(source), device=source.device)  # the sentences still being written
    state = model.decoder.start(model.encoder(source, source_lengths))
    state = state.select(active.repeat_interleave(beam))  # row * beam + b is hypothesis b of a sentence
    totals = torch.full((len(source), beam), -torch.inf, device=source.device)  # log probabilities
    totals[:, 0] = 0  # at first all hypotheses are the same; only one of them counts
    ids = source.new_full((len(source), beam, 1), SOS_ID)  # (active, beam, steps + 1)
    weights: Tensor | None = None  # (active, beam, steps, source_len)
    finished: list[list[tuple[float, Hypothesis]]] = [[] for _ in limits]
    while len(active):
        logits, state = model.decoder.step(ids[:, :, -1].flatten(), state)
        continued = totals[:, :, None] + torch.unflatten(logits.log_softmax(dim=1), 0, (-1, beam))
        best, numbers = continued.flatten(1).topk(2 * beam)  # at most half of these are by EOS
        parents, tokens = numbers // logits.shape[1], numbers % logits.shape[1]
        weights = _with_newest(weights, state.weights, beam)
        steps = ids.shape[2]
        ends = (tokens[:, :beam] == EOS_ID) & best[:, :beam].isfinite()
        for row, rank in ends.nonzero().tolist():
            parent = int(parents[row, rank])
            of_parent = None if weights is None else weights[row, parent].cpu()
            score = best[row, rank].item() / steps**length_penalty
            finished[int(active[row])].append(
                (score, Hypothesis(ids[row, parent, 1:].tolist(), True, of_parent))
            )

        totals, chosen = best.masked_fill(tokens == EOS_ID, -torch.inf).topk(beam)
        parents, tokens = parents.gather(1, chosen), tokens.gather(1, chosen)  # (active, beam)
        done = []
        for row, sentence in enumerate(active.tolist()):
            at_limit = steps > limits[sentence]
            if at_limit and not finished[sentence]:
                of_row = None if weights is None else weights[row, 0, : limits[sentence]].cpu()
                finished[sentence].append((0.0, Hypothesis(ids[row, 0, 1:].tolist(), False, of_row)))
            done.append(at_limit or len(finished[sentence]) >= beam)

        kept = (~torch.tensor(done)).nonzero().squeeze(1).to(source.device)
        active, totals, parents, tokens = active[kept], totals[kept], parents[kept], tokens[kept]
        rows = kept[:, None]
        ids = torch.cat([ids[rows, parents], tokens[:, :, None]], dim=2)
        weights = None if weights is None else weights[rows, parents]
        state = state.select((rows * beam + parents).flatten())
    return [max(found, key=lambda scored: scored[0])[1] for found in finished]


def _with_newest(weights: Tensor | None, newest: Tensor | None, beam: int) -> Tensor | None:
    """The weights of all steps so far, those of the newest one added."""
    if newest is None:
        return None
    newest = torch.unflatten(newest, 0, (-1, beam))[:, :, None]  # (active, beam, 1, source_len)
    return newest if weights is None else torch.cat([weights, newest], dim=2)


def _check_limits(limits: Sequence[int], source: Tensor) -> None:
    if len(limits) != len(source):
        raise ValueError(f"limits: {len(limits)}, but source has {len(source)} rows")
    if limits and min(limits) < 0:
        raise ValueError(f"limits: {min(limits)} is not allowed; each must be 0 or more")


def _check_settings(beam: int, length_penalty: float) -> None:
    if beam < 1:
        raise ValueError(f"beam: {beam} is not allowed; it must be 1 or more")
    if length_penalty < 0:
        raise ValueError(f"length_penalty: {length_penalty} is not allowed; it must be 0 or more")
