"""Run notebooks from the top, in place, and store their outputs the same way on any machine.

    python tools/execute_notebooks.py                                # all of them
    python tools/execute_notebooks.py notebooks/01_tokenization.ipynb

A notebook that fails keeps its old file. On two cores or more, two run side by side, the longest first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal
from nbformat import NotebookNode

from seq2seq_utils.batching import SEED_OFFSET_VARIABLE
from seq2seq_utils.checks import RECORD_VARIABLE
from seq2seq_utils.training.checkpoints import whole_or_not_at_all

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 1800  # seconds: no cell takes a tenth of it, but the machine may be busy

# Where several run side by side, the longest ones start first, so that none is left over at the end.
LONGEST_FIRST = (
    "05_bahdanau_attention",
    "04_long_sentences",
    "06_real_sentences",
    "07_after_attention",
    "08_bugs_that_hide",
    "03_teacher_forcing",
    "02_seq2seq",
    "01_tokenization",
)

# Nothing here depends on the machine: no version of Python, no name of an environment.
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = {"tags", "jupyter"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # holds an id that is new in every run

# A file that cannot be read, or is no notebook; a cell that fails; a kernel that dies.
FAILURES = (OSError, ValueError, nbformat.ValidationError, CellControlSignal, RuntimeError)


class ThisPython(KernelSpecManager):
    """Offers one kernel, of the Python that runs this file, whatever else is registered."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return this Python's kernel under any name."""
        return self.kernel_spec_class(resource_dir=RESOURCES, **get_kernel_dict())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the notebooks and print when each begins and ends; return 1 if any of them failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="how many at a time")
    parser.add_argument("--list", action="store_true", help="print the notebooks, longest first, and stop")
    options = parser.parse_args(arguments)
    paths = longest_first(options.notebooks or all_notebooks())
    if not paths:
        parser.error("there are no notebooks in notebooks/")
    if options.jobs < 1:
        parser.error(f"--jobs: {options.jobs} is not allowed; it must be 1 or more")
    if options.list:
        print(*map(os.path.relpath, paths), sep="\n")
        return 0
    if options.jobs == 1 or len(paths) == 1:
        held = [run(path) for path in paths]
    else:
        with ThreadPoolExecutor(options.jobs) as pool:
            held = list(pool.map(run_in_a_process, paths))
    return 0 if all(held) else 1


def all_notebooks() -> list[Path]:
    """Return the notebooks in reading order."""
    found = sorted((ROOT / "notebooks").rglob("[0-9][0-9]_*.ipynb"))
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]


def longest_first(paths: Iterable[Path]) -> list[Path]:
    """Return the paths in the order in which to start them; one whose time is not known may be long."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    return sorted(paths, key=lambda path: places.get(path.stem, -1))


def run_in_a_process(path: Path) -> bool:
    """Run one notebook by a process of this program, and tell whether it went well."""
    return subprocess.run([sys.executable, __file__, "--jobs", "1", path], check=False).returncode == 0


def run(path: Path) -> bool:
    """Run one notebook here, say so, and tell whether it went well."""
    print(f"{path.stem} …", flush=True)
    start, problem = time.monotonic(), ""
    try:
        refresh(path)
    except FAILURES as error:
        problem = f"\n{path}: {error}"
    outcome = "FAILED" if problem else "ok"
    print(f"{path.stem}  {outcome}  {time.monotonic() - start:.0f} s", flush=True)
    if problem:
        print(problem, file=sys.stderr, flush=True)
    return not problem


def refresh(path: Path) -> None:
    """Run one notebook and replace its file, or raise and leave the file as it was."""
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, folder=path.resolve().parent)
    normalise(notebook)
    if found := machine_paths(notebook):
        raise ValueError("outputs name folders of this machine: " + ", ".join(found))
    write(notebook, path)


def kernel_environment() -> dict[str, str]:
    """Return the variables that a notebook sees, so that what it computes is what is to be stored."""
    # One thread, unless the shell asks for more: numbers then do not depend on how many cores there are,
    # and notebooks that run side by side do not slow each other. A progress bar is not a result.
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "TQDM_DISABLE": "1"}
    environment.pop("MPLBACKEND", None)  # the notebook's own backend stores the figures
    for name in (SEED_OFFSET_VARIABLE, RECORD_VARIABLE):  # for tools/seeds.py alone
        environment.pop(name, None)
    return environment


def execute(
    notebook: NotebookNode,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    after_cell: Callable[[NotebookNode], None] | None = None,
) -> None:
    """Run all cells in a fresh kernel that works in ``folder``.

    Args:
        notebook: gets its outputs.
        folder: where the kernel works.
        variables: of the environment, beside those that all notebooks see.
        after_cell: is called with each code cell that was run.
    """

    def executed(cell: NotebookNode, **_: object) -> None:
        if after_cell:
            after_cell(cell)

    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=ThisPython()),
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],  # no remarks of the kernel between ours
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        on_cell_executed=executed,
    )
    client.execute(env={**kernel_environment(), **(variables or {})}, cleanup_kc=True)  # ends the kernel, too


def normalise(notebook: NotebookNode) -> None:
    """Drop from the stored notebook what differs from one machine, or one run, to the next."""
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    for cell in notebook.cells:
        for key in cell.metadata.keys() - CELL_METADATA:
            del cell.metadata[key]
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)


def machine_paths(notebook: NotebookNode) -> list[str]:
    """Return the folders of this machine that the notebook's outputs name."""
    folders = {Path.home(), Path.cwd(), ROOT, Path(sys.prefix), Path(sys.base_prefix)}
    # A folder right under the root, like /usr, could stand in any text.
    names = sorted(str(folder) for folder in folders if len(folder.parts) > 2)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = "\n".join(output_text(output) for output in outputs)
    return [name for name in names if name in text]


def output_text(output: NotebookNode) -> str:
    """Return all the text of one stored output, leaving out pictures."""
    data = output.get("data", {})
    parts = [output.get("text", ""), *output.get("traceback", [])]
    parts += [str(value) for mime, value in data.items() if mime not in {"image/png", "image/jpeg"}]
    return "\n".join(parts)


def write(notebook: NotebookNode, path: Path) -> None:
    """Replace the file in one move, so that it is never half written."""
    nbformat.validate(notebook)
    text: str = nbformat.writes(notebook)
    with whole_or_not_at_all(path) as file:
        file.write(text.encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
