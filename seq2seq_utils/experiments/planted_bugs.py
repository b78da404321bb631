"""Ten bugs that raise no error, each planted in one piece of a program that is sound without it.

A program is a model and the code around it: what feeds it, the loss, what is reported, how it translates and
how its map is drawn. Each bug exchanges one piece, and the two differ in a line or so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from seq2seq_utils.batching import Batch, IdPair, batches_by_length, make_batch
from seq2seq_utils.evaluation.audit import Adapter, greedy_ids, seq2seq_adapter, without_padding
from seq2seq_utils.models import (
    AttentionDecoder,
    BahdanauAttention,
    Encoded,
    RecurrentEncoder,
    Seq2Seq,
    evaluation_mode,
)
from seq2seq_utils.models.layers import check_ids, check_lengths, without_layer, word_mask
from seq2seq_utils.text import EOS_ID, PAD_ID
from seq2seq_utils.translation import states_along

EMBEDDING_SIZE, HIDDEN_SIZE, DROPOUT = 48, 96, 0.1
_TOGETHER = 32  # sentences in a batch where nothing is trained

Ids = Sequence[Sequence[int]]


# ------------------------------------------------------------------------------------- a sound program
@dataclass(frozen=True, kw_only=True)
class Program:
    """A model and the code around it, in pieces that can be exchanged.

    Args:
        make: from the sizes of the source's and of the target's vocabulary an untrained model.
        feed: to a model a batch: the scores of every next token, (batch, target_len, vocabulary size).
        losses: of these scores and of the tokens to be predicted, (batch, target_len): the loss of each token
            that counts, in nats, (tokens,).
        average: of the losses of each batch of a set, each (tokens,): the loss that is reported.
        translate: by a model source ids: the ids of the translations.
        rows: of the weights of each step, (batch, target_len + 1, source_len), fed SOS y₁ … yₙ EOS: those
            that are drawn beside y₁ … yₙ EOS, (batch, target_len, source_len).
    """

    make: Callable[[int, int], Seq2Seq]
    feed: Callable[[Seq2Seq, Batch], Tensor]
    losses: Callable[[Tensor, Tensor], Tensor]
    average: Callable[[Sequence[Tensor]], Tensor]
    translate: Callable[[Seq2Seq, Ids], list[list[int]]]
    rows: Callable[[Tensor], Tensor]

    def loss(self, model: Seq2Seq, batch: Batch) -> Tensor:
        """The loss trained by: the mean of what counts in a batch."""
        return self.losses(self.feed(model, batch), batch.target_output).mean()

    @torch.no_grad()
    def reported_loss(self, model: Seq2Seq, pairs: Sequence[IdPair]) -> float:
        """The loss reported over a set, similar lengths together, in nats per token."""
        batches = batches_by_length(pairs, _TOGETHER)
        with evaluation_mode(model):
            losses = [self.losses(self.feed(model, batch), batch.target_output) for batch in batches]
        return float(self.average(losses))

    @torch.no_grad()
    def map_rows(self, model: Seq2Seq, batch: Batch) -> Tensor:
        """The weights drawn beside the words of a batch and EOS, (batch, target_len, source_len)."""
        fed = torch.cat([batch.target_input[:, :1], batch.target_output], dim=1)  # SOS y₁ … yₙ EOS
        with evaluation_mode(model):
            states = states_along(model, batch.source, batch.source_lengths, fed)
            steps = torch.stack([state.weights for state in states], dim=1)
        return self.rows(steps)

    def adapter(self, model: Seq2Seq) -> Adapter:
        """The adapter through which this program is audited: its own pieces do the work."""
        of_series = seq2seq_adapter(model)

        def scores(pairs: Sequence[IdPair]) -> list[Tensor]:
            batch = make_batch(pairs)
            return without_padding(self.feed(model, batch), batch)

        def weights(pairs: Sequence[IdPair]) -> list[Tensor]:
            batch = make_batch(pairs)
            return without_padding(self.map_rows(model, batch), batch)

        return replace(
            of_series,
            scores=scores,
            translate=partial(self.translate, model),
            loss=lambda pairs: self.loss(model, make_batch(pairs)),
            reported_loss=partial(self.reported_loss, model),
            weights=None if of_series.weights is None else weights,
        )


def make_model(
    source_size: int,
    target_size: int,
    encoder_class: type[RecurrentEncoder] = RecurrentEncoder,
    attention_class: type[BahdanauAttention] = BahdanauAttention,
) -> Seq2Seq:
    """A small attention model, put together from parts that can be exchanged.

    Args:
        source_size: of the source's vocabulary.
        target_size: of the target's.
        encoder_class: what makes the encoder.
        attention_class: what makes the attention.
    """
    encoder = encoder_class(
        source_size, EMBEDDING_SIZE, HIDDEN_SIZE // 2, bidirectional=True, dropout=DROPOUT
    )
    attention = attention_class(HIDDEN_SIZE, encoder.annotation_size, HIDDEN_SIZE)
    decoder = AttentionDecoder(
        target_size, EMBEDDING_SIZE, HIDDEN_SIZE, encoder.annotation_size, attention, dropout=DROPOUT
    )
    return Seq2Seq(encoder, decoder)


def feed(model: Seq2Seq, batch: Batch) -> Tensor:
    """The scores of every next token, the decoder fed the true one before it."""
    logits: Tensor = model(batch.source, batch.source_lengths, batch.target_input)
    return logits


def losses_that_count(logits: Tensor, expected: Tensor) -> Tensor:
    """The loss of each word and of EOS; padding does not count."""
    losses = nn.functional.cross_entropy(logits.transpose(1, 2), expected, reduction="none")
    return losses[expected != PAD_ID]


def average(batches: Sequence[Tensor]) -> Tensor:
    """The mean over all tokens of all batches."""
    return torch.cat(list(batches)).mean()


def translate(model: Seq2Seq, sources: Ids) -> list[list[int]]:
    """Greedy translations, the sentences sorted by length for the search."""
    was_training = model.training
    model.eval()
    order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
    found = search(model, [sources[row] for row in order])
    model.train(was_training)
    return [found[order.index(row)] for row in range(len(sources))]


def search(model: Seq2Seq, sources: Ids) -> list[list[int]]:
    """Greedy search, batch by batch."""
    found: list[list[int]] = []
    for start in range(0, len(sources), _TOGETHER):
        found += greedy_ids(model, sources[start : start + _TOGETHER])
    return found


def rows_of_words_written(steps: Tensor) -> Tensor:
    """Beside each word the weights of the step that wrote it."""
    return steps[:, :-1]


SOUND = Program(
    make=make_model,
    feed=feed,
    losses=losses_that_count,
    average=average,
    translate=translate,
    rows=rows_of_words_written,
)


# --------------------------------------------------------------------------- ten pieces, each with a bug
class UnmaskedAttention(BahdanauAttention):
    """Padding gets weights, too."""

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """As in `BahdanauAttention`, but for the weights."""
        energies = torch.tanh(self.W_a(hidden)[:, None] + prepared) @ self.v_a  # (batch, source_len)
        weights = energies.softmax(dim=1)  # (batch, source_len)
        context = (weights[:, :, None] * encoded.annotations).sum(dim=1)  # (batch, annotation_size)
        return context, weights


class MaskedAfterwards(BahdanauAttention):
    """Padding loses its weights after the softmax, which the words have then lost, too."""

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """As in `BahdanauAttention`, but for the weights."""
        energies = torch.tanh(self.W_a(hidden)[:, None] + prepared) @ self.v_a  # (batch, source_len)
        weights = energies.softmax(dim=1) * encoded.mask  # (batch, source_len)
        context = (weights[:, :, None] * encoded.annotations).sum(dim=1)  # (batch, annotation_size)
        return context, weights


class UnpackedEncoder(RecurrentEncoder):
    """It reads padding as if it were words: forward after the sentence, backward before it."""

    def forward(self, source: Tensor, source_lengths: Tensor) -> Encoded:
        """As in `RecurrentEncoder`, but without packing."""
        check_ids("source", source, self.embedding.weight.shape[0])
        check_lengths(source, source_lengths)
        embedded = self.dropout(self.embedding(source))  # (batch, source_len, embedding_size)
        annotations, state = self.rnn(embedded)
        last = without_layer(state, 2 if self.bidirectional else 1)
        return Encoded(self.dropout(annotations), last, word_mask(source, source_lengths))


def feed_the_next_word(model: Seq2Seq, batch: Batch) -> Tensor:
    """Each word is predicted from itself: what is fed is not shifted."""
    logits: Tensor = model(batch.source, batch.source_lengths, batch.target_output)
    return logits


def losses_without_eos(logits: Tensor, expected: Tensor) -> Tensor:
    """Words alone count."""
    losses = nn.functional.cross_entropy(logits.transpose(1, 2), expected, reduction="none")
    return losses[expected > EOS_ID]


def losses_with_padding(logits: Tensor, expected: Tensor) -> Tensor:
    """Padding counts as words do."""
    losses = nn.functional.cross_entropy(logits.transpose(1, 2), expected, reduction="none")
    return losses.flatten()


def average_of_batch_means(batches: Sequence[Tensor]) -> Tensor:
    """Each batch counts as much as any other, however few tokens it has."""
    return torch.stack([losses.mean() for losses in batches]).mean()


def translate_with_dropout(model: Seq2Seq, sources: Ids) -> list[list[int]]:
    """Dropout stays as training left it: on."""
    was_training = model.training
    order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
    found = search(model, [sources[row] for row in order])
    model.train(was_training)
    return [found[order.index(row)] for row in range(len(sources))]


def translate_in_sorted_order(model: Seq2Seq, sources: Ids) -> list[list[int]]:
    """The translations come in the order of the lengths."""
    was_training = model.training
    model.eval()
    order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
    found = search(model, [sources[row] for row in order])
    model.train(was_training)
    return found


def rows_of_words_fed(steps: Tensor) -> Tensor:
    """Beside each word the weights of the step that it was fed to, in which the next word was written."""
    return steps[:, 1:]


# ------------------------------------------------------------------------------------------- the bugs
Place = Literal["model", "training", "reporting", "translating", "drawing"]


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A bug, and the program that has it.

    Args:
        name: short, for tables.
        place: what has the bug: ``"model"``, ``"training"``, ``"reporting"``, ``"translating"`` or
            ``"drawing"``.
        caught_by: the check of the audit that is meant for it; others may fail, too.
        sound: the piece as it should be, to be read beside `planted`.
        planted: the piece with the bug.
        program: the sound one with this piece exchanged.
    """

    name: str
    place: Place
    caught_by: str
    sound: Callable[..., Any]
    planted: Callable[..., Any]
    program: Program

    @property
    def changes_training(self) -> bool:
        """Whether a model has to be trained with it; otherwise that of the sound program serves."""
        return self.place in ("model", "training")


def _in_attention(name: str, caught_by: str, planted: type[BahdanauAttention]) -> Bug:
    program = replace(SOUND, make=partial(make_model, attention_class=planted))
    return Bug(
        name=name,
        place="model",
        caught_by=caught_by,
        sound=BahdanauAttention.forward,
        planted=planted.forward,
        program=program,
    )


def _in_code(name: str, place: Place, caught_by: str, piece: str, planted: Callable[..., Any]) -> Bug:
    program = replace(SOUND, **{piece: planted})
    sound = getattr(SOUND, piece)
    return Bug(name=name, place=place, caught_by=caught_by, sound=sound, planted=planted, program=program)


_BUGS = (
    _in_attention("no mask", "weights sum to 1, none on padding", UnmaskedAttention),
    _in_attention("mask after the softmax", "weights sum to 1, none on padding", MaskedAfterwards),
    Bug(
        name="no packing",
        place="model",
        caught_by="alone = in a batch",
        sound=RecurrentEncoder.forward,
        planted=UnpackedEncoder.forward,
        program=replace(SOUND, make=partial(make_model, encoder_class=UnpackedEncoder)),
    ),
    _in_code("EOS not trained", "training", "EOS is trained", "losses", losses_without_eos),
    _in_code("PAD in the loss", "training", "padding is not in the loss", "losses", losses_with_padding),
    _in_code("the next word is fed", "training", "no look into the future", "feed", feed_the_next_word),
    _in_code(
        "a mean of batch means",
        "reporting",
        "the reported loss is per token",
        "average",
        average_of_batch_means,
    ),
    _in_code(
        "dropout left on",
        "translating",
        "dropout is off, the mode restored",
        "translate",
        translate_with_dropout,
    ),
    _in_code(
        "order lost", "translating", "translations keep the order", "translate", translate_in_sorted_order
    ),
    _in_code("rows one off", "drawing", "weights beside their words", "rows", rows_of_words_fed),
)
BUGS = {bug.name: bug for bug in _BUGS}

# Two of them at once, with which notebook 8 begins.
CARELESS = replace(
    SOUND, make=partial(make_model, encoder_class=UnpackedEncoder, attention_class=UnmaskedAttention)
)
