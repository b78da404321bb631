"""What CI runs: the workflow, the oldest versions, and which warnings are errors."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import floors
import pytest
import yaml
from packaging.requirements import Requirement
from test_setup import NEEDED_TO_READ, NEEDED_TO_TEST

ROOT = Path(__file__).parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


def steps(job: str) -> list[str]:
    """The commands of a job."""
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    return [step["run"] for step in jobs[job]["steps"] if "run" in step]


def systems(job: str) -> set[str]:
    definition = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"][job]
    named = definition.get("strategy", {}).get("matrix", {}).get("os", [definition["runs-on"]])
    return {name.removesuffix("-latest") for name in named}


NEEDS_MAKE = pytest.mark.skipif(
    os.name != "posix" or shutil.which("make") is None, reason="there is no make here"
)


def commands(target: str) -> str:
    """What `make` would run for a target."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("M")}
    command = ["make", "--dry-run", "--no-print-directory", "--directory", str(ROOT), target]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


# --- The workflow -----------------------------------------------------------------------------------


def complaints(workflow: Path) -> str:
    """What check-jsonschema has against a workflow; it has the schema with it."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    run = subprocess.run([*command, str(workflow)], capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def test_the_workflow_is_one(tmp_path):
    assert complaints(WORKFLOW) == ""
    text = WORKFLOW.read_text(encoding="utf-8")
    broken = tmp_path / "broken.yml"
    broken.write_text(text.replace("runs-on:", "run-on:", 1), encoding="utf-8")
    assert "run-on" in complaints(broken)


def test_the_workflow_runs_what_anyone_can_run_on_three_systems():
    assert steps("constraints") == [".ci/run"]
    assert systems("constraints") == {"ubuntu", "macos"}
    assert steps("floors") == ["make floors"]
    assert systems("windows") == {"windows"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    install, start, *_ = steps("windows")
    for line in (install, start.removesuffix(" --version")):
        assert f"\n{line}\n" in readme, line


def test_the_workflow_names_no_index_and_needs_no_secret():
    text = WORKFLOW.read_text(encoding="utf-8")
    assert [word for word in ("://", "secrets.", "github.token") if word in text.casefold()] == []
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


# --- The oldest versions ----------------------------------------------------------------------------


def test_floors_are_the_oldest_versions_of_all_that_is_needed(capsys):
    floors.main([])
    pins = [Requirement(line) for line in capsys.readouterr().out.splitlines()]
    assert [pin.name for pin in pins] == [needed.name for needed in NEEDED_TO_READ + NEEDED_TO_TEST]
    for pin, needed in zip(pins, NEEDED_TO_READ + NEEDED_TO_TEST, strict=True):
        assert str(pin.specifier).replace("==", ">=") == str(needed.specifier)


def test_a_requirement_without_an_oldest_version_is_named():
    for requirement in ("numpy", "numpy>=1.26,<3", "numpy==1.26", "numpy>1", "numpy[all]>=1.26"):
        text = f'[project]\ndependencies = ["torch>=2.4"]\noptional-dependencies.test = ["{requirement}"]'
        with pytest.raises(ValueError, match=r"^pyproject.toml: 'numpy.* is not of the form name>=version"):
            list(floors.floors(text))


@NEEDS_MAKE
def test_floors_are_installed_in_a_folder_of_their_own_and_not_for_make_test():
    lines = commands("floors").splitlines()
    (install,) = [line for line in lines if "pip install" in line and "--constraint constraints" not in line]
    assert install.split()[0] == ".venv-floors/bin/python"
    assert "--constraint .venv-floors/constraints.txt" in install
    assert any("tools/floors.py > .venv-floors/constraints.txt" in line for line in lines)
    assert "floors" not in commands("test")


# --- The notebooks ----------------------------------------------------------------------------------


@NEEDS_MAKE
def test_two_notebooks_run_side_by_side_with_one_thread_each_and_each_in_one_process():
    joined = commands("test").replace("\\\n", " ").splitlines()
    (line,) = [line for line in joined if "--nbval" in line.split()]
    assert [word for word in line.split() if word.startswith(("--numprocesses", "--dist", "OMP_NUM"))] == [
        "OMP_NUM_THREADS=1",
        "--numprocesses=2",
        "--dist=loadfile",
    ]


# --- Warnings ---------------------------------------------------------------------------------------


def test_a_warning_of_our_own_package_is_an_error_and_one_of_a_library_is_not(tmp_path):
    tests = tmp_path / "test_warnings.py"
    tests.write_text(
        "import warnings\n"
        "def test_ours(): warnings.warn_explicit('x', FutureWarning, 'x', 1, 'seq2seq_utils.training.loop')\n"
        "def test_theirs(): warnings.warn_explicit('x', FutureWarning, 'x', 1, 'pandas.core')\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml", tests]
    environment = {**os.environ, "PYTEST_ADDOPTS": ""}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "FAILED" in run.stdout and "test_ours - FutureWarning: x" in run.stdout, run.stdout
    assert "1 failed, 1 passed, 1 warning" in run.stdout, run.stdout
