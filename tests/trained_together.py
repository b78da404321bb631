"""Trainings that the tests of several processes compare: each runs this file, or a test calls `train`.

python tests/trained_together.py TRAININGS

TRAININGS is a list of `Training`s in JSON. Each process writes what it saw into a file of its own.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from seq2seq_utils.batching import IdPair, PairDataset, make_loader
from seq2seq_utils.models import Seq2Seq, attention_model
from seq2seq_utils.training import (
    Checkpoint,
    Run,
    Settings,
    checkpoints,
    evaluate_loss,
    fit,
    seed_everything,
)
from seq2seq_utils.training.processes import process_number, several_processes

PAIRS, BATCH_SIZE = 99, 7  # the last batch of an epoch has one row: none is left for a second process
STEPS_OF_AN_EPOCH = 15


@dataclass(frozen=True)
class Training:
    """A training, the checkpoint that it writes every four steps, and which process is killed on the way."""

    checkpoint: str
    epochs: int
    dropout: float = 0.0
    killed: int | None = None  # this process, or -1 for one that a test calls `train` in, is killed
    after: int = 0  # so many steps


def id_pairs() -> list[IdPair]:
    generator = random.Random(0)

    def sentence() -> list[int]:
        return [generator.randrange(4, 20) for _ in range(generator.randint(1, 6))]

    return [(sentence(), sentence()) for _ in range(PAIRS)]


class LoggedPairs(PairDataset):
    """Pairs that know which rows were asked for last."""

    def __init__(self, pairs: list[IdPair]) -> None:
        super().__init__(pairs)
        self.rows: list[int] = []

    def __getitems__(self, rows: list[int]) -> list[IdPair]:
        self.rows = rows
        return super().__getitems__(rows)


def train(training: Training) -> dict[str, Any]:
    """Trains, and returns what this process saw."""
    seed_everything(process_number())  # other weights in each, which must not matter
    model = attention_model(20, 20, 8, 12, dropout=training.dropout).double()
    seed_everything(0)  # the same dropout in all, which must not be so
    pairs = LoggedPairs(id_pairs())
    steps: list[dict[str, Any]] = []
    measured = 0
    would_draw: list[float] = []

    class Watched(Checkpoint):
        def resume(self, run: Run) -> None:
            super().resume(run)
            generator = torch.Generator()
            generator.set_state(torch.get_rng_state())
            would_draw.append(float(torch.rand(1, generator=generator)))

        def after_step(self, run: Run) -> None:
            steps.append({"step": run.step, "loss": run.loss, "tokens": run.tokens, "rows": pairs.rows})
            pairs.rows = []
            if run.step == training.after:
                end(training.killed)
            super().after_step(run)

    def measure(model: Seq2Seq) -> dict[str, float]:
        nonlocal measured
        measured += 1
        return {"validation_loss": evaluate_loss(model, make_loader(pairs.pairs))}

    with patch.object(checkpoints, "save", wraps=checkpoints.save) as save:
        history = fit(
            model,
            make_loader(pairs, BATCH_SIZE, pool=4, seed=3),
            Settings(epochs=training.epochs, learning_rate=0.02, warmup=5, clip_norm=0.3),
            measure=measure,
            checkpoint=Watched(training.checkpoint, every_steps=4),
        )
    return {
        "steps": steps,
        "records": [{**record, "seconds": 0} for record in history.records],
        "weights": [float(weights.detach().sum()) for weights in model.parameters()],
        "would draw at first": would_draw,
        "drawn": float(torch.rand(1)),
        "measured": measured,
        "written": save.call_count,
    }


def end(killed: int | None) -> None:
    if killed == -1:
        raise InterruptedError
    if killed == process_number():
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    with several_processes(threads=1):
        for options in json.loads(sys.argv[1]):
            seen = train(Training(**options))
            path = f"{options['checkpoint']}.{process_number()}.json"
            Path(path).write_text(json.dumps(seen), encoding="utf-8")


def torchrun(*trainings: Training) -> subprocess.CompletedProcess[str]:
    """Makes the trainings, one after the other, in two processes that torchrun starts."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run([*launcher, __file__, in_json(trainings)], capture_output=True, text=True)


def in_two_processes(*trainings: Training) -> list[list[dict[str, Any]]]:
    """The same without torchrun, which takes a process more; what each process saw, for each training."""
    start_two(__file__, in_json(trainings))
    return [
        [json.loads(Path(f"{training.checkpoint}.{number}.json").read_bytes()) for number in (0, 1)]
        for training in trainings
    ]


def start_two(*command: str, folders: Sequence[Path] = (Path(), Path())) -> list[str]:
    """Runs a program in two processes, as torchrun does, each in its folder; what each of them printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = []
    for number in (0, 1):
        variables = {**shared, "RANK": number, "LOCAL_RANK": number}
        environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
        processes.append(
            subprocess.Popen(
                [sys.executable, *command],
                cwd=folders[number],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        )
    printed = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError("a process has failed; what it wrote on stderr stands above")
    return printed


def in_json(trainings: Sequence[Training]) -> str:
    return json.dumps([asdict(training) for training in trainings])


if __name__ == "__main__":
    main()
