"""The runs with other seeds: which there are, what each keeps of the claims, what is made again, and told."""

import collections
import re
from pathlib import Path

import claim_record
import claims
import execute_notebooks
import nbformat
import pytest
import seeds
from claim_record import Outcome, Run
from claims import Claim
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from seq2seq_utils import captions
from seq2seq_utils.batching import SEED_OFFSET_VARIABLE
from seq2seq_utils.checks import RECORD_VARIABLE

PROJECT_RECORD = seeds.RECORD
NEEDS_RECORD = pytest.mark.skipif(
    not PROJECT_RECORD.is_file(),
    reason=f"{PROJECT_RECORD.name} is not there yet: `make seeds` makes it, the record of other seeds",
)
IMPORTS = (
    "import os\nimport random\nimport torch\nfrom seq2seq_utils import batching, training\n"
    "from seq2seq_utils.checks import check"
)
CLAIMS = (
    "for value in (5.0, 3.0, 4.0):\n    check('at least {bound}', value, '>=', 2)\n"
    "check('never', False, numbers=3)\ncheck('a number: {bound}', float('nan'), '>', 1)"
)
SEEDS = (
    "training.seed_everything(3)\nloader = batching.make_loader([([5], [6])] * 9, batch_size=1, seed=2)\n"
    "check('seeds: {bound}', torch.initial_seed(), '>', 2)\n"
    "check('order: {bound}', loader.batch_sampler.seed, '>', 1)\n"
    "check('threads: {bound}', torch.get_num_threads(), '<', 3)\n"
    "check('processor', torch.backends.cpu.get_cpu_capability() in ('DEFAULT', 'NO AVX'))"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with notebooks of its own, which are all that there are."""
    for name in (SEED_OFFSET_VARIABLE, RECORD_VARIABLE, seeds.CAPABILITY_VARIABLE, captions.FOLDER_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(execute_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(seeds, "ROOT", tmp_path / "project")
    return tmp_path


def store_notebook(project: Path, name: str, *sources: str) -> Path:
    path = project / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    cells = [new_code_cell(source, id=f"toy-{number}") for number, source in enumerate(sources, start=1)]
    nbformat.write(new_notebook(cells=[new_markdown_cell("check('in prose', False)"), *cells]), path)
    return path


# --- The plan -------------------------------------------------------------------------------------


def test_no_two_runs_of_a_notebook_on_the_same_data_share_a_seed():
    for notebook in ("02_seq2seq", "06_real_sentences"):
        runs = list(seeds.planned(notebook))
        counts = collections.Counter((run.data, run.capability) for run in runs)
        usual = {("grammar", ""): 10} if notebook < "06" else {("captions", ""): 5, ("grammar", ""): 2}
        others = {(data, capability): 3 for data, _ in usual for capability in ("default", "avx2")}
        assert counts == usual | others
        assert len({(run.data, run.offset) for run in runs}) == len(runs)
        assert {run.offset % seeds.STEP for run in runs} == {0}
        assert {run.threads for run in runs if run.capability == ""} == {1, 2}
    assert {path.stem for path in execute_notebooks.all_notebooks()} > seeds.WITH_CAPTIONS


# --- One run --------------------------------------------------------------------------------------


def test_a_run_keeps_what_came_of_every_claim_and_goes_on_after_one_that_failed(project):
    path = store_notebook(project, "02_toy", IMPORTS, CLAIMS, SEEDS)
    before = path.read_bytes()
    run = Run("02_toy", "grammar", 7000, "default", 2)
    entry = seeds.perform(run, path)
    assert path.read_bytes() == before
    assert claim_record.run_of(entry) == run
    first, never, number, *others, processor = claim_record.outcomes_of(entry)
    assert first == Outcome("toy-2", 1, True, 3.0)
    assert never == Outcome("toy-2", 2, False, None)
    assert (number.number, number.holds, str(number.value)) == (3, False, "nan")
    assert [outcome.value for outcome in others] == [7003, 7002, 2]
    assert (processor.cell, processor.number, processor.holds) == ("toy-3", 4, True)
    assert entry["machine"]["threads"] == 2
    assert entry["machine"]["device"].endswith(("DEFAULT", "NO AVX"))
    assert {"python", "torch", "numpy"} <= entry["machine"]["versions"].keys()
    assert entry["digest"] == seeds.notebook_digest(path)


def test_a_cell_that_fails_and_a_sentence_of_two_claims_are_told(project):
    run = Run("02_toy", "grammar", 0, "", 1)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        seeds.perform(run, store_notebook(project, "02_toy", "1 / 0"))
    path = store_notebook(
        project, "02_toy", "from seq2seq_utils.checks import check", "check('so', True)\n" * 2
    )
    with pytest.raises(RuntimeError, match="toy-2: 'so' is the sentence of 2 claims"):
        seeds.perform(run, path)


def test_each_claim_is_that_of_the_cell_that_stated_it(tmp_path):
    known = [Claim("02_toy.ipynb", cell, "so", None, None) for cell in ("a", "b")]
    stated = seeds.Stated(tmp_path / "claims.jsonl")
    for cell, holds in (("a", "true"), ("none", ""), ("b", "false")):
        with stated.file.open("a", encoding="utf-8") as file:
            file.write(f'{{"sentence": "so", "value": null, "holds": {holds}}}\n' if holds else "")
        stated.after_cell(new_code_cell("…", id=cell))
    assert stated.outcomes(known) == [Outcome("a", 1, True, None), Outcome("b", 1, False, None)]


def test_a_sentence_belongs_to_its_cell_or_to_the_function_of_another():
    known = [Claim("02_toy.ipynb", cell, words, None, None) for cell, words in ("aA", "bA", "bB")]
    assert seeds.identify("A", "b", known) == known[1]
    assert seeds.identify("B", "a", known) == known[2]
    for words, count in (("A", 2), ("C", 0)):
        with pytest.raises(RuntimeError, match=f"is the sentence of {count} claims"):
            seeds.identify(words, "c", known)


def test_of_several_outcomes_of_a_claim_the_worst_is_kept():
    nan = float("nan")
    cases = {">": [(3, 2), (3, nan), (nan, 2)], "<": [(2, 3), (2, nan)], "==": [(1, -5), (2, 5), (4, nan)]}
    for relation, values in cases.items():
        claim = Claim("02_toy.ipynb", "a", "so", relation, 1)
        for pair in values:
            outcomes = [Outcome("a", 1, True, value) for value in pair]
            expected = outcomes[0] if pair[0] != pair[0] else outcomes[1]
            assert seeds.worse(*outcomes, claim) is expected, (relation, pair)
            assert seeds.worse(*outcomes[::-1], claim) is expected, (relation, pair)
    outcomes = [Outcome("a", 1, holds, None) for holds in (True, False)]
    claim = Claim("02_toy.ipynb", "a", "so", None, None)
    assert seeds.worse(*outcomes, claim) == seeds.worse(*outcomes[::-1], claim) == outcomes[1]


def test_captions_are_found_in_the_folder_named_the_cache_or_beside_the_project(project, monkeypatch):
    monkeypatch.setattr(captions, "cache_folder", lambda: project / "cache")
    run = Run("06_real_sentences", "captions", 0, "", 1)
    with pytest.raises(RuntimeError, match="the captions are not there; set MULTI30K_DIR"):
        seeds.variables_of(run, project)
    for folder in (project / "shared" / "multi30k", project / "cache", project / "given"):
        folder.mkdir(parents=True)
        for split in captions.SPLITS:
            for code in ("de", "en"):
                (folder / f"{split}.{code}.gz").touch()
        if folder.name == "given":
            monkeypatch.setenv(captions.FOLDER_VARIABLE, str(folder))
        assert seeds.variables_of(run, project)[captions.FOLDER_VARIABLE] == str(folder)
    hidden = seeds.variables_of(Run("06_real_sentences", "grammar", 0, "", 1), project)
    assert list(Path(hidden[captions.FOLDER_VARIABLE]).iterdir()) == []
    assert captions.FOLDER_VARIABLE not in seeds.variables_of(Run("02_toy", "grammar", 0, "", 1), project)


# --- The record -----------------------------------------------------------------------------------


@pytest.fixture
def quick_runs(monkeypatch):
    """Runs that take no time, and are noted; the value of the only claim is 10, and more for each offset."""
    made: list[Run] = []

    def perform(run: Run, path: Path) -> claim_record.Entry:
        made.append(run)
        if run.offset == 2000 and "fails" in run.notebook:
            raise RuntimeError("no more memory")
        outcome = Outcome("toy-1", 1, True, 10.0 + run.offset / 1000)
        return claim_record.entry_of(
            run, [outcome], digest=seeds.notebook_digest(path), seconds=1, machine={}
        )

    class Pool:
        def __init__(self, workers: int, *_: object, **__: object) -> None:
            self.workers = workers

        def __enter__(self) -> "Pool":
            return self

        def __exit__(self, *_: object) -> None: ...

        def submit(self, function, run: Run, path: Path) -> "Done":
            assert self.workers == 3 - run.threads  # of one thread two at a time, of two one
            return Done(function, run, path)

    class Done:
        def __init__(self, *call: object) -> None:
            self.call = call

        def result(self) -> claim_record.Entry:
            function, *arguments = self.call
            return function(*arguments)

    monkeypatch.setattr(seeds, "perform", perform)
    monkeypatch.setattr(seeds, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(seeds, "as_completed", list)
    monkeypatch.setattr(seeds, "OFFSETS", {"grammar": 4})
    monkeypatch.setattr(seeds, "OFFSETS_FOR_CAPABILITIES", {"avx2": 1})
    return made


def test_what_is_stored_is_not_run_again_until_the_code_changes(project, quick_runs, capsys):
    record = project / "claims.json"
    store_notebook(project, "02_toy", "check('at least {bound}', value, '>=', 1)")
    store_notebook(project, "03_fails", "check('at least {bound}', value, '>=', 2)")
    assert seeds.main(["--record", str(record)]) == 1
    assert len(quick_runs) == 10
    assert "03_fails, grammar, offset 2000, 1 thread: FAILED\nno more memory" in capsys.readouterr().err
    assert len(claim_record.read(record)) == 9
    quick_runs.clear()
    assert seeds.main(["--record", str(record)]) == 1
    assert [str(run) for run in quick_runs] == ["03_fails, grammar, offset 2000, 1 thread"]
    quick_runs.clear()
    store_notebook(
        project, "02_toy", "check('now at least {bound}', value, '>=', 3)  # other words and bound"
    )
    assert seeds.main(["--record", str(record), str(project / "notebooks" / "02_toy.ipynb")]) == 0
    assert quick_runs == []
    store_notebook(project, "02_toy", "check('now at least {bound}', 2 * value, '>=', 3)")
    assert seeds.main(["--record", str(record), str(project / "notebooks" / "02_toy.ipynb")]) == 0
    assert sorted(run.offset for run in quick_runs) == [0, 1000, 2000, 3000, 4000]
    assert len(claim_record.read(record)) == 9
    told = capsys.readouterr().out.splitlines()
    assert "02_toy, grammar, offset 4000, avx2, 2 threads: 1 of 1 claims held, 1 s" in told


def test_the_check_fails_on_what_the_record_does_not_bear(project, quick_runs, capsys):
    def check(code: str) -> tuple[int, list[str]]:
        store_notebook(project, "02_toy", code)
        exit_code = seeds.main(["--check", "--record", str(record)])
        return exit_code, capsys.readouterr().out.splitlines()

    record = project / "claims.json"
    good = "check('at least {bound}', value, '>=', 1)"
    assert check(good)[0] == 1
    assert seeds.main(["--record", str(record)]) == 0
    capsys.readouterr()
    assert check(good) == (0, [])
    assert check(good.replace("1)", "12)")) == (
        1,
        ["02_toy.ipynb, toy-1, 1 (grammar): held in 3 of 5 runs: at least 12"],
    )
    (problem,) = check(good.replace("1)", "9)"))[1]
    assert "has 1.90 of room, which should be 3 or more" in problem
    exit_code, problems = check(f"{good}\ncheck('so', True)")
    assert exit_code == 1
    assert "is not of the code as it is: 02_toy" in problems[0]
    assert problems[1:] == [
        "02_toy: 5 runs are still to be made",
        "02_toy.ipynb, toy-1, 2: is not in the record: so",
    ]
    check(good)
    for runs in ([], claim_record.read(record)[1:]):
        claim_record.write(record, runs, [])
        assert check(good)[0] == 1


def test_a_stale_record_is_told_and_is_no_failure(project, quick_runs, capsys):
    def stale() -> str:
        assert seeds.main(["--stale", "--record", str(record)]) == 0
        return capsys.readouterr().out

    record = project / "claims.json"
    store_notebook(project, "02_toy", "check('at least {bound}', value, '>=', 1)")
    assert "there is no record" in stale()
    seeds.main(["--record", str(record)])
    capsys.readouterr()
    assert stale() == ""
    store_notebook(project, "03_toy", "check('at least {bound}', value, '>=', 1)")
    assert stale().endswith("is not of the code as it is: 03_toy\n")
    path = store_notebook(project, "02_toy", "check('at least {bound}', 2 * value, '>=', 1)")
    assert stale().endswith("is not of the code as it is: 02_toy, 03_toy\n")
    seeds.store(record, seeds.perform(Run("02_toy", "grammar", 0, "", 1), path))
    assert stale().endswith("02_toy, 03_toy\n")  # for its other runs


def test_the_table_the_line_for_the_readme_and_the_stored_counts_follow_the_bound(
    project, quick_runs, capsys
):
    def printed(option: str) -> list[str]:
        assert seeds.main([option, "--record", str(record)]) == 0
        return capsys.readouterr().out.splitlines()

    record = project / "claims.json"
    store_notebook(project, "02_toy", "check('at least {bound}', value, '>=', 1)")
    seeds.main(["--record", str(record)])
    capsys.readouterr()
    assert printed("--table") == ["    7.0   5 of  5  02_toy  toy-1 1  grammar  at least 1"]
    line = (
        "1 claims of notebooks 02, 5 runs with other seeds: all of them held in every run; the least room is"
    )
    assert printed("--summary") == [f"{line} 7.0 standard deviations."]
    store_notebook(project, "02_toy", "check('at least {bound}', value, '>=', 12)")
    assert printed("--summary") == [f"{line.replace('all', '0')} 0.0 standard deviations."]
    assert '"held": 5' in record.read_text(encoding="utf-8")
    assert printed("--refresh") == []
    assert '"held": 3, "room": 0.0' in record.read_text(encoding="utf-8")


# --- The notebooks of the project -----------------------------------------------------------------


def test_no_cell_of_a_notebook_has_two_claims_of_one_sentence():
    counts = collections.Counter((claim.notebook, claim.cell, claim.sentence) for claim in seeds.all_claims())
    assert [place for place, count in counts.items() if count > 1] == []


@NEEDS_RECORD
def test_the_record_has_every_claim_of_each_notebook_that_was_run():
    runs = claim_record.read(PROJECT_RECORD)
    was_run = {entry["notebook"] for entry in runs}
    known = [claim for claim in seeds.all_claims() if Path(claim.notebook).stem in was_run]
    assert claim_record.missing(claim_record.judge_all(runs, known), known) == []


@NEEDS_RECORD
def test_the_readme_sums_the_record_up():
    runs = claim_record.read(PROJECT_RECORD)
    line = claim_record.summary(claim_record.judge_all(runs, seeds.all_claims()), runs)
    text = (PROJECT_RECORD.parents[2] / "README.md").read_text(encoding="utf-8")
    assert line in re.sub(r"\s+", " ", text)


def test_claims_are_numbered_within_their_cell(project):
    path = store_notebook(project, "02_toy", "check('a', True)\ncheck('b', True)", "check('c', True)")
    assert [(claim.cell, claim.number, claim.sentence) for claim in claims.read_notebook(path)] == [
        ("toy-1", 1, "a"),
        ("toy-1", 2, "b"),
        ("toy-2", 1, "c"),
    ]
    path = store_notebook(project, "02_toy", "check(words, True)", "check('{bound}', 1, '<', bound)")
    with pytest.raises(ValueError, match=r"toy-1: claim: words is not.*toy-2: bound: bound is not"):
        claims.read_notebook(path)
