"""A claim that does not hold stops the notebook; an exercise that is not done does not."""

import pytest

from seq2seq_utils.checks import check, exercise


def test_claim_that_holds_is_printed_without_its_numbers(capsys):
    check("two is more than one", 2 > 1, larger=2)
    assert capsys.readouterr().out == "✓ two is more than one\n"


def test_claim_that_does_not_hold_stops_with_its_numbers(capsys):
    with pytest.raises(AssertionError) as stopped:
        check("attention wins", False, plain=0.91, attention=0.9)
    assert str(stopped.value) == "not so: attention wins (plain = 0.91, attention = 0.9)"
    assert capsys.readouterr().out == ""


def test_claim_without_numbers_stops_with_the_claim():
    with pytest.raises(AssertionError, match=r"^not so: it is so$"):
        check("it is so", False)


@pytest.mark.parametrize(
    ("done", "line"), [(True, "✓ your own mask: done"), (False, "○ your own mask: not yet")]
)
def test_exercise_says_whether_it_is_done(done, line, capsys):
    exercise("your own mask", lambda: done)
    assert capsys.readouterr().out == line + "\n"


@pytest.mark.parametrize(
    ("error", "reason"),
    [(NotImplementedError("write me"), ""), (IndexError("row 3"), " (IndexError: row 3)")],
    ids=["as given", "wrong"],
)
def test_exercise_that_raises_is_not_done_and_does_not_stop_the_notebook(error, reason, capsys):
    def unfinished() -> bool:
        raise error

    exercise("your own mask", unfinished)
    assert capsys.readouterr().out == f"○ your own mask: not yet{reason}\n"
