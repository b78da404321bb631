"""How much gradient reaches a word of the source, and the models that are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn

from seq2seq_utils.batching import encode_pairs, make_batch
from seq2seq_utils.experiments.places import NOUNS
from seq2seq_utils.experiments.stored import Results
from seq2seq_utils.grammar import generate
from seq2seq_utils.models import RecurrentEncoder, Seq2Seq, open_gates, plain_model
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import seed_everything

WORDS = 20  # of each sentence, without its full stop
SENTENCES = 64
EMBEDDING, HIDDEN = 64, 224  # sizes, as in the models of notebook 4
OPEN = 2.0  # see `open_gates`
UNTRAINED = {  # the cell, by the name of the model
    "RNN": "rnn",
    "RNN, orthogonal": "rnn",
    "LSTM": "lstm",
    "GRU": "gru",
    "GRU, gates open": "gru",
}


class Probe(NamedTuple):
    """A pair with a noun among its first words and another among its last.

    Of each noun the place in the source and that of its translation, both counted from 0.
    """

    pair: SentencePair
    first: tuple[int, int]
    last: tuple[int, int]


class Norms(NamedTuple):
    """Mean norms of a gradient: at the first 20 source words, and at the first and at the last noun."""

    by_place: list[float]
    first: float
    last: float


@lru_cache(maxsize=1)
def probes() -> list[Probe]:
    """Sentences of 20 words without a comma: a noun among the first three, and one among the last three."""
    found = []
    for pair in generate("french", 1_000, lengths=(WORDS, WORDS), seed=5):
        assert pair.alignment is not None
        source = pair.alignment.source_words
        links = [link for link in sorted(pair.alignment.sure) if source[link[0]] in NOUNS]
        if len(source) == WORDS + 1 and links[0][0] <= 2 and links[-1][0] >= len(source) - 4:
            found.append(Probe(pair, links[0], links[-1]))
    return found[:SENTENCES]


def untrained(name: str, source_vocabulary_size: int, target_vocabulary_size: int) -> Seq2Seq:
    """A model with the weights that chance gives it, the same ones each time.

    Args:
        name: one of `UNTRAINED`. ``"RNN, orthogonal"`` has recurrent matrices that keep the length of what
            passes through them; ``"GRU, gates open"`` a bias of 2 at its update gate (see `open_gates`).
        source_vocabulary_size: number of source tokens.
        target_vocabulary_size: number of target tokens.

    Raises:
        ValueError: if there is no such model.
    """
    if name not in UNTRAINED:
        raise ValueError(f"name: {name!r} is not one of {', '.join(UNTRAINED)}")
    seed_everything(0)
    sizes = source_vocabulary_size, target_vocabulary_size
    model = plain_model(*sizes, EMBEDDING, HIDDEN, UNTRAINED[name])
    if name.endswith("orthogonal"):
        for part in model.modules():
            if isinstance(part, nn.RNN):
                nn.init.orthogonal_(part.get_parameter("weight_hh_l0"))
    if name.endswith("open"):
        open_gates(model, OPEN)
    return model


def gradient_norms(
    model: Seq2Seq, codecs: tuple[TextCodec, TextCodec], asked: Sequence[Probe], translating: str = "first"
) -> Norms:
    """Follows the log probability of one noun's translation back to the vectors of the source words.

    The decoder is fed the truth. The norm of the gradient at a word's vector says how strongly a small change
    of that vector would be felt in the log probability.

    Args:
        model: with an encoder that looks word vectors up.
        codecs: of the source and of the target.
        asked: the sentences.
        translating: which noun's translation: ``"first"`` or ``"last"``.

    Raises:
        ValueError: if `translating` is neither, or the model has another encoder.
    """
    if translating not in ("first", "last"):
        raise ValueError(f"translating: {translating!r} is neither 'first' nor 'last'")
    if not isinstance(model.encoder, RecurrentEncoder):
        raise ValueError("model: its encoder looks up no word vectors whose gradient could be followed")
    batch = make_batch(encode_pairs([probe.pair for probe in asked], *codecs))
    rows = torch.arange(len(asked))
    with vectors_kept(model.encoder.embedding) as vectors:
        logits = model(batch.source, batch.source_lengths, batch.target_input)
    word = rows, torch.tensor([getattr(probe, translating)[1] for probe in asked])
    log_probability = logits.log_softmax(dim=2)[*word, batch.target_output[word]]  # (sentences,)
    (gradient,) = torch.autograd.grad(log_probability.sum(), vectors)
    norms = gradient.norm(dim=2)  # (sentences, source_len)
    first, last = torch.tensor([(probe.first[0], probe.last[0]) for probe in asked]).unbind(dim=1)
    by_place = norms[:, :WORDS].mean(dim=0).tolist()
    return Norms(by_place, norms[rows, first].mean().item(), norms[rows, last].mean().item())


@torch.no_grad()
def update_gates(model: Seq2Seq, source_codec: TextCodec, asked: Sequence[Probe]) -> Tensor:
    """The update gates z of a GRU encoder while it reads the first 20 words: (20, sentences, hidden_size).

    Args:
        model: with an encoder of one layer that reads forwards.
        source_codec: of the source.
        asked: the sentences.

    Raises:
        ValueError: if its encoder is not such a GRU.
    """
    encoder = model.encoder
    if not isinstance(encoder, RecurrentEncoder) or not isinstance(encoder.rnn, nn.GRU):
        raise ValueError("model: its encoder is no GRU")
    if encoder.rnn.num_layers > 1 or encoder.rnn.bidirectional:
        raise ValueError("model: its encoder has more than one layer or direction")
    ids = torch.tensor([source_codec.encode(probe.pair.source)[:WORDS] for probe in asked])
    vectors = encoder.embedding(ids)  # (sentences, 20, embedding_size)
    states, _ = encoder.rnn(vectors)
    before = torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], dim=1)
    weight_ih, weight_hh, bias_ih, bias_hh = (
        encoder.rnn.get_parameter(f"{name}_l0") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    into_sigmoid = vectors @ weight_ih.T + bias_ih + before @ weight_hh.T + bias_hh
    z: Tensor = into_sigmoid.chunk(3, dim=2)[1].sigmoid()  # PyTorch's order is r, z, n
    return z.transpose(0, 1)


def reached(model: Seq2Seq, codecs: tuple[TextCodec, TextCodec]) -> dict[str, Any]:
    """What of `gradient_norms` and of `update_gates` is stored of a run, measured with `probes`.

    Returns:
        For ``"first"`` and for ``"last"``, the noun that is translated, the mean norms at the first noun,
        at the last noun, and at word 20; then ``"z"``, the mean update gate, and ``"z_high"``, how many of
        the update gates are above 0.9, in %.
    """
    asked = probes()
    found: dict[str, Any] = {}
    for translating in ("first", "last"):
        norms = gradient_norms(model, codecs, asked, translating)
        found[translating] = {
            "at_first": norms.first,
            "at_last": norms.last,
            "at_word_20": norms.by_place[-1],
        }
    z = update_gates(model, codecs[0], asked)
    return {**found, "z": z.mean().item(), "z_high": 100 * (z > 0.9).double().mean().item()}


def ratios(found: Mapping[str, Any]) -> dict[str, float]:
    """What `reached` found of one model, as ratios of norms.

    Args:
        found: what it returned.

    Returns:
        ``"noun / word 20"``, the norm at the first noun, divided by that at word 20, while the noun is
        translated; ``"first noun"`` and ``"last noun"``, the norm at it, divided by that at the other one,
        while it is translated; ``"mean z"``; and ``"z above 0.9 (%)"``. Both norms of a ratio belong to one
        translation: how sure a model is of a word scales all gradients of that word alike.
    """
    first, last = found["first"], found["last"]
    return {
        "noun / word 20": first["at_first"] / first["at_word_20"],
        "first noun": first["at_first"] / first["at_last"],
        "last noun": last["at_last"] / last["at_first"],
        "mean z": found["z"],
        "z above 0.9 (%)": found["z_high"],
    }


def of_runs(results: Results, arms: Mapping[str, str]) -> pd.DataFrame:
    """What `reached` found in stored runs, as `ratios`: a row for each, by arm and seed.

    Args:
        results: runs with ``"gradients"``.
        arms: which, and what to call each in the table.
    """
    rows = {
        (called, run["seed"]): ratios(run["measured"]["gradients"])
        for arm, called in arms.items()
        for run in results.of(arm)
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.names = ["gates", "seed"]
    return table


def mean_place(asked: Sequence[Probe]) -> float:
    """Where the first noun stands on average, counted from 1."""
    return 1 + sum(probe.first[0] for probe in asked) / len(asked)


@contextmanager
def vectors_kept(embedding: nn.Module) -> Iterator[list[Tensor]]:
    """Within it each output of the layer is added to the list that it gives."""
    kept: list[Tensor] = []
    hook = embedding.register_forward_hook(lambda layer, ids, output: kept.append(output))
    try:
        yield kept
    finally:
        hook.remove()
