"""Notebook 3: what its stored runs say, as tables, a row for each way of feeding the decoder.

In each function `results` are the runs of `teacher_forcing.COMPARED`, a way is one of `teacher_forcing.FED`,
`CONTROLS` or `FASTER`, and `epochs` is a budget: 2, 6 or 18 epochs, 470, 1,410 or 4,230 steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seq2seq_utils.evaluation import metrics
from seq2seq_utils.experiments import teacher_forcing
from seq2seq_utils.experiments.over_runs import with_ends
from seq2seq_utils.experiments.replaced_noun import OUTCOMES
from seq2seq_utils.experiments.stored import Results

BASE = "ratio 1"  # what the other ways are compared with
MAIN = teacher_forcing.BUDGETS[1]  # epochs
INPUTS = {"truth": "the truth", "own": "its own"}  # what is fed in the test
GAP = "gap"
# The first noun of a sentence: what is stored of a run, and what it is called in the tables.
NOUNS = {"noun_kept": "kept", "noun_replaced": "replaced", "noun_in_both": "in both"}


def by_way(table: pd.DataFrame, epochs: int | None = None) -> pd.DataFrame:
    """A table of stored runs with the names of its arms taken apart.

    Args:
        table: with a column ``"arm"``, such as "ratio 0, 6 epochs".
        epochs: rows of other budgets are left out; by default none are.

    Returns:
        The table with two columns more: `trained`, the way, and `epochs`.
    """
    parts = table["arm"].str.extract(r"^(?P<trained>.*), (?P<epochs>\d+) epochs$").astype({"epochs": int})
    table = table.assign(**parts)
    return table if epochs is None else table[table["epochs"] == epochs]


def each_run(results: Results, way: str, measured: str, epochs: int = MAIN) -> np.ndarray:
    """What was measured of a way, a number for each seed (see `Results.values`)."""
    return np.array(results.values(teacher_forcing.named(way, epochs), measured))


def as_text(table: pd.DataFrame) -> pd.Series:
    """A mean and the ends of its interval as one text for each row, such as "4.7 (3.1 to 6.3)".

    Args:
        table: of three columns: the mean, and the lower and the upper end of its interval.

    Raises:
        ValueError: if there are not three columns.
    """
    if table.shape[1] != 3:
        raise ValueError(f"table: it has {table.shape[1]} columns; it must have 3, a mean and two ends")
    rows = table.astype(float).to_numpy()
    return pd.Series([with_ends(mean, low, high, 1) for mean, low, high in rows], table.index)


# ---------------------------------------------------------------------------------- whole sentences
def right_sentences(results: Results, way: str, epochs: int = MAIN) -> np.ndarray:
    """A 1 for each test sentence that came out right to the letter, else a 0: (seeds, sentences)."""
    runs = results.of(teacher_forcing.named(way, epochs))
    return np.array([list(run["measured"]["right"]) for run in runs]).astype(int)


def differences(
    results: Results, pairs: Sequence[tuple[str, str]], epochs: int = MAIN, seeds: int | None = None
) -> pd.DataFrame:
    """By how many points the exact match of some ways is above that of others, paired by seed and sentence.

    Args:
        results: see above.
        pairs: a way, and the way whose exact match is subtracted.
        epochs: the budget.
        seeds: how many, from the first; by default all.

    Returns:
        A row for each pair: the mean in `points`, and `from` and `to` of its 95 % interval, over other seeds
        and other sentences.
    """
    return three_intervals(results, pairs, epochs, seeds)[["points", "from", "to"]]


def three_intervals(
    results: Results, pairs: Sequence[tuple[str, str]], epochs: int = MAIN, seeds: int | None = None
) -> pd.DataFrame:
    """As `differences`, with two intervals more: over other seeds alone, and over other sentences alone."""
    rows = {}
    for way, other in pairs:
        right, right_of_other = (right_sentences(results, name, epochs)[:seeds] for name in (way, other))
        rows[way, other] = _with_intervals(100 * (right - right_of_other))
    return pd.DataFrame(rows).T.rename_axis(["of", "minus that of"])


def changes(
    results: Results, pairs: Sequence[tuple[str, str]], budgets: tuple[int, int], seeds: int
) -> pd.DataFrame:
    """How `differences` change from one budget to another, paired by seed and sentence.

    Args:
        results: see above.
        pairs: a way, and the way whose exact match is subtracted.
        budgets: the first and the second, in epochs.
        seeds: how many, from the first; both budgets must have them.

    Returns:
        As `differences`, of the difference at the second budget minus that at the first.
    """
    rows = {}
    for way, other in pairs:
        first, second = (
            right_sentences(results, way, epochs)[:seeds] - right_sentences(results, other, epochs)[:seeds]
            for epochs in budgets
        )
        rows[way, other] = _with_intervals(100 * (second - first))
    return pd.DataFrame(rows).T.rename_axis(["of", "minus that of"])[["points", "from", "to"]]


def _with_intervals(difference: np.ndarray) -> dict[str, float]:
    def mean_of(sentences: np.ndarray) -> float:
        return float(difference[:, sentences].mean())

    mean, *of_seeds = metrics.mean_difference_interval(
        difference.mean(axis=1).tolist(), [0.0] * len(difference)
    )
    of_sentences = metrics.bootstrap_interval(mean_of, difference.shape[1])
    ends = {"": metrics.two_way_interval(difference), "seeds: ": of_seeds, "sentences: ": of_sentences}
    return {"points": mean} | {
        f"{which}{end}": value
        for which, interval in ends.items()
        for end, value in zip(("from", "to"), interval, strict=True)
    }


def gains(
    results: Results, ways: Sequence[str], measures: Mapping[str, str], epochs: int = MAIN
) -> pd.DataFrame:
    """Some measures minus those of ratio 1, with a 95 % interval over seeds: points, from and to of each.

    Args:
        results: see above.
        ways: those that are compared with it.
        measures: what each is called in the table, and in the runs.
        epochs: the budget.
    """
    columns = pd.MultiIndex.from_product([list(measures), ["points", "from", "to"]])
    rows = [
        [
            end
            for measured in measures.values()
            for end in metrics.mean_difference_interval(
                results.values(teacher_forcing.named(way, epochs), measured),
                results.values(teacher_forcing.named(BASE, epochs), measured),
            )
        ]
        for way in ways
    ]
    return pd.DataFrame(rows, list(ways), columns)


# ------------------------------------------------------------------------------ words by their place
def right_by_position(
    results: Results, ways: Sequence[str], words: int, epochs: int = MAIN, seeds: int | None = None
) -> pd.DataFrame:
    """The share of right words in %, of each run, at each position of sentences of one length.

    Args:
        results: see above.
        ways: those that are wanted.
        words: of a sentence, 5 or 10.
        epochs: the budget.
        seeds: how many, from the first; by default all.

    Returns:
        A row for each `trained`, `seed`, `position` (from 1) and `fed`, what the decoder was fed in the test:
        "the truth" or "its own"; in its `line` way and input together. Its share is `right`.
    """
    table = _of_one_length(results.table("by_position"), ways, words, epochs, seeds)
    keys = ["trained", "seed", "position"]
    long = table.rename(columns=INPUTS).melt(keys, list(INPUTS.values()), "fed", "right")
    return long.assign(line=long["trained"] + ", fed " + long["fed"])


def gap_by_position(
    results: Results, ways: Sequence[str], words: int, epochs: int = MAIN, seeds: int | None = None
) -> pd.DataFrame:
    """Means of `right_by_position`: a column for each position, and of each way three rows.

    Fed the truth, fed its own, and "gap": by how many points the second is below the first.
    """
    table = right_by_position(results, ways, words, epochs, seeds)
    means = table.groupby(["trained", "fed", "position"])["right"].mean().unstack("fed")
    rows = _with_gap(means).stack().unstack("position")
    return rows.loc[[(way, fed) for way in ways for fed in (*INPUTS.values(), GAP)]]


def gap_behind_mistakes(
    results: Results, way: str, words: int, epochs: int = MAIN, seeds: int | None = None
) -> pd.DataFrame:
    """The gap by position from 2 on, taken apart (arguments of `right_by_position`).

    A sentence without an own mistake so far is fed the same words either way: the gap is that of the others.

    Returns:
        A column for each position and three rows, means over the seeds: the `gap`; in how many % of the
        sentences a mistake stands `before`; and the gap `of these`, which is the first divided by the second.
    """
    table = _of_one_length(results.table("by_position"), [way], words, epochs, seeds)
    means = table.groupby("position")[["truth", "own", "flawless"]].mean()
    gap, before = means["truth"] - means["own"], 100 - means["flawless"].shift()
    rows = {GAP: gap, "% with a mistake before": before, "gap of these": 100 * gap / before}
    return pd.DataFrame(rows).iloc[1:].T


def last_words_of_runs(
    results: Results, ways: Sequence[str], words: int, epochs: int = MAIN, seeds: int | None = None
) -> pd.DataFrame:
    """How sentences of one length end, in %: a row for each way and seed (arguments of `right_by_position`).

    Returns:
        How many of the last words are right, fed `the truth` and fed `its own`; the `gap` between the two, in
        points; and `exact match`, how many of the sentences come out right to the letter, signs included.
    """
    table = right_by_position(results, ways, words, epochs, seeds)
    keys = ["trained", "seed"]
    ends = table[table["position"] == words].pivot(index=keys, columns="fed", values="right")
    whole = _of_one_length(results.table("by_length"), ways, words, epochs, seeds)
    right = whole.set_index(keys)["exact_match"]
    return _with_gap(ends).assign(**{"exact match": right}).rename_axis(columns=None)


def last_words(
    results: Results, ways: Sequence[str], words: int, epochs: int = MAIN, seeds: int | None = None
) -> pd.DataFrame:
    """Means of `last_words_of_runs` over the seeds, a row for each way."""
    of_runs = last_words_of_runs(results, ways, words, epochs, seeds)
    return of_runs.groupby("trained").mean().loc[list(ways)]


def behind_mistakes_of_runs(
    results: Results, ways: Sequence[str], words: int, epochs: int = MAIN
) -> pd.DataFrame:
    """How many words are right behind the first mistake that a model makes when it is fed its own words.

    Args:
        results: see above.
        ways: those that are wanted.
        words: of a sentence, 5 or 10.
        epochs: the budget.

    Returns:
        A row for each way and seed. Of all words behind the first mistake of their sentence, signs left out:
        how many are right in %, fed `the truth` and fed `its own`, and the `gap` between the two, in points.
        Each run has its own mistakes, and so other words.
    """
    table = _of_one_length(results.table("after_mistake"), ways, words, epochs).rename(columns=INPUTS)
    inputs = list(INPUTS.values())
    right = table[inputs].mul(table["pairs"], axis=0)  # of `pairs` sentences so far behind it
    sums = right.assign(pairs=table["pairs"]).groupby([table["trained"], table["seed"]]).sum()
    return _with_gap(sums[inputs].div(sums["pairs"], axis=0))


def _of_one_length(
    table: pd.DataFrame, ways: Sequence[str], words: int, epochs: int, seeds: int | None = None
) -> pd.DataFrame:
    """The rows of some ways at one budget, of sentences of one length; of all seeds, or the first ones."""
    table = by_way(table, epochs)
    table = table[(table["words"] == words) & table["trained"].isin(ways)]
    return table if seeds is None else table[table["seed"] < seeds]


def _with_gap(table: pd.DataFrame) -> pd.DataFrame:
    """With a column more, by how much its own is below the truth."""
    truth, own = INPUTS.values()
    return table[[truth, own]].assign(**{GAP: table[truth] - table[own]})


# ------------------------------------------------------------------------------- the replaced noun
def wrong_behind_a_noun(results: Results, way: str, epochs: int = MAIN) -> dict[str, np.ndarray]:
    """Which continuations are wrong, of the sentences with one right continuation.

    Returns:
        For each of `NOUNS` (seeds, sentences): 100 where it is wrong, else 0.
    """
    runs = [run["measured"] for run in results.of(teacher_forcing.named(way, epochs))]
    return {
        name: 100.0 * np.array([[letter == "w" for letter in run[key] if letter in "rw"] for run in runs])
        for key, name in NOUNS.items()
    }


def harm(results: Results, way: str, epochs: int = MAIN) -> np.ndarray:
    """What a replaced noun does to the rest of a sentence with one right continuation, (seeds, sentences).

    Whether the continuation is wrong, 100 or 0, minus its mean over the two of `NOUNS` without a mismatch.
    """
    kept, replaced, in_both = wrong_behind_a_noun(results, way, epochs).values()
    return np.asarray(replaced - (kept + in_both) / 2)


def table_of_harm(
    results: Results, ways: Sequence[str], nouns: Mapping[str, Sequence[bool]], budgets: Sequence[int]
) -> pd.DataFrame:
    """The mean of `harm` in points as a text, with its 95 % interval over other seeds and other sentences.

    Args:
        results: see above.
        ways: those that are wanted.
        nouns: what each group of sentences is called, and which of them belong to it.
        budgets: in epochs.

    Returns:
        A row for each way and group, and a column for each budget.
    """
    rows = {}
    for way in ways:
        harms = {epochs: harm(results, way, epochs) for epochs in budgets}
        for noun, belongs in nouns.items():
            of_noun = {epochs: points[:, np.array(belongs)] for epochs, points in harms.items()}
            rows[way, noun] = {
                epochs: with_ends(points.mean(), *metrics.two_way_interval(points), 1)
                for epochs, points in of_noun.items()
            }
    return pd.DataFrame(rows).T


def meanings(
    results: Results,
    ways: Sequence[str],
    epochs: int = MAIN,
    among: Sequence[bool] | None = None,
    noun: str = "replaced",
) -> pd.DataFrame:
    """In which meaning the models go on behind the first noun, of the sentences where the two differ, in %.

    Args:
        results: see above.
        ways: those that are wanted.
        epochs: the budget.
        among: which of these sentences count; by default all.
        noun: which one is fed, a name of `NOUNS`.

    Returns:
        A row for each way and seed: `old`, `new` and `neither`.
    """
    (key,) = (key for key, name in NOUNS.items() if name == noun)
    rows = {}
    for way in ways:
        for run in results.of(teacher_forcing.named(way, epochs)):
            letters = [letter for letter in run["measured"][key] if letter in "onx"]
            if among is not None:
                letters = [letter for letter, counts in zip(letters, among, strict=True) if counts]
            rows[way, run["seed"]] = {
                OUTCOMES[letter]: 100 * letters.count(letter) / len(letters) for letter in "onx"
            }
    return pd.DataFrame(rows).T.rename_axis(["trained", "seed"])
