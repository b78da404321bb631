"""What an experiment is: arms that differ in what is compared, seeds, and one function that trains an arm."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Generic, Literal, Protocol, TypeVar, get_args

import torch

from seq2seq_utils.models import Seq2Seq, count_parameters
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import Checkpoint, History, pick_device

LIBRARIES = ("torch", "numpy", "sacrebleu", "sentencepiece")

# What the text may speak of: what more training would change little, or this one budget of training.
Basis = Literal["plateau", "budget"]
SEARCH_SEED = 100  # of the runs that choose a setting; no run that is compared has it
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


Measure = Callable[[Trained, ArmT], Mapping[str, Any]]


class Train(Protocol[ArmIn]):
    """The function that trains one arm of an experiment."""

    def __call__(
        self, arm: ArmIn, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training"
    ) -> Trained:
        """See `Experiment.perform`."""
        ...


@dataclass(frozen=True)
class Claim:
    """That every run of one arm lies above every run of another.

    Args:
        higher: the name of an arm.
        lower: likewise.
        measured: what is compared: a number, as `Results.values` names it.
        at_least: by how much the means differ, as the text has it; by default by as much as they do.
    """

    higher: str
    lower: str
    measured: str
    at_least: float | None = None

    @property
    def arms(self) -> tuple[str, str]:
        """The higher, and the lower."""
        return self.higher, self.lower


@dataclass(frozen=True, kw_only=True)
class Experiment(Generic[ArmT]):
    """What is compared, and how it is measured; `stored.unsettled` says what the runs do not show.

    Args:
        name: of the file that its runs are stored in.
        question: what it is to answer, in a sentence.
        basis: ``"plateau"`` where three times the training would change little, ``"budget"`` where it would.
        arms: what is compared: dataclasses, by name.
        seeds: of each arm.
        train: trains one arm.
        measure: what is stored of a trained arm: names, and whatever JSON can hold.
        claims: the differences that the text speaks of; a plateau is measured by them.
        companions: for an arm, the name of the one that has three times the steps, and else is the same. For
            a plateau each arm of a claim has one, with two seeds or more.
        budgets: for a learning curve over budgets its arms, from the least steps to the most.

    Raises:
        ValueError: if an arm has no seeds or is not there, or a plateau's arm no companion.
    """

    name: str
    question: str
    basis: Basis
    arms: Mapping[str, ArmT]
    seeds: Mapping[str, Sequence[int]]
    train: Train[ArmT]
    measure: Measure[ArmT]
    claims: Sequence[Claim] = ()
    companions: Mapping[str, str] = field(default_factory=dict)
    budgets: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.basis not in get_args(Basis):
            raise ValueError(f"basis: {self.basis!r} is not one of {', '.join(get_args(Basis))}")
        if self.arms.keys() != self.seeds.keys():
            raise ValueError(f"seeds: {list(self.seeds)} are not the arms, which are {list(self.arms)}")
        claimed = [arm for claim in self.claims for arm in claim.arms]
        for name, named in (
            ("claims", claimed),
            ("companions", [*self.companions, *self.companions.values()]),
            ("budgets", [arm for arms in self.budgets.values() for arm in arms]),
        ):
            for arm in named:
                self._check_arm(arm, name)
        alone = [arm for arm in claimed if arm not in self.companions]
        if self.basis == "plateau" and alone:
            raise ValueError(f"companions: there is none of {alone[0]!r}; each arm of a claim needs one")

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
        self._check_arm(arm, "arm")
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

    def _check_arm(self, arm: str, argument: str) -> None:
        if arm not in self.arms:
            raise ValueError(f"{argument}: {arm!r} is not one of {', '.join(self.arms)}")


def search_of_rates(
    name: str,
    arms: Mapping[str, ArmT],
    rates: Sequence[float] | Mapping[str, Sequence[float]],
    train: Train[ArmT],
    measure: Measure[ArmT],
) -> Experiment[ArmT]:
    """The experiment that chooses a learning rate for each arm, with one seed, on validation pairs.

    Args:
        name: of the experiment.
        arms: what rates are tried for.
        rates: those of every arm; or of each, by its name.
        train: see `Experiment`.
        measure: likewise.
    """
    of_arm = rates if isinstance(rates, Mapping) else dict.fromkeys(arms, rates)
    tried = {
        f"{arm_name}, rate {rate:g}": dataclasses.replace(arm, learning_rate=rate)  # type: ignore[type-var]  # arms are dataclasses
        for arm_name, arm in arms.items()
        for rate in of_arm[arm_name]
    }
    return Experiment(
        name=name,
        question="which learning rate is best, on validation pairs?",
        basis="budget",
        arms=tried,
        seeds=dict.fromkeys(tried, (SEARCH_SEED,)),
        train=train,
        measure=measure,
    )


def define(arm: Any) -> Entry:
    """An arm as JSON has it, to compare with a stored one."""
    definition: Entry = json.loads(json.dumps(dataclasses.asdict(arm)))
    return definition


def is_defined_by(arm: Any, definition: Any) -> bool:
    """Whether a stored definition is that of an arm.

    Fields that it lacks were added later; what they have by default is what was there before.
    """
    if not (dataclasses.is_dataclass(arm) and isinstance(definition, Mapping)):
        return bool(json.loads(json.dumps(arm, default=dataclasses.asdict)) == definition)
    fields = {field.name: field for field in dataclasses.fields(arm)}
    added = [fields[name] for name in fields.keys() - definition.keys()]
    return (
        definition.keys() <= fields.keys()
        and all(is_defined_by(getattr(arm, name), value) for name, value in definition.items())
        and all(getattr(arm, field.name) == field.default for field in added)
    )


def machine() -> Entry:
    """Where numbers come from: the device, its threads, and the versions of the libraries."""
    kind = pick_device().type
    device = f"{kind}, {platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    return {
        "device": torch.cuda.get_device_name() if kind == "cuda" else device,
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


def _short(value: float) -> float:
    return float(f"{value:.5g}")
