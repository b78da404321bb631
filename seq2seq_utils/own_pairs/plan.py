"""What is asked for, and the plan that follows from it, kept in a file so that a training can go on by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seq2seq_utils.own_pairs.files import Files, Part
from seq2seq_utils.training.checkpoints import whole_or_not_at_all
from seq2seq_utils.training.recipes import Recipe

PLAN = "plan.json"  # in the folder of a training: what tells it from any other folder
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for.

    Args:
        files: the pairs.
        validation: see `read_splits`.
        test: likewise.
        model: see `recipes.make_model`.
        recipe: a name of `choosing.NAMED`; by default the number of pairs decides.
        changes: settings that the recipe is to have instead, such as ``"epochs=4"``.
        minutes: how long the training may take; by default as long as the recipe asks for.
        longest: the most pieces of a training or validation sentence.
        bleu_tokenize: see `metrics.bleu`.
        beam: of the translations that are scored at the end.
        seed: of weights, dropout, and the order of the pairs.
        device: see `pick_device`.
    """

    files: Files
    validation: Part | None = None
    test: Part | None = None
    model: str = "attention"
    recipe: str | None = None
    changes: tuple[str, ...] = ()
    minutes: float | None = None
    longest: int = 100
    bleu_tokenize: str = "13a"
    beam: int = 5
    seed: int = 0
    device: str | None = None

    def __post_init__(self) -> None:
        for name in ("longest", "beam"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} is not allowed; it must be 1 or more")
        if self.seed < 0:
            raise ValueError(f"seed: {self.seed} is not allowed; it must be 0 or more")
        if self.minutes is not None and not self.minutes > 0:
            raise ValueError(f"minutes: {self.minutes} is not allowed; it must be more than 0")

    def decides(self, data: str) -> dict[str, Any]:
        """What decides a training's numbers; where it runs is no part of it.

        Args:
            data: the digest of the pairs.
        """
        return {
            "data": data,
            "model": self.model,
            "recipe": self.recipe,
            "set": list(self.changes),
            "minutes": self.minutes,
            "longest": self.longest,
            "bleu-tokenize": self.bleu_tokenize,
            "beam": self.beam,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class Plan:
    """What follows from a request and the speed of the machine that began with it."""

    name: str  # of the recipe
    recipe: Recipe
    full_epochs: int  # of the recipe before the time was looked at
    train_pairs: int  # that are trained on
    seconds: float  # expected
    megabytes: float | None  # likewise


def read_plan(folder: Path, decides: Mapping[str, Any]) -> Plan | None:
    """The plan of a training that has begun in a folder; None where there is nothing yet.

    Args:
        folder: of the training.
        decides: see `Request.decides`.

    Raises:
        ValueError: if the folder is a file, holds something else, or another training.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"out: {folder} is a file; it must be a folder, or not there yet")
    path = folder / PLAN
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise ValueError(f"out: {folder} holds something else; choose another folder, or an empty one")
        return None
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        file_format, before = written["format"], written["decides"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"out: {path} is damaged, or no plan of a training") from None
    if file_format != _FORMAT:
        raise ValueError(f"out: {path} has the format {file_format}; only {_FORMAT} can be read here")
    for name, now in decides.items():
        if before.get(name) != now:
            raise ValueError(
                f"out: {folder} holds another training: {name} is {before.get(name)} there, and {now} here; "
                "choose another folder"
            )
    plan = dict(written["plan"])
    return Plan(recipe=Recipe(**plan.pop("recipe")), **plan)


def write_plan(folder: Path, decides: Mapping[str, Any], plan: Plan) -> None:
    """Writes a plan into the folder of its training, which is made if need be."""
    contents = {"format": _FORMAT, "decides": decides, "plan": asdict(plan)}
    with whole_or_not_at_all(folder / PLAN) as file:
        file.write(f"{json.dumps(contents, indent=1, ensure_ascii=False)}\n".encode())
