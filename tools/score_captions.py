"""Score the models of captions_final on both test sets, once, after the search for a recipe is closed.

    python tools/score_captions.py

The models are taken from the checkpoints that `tools/experiments.py captions_final` has kept. Scores go to
notebooks/results/captions_test.json, with the commit that they were made at: numbers, and no caption.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from experiments import CHECKPOINTS, RESULTS, ROOT, Finished, checkpoint_file

from seq2seq_utils.experiments import caption_scores, captions, read, stored
from seq2seq_utils.experiments.caption_scores import Scored
from seq2seq_utils.experiments.experiment import machine
from seq2seq_utils.training.checkpoints import whole_or_not_at_all

NAME = "captions_test"


def main(arguments: Sequence[str] | None = None) -> int:
    """Load, score, write; the exit status is 1 where something stands against it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the files")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="the folder of the checkpoints")
    options = parser.parse_args(arguments)
    file = options.results / f"{NAME}.json"
    if file.exists():
        print(f"{file} is there already: a test set is looked at once")
        return 1
    if not captions.SEARCH_IS_CLOSED:
        print("the search for a recipe is open (SEARCH_IS_CLOSED): no test set is looked at before its end")
        return 1
    if changed := git("status", "--porcelain", "--", "seq2seq_utils"):
        print(f"not committed, so that nobody could know what was scored:\n{changed}")
        return 1
    torch.set_num_threads(options.threads)
    runs = load(options.results / f"{captions.FINAL.name}.json", options.checkpoints)
    contents = {
        "experiment": NAME,
        "basis": captions.FINAL.basis,
        "commit": git("rev-parse", "HEAD"),
        "beam": captions.BEAM,
        "length_penalty": captions.LENGTH_PENALTY,
        **machine(),
        **caption_scores.score(runs),
        "maps": caption_scores.maps(runs[0].trained, caption_scores.SENTENCES),
    }
    text = json.dumps(contents, indent=1, ensure_ascii=False, allow_nan=False)
    with whole_or_not_at_all(file) as opened:
        opened.write(f"{text}\n".encode())
    return 0


def load(results: Path, checkpoints: Path) -> list[Scored]:
    """The models of the stored runs, those of the attention model first.

    Raises:
        FileNotFoundError: if there are no stored runs, or the checkpoint of one is gone.
        ValueError: if the attention model lacks a seed.
    """
    experiment = captions.FINAL
    lacking = stored.missing(results, experiment)
    if seeds := [seed for arm, seed in lacking if arm == "attention"]:
        raise ValueError(f"results: {results} lacks the attention model of seed {seeds[0]}")
    runs = []
    for arm, seed in experiment.runs():
        if (arm, seed) not in lacking:
            definition = experiment.arms[arm]
            (stored_run,) = [run for run in read(results).runs if stored.identity(run) == (arm, seed)]
            file = checkpoint_file(checkpoints, experiment, arm, seed, stored_run["definition"])
            trained = experiment.train(definition, seed, Finished(file))
            runs.append(Scored(arm, seed, definition, trained))
    return runs


def git(*arguments: str) -> str:
    """What git answers."""
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
