"""Your own sentences: a small training by the tool, what it writes, and that it goes on where it stopped."""

import base64
import gzip
import io
import json
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import train as train_tool
import translate as translate_tool
from trained_together import start_two

from seq2seq_utils.encoding import FlatPairs
from seq2seq_utils.evaluation.audit import Outcome
from seq2seq_utils.grammar import generate
from seq2seq_utils.models import plain_model
from seq2seq_utils.own_pairs import advice, choosing, figures, scoring, timing, training
from seq2seq_utils.own_pairs.content import Content
from seq2seq_utils.own_pairs.files import Files, Kept, digest, read_splits
from seq2seq_utils.own_pairs.lines import translate_lines
from seq2seq_utils.own_pairs.plan import Plan
from seq2seq_utils.own_pairs.seen import has_spaces, in_words, look
from seq2seq_utils.own_pairs.timing import Estimate
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.text import UNK_ID, TextCodec
from seq2seq_utils.translation import load_translator, save_translator

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SIZES = {"pieces": 120, "embedding_size": 12, "hidden_size": 24, "attention_size": 12, "epochs": 3}
SETTINGS = [text for name, value in SIZES.items() for text in ("--set", f"{name}={value}")]
OPTIONS = [*SETTINGS, "--set", "warmup=2", "--beam", "1"]


@pytest.fixture(scope="module")
def pairs_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "mine.tsv"
    pairs = generate("korean", 200, (3, 5), seed=0)
    path.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in pairs), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(pairs_file, tmp_path_factory) -> SimpleNamespace:
    """A folder that the tool has written, what it printed, and the content of its report."""
    found = SimpleNamespace(folder=tmp_path_factory.mktemp("made") / "model", lines=[], encoded=Counter())
    page, encode = training.page, TextCodec.encode

    def keep(content: Content) -> str:
        found.content = content
        return page(content)

    def count(codec: TextCodec, text: str) -> list[int]:
        found.encoded[text] += 1
        return encode(codec, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TQDM_DISABLE", "1")
        patch.setattr(training, "page", keep)
        patch.setattr(TextCodec, "encode", count)
        patch.setattr(train_tool, "say", found.lines.append)
        found.status = train_tool.main([str(pairs_file), "--out", str(found.folder), *OPTIONS])
    found.settings = json.loads((found.folder / "settings.json").read_text(encoding="utf-8"))
    return found


# ----------------------------------------------------------------------------------- the whole of it
def test_it_says_what_it_sees_what_it_chooses_and_how_it_goes(trained):
    assert trained.status == 0
    printed = "\n".join(trained.lines)
    for pattern in (
        r"^200 pairs: 160 to train on, 20 for validation, 20 for the test$",
        r"^sources: 3 to 5 words, median \d$",
        r"^training pairs that repeat an earlier one: 0$",
        r"^recipe: tiny, for 160 pairs: .* dropout=0.3 .*epochs=3 ",
        r"^vocabularies: \d+ and \d+ pieces \(asked for: \d+ at most\), and 4 special tokens each$",
        r"^plan: 3 epochs of 160 pairs, .*the first \d steps as warm-up: about \d+\.\d minutes, "
        r"about \d+\.\d GB of memory; then",
        r"^epoch 1 of 3: loss \d.*, validation \d.*, BLEU \d.*, chrF \d.*about \d+\.\d left$",
        r"^test, by greedy search: BLEU \d+\.\d \(95 % interval \d+\.\d to \d+\.\d\), chrF",
        r"report\.html: the report$",
    ):
        assert re.search(pattern, printed, re.MULTILINE), pattern
    assert sum(line.startswith("epoch ") for line in trained.lines) == 3


def test_the_folder_has_a_translator_with_history_recipe_scores_and_versions_beside_it(trained):
    model, codecs = load_translator(trained.folder)
    assert [len(codec.vocabulary) for codec in codecs] == [
        len(trained.settings[side]["vocabulary"]) + 4 for side in ("source", "target")
    ]
    assert model.made_with["model"] == "attention"
    notes = trained.settings["notes"]
    assert [record["epoch"] for record in notes["history"]] == [0, 1, 2, 3]
    measured = {"train_loss", "validation_loss", "validation_bleu", "validation_chrf", "seconds"}
    assert measured <= notes["history"][-1].keys()
    assert notes["recipe"] == "tiny"
    assert {name: notes["settings"][name] for name in SIZES if name != "pieces"} == {
        name: value for name, value in SIZES.items() if name != "pieces"
    }
    assert notes["scores"]["test"]["sentences"] == 20
    assert notes["machine"]["versions"]["torch"] == torch.__version__.partition("+")[0] or torch.__version__
    assert notes["seen"]["train"] == 160


def test_a_training_sentence_is_encoded_once(trained):
    pairs = trained.content.left_out[0].pairs
    sources = Counter(pair.source for pair in pairs)  # none of them stands in another split
    assert sum(sources.values()) == 160
    assert {text: trained.encoded[text] for text in sources} == sources


def test_scores_are_those_of_sacrebleu_s_own_command_on_the_written_files(trained):
    files = [str(trained.folder / f"test.{what}.txt") for what in ("references", "translations")]
    command = [sys.executable, "-m", "sacrebleu", files[0], "-i", files[1], "-m", "bleu", "chrf"]
    command += ["-lc", "--chrf-lowercase", "-tok", "13a", "-w", "9"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8").stdout
    bleu, chrf = json.loads(printed)
    stored = trained.settings["notes"]["scores"]["test"]
    assert (bleu["score"], chrf["score"]) == pytest.approx((stored["bleu"], stored["chrf"]), abs=1e-8)
    assert chrf["score"] > 0.1, "something was translated"
    assert f"BLEU|{stored['signature']}" == f"{bleu['name']}|{bleu['signature']}"
    assert f"chrF2|{stored['chrf_signature']}" == f"{chrf['name']}|{chrf['signature']}"
    assert stored["low"] <= stored["bleu"] <= stored["high"]
    assert len(Path(files[1]).read_text(encoding="utf-8").splitlines()) == 20


def test_a_training_that_was_stopped_goes_on_to_the_same_numbers(trained, pairs_file, tmp_path, monkeypatch):
    steps, found, after_step = [], [], training.Announced.after_step

    def stop_within_the_second_epoch(self, run) -> None:
        after_step(self, run)
        steps.append(run.step)
        if len(steps) == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "STEPS_BETWEEN_CHECKPOINTS", 6)
    monkeypatch.setattr(training.Announced, "after_step", stop_within_the_second_epoch)
    monkeypatch.setattr(train_tool, "say", lambda line: None)
    monkeypatch.setattr(training.timing, "estimate", lambda *_: Estimate(1.0, 1.0, None))
    monkeypatch.setattr(training, "finish", lambda *arguments: found.append(arguments))
    command = [str(pairs_file), "--out", str(tmp_path / "model"), *OPTIONS]
    with pytest.raises(KeyboardInterrupt):
        train_tool.main(command)
    torch.manual_seed(99)
    random.seed(99)
    assert train_tool.main(command) == 0
    assert steps == [*range(1, 8), *range(7, 16)], "the seventh step came after the last checkpoint"
    (_, _, prepared, _, history, *_), model = found[0], load_translator(trained.folder)[0]
    assert all(map(torch.equal, prepared.model.parameters(), model.parameters()))

    assert numbers(history.records) == numbers(trained.settings["notes"]["history"])

    assert train_tool.main(command) == 0, "a third time, nothing is left to train"
    assert len(steps) == 16
    assert train_tool.main([*command, "--seed", "1"]) == 2, "of another training"


def numbers(records: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in records]


def test_two_processes_train_one_model_and_one_goes_on(pairs_file, tmp_path, monkeypatch):
    folders = tmp_path / "first", tmp_path / "second"
    for folder in folders:
        folder.mkdir()
    shutil.copy(pairs_file, folders[0])
    command = [pairs_file.name, *OPTIONS, "--set", "dropout=0", "--out"]
    first, second = start_two(train_tool.__file__, *command, "shared", folders=folders)
    assert "\n2 processes train together" in first
    assert second == ""
    assert list(folders[1].iterdir()) == [], "the second neither reads nor writes a file"
    steps, found = [], []
    monkeypatch.chdir(folders[0])
    together = json.loads(Path("shared/settings.json").read_text(encoding="utf-8"))["notes"]

    monkeypatch.setattr(train_tool, "say", lambda line: None)
    monkeypatch.setattr(training.timing, "estimate", lambda *_: Estimate(1.0, 1.0, None))
    monkeypatch.setattr(training, "finish", lambda *arguments: found.append(arguments[4].records))
    monkeypatch.setattr(training.Announced, "after_step", lambda self, run: steps.append(run.step))
    assert train_tool.main([*command, "alone"]) == 0
    assert len(steps) == 15
    names = ("step", "train_loss", "validation_loss")
    for mine, expected in zip(together["history"][1:], found[0][1:], strict=True):
        assert [mine[name] for name in names] == pytest.approx([expected[name] for name in names], rel=1e-5)

    assert train_tool.main([*command, "shared"]) == 0
    assert len(steps) == 15, "nothing was left to train"
    assert numbers(found[1]) == numbers(together["history"])


def test_timing_changes_neither_the_model_nor_the_random_numbers(trained, pairs_file):
    model, codecs = load_translator(trained.folder)
    splits = read_splits(Files(pairs_file))
    kept, validation = (training.leave_out(part, codecs, 100) for part in splits[:2])
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    torch.manual_seed(1)
    random.seed(1)
    expected = timing.estimate(
        model, kept, validation, codecs, trained.content.plan.recipe, torch.device("cpu")
    )
    drawn = torch.rand(3).tolist(), random.random()
    torch.manual_seed(1)
    random.seed(1)
    assert drawn == (torch.rand(3).tolist(), random.random())
    assert all(torch.equal(before[name], weights) for name, weights in model.state_dict().items())
    assert not model.training
    assert min(expected.seconds_of_training, expected.seconds_of_measuring) > 0
    assert expected.megabytes is None or expected.megabytes > 50


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say how much memory it was")
def test_the_memory_is_that_of_the_process_alone_not_of_the_one_that_started_it():
    asks = "from seq2seq_utils.own_pairs.timing import _most_megabytes; print(_most_megabytes())"
    started_by = "import subprocess, sys; ballast = b'x' * {}; subprocess.run([sys.executable, '-c', {!r}])"

    def of_a_child(ballast: int) -> float:
        command = [sys.executable, "-c", started_by.format(ballast, asks)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert of_a_child(10**9) < of_a_child(0) + 200


# ------------------------------------------------------------------------------------- what is seen
def test_what_is_in_the_data_is_counted():
    train = [SentencePair(f"s {number}", f"t {number}") for number in range(20)]
    train += [train[0], train[0], SentencePair("copied", "copied"), SentencePair("copied too", "copied too")]
    splits = Splits(train, [SentencePair("s 1", "other"), SentencePair("new", "neu")], [train[2]])
    seen = look(splits)
    counted = seen.train, seen.validation, seen.test, seen.repeated, seen.same
    assert counted == (24, 2, 1, 2, 2)
    assert (seen.validation_in_training, seen.test_in_training) == (1, 1)
    careful = [line for line in in_words(seen) if line.startswith("careful")]
    assert len(careful) == 3
    assert "in 2 of 27 pairs (7.4%) both sides are the same" in careful[0]
    sound = in_words(look(Splits(train[:20], [SentencePair("a b", "c d")], [SentencePair("e f", "g h")])))
    assert not [line for line in sound if line.startswith("careful")]


def test_lengths_are_in_characters_where_there_are_no_spaces():
    chinese = Splits(*([SentencePair("你好吗", "how are you")] for _ in range(3)))
    assert str(look(chinese).source) == "3 to 3 characters, median 3"
    assert str(look(chinese).target) == "3 to 3 words, median 3"
    assert not has_spaces(["东方红太阳升东方红太阳升东方红太阳升 东方红太阳升东方红太阳升东方红太阳升"])


def test_a_tenth_is_set_aside_or_what_is_asked_for_and_no_source_is_in_two_splits(tmp_path):
    path, other = tmp_path / "mine", tmp_path / "other"
    path.write_text("".join(f"s{number % 100}\tt{number}\n" for number in range(150)))
    other.write_text("x\ty\ns1\tz\n")
    default = read_splits(Files(path))
    assert [len({pair.source for pair in part}) for part in default] == [80, 10, 10]
    assert len({pair.source for part in default for pair in part}) == 100
    sizes = read_splits(Files(path), 5, Files(other))
    assert [len({pair.source for pair in part}) for part in sizes] == [95, 5, 2]
    assert [pair.target for pair in sizes.test] == ["y", "z"]
    assert digest(sizes) != digest(default)
    assert digest(default) == digest(read_splits(Files(path)))


# ----------------------------------------------------------------------------- which recipe, how long
def test_the_number_of_pairs_decides_on_the_recipe():
    counts = (1, 5_000, 5_001, 50_000, 50_001)
    assert [choosing.choose(count) for count in counts] == ["tiny", "tiny", "small", "small", "captions"]
    assert choosing.NAMED.keys() >= {"tiny", "small", "captions"}


def test_single_settings_are_changed_and_keep_their_kind():
    changed = choosing.changed(
        choosing.NAMED["tiny"], ["epochs=4", "dropout=0.25", "tied=False", "encoder_size=7"]
    )
    expected = {"epochs": 4, "dropout": 0.25, "tied": False, "encoder_size": 7}
    assert asdict(changed) == asdict(choosing.NAMED["tiny"]) | expected
    for change, allowed in (
        ("epochs=0", "1 or more"),
        ("epochs=1.5", "a whole number"),
        ("tied=1", "True or False"),
        ("dropout=-0.1", "from 0 to below 1"),
        ("learning_rate=0", "more than 0"),
        ("learning_rate=nan", "more than 0"),
        ("warmup=-1", "0 or more"),
        ("encoder_size=0", "1 or more"),
        ("depth=2", "there are pieces, "),
        ("epochs", "a whole number"),
    ):
        with pytest.raises(ValueError, match=f"set: .*{allowed}"):
            choosing.changed(choosing.NAMED["tiny"], [change])


def test_there_are_as_many_pieces_as_the_data_allows_and_the_characters_ask_for():
    letters = [chr(0x4E00 + number) for number in range(700)]  # Chinese
    pairs = [SentencePair("the cat sees the dog", "".join(letters[at : at + 7])) for at in range(0, 700, 7)]
    recipe = choosing.for_data("tiny", ["pieces=300"], pairs)
    assert recipe.pieces == 800
    source, target = training.recipes.codecs(pairs, recipe, at_most=True)
    assert len(source.vocabulary) < 50, "so few that there are no more pieces in these words"
    assert 700 <= len(target.vocabulary) <= 804
    assert UNK_ID not in target.encode(pairs[0].target)
    with pytest.raises(ValueError, match="800 pieces cannot be learned"):
        training.recipes.codecs(pairs, recipe)


ESTIMATE = Estimate(seconds_of_training=100.0, seconds_of_measuring=10.0, megabytes=None)


@pytest.mark.parametrize(
    ("minutes", "epochs", "averaged", "pairs"),
    [
        (100, 9, 3, 1000),  # all of it
        (1000 / 60, 9, 3, 1000),  # 9 · 110 + 10
        (999 / 60, 8, 3, 1000),
        (450 / 60, 4, 1, 1000),
        (120 / 60, 1, 0, 1000),
        (70 / 60, 1, 0, 500),  # (70 - 20) / 100 of the pairs
    ],
)
def test_a_schedule_is_shortened_by_whole_epochs_first(minutes, epochs, averaged, pairs):
    recipe = replace(choosing.NAMED["tiny"], epochs=9, averaged_epochs=3)
    shortened = timing.shorten(recipe, ESTIMATE, 1000, minutes)
    assert (shortened.recipe.epochs, shortened.recipe.averaged_epochs) == (epochs, averaged)
    assert shortened.pairs == pairs
    plan = training.make_plan("tiny", recipe, ESTIMATE, 1000, minutes)
    assert plan.seconds <= 60 * minutes + 1e-6
    assert plan.recipe.warmup <= plan.recipe.epochs * -(-pairs // recipe.batch_size) / 10
    assert (plan.full_epochs, plan.train_pairs) == (9, pairs)


def test_a_time_too_short_for_a_batch_is_refused():
    with pytest.raises(ValueError, match=r"minutes: 0\.35 is not enough; measuring takes 20 s"):
        timing.shorten(choosing.NAMED["tiny"], ESTIMATE, 1000, 0.35)


def test_pairs_are_drawn_at_random_the_same_each_time_and_stay_in_their_order():
    pairs = [SentencePair(f"{number:03}", "t") for number in range(100)]
    kept = Kept(pairs, 0, 0, FlatPairs.collect((([number], [1]) for number in range(100)), (100, 2)))
    drawn = timing.drawn(kept, 30)
    assert drawn.pairs == timing.drawn(kept, 30).pairs
    assert [([int(pair.source)], [1]) for pair in drawn.pairs] == list(drawn.ids)
    assert drawn.pairs == sorted(drawn.pairs, key=lambda pair: pair.source)
    assert len(set(drawn.pairs)) == 30
    assert int(drawn.pairs[-1].source) > 60, "not the first ones"


# --------------------------------------------------------------------------------------- the scores
def test_groups_by_length_are_about_equally_large_and_hold_every_sentence():
    for lengths in ([5], [3, 3, 3, 3, 9], list(range(1, 101)), [1, 1, 2, 50], [2] * 9 + [3]):
        groups = scoring.groups(lengths)
        held = [sum(low <= length <= high for length in lengths) for low, high in groups]
        assert sum(held) == len(lengths)
        assert min(held) > 0
        assert len(groups) <= 4
    assert scoring.groups(list(range(1, 101))) == [(1, 25), (26, 50), (51, 75), (76, 100)]


def test_repetitions_are_three_of_a_piece_or_of_two_in_turn():
    repeating = [[7, 7, 7], [1, 7, 7, 7, 2], [1, 2, 1, 2, 1, 2], [9, 1, 2, 1, 2, 1, 2]]
    sound = [[], [7], [7, 7], [7, 7, 1, 7], [1, 2, 1, 2], [1, 2, 3, 1, 2, 3, 1, 2, 3]]
    assert all(scoring.repeats(ids) for ids in repeating)
    assert not any(scoring.repeats(ids) for ids in sound)


def test_what_is_scored_is_counted_too(trained, monkeypatch):
    monkeypatch.setattr(scoring.metrics, "bleu_interval", lambda *_, **__: (0.0, 0.0))  # takes seconds
    monkeypatch.setattr(scoring.metrics, "quality_by_length", lambda *_, **__: None)
    model, codecs = trained.content.model, trained.content.codecs
    pairs = [*trained.content.test[:4], SentencePair("你", trained.content.test[0].target)]
    scores = scoring.score(model, pairs, codecs)
    assert scores.texts[4] == ""
    assert scores.unreadable == 1
    assert scores.unknown > 0
    ids = [codecs[0].vocabulary.encode(codecs[0].tokenizer.tokenize(pair.source)) for pair in pairs]
    everything = [token_id for of_pair in ids for token_id in of_pair]
    assert scores.unknown == pytest.approx(everything.count(UNK_ID) / len(everything))
    assert scores.best_possible == pytest.approx(100)
    fixed = ["same.", "same.", "same.", "other.", "third."]
    monkeypatch.setattr(scoring, "translations", lambda *_: [f"{text}" for text in fixed])
    monkeypatch.setattr(scoring, "_text", str)
    right = [SentencePair(f"word {number}", text) for number, text in enumerate(fixed)]
    monkeypatch.setattr(scoring, "Translation", type("None", (), {}))
    assert scoring.score(model, right, codecs).shared == 0, "the references are the same, too"
    assert scoring.score(model, [*right[:2], SentencePair("a", "b"), *right[3:]], codecs).shared == 3


def test_samples_are_the_best_the_middle_and_the_worst_and_none_twice(trained):
    samples = trained.content.scores["test"].samples
    assert [sample.kind for sample in samples] == ["best"] * 3 + ["median"] * 3 + ["worst"] * 3
    assert [sample.chrf for sample in samples] == sorted((sample.chrf for sample in samples), reverse=True)
    assert len({sample.source for sample in samples}) == 9
    found = scoring.metrics.sentence_chrf(
        trained.content.scores["test"].texts, trained.content.scores["test"].references, lowercase=True
    )
    assert (samples[0].chrf, samples[-1].chrf) == (max(found), min(found))
    assert samples[4].chrf == pytest.approx(np.median(found), abs=8)


# --------------------------------------------------------------------------------- what to try next
@pytest.fixture(scope="module")
def sound(trained) -> Content:
    """The content of a training that no rule has anything to say of."""
    content = trained.content
    scores = {
        name: replace(
            found, unfinished=0, unknown=0.0, unreadable=0, repeating=0, shared=0, best_possible=100.0
        )
        for name, found in content.scores.items()
    }
    findings = tuple(replace(finding, outcome=Outcome.HOLDS) for finding in content.audit.findings)
    records = [{"validation_loss": loss} for loss in (5.0, 2.0, 1.999)]
    return replace(
        content,
        scores=scores,
        audit=replace(content.audit, findings=findings),
        history=replace(content.history, records=records),
        losses=(1.8, 2.0),
        seen=replace(content.seen, same=0, test_in_training=0),
        plan=replace(content.plan, train_pairs=len(content.left_out[0].pairs)),
    )


def of_test(content: Content, **changes: float) -> Content:
    return replace(content, scores=content.scores | {"test": replace(content.scores["test"], **changes)})


def with_losses(content: Content, *losses: float) -> Content:
    records = [{"validation_loss": loss} for loss in losses]
    return replace(content, history=replace(content.history, records=records))


def too_early(content: Content) -> Content:
    first, *others = content.audit.findings
    findings = (replace(first, outcome=Outcome.TOO_EARLY), *others)
    return replace(content, audit=replace(content.audit, findings=findings))


def left_out(content: Content, count: int) -> Content:
    return replace(content, left_out=(replace(content.left_out[0], too_long=count), content.left_out[1]))


def planned(content: Content, **changes: float) -> Content:
    return replace(content, plan=replace(content.plan, **changes))


SPEAKING = {
    "falling": (lambda c: with_losses(c, 5, 2, 1.97), "still fell, by 1.5%", "--set epochs=6"),
    "gap": (lambda c: replace(c, losses=(1.0, 1.6)), "a gap of 0.60 nats", "dropout"),
    "left out": (lambda c: left_out(c, 8), "8 of 168 training pairs (4.8%)", "--longest"),
    "unfinished": (lambda c: of_test(c, unfinished=1), "1 of 20 translations", "Train longer"),
    "unknown": (lambda c: of_test(c, unknown=0.01), "1.0% of the pieces", "--set pieces="),
    "unreadable": (lambda c: of_test(c, unreadable=2), "2 sources could not be read", "--set pieces="),
    "lossy": (lambda c: of_test(c, best_possible=90.0), "a BLEU of 90.0", "references"),
    "repeating": (lambda c: of_test(c, repeating=1), "1 of 20 translations of the test (5.0%) say", "longer"),
    "shared": (lambda c: of_test(c, shared=3), "3 of 20 translations of the test (15.0%) are those", "audit"),
    "same": (lambda c: replace(c, seen=replace(c.seen, same=20)), "In 20 of 200 pairs (10.0%)", "Take out"),
    "seen": (
        lambda c: replace(c, seen=replace(c.seen, test_in_training=1)),
        "1 of 20 test pairs",
        "Take them",
    ),
    "epochs": (lambda c: planned(c, full_epochs=9), "3 of 9 epochs", "minutes"),
    "pairs": (lambda c: planned(c, train_pairs=40), "40 of 160 pairs", "minutes"),
    "early": (too_early, "too early for 1 of the checks", "learning_rate=0.01"),
}
SILENT = {
    "nothing": lambda c: c,
    "falling a little": lambda c: with_losses(c, 5, 2, 1.985),
    "risen again": lambda c: with_losses(c, 5, 1.5, 2, 1.9),
    "a small gap": lambda c: replace(c, losses=(1.6, 2.0)),
    "one left out": lambda c: left_out(c, 1),
}


@pytest.mark.parametrize("case", SPEAKING)
def test_a_rule_speaks_with_its_number(sound, case):
    change, finding, attempt = SPEAKING[case]
    (found,) = advice.advise(change(sound))
    assert finding in found.finding
    assert attempt in found.attempt


@pytest.mark.parametrize("case", SILENT)
def test_no_rule_speaks_where_all_is_well(sound, case):
    assert advice.advise(SILENT[case](sound)) == []


def test_what_a_rule_points_to_is_a_heading_of_that_notebook(sound):
    pointed_to = {
        (found.notebook, found.heading)
        for change, *_ in SPEAKING.values()
        for found in advice.advise(change(sound))
    }
    assert len(pointed_to) > 5
    missing = []
    for notebook, heading in pointed_to:
        cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
        lines = "".join("".join(cell["source"]) + "\n" for cell in cells).splitlines()
        if heading not in {line.lstrip("#").strip() for line in lines if line.startswith("#")}:
            missing.append((notebook, heading))
    assert missing == []


def test_a_plan_knows_nothing_of_what_is_not_in_it():
    recipe = choosing.NAMED["small"]
    plan = Plan("small", recipe, 8, 10, 90.0, None)
    line, _ = training.expectations(plan)
    assert line.startswith("plan: 8 epochs of 10 pairs")
    assert "about 1.5 minutes; then" in line
    (without, _), (shorter, _) = (
        training.expectations(replace(plan, recipe=replace(recipe, warmup=steps))) for steps in (0, 7)
    )
    assert "warm-up" not in without
    assert ", the first 7 steps as warm-up: about" in shorter


# -------------------------------------------------------------------------------------- the report
class Page(HTMLParser):
    """All that a page shows, and all that it asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def asked_for(self) -> list[str]:
        """Addresses that a browser would go to of itself; those of links wait for a click."""
        of_tags = [
            value or ""
            for tag, attributes in self.tags
            for name, value in attributes.items()
            if name in ("src", "srcset", "href", "data", "poster", "action", "background") and tag != "a"
        ]
        style = " ".join(self.texts) + " ".join(tag[1].get("style") or "" for tag in self.tags)
        return of_tags + re.findall(r"url\([^)]*\)|@import[^;]*", style)


def report_of(trained: SimpleNamespace) -> str:
    return (trained.folder / "report.html").read_text(encoding="utf-8")


def test_the_report_asks_for_no_other_file(trained):
    page = Page(report_of(trained))
    assert [
        address for address in page.asked_for if not address.startswith("data:image/svg+xml;base64,")
    ] == []
    assert {"script", "link", "iframe", "object", "embed"}.isdisjoint(tag for tag, _ in page.tags)
    for address in page.asked_for:
        picture = base64.b64decode(address.partition(",")[2]).decode()
        assert "<script" not in picture
        assert [
            link for link in re.findall(r'href="([^"]*)"', picture) if link[0] != "#" and link[:5] != "data:"
        ] == []
        assert [link for link in re.findall(r"url\(([^)]*)\)", picture) if not link.startswith("#")] == []
    found = Page('<a href="http://a"><img src="http://b"><style>p { background: url(c) }</style>').asked_for
    assert found == ["http://b", "url(c)"], "what is asked for would be found"


def test_each_figure_of_the_report_says_in_words_what_it_shows(trained):
    texts = [attributes.get("alt") or "" for tag, attributes in Page(report_of(trained)).tags if tag == "img"]
    assert len(texts) >= 3
    assert all(len(text) > 40 for text in texts)
    assert len(set(texts)) == len(texts)


def test_the_report_is_readable_in_light_and_in_dark(trained):
    schemes = re.findall(r":root \{([^}]*)\}", report_of(trained))
    assert len(schemes) == 2
    assert "prefers-color-scheme: dark" in report_of(trained)

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#\w{6})", scheme))
        for name in ("text", "quiet", "mark"):
            dark, light = sorted((luminance(colours[name]), luminance(colours["ground"])))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, colours)  # WCAG 2, level AA


def test_the_report_has_the_numbers_the_audit_and_the_samples(trained):
    page = " ".join(" ".join(Page(report_of(trained)).texts).split())
    scores = trained.content.scores
    for found in scores.values():
        assert f"{found.bleu:.2f} {found.low:.2f} to {found.high:.2f} {found.chrf:.2f}" in page
    assert scores["test"].signature in page
    for finding in trained.content.audit.findings:
        assert f"{finding.check} {finding.outcome} {finding.claim}" in page
        assert finding.symptom in page
    for sample in scores["test"].samples:
        assert sample.source in page
    assert "epochs 3" in page


def test_what_the_data_holds_is_shown_and_not_obeyed(trained, monkeypatch):
    evil = "<script>alert(1)</script><img src=http://x>"
    scores = trained.content.scores["test"]
    samples = [replace(scores.samples[0], source=evil, reference=evil, translation=evil)]
    changed = {**trained.content.scores, "test": replace(scores, samples=samples)}
    for name in ("losses", "scores", "by_length", "maps"):
        monkeypatch.setattr(figures, name, lambda content: figures.Picture("data:,", "a figure"))
    text = training.page(replace(trained.content, scores=changed))
    assert "script" not in {tag for tag, _ in Page(text).tags}
    assert "".join(Page(text).texts).count(evil) == 3


@pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium here")
def test_a_browser_asks_for_nothing_either(trained, tmp_path):
    log, control = tmp_path / "net.json", "http://127.0.0.1:9/control.png"
    with_control = report_of(trained).replace("</body>", f'<img src="{control}" alt=""></body>')
    (tmp_path / "report.html").write_text(with_control, encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--log-net-log={log}"]
    command += ["--dump-dom", f"--user-data-dir={tmp_path / 'profile'}", (tmp_path / "report.html").as_uri()]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert "What to try next" in run.stdout
    events = log.read_text(encoding="utf-8").splitlines()
    asked_for = {
        address
        for event in events
        for address in re.findall(r'"url":"(\w+://[^"]*)"', event)
        if '"initiator":"not an origin"' not in event and '"initiator"' in event
    }
    assert {address for address in asked_for if not address.startswith("file:")} == {control}


# ----------------------------------------------------------------------------------- lines of text
def translated(
    monkeypatch, capsysbinary, arguments: list[object], standard_input: bytes = b""
) -> tuple[int, bytes, str]:
    """The exit status, the output, and what stands on stderr."""
    stdin = SimpleNamespace(buffer=io.BytesIO(standard_input), isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", stdin)
    status = translate_tool.main(list(map(str, arguments)))
    captured = capsysbinary.readouterr()
    return status, captured.out, captured.err.decode()


def test_each_line_has_its_line_and_what_cannot_be_read_an_empty_one(trained, monkeypatch, capsysbinary):
    sources = [pair.source.encode() for pair in trained.content.test[:3]]
    lines = [
        sources[0],
        b"",
        b"\xff\xfe",
        "你好".encode(),
        sources[1] + b"\r",
        b" \t ",
        b"word " * 2000,
        sources[2],
    ]
    content = b"\xef\xbb\xbf" + b"\n".join(lines)  # the last line has no end
    arguments = [trained.folder, "--beam", 1]
    status, output, errors = translated(monkeypatch, capsysbinary, arguments, content)
    assert status == 0
    written = output.decode().split("\n")
    assert len(written) == len(lines) + 1
    expected = training.scoring.translations(
        trained.content.model, [source.decode() for source in sources], trained.content.codecs
    )
    assert [written[row] for row in (0, 4, 7)] == [found.text for found in expected]
    assert [written[row] for row in (1, 2, 3, 5, 6, 8)] == [""] * 6
    assert errors.splitlines() == [
        "line 2: it is empty",
        "line 3: it is not UTF-8",
        "line 4: all of it is unknown to the model",
        "line 6: it is empty",
        f"line 7: it has {errors.partition('it has ')[2].partition(' ')[0]} pieces, more than 1,000",
    ]


def test_how_many_lines_are_read_together_changes_nothing(trained):
    content, lines = trained.content, [pair.source.encode() + b"\n" for pair in trained.content.test[:5]]
    found = [
        [line.output for line in translate_lines(content.model, content.codecs, [*lines, b"\n"], 2, together)]
        for together in (1, 4, 100)
    ]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 6


def test_a_translator_needs_nothing_but_its_own_files(trained, tmp_path, monkeypatch, capsysbinary):
    sources = "".join(f"{pair.source}\n" for pair in trained.content.test)
    (tmp_path / "lines.txt.gz").write_bytes(gzip.compress(sources.encode()))
    for name in ("settings.json", "weights.pt", "source.model", "target.model"):
        shutil.copy(trained.folder / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    status, output, errors = translated(monkeypatch, capsysbinary, [".", "lines.txt.gz", "--beam", 1])
    assert (status, errors) == (0, "")
    assert output == (trained.folder / "test.translations.txt").read_bytes()


def test_a_heatmap_is_written_for_each_line_that_has_a_translation(
    trained, tmp_path, monkeypatch, capsysbinary
):
    source = trained.content.test[0].source.encode()
    arguments = [trained.folder, "--weights", tmp_path / "maps"]
    monkeypatch.setattr(translate_tool, "svg", lambda figure: b"<svg>")
    status, _, _ = translated(monkeypatch, capsysbinary, arguments, source + b"\n\n" + source)
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == ["000001.svg", "000003.svg"]
    drawn = translate_tool.translation_map
    line = next(translate_lines(trained.content.model, trained.content.codecs, [source], beam=3))
    heatmap = drawn(line.text, line.translation, *trained.content.codecs)
    assert heatmap.target[: len(line.translation.ids)] == [
        trained.content.codecs[1].vocabulary.tokens[token_id] for token_id in line.translation.ids
    ]
    assert heatmap.weights.shape == (len(heatmap.target), len(heatmap.source))


def test_a_model_without_attention_has_no_heatmaps(trained, tmp_path, monkeypatch, capsysbinary):
    codecs = trained.content.codecs
    model = plain_model(*(len(codec.vocabulary) for codec in codecs), 4, 8)
    save_translator(tmp_path / "plain", model, codecs)
    arguments = [tmp_path / "plain", "--weights", tmp_path / "maps", "--beam", 1]
    source = trained.content.test[0].source.encode()
    status, output, errors = translated(monkeypatch, capsysbinary, arguments, source)
    assert (status, output) == (2, b"")
    assert errors.endswith("model: has no attention, so there are no weights to draw\n")
    assert errors.count("\n") == 1
    assert not (tmp_path / "maps").exists()
    assert figures.maps(replace(trained.content, model=model)) is None
