"""pyproject.toml says what is needed; the other files of the set-up must agree with it."""

import os
import re
import shutil
import subprocess
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


def test_conda_list_installs_the_project_and_its_tests_at_the_same_versions():
    options = [line for line in PIP_LINES if line.startswith("-")]
    assert options == ["--constraint constraints.txt", "--editable .[test]"]


def test_conda_list_names_five_packages_of_pyproject_and_leaves_versions_to_it():
    named = [Requirement(line) for line in PIP_LINES if not line.startswith("-")]
    assert {each.name for each in named} == {"torch", "matplotlib", "seaborn", "jupyterlab", "nbval"}
    assert [str(each) for each in named if each.specifier or each.extras or each.marker] == []
    needed = {canonicalize_name(each.name) for each in NEEDED_TO_READ + NEEDED_TO_TEST}
    assert {canonicalize_name(each.name) for each in named} - needed == set()


def test_conda_list_asks_for_the_python_of_pyproject():
    (python,) = [line for line in CONDA_LINES if line.startswith("python")]
    assert python == "python" + PROJECT["requires-python"]


def test_makefile_asks_for_the_python_of_pyproject():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    major, minor = re.search(r"sys\.version_info < \((\d+), (\d+)\)", makefile).groups()
    assert f">={major}.{minor}" == PROJECT["requires-python"]
    assert f"Python {major}.{minor} or newer" in makefile


def test_direct_dependencies_are_pinned_within_their_ranges():
    faults = []
    for needed in NEEDED_TO_READ + NEEDED_TO_TEST:
        pin = PINS.get(canonicalize_name(needed.name))
        if pin is None:
            faults.append(f"constraints.txt has no line for {needed.name}")
        elif not all(needed.specifier.contains(each.version) for each in pin.specifier):
            faults.append(f"{pin} lies outside {needed}")
    assert faults == []


def test_constraints_are_exact_versions_that_any_index_can_serve():
    # A local version, like 2.13.0+cpu, exists on one index only.
    exact = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*")
    assert [line for line in CONSTRAINT_LINES if not exact.fullmatch(line)] == []


def test_constraints_are_in_order_and_named_once():
    names = [canonicalize_name(Requirement(line).name) for line in CONSTRAINT_LINES]
    assert names == sorted(set(names))


def test_the_citation_says_what_pyproject_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()  # what version 1.2.0 asks for
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == PROJECT["authors"]
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    title = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n")[0]
    assert title == f"# {citation['title']}"


# --- make lab ---------------------------------------------------------------------------------------


def lab_command(folder: Path, user: int, *arguments: str, **variables: str) -> list[str]:
    """The last command that `make lab` would run for a user, and would run it with these variables set."""
    if os.name != "posix" or shutil.which("make") is None:
        pytest.skip("there is no make here")
    fake = folder / "id"  # make asks this program who runs it
    fake.write_text(f"#!/bin/sh\necho {user}\n", encoding="utf-8")
    fake.chmod(0o755)
    environment = {**os.environ, **variables, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # of a make that runs these tests
        environment.pop(name, None)
    command = ["make", "--dry-run", "--directory", str(ROOT), "lab", *arguments]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (line,) = [line for line in run.stdout.splitlines() if "jupyterlab" in line]
    return line.split()


def test_jupyter_is_told_that_it_runs_as_root_only_where_it_does(tmp_path):
    assert "--allow-root" in lab_command(tmp_path, 0)
    assert "--allow-root" not in lab_command(tmp_path, 1000)


def test_jupyter_listens_to_a_network_only_where_the_command_says_so(tmp_path):
    def addresses(*arguments: str, **variables: str) -> list[str]:
        command = lab_command(tmp_path, 1000, *arguments, **variables)
        return [option for option in command if "ip" in option.casefold() and option.startswith("--")]

    assert addresses("IP=0.0.0.0") == ["--ServerApp.ip=0.0.0.0"]
    assert addresses() == []
    assert addresses(IP="0.0.0.0") == []  # a variable of the shell
    assert not any("token" in option or "password" in option for option in lab_command(tmp_path, 1000))


# ------------------------------------------------------------------------------- machines of others
def test_what_lies_beside_the_code_is_installed_with_it_where_the_install_is_a_copy():
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    package = ROOT / "seq2seq_utils"
    installed = {
        path for pattern in setuptools["package-data"]["seq2seq_utils"] for path in package.glob(pattern)
    }
    others = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path for path in others if path.suffix != ".py"} == installed
    folders = {path.parent for path in others}
    assert all((folder / "__init__.py").is_file() for folder in folders), "each folder is a package"


def test_binder_asks_for_the_python_and_pytorch_of_pyproject_and_leaves_the_rest_to_pip():
    binder = yaml.safe_load((ROOT / ".binder" / "environment.yml").read_text(encoding="utf-8"))
    (torch,) = [str(each.specifier) for each in NEEDED_TO_READ if each.name == "torch"]
    assert binder["dependencies"] == [f"python{PROJECT['requires-python']}", "pip", f"pytorch-cpu{torch}"]
    after = ROOT / ".binder" / "postBuild"
    assert (
        after.read_text(encoding="utf-8").splitlines()[-1].endswith("pip install --no-cache-dir --editable .")
    )
    assert os.access(after, os.X_OK)
