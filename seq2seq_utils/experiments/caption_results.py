"""Notebook 6: the search for a recipe, and the scores on the test sets, as tables."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pandas as pd

from seq2seq_utils.drawing.heatmaps import Map
from seq2seq_utils.experiments.over_runs import with_ends
from seq2seq_utils.experiments.stored import Results
from seq2seq_utils.training.recipes import Recipe

SEARCHED = {
    "validation_loss": "validation loss",
    "validation_bleu_greedy": "BLEU, greedy",
    "validation_bleu": "BLEU, beam",
}


def recipes_tried(runs: Results) -> pd.DataFrame:
    """The settings in which the recipes of a search differ.

    Args:
        runs: of `captions.SEARCH`, one an arm.

    Returns:
        A row for each setting that is not the same in all recipes, a column for each recipe, by arm. A
        setting that came up after a run was stored has its default value there.
    """
    stored = {run["arm"]: run["definition"]["recipe"] for run in runs.runs}
    settings = {
        arm: {setting.name: recipe.get(setting.name, setting.default) for setting in fields(Recipe)}
        for arm, recipe in stored.items()
    }
    table = pd.DataFrame(settings, dtype=object)
    return table[table.nunique(axis=1, dropna=False) > 1]


def searched(runs: Results) -> pd.DataFrame:
    """What each recipe of a search brings on the validation pairs, and what it costs.

    Args:
        runs: of `captions.SEARCH`.

    Returns:
        A row for each run, by arm: million parameters, minutes, validation loss (nats per token), and BLEU by
        greedy search and by the chosen one. The row of the highest BLEU by the chosen search comes first.
    """
    rows = {
        run["arm"]: {
            "million parameters": run["parameters"] / 1e6,
            "minutes": run["seconds"] / 60,
            **{title: run["measured"][name] for name, title in SEARCHED.items()},
        }
        for run in runs.runs
    }
    return pd.DataFrame(rows).T.sort_values("BLEU, beam", ascending=False)


def on_tests(runs: Results) -> pd.DataFrame:
    """BLEU of each run on each test set.

    Args:
        runs: in ``captions_test.json``, as `stored.read` gives them.

    Returns:
        A row for each run, by arm and seed, in the order in which the arms first come; a column for each test
        set and search, such as ``(2016, "greedy")``.
    """
    tests = runs.table("tests")
    order = list(dict.fromkeys(tests["arm"]))
    columns = tests.set_index(["arm", "seed", "year", "search"])["bleu"].unstack(["year", "search"])
    return columns.sort_index(level="seed", sort_remaining=False).loc[order]


def of_test(runs: Results, year: int) -> Results:
    """The same runs, with ``"by_length"`` of one test set only, as `bleu_by_length` wants it.

    Raises:
        ValueError: if nothing was measured on a test set of that year.
    """
    narrowed = [
        {
            **run,
            "measured": {
                **run["measured"],
                "by_length": [group for group in run["measured"]["by_length"] if group["year"] == year],
            },
        }
        for run in runs.runs
    ]
    if not all(run["measured"]["by_length"] for run in narrowed):
        raise ValueError(f"year: nothing was measured on a test set of {year}")
    return Results(runs.experiment, runs.basis, narrowed)


def read_differences(path: str | Path, higher: str, lower: str) -> pd.DataFrame:
    """Paired differences of BLEU on the test sets, each with its 95 % interval over captions.

    Args:
        path: of ``captions_test.json``.
        higher: an arm, such as ``"attention"``.
        lower: the arm that it is compared with.

    Returns:
        A row for each pair of runs, by the seeds of both; for each test set and search the difference and its
        interval as text, ``"9.1 (8.2 to 10.0)"``.

    Raises:
        ValueError: if these two were not compared.
    """
    differences = json.loads(Path(path).read_text(encoding="utf-8"))["differences"]
    cells = {
        (record["higher"][1], record["lower"][1], record["year"], record["search"]): with_ends(
            record["bleu"], record["low"], record["high"], 1
        )
        for record in differences
        if (record["higher"][0], record["lower"][0]) == (higher, lower)
    }
    if not cells:
        there = sorted({f"{record['higher'][0]} and {record['lower'][0]}" for record in differences})
        raise ValueError(
            f"higher, lower: {higher} and {lower} were not compared; there are {', '.join(there)}"
        )
    table = pd.Series(cells).rename_axis([f"seed of {higher}", f"seed of {lower}", "year", "search"])
    return table.unstack(["year", "search"])


def read_maps(path: str | Path) -> list[Map]:
    """The maps of our own sentences (`caption_scores.SENTENCES`), by a model trained by the full recipe.

    Args:
        path: of ``captions_test.json``.
    """
    return [Map(**stored) for stored in json.loads(Path(path).read_text(encoding="utf-8"))["maps"]]
