"""What notebooks 4 and 5 have in common: the corpora, training on them, and quality by length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import mean
from typing import Any

import pandas as pd

from seq2seq_utils.evaluation import metrics
from seq2seq_utils.experiments.experiment import Trained
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


@lru_cache(maxsize=2)
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
    """Exact match in % on pairs that the model was trained on: as many of each bucket as in a test."""
    records = []
    for shortest, longest in world.buckets:
        chosen = [pair for pair in pairs if shortest <= count_words(pair.source) <= longest][:TEST]
        if chosen:
            exact = exact_match(trained.model, chosen, *trained.codecs)
            records.append({"shortest": shortest, "longest": longest, "exact_match": exact})
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
            for name in ("exact_match", "bleu"):
                values = [record[name] for record in records]
                row |= {name: mean(values), f"{name}_low": min(values), f"{name}_high": max(values)}
            rows.append(row)
    return pd.DataFrame(rows)
