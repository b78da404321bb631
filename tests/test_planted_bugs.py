"""The planted bugs: each is a line or so away from the sound program, runs without an error, and is found."""

import json

import pytest
import torch

from seq2seq_utils.batching import make_batch
from seq2seq_utils.evaluation.alignment import alignment_score, hard_links
from seq2seq_utils.evaluation.audit import CHECKS, Outcome
from seq2seq_utils.experiments import Results, bugs_that_hide
from seq2seq_utils.experiments.bugs_that_hide import AUDITED, OTHERS, PROGRAMS, RATES, Arm, Run
from seq2seq_utils.experiments.planted_bugs import BUGS, SOUND
from seq2seq_utils.source import difference

MADE = {name: bug for name, bug in BUGS.items() if bug.changes_training}
SHARED = {name: bug for name, bug in BUGS.items() if not bug.changes_training}


@pytest.fixture(scope="module")
def sound() -> Run:
    return bugs_that_hide.run_sound()


def untrained(name: str) -> Run:
    return Run(name, PROGRAMS[name], bugs_that_hide.train(PROGRAMS[name], steps=1))


# ------------------------------------------------------------------------------------- what is planted
def test_there_are_ten_bugs_and_each_is_named_for_a_check():
    assert len(BUGS) == 10
    assert {bug.caught_by for bug in BUGS.values()} <= {check.name for check in CHECKS}


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_in_the_piece_that_is_shown_and_is_near_to_one_line(name):
    lines = difference(BUGS[name].sound, BUGS[name].planted)
    planted, removed = ([line for line in lines if line[0] == mark] for mark in "+-")
    assert 1 <= len(lines) <= 4
    assert len(planted) <= 1
    assert len(removed) <= (3 if name == "no packing" else 1)  # packing takes three


@pytest.mark.parametrize("name", MADE)
def test_what_is_trained_with_a_bug_is_found_by_its_check_at_once(name):
    assert MADE[name].caught_by in untrained(name).audit.with_outcome(Outcome.FAILS)


@pytest.mark.parametrize("name", SHARED)
def test_what_is_wrong_around_a_sound_model_is_found_by_its_check_alone(name, sound):
    run = bugs_that_hide.run_with(SHARED[name], sound)
    assert run.trained is sound.trained
    assert run.audit.with_outcome(Outcome.FAILS) == [SHARED[name].caught_by]


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "attention"])
def test_sound_models_of_other_kinds_fail_nothing_after_200_steps(name):
    trained = bugs_that_hide.train(OTHERS[name], learning_rate=RATES.get(name, 1e-2))
    assert Run(name, OTHERS[name], trained).audit.with_outcome(Outcome.FAILS) == []


def test_the_sound_program_passes_every_check(sound):
    assert sound.audit.with_outcome(Outcome.HOLDS) == [check.name for check in CHECKS]


def test_a_bug_of_the_training_trains_another_model_from_the_same_weights():
    def weights(program, steps):
        trained = bugs_that_hide.train(program, steps=steps)
        return trained.history.records[0]["reported_loss"], torch.cat(
            [parameter.flatten() for parameter in trained.model.parameters()]
        )

    _, expected = weights(SOUND, 2)
    start = SOUND.make(20, 20).state_dict().keys()
    for name, bug in MADE.items():
        _, found = weights(bug.program, 2)
        assert bug.program.make(20, 20).state_dict().keys() == start
        assert found.shape == expected.shape
        assert not torch.equal(found, expected), name


# ------------------------------------------------------------------------------------- what comes of it
def test_a_map_has_the_row_of_the_step_that_writes_a_word_and_with_the_bug_the_next_one(sound):
    batch = make_batch(bugs_that_hide.sentences().test_ids[:4])
    model = sound.trained.model
    own = SOUND.map_rows(model, batch)
    late = BUGS["rows one off"].program.map_rows(model, batch)
    assert own.shape == (*batch.target_output.shape, batch.source.shape[1])
    torch.testing.assert_close(late[:, :-1], own[:, 1:])


def test_the_sentence_that_is_drawn_is_the_one_whose_sound_map_fits_best(sound):
    model, data = sound.trained.model, bugs_that_hide.sentences()

    def misses(row):
        found = hard_links(bugs_that_hide.map_of(SOUND, model, row))
        return alignment_score([found], [data.gold[row]]).error_rate

    best = bugs_that_hide.best_fitting(model, 6)
    of_six = [row for row, (source, _) in enumerate(data.test_ids) if len(source) == 6]
    assert best in of_six
    assert misses(best) == min(map(misses, of_six)) < max(map(misses, of_six))
    with pytest.raises(ValueError, match="words: 40; no test sentence"):
        bugs_that_hide.best_fitting(model, 40)


def test_a_report_of_the_program_with_the_bug_is_in_the_curve_of_the_sound_model(sound):
    bug = BUGS["a mean of batch means"]
    run = bugs_that_hide.run_with(bug, sound)
    table = bugs_that_hide.curves([sound, run], sound)
    last = table.groupby("program", sort=False)["loss"].last()
    assert last[sound.name] == pytest.approx(sound.reported_loss)
    assert last[bug.name] == pytest.approx(run.reported_loss)
    assert last[sound.name] != pytest.approx(last[bug.name], rel=1e-4)
    other = bugs_that_hide.curves([bugs_that_hide.run_with(BUGS["order lost"], sound)], sound)
    assert other["loss"].tolist() == sound.trained.history.frame()["reported_loss"].tolist()


def test_translations_in_the_order_of_the_lengths_are_right_ones_of_other_sentences(sound):
    lost = bugs_that_hide.run_with(BUGS["order lost"], sound)
    assert sorted(lost.translations) == sorted(sound.translations)
    assert lost.exact_match < sound.exact_match / 2


def test_no_training_without_a_step():
    with pytest.raises(ValueError, match=r"^steps: 0 is not allowed"):
        bugs_that_hide.train(SOUND, steps=0)


# ----------------------------------------------------------------------------------- the stored ten seeds
def test_a_run_is_stored_with_the_outcome_of_every_check_and_counted_by_program(monkeypatch):
    name = "no mask, 200 steps"
    trained = untrained("no mask").trained
    monkeypatch.setattr(bugs_that_hide, "train", lambda *_: trained)
    entry = AUDITED.perform(name, 0)
    json.dumps(entry, allow_nan=False)
    assert [finding["check"] for finding in entry["measured"]["audit"]] == [check.name for check in CHECKS]
    results = Results(AUDITED.name, AUDITED.basis, [entry, {**entry, "seed": 1}])
    failed = bugs_that_hide.seeds_with(results, Outcome.FAILS, 200)
    assert failed.index.tolist() == [check.name for check in CHECKS]
    assert failed.loc["weights sum to 1, none on padding", "no mask"] == 2
    assert failed.loc["order in the batch", "no mask"] == 0
    with pytest.raises(ValueError, match=r"^steps: 633"):
        bugs_that_hide.seeds_with(results, Outcome.FAILS, 633)


def test_bugs_are_trained_for_the_small_budget_and_sound_programs_for_both():
    small, large = ([f"{name}, {steps} steps" for name in PROGRAMS] for steps in (200, 633))
    assert set(AUDITED.arms) == {*small, *large[: len(OTHERS)]}
    assert AUDITED.arms["transformer, 633 steps"] == Arm(
        program="transformer", steps=633, learning_rate=RATES["transformer"]
    )


COUNTS = [
    "loss above all sound",
    "loss below all sound",
    "BLEU below all sound",
    "its check fails",
]


def test_a_bug_shows_where_a_run_lies_outside_all_sound_ones_or_its_check_fails():
    def entry(program, seed, loss, bleu, *failed):
        audit = [
            {"check": check.name, "outcome": "fails" if check.name in failed else "holds", "measured": 0.0}
            for check in CHECKS
        ]
        measured = {"reported_loss": loss, "exact_match": 50.0, "bleu": bleu, "audit": audit}
        return {"arm": f"{program}, 200 steps", "seed": seed, "measured": measured}

    runs = [entry("attention", seed, 0.3 + seed / 10, 70.0 + seed) for seed in (0, 1)]
    for name, bug in BUGS.items():
        runs += [entry(name, 0, 0.4, 70.0, bug.caught_by), entry(name, 1, 0.41, 69.9)]
        runs += [entry(name, 2, 0.29, 70.0), entry(name, 3, 0.2, 70.0)]
    checks = [CHECKS[0].name], [CHECKS[0].name], [CHECKS[1].name]
    runs += [entry("careless", seed, 0.5, 69.0, *failed) for seed, failed in enumerate(checks)]
    table = bugs_that_hide.what_shows(Results(AUDITED.name, AUDITED.basis, runs))
    assert table.index.tolist() == ["sound", *BUGS, "careless"]
    assert table.loc["careless", COUNTS].tolist() == [3, 0, 3, 2], (
        "of its checks the one that fails most often"
    )
    for name in BUGS:
        assert table.loc[name, COUNTS].tolist() == [1, 2, 1, 1]
    assert table.loc["sound", COUNTS].tolist() == [0] * 4
    sound = bugs_that_hide.sound_mean(Results(AUDITED.name, AUDITED.basis, runs))
    assert sound.loc["sound, mean of 2"].to_dict() == pytest.approx(
        {"loss": 0.35, "exact_match": 50.0, "bleu": 70.5}
    )
