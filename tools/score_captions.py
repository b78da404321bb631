"""Score the models of captions_final on both test sets, each once, after the search for a recipe is closed.

    python tools/score_captions.py
    python tools/score_captions.py captions_transformer    # the same for notebook 7, after these

A model is taken from the checkpoint that `tools/experiments.py captions_final` has kept. Its scores go to
notebooks/results/captions_test.json, with the commit that they were made at: numbers, and no caption. Given
again, the command scores the runs that have been stored since; one that has its scores keeps them. Those of
captions_transformer go to captions_transformer_test.json, compared with those of attention.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from experiments import CHECKPOINTS, RESULTS, ROOT, Finished, checkpoint_file

from seq2seq_utils.experiments import (
    Entry,
    Experiment,
    caption_scores,
    captions,
    captions_transformer,
    read,
    stored,
)
from seq2seq_utils.experiments.caption_scores import Scored, maps
from seq2seq_utils.experiments.experiment import machine
from seq2seq_utils.training.checkpoints import whole_or_not_at_all

NAME = "captions_test"


@dataclass(frozen=True)
class Source:
    """Where models come from, and where their scores go.

    Args:
        module: that says whether its search is closed, and which experiment is the final one.
        arm: whose runs make the ensemble and the maps, and are compared (see `caption_scores.differences`).
        scores: the name of the file.
        beside: the name of the file that holds the scores of what is compared with; by default the same.
    """

    module: ModuleType
    arm: str
    scores: str
    beside: str | None = None

    @property
    def final(self) -> Experiment[captions.Arm]:
        """The experiment whose models are scored."""
        experiment: Experiment[captions.Arm] = self.module.FINAL
        return experiment


SOURCES = {
    "captions_final": Source(captions, "attention", NAME),
    "captions_transformer": Source(captions_transformer, "transformer", "captions_transformer_test", NAME),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Load, score, write; the exit status is 1 where something stands against it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("experiment", nargs="?", choices=SOURCES, default="captions_final")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the files")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="the folder of the checkpoints")
    options = parser.parse_args(arguments)
    source = SOURCES[options.experiment]
    if not source.module.SEARCH_IS_CLOSED:
        print("the search for a recipe is open (SEARCH_IS_CLOSED): no test set is looked at before its end")
        return 1
    if changed := git("status", "--porcelain", "--", "seq2seq_utils"):
        print(f"not committed, so that nobody could know what was scored:\n{changed}")
        return 1
    torch.set_num_threads(options.threads)
    final, file = (options.results / f"{name}.json" for name in (source.final.name, source.scores))
    beside = read(options.results / f"{source.beside}.json").runs if source.beside else []
    before = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"runs": [], "maps": []}
    scored = {stored.identity(run) for run in before["runs"]}
    trained = load(source, final, options.checkpoints, scored)
    if not trained:
        print(f"nothing to score: {file} has all runs of {final}, and a test set is looked at once")
        return 1
    origin = {"commit": git("rev-parse", "HEAD"), **machine()}
    runs = [*before["runs"], *(caption_scores.score(run) | origin for run in trained)]
    contents = {
        "experiment": source.scores,
        "basis": source.final.basis,
        "beam": captions.BEAM,
        "length_penalty": captions.LENGTH_PENALTY,
        "runs": runs,
        "differences": caption_scores.differences([*runs, *without_ensemble(beside)], source.arm),
        "maps": before["maps"] or maps_of_first(trained, source.arm),
    }
    text = json.dumps(contents, indent=1, ensure_ascii=False, allow_nan=False)
    with whole_or_not_at_all(file) as opened:
        opened.write(f"{text}\n".encode())
    return 0


def maps_of_first(runs: Sequence[Scored], arm: str) -> list[dict[str, Any]]:
    """The maps of our own sentences, by the first model of an arm among some runs; none without one."""
    of_arm = [run.trained for run in runs if run.arm == arm]
    return maps(of_arm[0], caption_scores.SENTENCES) if of_arm else []


def without_ensemble(runs: Sequence[Entry]) -> list[Entry]:
    """Scored runs of single models."""
    return [run for run in runs if run["arm"] != caption_scores.TOGETHER]


def load(
    source: Source, results: Path, checkpoints: Path, scored: Collection[tuple[str, int]]
) -> list[Scored]:
    """The models of the stored runs that have no scores yet.

    The ensemble is one of them as soon as all runs of its arm are stored: the only one for which models with
    scores are loaded.

    Args:
        source: of the models.
        results: the file of the final experiment.
        checkpoints: the folder.
        scored: arm and seed of what has its scores.

    Raises:
        FileNotFoundError: if there are no stored runs, or the checkpoint of one is gone.
    """
    experiment = source.final
    lacking = stored.missing(results, experiment)
    there = [run for run in experiment.runs() if run not in lacking]
    members = [run for run in experiment.runs() if run[0] == source.arm]
    is_whole = (caption_scores.TOGETHER, 0) not in scored and set(members) <= set(there)
    definitions = {stored.identity(run): run["definition"] for run in read(results).runs}
    runs = {}
    for arm, seed in there:
        if (arm, seed) not in scored or (is_whole and (arm, seed) in members):
            file = checkpoint_file(checkpoints, experiment, arm, seed, definitions[arm, seed])
            definition = experiment.arms[arm]
            runs[arm, seed] = Scored(
                arm, seed, definition, experiment.train(definition, seed, Finished(file))
            )
    together = [caption_scores.together([runs[member] for member in members])] if is_whole else []
    return [run for identity, run in runs.items() if identity not in scored] + together


def git(*arguments: str) -> str:
    """What git answers."""
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
