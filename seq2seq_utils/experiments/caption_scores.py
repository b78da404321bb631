"""Notebook 6: the trained models on the two test sets, which nobody looks at before the search is closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seq2seq_utils import captions
from seq2seq_utils.drawing.heatmaps import translation_maps
from seq2seq_utils.evaluation import metrics
from seq2seq_utils.experiments.captions import (
    BEAM,
    LENGTH_PENALTY,
    Arm,
    by_length,
    scores,
    texts_of,
    translated,
)
from seq2seq_utils.experiments.experiment import Entry, Trained, define
from seq2seq_utils.models import count_parameters
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.translation import Translation, ensemble

YEARS = (2016, 2017)
SEARCHES = {"greedy": (1, 1.0), "beam": (BEAM, LENGTH_PENALTY)}
TOGETHER = "ensemble"
BESIDE = {"attention": "plain", "transformer": "attention"}  # the arm that each is compared with
SENTENCES = (  # our own, in the style of captions
    "Eine alte Frau verkauft rote Äpfel.",
    "Zwei Kinder spielen im Garten mit einem großen Hund.",
    "Ein Mann, der einen blauen Hut trägt, fährt mit dem Fahrrad durch den Regen.",
    "Gestern hat ein kleiner Junge am Strand eine Sandburg gebaut.",
)


@dataclass(frozen=True)
class Scored:
    """A run of the final experiment, and what it makes of the test sets.

    Args:
        arm: its name.
        seed: of the run.
        definition: of the arm.
        trained: the model.
    """

    arm: str
    seed: int
    definition: Arm
    trained: Trained

    def test(self, year: int) -> list[SentencePair]:
        """A test set in its languages."""
        return captions.load_test(year, self.definition.source, self.definition.target)


def together(runs: Sequence[Scored]) -> Scored:
    """The ensemble of some runs of one arm.

    Args:
        runs: whose recipe, and so whose vocabularies, are the same.

    Raises:
        ValueError: if there are none, or their definitions differ.
    """
    if len({run.arm for run in runs}) != 1:
        raise ValueError(f"runs: {[run.arm for run in runs]} are not of one arm")
    first = runs[0]
    model = ensemble([run.trained.model for run in runs])
    trained = Trained(model, *first.trained.codecs, first.trained.history)
    return Scored(TOGETHER, 0, first.definition, trained)


def score(run: Scored) -> Entry:
    """What one run makes of the test sets.

    Returns:
        What `stored.read` needs, and as measured ``"tests"``: for each test set and search what
        `captions.scores` gives; and ``"by_length"``, of the greedy translations. ``"counts"``: for each test
        set what BLEU is counted from, by the chosen search, a sentence after the other (see `packed`).
    """
    pairs = {year: run.test(year) for year in YEARS}
    found = {
        (year, name): translated(run.trained, pairs[year], *search)
        for year in YEARS
        for name, search in SEARCHES.items()
    }
    return {
        "arm": run.arm,
        "seed": run.seed,
        "definition": define(run.definition),
        "parameters": count_parameters(run.trained.model),
        "curve": [],  # that of the training is in the file of the final experiment
        "measured": {
            "tests": [
                {"year": year, "search": name, **scores(translations, pairs[year])}
                for (year, name), translations in found.items()
            ],
            "by_length": [
                {"year": year, **group}
                for year in YEARS
                for group in by_length(found[year, "greedy"], pairs[year])
            ],
        },
        "counts": {str(year): packed(counts(found[year, "beam"], pairs[year])) for year in YEARS},
    }


def counts(found: Sequence[Translation], pairs: Sequence[SentencePair]) -> np.ndarray:
    """What the BLEU of translations is counted from, (sentences, 6): see `metrics.sentence_counts`."""
    return metrics.sentence_counts(texts_of(found), [pair.target for pair in pairs], lowercase=True)


def packed(counts: np.ndarray) -> str:
    """Rows of whole numbers as one short text, such as ``"9 7 5 4 10 11; 3 1 0 0 8 9"``."""
    return "; ".join(" ".join(map(str, row)) for row in counts.tolist())


def unpacked(text: str) -> np.ndarray:
    """The rows of numbers that `packed` has made a text of."""
    return np.array([[int(number) for number in row.split()] for row in text.split(";")])


def differences(runs: Sequence[Entry], arm: str = "attention") -> list[dict[str, Any]]:
    """How far the BLEU of some scored runs is above that of others, by the chosen search, with intervals.

    An arm is compared by seed with the one that `BESIDE` names, and the ensemble of its runs with each of
    them; on the same captions (`metrics.bleu_difference_interval`). The runs may have been scored at
    different times: counts suffice.

    Args:
        runs: as `score` gives them.
        arm: the one that is compared, ``"attention"`` or ``"transformer"``.

    Returns:
        For each comparison and test set ``"higher"`` and ``"lower"`` (arm and seed), ``"year"``, and the
        difference as ``"bleu"``, with the ends ``"low"`` and ``"high"`` of its interval: below 0 where the
        lower is above the higher.
    """
    by_identity = {(run["arm"], run["seed"]): run["counts"] for run in runs}
    return [
        {"year": year, "search": "beam", "higher": list(higher), "lower": list(lower)}
        | _difference(*(unpacked(by_identity[side][str(year)]) for side in (higher, lower)))
        for higher, lower in _compared(by_identity, arm)
        for year in YEARS
    ]


def _compared(
    runs: Mapping[tuple[str, int], Any], compared: str
) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    for arm, seed in runs:
        if arm == compared:
            if (TOGETHER, 0) in runs:
                yield (TOGETHER, 0), (arm, seed)
            if (BESIDE[arm], seed) in runs:
                yield (arm, seed), (BESIDE[arm], seed)


def _difference(higher: np.ndarray, lower: np.ndarray) -> dict[str, float]:
    low, high = metrics.counted_difference_interval(higher, lower)
    bleu = metrics.counted_bleu(higher) - metrics.counted_bleu(lower)
    return {"bleu": round(bleu, 2), "low": round(low, 2), "high": round(high, 2)}


def maps(trained: Trained, sentences: Sequence[str]) -> list[dict[str, Any]]:
    """Where an attention model looks while it translates sentences greedily, as numbers.

    Returns:
        For each sentence ``"weights"``, ``"source"`` and ``"target"``, as a `heatmaps.Map` has them.
    """
    return [
        {
            "weights": np.asarray(of_sentence.weights, dtype=float).round(4).tolist(),
            "source": list(of_sentence.source),
            "target": list(of_sentence.target),
        }
        for of_sentence in translation_maps(trained.model, sentences, *trained.codecs)
    ]
