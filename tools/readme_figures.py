"""Take the README's two figures out of the stored outputs of notebook 05.

    python tools/readme_figures.py

`make notebooks` does this, too; a test says so where a figure is no longer the notebook's.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from seq2seq_utils.training.checkpoints import whole_or_not_at_all

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "05_bahdanau_attention.ipynb"
FIGURES = ROOT / "notebooks" / "figures"
CELLS = {"heatmap.png": "attn-034", "quality_by_length.png": "attn-075d"}  # the cells that draw them, by id


def main() -> None:
    """Write the figures, and print the name of each."""
    for name, content in figures(json.loads(NOTEBOOK.read_text(encoding="utf-8"))).items():
        with whole_or_not_at_all(FIGURES / name) as file:
            file.write(content)
        print(name)


def figures(notebook: dict[str, Any]) -> dict[str, bytes]:
    """The files of the figures, each by its name.

    Args:
        notebook: as it is stored.

    Raises:
        ValueError: if one of the cells is not there, or has not one picture stored.
    """
    outputs = {cell["id"]: cell.get("outputs", []) for cell in notebook["cells"]}
    found = {}
    for name, cell in CELLS.items():
        if cell not in outputs:
            raise ValueError(f"notebook: there is no cell {cell}, which draws {name}")
        pictures = [
            output["data"]["image/png"] for output in outputs[cell] if "image/png" in output.get("data", {})
        ]
        if len(pictures) != 1:
            raise ValueError(
                f"notebook: cell {cell} has {len(pictures)} pictures stored; {name} must be the only one"
            )
        found[name] = base64.b64decode("".join(pictures[0]))
    return found


if __name__ == "__main__":
    main()
