"""Recipes for real sentences: sizes and settings that belong together, a quick one and a full one."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import torch

from seq2seq_utils.batching import encode_pairs, make_batch, make_loader
from seq2seq_utils.models import Seq2Seq, attention_model, count_parameters, open_gates, plain_model
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.text import SubwordTokenizer, TextCodec
from seq2seq_utils.training.loop import EarlyStopping, History, fit
from seq2seq_utils.training.loss import evaluate_loss

MODELS = ("attention", "plain")


@dataclass(frozen=True)
class Recipe:
    """How to train a model of real sentences.

    Args:
        pieces: how many subwords each language has.
        embedding_size: length of a piece's vector.
        hidden_size: length of the attention model's state.
        attention_size: see `BahdanauAttention`.
        dropout: see the models.
        label_smoothing: see `token_loss`.
        batch_size: sentences in a batch.
        epochs: how often each pair is seen.
        learning_rate: the highest.
        warmup: steps until then.
    """

    pieces: int
    embedding_size: int
    hidden_size: int
    attention_size: int
    dropout: float
    label_smoothing: float
    batch_size: int
    epochs: int
    learning_rate: float
    warmup: int


QUICK = Recipe(2000, 96, 128, 64, 0.1, 0.1, 64, 2, 5e-3, 100)
FULL = Recipe(4000, 256, 512, 256, 0.3, 0.1, 64, 10, 2e-3, 200)


def codecs(pairs: list[SentencePair], recipe: Recipe) -> tuple[TextCodec, TextCodec]:
    """Subwords of both languages, learned from the training pairs."""

    def codec(texts: list[str]) -> TextCodec:
        return TextCodec.build(SubwordTokenizer.train(texts, recipe.pieces), texts)

    return codec([pair.source for pair in pairs]), codec([pair.target for pair in pairs])


def make_model(kind: str, recipe: Recipe, source: TextCodec, target: TextCodec) -> Seq2Seq:
    """An untrained model.

    Args:
        kind: ``"attention"`` or ``"plain"``, whose state is so large that both have equally many parameters.
        recipe: its sizes.
        source: for the size of the vocabulary.
        target: likewise.

    Raises:
        ValueError: if `kind` is neither.
    """
    if kind not in MODELS:
        raise ValueError(f"kind: {kind!r} is not one of {', '.join(MODELS)}")
    sizes = len(source.vocabulary), len(target.vocabulary), recipe.embedding_size

    def attention() -> Seq2Seq:
        return attention_model(
            *sizes, recipe.hidden_size, attention_size=recipe.attention_size, dropout=recipe.dropout
        )

    if kind == "attention":
        return attention()
    with torch.device("meta"):  # shapes without numbers, to count them
        wanted = count_parameters(attention())
        hidden_size = bisect_left(
            range(4 * recipe.hidden_size),
            wanted,
            lo=1,
            key=lambda size: count_parameters(plain_model(*sizes, size)),
        )
    model = plain_model(*sizes, hidden_size, dropout=recipe.dropout)
    open_gates(model, 2.0)  # as in notebook 04
    return model


def train(
    model: Seq2Seq,
    splits: Splits,
    recipe: Recipe,
    source: TextCodec,
    target: TextCodec,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: str = "training",
) -> History:
    """Trains by a recipe; the model ends with the weights of the epoch whose validation loss is smallest.

    Args:
        model: trained in place, on the device it is on.
        splits: the first two are used.
        recipe: how.
        source: the codec of the sentences.
        target: the codec of the translations.
        seed: of the order of the sentences.
        checkpoint: see `fit`.
        progress: what to write beside the progress bar.

    Returns:
        The record, with the validation loss of each epoch: teacher-forced, per token, in nats.
    """
    loader = make_loader(encode_pairs(splits.train, source, target), recipe.batch_size, seed=seed)
    ids = sorted(encode_pairs(splits.validation, source, target), key=lambda pair: len(pair[1]))
    batches = [make_batch(ids[start : start + 128]) for start in range(0, len(ids), 128)]
    return fit(
        model,
        loader,
        recipe.epochs,
        recipe.learning_rate,
        measure=lambda trained: {"validation_loss": evaluate_loss(trained, batches)},
        progress=progress,
        label_smoothing=recipe.label_smoothing,
        warmup=recipe.warmup,
        stopping=EarlyStopping("validation_loss", patience=3),
        checkpoint=checkpoint,
    )
