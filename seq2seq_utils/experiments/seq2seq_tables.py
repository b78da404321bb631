"""Notebook 2's tables: what its stored runs, and the reader's own, show when they are counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from seq2seq_utils.evaluation.metrics import proportion_interval
from seq2seq_utils.experiments.corruptions import corruptions
from seq2seq_utils.experiments.patterns import french_pattern
from seq2seq_utils.experiments.seq2seq import count_forms, is_well_formed, sentences, wrong_of
from seq2seq_utils.experiments.stored import Results
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import count_words


def interval(count: int, total: int) -> str:
    """Wilson's 95 % interval of a share, in %: ``"85.4 to 89.5 %"``.

    Raises:
        ValueError: if `count` is not between 0 and `total`, or `total` is 0.
    """
    low, high = proportion_interval(count, total)
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def spans(table: pd.DataFrame, by: Sequence[str], measured: str, digits: int = 1) -> pd.DataFrame:
    """The mean of several runs with the lowest and the highest: ``"28.3 (7.0–46.5)"``.

    Args:
        table: a row for each run.
        by: what the runs of a cell have in common; the last of these columns goes across the top.
        measured: the column of the numbers.
        digits: behind the point.
    """

    def span(values: pd.Series) -> str:
        return f"{values.mean():.{digits}f} ({values.min():.{digits}f}–{values.max():.{digits}f})"

    return table.groupby(list(by), sort=False)[measured].agg(span).unstack()


# ------------------------------------------------------------------------------------------------ sentences
def by_length(pairs: Sequence[SentencePair], right: Sequence[bool]) -> pd.DataFrame:
    """Exact match of the sentences of each length.

    Args:
        pairs: what was translated.
        right: for each pair whether it came out to the letter.

    Returns:
        For each number of English words: sentences, right, exact match (%), and its interval.
    """
    table = pd.DataFrame({"words": [count_words(pair.source) for pair in pairs], "right": list(right)})
    found = table.groupby("words")["right"].agg(["size", "sum"]).astype(int)
    found.columns = pd.Index(["sentences", "right"])
    found["exact match (%)"] = (100 * found["right"] / found["sentences"]).round(1)
    counted = zip(found["right"], found["sentences"], strict=True)
    found["interval"] = [interval(right, size) for right, size in counted]
    return found


def forms(results: Results) -> pd.DataFrame:
    """What the wrong translations of each stored run are.

    Returns:
        By arm and seed: ``"wrong"``, how many; of these, in %, ``"well formed"`` and ``"other words"`` (see
        `count_forms`).
    """
    counted = pd.DataFrame(
        {"arm": run["arm"], "seed": run["seed"], **count_forms(wrong_of(run["measured"]))}
        for run in results.runs
    ).set_index(["arm", "seed"])
    shares = 100 * counted[["well formed", "other words"]].div(counted["wrong"], axis=0)
    return counted[["wrong"]].join(shares.round(1)).sort_index()


def planted_mistakes(pairs: Sequence[SentencePair]) -> pd.DataFrame:
    """What the measure of well-formed French lets through of sentences with one planted mistake.

    Args:
        pairs: each reference is spoiled in all ways that `corruptions` knows.

    Returns:
        For each kind of mistake: how many sentences have it, and how many of these pass as well formed.
    """
    rows = [(rule, is_well_formed(text)) for pair in pairs for rule, text in corruptions(pair.target)]
    found = pd.DataFrame(rows, columns=["mistake", "passed"]).groupby("mistake", sort=False)["passed"]
    return found.agg(["size", "sum"]).rename(columns={"size": "sentences", "sum": "passed"}).astype(int)


def by_rarity(results: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How often the pattern of a test sentence stands in training, and how often such sentences are right.

    Returns:
        How many sentences of each number of words have a pattern seen so often; and for those of seven words
        exact match, 0 to 100, the mean over the seeds of each arm.
    """
    splits = sentences()
    trained_on = Counter(french_pattern(pair.target) for pair in splits.train)
    often = [trained_on[french_pattern(pair.target)] for pair in splits.test]
    limits, names = [-1, 0, 4, 19, 99, math.inf], ["never", "1–4", "5–19", "20–99", "100 or more"]
    words = [count_words(pair.source) for pair in splits.test]
    table = pd.DataFrame({"words": words, "seen": pd.cut(often, limits, labels=names)})
    arms = list(dict.fromkeys(run["arm"] for run in results.runs))
    for arm in arms:
        table[arm] = 100 * _right(results, arm).mean(axis=1)
    seven = table[table["words"] == 7].groupby("seen", observed=True)
    means = seven[arms].mean().round(1).assign(sentences=seven.size())
    return pd.crosstab(table["words"], table["seen"]), means


def by_nearness(results: Results, arm: str) -> pd.DataFrame:
    """How many test sentences are near, and how often these and the others are right.

    A sentence is near if some training sentence differs from it in one word, at the same place, and in
    nothing else.

    Args:
        results: with the arm's runs.
        arm: its name.

    Returns:
        For each number of words how many are near, and how many of these are right, in %, the mean over the
        seeds; likewise of the others. A gap where there are none.
    """
    splits = sentences()
    trained_on = {gap for pair in splits.train for gap in _with_a_gap(pair.source)}
    words = pd.Series([count_words(pair.source) for pair in splits.test], name="words")
    near = pd.Series([bool(trained_on & _with_a_gap(pair.source)) for pair in splits.test])
    right = 100 * _right(results, arm).mean(axis=1)
    found = {}
    for name, chosen in (("near", near), ("others", ~near)):
        by_words = right[chosen].groupby(words)
        found[name], found[f"{name}, right (%)"] = by_words.size(), by_words.mean().round(1)
    return pd.DataFrame(found).fillna({"near": 0, "others": 0}).astype({"near": int, "others": int})


def _with_a_gap(sentence: str) -> set[tuple[str, ...]]:
    """The sentence without its first word, without its second, and so on; a gap where that word stood."""
    words = sentence.split()
    return {(*words[:place], "", *words[place + 1 :]) for place in range(len(words))}


def _right(results: Results, arm: str) -> pd.DataFrame:
    """A row for each test sentence, a column for each seed: 1 where it is right, 0 where it is not."""
    return pd.DataFrame({run["seed"]: map(int, run["measured"]["right"]) for run in results.of(arm)})


# -------------------------------------------------------------------------------------------------- numbers
def by_cell(results: Results) -> pd.DataFrame:
    """The runs of the comparison of cells, or of its search for rates.

    Returns:
        The frame of the results, with the columns ``"cell"``, ``"epochs"`` and ``"rate"``, read from the name
        of the arm.
    """
    table = results.frame()
    table[["cell", "epochs", "rate"]] = table["arm"].str.extract(r"(\w+), (\d) epochs?, rate (\S+)")
    table["epochs"] = table["epochs"].astype(int)
    return table


def clear_choices(search: pd.DataFrame) -> list[tuple[int, str]]:
    """For which epochs and cells every run at the best rate is better than every run at the other rates.

    Args:
        search: as `by_cell` returns it, of the search; the best rate has the highest mean on validation.
    """
    found = []
    for (epochs, cell), runs in search.groupby(["epochs", "cell"], sort=False):
        by_rate = runs.groupby("rate")["validation_exact_match"].agg(["mean", "min", "max"])
        best = by_rate["mean"].idxmax()
        if by_rate.loc[best, "min"] > by_rate.drop(best)["max"].max():
            found.append((epochs, cell))
    return found
