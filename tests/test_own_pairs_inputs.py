"""Files as people have them: each is read rightly, refused in one line, or left out and counted."""

import errno
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import train as train_tool
import translate as translate_tool

from seq2seq_utils.models import attention_model
from seq2seq_utils.own_pairs import training
from seq2seq_utils.own_pairs.files import Files, leave_out, read_splits
from seq2seq_utils.own_pairs.plan import PLAN
from seq2seq_utils.own_pairs.timing import Estimate
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import SubwordTokenizer, TextCodec, WordTokenizer
from seq2seq_utils.training import checkpoints
from seq2seq_utils.translation import save_translator

TWO = [SentencePair("Go.", "Va !"), SentencePair("I see.", "Je vois.")]
PLAIN = "Go.\tVa !\nI see.\tJe vois.\n"
MANY = "".join(f"word{number} here\tmot{number} ici\n" for number in range(40))


def write(folder: Path, **contents: bytes | str) -> None:
    for name, content in contents.items():
        folder.joinpath(name).write_bytes(content if isinstance(content, bytes) else content.encode())


# ------------------------------------------------------------------------------------- read rightly
READ = {
    "Windows' line ends": PLAIN.replace("\n", "\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "further columns": "Go.\tVa !\tCC-BY\t#1\nI see.\tJe vois.\t\t\n",
    "empty lines at the end": PLAIN + "\n \r\n\n",
    "no newline at the end": PLAIN.rstrip(),
    "spaces around": "  Go. \t Va !\nI see.\tJe vois.  \n",
    "gzip, named as if it were plain": gzip.compress(PLAIN.encode()),
    "gzip, Windows, a byte order mark": gzip.compress(b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode()),
}


@pytest.mark.parametrize("how", READ)
def test_it_is_read_rightly(tmp_path, how):
    write(tmp_path, mine=READ[how])
    assert Files(tmp_path / "mine").read() == TWO


def test_a_separator_inside_a_sentence_and_a_plain_file_named_gz_are_read_rightly(tmp_path):
    write(tmp_path, **{"mine.gz": "a\u2028b\x85c\t\u200bd e\n"})
    assert Files(tmp_path / "mine.gz").read() == [SentencePair("a\u2028b\x85c", "\u200bd e")]


def test_two_parallel_files_are_read_rightly(tmp_path):
    write(tmp_path, en=gzip.compress(b"Go.\r\nI see.\r\n\r\n"), fr="\ufeffVa !\nJe vois.")
    assert Files(tmp_path / "en", tmp_path / "fr").read() == TWO


# ------------------------------------------------- refused: exit code 2, one line, nothing is written
def pairs_file(content: bytes | str) -> Callable[[Path], list[str]]:
    def arguments(folder: Path) -> list[str]:
        write(folder, mine=content)
        return [str(folder / "mine")]

    return arguments


def two_files(source: bytes | str, target: bytes | str) -> Callable[[Path], list[str]]:
    def arguments(folder: Path) -> list[str]:
        write(folder, en=source, fr=target)
        return ["--source", str(folder / "en"), "--target", str(folder / "fr")]

    return arguments


def asked(*options: str) -> Callable[[Path], list[str]]:
    return lambda folder: [*pairs_file(MANY)(folder), *options]


def folder_with(name: str, content: str) -> Callable[[Path], list[str]]:
    def arguments(folder: Path) -> list[str]:
        folder.joinpath("out").mkdir()
        write(folder / "out", **{name: content})
        return pairs_file(MANY)(folder)

    return arguments


REFUSED = {
    "no tab": (pairs_file(MANY + "no tab here\n"), "mine, line 41: no tab in 'no tab here'"),
    "an empty side": (pairs_file("a\tb\n\tb\n"), "mine, line 2: the source sentence is empty"),
    "an empty line between": (pairs_file("a\tb\n\na\tb\n"), "mine, line 2: no tab"),
    "not UTF-8": (pairs_file("a\tb\né\tà\n".encode("latin-1")), "mine, line 2: not UTF-8"),
    "UTF-16": (pairs_file(MANY.encode("utf-16")), "mine, line 1: not UTF-8"),
    "UTF-16 without its mark": (pairs_file(MANY.encode("utf-16-le")), "mine, line 1: a NUL is in it"),
    "line ends of the old Macintosh": (
        pairs_file("a\tb\rc\td\r"),
        "mine, line 1: a carriage return is in it",
    ),
    "nothing in it": (pairs_file("\n \n"), "mine: there are no pairs in it"),
    "too few pairs": (pairs_file(PLAIN), "validation: 0 of 2 pairs"),
    "gzip cut off": (pairs_file(gzip.compress(MANY.encode())[:-9]), "mine: not a whole gzip file"),
    "unequal files": (two_files("A\nB\nC\n", "a\nb\n"), "fr: ends before line 3"),
    "an empty line in one of two files": (two_files("A\nB\n", "a\n\nb"), "fr, line 2: the target"),
    "a folder": (lambda folder: [str(folder)], ": a folder; it must be a file"),
    "a missing file": (lambda folder: [str(folder / "gone.tsv")], "gone.tsv: No such file"),
    "one of two files": (lambda folder: ["--source", str(folder)], "give a file of pairs, or both"),
    "no such setting": (asked("--set", "layers=2"), "set: 'layers' is no setting of a recipe"),
    "no number": (asked("--set", "epochs=many"), "set: 'epochs=many': epochs must be a whole number"),
    "a setting out of range": (asked("--set", "dropout=1"), "set: dropout: 1.0 is not allowed"),
    "no such model": (asked("--model", "lstm"), "argument --model: invalid choice: 'lstm'"),
    "no such device": (asked("--device", "tpu"), "there is no device 'tpu' here"),
    "no such cutting of words": (asked("--bleu-tokenize", "letters"), "tokenize: 'letters' is not one of"),
    "nothing short enough": (asked("--longest", "1"), "train: 0 pairs are left"),
    "nothing left to train on": (asked("--test", "40"), "leave nothing to train on"),
    "three files": (asked("--test", "a", "b", "c"), "test: 3 files"),
    "no time at all": (asked("--minutes", "0"), "minutes: 0.0 is not allowed"),
    "a folder of something else": (folder_with("thesis.tex", ""), "out holds something else"),
    "a damaged plan": (folder_with(PLAN, "{"), f"{PLAN} is damaged"),
    "a plan of another version": (
        folder_with(PLAN, '{"format": 99, "decides": {}}'),
        f"{PLAN} has the format 99",
    ),
    "another training": (
        folder_with(PLAN, '{"format": 1, "decides": {"data": "x"}}'),
        "out holds another training: data is x there",
    ),
}


def refused(tool: Callable[[list[str]], int], arguments: list[str], capsys) -> str:
    """The one line on stderr, of a program that ends with 2."""
    try:
        status = tool(arguments)
    except SystemExit as ended:  # argparse's way
        status = ended.code
    assert status == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize("why", REFUSED)
def test_it_is_refused_in_one_line_and_nothing_is_written(tmp_path, capsys, why):
    prepare, complaint = REFUSED[why]
    arguments = prepare(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    error = refused(train_tool.main, [*arguments, "--out", str(tmp_path / "out")], capsys)
    assert complaint in error
    assert sorted(tmp_path.rglob("*")) == before


# ------------------------------------------------------------------------------- left out, and counted
def test_what_is_too_long_or_cannot_be_read_is_left_out_and_counted():
    codec = TextCodec.build(WordTokenizer(), ["a b c d"])
    texts = [("a b", "c"), ("a b c", "a"), ("a", "a b c d"), ("\u200b", "a"), ("a", "x y"), ("a", "x b")]
    kept = leave_out([SentencePair(*pair) for pair in texts], (codec, codec), longest=2)
    assert [(pair.source, pair.target) for pair in kept.pairs] == [("a b", "c"), ("a", "x b")]
    assert (kept.too_long, kept.unreadable, kept.ids.lengths.tolist()) == (2, 2, [[2, 1], [1, 2]])


def test_the_test_is_not_made_easier_by_leaving_long_sentences_out(tmp_path):
    content = MANY + "".join(f"{'long ' * 30}{number}\tb\n" for number in range(10))
    write(tmp_path, mine=content, test="long " * 30 + "\tb\nword1\tmot1\n")
    lines: list[str] = []
    files = Files(tmp_path / "mine")
    request = training.Request(files=files, test=Files(tmp_path / "test"), longest=20)
    splits = read_splits(files, None, request.test)
    recipe = training.choosing.for_data("tiny", (), splits.train)
    prepared = training.prepare(request, recipe, splits, lines.append)
    in_training = sum(len(pair.source) > 100 for pair in splits.train)
    assert in_training > 5
    assert (prepared.train.too_long, prepared.test.too_long) == (in_training, 0)
    assert any(line.startswith(f"train: {in_training} pairs have more than 20 pieces") for line in lines)


# ------------------------------------------------------------------------ simulated at the failing call
def test_where_nothing_may_be_written_the_reason_is_one_line(tmp_path, capsys, monkeypatch):
    def refuse(self, *arguments, **settings):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(training.timing, "estimate", lambda *_: Estimate(1.0, 1.0, None))
    monkeypatch.setattr(Path, "mkdir", refuse)
    arguments = [*pairs_file(MANY)(tmp_path), "--out", str(tmp_path / "out")]
    assert f"out: {os.strerror(errno.EACCES)}" in refused(train_tool.main, arguments, capsys)


@pytest.mark.parametrize("count", [1, 100_000])
def test_where_the_disk_is_full_the_reason_names_the_file_and_what_was_there_stays(tmp_path, count):
    """A limit on a file's size, which the system itself keeps, in place of a full disk."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    path = tmp_path / "run.pt"
    checkpoints.save(path, {"a": 1})
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # bytes; Python ignores the signal
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)) as raised:
            checkpoints.save(path, {"a": torch.zeros(count)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert train_tool.in_one_line(raised.value) == f"{path}: {os.strerror(errno.EFBIG)}"
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])


# ------------------------------------------------------------------------------ folders to translate with
def change_settings(**changes: object) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        settings = json.loads(folder.joinpath("settings.json").read_text(encoding="utf-8"))
        folder.joinpath("settings.json").write_text(json.dumps(settings | changes), encoding="utf-8")

    return change


DAMAGES = {
    "another version": (change_settings(format=99), "settings.json has the format 99"),
    "no weights": (lambda folder: folder.joinpath("weights.pt").unlink(), "there is no"),
    "damaged weights": (
        lambda folder: write(folder, **{"weights.pt": folder.joinpath("weights.pt").read_bytes()[:-30]}),
        "weights.pt is damaged",
    ),
    "damaged settings": (lambda folder: write(folder, **{"settings.json": "{"}), "settings.json is damaged"),
    "damaged pieces": (lambda folder: write(folder, **{"source.model": "x"}), "source.model is damaged"),
}


@pytest.mark.parametrize("why", DAMAGES)
def test_a_folder_that_is_not_right_is_refused_in_one_line(tmp_path, capsys, why):
    damage, complaint = DAMAGES[why]
    texts = ["the cat sleeps.", "a dog sees the cat."]
    codec = TextCodec.build(SubwordTokenizer.train(texts * 20, 30), texts)
    model = attention_model(len(codec.vocabulary), len(codec.vocabulary), 4, 8)
    save_translator(tmp_path / "made", model, (codec, codec))
    write(tmp_path, lines="the cat")
    arguments = [str(tmp_path / "made"), str(tmp_path / "lines"), "--beam", "1"]
    assert translate_tool.main(arguments) == 0
    assert capsys.readouterr().out.count("\n") == 1
    damage(tmp_path / "made")
    assert complaint in refused(translate_tool.main, arguments, capsys)
