"""pyproject.toml says what is needed; the other files of the set-up must agree with it."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED_TO_READ = [Requirement(line) for line in PROJECT["dependencies"]]
NEEDED_TO_TEST = [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]

ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA_LINES = [line for line in ENVIRONMENT["dependencies"] if isinstance(line, str)]
(PIP_LINES,) = [part["pip"] for part in ENVIRONMENT["dependencies"] if isinstance(part, dict)]

CONSTRAINT_LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINS = {canonicalize_name(pin.name): pin for pin in map(Requirement, CONSTRAINT_LINES)}


def ranges(requirements: list[Requirement]) -> dict[str, str]:
    return {canonicalize_name(each.name): str(each.specifier) for each in requirements}


def test_conda_list_has_the_names_and_ranges_of_pyproject():
    listed = [Requirement(line) for line in PIP_LINES if not line.startswith("-")]
    assert ranges(listed) == ranges(NEEDED_TO_READ)


def test_conda_list_installs_the_project_at_the_same_versions():
    options = [line for line in PIP_LINES if line.startswith("-")]
    assert options == ["--constraint constraints.txt", "--editable ."]


def test_conda_list_asks_for_the_python_of_pyproject():
    (python,) = [line for line in CONDA_LINES if line.startswith("python")]
    assert python == "python" + PROJECT["requires-python"]


def test_makefile_asks_for_the_python_of_pyproject():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    major, minor = re.search(r"sys\.version_info < \((\d+), (\d+)\)", makefile).groups()
    assert f">={major}.{minor}" == PROJECT["requires-python"]
    assert f"Python {major}.{minor} or newer" in makefile


@pytest.mark.parametrize("needed", NEEDED_TO_READ + NEEDED_TO_TEST, ids=lambda each: each.name)
def test_direct_dependency_is_pinned_within_its_range(needed):
    pin = PINS.get(canonicalize_name(needed.name))
    assert pin is not None, f"constraints.txt has no line for {needed.name}"
    (version,) = [each.version for each in pin.specifier]
    assert needed.specifier.contains(version), f"{pin} lies outside {needed}"


def test_constraints_are_exact_versions_that_any_index_can_serve():
    # A local version, like 2.13.0+cpu, exists on one index only.
    exact = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*")
    assert [line for line in CONSTRAINT_LINES if not exact.fullmatch(line)] == []


def test_constraints_are_in_order_and_named_once():
    names = [canonicalize_name(Requirement(line).name) for line in CONSTRAINT_LINES]
    assert names == sorted(set(names))
