"""The whole way with real captions (Multi30k): files, vocabularies, batches, 200 steps of training.

The captions are not ours to copy, so nothing here shows one, not even when it fails: what is compared are
numbers.
"""

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from seq2seq_utils.batching import encode_pairs, make_loader
from seq2seq_utils.pairs import SentencePair, read_pairs, split_pairs
from seq2seq_utils.models import plain_model
from seq2seq_utils.text import UNK_ID, TextCodec, WordTokenizer
from seq2seq_utils.training import Settings, evaluate_loss, fit, seed_everything

ROOT = Path(__file__).resolve().parent.parent
CAPTIONS = ROOT.parent / "shared" / "multi30k"

pytestmark = pytest.mark.skipif(
    not CAPTIONS.is_dir(), reason="the captions of Multi30k are not beside the repository (shared/multi30k)"
)


class Caption(str):
    """A text that a traceback or an error message does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<a caption of {len(self)} characters>"


@pytest.fixture(scope="module")
def pairs() -> list[SentencePair]:
    found = read_pairs(CAPTIONS / "train.en.gz", CAPTIONS / "train.fr.gz")
    return [SentencePair(Caption(pair.source), Caption(pair.target)) for pair in found]


def test_every_caption_is_read(pairs):
    count = len(pairs)
    assert count == 29_000


def test_rare_words_get_no_id_and_are_read_as_unknown(pairs):
    texts = [pair.target for pair in pairs[:3000]]
    every, frequent = (TextCodec.build(WordTokenizer(), texts, min_count) for min_count in (1, 5))
    sizes = len(frequent.vocabulary), len(every.vocabulary)
    assert sizes[0] < sizes[1] / 2
    unknown = sum(frequent.encode(text).count(UNK_ID) for text in texts)
    words = sum(len(frequent.encode(text)) for text in texts)
    assert 0 < unknown < words / 5


def test_200_steps_of_training_halve_the_loss_on_captions_never_trained_on(pairs):
    splits = split_pairs(pairs[:3400], validation=200, test=0)
    in_both = len({pair.source for pair in splits.train} & {pair.source for pair in splits.validation})
    assert in_both == 0
    train = splits.train[:3200]
    english = TextCodec.build(WordTokenizer(), (pair.source for pair in train), min_count=5)
    french = TextCodec.build(WordTokenizer(), (pair.target for pair in train), min_count=5)
    loader = make_loader(encode_pairs(train, english, french), batch_size=32)
    unseen = make_loader(encode_pairs(splits.validation, english, french))

    seed_everything(0)
    model = plain_model(len(english.vocabulary), len(french.vocabulary), embedding_size=32, hidden_size=64)
    before = evaluate_loss(model, unseen)
    history = fit(model, loader, Settings(epochs=2, learning_rate=2e-2))
    after = evaluate_loss(model, unseen)
    assert history.records[-1]["step"] == 200
    assert after < before / 2


# --- No caption enters the project ----------------------------------------------------------------

RUN = 6  # words: a shorter caption may be anybody's sentence


def words_of(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.lower()))


def captions_in(text: str, captions: Iterable[str]) -> int:
    """How many of the captions, of `RUN` words or more, stand in the text."""
    words = words_of(text)
    runs = {words[at : at + RUN] for at in range(len(words) - RUN + 1)}
    joined = f" {' '.join(words)} "
    found = [words_of(caption) for caption in captions]
    return sum(caption[:RUN] in runs and f" {' '.join(caption)} " in joined for caption in found)


def test_a_caption_is_found_however_it_is_written():
    text = '"text": ["a line", "A small boy, in a GREEN hat\\n", "waves"]'.replace("\\n", "")
    captions = ["A small boy in a green hat waves.", "A small boy in a green hat sleeps.", "A line."]
    assert captions_in(text, captions) == 1


def test_no_caption_stands_in_the_project():
    folders = [ROOT / name for name in ("notebooks", "seq2seq_utils", "tests", "tools")]
    kinds = {".ipynb", ".json", ".md", ".py", ".svg", ".toml"}
    files = [
        ROOT / "README.md",
        *(file for folder in folders for file in folder.rglob("*") if file.suffix in kinds),
    ]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    archives = [gzip.decompress(file.read_bytes()).decode() for file in CAPTIONS.glob("*.gz")]
    assert len(archives) == 9
    count = captions_in(text, (line for archive in archives for line in archive.splitlines()))
    assert count == 0
