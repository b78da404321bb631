"""Notebook 5: attention on the data and budgets of notebook 4, and the ladder that leads to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seq2seq_utils.experiments.experiment import Experiment, Trained
from seq2seq_utils.experiments.lengths import PAIRS, corpus, measure_quality, train_on
from seq2seq_utils.experiments.long_sentences import RATES, SEARCH_SEED
from seq2seq_utils.models import Seq2Seq, attention_model
from seq2seq_utils.training import Checkpoint, Settings


@dataclass(frozen=True, kw_only=True)
class Arm:
    """An attention model, and the training that it gets.

    Args:
        epochs: how often each pair is seen; an epoch of 81,000 pairs has 633 steps.
        learning_rate: the highest.
        longest: the words of the longest training sentence.
        pairs: how many there are to train on: the first so many of 81,000.
        hidden_size: length of the state, and of each direction's.
        attention_size: see `BahdanauAttention`.
    """

    epochs: int
    learning_rate: float = RATES[0]
    longest: int = 20
    pairs: int = PAIRS
    hidden_size: int = 128
    attention_size: int = 64

    def make(self, source_vocabulary_size: int, target_vocabulary_size: int) -> Seq2Seq:
        """An untrained model."""
        sizes = source_vocabulary_size, target_vocabulary_size
        return attention_model(
            *sizes, embedding_size=64, hidden_size=self.hidden_size, attention_size=self.attention_size
        )


def train(arm: Arm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training") -> Trained:
    """Trains one arm of the comparison with the plain model."""
    splits = corpus(arm.longest)
    return train_on(
        splits.train[: arm.pairs],
        splits.validation,
        arm.make,
        Settings(epochs=arm.epochs, learning_rate=arm.learning_rate),
        seed,
        checkpoint=checkpoint,
        progress=progress,
    )


def measure(trained: Trained, arm: Arm) -> dict[str, Any]:
    """Quality on validation pairs, and by length (see `lengths.measure_quality`)."""
    return measure_quality(trained, arm.longest)


_TRIED = {
    f"×{epochs}, rate {rate:g}": Arm(epochs=epochs, learning_rate=rate)
    for epochs in (1, 3, 9)
    for rate in RATES
}

SEARCH = Experiment(
    name="attention_search",
    question="which of two learning rates is better, on validation pairs?",
    basis="budget",
    arms=_TRIED,
    seeds=dict.fromkeys(_TRIED, (SEARCH_SEED,)),
    train=train,
    measure=measure,
)
