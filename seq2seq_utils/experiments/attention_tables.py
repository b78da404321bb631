"""What notebook 5 shows of its stored runs: attention beside other models, and the ladder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import pandas as pd

from seq2seq_utils.experiments.attention import RUNGS
from seq2seq_utils.experiments.lengths import exact_of, over_seeds
from seq2seq_utils.experiments.over_runs import spans
from seq2seq_utils.experiments.stored import Results, read

# Each model's file, and its arms there, by budget: the smallest first.
MODELS: dict[str, tuple[str, tuple[str, ...]]] = {
    "attention": ("attention", ("×1", "×3", "×9")),
    "plain": ("long_sentences", ("×1", "×3", "×9")),
    "plain, gates as they come": ("long_sentences", ("×1, gates as they come",)),
    "fixed context": ("attention_fixed", ("×1", "×3")),
    "mean of all annotations": ("attention_fixed", ("mean, ×1", "mean, ×3")),
    "weights chosen once": ("attention_fixed", ("once, ×1", "once, ×3")),
    "weights by place": ("attention_fixed", ("by place, ×1", "by place, ×3")),
}
# Those whose context is the same at every step.
ONE_CONTEXT = ("fixed context", "mean of all annotations", "weights chosen once")


class Comparison:
    """Attention, the plain model, and those between them, as their runs are stored.

    Args:
        folder: where the files are.

    Attributes:
        models: their names, those of `MODELS`.

    Raises:
        FileNotFoundError: if one is not there.
    """

    def __init__(self, folder: str | Path) -> None:
        self.models = list(MODELS)
        files = dict.fromkeys(file for file, _ in MODELS.values())
        self.results: dict[str, Results] = {name: read(Path(folder) / f"{name}.json") for name in files}

    def exact_match(self, models: Sequence[str]) -> pd.DataFrame:
        """In %, the mean of the runs; a row for each model and budget, a column for each group of lengths.

        The rows name model, steps and runs (how many), the columns the shortest and longest sentences.

        Args:
            models: their names in `MODELS`, in the order of the rows.
        """
        table = pd.concat(
            over_seeds(self.results[MODELS[m][0]], MODELS[m][1]).assign(model=m) for m in models
        )
        wide = table.pivot(
            index=["model", "steps", "runs"], columns=["shortest", "longest"], values="exact_match"
        )
        wide.columns = [f"{shortest}–{longest}" for shortest, longest in wide.columns]
        return wide.loc[list(models)].round(1)

    def over_runs(self, models: Sequence[str], budget: int) -> pd.DataFrame:
        """Exact match in %, rounded: the mean of the runs, the lowest and the highest, as text.

        Args:
            models: their names in `MODELS`, in the order of the rows.
            budget: see `runs`.

        Returns:
            A row for each model and its parameters; `runs`, and a column for each group of lengths.
        """
        rows = []
        for model in models:
            file, arms = MODELS[model]
            for run in self.results[file].of(arms[budget]):
                groups = {f"{g['shortest']}–{g['longest']}": g for g in run["measured"]["by_length"]}
                exact = {name: group["exact_match"] for name, group in groups.items()}
                rows.append({"model": model, "parameters": run["parameters"], **exact})
        return spans(pd.DataFrame(rows), ["model", "parameters"], dict.fromkeys(groups, 0))

    def parameters(self) -> pd.Series:
        """How many parameters each model has."""
        first_runs = {model: self.results[file].of(arms[0])[0] for model, (file, arms) in MODELS.items()}
        return pd.Series({model: run["parameters"] for model, run in first_runs.items()}, name="parameters")

    def runs(self, model: str, budget: int, group: int) -> list[float]:
        """Exact match in %, a number for each run.

        Args:
            model: its name in `MODELS`.
            budget: its place there, 0 for the smallest.
            group: of lengths, 0 for the shortest.
        """
        file, arms = MODELS[model]
        return exact_of(self.results[file], arms[budget], group)

    def margins(self, model: str, other: str, groups: Sequence[int]) -> list[float]:
        """By how many points the lowest run of one model is above the highest of another.

        A number for each group of lengths at each budget that both have; their steps are as many there.
        """
        return [
            min(self.runs(model, budget, group)) - max(self.runs(other, budget, group))
            for budget in range(min(len(MODELS[name][1]) for name in (model, other)))
            for group in groups
        ]

    def by_training_length(self) -> pd.DataFrame:
        """Attention and the plain model after the most steps, trained on up to 20 and on up to 10 words.

        Returns:
            What `plots.quality_against_length` takes: the columns of `lengths.over_seeds`, `model`, a name
            that says how long its training sentences were, and `trained_up_to`, their most words.
        """
        arms = {20: "×9", 10: "×9, up to 10 words"}
        return pd.concat(
            over_seeds(self.results[MODELS[model][0]], [arm]).assign(
                model=f"{model}, up to {longest}", trained_up_to=longest
            )
            for model in ("attention", "plain")
            for longest, arm in arms.items()
        )


def lost_by(results: Results, arm: str, before: int, after: int) -> list[float]:
    """The points of exact match that each run of an arm loses from one group of lengths to another."""
    groups = [exact_of(results, arm, group) for group in (before, after)]
    return [first - second for first, second in zip(*groups, strict=True)]


def ladder_table(results: Results) -> pd.DataFrame:
    """A row for each rung: parameters, `training loss` (of the last epoch), exact match of its runs.

    Exact match, in % of pairs that it was trained on, is there as `training pairs`, the lowest of the runs;
    of the validation pairs as `mean`, `min` and `max`; as `seeds 0, 1`, the mean
    of the runs that were also trained longer; and as `three times as long`, the mean of those trainings.
    """
    rows = {}
    for rung in RUNGS:
        runs = results.of(rung)
        values = results.values(rung, "validation_exact_match")
        longer = results.values(f"{rung}, three times as long", "validation_exact_match")
        rows[rung] = {
            "parameters": runs[0]["parameters"],
            "training loss": round(mean(run["curve"][-1]["train_loss"] for run in runs), 3),
            "training pairs": min(results.values(rung, "training_exact_match")),
            "mean": mean(values),
            "min": min(values),
            "max": max(values),
            "seeds 0, 1": mean(values[: len(longer)]),
            "three times as long": mean(longer),
        }
    table = pd.DataFrame(rows).T
    return table.astype({"parameters": int})
