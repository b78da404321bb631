"""Notebook 7: the transformer beside the models of notebooks 4 and 5, by length and after few pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seq2seq_utils.experiments import attention, long_sentences
from seq2seq_utils.experiments.experiment import Experiment, Trained, search_of_rates
from seq2seq_utils.experiments.lengths import (
    PAIRS,
    corpus,
    held_out,
    measure_quality,
    train_on,
    training_pairs,
)
from seq2seq_utils.experiments.maps import measure_heads, measure_maps
from seq2seq_utils.models import Seq2Seq, parameters_of, size_with, transformer_with
from seq2seq_utils.text import count_words
from seq2seq_utils.training import Checkpoint, Settings

MODELS = ("plain", "attention", "transformer")
# Of the transformer. With as many parameters as attention has, and a `feed_forward_size` of four times the
# `model_size`, as in the paper, two layers give a word's vector 64 numbers, as in the other two models (one
# layer gives it 80, four 48). Each of the heads works with 16 of them.
LAYERS, HEADS = 2, 4
LARGEST_STATE = 1024  # of the plain model


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One of three models with equally many parameters, and the training that it gets.

    Args:
        epochs: how often each pair is seen; an epoch of 81,000 pairs has 633 steps.
        model: ``"plain"``, as in notebook 4; ``"attention"``, as in notebook 5; or ``"transformer"``.
        learning_rate: the highest; whichever the model, it is that of the first step, and falls to 0 in a
            straight line.
        longest: the words of the longest training sentence.
        pairs: how many there are to train on: the first so many of 81,000.

    Raises:
        ValueError: if `model` is none of these.
    """

    epochs: int
    model: str = "transformer"
    learning_rate: float = 2e-3
    longest: int = 20
    pairs: int = PAIRS

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"model: {self.model!r} is not one of {', '.join(MODELS)}")

    def make(self, source_vocabulary_size: int, target_vocabulary_size: int) -> Seq2Seq:
        """An untrained model."""
        sizes = source_vocabulary_size, target_vocabulary_size

        def attentive() -> Seq2Seq:
            return attention.Arm(epochs=self.epochs).make(*sizes)

        if self.model == "attention":
            return attentive()
        parameters = parameters_of(attentive)
        if self.model == "transformer":
            return transformer_with(parameters, *sizes, HEADS, LAYERS)

        def plain(hidden_size: int) -> Seq2Seq:
            return long_sentences.Arm(epochs=self.epochs, hidden_size=hidden_size).make(*sizes)

        return plain(size_with(parameters, range(1, LARGEST_STATE), plain))


def train(arm: Arm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training") -> Trained:
    """Trains one arm, as the arms of notebooks 4 and 5 are trained."""
    return train_on(
        training_pairs(arm.pairs, arm.longest),
        corpus(arm.longest).validation,
        arm.make,
        Settings(epochs=arm.epochs, learning_rate=arm.learning_rate),
        seed,
        checkpoint=checkpoint,
        progress=progress,
    )


def measure(trained: Trained, arm: Arm) -> dict[str, Any]:
    """Quality on validation pairs, and by length (see `lengths.measure_quality`)."""
    return measure_quality(trained, arm.longest)


def measure_with_heads(trained: Trained, arm: Arm) -> dict[str, Any]:
    """The same; and of a transformer's attention to the source what `measure_maps` and `measure_heads` find.

    Maps are those of test sentences no longer than the longest in training, as for `attention.measure`; where
    one map is measured, it is the mean of all heads.
    """
    test = [pair for pair in held_out() if count_words(pair.source) <= arm.longest]
    return {
        **measure(trained, arm),
        **measure_maps(trained, test),
        **measure_heads(trained, corpus(arm.longest).validation, test),
    }


# ------------------------------------------------------------------------- quality by length, and the heads
# With 633 steps, transformer and attention get four tries of the rate each, a factor of 2 apart; with more
# steps on up to 20 words, three. Of attention the first two stand in the search of its own notebook.
# (The paper's rate is highest after its 4,000 steps of warm-up: d_model^-0.5 · 4000^-0.5, which is 0.002
# where d_model is 64.)
FIRST_RATES = {"×1": (1.6e-2, 8e-3, 4e-3, 2e-3), "attention, ×1": (2e-2, 1e-2, 5e-3, 2.5e-3)}
LATER_RATES = (8e-3, 4e-3, 2e-3)
THIRD_RATE = 2.5e-3  # of attention

_BUDGETS = {  # the arms of the same name are in `attention.COMPARED` and in `long_sentences.COMPARED`
    "×1": Arm(epochs=1),
    "attention, ×1": Arm(epochs=1, model="attention"),
    "×3": Arm(epochs=3),
    "×9": Arm(epochs=9),
    "×9, up to 10 words": Arm(epochs=9, longest=10),
}
_THIRD = {f"attention, ×{epochs}": Arm(epochs=epochs, model="attention") for epochs in (3, 9)}
SEARCH = search_of_rates(
    "after_attention_search",
    _BUDGETS | _THIRD,
    dict.fromkeys(_BUDGETS, LATER_RATES) | FIRST_RATES | dict.fromkeys(_THIRD, (THIRD_RATE,)),
    train,
    measure,
)

_COMPARED = {  # with the rate that the search has found best
    "×1": Arm(epochs=1, learning_rate=8e-3),
    "×3": Arm(epochs=3, learning_rate=8e-3),
    "×9": Arm(epochs=9, learning_rate=8e-3),
    "×9, up to 10 words": Arm(epochs=9, learning_rate=2e-3, longest=10),
}
COMPARED = Experiment(
    name="after_attention",
    question="how does the transformer's quality fall with length, and where does each of its heads look?",
    basis="budget",
    arms=_COMPARED,
    seeds={"×1": range(5), "×3": range(5), "×9": range(3), "×9, up to 10 words": range(3)},
    train=train,
    measure=measure_with_heads,
    budgets={"transformer": ["×1", "×3", "×9"]},
)

# ------------------------------------------------------------------------- few pairs, and ten times as many
# Two tries each; where there are so few pairs, three, and the best has a worse one on either side.
RATES: dict[int, dict[str, tuple[float, ...]]] = {
    3_000: {
        "plain": (2e-2, 1e-2, 5e-3),
        "attention": (1e-2, 5e-3, 2.5e-3),
        "transformer": (1.6e-2, 8e-3, 4e-3),
    },
    30_000: {"plain": (1e-2, 5e-3), "attention": (1e-2, 5e-3), "transformer": (8e-3, 4e-3)},
}
EPOCHS = {3_000: 79, 30_000: 8}  # of 24 and of 235 steps: 1,896 and 1,880


def _few(model: str, pairs: int, learning_rate: float) -> Arm:
    return Arm(epochs=EPOCHS[pairs], model=model, learning_rate=learning_rate, longest=10, pairs=pairs)


_BY_PAIRS = {  # with the rate that the search has found best
    "plain, 3,000 pairs": _few("plain", 3_000, 1e-2),
    "attention, 3,000 pairs": _few("attention", 3_000, 5e-3),
    "transformer, 3,000 pairs": _few("transformer", 3_000, 8e-3),
    "plain, 30,000 pairs": _few("plain", 30_000, 1e-2),
    "attention, 30,000 pairs": _few("attention", 30_000, 1e-2),
    "transformer, 30,000 pairs": _few("transformer", 30_000, 4e-3),
}
PAIRS_SEARCH = search_of_rates(
    "after_attention_pairs_search",
    _BY_PAIRS,
    {name: RATES[arm.pairs][arm.model] for name, arm in _BY_PAIRS.items()},
    train,
    measure,
)
BY_PAIRS = Experiment(
    name="after_attention_pairs",
    question="which model learns most from few pairs, and which from ten times as many?",
    basis="budget",
    arms=_BY_PAIRS,
    seeds=dict.fromkeys(_BY_PAIRS, range(3)),
    train=train,
    measure=measure,
)
