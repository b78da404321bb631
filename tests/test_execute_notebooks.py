"""The notebooks as tools/execute_notebooks.py runs and stores them."""

from pathlib import Path

import execute_notebooks
import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the notebooks of a test lie; no setting of this machine reaches their kernels."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def store(path: Path, *sources: str) -> Path:
    """Write a notebook with these code cells, as an editor might leave it."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    notebook.metadata = {"kernelspec": {"name": "my-env", "display_name": "My own"}, "authors": ["me"]}
    nbformat.write(notebook, path)
    return path


def printed(path: Path) -> list[str]:
    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs).splitlines()


def test_a_notebook_runs_in_its_folder_on_one_thread_without_progress_bars(folder, monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("SEQ2SEQ_SEED_OFFSET", "7")
    monkeypatch.setenv("SEQ2SEQ_CLAIMS", str(folder / "claims.jsonl"))
    names = ("OMP_NUM_THREADS", "TQDM_DISABLE", "SEQ2SEQ_SEED_OFFSET", "SEQ2SEQ_CLAIMS", "MPLBACKEND")
    path = store(
        folder / "toy.ipynb",
        "import os\nfrom pathlib import Path\nword = 'kept'",
        f"print(Path('toy.ipynb').exists(), word, *(os.environ.get(name) for name in {names}))",
    )
    assert execute_notebooks.main([str(path)]) == 0
    (line,) = printed(path)
    assert line.startswith("True kept 1 1 None None ")  # the seeds of a reader, and claims that stop
    assert not line.endswith(" agg")  # the kernel's own backend, which stores figures
    stored = nbformat.read(path, as_version=4)
    assert stored.metadata == execute_notebooks.NOTEBOOK_METADATA
    assert [cell.execution_count for cell in stored.cells] == [1, 2]
    assert "toy  ok" in capsys.readouterr().out
    assert [file.name for file in folder.iterdir()] == ["toy.ipynb"]


def test_side_by_side_a_failing_notebook_keeps_its_file_and_the_other_is_stored(folder, capfd):
    fails = store(folder / "fails.ipynb", "print('before')", "1 / 0")
    runs = store(folder / "runs.ipynb", "print('done')")
    before = fails.read_bytes()
    assert execute_notebooks.main(["--jobs", "2", str(fails), str(runs)]) == 1
    assert fails.read_bytes() == before
    assert printed(runs) == ["done"]
    told = capfd.readouterr()
    assert "fails  FAILED" in told.out
    assert "runs  ok" in told.out
    assert "ZeroDivisionError" in told.err


def test_what_is_no_notebook_fails_and_is_named(folder, capsys):
    (folder / "broken.ipynb").write_text("{", encoding="utf-8")
    assert execute_notebooks.main(["--jobs", "1", "broken.ipynb", "missing.ipynb"]) == 1
    told = capsys.readouterr()
    for name in ("broken", "missing"):
        assert f"{name}  FAILED" in told.out
        assert f"{name}.ipynb: " in told.err
    assert [path.name for path in folder.iterdir()] == ["broken.ipynb"]


def test_a_notebook_that_names_a_folder_of_this_machine_keeps_its_file(folder, monkeypatch, capsys):
    path = store(folder / "toy.ipynb", "here")
    before = path.read_bytes()

    def execute(notebook: NotebookNode, folder: Path) -> None:
        notebook.cells[0].outputs = [new_output("stream", text=f"saved to {folder}/model.pt")]

    monkeypatch.setattr(execute_notebooks, "execute", execute)
    assert execute_notebooks.main([str(path)]) == 1
    assert path.read_bytes() == before
    assert str(folder) in capsys.readouterr().err


def test_folders_are_looked_for_in_all_text_but_not_in_pictures(folder):
    name = str(folder)
    outputs = {
        "stream": new_output("stream", text=name),
        "error": new_output("error", ename="E", traceback=[f"File {name}/x.py"]),
        "html": new_output("display_data", data={"text/html": f"<p>{name}</p>"}),
        "picture": new_output("display_data", data={"image/png": name}),
        "elsewhere": new_output("stream", text="/usr/lib and results/multi30k.json"),
    }
    found = {
        kind: execute_notebooks.machine_paths(new_notebook(cells=[new_code_cell("x", outputs=[output])]))
        for kind, output in outputs.items()
    }
    assert found == {"stream": [name], "error": [name], "html": [name], "picture": [], "elsewhere": []}


def test_normalising_drops_what_differs_from_run_to_run_and_nothing_else():
    widget = new_output(
        "display_data", data={execute_notebooks.WIDGET_VIEW: {"model_id": "1f3a"}, "text/plain": "Slider()"}
    )
    figure = new_output("display_data", data={"image/png": "iVBO"}, metadata={"image/png": {"alt": "A line"}})
    metadata = {
        "tags": ["nbval-ignore-output"],
        "jupyter": {"source_hidden": True},
        "execution": {"iopub.status.busy": "2026-01-01"},
        "collapsed": False,
    }
    notebook = new_notebook(
        cells=[
            new_markdown_cell("Prose", metadata={"editable": True}),
            new_code_cell("draw()", outputs=[widget, figure], metadata=metadata),
        ],
        metadata={"language_info": {"name": "python", "version": "3.12.1"}, "widgets": {}},
    )
    execute_notebooks.normalise(notebook)
    prose, code = notebook.cells
    assert notebook.metadata == execute_notebooks.NOTEBOOK_METADATA
    assert prose.metadata == {}
    assert code.metadata == {"tags": ["nbval-ignore-output"], "jupyter": {"source_hidden": True}}
    assert code.outputs[0].data == {"text/plain": "Slider()"}
    assert code.outputs[1].metadata == {"image/png": {"alt": "A line"}}


def test_all_notebooks_are_stored_in_the_form_that_the_tool_writes(tmp_path):
    others = []
    for path in execute_notebooks.all_notebooks():
        notebook = nbformat.read(path, as_version=4)
        execute_notebooks.normalise(notebook)
        execute_notebooks.write(notebook, tmp_path / path.name)
        if (tmp_path / path.name).read_bytes() != path.read_bytes():
            others.append(path.name)
    assert others == []


def test_the_longest_notebooks_start_first_and_an_unknown_one_before_them(capsys):
    assert {path.stem for path in execute_notebooks.all_notebooks()} == set(execute_notebooks.LONGEST_FIRST)
    assert execute_notebooks.main(["--list"]) == 0
    listed = [Path(line).stem for line in capsys.readouterr().out.splitlines()]
    assert listed == list(execute_notebooks.LONGEST_FIRST)
    some = [Path("01_tokenization.ipynb"), Path("mine.ipynb"), Path("05_bahdanau_attention.ipynb")]
    assert execute_notebooks.longest_first(some) == [some[1], some[2], some[0]]


@pytest.mark.parametrize("jobs", ["0", "-1"])
def test_a_number_of_jobs_that_makes_no_sense_is_refused(jobs, capsys):
    with pytest.raises(SystemExit):
        execute_notebooks.main(["--jobs", jobs])
    assert f"--jobs: {jobs} is not allowed; it must be 1 or more" in capsys.readouterr().err
