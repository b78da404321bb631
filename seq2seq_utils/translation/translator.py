"""Translating: model and sentences in, translations out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from seq2seq_utils.batching import pad
from seq2seq_utils.models import Seq2Seq, evaluation_mode
from seq2seq_utils.text import TextCodec
from seq2seq_utils.translation.search import beam_search, greedy


@dataclass(frozen=True, slots=True)
class Translation:
    """One translated sentence."""

    text: str
    ids: tuple[int, ...]  # without SOS and EOS
    reached_end: bool  # False: the limit came before EOS, and the sentence may go on
    # α, (steps, source words): a row for each id, and one more for EOS. None from a model without attention.
    weights: Tensor | None = field(default=None, compare=False, repr=False)


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
    with evaluation_mode(model):
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            ids, lengths = pad([encoded[row] for row in rows])
            limits = [default_limit(len(encoded[row])) if limit is None else limit for row in rows]
            if beam == 1:
                found = greedy(model, ids.to(model.device), lengths, limits)
            else:
                found = beam_search(model, ids.to(model.device), lengths, limits, beam, length_penalty)
            for row, (predicted, reached_end, weights) in zip(rows, found, strict=True):
                if weights is not None:
                    weights = weights[:, : len(encoded[row])]
                text = target.decode(predicted)
                translations[row] = Translation(text, tuple(predicted), reached_end, weights)
    return [translations[row] for row in range(len(encoded))]
