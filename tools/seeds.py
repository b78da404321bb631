"""Run the notebooks with other seeds, and keep how often each claim held, and the room of its bound.

    python tools/seeds.py                                       # the runs that the record lacks
    python tools/seeds.py notebooks/02_seq2seq.ipynb            # of one notebook
    python tools/seeds.py --check                               # does the record bear the claims?
    python tools/seeds.py --table                               # a line for each claim

Every run has seeds of its own. Some may use less of the processor, and so stand for older ones; a third uses
two threads. Runs of one thread go on two at a time. Each is stored when it is done, so that the same command
goes on where it was stopped. A run is made again when the code of its notebook, or of what that imports, has
changed.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import claim_record
import claims
import execute_notebooks
import nbformat
from claim_record import Entry, Outcome, Run
from claims import Claim
from nbformat import NotebookNode
from syntax_digest import notebook_digest

from seq2seq_utils import captions
from seq2seq_utils.batching import SEED_OFFSET_VARIABLE
from seq2seq_utils.checks import RECORD_VARIABLE, RELATIONS
from seq2seq_utils.training.seeds import DEVICE_VARIABLE

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "notebooks" / "results" / "claims.json"

# The seeds of a notebook lie below it, so that no two of its runs have one in common.
STEP = 1000
CORES = 2
# How many offsets each notebook is run with, by the data that it runs on, and by what the processor may do.
OFFSETS = {"grammar": 10}
OFFSETS_WITH_CAPTIONS = {"captions": 5, "grammar": 2}
WITH_CAPTIONS = {"06_real_sentences"}
CAPABILITY_VARIABLE = "ATEN_CPU_CAPABILITY"
OFFSETS_FOR_CAPABILITIES = {"default": 3, "avx2": 3}

MACHINE = (
    "import json; from seq2seq_utils.experiments.experiment import machine; print(json.dumps(machine()))"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="say what the record does not bear")
    what.add_argument(
        "--stale", action="store_true", help="say of which notebooks the code has changed since"
    )
    what.add_argument("--table", action="store_true", help="print a line for each claim")
    what.add_argument("--summary", action="store_true", help="print the line for the README")
    what.add_argument("--refresh", action="store_true", help="run nothing, and count what is stored anew")
    parser.add_argument("--record", type=Path, default=RECORD, help="the file; default: %(default)s")
    options = parser.parse_args(arguments)
    paths = options.notebooks or execute_notebooks.all_notebooks()
    if options.check:
        return int(tell(complaints(options.record, paths)))
    if options.stale:
        tell(staleness(options.record, paths))
    elif options.table or options.summary:
        runs = claim_record.read(options.record)
        judged = claim_record.judge_all(runs, claims_of(paths))
        print_table(judged) if options.table else print(claim_record.summary(judged, runs))
    elif options.refresh:
        claim_record.write(options.record, claim_record.read(options.record), all_claims())
    else:
        return int(not perform_lacking(options.record, paths))
    return 0


# ----------------------------------------------------------------------------------- what is to be run
def planned(notebook: str) -> Iterator[Run]:
    """All runs of a notebook, by the stem of its name."""
    offsets = OFFSETS_WITH_CAPTIONS if notebook in WITH_CAPTIONS else OFFSETS
    for data, usual in offsets.items():
        capabilities = [""] * usual
        for capability, count in OFFSETS_FOR_CAPABILITIES.items():
            capabilities += [capability] * count
        for number, capability in enumerate(capabilities):
            yield Run(notebook, data, number * STEP, capability, threads=2 if number % 3 == 1 else 1)


def lacking(runs: Sequence[Entry], path: Path) -> list[Run]:
    """The runs of a notebook that are not stored, or were made with other code."""
    digest = notebook_digest(path)
    there = {claim_record.run_of(entry) for entry in runs if entry["digest"] == digest}
    return [run for run in planned(path.stem) if run not in there]


def perform_lacking(record: Path, paths: Sequence[Path]) -> bool:
    """Make the runs that the record lacks, the first of every notebook first; tell whether all went well."""
    by_name = {path.stem: path for path in execute_notebooks.longest_first(paths)}
    runs = claim_record.read(record)
    waiting = [run for path in by_name.values() for run in lacking(runs, path)]
    went_well = True
    for threads in sorted({run.threads for run in waiting}):
        now = sorted((run for run in waiting if run.threads == threads), key=lambda run: run.offset)
        # A new process for each run: what a run leaves in the environment ends with it.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max(1, CORES // threads), context, max_tasks_per_child=1) as pool:
            futures = {pool.submit(perform, run, by_name[run.notebook]): run for run in now}
            for future in as_completed(futures):
                try:
                    store(record, future.result())
                except RuntimeError as error:
                    went_well = False
                    print(f"{futures[future]}: FAILED\n{error}", file=sys.stderr, flush=True)
    return went_well


def store(record: Path, entry: Entry) -> None:
    """Put a run into the record, in place of an older one made the same way."""
    run = claim_record.run_of(entry)
    others = [other for other in claim_record.read(record) if claim_record.run_of(other) != run]
    claim_record.write(record, [*others, entry], all_claims())
    outcomes = claim_record.outcomes_of(entry)
    held = sum(outcome.holds for outcome in outcomes)
    print(f"{run}: {held} of {len(outcomes)} claims held, {entry['seconds']:.0f} s", flush=True)


# ------------------------------------------------------------------------------------------- one run
def perform(run: Run, path: Path) -> Entry:
    """Run a notebook, and return what came of its claims.

    Raises:
        RuntimeError: if a cell fails, the captions are not there, or a claim cannot be told from another.
    """
    os.environ.pop(CAPABILITY_VARIABLE, None)
    digest, known = notebook_digest(path), claims.read_notebook(path)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        variables = variables_of(run, Path(folder))
        machine = machine_with(variables)
        notebook = nbformat.read(path, as_version=4)
        stated = Stated(Path(variables[RECORD_VARIABLE]))
        try:
            execute_notebooks.execute(notebook, path.resolve().parent, variables, stated.after_cell)
        except execute_notebooks.FAILURES as error:  # which may not survive the way to another process
            raise RuntimeError(str(error)) from None
    seconds = round(time.monotonic() - start, 1)
    outcomes = stated.outcomes(known)
    return claim_record.entry_of(run, outcomes, digest=digest, seconds=seconds, machine=machine)


class Stated:
    """The claims that a running notebook states, with the cells that stated them.

    Args:
        file: that the notebook writes them to.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.file.touch()
        self.lines: list[tuple[str, str]] = []  # the cell, and a line of the file

    def after_cell(self, cell: NotebookNode) -> None:
        """Take what this cell has added to the file."""
        lines = self.file.read_text(encoding="utf-8").splitlines()
        self.lines += [(cell.id, line) for line in lines[len(self.lines) :]]

    def outcomes(self, known: Sequence[Claim]) -> list[Outcome]:
        """What came of each claim; of one that was stated several times, as in a loop, the worst.

        Args:
            known: all claims of the notebook.

        Raises:
            RuntimeError: if a sentence is that of no claim, or of several.
        """
        found: dict[Claim, Outcome] = {}
        for cell, line in self.lines:
            stated = json.loads(line)
            claim = identify(stated["sentence"], cell, known)
            outcome = Outcome(claim.cell, claim.number, stated["holds"], stated["value"])
            found[claim] = worse(found.get(claim, outcome), outcome, claim)
        return [found[claim] for claim in known if claim in found]


def identify(sentence: str, cell: str, known: Sequence[Claim]) -> Claim:
    """The claim with a sentence: of this cell, or else of another, whose function this cell has called."""
    alike = [claim for claim in known if claim.sentence == sentence]
    here = [claim for claim in alike if claim.cell == cell] or alike
    if len(here) != 1:
        raise RuntimeError(f"{cell}: {sentence!r} is the sentence of {len(here)} claims, not of one")
    return here[0]


def worse(first: Outcome, second: Outcome, claim: Claim) -> Outcome:
    """Of two outcomes of a claim the one farther on the wrong side."""
    if first.value is None or second.value is None or claim.bound is None or claim.relation is None:
        return second if first.holds else first
    for outcome in (first, second):
        if math.isnan(outcome.value or 0):
            return outcome
    if claim.relation == "==":
        is_first = abs(first.value - claim.bound) >= abs(second.value - claim.bound)
    else:
        is_first = not RELATIONS[claim.relation](first.value, second.value)
    return first if is_first else second


def variables_of(run: Run, folder: Path) -> dict[str, str]:
    """The environment that makes a notebook run so; what it needs of files lies in an empty folder."""
    variables = {
        SEED_OFFSET_VARIABLE: str(run.offset),
        RECORD_VARIABLE: str(folder / "claims.jsonl"),
        "OMP_NUM_THREADS": str(run.threads),
        DEVICE_VARIABLE: "cpu",
        **({CAPABILITY_VARIABLE: run.capability} if run.capability else {}),
    }
    if run.data == "captions":
        variables[captions.FOLDER_VARIABLE] = str(captions_folder())
    elif run.notebook in WITH_CAPTIONS:
        (folder / "no captions").mkdir()
        variables[captions.FOLDER_VARIABLE] = str(folder / "no captions")
    return variables


def captions_folder() -> Path:
    """Where the captions are: as `captions.load` would find them, or in a folder beside the project.

    Raises:
        RuntimeError: if they are nowhere.
    """
    given = os.environ.get(captions.FOLDER_VARIABLE)
    places = [Path(given)] if given else [captions.cache_folder(), ROOT.parent / "shared" / "multi30k"]
    needed = [f"{split}.{code}.gz" for split in captions.SPLITS for code in ("de", "en")]
    for place in places:
        if all((place / name).is_file() for name in needed):
            return place.resolve()
    raise RuntimeError(
        f"the captions are not there; set {captions.FOLDER_VARIABLE} to the folder that has them"
    )


def machine_with(variables: dict[str, str]) -> Entry:
    """The processor, as PyTorch uses it with these variables, the threads and the versions."""
    environment = {**execute_notebooks.kernel_environment(), **variables}
    command = [sys.executable, "-c", MACHINE]
    told = subprocess.run(command, env=environment, capture_output=True, text=True)
    if told.returncode:
        raise RuntimeError(told.stderr)
    machine: Entry = json.loads(told.stdout)
    return machine


# ---------------------------------------------------------------------------------- what is to be told
def all_claims() -> list[Claim]:
    """The claims of the project."""
    return claims_of(execute_notebooks.all_notebooks())


def claims_of(paths: Sequence[Path]) -> list[Claim]:
    """The claims of some notebooks."""
    return [claim for path in paths for claim in claims.read_notebook(path)]


def complaints(record: Path, paths: Sequence[Path]) -> Iterator[str]:
    """What is wrong with the record, or with the claims by it."""
    runs, known = claim_record.read(record), claims_of(paths)
    judged = claim_record.judge_all(runs, known)
    yield from staleness(record, paths)
    for path in paths:
        if runs_lacking := lacking(runs, path):
            yield f"{path.stem}: {len(runs_lacking)} runs are still to be made"
    for claim in claim_record.missing(judged, known):
        yield f"{claim.notebook}, {claim.cell}, {claim.number}: is not in the record: {claim.sentence}"
    for line in judged:
        if line.problem:
            claim = line.claim
            where = f"{claim.notebook}, {claim.cell}, {claim.number} ({line.data})"
            yield f"{where}: {line.problem}: {claim.sentence}"


def staleness(record: Path, paths: Sequence[Path]) -> Iterator[str]:
    """A line if there is no record, or the code of some notebooks has changed since they were run."""
    if not record.is_file():
        yield f"{record.name}: there is no record of claims under other seeds; `make seeds` makes it"
        return
    runs = claim_record.read(record)
    digests = {path.stem: notebook_digest(path) for path in paths}
    made = {name: {entry["digest"] for entry in runs if entry["notebook"] == name} for name in digests}
    if stale := [name for name, digest in digests.items() if made[name] != {digest}]:
        names = ", ".join(stale)
        yield f"{record.name}: the record of claims under other seeds is not of the code as it is: {names}"


def tell(lines: Iterator[str]) -> bool:
    """Print lines, and tell whether there was one."""
    found = list(lines)
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


def print_table(judged: Sequence[claim_record.Judged]) -> None:
    """Print a line for each claim and the data it was stated on, the least room first."""
    for line in sorted(judged, key=lambda line: float("inf") if line.room is None else line.room):
        room = "  –" if line.room is None else f"{line.room:5.1f}"
        claim = line.claim
        where = f"{Path(claim.notebook).stem}  {claim.cell} {claim.number}  {line.data}"
        print(f"{room:>7}  {line.held:2} of {line.runs:2}  {where}  {claim.sentence}")


if __name__ == "__main__":
    sys.exit(main())
