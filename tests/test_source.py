"""The package's code, printed to be read: without docstrings, and the lines in which two functions differ."""

from seq2seq_utils.source import difference, print_difference, without_docstrings


def add(first: int, second: int) -> int:
    """The sum."""
    # why
    total = first + second
    return total


def add_wrongly(
    first: int,
    other: int,
) -> int:
    """Another docstring,

    of several lines.
    """
    # why
    total = first - other
    return total


class Adder:
    def add(self, first: int, second: int) -> int:
        # why
        total = first + second
        if total > 9:
            total = 9
        return total


def test_a_docstring_is_left_out_and_nothing_else():
    assert without_docstrings(add).splitlines() == [
        "def add(first: int, second: int) -> int:",
        "    # why",
        "    total = first + second",
        "    return total",
    ]


def test_what_differs_in_the_bodies_is_marked_and_names_arguments_and_docstrings_are_not_compared():
    assert difference(add, add) == []
    assert difference(add, add_wrongly) == ["- total = first + second", "+ total = first - other"]


def test_a_method_is_compared_as_if_it_stood_alone(capsys):
    print_difference(add, Adder.add)
    assert capsys.readouterr().out.splitlines() == ["+ if total > 9:", "+     total = 9"]
    assert difference(Adder.add, add) == ["- if total > 9:", "-     total = 9"]
