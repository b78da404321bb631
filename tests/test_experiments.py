"""What an experiment is, the files that its runs are stored in, and the tool that performs it."""

import argparse
import copy
import os
import pickle
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import experiments as tool
import pytest
import score_captions
import torch

from seq2seq_utils.experiments import Entry, Experiment, Results, Trained, read
from seq2seq_utils.experiments.experiment import LIBRARIES, Claim, define, is_defined_by
from seq2seq_utils.experiments.lengths import train_on
from seq2seq_utils.experiments.registry import EXPERIMENTS
from seq2seq_utils.experiments.stored import missing, numbers, spread, store, unsettled
from seq2seq_utils.grammar import generate_splits
from seq2seq_utils.models import Seq2Seq, count_parameters, plain_model
from seq2seq_utils.training import Checkpoint, Settings
from seq2seq_utils.training.loop import Run

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


# ------------------------------------------------------------------- an experiment that takes a moment
@dataclass(frozen=True, kw_only=True)
class Arm:
    """A tiny model, or what can go wrong."""

    epochs: int = 2  # of 3 steps
    hidden_size: int = 4
    trouble: str = ""

    def make(self, source_vocabulary_size: int, target_vocabulary_size: int) -> Seq2Seq:
        return plain_model(source_vocabulary_size, target_vocabulary_size, 4, self.hidden_size)


def fail() -> None:
    raise RuntimeError("out of luck")


TROUBLES: dict[str, Callable[[], Any]] = {
    "fails": fail,
    "dies": lambda: os._exit(9),
    "never ends": lambda: time.sleep(600),
}


def train(arm: Arm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training") -> Trained:
    if arm.trouble in TROUBLES:
        TROUBLES[arm.trouble]()
    splits = generate_splits("french", 300, 20, 20, (3, 6))
    settings = Settings(epochs=arm.epochs)
    return train_on(
        splits.train, splits.validation, arm.make, settings, seed, checkpoint=checkpoint, progress=progress
    )


def measure(trained: Trained, arm: Arm) -> dict[str, Any]:
    loss = trained.history.records[-1]["validation_loss"]
    return {
        "loss": float("nan") if arm.trouble == "measures nothing" else loss,
        "parts": [{"half": loss / 2}],
    }


_ARMS = {"small": Arm(), "large": Arm(hidden_size=8), "long": Arm(epochs=6)}
TOY = Experiment(
    name="toy",
    question="does it work?",
    basis="budget",
    arms=_ARMS,
    seeds=dict.fromkeys(_ARMS, (0, 1)),
    train=train,
    measure=measure,
)


def run(arm: str, seed: int, experiment: Experiment = TOY, steps: int = 6, **measured: Any) -> Entry:
    """A run as it is stored, of which nothing was trained."""
    curve = [{"epoch": 0, "step": 0}, {"epoch": 1, "step": steps, "train_loss": 3.5}]
    return {
        "arm": arm,
        "seed": seed,
        "definition": define(experiment.arms[arm]),
        "parameters": 100,
        "steps": steps,
        "seconds": 1.5,
        "curve": curve,
        "measured": measured,
    }


# --------------------------------------------------------------------------------------- an experiment
def test_all_arms_have_their_first_run_before_any_has_its_second():
    experiment = replace(TOY, seeds={"small": (0, 1, 2), "large": (5,), "long": range(2)})
    assert list(experiment.runs()) == [
        ("small", 0),
        ("large", 5),
        ("long", 0),
        ("small", 1),
        ("long", 1),
        ("small", 2),
    ]


ABOVE = Claim("large", "small", "bleu")
WRONG_EXPERIMENTS: list[tuple[dict[str, Any], str]] = [
    (
        {"seeds": {"small": (0,)}},
        r"seeds: \['small'\] are not the arms, which are \['small', 'large', 'long'\]",
    ),
    ({"basis": "luck"}, "basis: 'luck' is not one of plateau, budget"),
    ({"claims": [Claim("large", "tiny", "bleu")]}, "claims: 'tiny' is not one of small, large, long"),
    ({"companions": {"small": "longer"}}, "companions: 'longer' is not one of small, large, long"),
    ({"companions": {"tiny": "long"}}, "companions: 'tiny' is not one of small, large, long"),
    ({"budgets": {"small": ["small", "longer"]}}, "budgets: 'longer' is not one of small, large, long"),
    (
        {"basis": "plateau", "claims": [ABOVE], "companions": {"small": "long"}},
        "companions: there is none of 'large'; each arm of a claim needs one",
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG_EXPERIMENTS)
def test_an_experiment_that_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        replace(TOY, **change)


def test_a_run_is_written_down_with_its_definition_its_training_and_where_it_was(tmp_path):
    entry = TOY.perform("small", 1)
    trained = TOY.train(TOY.arms["small"], 1)
    assert (entry["arm"], entry["seed"]) == ("small", 1)
    assert entry["definition"] == asdict(TOY.arms["small"])
    assert entry["parameters"] == count_parameters(trained.model)
    assert (entry["steps"], entry["seconds"] >= 0, entry["threads"]) == (6, True, torch.get_num_threads())
    assert entry["versions"].keys() == {"python", *LIBRARIES}
    assert entry["device"].startswith(("cpu", "NVIDIA", "mps"))
    assert [record["step"] for record in entry["curve"]] == [0, 3, 6]
    losses = [record["validation_loss"] for record in trained.history.records]
    assert [record["validation_loss"] for record in entry["curve"]] == pytest.approx(losses, rel=1e-4)
    assert entry["measured"] == TOY.measure(trained, TOY.arms["small"])
    assert entry["measured"] != TOY.perform("small", 0)["measured"]
    store(tmp_path / "toy.json", TOY, entry)
    assert read(tmp_path / "toy.json").runs == [entry]


def test_an_arm_that_is_not_there_is_not_performed():
    with pytest.raises(ValueError, match=r"^arm: 'tiny' is not one of small, large, long$"):
        TOY.perform("tiny", 0)


def test_a_definition_is_another_where_a_field_has_another_value_and_the_same_where_one_was_added():
    @dataclass(frozen=True)
    class Recipe:
        rate: float
        smooth: bool = False

    @dataclass(frozen=True)
    class Longer:
        recipe: Recipe
        lengths: tuple[int, ...] = (3, 10)
        names: list[str] = field(default_factory=list)

    arm = Longer(Recipe(0.01))
    stored = {"recipe": {"rate": 0.01}, "lengths": [3, 10], "names": []}
    assert is_defined_by(arm, define(arm))
    assert is_defined_by(arm, stored)  # before `smooth` was added
    assert is_defined_by(arm, {"recipe": {"rate": 0.01}, "names": []})
    assert not is_defined_by(replace(arm, lengths=(3, 20)), {"recipe": {"rate": 0.01}, "names": []})
    assert not is_defined_by(Longer(Recipe(0.01, smooth=True)), stored)
    assert not is_defined_by(Longer(Recipe(0.02)), stored)
    assert not is_defined_by(arm, {**stored, "removed": 1})
    assert not is_defined_by(arm, {"lengths": [3, 10], "names": []})  # of the rate no default is known
    assert not is_defined_by(arm, None)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_can_be_sent_to_another_process_and_its_arms_are_json(name):
    experiment = EXPERIMENTS[name]
    assert experiment.name == name
    arms = pickle.loads(pickle.dumps(experiment)).arms
    for arm, definition in experiment.arms.items():
        assert is_defined_by(arms[arm], define(definition))


# ------------------------------------------------------------------------------------------ the files
def test_runs_are_stored_in_order_a_new_one_in_place_of_the_old(tmp_path):
    path = tmp_path / "results" / "toy.json"
    for arm, seed in (("large", 1), ("small", 1), ("long", 0), ("small", 0)):
        store(path, TOY, run(arm, seed, loss=1.0))
    store(path, TOY, run("small", 1, loss=2.0))
    results = read(path)
    assert (results.experiment, results.basis) == ("toy", "budget")
    assert [(run["arm"], run["seed"]) for run in results.runs] == [
        ("small", 0),
        ("long", 0),
        ("small", 1),
        ("large", 1),
    ]
    assert results.values("small", "loss") == [1.0, 2.0]


def test_runs_of_arms_and_seeds_that_are_no_more_go_out_of_the_file_and_the_basis_is_todays(tmp_path):
    path = tmp_path / "toy.json"
    store(path, TOY, run("small", 0), run("large", 0), run("small", 1))
    arms = {"small": TOY.arms["small"]}
    changed = replace(TOY, arms=arms, seeds={"small": (1,)}, basis="plateau")
    store(path, changed)
    assert (read(path).basis, read(path).runs) == ("plateau", [run("small", 1)])


def test_a_run_that_the_experiment_does_not_know_is_not_stored(tmp_path):
    with pytest.raises(ValueError, match=r"^runs: small, seed 7, is no run of toy$"):
        store(tmp_path / "toy.json", TOY, run("small", 0), run("small", 7))
    assert list(tmp_path.iterdir()) == []


def test_what_json_cannot_hold_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "toy.json"
    store(path, TOY, run("small", 0, loss=1.0))
    before = path.read_bytes()
    for value in (float("nan"), torch.zeros(1)):
        with pytest.raises((TypeError, ValueError)):
            store(path, TOY, run("small", 0, loss=value))
    assert [file.name for file in tmp_path.iterdir()] == ["toy.json"]
    assert path.read_bytes() == before


def test_what_a_file_lacks_is_missing_and_so_is_what_it_has_by_another_definition(tmp_path):
    path = tmp_path / "toy.json"
    assert missing(path, TOY) == list(TOY.runs())
    store(path, TOY, run("small", 0), run("large", 1), run("long", 1))
    assert missing(path, TOY) == [("large", 0), ("long", 0), ("small", 1)]
    larger = replace(TOY, arms={**TOY.arms, "large": Arm(hidden_size=9)})
    assert missing(path, larger) == [("large", 0), ("long", 0), ("small", 1), ("large", 1)]


def test_reading_says_what_is_wrong_and_what_is_allowed(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"^path: there is no .*no\.json; in its folder there is no file$"
    ):
        read(tmp_path / "no.json")
    for contents in (
        "",
        "[]",
        "{}",
        '{"experiment": "toy", "basis": "budget", "runs": [{"arm": "small"}]}',
        "é",
    ):
        (tmp_path / "toy.json").write_text(contents, encoding="latin-1")
        with pytest.raises(
            ValueError, match=r"^path: .*toy\.json holds no runs .* tools/experiments\.py wrote$"
        ):
            read(tmp_path / "toy.json")
    with pytest.raises(FileNotFoundError, match=r"in its folder there is toy\.json$"):
        read(tmp_path / "no.json")


@pytest.fixture
def results() -> Results:
    """Two runs of an arm, not in order, and one of another."""
    by_length = [{"longest": 5, "bleu": 90.0, "right": "011"}, {"longest": 10, "bleu": 40.0, "right": "001"}]
    runs = [
        run("small", 1, loss=2.0, note="quick", by_length=by_length),
        run("small", 0, loss=1.0, note="slow", by_length=copy.deepcopy(by_length)),
        run("large", 0, loss=0.5, note="slow", by_length=by_length[:1]),
    ]
    runs[1]["measured"]["by_length"][1]["bleu"] = 50.0
    return Results("toy", "budget", runs)


def test_runs_can_be_had_as_tables(results):
    assert results.frame().to_dict("list") == {
        "arm": ["small", "small", "large"],
        "seed": [1, 0, 0],
        "parameters": [100] * 3,
        "steps": [6] * 3,
        "seconds": [1.5] * 3,
        "loss": [2.0, 1.0, 0.5],
    }
    table = results.table("by_length")
    assert list(table.columns) == ["arm", "seed", "longest", "bleu", "right"]
    assert list(table[table["longest"] == 10]["bleu"]) == [40.0, 50.0]
    curves = results.curves()
    assert list(curves["step"]) == [0, 6] * 3
    assert list(curves["seed"]) == [1, 1, 0, 0, 0, 0]


def test_numbers_can_be_had_by_name_in_the_order_of_the_seeds(results):
    assert [run["seed"] for run in results.of("small")] == [0, 1]
    assert results.values("small", "loss") == [1.0, 2.0]
    assert results.values("small", "by_length.1.bleu") == [50.0, 40.0]
    assert numbers({"a": 1, "b": {"c": [2.5, "x", [3]]}, "d": "4"}) == {"a": 1, "b.c.0": 2.5, "b.c.2.0": 3}
    assert spread(results.runs) == {
        "loss": (0.5, 2.0),
        "by_length.0.longest": (5, 5),
        "by_length.0.bleu": (90.0, 90.0),
    }


def test_a_name_that_is_not_there_is_refused_with_those_that_are(results):
    with pytest.raises(ValueError, match=r"^arm: there is no run of 'tiny'; there are runs of small, large$"):
        results.of("tiny")
    with pytest.raises(
        ValueError, match=r"^name: no 'bleu' was measured of 'small'; there are loss, by_length\.0"
    ):
        results.values("small", "bleu")
    with pytest.raises(
        ValueError, match=r"^name: no list 'loss' was measured of 'small'; there are by_length$"
    ):
        results.table("loss")


# ----------------------------------------------------------------------- plateaus, budgets and claims
CLAIM = Claim("large", "small", "bleu")
PLATEAU = replace(
    TOY,
    basis="plateau",
    arms={**TOY.arms, "large, long": Arm(hidden_size=8, epochs=6)},
    seeds={"small": (0, 1, 2), "large": (0, 1, 2), "long": (0, 1), "large, long": (0, 1)},
    claims=[CLAIM],
    companions={"small": "long", "large": "large, long"},
)
BLEU = {"small": (10, 12, 14), "large": (50, 52, 54), "long": (20, 23), "large, long": (50, 50)}
STEPS = {"small": 6, "large": 6, "long": 18, "large, long": 18}


def problems(
    experiment: Experiment = PLATEAU,
    bleu: Mapping[str, tuple[float, ...]] = BLEU,
    steps: Mapping[str, int] = STEPS,
) -> list[str]:
    """What is unsettled where these numbers were measured."""
    runs = [
        run(arm, seed, PLATEAU, steps[arm], bleu=value)
        for arm, values in bleu.items()
        for seed, value in enumerate(values)
    ]
    return unsettled(experiment, Results("toy", experiment.basis, runs))


def with_claim(at_least: float) -> Experiment:
    return replace(PLATEAU, claims=[replace(CLAIM, at_least=at_least)])


def test_a_plateau_is_settled_where_no_mean_moves_by_a_quarter_of_the_difference():
    assert problems() == []  # the means differ by 40, and one moves by 9.5
    (problem,) = problems(bleu={**BLEU, "long": (20, 24)})  # by 10
    assert problem.startswith(
        "small, bleu: 3 times the steps move the mean by 10, which is not less than 0.25 of 40"
    )
    (problem,) = problems(bleu={**BLEU, "large, long": (42, 42)})  # down, by 10
    assert problem.startswith("large, bleu: 3 times the steps move the mean by -10")


def test_what_the_text_says_of_a_difference_is_what_counts():
    assert problems(with_claim(39)) == []
    (problem,) = problems(with_claim(38))  # a quarter of it is 9.5
    assert problem.endswith("by 9.5, which is not less than 0.25 of 38")
    (problem,) = problems(with_claim(41))
    assert problem == "large above small, bleu: the means differ by 40, and not by 41"


def test_a_plateau_needs_a_claim_and_companions_with_three_times_the_steps_and_two_seeds():
    (problem,) = problems(replace(PLATEAU, claims=()))
    assert problem == "a plateau is measured by the differences claimed, and there is no claim"
    (problem,) = problems(steps={**STEPS, "long": 17})
    assert problem == "long: 17 steps are not 3 times those of small, 6"
    (problem,) = problems(bleu={**BLEU, "long": (20,)})
    assert problem == "long: there is 1 run, and not 2"
    (problem,) = problems(bleu={arm: values for arm, values in BLEU.items() if arm != "long"})
    assert problem.startswith("large above small: arm: there is no run of 'long'")


def test_a_claim_needs_every_run_above_every_other_and_three_of_each_on_any_basis():
    budget = replace(PLATEAU, basis="budget", companions={})
    assert problems(budget, {**BLEU, "long": (90,)}) == []
    (problem,) = problems(budget, {**BLEU, "small": (10, 12, 50)})
    assert problem == "large above small, bleu: a run with 50 is not above one with 50"
    (problem,) = problems(budget, {**BLEU, "small": (10, 12)})
    assert problem == "large above small, bleu: there are 3 and 2 runs, and not 3 of each"
    (problem,) = problems(replace(budget, claims=[Claim("large", "small", "loss")]))
    assert problem.startswith("large above small: name: no 'loss' was measured of 'large'")


def test_a_curve_over_budgets_has_two_or_more_that_rise():
    budget = replace(PLATEAU, basis="budget", claims=(), companions={})
    assert problems(replace(budget, budgets={"small": ["small", "long"]})) == []
    for arms in (["long", "small"], ["small", "large"]):
        (problem,) = problems(replace(budget, budgets={"small": arms}))
        assert problem.startswith("small: the budgets do not rise: ")
    (problem,) = problems(replace(budget, budgets={"small": ["small"]}))
    assert problem == "small: a curve over budgets needs two or more, each with a run"
    (problem,) = problems(replace(budget, budgets={"small": ["small", "long"]}), {"small": (1, 2)})
    assert problem == "small: a curve over budgets needs two or more, each with a run"


# ------------------------------------------------------------------------------------------- the tool
Command = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The tool with the toy experiment as its only one, and without processes of its own."""

    def one_after_another(tasks: Sequence[tool.Task], jobs: int) -> Iterator[tuple[tool.Task, Entry | str]]:
        outcomes: list[Entry | str] = []
        for task in tasks:
            tool.perform(task, argparse.Namespace(send=outcomes.append))
            yield task, outcomes[-1]

    def call(*arguments: str, experiment: Experiment = TOY) -> int:
        monkeypatch.setattr(tool, "EXPERIMENTS", {"toy": experiment})
        return tool.main([*arguments, "--results", str(tmp_path), "--checkpoints", str(tmp_path / "kept")])

    monkeypatch.setattr(tool.signal, "signal", lambda *_: None)  # this process stays as it is
    monkeypatch.setattr(tool, "side_by_side", one_after_another)
    monkeypatch.setattr(tool, "STEPS_BETWEEN_CHECKPOINTS", 2)
    return call


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps that are trained from here on."""
    steps: list[int] = []
    count = Run.count

    def count_step(run: Run, *arguments: Any) -> None:
        steps.append(run.step)
        count(run, *arguments)

    monkeypatch.setattr(Run, "count", count_step)
    return steps


def without_seconds(run: Entry) -> Entry:
    curve = [{name: value for name, value in record.items() if name != "seconds"} for record in run["curve"]]
    return {**run, "seconds": None, "curve": curve}


def test_the_tool_lists_what_there_is_and_what_is_lacking(command, tmp_path, capsys):
    store(tmp_path / "toy.json", TOY, run("small", 0))
    assert command("--list") == 0
    printed = capsys.readouterr().out
    assert printed == "toy: does it work? (6 runs, 5 of them lacking; a stored one took 0.025 minutes)\n"


def test_the_minutes_are_those_of_the_shortest_and_of_the_longest_run():
    seconds = (90.0, 30.0, 754.0)
    assert tool.minutes([{**run("small", 0), "seconds": number} for number in seconds]) == "0.5 to 13"
    assert tool.minutes([{**run("small", 0), "seconds": 89.2 * 60}]) == "89"


def test_the_tool_trains_what_is_lacking_and_nothing_else(command, tmp_path, trainings, capsys):
    store(tmp_path / "toy.json", TOY, run("small", 0), run("large", 0), run("long", 0), run("long", 1))
    assert command("toy", "--arm", "small") == 0
    assert len(trainings) == 6
    printed = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"toy: small, seed 1: epoch 2 of 2, loss \d\.\d{3}, \d+ s", printed[-2])
    assert re.fullmatch(r"toy: small, seed 1: stored, \d+ s", printed[-1])
    assert missing(tmp_path / "toy.json", TOY) == [("large", 1)]
    assert command("toy") == 0
    assert len(trainings) == 12
    assert missing(tmp_path / "toy.json", TOY) == []
    assert command("toy") == 0
    assert len(trainings) == 12


def test_a_stopped_run_goes_on_to_the_same_numbers(command, tmp_path, trainings, monkeypatch):
    never_stopped = TOY.perform("small", 0)
    trainings.clear()
    with monkeypatch.context() as stopping:
        count = Run.count

        def stop(run: Run, *arguments: Any) -> None:
            count(run, *arguments)
            if run.step == 4:
                raise KeyboardInterrupt

        stopping.setattr(Run, "count", stop)
        with pytest.raises(KeyboardInterrupt):
            command("toy", "--arm", "small")
    assert not (tmp_path / "toy.json").exists()
    assert command("toy", "--arm", "small") == 0
    assert trainings == [0, 1, 2, 3, 4, *(4, 5), *range(6)]  # of seed 0, of seed 0 again, and of seed 1
    assert without_seconds(read(tmp_path / "toy.json").runs[0]) == without_seconds(never_stopped)


def test_another_definition_begins_anew_though_the_old_checkpoint_is_there(command, tmp_path, trainings):
    command("toy", "--arm", "small")
    changed = replace(TOY, arms={**TOY.arms, "small": Arm(trouble="none that matters")})
    assert command("toy", "--arm", "small", experiment=changed) == 0
    assert len(trainings) == 24
    assert len(list((tmp_path / "kept" / "toy").iterdir())) == 4


def test_stored_runs_are_measured_again_without_training(command, tmp_path, trainings):
    command("toy", "--arm", "small")
    before = read(tmp_path / "toy.json").runs
    trainings.clear()

    def measure_more(trained: Trained, arm: Arm) -> dict[str, Any]:
        return {**measure(trained, arm), "more": 1}

    changed = replace(TOY, measure=measure_more)
    assert command("toy", "--again", experiment=changed) == 0
    assert trainings == []
    expected = [{**run, "measured": {**run["measured"], "more": 1}} for run in before]
    assert read(tmp_path / "toy.json").runs == expected
    store(tmp_path / "toy.json", TOY, {**before[0], "versions": {"torch": "0.1"}})
    assert command("toy", "--again", "--arm", "small") == 0
    run, other = read(tmp_path / "toy.json").runs
    assert (run["versions"], run["measured"]) == ({"torch": "0.1"}, before[0]["measured"])
    assert run["measured_on"]["versions"].keys() == {"python", *LIBRARIES}
    assert "measured_on" not in other


def test_nothing_is_measured_again_without_a_finished_checkpoint(command, tmp_path, trainings, capsys):
    command("toy", "--arm", "small")
    for checkpoint in (tmp_path / "kept" / "toy").glob("small, seed 0*"):
        checkpoint.unlink()
    path = tool.checkpoint_file(tmp_path / "kept", TOY, "large", 0)
    store(tmp_path / "toy.json", TOY, run("large", 0) | {"threads": 1})
    with pytest.raises(InterruptedError):
        TOY.train(TOY.arms["large"], 0, _StopsAfterWriting(path, 2))
    before = (tmp_path / "toy.json").read_bytes()
    trainings.clear()
    capsys.readouterr()
    assert command("toy", "--again") == 1
    printed = capsys.readouterr().out
    assert re.search(r"small, seed 0: FAILED\n(?s:.*)checkpoint: there is no .*trained again", printed)
    assert re.search(r"large, seed 0: FAILED\n(?s:.*)checkpoint: the training in .* is not over", printed)
    assert "small, seed 1: measured again" in printed
    assert trainings == []
    assert (tmp_path / "toy.json").read_bytes() == before


class _StopsAfterWriting(Checkpoint):
    def write(self, run: Run) -> None:
        super().write(run)
        raise InterruptedError


def test_a_run_that_fails_loses_no_other(command, tmp_path, capsys):
    arms = {"bad": Arm(trouble="fails"), "worse": Arm(trouble="measures nothing"), "small": Arm()}
    experiment = replace(TOY, arms=arms, seeds=dict.fromkeys(arms, (0,)))
    assert command("toy", experiment=experiment) == 1
    printed = capsys.readouterr().out
    assert re.search(r"toy: bad, seed 0: FAILED\n.*RuntimeError: out of luck", printed, re.DOTALL)
    assert re.search(r"toy: worse, seed 0: FAILED\n.*not JSON compliant", printed, re.DOTALL)
    assert printed.endswith("2 of 3 runs failed\n")
    assert missing(tmp_path / "toy.json", experiment) == [("bad", 0), ("worse", 0)]


def test_a_run_is_repeated_and_compared_with_those_of_its_arm(command, tmp_path, trainings, capsys):
    command("toy", "--arm", "small")
    path = tmp_path / "toy.json"
    runs = read(path).runs
    for times in (1, 2):  # it is trained each time
        trainings.clear()
        capsys.readouterr()
        assert command("--repeat", str(path), "small", "0") == 0
        assert len(trainings) == 6, times
    loss = runs[0]["measured"]["loss"]
    low, high = sorted(run["measured"]["loss"] for run in runs)
    printed = capsys.readouterr().out
    assert f"loss: {loss:.4g}, stored {loss:.4g}; within {low:.4g} to {high:.4g}\n" in printed
    assert printed.endswith("2 of 2 numbers lie within the stored runs\n")
    moved = [{**run, "measured": {"loss": loss + 1, "parts": [{"half": 9.0}]}} for run in runs]
    store(path, TOY, *moved)
    assert command("--repeat", str(path), "small", "0") == 0
    printed = capsys.readouterr().out
    assert f"loss: {loss:.4g}, stored {loss + 1:.4g}; outside {loss + 1:.4g} to {loss + 1:.4g}\n" in printed
    assert f"parts.0.half: {loss / 2:.4g}, stored 9; outside 9 to 9\n" in printed
    assert printed.endswith("0 of 2 numbers lie within the stored runs\n")
    assert read(path).runs == moved
    store(path, TOY, *({**run, "measured": {"loss": 0, "parts": [{"half": 9.0}]}} for run in runs))
    assert command("--repeat", str(path), "small", "0") == 0
    assert "stored 0; outside 0 to 0\n" in capsys.readouterr().out


def test_nothing_is_repeated_where_the_definition_is_another(command, tmp_path, trainings, capsys):
    store(tmp_path / "toy.json", TOY, run("small", 0))
    changed = replace(TOY, arms={**TOY.arms, "small": Arm(hidden_size=5)})
    assert command("--repeat", str(tmp_path / "toy.json"), "small", "0", experiment=changed) == 1
    assert "small is stored by another definition" in capsys.readouterr().out
    assert trainings == []


WRONG_COMMANDS = [
    (["--repeat", "toy.json", "small", "first"], "--repeat: 'first' is no seed"),
    (["toys"], "'toys' is not one of toy"),
    (["toy", "--arm", "tiny"], "--arm: 'tiny' is not one of small, large, long"),
    (["toy", "--jobs", "0"], "--jobs and --threads must be 1 or more"),
    (["toy", "--list"], "not allowed with"),
    ([], "is required"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG_COMMANDS)
def test_a_wrong_command_is_refused(command, capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        command(*arguments)
    assert message in capsys.readouterr().err


def test_two_runs_go_on_side_by_side_in_processes_of_their_own_that_end_with_the_tool(tmp_path):
    def task(trouble: str) -> tool.Task:
        experiment = replace(TOY, arms={trouble: Arm(trouble=trouble)}, seeds={trouble: (0,)})
        return tool.Task(experiment, trouble, 0, Checkpoint(tmp_path / trouble), threads=1, has_bar=False)

    outcomes = tool.side_by_side([task("never ends"), task("dies"), task("none")], jobs=2)
    found = {task.arm: outcome for task, outcome in (next(outcomes), next(outcomes))}
    assert len(tool.multiprocessing.active_children()) == 1
    outcomes.close()
    assert tool.multiprocessing.active_children() == []
    assert found["dies"] == "its process ended with 9"
    assert found["none"]["measured"] == TOY.perform("small", 0)["measured"]
    assert found["none"]["threads"] == 1


# ------------------------------------------------------------------------- the files of the notebooks
FILES = sorted(name for name in EXPERIMENTS if (NOTEBOOKS / "results" / f"{name}.json").is_file())
needs_files = pytest.mark.skipif(not FILES, reason="no run of an experiment is stored yet")
each_file = pytest.mark.parametrize("name", FILES or [None])


def file_of(name: str) -> Path:
    return NOTEBOOKS / "results" / f"{name}.json"


@needs_files
@each_file
def test_stored_runs_are_of_the_experiment_in_the_code(name):
    results, experiment = read(file_of(name)), EXPERIMENTS[name]
    assert (results.experiment, results.basis) == (name, experiment.basis)
    places = [(run["arm"], run["seed"]) for run in results.runs]
    assert places == [place for place in experiment.runs() if place in places]
    stale = [place for place in missing(file_of(name), experiment) if place in places]
    assert stale == [], "these have another definition; train them again"


@needs_files
@each_file
def test_stored_runs_say_what_they_come_from(name):
    for run in read(file_of(name)).runs:
        place = f"{run['arm']}, seed {run['seed']}"
        assert run.keys() >= {"versions", "device", "threads", "seconds", "curve"}, place
        assert run["versions"].keys() >= {"python", *LIBRARIES}, place
        assert run["device"], place
        assert run["threads"] >= 1, place
        assert run["seconds"] > 0, place
        assert run["curve"][-1]["step"] == run["steps"], place
        assert len(run["curve"]) > 1, place


@needs_files
@each_file
def test_no_run_is_lacking(name):
    if lacking := missing(file_of(name), EXPERIMENTS[name]):
        pytest.skip(f"lacking in {name}: {', '.join(f'{arm}, seed {seed}' for arm, seed in lacking)}")


@needs_files
@each_file
def test_what_is_claimed_of_complete_arms_is_settled(name):
    experiment = EXPERIMENTS[name]
    lacking = {arm for arm, _ in missing(file_of(name), experiment)}
    needed = {
        claim: {*claim.arms, *(experiment.companions.get(arm, arm) for arm in claim.arms)}
        for claim in experiment.claims
    }
    complete = [claim for claim in experiment.claims if not needed[claim] & lacking]
    curves = {curve: arms for curve, arms in experiment.budgets.items() if not lacking.intersection(arms)}
    found = unsettled(replace(experiment, claims=complete, budgets=curves), read(file_of(name)))
    if experiment.claims and not complete:
        found = [problem for problem in found if "there is no claim" not in problem]
    assert found == []


def test_each_rule_for_files_can_fail(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "NOTEBOOKS", tmp_path)
    monkeypatch.setitem(EXPERIMENTS, "toy", PLATEAU)
    origin = {"versions": dict.fromkeys(["python", *LIBRARIES], "1"), "device": "cpu", "threads": 1}
    runs = [
        run(arm, seed, PLATEAU, STEPS[arm], bleu=value) | origin
        for arm, values in BLEU.items()
        for seed, value in enumerate(values)
    ]
    rules = (
        test_stored_runs_are_of_the_experiment_in_the_code,
        test_stored_runs_say_what_they_come_from,
        test_no_run_is_lacking,
        test_what_is_claimed_of_complete_arms_is_settled,
    )

    def broken() -> list[Callable[..., None]]:
        found = []
        for rule in rules:
            try:
                rule("toy")
            except (AssertionError, pytest.skip.Exception):
                found.append(rule)
        return found

    store(file_of("toy"), PLATEAU, *runs)
    assert broken() == []
    # What lacks a companion's run is no more than lacking.
    monkeypatch.setitem(EXPERIMENTS, "toy", replace(PLATEAU, seeds={**PLATEAU.seeds, "long": (0, 1, 2)}))
    assert broken() == [rules[2]]
    monkeypatch.setitem(EXPERIMENTS, "toy", replace(PLATEAU, claims=[replace(CLAIM, at_least=30)]))
    assert broken() == [rules[3]]
    monkeypatch.setitem(EXPERIMENTS, "toy", replace(PLATEAU, basis="budget"))
    assert broken() == [rules[0]]
    changed = {**PLATEAU.arms, "small": Arm(hidden_size=5)}
    monkeypatch.setitem(EXPERIMENTS, "toy", replace(PLATEAU, arms=changed))
    assert broken() == [rules[0], rules[2]]
    monkeypatch.setitem(EXPERIMENTS, "toy", PLATEAU)
    for name in ("versions", "device", "threads", "seconds"):
        store(file_of("toy"), PLATEAU, {key: value for key, value in runs[0].items() if key != name})
        assert broken() == [rules[1]], name
    store(file_of("toy"), PLATEAU, runs[0] | {"curve": runs[0]["curve"][:1]})
    assert broken() == [rules[1]]


def test_a_notebook_reads_files_of_experiments_and_their_scores():
    known = {*EXPERIMENTS, *(source.scores for source in score_captions.SOURCES.values())}
    reads = {
        path.name: re.findall(r"results/(\w+)\.json", path.read_text(encoding="utf-8"))
        for path in sorted(NOTEBOOKS.glob("*.ipynb"))
    }
    assert reads
    strangers = [(path, name) for path, names in reads.items() for name in names if name not in known]
    assert strangers == []
    lacking = [(path, name) for path, names in reads.items() for name in names if not file_of(name).is_file()]
    assert lacking == []
