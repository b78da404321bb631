"""Recipes for real sentences: sizes and settings that belong together, a quick one and a full one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seq2seq_utils.batching import PairDataset, RecutPairs, batches_by_length, encode_pairs, make_loader
from seq2seq_utils.encoding import IdPair, encode_flat
from seq2seq_utils.models import (
    Seq2Seq,
    attention_model,
    open_gates,
    parameters_of,
    plain_model,
    size_with,
    transformer_with,
)
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.text import SubwordTokenizer, TextCodec, Vocabulary, WordTokenizer
from seq2seq_utils.training.after_epoch import EarlyStopping, WeightAveraging
from seq2seq_utils.training.checkpoints import Checkpoint
from seq2seq_utils.training.fitting import Measure, fit
from seq2seq_utils.training.loop import AfterEpoch, History
from seq2seq_utils.training.loss import evaluate_loss
from seq2seq_utils.training.seeds import pick_device
from seq2seq_utils.training.settings import Settings

MODELS = ("attention", "plain", "transformer")
HEADS, LAYERS = 4, 2  # of the transformer; a recipe has the sizes of the other two


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train a model of real sentences.

    Args:
        pieces: how many subwords each language has.
        embedding_size: length of a piece's vector.
        hidden_size: length of the attention model's state.
        attention_size: see `BahdanauAttention`.
        encoder_size: see `attention_model`.
        encoder_layers: see `attention_model`.
        tied: see `AttentionDecoder` and `TransformerDecoder`; the plain model's word vectors are never tied.
        dropout: see the models.
        word_dropout: see `hide_words`.
        label_smoothing: see `token_loss`.
        batch_size: sentences in a batch.
        epochs: how often each pair is seen.
        learning_rate: the highest.
        warmup: steps until then.
        patience: how many epochs may pass without a smaller validation loss; the model ends with the weights
            of the epoch where it is smallest.
        averaged_epochs: if not 0, training goes on to its last epoch instead, and the model ends with the
            mean of the weights after so many epochs, the last ones.
        piece_dropout: the probability of a merge to be left out when a training sentence is cut into pieces,
            anew each time that it is seen (see `SubwordTokenizer.tokenize_with_dropout`).
        word_count: if not 0, words take the place of subwords: those that stand so often in the training
            sentences, or more often.
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
    word_dropout: float = 0.0
    encoder_size: int | None = None
    encoder_layers: int = 1
    tied: bool = False
    patience: int = 3
    averaged_epochs: int = 0
    piece_dropout: float = 0.0
    word_count: int = 0

    @property
    def settings(self) -> Settings:
        """What of it `fit` needs."""
        return Settings(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            warmup=self.warmup,
            label_smoothing=self.label_smoothing,
            word_dropout=self.word_dropout,
        )

    @property
    def end(self) -> AfterEpoch:
        """What decides with which weights the model ends."""
        if self.averaged_epochs:
            return WeightAveraging(self.averaged_epochs)
        return EarlyStopping("validation_loss", self.patience)


QUICK = Recipe(
    pieces=2000,
    embedding_size=96,
    hidden_size=128,
    attention_size=64,
    dropout=0.1,
    label_smoothing=0.1,
    batch_size=64,
    epochs=2,
    learning_rate=5e-3,
    warmup=100,
)
FULL = Recipe(  # chosen in `experiments.captions.SEARCH`
    pieces=4000,
    embedding_size=256,
    hidden_size=512,
    attention_size=256,
    tied=True,
    dropout=0.3,
    label_smoothing=0.1,
    batch_size=64,
    epochs=18,
    averaged_epochs=3,
    learning_rate=2e-3,
    warmup=400,
)


def codecs(pairs: list[SentencePair], recipe: Recipe, at_most: bool = False) -> tuple[TextCodec, TextCodec]:
    """Subwords, or words, of both languages, learned from the training pairs.

    Args:
        pairs: the training pairs.
        recipe: says how many subwords.
        at_most: see `SubwordTokenizer.train`.

    Raises:
        ValueError: if so many subwords cannot be learned from them.
    """

    def codec(texts: list[str]) -> TextCodec:
        if recipe.word_count:
            return TextCodec.build(WordTokenizer(), texts, recipe.word_count)
        tokenizer = SubwordTokenizer.train(texts, recipe.pieces, at_most)
        if recipe.piece_dropout:  # then pieces come up that no sentence has as it is
            return TextCodec(tokenizer, Vocabulary(tokenizer.pieces))
        return TextCodec.build(tokenizer, texts)

    return codec([pair.source for pair in pairs]), codec([pair.target for pair in pairs])


def attention_by_recipe(recipe: Recipe, source_vocabulary: int, target_vocabulary: int) -> Seq2Seq:
    """An untrained attention model of the recipe's sizes, for so many tokens of each language."""
    return attention_model(
        source_vocabulary,
        target_vocabulary,
        recipe.embedding_size,
        recipe.hidden_size,
        recipe.encoder_size,
        recipe.attention_size,
        dropout=recipe.dropout,
        encoder_layers=recipe.encoder_layers,
        tied=recipe.tied,
    )


def make_model(kind: str, recipe: Recipe, source: TextCodec, target: TextCodec) -> Seq2Seq:
    """An untrained model. All three have equally many parameters: those that the attention model has.

    Args:
        kind: ``"attention"``; ``"plain"``, whose state is as large as that needs; or ``"transformer"``, whose
            vectors are (see `transformer_with`).
        recipe: its sizes.
        source: for the size of the vocabulary.
        target: likewise.

    Raises:
        ValueError: if `kind` is none of these.
    """
    if kind not in MODELS:
        raise ValueError(f"kind: {kind!r} is not one of {', '.join(MODELS)}")
    vocabularies, embedding_size = (len(source.vocabulary), len(target.vocabulary)), recipe.embedding_size

    if kind == "attention":
        return attention_by_recipe(recipe, *vocabularies)
    parameters = parameters_of(lambda: attention_by_recipe(recipe, *vocabularies))
    if kind == "transformer":
        return transformer_with(parameters, *vocabularies, HEADS, LAYERS, recipe.dropout, recipe.tied)

    def plain(hidden_size: int) -> Seq2Seq:
        return plain_model(*vocabularies, embedding_size, hidden_size, dropout=recipe.dropout)

    model = plain(size_with(parameters, range(1, 4 * recipe.hidden_size), plain))
    open_gates(model, 2.0)  # as in notebook 04
    return model


def train_pairs(
    model: Seq2Seq,
    pairs: Sequence[SentencePair],
    codecs: tuple[TextCodec, TextCodec],
    settings: Settings,
    *,
    batch_size: int = 64,
    pool: int = 20,
    piece_dropout: float = 0.0,
    seed: int = 0,
    validation: Sequence[SentencePair] = (),
    measure: Measure | None = None,
    after_epoch: Sequence[AfterEpoch] = (),
    checkpoint: Checkpoint | None = None,
    progress: str = "training",
    device: str | None = None,
    ids: Sequence[IdPair] | None = None,
) -> History:
    """Trains on sentence pairs, as text: `fit` with the loader made and the device chosen.

    Args:
        model: trained in place; it is on the CPU afterwards.
        pairs: as text.
        codecs: of the sentences, and of the translations.
        settings: how.
        batch_size: sentences in a batch.
        pool: see `batching.BucketSampler`.
        piece_dropout: see `Recipe`.
        seed: of the order of the sentences.
        validation: pairs whose loss goes into the record of each epoch, as ``"validation_loss"``:
            teacher-forced, per token, in nats.
        measure: what else goes into it (see `fit`).
        after_epoch: see `fit`.
        checkpoint: see `fit`.
        progress: what to write beside the progress bar.
        device: where it is trained (see `pick_device`).
        ids: of the same pairs, where they have been encoded already.
    """
    if piece_dropout:
        dataset: PairDataset = RecutPairs(pairs, codecs, piece_dropout, seed)
    else:
        dataset = PairDataset(encode_flat(pairs, *codecs) if ids is None else ids)
    loader = make_loader(dataset, batch_size, pool, seed)
    batches = batches_by_length(encode_pairs(validation, *codecs), 128)

    def measure_all(model: Seq2Seq) -> Mapping[str, float]:
        loss = {"validation_loss": evaluate_loss(model, batches)} if batches else {}
        return loss if measure is None else {**loss, **measure(model)}

    history = fit(
        model.to(pick_device(device)),
        loader,
        settings,
        measure=measure_all,
        after_epoch=after_epoch,
        checkpoint=checkpoint,
        progress=progress,
    )
    model.cpu()
    return history


def train_by_recipe(
    model: Seq2Seq,
    splits: Splits,
    recipe: Recipe,
    codecs: tuple[TextCodec, TextCodec],
    seed: int = 0,
    checkpoint: Checkpoint | None = None,
    progress: str = "training",
    measure: Measure | None = None,
    device: str | None = None,
    ids: Sequence[IdPair] | None = None,
) -> History:
    """Trains by a recipe, which says with which weights the model ends.

    Args:
        model: see `train_pairs`.
        splits: the first two are used.
        recipe: sizes and settings.
        codecs: of the sentences, and of the translations.
        seed: of the order of the sentences.
        checkpoint: see `fit`.
        progress: what to write beside the progress bar.
        measure: what else than the validation loss goes into the record of each epoch (see `fit`).
        device: where it is trained (see `pick_device`).
        ids: see `train_pairs`.
    """
    return train_pairs(
        model,
        splits.train,
        codecs,
        recipe.settings,
        batch_size=recipe.batch_size,
        piece_dropout=recipe.piece_dropout,
        seed=seed,
        validation=splits.validation,
        measure=measure,
        after_epoch=[recipe.end],
        checkpoint=checkpoint,
        progress=progress,
        device=device,
        ids=ids,
    )
