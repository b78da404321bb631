"""Sentence pairs from files and their splits; and that real data has nothing to do with the grammar."""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from meanings import assert_equal

import seq2seq_utils
from seq2seq_utils.pairs import (
    SentencePair,
    random_order,
    read_pairs,
    sample_pairs,
    split_pairs,
    stream_pairs,
)

# -------------------------------------------------------------------------------------- from files
TWO_PAIRS = [SentencePair("Go.", "Va !"), SentencePair("I see.", "Je vois.")]


@pytest.fixture
def write(tmp_path):
    def write(content: bytes | str, name: str = "pairs.tsv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_pairs_are_read_from_tab_separated_columns(write):
    contents = {
        "plain": b"Go.\tVa !\nI see.\tJe vois.\n",
        "no newline at the end": b"Go.\tVa !\nI see.\tJe vois.",
        "more columns, as Tatoeba's": b"Go.\tVa !\tCC-BY 2.0 (France)\t#1\nI see.\tJe vois.\t\n",
        "a byte order mark": b"\xef\xbb\xbfGo.\tVa !\nI see.\tJe vois.\n",
        "Windows": b"Go.\tVa !\r\nI see.\tJe vois.\r\n",
        "blank lines at the end": b"Go.\tVa !\nI see.\tJe vois.\n\n \r\n\n",
        "spaces": b" Go. \t Va !\nI see.\tJe vois. \n",
        "gzip": gzip.compress(b"Go.\tVa !\nI see.\tJe vois.\n"),
        "gzip, Windows": gzip.compress(b"\xef\xbb\xbfGo.\tVa !\r\nI see.\tJe vois.\r\n\r\n"),
    }

    def cases():
        for how, content in contents.items():
            path = write(content)
            yield (how, read_pairs(path)), (how, TWO_PAIRS)
            yield (how, read_pairs(str(path))), (how, TWO_PAIRS)

    assert_equal(cases())


def test_letters_beyond_ascii_and_line_separators_within_a_sentence_are_kept(write):
    path = write("안녕.\tL’été\u2028là\x85.\n")
    assert read_pairs(path) == [SentencePair("안녕.", "L’été\u2028là\x85.")]


def test_repeats_are_kept_in_the_order_of_the_file(write):
    path = write("b\t1\na\t2\nb\t3\nb\t1\n")
    assert [pair.source + pair.target for pair in read_pairs(path)] == ["b1", "a2", "b3", "b1"]


def test_an_empty_file_has_no_pairs(write):
    assert_equal((read_pairs(write(content)), []) for content in (b"", b"\n\n", gzip.compress(b"")))


def test_pairs_are_read_from_two_parallel_files(write):
    contents = [
        (b"Go.\nI see.\n", b"Va !\nJe vois."),
        (b"\xef\xbb\xbfGo.\r\nI see.\r\n\r\n", gzip.compress(b"Va !\nJe vois.\n", mtime=0)),
    ]
    assert_equal(
        (read_pairs(write(source, "en"), write(target, "fr")), TWO_PAIRS) for source, target in contents
    )


@pytest.mark.parametrize(
    ("content", "line", "complaint"),
    [
        ("Go.\tVa !\nI see.\n", 2, "no tab in 'I see.'"),
        ("Go.\tVa !\n\nI see.\tJe vois.\n", 2, "no tab"),
        ("Go.\tVa !\n\tJe vois.\nA\tB\n", 2, "source sentence is empty"),
        ("Go.\t \nA\tB\n", 1, "target sentence is empty"),
        ("Go.\t\tCC-BY\n", 1, "target sentence is empty"),
        ("A\tB\nGo.\t\n", 2, "target sentence is empty"),  # the last line
        ("Go.\tVa !\nÉté\tÀ\n".encode("latin-1"), 2, "not UTF-8"),
        (b"A\tB\r\nA\tB\r\nA\tB\xff\r\nA\tB", 3, "not UTF-8"),
        (gzip.compress(b"A\tB\n\xff\tB\n", mtime=0), 2, "not UTF-8"),
        ("A\tB\n".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_a_bad_line_is_refused_with_file_and_line(write, content, line, complaint):
    path = write(content)
    with pytest.raises(ValueError, match=complaint) as raised:
        read_pairs(path)
    assert f"{path}, line {line}:" in str(raised.value)


@pytest.mark.parametrize(
    ("source", "target", "place", "complaint"),
    [
        ("A\nB\nC\n", "a\nb\n", "fr: ends before line 3", "parallel"),
        ("A\n", "a\nb\nc\n", "en: ends before line 2", "parallel"),
        ("", "a\n", "en: ends before line 1", "parallel"),
        ("A\n\nC\n", "a\nb\nc\n", "en, line 2:", "source sentence is empty"),
        ("A\nB\nC\n", "a\n\nc\n", "fr, line 2:", "target sentence is empty"),
        ("A\nB\n", b"a\n\xff\n", "fr, line 2:", "not UTF-8"),
    ],
)
def test_files_that_are_not_parallel_are_refused_with_file_and_line(write, source, target, place, complaint):
    with pytest.raises(ValueError, match=complaint) as raised:
        read_pairs(write(source, "en"), write(target, "fr"))
    assert f"{os.sep}{place}" in str(raised.value)


def test_a_gzip_file_that_is_cut_off_is_refused(write):
    path = write(gzip.compress(b"Go.\tVa.\n" * 50)[:-8], "cut.tsv.gz")
    with pytest.raises(ValueError, match=re.escape(str(path)) + ": .*gzip"):
        read_pairs(path)


def test_a_missing_file_is_not_found(write, tmp_path):
    missing = tmp_path / "missing.tsv"
    with pytest.raises(FileNotFoundError, match=r"missing\.tsv"):
        read_pairs(missing)
    with pytest.raises(FileNotFoundError, match=r"missing\.tsv"):
        read_pairs(write("A\n"), missing)


def test_lines_are_read_when_they_are_asked_for(write):
    lines = b"Go.\tVa !\nI see.\tJe vois.\nno tab\n"
    for content in (lines, gzip.compress(lines, mtime=0)):
        pairs = stream_pairs(write(content))
        assert [next(pairs), next(pairs)] == TWO_PAIRS
        with pytest.raises(ValueError, match="line 3: no tab"):
            next(pairs)
    sides = stream_pairs(write("Go.\nI see.\n", "en"), write("Va !\nJe vois.\nEncore.\n", "fr"))
    assert [next(sides), next(sides)] == TWO_PAIRS
    with pytest.raises(ValueError, match="en: ends before line 3"):
        next(sides)


# ------------------------------------------------------------------------------- samples and orders
def test_every_pair_of_a_stream_is_as_likely_to_be_in_a_sample():
    stream = [SentencePair(str(number), "target") for number in range(60)]
    times = [0] * 60
    for seed in range(2_000):
        sample = sample_pairs(iter(stream), 15, seed)
        assert len({pair.source for pair in sample}) == 15
        for pair in sample:
            times[int(pair.source)] += 1
    # Each is taken 500 times, with a standard deviation of 19.
    assert max(abs(count - 500) for count in times) < 5 * 19


def test_a_sample_is_the_same_for_a_seed_and_all_of_a_shorter_stream():
    stream = [SentencePair(str(number), "target") for number in range(60)]
    assert sample_pairs(stream, 15, seed=1) == sample_pairs(iter(stream), 15, seed=1)
    assert sample_pairs(stream, 15, seed=1) != sample_pairs(stream, 15, seed=2)
    assert sample_pairs(stream, 60) == sample_pairs(stream, 1000) == stream
    with pytest.raises(ValueError, match="count: 0 is not allowed; it must be 1 or more"):
        sample_pairs(stream, 0)


def test_a_random_order_has_every_number_once_and_is_the_same_everywhere():
    assert sorted(random_order(1000, 1).tolist()) == list(range(1000))
    assert random_order(8, 0).tolist() == [6, 5, 1, 2, 3, 4, 0, 7], "another Python, another order"
    assert random_order(1000, 1).tolist() != random_order(1000, 2).tolist()
    assert random_order(0, 0).tolist() == []


# ------------------------------------------------------------------------------------------ splits
MANY_PAIRS = [SentencePair(f"source {number % 60}", f"target {number}") for number in range(150)]


def test_all_translations_of_a_sentence_are_in_one_split():
    splits = split_pairs(MANY_PAIRS, validation=10, test=20, seed=3)
    sources = [{pair.source for pair in part} for part in (splits.train, splits.validation, splits.test)]
    assert [len(each) for each in sources] == [30, 10, 20]
    assert len(set.union(*sources)) == 60
    assert sorted(pair.target for part in splits for pair in part) == sorted(p.target for p in MANY_PAIRS)


def test_repeated_pairs_are_kept():
    splits = split_pairs([*MANY_PAIRS, *MANY_PAIRS], validation=10, test=20)
    assert sum(len(part) for part in splits) == 300


def test_a_seed_gives_one_split():
    assert split_pairs(MANY_PAIRS, 10, 20, seed=3) == split_pairs(iter(MANY_PAIRS), 10, 20, seed=3)
    assert split_pairs(MANY_PAIRS, 10, 20, seed=3) != split_pairs(MANY_PAIRS, 10, 20, seed=4)
    pinned = {pair.source for pair in split_pairs(MANY_PAIRS, 3, 3, seed=0).test}
    assert pinned == {"source 36", "source 42", "source 44"}, "another Python, another split"


@pytest.mark.parametrize(("validation", "test"), [(30, 30), (60, 0), (100, 1), (-1, 5), (5, -1)])
def test_a_split_that_leaves_nothing_to_train_on_is_refused(validation, test):
    with pytest.raises(ValueError, match=f"validation, test: {validation} and {test} .*60 distinct"):
        split_pairs(MANY_PAIRS, validation, test)


def test_validation_and_test_may_be_empty():
    splits = split_pairs(MANY_PAIRS, 0, 0)
    assert (len(splits.train), splits.validation, splits.test) == (150, [], [])


# ----------------------------------------------------------------------------------------- imports
def test_real_data_loads_without_the_grammar():
    package = str(Path(seq2seq_utils.__file__).parents[1])
    code = (
        "import sys, seq2seq_utils.captions, seq2seq_utils.pairs\n"
        "print(*sorted(name for name in sys.modules if name.startswith('seq2seq_utils')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": package},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = run.stdout.split()
    assert {"seq2seq_utils.captions", "seq2seq_utils.pairs"} <= set(loaded)
    assert [name for name in loaded if name.startswith("seq2seq_utils.grammar")] == []
