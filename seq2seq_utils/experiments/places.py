"""What becomes of a noun, by its place in the sentence: is it said, and how far does it move the vector?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from statistics import mean
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import pdist

from seq2seq_utils.batching import encode_pairs, make_batch, pad
from seq2seq_utils.experiments.experiment import Trained
from seq2seq_utils.experiments.lengths import WHOLE_WORLD, corpus
from seq2seq_utils.experiments.over_runs import with_ends
from seq2seq_utils.experiments.stored import Results
from seq2seq_utils.grammar import LENGTH_BUCKETS, generate, lexicon, tokenizer
from seq2seq_utils.models import evaluation_mode
from seq2seq_utils.pairs import SentencePair

PLACES = ("first three words", "in between", "last three words")
NOUNS = {form for noun in lexicon.NOUNS for form in noun.english}
# People and animals in the singular: where one of them stands, the next one may stand as well.
TO_SWAP = ("king", "queen", "girl", "boy", "doctor", "soldier", "cat", "dog", "horse", "bird")
SENTENCES = 1_000  # of each bucket, to look for such nouns in


def place_of(column: int, words: int) -> str:
    """Where a word stands.

    Args:
        column: counted from 0.
        words: how many the sentence has, without its full stop.
    """
    return PLACES[0] if column < 3 else PLACES[2] if column >= words - 3 else PLACES[1]


def measure_places(
    trained: Trained, buckets: Sequence[tuple[int, int]] = LENGTH_BUCKETS
) -> list[dict[str, Any]]:
    """For each group of lengths and each place `nouns_said` and `vector_moved`, in one record."""
    return [
        {"shortest": shortest, "longest": longest, "place": place, **nouns, **moved}
        for shortest, longest in buckets
        for (place, nouns), moved in zip(
            nouns_said(trained, sentences_of(shortest, longest)).items(),
            (
                vector_moved(trained, *swapped_nouns(shortest, longest, place), tokens_of(shortest, longest))
                for place in PLACES
            ),
            strict=True,
        )
    ]


# ---------------------------------------------------------------------------- is the noun said?
@torch.no_grad()
def nouns_said(trained: Trained, pairs: Sequence[SentencePair]) -> dict[str, dict[str, float]]:
    """Fed the true words before it, is a noun's translation the likeliest word?

    Returns:
        For each place `nouns`, how many stand there, and `right`, how many of them are said, in %.
    """
    batch = make_batch(encode_pairs(pairs, *trained.codecs))
    with evaluation_mode(trained.model):
        logits = trained.model(batch.source, batch.source_lengths, batch.target_input)
    is_right = logits.argmax(dim=2) == batch.target_output  # (batch, target_len)
    found: dict[str, list[bool]] = {place: [] for place in PLACES}
    for row, pair in enumerate(pairs):
        if pair.alignment is None:
            raise ValueError(f"pairs: {pair.source!r} has no alignment")
        words = pair.alignment.source_words
        for column, target in pair.alignment.sure:
            if words[column] in NOUNS:
                found[place_of(column, len(words) - 1)].append(bool(is_right[row, target]))
    return {
        place: {"nouns": len(right), "right": 100 * sum(right) / max(len(right), 1)}
        for place, right in found.items()
    }


@cache
def sentences_of(shortest: int, longest: int) -> list[SentencePair]:
    """Sentences of these lengths, none of them in a training or validation set."""
    seen = [pair for longest_seen in WHOLE_WORLD.longest for part in corpus(longest_seen) for pair in part]
    return generate("french", SENTENCES, (shortest, longest), seed=77, exclude=seen)


def tokens_of(shortest: int, longest: int) -> list[list[str]]:
    """The tokens of these sentences."""
    return [tokenizer("english").tokenize(pair.source) for pair in sentences_of(shortest, longest)]


# ------------------------------------------------------------------------ how far does it move the vector?
@cache
def swapped_nouns(shortest: int, longest: int, place: str) -> tuple[list[list[str]], list[list[str]]]:
    """Sentences with a noun to swap at this place, as tokens, and the same with another noun there."""
    before, after = [], []
    for tokens in tokens_of(shortest, longest):
        here = [c for c, t in enumerate(tokens) if t in TO_SWAP and place_of(c, len(tokens) - 1) == place]
        if here:
            column = here[0]
            other = TO_SWAP[(TO_SWAP.index(tokens[column]) + 1) % len(TO_SWAP)]
            before.append(tokens)
            after.append([*tokens[:column], other, *tokens[column + 1 :]])
    return before, after


def vector_moved(
    trained: Trained,
    before: Sequence[Sequence[str]],
    after: Sequence[Sequence[str]],
    group: Sequence[Sequence[str]],
) -> dict[str, float]:
    """How far one noun moves the context vector, against the distance between two different sentences.

    Args:
        trained: a model whose encoder hands one vector over.
        before: sentences, as tokens.
        after: the same with a noun replaced.
        group: sentences of these lengths, two or more; those swapped at any place are measured by them.

    Returns:
        `swapped`, how many sentences there are, and `moved`, the mean distance from `before` to `after`
        divided by the mean distance between two of `group`; 0 where none is swapped.
    """
    if not before:
        return {"swapped": 0, "moved": 0.0}
    distances = (context_vectors(trained, after) - context_vectors(trained, before)).norm(dim=1)
    moved = distances.mean() / pdist(context_vectors(trained, group)).mean()
    return {"swapped": len(before), "moved": moved.item()}


@torch.no_grad()
def context_vectors(trained: Trained, sentences: Sequence[Sequence[str]]) -> Tensor:
    """The last states of the encoder, (sentences, hidden_size)."""
    ids, lengths = pad([trained.source_codec.vocabulary.encode(tokens) for tokens in sentences])
    with evaluation_mode(trained.model):
        state = trained.model.encoder(ids, lengths).state
    if not isinstance(state, Tensor):
        raise ValueError("trained: its encoder does not hand one vector over")
    return state


# ---------------------------------------------------------------------------------------- of stored runs
def values_at(results: Results, arm: str, measured: str, place: str, shortest: int) -> list[float]:
    """What was measured at one place in one group of lengths, a number for each run of an arm, by seed.

    Args:
        results: runs that `measure_places` measured, as ``"by_place"``.
        arm: its name.
        measured: ``"right"`` or ``"moved"``.
        place: one of `PLACES`.
        shortest: the words of the shortest sentence of the group.

    Raises:
        ValueError: if there is no such run, place or group.
    """
    values = [
        record[measured]
        for run in results.of(arm)
        for record in run["measured"]["by_place"]
        if record["place"] == place and record["shortest"] == shortest
    ]
    if not values:
        raise ValueError(f"place, shortest: nothing was measured at {place!r} in a group from {shortest!r}")
    return values


def by_place(
    results: Results,
    arms: Sequence[str],
    measured: str,
    shortest: Sequence[int] = (8, 16, 26),
    spans: bool = False,
) -> pd.DataFrame:
    """The mean of the runs: a row for each arm and group of lengths, and a column for each place.

    Args:
        results: see `values_at`.
        arms: which, in this order.
        measured: see `values_at`.
        shortest: the words of the shortest sentence of each group.
        spans: whether the lowest and the highest run stand behind the mean, as text: ``"79 (72 to 86)"``.
    """
    rows: dict[tuple[str, str], dict[str, float | str]] = {}
    for arm, low in product(arms, shortest):
        row = rows[arm, f"{low}–{dict(LENGTH_BUCKETS)[low]}"] = {}
        for place in PLACES:
            values = values_at(results, arm, measured, place, low)
            row[place] = with_ends(mean(values), min(values), max(values), 0) if spans else mean(values)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["arm", "words"])
