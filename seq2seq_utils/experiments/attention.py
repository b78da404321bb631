"""Notebook 5: attention on the data and budgets of notebook 4, and the ladder that leads to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from torch import nn

from seq2seq_utils.batching import encode_pairs, make_batch
from seq2seq_utils.experiments.experiment import Claim, Experiment, Trained, search_of_rates
from seq2seq_utils.experiments.interventions import articles_exchanged, weights_taken_away
from seq2seq_utils.experiments.lengths import (
    PAIRS,
    SMALL_WORLD,
    TEST,
    WHOLE_WORLD,
    World,
    corpus,
    exact_match,
    held_out,
    measure_quality,
    train_on,
    training_pairs,
)
from seq2seq_utils.experiments.long_sentences import RATES
from seq2seq_utils.experiments.maps import measure_maps
from seq2seq_utils.experiments.other_weights import WeightsByPlace, WeightsOnce
from seq2seq_utils.models import Seq2Seq, attention_model
from seq2seq_utils.models.attention import AttentionDecoder
from seq2seq_utils.models.transformer import TransformerDecoder
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import TextCodec, count_words
from seq2seq_utils.training import Checkpoint, Settings
from seq2seq_utils.translation import states_along


@dataclass(frozen=True, kw_only=True)
class Arm:
    """An attention model, or a rung of the ladder to it, and the training that it gets.

    Args:
        epochs: how often each pair is seen; an epoch of 81,000 pairs has 633 steps.
        learning_rate: the highest.
        longest: the words of the longest training sentence.
        pairs: how many there are to train on (see `training_pairs`).
        hidden_size: length of the state, and of an annotation.
        attention_size: see `BahdanauAttention`; for the rungs of the ladder as large as the state.
        context: ``"attention"``, ``"mean"``, ``"fixed"`` or ``"none"`` (`attention_model`), ``"by place"``
            or ``"once"`` (`other_weights`).
        start_from: ``"backward"``, as in the paper, or ``"last"``.
        bidirectional: whether the encoder reads in both directions.
        small_world: whether there are fewer words, in sentences of up to 10.
        language: that it translates into.
    """

    epochs: int
    learning_rate: float = RATES[0]
    longest: int = 20
    pairs: int = PAIRS
    hidden_size: int = 128
    attention_size: int = 64
    context: str = "attention"
    start_from: str = "backward"
    bidirectional: bool = True
    small_world: bool = False
    language: str = "french"

    @property
    def world(self) -> World:
        """Whose sentences it is trained and tested on."""
        return SMALL_WORLD if self.small_world else WHOLE_WORLD

    def make(self, source_vocabulary_size: int, target_vocabulary_size: int) -> Seq2Seq:
        """An untrained model."""
        other = self.context in ("by place", "once")
        model = attention_model(
            source_vocabulary_size,
            target_vocabulary_size,
            embedding_size=64,
            hidden_size=self.hidden_size,
            attention_size=self.attention_size,
            context="mean" if other else self.context,
            start_from=self.start_from,
            bidirectional=self.bidirectional,
        )
        decoder = model.decoder
        if other and isinstance(decoder, AttentionDecoder):
            size = decoder.annotation_size
            by_place = self.context == "by place"
            decoder.context = WeightsByPlace(size) if by_place else WeightsOnce(size, self.attention_size)
        return model


def train(arm: Arm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training") -> Trained:
    """Trains one arm of the comparison with the plain model, or of the ladder."""
    return train_on(
        training_pairs(arm.pairs, arm.longest, arm.world, arm.language),
        corpus(arm.longest, arm.world, arm.language).validation,
        arm.make,
        Settings(epochs=arm.epochs, learning_rate=arm.learning_rate),
        seed,
        language=arm.language,
        checkpoint=checkpoint,
        progress=progress,
    )


def measure(trained: Trained, arm: Arm) -> dict[str, Any]:
    """Quality by length (see `lengths.measure_quality`), and of attention what `measure_maps` counts.

    Maps are those of test sentences no longer than the longest in training. Then, in the small world,
    ``"training_exact_match"``, exact match in % on the first 1,000 training pairs; in the whole world, with
    attention, ``"weights_taken_away"`` and, into French, ``"articles_exchanged"`` (see there), on the test
    sentences of up to 10 words; into another language the latter is empty.
    """
    measured = measure_quality(trained, arm.longest, arm.world, arm.language)
    test = held_out(arm.world, arm.language)
    if arm.context == "attention":
        measured |= measure_maps(trained, [pair for pair in test if count_words(pair.source) <= arm.longest])
    if arm.small_world:
        own = training_pairs(arm.pairs, arm.longest, arm.world, arm.language)[:1000]
        return {**measured, "training_exact_match": exact_match(trained.model, own, *trained.codecs)}
    if arm.context != "attention":
        return measured
    short = test[: 2 * TEST]
    return {
        **measured,
        "weights_taken_away": weights_taken_away(trained, short),
        "articles_exchanged": articles_exchanged(trained, short) if arm.language == "french" else [],
    }


def steps_in_sequence(
    model: Seq2Seq, pair: SentencePair, codecs: tuple[TextCodec, TextCodec], translating: bool = False
) -> int:
    """How many computations of the decoder wait for one another, for one sentence.

    Of an `AttentionDecoder` these are the runs of its gated unit, one for each word. Of a
    `TransformerDecoder` they are the runs of its layers: in training each runs once, for all words together;
    when it translates each runs once a word.

    Args:
        model: with one of these decoders.
        pair: the sentence, and the translation that is fed.
        codecs: of both languages.
        translating: whether a word is fed only when the one before has been through, as in translation.

    Raises:
        ValueError: if the model has another decoder.
    """
    decoder = model.decoder
    if isinstance(decoder, AttentionDecoder):
        units: list[nn.Module] = [decoder.rnn]
    elif isinstance(decoder, TransformerDecoder):
        units = list(decoder.layers)
    else:
        raise ValueError("model: its decoder has no gated unit, and no layers, whose steps can be counted")
    batch = make_batch(encode_pairs([pair], *codecs))
    calls: list[int] = []
    hooks = [unit.register_forward_hook(lambda *_: calls.append(1)) for unit in units]
    try:
        if translating:
            for _ in states_along(model, batch.source, batch.source_lengths, batch.target_input):
                pass
        else:
            model(batch.source, batch.source_lengths, batch.target_input)
    finally:
        for hook in hooks:
            hook.remove()
    return len(calls)


# --------------------------------------------------------------------- what is compared, and with which rate
_BUDGETS = {f"×{epochs}": Arm(epochs=epochs) for epochs in (1, 3, 9)}  # of 633 steps
_FIXED = {"fixed context, ×3": Arm(epochs=3, context="fixed")}
SEARCH = search_of_rates("attention_search", _BUDGETS | _FIXED, RATES, train, measure)

_COMPARED = {
    "×1": Arm(epochs=1, learning_rate=1e-2),
    "×3": Arm(epochs=3, learning_rate=1e-2),
    "×9": Arm(epochs=9, learning_rate=5e-3),
    "×9, up to 10 words": Arm(epochs=9, learning_rate=5e-3, longest=10),
    "Korean, ×1": Arm(epochs=1, learning_rate=1e-2, longest=10, language="korean"),
    "Korean, ×3": Arm(epochs=3, learning_rate=1e-2, longest=10, language="korean"),
}
COMPARED = Experiment(
    name="attention",
    question="how does quality fall with length where the decoder has attention, and where does it look?",
    basis="budget",
    arms=_COMPARED,
    seeds={
        "×1": range(5),
        "×3": range(5),
        "×9": range(3),
        "×9, up to 10 words": range(3),
        "Korean, ×1": range(5),
        "Korean, ×3": range(3),
    },
    train=train,
    measure=measure,
    budgets={"attention": ["×1", "×3", "×9"], "Korean": ["Korean, ×1", "Korean, ×3"]},
)

# A file of its own: it has no maps, and a table of maps needs them of every run in its file.
_FIXED_COMPARED = {
    f"{prefix}×{epochs}": Arm(epochs=epochs, learning_rate=1e-2, context=context)
    for prefix, context in (("", "fixed"), ("mean, ", "mean"), ("by place, ", "by place"), ("once, ", "once"))
    for epochs in (1, 3)
}
FIXED = Experiment(
    name="attention_fixed",
    question="and where weights are missing or know less: one context for all steps, or weights by place?",
    basis="budget",
    arms=_FIXED_COMPARED,
    seeds=dict.fromkeys(_FIXED_COMPARED, range(3)),
    train=train,
    measure=measure,
    budgets={
        "fixed context": ["×1", "×3"],
        "mean of all annotations": ["mean, ×1", "mean, ×3"],
        "weights by place": ["by place, ×1", "by place, ×3"],
        "weights chosen once": ["once, ×1", "once, ×3"],
    },
)


def _rung(hidden_size: int, bidirectional: bool, context: str, start_from: str = "last") -> Arm:
    """A model of the ladder: its sizes are such that all rungs have equally many parameters."""
    return Arm(
        epochs=50,
        learning_rate=5e-3,
        longest=10,
        pairs=5_000,
        hidden_size=hidden_size,
        attention_size=hidden_size,
        context=context,
        start_from=start_from,
        bidirectional=bidirectional,
        small_world=True,
    )


RUNGS = {
    "plain": _rung(132, False, "none"),
    "+ both directions": _rung(142, True, "none"),
    "+ context at every step": _rung(120, True, "fixed"),
    "+ attention": _rung(112, True, "attention"),
    "+ the paper's s₀": _rung(112, True, "attention", "backward"),
}
LADDER_SEARCH = search_of_rates("attention_ladder_search", RUNGS, RATES, train, measure)

_LONGER = {
    f"{name}, three times as long": replace(rung, epochs=3 * rung.epochs) for name, rung in RUNGS.items()
}
LADDER = Experiment(
    name="attention_ladder",
    question="what does each change on the way from the plain model to attention bring in the end?",
    basis="plateau",
    arms=RUNGS | _LONGER,
    seeds=dict.fromkeys(RUNGS, range(5)) | dict.fromkeys(_LONGER, range(2)),
    train=train,
    measure=measure,
    claims=[
        Claim(higher, lower, "validation_exact_match")
        for lower, higher in pairwise(list(RUNGS)[:-1])  # of the last one nothing is claimed
    ],
    companions=dict(zip(RUNGS, _LONGER, strict=True)),
)
