"""What notebook 7 shows of its stored runs: three models by length and by pairs, and where the heads look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd

from seq2seq_utils.experiments.lengths import TEST, corpus, exact_of, held_out, over_seeds
from seq2seq_utils.experiments.over_runs import spans, with_ends
from seq2seq_utils.experiments.stored import Results, read
from seq2seq_utils.grammar import tokenizer
from seq2seq_utils.pairs import SentencePair

# The file of each model; arms of one name had the same pairs and equally many steps.
FILES = {"plain": "long_sentences", "attention": "attention", "transformer": "after_attention"}
ARMS = {20: "×9", 10: "×9, up to 10 words"}  # by the words of the longest training sentence
_BY_PAIRS = ("3,000 pairs", "30,000 pairs")
# Of each comparison and model: the file of its runs, and their arm; then the files of its search, and the
# arms there, without the rate.
_SEARCHED = {
    ("633 steps", "attention"): ("attention", "×1", {"after_attention_search": "attention, ×1"}),
    ("633 steps", "transformer"): ("after_attention", "×1", {"after_attention_search": "×1"}),
    **{
        (f"{steps:,} steps", model): (file, arm, searches)
        for steps, arm in ((1899, "×3"), (5697, "×9"))
        for model, file, searches in (
            ("plain", "long_sentences", {"long_sentences_search": arm}),
            (
                "attention",
                "attention",
                {"attention_search": arm, "after_attention_search": f"attention, {arm}"},
            ),
            ("transformer", "after_attention", {"after_attention_search": arm}),
        )
    },
    ("up to 10 words", "transformer"): ("after_attention", ARMS[10], {"after_attention_search": ARMS[10]}),
    **{
        (pairs, model): ("after_attention_pairs", arm, {"after_attention_pairs_search": arm})
        for pairs in _BY_PAIRS
        for model in FILES
        for arm in (f"{model}, {pairs}",)
    },
}


class ThreeModels:
    """The plain model, attention and the transformer, as their runs are stored.

    Args:
        folder: where the files are.

    Raises:
        FileNotFoundError: if one is not there.
    """

    def __init__(self, folder: str | Path) -> None:
        self.results = {model: read(Path(folder) / f"{file}.json") for model, file in FILES.items()}

    def by_length(self, longest: int = 20) -> pd.DataFrame:
        """Exact match in %, rounded: the mean of the runs, the lowest and the highest, as text.

        Args:
            longest: the words of the longest training sentence, 20 or 10.

        Returns:
            A row for each model and its parameters; `runs`, and a column for each group of lengths.
        """
        rows: list[dict[str, Any]] = []
        for model, results in self.results.items():
            for run in results.of(ARMS[longest]):
                groups = _exact_by_group(run["measured"]["by_length"])
                rows.append({"model": model, "parameters": run["parameters"], **groups})
        return spans(pd.DataFrame(rows), ["model", "parameters"], dict.fromkeys(groups, 0))

    def runs(self, model: str, group: int, longest: int = 20) -> list[float]:
        """Exact match in %, a number for each run.

        Args:
            model: its name in `FILES`.
            group: of lengths, 0 for the shortest.
            longest: see `by_length`.
        """
        return exact_of(self.results[model], ARMS[longest], group)

    def by_tokens(self, group: int, rare: int) -> pd.DataFrame:
        """Exact match in % by the tokens of the English sentence, which are the places that it uses.

        Full stops and commas are tokens, too.

        Args:
            group: of lengths, 0 for the shortest.
            rare: numbers of tokens that fewer test sentences have are left out.

        Returns:
            A row for each number of `tokens`: how many ``"training sentences"``, those of 3 to 20 words, have
            as many or more, and so a word at the last of these places; how many ``"test sentences"`` have as
            many; and for each model the mean of its runs, the lowest and the highest, as text.
        """
        in_training = _source_tokens(corpus(20).train)
        in_test = _source_tokens(held_out()[group * TEST : (group + 1) * TEST])
        rows: dict[int, dict[str, Any]] = {}
        for tokens, count in sorted(Counter(in_test).items()):
            if count < rare:
                continue
            known = sum(others >= tokens for others in in_training)
            rows[tokens] = {"training sentences": known, "test sentences": count}
            numbers = [number for number, others in enumerate(in_test) if others == tokens]
            for model, results in self.results.items():
                right = [run["measured"]["by_length"][group]["right"] for run in results.of(ARMS[20])]
                shares = [100 * mean(int(digits[number]) for number in numbers) for digits in right]
                rows[tokens][model] = with_ends(mean(shares), min(shares), max(shares), 0)
        return pd.DataFrame(rows).T.rename_axis("tokens")

    def curves(self) -> pd.DataFrame:
        """Quality by length of all models, trained on up to 20 and on up to 10 words.

        Returns:
            What `plots.quality_against_length` takes: the columns of `lengths.over_seeds`, `model`, a name
            that says how long its training sentences were, and `trained_up_to`, their most words.
        """
        return pd.concat(
            over_seeds(results, [arm]).assign(model=f"{model}, up to {longest}", trained_up_to=longest)
            for model, results in self.results.items()
            for longest, arm in ARMS.items()
        )

    def alignment(self, longest: int = 20) -> pd.DataFrame:
        """The alignment error rates of attention and of the transformer on the same test sentences.

        Args:
            longest: see `by_length`; the sentences have no more words.

        Returns:
            A row for each run, by model and seed. ``"one map"``: that of attention, or of the mean of all
            heads. Of the transformer also ``"best head"``, chosen on validation pairs, with its ``"layer"``
            and ``"head"``, counted from 1; and ``"lowest"`` and ``"highest"`` of all heads, on the test.
        """
        rows: dict[tuple[str, int], dict[str, float]] = {}
        for run in self.results["attention"].of(ARMS[longest]):
            rows["attention", run["seed"]] = {"one map": run["measured"]["alignment_error"]}
        for run in self.results["transformer"].of(ARMS[longest]):
            measured, best = run["measured"], run["measured"]["best_head"]
            errors = [record["alignment_error"] for record in measured["heads"]]
            rows["transformer", run["seed"]] = {
                "one map": measured["alignment_error"],
                "best head": best["alignment_error"],
                "layer": best["layer"] + 1,
                "head": best["head"] + 1,
                "lowest": min(errors),
                "highest": max(errors),
            }
        table = pd.DataFrame(list(rows.values()), index=pd.MultiIndex.from_tuples(rows))
        return table.rename_axis(["model", "seed"]).astype({"layer": "Int64", "head": "Int64"})

    def heads(self, seed: int, longest: int = 20, measured: str = "alignment_error") -> pd.DataFrame:
        """What was measured of each head of a transformer: a row for each layer, a column for each head.

        Args:
            seed: of the run.
            longest: see `by_length`.
            measured: ``"alignment_error"``, on the test; ``"validation_error"``; or ``"shift 1"`` and so on
                (see `maps.measure_heads`).

        Raises:
            ValueError: if there is no run with this seed.
        """
        runs = {run["seed"]: run for run in self.results["transformer"].of(ARMS[longest])}
        if seed not in runs:
            raise ValueError(
                f"seed: there is no run of {seed}; there are runs of {', '.join(map(str, runs))}"
            )
        return by_head(runs[seed]["measured"]["heads"], measured)


def _source_tokens(pairs: Sequence[SentencePair]) -> list[int]:
    english = tokenizer("english")
    return [len(english.tokenize(pair.source)) for pair in pairs]


def by_head(records: Sequence[Mapping[str, Any]], measured: str = "alignment_error") -> pd.DataFrame:
    """What `maps.measure_heads` found of each head: a row for each layer, a column for each head.

    Args:
        records: its ``"heads"``.
        measured: see `ThreeModels.heads`.
    """
    table = pd.DataFrame(records)
    table = table.assign(layer=table["layer"] + 1, head=table["head"] + 1)  # counted from 1
    return table.pivot(index="layer", columns="head", values=measured)


def rates_tried(results: Results, models: Mapping[str, str]) -> pd.DataFrame:
    """Exact match in % with each learning rate of a search, one run each.

    Args:
        results: of `after_attention.SEARCH`.
        models: for each name in the table the name of its arm, without the rate.

    Returns:
        A row for each model and rate, the highest rate first: of the validation pairs, which choose, and of
        each group of lengths of the test.

    Raises:
        ValueError: if there is no run of an arm.
    """
    rows = {}
    for model, name in models.items():
        runs = {
            run["definition"]["learning_rate"]: run["measured"]
            for run in results.runs
            if run["arm"].startswith(f"{name}, rate ")
        }
        if not runs:
            raise ValueError(f"models: there is no run of {name!r}")
        for rate in sorted(runs, reverse=True):
            groups = _exact_by_group(runs[rate]["by_length"])
            rows[model, rate] = {"validation": runs[rate]["validation_exact_match"], **groups}
    return pd.DataFrame(rows).T.rename_axis(["model", "rate"])


def all_rates(folder: str | Path) -> pd.DataFrame:
    """The learning rates that were tried for each comparison, one run each, and the one that was taken.

    Args:
        folder: where the files are.

    Returns:
        A row for each comparison and model. A column for each rate, the highest first: exact match in % on
        the validation pairs, as text, or nothing; and ``"taken"``, the rate of the runs that are compared.

    Raises:
        FileNotFoundError: if a file is not there.
    """
    tried: dict[tuple[str, str], dict[float, float]] = {}
    taken: dict[tuple[str, str], float] = {}
    for row, (file, arm, searches) in _SEARCHED.items():
        of_files = [
            rates_tried(read(Path(folder) / f"{search}.json"), {row[1]: name})["validation"].loc[row[1]]
            for search, name in searches.items()
        ]
        tried[row] = pd.concat(of_files).to_dict()
        taken[row] = read(Path(folder) / f"{file}.json").of(arm)[0]["definition"]["learning_rate"]
    table = pd.DataFrame.from_dict(tried, orient="index").sort_index(axis=1, ascending=False)
    texts = table.map(lambda share: "" if pd.isna(share) else f"{share:.1f}")
    return texts.assign(taken=pd.Series(taken)).rename_axis(["compared", "model"])


def by_pairs(results: Results) -> pd.DataFrame:
    """Exact match in % after training on few pairs and on many: the mean of the runs and their ends, as text.

    Args:
        results: of `after_attention.BY_PAIRS`.

    Returns:
        A row for each number of pairs, model and its parameters, in the order of the file; `runs`,
        ``"validation"``, and a column for each group of lengths that training sentences have.
    """
    rows: list[dict[str, Any]] = []
    for run in results.runs:
        definition, measured = run["definition"], run["measured"]
        trained = [group for group in measured["by_length"] if group["longest"] <= definition["longest"]]
        columns = {"validation": measured["validation_exact_match"], **_exact_by_group(trained)}
        named = {"pairs": definition["pairs"], "model": definition["model"], "parameters": run["parameters"]}
        rows.append(named | columns)
    return spans(pd.DataFrame(rows), ["pairs", "model", "parameters"], dict.fromkeys(columns, 0))


def _exact_by_group(by_length: list[dict[str, Any]]) -> dict[str, float]:
    return {f"{group['shortest']}–{group['longest']}": group["exact_match"] for group in by_length}
