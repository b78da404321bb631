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


def score(runs: Sequence[Scored]) -> dict[str, Any]:
    """The scores of all runs and of the ensemble of the attention models, and differences between them.

    Returns:
        ``"runs"``: for each what `stored.read` needs, and as measured ``"tests"``: for each test set and
        search what `captions.scores` gives; and ``"by_length"``, of the greedy translations.
        ``"differences"``: paired intervals, of attention above plain by seed, and of the ensemble above each
        of its members.
    """
    attention = [run for run in runs if run.arm == "attention"]
    everyone = [*runs, together(attention)]
    found = {(run.arm, run.seed): dict(_translations(run)) for run in everyone}
    return {
        "runs": [_entry(run, found[run.arm, run.seed]) for run in everyone],
        "differences": [
            {"year": year, "search": search, "higher": list(higher), "lower": list(lower)}
            | _difference(found[higher][year, search], found[lower][year, search], attention[0].test(year))
            for higher, lower in _compared(found)
            for year in YEARS
            for search in SEARCHES
        ],
    }


Found = Mapping[tuple[int, str], list[Translation]]  # by year and search


def _translations(run: Scored) -> Iterator[tuple[tuple[int, str], list[Translation]]]:
    for year in YEARS:
        for name, search in SEARCHES.items():
            yield (year, name), translated(run.trained, run.test(year), *search)


def _entry(run: Scored, found: Found) -> Entry:
    tests = [
        {"year": year, "search": search, **scores(translations, run.test(year))}
        for (year, search), translations in found.items()
    ]
    lengths = [
        {"year": year, **group}
        for year in YEARS
        for group in by_length(found[year, "greedy"], run.test(year))
    ]
    return {
        "arm": run.arm,
        "seed": run.seed,
        "definition": define(run.definition),
        "parameters": count_parameters(run.trained.model),
        "curve": [],  # that of the training is in the file of the final experiment
        "measured": {"tests": tests, "by_length": lengths},
    }


def _compared(runs: Mapping[tuple[str, int], Any]) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    for arm, seed in runs:
        if arm == "attention":
            yield (TOGETHER, 0), (arm, seed)
            if ("plain", seed) in runs:
                yield (arm, seed), ("plain", seed)


def _difference(
    higher: Sequence[Translation], lower: Sequence[Translation], pairs: Sequence[SentencePair]
) -> dict[str, float]:
    texts, others, references = texts_of(higher), texts_of(lower), [pair.target for pair in pairs]
    bleu = [metrics.bleu(side, references, lowercase=True).score for side in (texts, others)]
    low, high = metrics.bleu_difference_interval(texts, others, references, lowercase=True)
    return {"bleu": round(bleu[0] - bleu[1], 2), "low": round(low, 2), "high": round(high, 2)}


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
