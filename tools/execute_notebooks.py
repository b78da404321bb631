"""Run notebooks from the top, in place, and store their outputs the same way on any machine.

    python tools/execute_notebooks.py                                # all of them
    python tools/execute_notebooks.py notebooks/01_tokenization.ipynb

A notebook that fails keeps its old file.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
CELL_TIMEOUT = 600  # seconds

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


def main() -> int:
    """Run the notebooks and print a line for each; return 1 if any of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in notebooks/")
    paths = parser.parse_args().notebooks or all_notebooks()
    if not paths:
        parser.error("there are no notebooks in notebooks/")

    errors = []
    for number, path in enumerate(paths, start=1):
        print(f"[{number}/{len(paths)}] {path.stem}", end="", flush=True)
        start = time.monotonic()
        try:
            refresh(path)
            outcome = "ok"
        except FAILURES as error:
            errors.append(f"{path}: {error}")
            outcome = "FAILED"
        print(f"  {outcome}  {time.monotonic() - start:.0f} s", flush=True)

    for error in errors:
        print(f"\n{error}", file=sys.stderr)
    return 1 if errors else 0


def all_notebooks() -> list[Path]:
    """Return the notebooks in reading order."""
    found = sorted((ROOT / "notebooks").rglob("*.ipynb"))
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]


def refresh(path: Path) -> None:
    """Run one notebook and replace its file, or raise and leave the file as it was."""
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, folder=path.resolve().parent)
    normalise(notebook)
    if found := machine_paths(notebook):
        raise ValueError("outputs name folders of this machine: " + ", ".join(found))
    write(notebook, path)


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells in a fresh kernel that works in ``folder``."""
    environment = {**os.environ, "TQDM_DISABLE": "1"}  # a progress bar is not a result
    environment.pop("MPLBACKEND", None)  # the notebook's own backend stores the figures
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=ThisPython()),
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],  # no remarks of the kernel between ours
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    client.execute(env=environment, cleanup_kc=True)  # ends the kernel, too


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
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            nbformat.write(notebook, file)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
