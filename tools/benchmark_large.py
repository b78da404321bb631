"""Measure what a corpus of the size of a WMT set takes: time, memory, and the speed of training on it.

    python tools/benchmark_large.py

It writes 5 million pairs of the grammar to a file, learns pieces on a sample, encodes all of them, opens what
is encoded, and trains for a moment. It takes 2 GB on the disk, and half an hour. To try it: `--pairs 20000`.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import torch
from benchmark import print_row

from seq2seq_utils.batching import IdPair, make_loader
from seq2seq_utils.encoding import Encoded, encode_once
from seq2seq_utils.grammar import stream
from seq2seq_utils.training import Settings, seed_everything
from seq2seq_utils.training.loop import Run, train_epoch
from seq2seq_utils.training.recipes import QUICK, make_model

PAIRS, LENGTHS = 5_000_000, (3, 20)
SMALL = 50_000  # pairs, in lists of ids: what it is compared with
PIECES, SAMPLE = 2000, 200_000
BATCH_SIZE = 64
# Both trainings in turns of so many steps, so that what else the machine does slows both alike.
ROUNDS, STEPS = 10, 20


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each measurement: what, how much, and what is promised."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=PAIRS, help="how many (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where to work (default: one that is removed)")
    options = parser.parse_args(arguments)
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, {options.pairs:,} pairs\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        encoded = measure_encoding(folder, options.pairs)
        measure_training(encoded)
    print_row("peak resident memory", f"{peak_memory():.2f} GB", "under 4 GB")


def measure_encoding(folder: Path, count: int) -> Encoded:
    """Write a corpus, encode it, and open what is encoded."""
    folder.mkdir(parents=True, exist_ok=True)
    path, cache = folder / "pairs.tsv", folder / "cache"
    with timed() as writing:
        write_corpus(path, count)
    print_row("write the pairs", minutes(writing))
    print_row("    peak resident memory so far", f"{peak_memory():.2f} GB")
    with timed() as encoding:
        encode_once(path, cache=cache, pieces=PIECES, sample=SAMPLE)
    print_row("learn pieces, and encode", minutes(encoding))
    print_row("    both", minutes([writing[0] + encoding[0]]), "30 min at most")
    print_row("    peak resident memory so far", f"{peak_memory():.2f} GB")
    with timed() as opening:
        encoded = encode_once(path, cache=cache, pieces=PIECES, sample=SAMPLE)
    print_row("open from the cache", f"{opening[0]:.1f} s", "under 10 s")
    return encoded


def write_corpus(path: Path, count: int) -> None:
    """Write pairs of the grammar to a tab-separated file, none of them kept in memory."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{pair.source}\t{pair.target}\n" for pair in stream("french", count, LENGTHS))


def measure_training(encoded: Encoded) -> None:
    """Compare the speed of training on all pairs with that on a few, which are kept in lists."""
    with timed() as beginning:
        large = Training(encoded.pairs, encoded)
    print_row("shuffle an epoch, and make its first batch", f"{beginning[0]:.1f} s")
    small = Training(list(encoded.pairs[:SMALL]), encoded)
    for _ in range(ROUNDS):
        for training in (large, small):
            training.go_on()
    for name, training in (("all pairs", large), (f"{SMALL:,} pairs in lists", small)):
        print_row(f"train on {name}", f"{training.speed:,.0f} tokens/s")
    print_row("    the first, of the second", f"{large.speed / small.speed:.3f}", "0.95 or more")
    with timed() as naming:
        name = large.loader.dataset.digest
    print_row(f"name the pairs for a checkpoint ({name})", f"{naming[0]:.1f} s")


class Training:
    """A training that has made its first batch, and is timed from the second step on."""

    def __init__(self, pairs: Sequence[IdPair], encoded: Encoded) -> None:
        seed_everything(0)
        self.loader = make_loader(pairs, BATCH_SIZE)
        model = make_model("attention", QUICK, *encoded.codecs)
        self.run = Run.begin(model, self.loader, Settings(epochs=1))
        self.seconds = 0.0
        self.batches = iter(self.loader)
        train_epoch(self.run, islice(self.batches, 1))
        self.tokens_before = self.run.tokens

    def go_on(self) -> None:
        """Take some steps more."""
        with timed() as steps:
            train_epoch(self.run, islice(self.batches, STEPS))
        self.seconds += steps[0]

    @property
    def speed(self) -> float:
        """Target tokens per second."""
        return (self.run.tokens - self.tokens_before) / self.seconds


@contextmanager
def timed() -> Iterator[list[float]]:
    """A list that holds, once the block is left, the seconds that it took."""
    seconds: list[float] = []
    start = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - start)


def minutes(seconds: Sequence[float]) -> str:
    """Some seconds, written as minutes."""
    return f"{seconds[0] / 60:.2f} min"


def peak_memory() -> float:
    """The most memory, in GB, that this process has had in RAM at a time, mapped files among it."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e9


if __name__ == "__main__":
    main()
