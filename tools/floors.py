"""Print the oldest versions that pyproject.toml allows, as constraints for pip.

    python tools/floors.py > floors.txt

It needs Python alone: `make floors` runs it before anything is installed.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+) *>= *(?P<floor>[0-9]+(\.[0-9]+)*)")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each direct dependency, those of the tests among them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pyproject", nargs="?", type=Path, default=PYPROJECT)
    for line in floors(parser.parse_args(arguments).pyproject.read_text(encoding="utf-8")):
        print(line)


def floors(pyproject: str) -> Iterator[str]:
    """The oldest version of each dependency, ``name==version``.

    Args:
        pyproject: the text of the file.

    Raises:
        ValueError: if a requirement is anything but a name and its oldest version.
    """
    project = tomllib.loads(pyproject)["project"]
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        found = REQUIREMENT.fullmatch(requirement)
        if found is None:
            raise ValueError(f"pyproject.toml: {requirement!r} is not of the form name>=version")
        yield f"{found['name']}=={found['floor']}"


if __name__ == "__main__":
    main()
