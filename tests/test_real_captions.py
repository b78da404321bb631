"""The whole way with real captions (Multi30k): files, vocabularies, batches, 200 steps of training, BLEU.

They run where the captions are: in the folder that the environment variable MULTI30K_DIR names, or in the
cache folder, once `captions.load` has fetched them. The captions are not ours to copy, so nothing here shows
one, not even when it fails: what is compared are numbers.
"""

import gzip
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import sacrebleu

from seq2seq_utils import captions
from seq2seq_utils.batching import encode_pairs, make_loader
from seq2seq_utils.evaluation import metrics
from seq2seq_utils.models import plain_model
from seq2seq_utils.pairs import SentencePair, Splits, split_pairs
from seq2seq_utils.text import UNK_ID, TextCodec, WordTokenizer, count_words
from seq2seq_utils.training import Settings, evaluate_loss, fit, seed_everything

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get(captions.FOLDER_VARIABLE) or captions.cache_folder())
ARCHIVES = sorted(path for code in captions.LANGUAGES.values() for path in FOLDER.glob(f"*.{code}.gz"))
NEEDED = {f"{split}.{code}.gz" for split in captions.SPLITS for code in ("de", "en")}
REASON = (
    f"no captions of Multi30k in the folder that {captions.FOLDER_VARIABLE} names, nor in the cache folder; "
    "seq2seq_utils.captions.load() fetches them"
)


class Caption(str):
    """A text that a traceback or an error message does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<a caption of {len(self)} characters>"


@pytest.fixture(scope="module")
def splits() -> Splits:
    if not {path.name for path in ARCHIVES} >= NEEDED:
        pytest.skip(REASON)
    found = captions.load("german", "english")
    return Splits(
        *([SentencePair(Caption(pair.source), Caption(pair.target)) for pair in split] for split in found)
    )


def test_every_caption_is_read_and_none_of_the_test_set_is_trained_on(splits):
    sizes = [len(split) for split in splits]
    assert sizes == [29_000, 1_014, 1_000]
    empty = sum(not pair.source.strip() or not pair.target.strip() for split in splits for pair in split)
    assert empty == 0
    seen = {pair.source for pair in splits.train + splits.validation}
    in_both = len(seen & {pair.source for pair in splits.test})
    assert in_both == 0


def test_the_test_set_of_2017_is_new_but_for_two_captions(splits):
    needed = {f"{captions.TESTS[2017]}.{code}.gz" for code in ("de", "en")}
    if not {path.name for path in ARCHIVES} >= needed:
        pytest.skip(REASON)
    test = captions.load_test(2017)
    trained_on = {(pair.source, pair.target) for pair in splits.train}
    both = sum((pair.source, pair.target) in trained_on for pair in test)
    sources = {pair.source for pair in splits.train + splits.validation + splits.test}
    seen = sum(pair.source in sources for pair in test)
    assert (len(test), seen, both) == (1_000, 2, 0)


def test_every_test_caption_lies_in_one_group_of_lengths(splits):
    for texts in ([pair.source for pair in splits.test], [pair.target for pair in splits.test]):
        lengths = [count_words(text) for text in texts]
        groups = [sum(low <= length <= high for length in lengths) for low, high in captions.LENGTH_BUCKETS]
        assert sum(groups) == 1_000
        assert min(groups) > 30


def test_rare_words_get_no_id_and_are_read_as_unknown(splits):
    texts = [pair.source for pair in splits.train[:3000]]
    every, frequent = (TextCodec.build(WordTokenizer(), texts, min_count) for min_count in (1, 5))
    sizes = len(frequent.vocabulary), len(every.vocabulary)
    assert sizes[0] < sizes[1] / 2
    unknown = sum(frequent.encode(text).count(UNK_ID) for text in texts)
    words = sum(len(frequent.encode(text)) for text in texts)
    assert 0 < unknown < words / 5


def test_200_steps_of_training_halve_the_loss_on_captions_never_trained_on(splits):
    parts = split_pairs(splits.train[:3400], validation=200, test=0)
    in_both = len({pair.source for pair in parts.train} & {pair.source for pair in parts.validation})
    assert in_both == 0
    train = parts.train[:3200]
    german = TextCodec.build(WordTokenizer(), (pair.source for pair in train), min_count=5)
    english = TextCodec.build(WordTokenizer(), (pair.target for pair in train), min_count=5)
    loader = make_loader(encode_pairs(train, german, english), batch_size=32)
    unseen = make_loader(encode_pairs(parts.validation, german, english))

    seed_everything(0)
    model = plain_model(len(german.vocabulary), len(english.vocabulary), embedding_size=32, hidden_size=64)
    before = evaluate_loss(model, unseen)
    history = fit(model, loader, Settings(epochs=2, learning_rate=2e-2))
    after = evaluate_loss(model, unseen)
    assert history.records[-1]["step"] == 200
    assert after < before / 2


def test_bleu_of_the_test_set_is_sacrebleus_with_its_signature_and_lies_in_its_interval(splits):
    references = [str(pair.target) for pair in splits.test]
    translations = [" ".join(text.split()[:-2]).lower() for text in references]
    score, signature = metrics.bleu(translations, references, lowercase=True)
    expected = sacrebleu.corpus_bleu(translations, [references], lowercase=True).score
    assert score == expected
    assert signature == f"nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}"
    low, high = metrics.bleu_interval(translations, references, resamples=200, lowercase=True)
    assert 0 < low < score < high < 100
    untranslated = metrics.bleu([str(pair.source) for pair in splits.test], references).score
    assert untranslated < 5


# --- No caption enters the project ----------------------------------------------------------------

RUN = 6  # words: a shorter caption may be anybody's sentence


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, escapes as JSON and Python write them undone."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda escaped: chr(int(escaped[1], 16)), text)
    return tuple(re.findall(r"\w+", re.sub(r"\\[nrt]", " ", text).lower()))


def captions_in(text: str, lines: Iterable[str]) -> int:
    """How many of the captions, of `RUN` words or more, stand in the text."""
    words = words_of(text)
    runs = {words[at : at + RUN] for at in range(len(words) - RUN + 1)}
    joined = f" {' '.join(words)} "
    found = [words_of(line) for line in lines]
    return sum(caption[:RUN] in runs and f" {' '.join(caption)} " in joined for caption in found)


def texts_of_the_project() -> Iterator[str]:
    """Every file that can be read as text, but for those that set-ups, caches and tools have put there."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if not name.startswith((".", "__")) and not (Path(folder) / name / "pyvenv.cfg").exists()
        ]
        for name in names:
            content = (Path(folder) / name).read_bytes()
            if b"\0" not in content:
                yield content.decode("utf-8", errors="replace")


def test_a_caption_is_found_however_it_is_written():
    text = r'"text": ["a line\nA small boy, in a gr\u00fcn HAT\n", "waves"]'
    lines = ["A small boy in a grün hat waves.", "A small boy in a grün hat sleeps.", "A line."]
    assert captions_in(text, lines) == 1


def test_all_files_of_the_project_are_searched():
    text = "\n".join(texts_of_the_project())
    files = ["README.md", "seq2seq_utils/captions.py", "notebooks/06_real_sentences.ipynb", "Makefile"]
    assert [name for name in files if (ROOT / name).read_text(encoding="utf-8") not in text] == []


def test_no_caption_stands_in_the_project():
    if not ARCHIVES:
        pytest.skip(REASON)
    lines = [line for path in ARCHIVES for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    count = captions_in("\n".join(texts_of_the_project()), lines)
    assert (len(lines) >= 1_000, count) == (True, 0)
