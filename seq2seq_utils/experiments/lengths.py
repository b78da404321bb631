"""What notebooks 4 and 5 have in common: the corpora, training on them, and quality by length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import mean
from typing import Any

import pandas as pd

from seq2seq_utils.evaluation import metrics
from seq2seq_utils.experiments.experiment import Trained
from seq2seq_utils.experiments.over_runs import with_ends
from seq2seq_utils.experiments.stored import Results
from seq2seq_utils.grammar import LENGTH_BUCKETS, generate, generate_splits, tokenizer
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.text import TextCodec, Tokenizer, count_words
from seq2seq_utils.training import Checkpoint, Settings, seed_everything, train_pairs
from seq2seq_utils.translation import translate

BATCH_SIZE = 128
PAIRS, VALIDATION = 81_000, 1_000
TEST = 500  # pairs in each bucket
MEASURES = ("exact_match", "bleu")  # of some sentences, 0 to 100


@dataclass(frozen=True)
class World:
    """Which of the grammar's sentences there are.

    Args:
        one_word_in: see `grammar.generate`.
        longest: the words of the longest sentence, of each training set.
        buckets: the lengths in the test.
    """

    one_word_in: int
    longest: tuple[int, ...]
    buckets: tuple[tuple[int, int], ...]


WHOLE_WORLD = World(1, (10, 20), tuple(LENGTH_BUCKETS))
SMALL_WORLD = World(6, (10,), ((3, 5), (6, 7), (8, 10)))


@lru_cache(maxsize=3)
def corpus(longest: int, world: World = WHOLE_WORLD, language: str = "french") -> Splits:
    """Pairs of 3 words up to `longest`, to train on and for validation; the test is `held_out`."""
    return generate_splits(language, PAIRS, VALIDATION, 0, (3, longest), one_word_in=world.one_word_in)


@lru_cache(maxsize=1)
def held_out(world: World = WHOLE_WORLD, language: str = "french") -> list[SentencePair]:
    """The test: equally many pairs of each bucket, none of them in a training or validation set."""
    seen = [pair for longest in world.longest for part in corpus(longest, world, language) for pair in part]
    return [
        pair
        for number, bucket in enumerate(world.buckets)
        for pair in generate(language, TEST, bucket, 100 + number, seen, world.one_word_in)
    ]


def training_pairs(
    count: int, longest: int, world: World = WHOLE_WORLD, language: str = "french"
) -> list[SentencePair]:
    """So many pairs to train on: the first of the corpus, or all of it and others that are in no test."""
    train = corpus(longest, world, language).train
    if count <= len(train):
        return train[:count]
    known = [*train, *corpus(longest, world, language).validation, *held_out(world, language)]
    others = generate(language, count - len(train), (3, longest), 1, known, world.one_word_in)
    return [*train, *others]


def train_on(
    pairs: Sequence[SentencePair],
    validation: Sequence[SentencePair],
    make: Callable[[int, int], Seq2Seq],
    settings: Settings,
    seed: int,
    *,
    source_tokenizer: Tokenizer | None = None,
    language: str = "french",
    checkpoint: Checkpoint | None = None,
    progress: str = "training",
) -> Trained:
    """Makes a model for some pairs, and trains it.

    Args:
        pairs: to train on; their words are the vocabularies.
        validation: pairs whose loss is measured after each epoch.
        make: makes the model from the sizes of the two vocabularies.
        settings: of the training.
        seed: of the weights, and of the order of the sentences.
        source_tokenizer: by default the grammar's, of English.
        language: of the translations.
        checkpoint: see `fit`.
        progress: what to write beside the progress bar.
    """
    words = source_tokenizer or tokenizer("english")
    english = TextCodec.build(words, [pair.source for pair in pairs])
    target = TextCodec.build(tokenizer(language), [pair.target for pair in pairs])
    seed_everything(seed)
    model = make(len(english.vocabulary), len(target.vocabulary))
    history = train_pairs(
        model,
        pairs,
        (english, target),
        settings,
        batch_size=BATCH_SIZE,
        seed=seed,
        validation=validation,
        checkpoint=checkpoint,
        progress=progress,
    )
    return Trained(model, english, target, history)


def measure_quality(
    trained: Trained, longest: int, world: World = WHOLE_WORLD, language: str = "french"
) -> dict[str, Any]:
    """Quality on the validation pairs of a training set, and on the test by length; translated greedily.

    Returns:
        Loss, exact match and BLEU of the validation pairs, and ``"by_length"``: for each bucket of the test
        exact match, BLEU, and `right`, a 1 or a 0 for each sentence.
    """
    validation, test = corpus(longest, world, language).validation, held_out(world, language)
    on_validation = quality(texts(trained, validation), validation)
    by_length = []
    for number, (shortest, longest) in enumerate(world.buckets):
        pairs = test[number * TEST : (number + 1) * TEST]
        by_length.append({"shortest": shortest, "longest": longest, **quality(texts(trained, pairs), pairs)})
    return {
        "validation_loss": trained.history.records[-1]["validation_loss"],
        "validation_exact_match": on_validation["exact_match"],
        "validation_bleu": on_validation["bleu"],
        "by_length": by_length,
    }


def on_training_pairs(trained: Trained, pairs: Sequence[SentencePair], world: World) -> list[dict[str, Any]]:
    """Exact match and BLEU on pairs that the model was trained on: as many of each bucket as in a test."""
    records = []
    for shortest, longest in world.buckets:
        chosen = [pair for pair in pairs if shortest <= count_words(pair.source) <= longest][:TEST]
        if chosen:
            found = quality(texts(trained, chosen), chosen)
            measures = {name: found[name] for name in MEASURES}
            records.append({"shortest": shortest, "longest": longest, **measures})
    return records


def quality(translations: Sequence[str], pairs: Sequence[SentencePair]) -> dict[str, Any]:
    """Exact match and BLEU, 0 to 100, and for each sentence 1 if it is right, else 0, in one text."""
    references = [pair.target for pair in pairs]
    right = [text == reference for text, reference in zip(translations, references, strict=True)]
    return {
        "exact_match": 100 * metrics.exact_match(translations, references),
        "bleu": metrics.bleu(translations, references).score,
        "right": "".join(str(int(is_right)) for is_right in right),
    }


def exact_match(
    model: Seq2Seq, pairs: Sequence[SentencePair], source_codec: TextCodec, target_codec: TextCodec
) -> float:
    """What is translated to the letter, in %: greedily, the decoder fed its own words."""
    found = translate(model, [pair.source for pair in pairs], source_codec, target_codec)
    return 100 * metrics.exact_match([t.text for t in found], [pair.target for pair in pairs])


def texts(trained: Trained, pairs: Sequence[SentencePair]) -> list[str]:
    """The translations of the sources, greedily."""
    found = translate(trained.model, [pair.source for pair in pairs], *trained.codecs)
    return [translation.text for translation in found]


def over_seeds(results: Results, arms: Sequence[str]) -> pd.DataFrame:
    """Quality by length of stored runs: mean, lowest and highest over the seeds of each arm.

    Args:
        results: runs that `measure_quality` measured.
        arms: which, in this order.

    Returns:
        For each arm and bucket a row: arm, steps, runs (how many), shortest, longest; then exact_match and
        bleu, each followed by the lowest and the highest run (exact_match_low, exact_match_high, …), as
        `drawing.plots.quality_against_length` takes them.

    Raises:
        ValueError: if there is no run of an arm.
    """
    rows = []
    for arm in arms:
        runs = results.of(arm)
        for records in zip(*(run["measured"]["by_length"] for run in runs), strict=True):
            row = {"arm": arm, "steps": runs[0]["steps"], "runs": len(runs)}
            row |= {name: records[0][name] for name in ("shortest", "longest")}
            for name in MEASURES:
                values = [record[name] for record in records]
                row |= {name: mean(values), f"{name}_low": min(values), f"{name}_high": max(values)}
            rows.append(row)
    return pd.DataFrame(rows)


# ---------------------------------------------------------------------------------------- tables to read
def described(pairs: Sequence[SentencePair]) -> dict[str, float]:
    """What a set of pairs offers to learn from: how many pairs, how long, how many words, how often each."""
    tokens = Counter(
        token
        for pair in pairs
        for token in tokenizer("english").tokenize(pair.source)
        if any(map(str.isalpha, token))
    )
    return {
        "pairs": len(pairs),
        "words in a sentence, on average": tokens.total() / len(pairs),
        "different English words": len(tokens),
        "how often each stands there, on average": tokens.total() / len(tokens),
    }


def with_intervals(by_length: pd.DataFrame, measures: Mapping[str, str]) -> pd.DataFrame:
    """Quality by length as text, each value with its interval, such as ``"60.0 (55.6 to 64.2)"``.

    Args:
        by_length: what `metrics.quality_by_length` gives.
        measures: ``"exact_match"``, ``"bleu"`` or both, and the heading of its column.
    """
    columns = {
        heading: [
            with_ends(value, low, high, 1)
            for value, low, high in by_length[[name, f"{name}_low", f"{name}_high"]].to_numpy()
        ]
        for name, heading in measures.items()
    }
    return pd.DataFrame(columns, index=pd.Index(_groups(by_length.to_dict("records")), name="words"))


def exact_of(results: Results, arm: str, group: int, measured: str = "by_length") -> list[float]:
    """Exact match in one group of lengths, in %, a number for each run of an arm, by seed.

    Args:
        results: runs that `measure_quality` measured.
        arm: its name.
        group: its number, counted from 0, the shortest sentences.
        measured: ``"by_length"``, new sentences, or ``"on_training"``, sentences trained on.
    """
    return results.values(arm, f"{measured}.{group}.exact_match")


def margin(results: Results, higher: str, lower: str, group: int, measured: str = "by_length") -> float:
    """By how many points of exact match the lowest run of one arm lies above the highest of another.

    Args:
        results: see `exact_of`.
        higher: the name of the arm whose lowest run counts.
        lower: the name of the arm whose highest run counts.
        group: see `exact_of`.
        measured: see `exact_of`.
    """
    above, below = (exact_of(results, arm, group, measured) for arm in (higher, lower))
    return min(above) - max(below)


def exact_of_runs(results: Results, arms: Sequence[str]) -> pd.DataFrame:
    """Exact match in %: a row for each run, by arm and seed, and a column for each group of lengths."""
    return _table(
        {
            (arm, run["seed"]): {
                group: record["exact_match"]
                for group, record in zip(
                    _groups(run["measured"]["by_length"]), run["measured"]["by_length"], strict=True
                )
            }
            for arm in arms
            for run in results.of(arm)
        },
        ["arm", "seed"],
    )


def exact_by_group(
    results: Results,
    arms: Sequence[str],
    index: Sequence[str] = ("steps", "runs"),
    spans: bool = False,
    measure: str = "exact_match",
) -> pd.DataFrame:
    """Exact match in %, the mean of the runs: a row for each arm, and a column for each group of lengths.

    Args:
        results: runs that `measure_quality` measured.
        arms: which, in this order.
        index: what the rows are named by: some of arm, parameters, steps, and runs (how many there are).
        spans: whether the lowest and the highest run stand behind the mean, as text: ``"45 (38 to 57)"``.
        measure: ``"exact_match"``, or ``"bleu"`` instead.
    """
    rows = {}
    for arm in arms:
        runs = results.of(arm)
        told = {**runs[0], "runs": len(runs)}
        cells: dict[str, float | str] = {}
        for number, group in enumerate(_groups(runs[0]["measured"]["by_length"])):
            values = results.values(arm, f"by_length.{number}.{measure}")
            cells[group] = with_ends(mean(values), min(values), max(values), 0) if spans else mean(values)
        rows[tuple(told[name] for name in index)] = cells
    return _table(rows, index)


def own_and_new(
    results: Results, arms: Sequence[str], groups: int = 4, measure: str = "exact_match"
) -> pd.DataFrame:
    """Exact match in % on sentences trained on and on new ones, the mean of an arm's runs.

    Args:
        results: runs that `measure_quality` and `on_training_pairs` measured.
        arms: which, in this order.
        groups: how many groups of lengths, from the shortest: those in which there was training.
        measure: see `exact_by_group`.

    Returns:
        Two rows for each arm, ``"its own"`` and ``"new"``, and a column for each group.
    """
    rows = {}
    for arm in arms:
        names = _groups(results.of(arm)[0]["measured"]["by_length"])[:groups]
        for sentences, measured in (("its own", "on_training"), ("new", "by_length")):
            rows[arm, sentences] = {
                group: mean(results.values(arm, f"{measured}.{number}.{measure}"))
                for number, group in enumerate(names)
            }
    return _table(rows, ["arm", "sentences"])


def exact_by_words(results: Results, arms: Sequence[str], words: Sequence[int]) -> pd.DataFrame:
    """Exact match in % for each number of words up to 20, the mean of an arm's runs.

    Args:
        results: runs that `measure_quality` measured in the whole world.
        arms: a row for each.
        words: a column for each.
    """
    counts = [count_words(pair.source) for pair in held_out()]
    rows = {}
    for arm in arms:
        right = [
            [int(digit) for record in run["measured"]["by_length"] for digit in record["right"]]
            for run in results.of(arm)
        ]
        share = pd.DataFrame(right).mean(axis=0).groupby(counts).mean()
        rows[arm] = {count: 100 * share[count] for count in words}
    return _table(rows, ["arm"])


def _groups(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the groups of lengths are called, such as ``"4–7"``."""
    return [f"{record['shortest']}–{record['longest']}" for record in records]


def _table(rows: Mapping[Any, Mapping[Any, object]], names: Sequence[str]) -> pd.DataFrame:
    """A table of these rows, whose columns are numbers of words."""
    table = pd.DataFrame(list(rows.values()))
    keys = [key if isinstance(key, tuple) else (key,) for key in rows]
    if len(names) > 1:
        table.index = pd.MultiIndex.from_tuples(keys, names=names)
    else:
        table.index = pd.Index([name for (name,) in keys], name=names[0])
    table.columns.name = "words"
    return table
