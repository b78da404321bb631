"""The record of claims under other seeds: the room of a bound, what is a problem, and the file."""

import json
import math

import claim_record
import pytest
from claim_record import LEAST_ROOM, Outcome, Run, judge, room_of
from claims import Claim

from seq2seq_utils.checks import sentence

RUN = Run("02_toy", "grammar", 1000, "avx2", 2)


def claim(words: str = "it is {bound}", relation: str | None = ">=", bound: float | None = 10) -> Claim:
    return Claim("02_toy.ipynb", "toy-003", sentence(words, relation, bound), relation, bound)


def outcomes(*values: float | None, holds: bool = True) -> list[Outcome]:
    return [Outcome("toy-003", 1, holds, value) for value in values]


# --- The room -------------------------------------------------------------------------------------


def test_room_is_the_distance_to_the_mean_on_the_allowed_side_in_standard_deviations():
    values = [18.0, 20.0, 22.0]  # mean 20, standard deviation 2
    assert {relation: room_of(values, relation, 14) for relation in ("<", "<=", ">", ">=")} == pytest.approx(
        {"<": -3, "<=": -3, ">": 3, ">=": 3}
    )
    assert room_of(values, "<", 25) == pytest.approx(2.5)
    assert room_of(values, ">", 20) == 0
    assert room_of([-value for value in values], ">=", -30) == pytest.approx(5)
    assert room_of([0.0, 4.0], ">", -4) == pytest.approx(6 / math.sqrt(8))  # over n - 1


def test_room_does_not_depend_on_the_scale():
    assert room_of([0.18, 0.20, 0.22], ">=", 0.14) == pytest.approx(room_of([18, 20, 22], ">=", 14))


def test_there_is_no_room_where_none_can_be():
    assert room_of([3.0, 4.0], "==", 3) is None
    assert room_of([], None, None) is None
    assert room_of([5.0], ">", 3) is None
    assert room_of([5.0, 5.0], ">", 3) is None
    assert room_of([math.inf, math.inf], ">", 3) is None


def test_values_that_are_no_numbers_have_the_least_room():
    assert room_of([5.0, math.nan], ">", 3) == -math.inf
    assert room_of([5.0, math.inf], ">", 3) == -math.inf


# --- The judgement --------------------------------------------------------------------------------

UNSTEADY = (18.0, 20.0, 22.0)
# What is measured, the claim, and the problem.
JUDGED = [
    (outcomes(*UNSTEADY), claim(), ""),
    (outcomes(*UNSTEADY), claim(bound=15), "has 2.50 of room, which should be 3 or more"),
    (outcomes(*UNSTEADY), claim(bound=19), "held in 2 of 3 runs"),  # by the bound as it is now
    (outcomes(*UNSTEADY, holds=False), claim(bound=10), ""),
    (outcomes(20.0, math.nan, 22.0), claim(), "held in 2 of 3 runs"),
    (outcomes(20.0, 20.0, 20.0), claim(), ""),
    (outcomes(20.0, 20.0, 20.0), claim(bound=20), "gives 20, its bound, in every run"),
    (outcomes(20.0, 20.0, 20.0), claim(bound=21), "held in 0 of 3 runs"),
    (outcomes(0.0, 0.0, 0.0), claim("at most {bound} % are lost", "<=", 0), ""),
    (outcomes(100.0, 100.0, 100.0), claim("at least {bound} % hold", ">=", 100), ""),
    (outcomes(1.0, 1.0, 1.0), claim("at least {bound:.0%} hold", ">=", 1), ""),
    (outcomes(10.0, 10.0, 10.0), claim("{bound} % hold", ">=", 10), "gives 10, its bound, in every run"),
    (outcomes(1.0, 1.0, 1.0), claim("{bound} more", ">=", 1), "gives 1, its bound, in every run"),
    (outcomes(3.0, 3.0, 3.0), claim(relation="==", bound=3), ""),
    (outcomes(3.0, 3.0, 3.0, holds=False), claim(relation="==", bound=3), "held in 0 of 3 runs"),
    (outcomes(None, None, None), claim("so", None, None), ""),
    (outcomes(None, None, None, holds=False), claim("so", None, None), "held in 0 of 3 runs"),
    (outcomes(20.0, 20.0), claim(), "stated in 2 of 3 runs only"),
]


def test_what_is_a_problem():
    wrong = [
        (found, asked, judge(asked, "grammar", found, runs=3).problem)
        for found, asked, problem in JUDGED
        if judge(asked, "grammar", found, runs=3).problem != problem
    ]
    assert wrong == []


def test_three_standard_deviations_are_enough_and_less_are_not():
    values = outcomes(19.0, 20.0, 21.0)
    assert judge(claim(bound=20 - LEAST_ROOM), "grammar", values, 3).problem == ""
    assert "room" in judge(claim(bound=20.01 - LEAST_ROOM), "grammar", values, 3).problem


def entry(notebook: str, data: str, offset: int, *found: Outcome) -> claim_record.Entry:
    return claim_record.entry_of(
        Run(notebook, data, offset, "", 1), found, digest="d", seconds=1.0, machine={}
    )


def test_data_are_judged_apart_and_notebooks_too():
    runs = [
        entry("06_toy", "captions", 0, Outcome("a", 1, True, 5.0), Outcome("a", 2, True, None)),
        entry("06_toy", "captions", 1000, Outcome("a", 1, True, 7.0), Outcome("a", 2, False, None)),
        entry("06_toy", "grammar", 0, Outcome("a", 1, True, 90.0)),
        entry("07_toy", "grammar", 0, Outcome("a", 1, True, 1.0)),
    ]
    first = Claim("06_toy.ipynb", "a", "more than 1", ">", 1)
    second = Claim("06_toy.ipynb", "a", "so", None, None, number=2)
    third = Claim("06_toy.ipynb", "a", "never run", None, None, number=3)
    judged = claim_record.judge_all(runs, [first, second, third])
    assert [(line.claim, line.data, line.held, line.runs) for line in judged] == [
        (first, "captions", 2, 2),
        (first, "grammar", 1, 1),
        (second, "captions", 1, 2),
    ]
    assert judged[0].room == pytest.approx(5 / math.sqrt(2))
    assert claim_record.missing(judged, [first, second, third]) == [third]
    made = "claims of notebooks 06, 4 runs with other seeds"
    line = f"2 {made}: 1 of them held in every run; the least room is 3.5 standard deviations."
    assert claim_record.summary(judged, runs) == line
    line = f"1 {made}: all of them held in every run."
    assert claim_record.summary(judged[1:2], runs) == line


# --- The file -------------------------------------------------------------------------------------


def test_what_is_stored_is_read_again_as_it_was(tmp_path):
    path = tmp_path / "claims.json"
    found = [Outcome("toy-003", 1, False, value) for value in (1 / 3, math.inf, -math.inf, None)]
    runs = [claim_record.entry_of(RUN, found, digest="0a", seconds=2.5, machine={"threads": 2})]
    claim_record.write(path, runs, [claim()])
    assert claim_record.read(path) == runs
    (stored,) = claim_record.read(path)
    assert claim_record.run_of(stored) == RUN
    assert claim_record.outcomes_of(stored) == found
    assert (stored["digest"], stored["machine"]) == ("0a", {"threads": 2})
    text = path.read_text(encoding="utf-8")
    assert "Infinity" not in text  # which is no JSON
    (line,) = json.loads(text)["claims"]
    assert (line["cell"], line["number"], line["room"]) == ("toy-003", 1, "-inf")
    assert math.isnan(claim_record.as_number(claim_record.as_json(math.nan)))


def test_the_file_has_a_line_for_each_run_and_each_claim(tmp_path):
    path = tmp_path / "claims.json"
    runs = [
        entry("02_toy", "grammar", offset, Outcome("toy-003", 1, True, 20.0 + offset)) for offset in (2, 1)
    ]
    claim_record.write(path, runs, [claim()])
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines) if '"offset": 1' in line] == [5]
    assert [number for number, line in enumerate(lines) if '"offset": 2' in line] == [6]
    assert json.loads(lines[2].rstrip(",")) == {
        "notebook": "02_toy",
        "data": "grammar",
        "cell": "toy-003",
        "number": 1,
        "runs": 2,
        "held": 2,
        "room": 16.26,
    }


def test_no_file_has_no_runs_and_another_file_is_named(tmp_path):
    assert claim_record.read(tmp_path / "none.json") == []
    for text in ("{", "[]", "{}", '{"runs": [{}]}', '{"runs": [{"claims": [{"cell": "a"}]}]}', '{"runs": 1}'):
        (tmp_path / "other.json").write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"other\.json holds no record of claims"):
            claim_record.read(tmp_path / "other.json")
