"""Notebook 2's tables: what its stored runs, and the reader's own, show when they are counted."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from seq2seq_utils.evaluation.metrics import proportion_interval
from seq2seq_utils.experiments.corruptions import corruptions
from seq2seq_utils.experiments.seq2seq import count_forms, is_well_formed, wrong_of
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
        pairs: each well-formed reference is spoiled in all ways that `corruptions` knows. The others are left
            out, since they do not pass without a mistake either.

    Returns:
        For each kind of mistake: how many sentences have it, and how many of these pass as well formed.
    """
    passing = [pair.target for pair in pairs if is_well_formed(pair.target)]
    rows = [(rule, is_well_formed(text)) for target in passing for rule, text in corruptions(target)]
    found = pd.DataFrame(rows, columns=["mistake", "passed"]).groupby("mistake", sort=False)["passed"]
    return found.agg(["size", "sum"]).rename(columns={"size": "sentences", "sum": "passed"}).astype(int)


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
