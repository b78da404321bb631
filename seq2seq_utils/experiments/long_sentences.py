"""Notebook 4: quality against length, for training budgets, sizes, cells and word orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from seq2seq_utils.experiments import gradients
from seq2seq_utils.experiments.experiment import Claim, Experiment, Trained, search_of_rates
from seq2seq_utils.experiments.lengths import (
    PAIRS,
    SMALL_WORLD,
    WHOLE_WORLD,
    World,
    corpus,
    measure_quality,
    on_training_pairs,
    train_on,
    training_pairs,
)
from seq2seq_utils.experiments.places import measure_places
from seq2seq_utils.grammar import tokenizer
from seq2seq_utils.models import Seq2Seq, open_gates, plain_model
from seq2seq_utils.text import Tokenizer
from seq2seq_utils.training import Checkpoint, Settings

RATES = (1e-2, 5e-3)


class Backwards:
    """The tokens of another tokenizer, the last one first."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def tokenize(self, text: str) -> list[str]:
        """The tokens, reversed."""
        return self.tokenizer.tokenize(text)[::-1]

    def join(self, tokens: Sequence[str]) -> str:
        """The text whose reversed tokens these are."""
        return self.tokenizer.join(tokens[::-1])


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A plain model, and the training that it gets.

    Args:
        epochs: how often each pair is seen; an epoch of 81,000 pairs has 633 steps.
        learning_rate: the highest.
        longest: the words of the longest training sentence.
        pairs: how many there are to train on: the first so many of 81,000, or these and others.
        hidden_size: length of the context vector.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``.
        gates: see `open_gates`; 0 leaves them as they are.
        backwards: whether the source is read from its end.
        small_world: whether there are fewer words, in sentences of up to 10.
    """

    epochs: int
    learning_rate: float = RATES[0]
    longest: int = 20
    pairs: int = PAIRS
    hidden_size: int = 224
    cell: str = "gru"
    gates: float = 2.0
    backwards: bool = False
    small_world: bool = False

    @property
    def world(self) -> World:
        """Whose sentences it is trained and tested on."""
        return SMALL_WORLD if self.small_world else WHOLE_WORLD

    def make(self, source_vocabulary_size: int, target_vocabulary_size: int) -> Seq2Seq:
        """An untrained model."""
        sizes = source_vocabulary_size, target_vocabulary_size
        model = plain_model(*sizes, embedding_size=64, hidden_size=self.hidden_size, cell=self.cell)
        if self.gates:
            open_gates(model, self.gates)
        return model


def train(arm: Arm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training") -> Trained:
    """Trains one arm of the experiments on long sentences."""
    return train_on(
        training_pairs(arm.pairs, arm.longest, arm.world),
        corpus(arm.longest, arm.world).validation,
        arm.make,
        Settings(epochs=arm.epochs, learning_rate=arm.learning_rate),
        seed,
        source_tokenizer=Backwards(tokenizer("english")) if arm.backwards else None,
        checkpoint=checkpoint,
        progress=progress,
    )


def measure(trained: Trained, arm: Arm) -> dict[str, Any]:
    """Quality on validation pairs, and by length (see `lengths.measure_quality`).

    Then, in the whole world, ``"on_training"``, exact match and BLEU on 500 training pairs of each bucket;
    ``"by_place"``, what `places.measure_places` finds; and ``"gradients"``, what `gradients.reached` finds.
    """
    measured = measure_quality(trained, arm.longest, arm.world)
    if arm.small_world:
        return measured
    trained_on = training_pairs(arm.pairs, arm.longest, arm.world)
    on_training = on_training_pairs(trained, trained_on, arm.world)
    return {
        **measured,
        "on_training": on_training,
        "by_place": measure_places(trained),
        "gradients": gradients.reached(trained.model, trained.codecs),
    }


# --------------------------------------------------------------------- what is compared, and with which rate
def _small(epochs: int, **others: Any) -> Arm:
    return Arm(epochs=epochs, longest=10, small_world=True, gates=0.0, **others)


_BUDGETS = {f"×{epochs}": Arm(epochs=epochs) for epochs in (1, 3, 9)}  # of 633 steps
_SIZES = {f"size {size}": _small(3, hidden_size=size) for size in (32, 64, 128, 256, 512)}
_CELLS = {
    f"{cell.upper()}, {order}, ×{epochs}": _small(
        epochs, hidden_size=size, cell=cell, backwards=order == "backwards"
    )
    for cell, size in (("gru", 128), ("lstm", 110))  # as many parameters
    for order in ("forwards", "backwards")
    for epochs in (1, 3)
}
_CELLS.pop("GRU, forwards, ×3")  # it is "size 128"
_GATES = {"×1, gates as they come": Arm(epochs=1, gates=0.0)}
SEARCH = search_of_rates("long_sentences_search", _BUDGETS | _GATES | _SIZES | _CELLS, RATES, train, measure)

# The rates that the search found best; at nine epochs the two were level, and the one of 27 was not searched.
_COMPARED = {
    "×1": Arm(epochs=1, learning_rate=1e-2),
    "×3": Arm(epochs=3, learning_rate=1e-2),
    "×9": Arm(epochs=9, learning_rate=5e-3),
    "×27": Arm(epochs=27, learning_rate=5e-3),
    "×9, up to 10 words": Arm(epochs=9, learning_rate=5e-3, longest=10),
    "×9, 27,000 pairs": Arm(epochs=27, learning_rate=5e-3, pairs=27_000),  # as many steps
    "×1, gates as they come": Arm(epochs=1, learning_rate=1e-2, gates=0.0),
}
COMPARED = Experiment(
    name="long_sentences",
    question="how does quality fall with length, and what do more steps, more pairs and longer ones change?",
    basis="budget",
    arms=_COMPARED,
    seeds={
        "×1": range(5),
        "×3": range(5),
        "×9": range(3),
        "×27": range(1),
        "×9, up to 10 words": range(3),
        "×9, 27,000 pairs": range(3),
        "×1, gates as they come": range(3),
    },
    train=train,
    measure=measure,
    claims=[
        Claim(higher, lower, f"by_length.{bucket}.exact_match")
        for higher, lower in (("×3", "×1"), ("×9", "×3"))
        for bucket in (0, 1, 2)
    ],
    budgets={"plain": ["×1", "×3", "×9", "×27"]},
)


# In the small world, too, each arm has the better one of the two rates.
_SMALL = {
    name: replace(arm, learning_rate=5e-3 if name in ("size 256", "size 512") else 1e-2)
    for name, arm in (_SIZES | _CELLS).items()
}
SMALL = Experiment(
    name="long_sentences_small",
    question="what do a larger state, another cell and the source backwards change, in a small world?",
    basis="budget",
    arms=_SMALL,
    seeds=dict.fromkeys(_SMALL, range(3)),
    train=train,
    measure=measure,
    claims=[
        Claim("size 512", "size 128", "by_length.2.exact_match"),
        Claim("GRU, backwards, ×3", "size 128", "by_length.2.exact_match"),
        Claim("LSTM, backwards, ×3", "LSTM, forwards, ×3", "by_length.2.exact_match"),
    ],
    budgets={
        "GRU, forwards": ["GRU, forwards, ×1", "size 128"],
        "GRU, backwards": ["GRU, backwards, ×1", "GRU, backwards, ×3"],
        "LSTM, forwards": ["LSTM, forwards, ×1", "LSTM, forwards, ×3"],
        "LSTM, backwards": ["LSTM, backwards, ×1", "LSTM, backwards, ×3"],
    },
)
