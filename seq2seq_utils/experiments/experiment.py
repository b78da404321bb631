"""What an experiment is: arms that differ in what is compared, seeds, and one function that trains an arm."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Generic, Literal, Protocol, TypeVar

import torch

from seq2seq_utils.models import Seq2Seq, count_parameters
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import Checkpoint, History

LIBRARIES = ("torch", "numpy", "sacrebleu", "sentencepiece")

# What the text may speak of: what more training would change little, or this one budget of training.
Basis = Literal["plateau", "budget"]
ArmT = TypeVar("ArmT")
ArmIn = TypeVar("ArmIn", contravariant=True)
Entry = dict[str, Any]  # one run, as it is stored


@dataclass(frozen=True)
class Trained:
    """A trained model, what makes ids of its sentences, and the record of its training."""

    model: Seq2Seq
    source_codec: TextCodec
    target_codec: TextCodec
    history: History

    @property
    def codecs(self) -> tuple[TextCodec, TextCodec]:
        """Of the sentences, and of the translations."""
        return self.source_codec, self.target_codec


class Train(Protocol[ArmIn]):
    """The function that trains one arm of an experiment."""

    def __call__(
        self, arm: ArmIn, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training"
    ) -> Trained:
        """See `Experiment.perform`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Experiment(Generic[ArmT]):
    """What is compared, and how it is measured.

    Args:
        name: of the file that its runs are stored in.
        question: what it is to answer, in a sentence.
        basis: ``"plateau"`` where three times the training would change little, ``"budget"`` where it would.
        arms: what is compared: dataclasses, by name.
        seeds: of each arm.
        train: trains one arm.
        measure: what is stored of a trained arm: names, and whatever JSON can hold.
    """

    name: str
    question: str
    basis: Basis
    arms: Mapping[str, ArmT]
    seeds: Mapping[str, Sequence[int]]
    train: Train[ArmT]
    measure: Callable[[Trained, ArmT], Mapping[str, Any]]

    def __post_init__(self) -> None:
        if self.arms.keys() != self.seeds.keys():
            raise ValueError(f"seeds: {list(self.seeds)} are not the arms, which are {list(self.arms)}")

    def runs(self) -> Iterator[tuple[str, int]]:
        """The name of an arm and a seed, for each run: all arms with their first seed, and so on."""
        for place in range(max(map(len, self.seeds.values()))):
            yield from ((arm, seeds[place]) for arm, seeds in self.seeds.items() if place < len(seeds))

    def perform(self, arm: str, seed: int, checkpoint: Checkpoint | None = None) -> Entry:
        """Trains one arm with one seed, and measures it.

        Args:
            arm: its name.
            seed: of the weights, and of the order of the sentences.
            checkpoint: a file of this run alone, to go on from.

        Raises:
            ValueError: if there is no such arm.
        """
        if arm not in self.arms:
            raise ValueError(f"arm: {arm!r} is not one of {', '.join(self.arms)}")
        definition = self.arms[arm]
        trained = self.train(definition, seed, checkpoint, f"{arm}, seed {seed}")
        last = trained.history.records[-1]
        return {
            "arm": arm,
            "seed": seed,
            "definition": define(definition),
            "parameters": count_parameters(trained.model),
            "steps": last["step"],
            "seconds": round(last["seconds"], 1),
            **machine(),
            "curve": [{name: _short(value) for name, value in r.items()} for r in trained.history.records],
            "measured": dict(self.measure(trained, definition)),
        }


def define(arm: Any) -> Entry:
    """An arm as JSON has it, to compare with a stored one."""
    definition: Entry = json.loads(json.dumps(dataclasses.asdict(arm)))
    return definition


def machine() -> Entry:
    """Where numbers come from: the device, its threads, and the versions of the libraries."""
    return {
        "device": f"cpu, {platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


def _short(value: float) -> float:
    return float(f"{value:.5g}")
