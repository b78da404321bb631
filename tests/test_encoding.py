"""Pairs in flat arrays are the pairs of a list; what is on the disk is whole, or is not used."""

import random
import re
from pathlib import Path

import numpy as np
import pytest

from seq2seq_utils.batching import PairDataset, RecutPairs, encode_pairs, make_loader
from seq2seq_utils.encoding import (
    FlatPairs,
    FlatSentences,
    encode_flat,
    encode_once,
    files,
    flat,
    once,
    open_pairs,
    write_pairs,
)
from seq2seq_utils.grammar import generate, stream
from seq2seq_utils.text import SubwordTokenizer, TextCodec, Vocabulary, WordTokenizer

SIZES = (20, 300)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(flat, "CHUNK", 7)  # of 100 pairs there are many, and the last is not full


@pytest.fixture(params=["in memory", "on disk", "on disk, in random order"])
def pairs_and_flat(request, id_pairs, tmp_path):
    """The same pairs twice: in a list, and in flat arrays."""
    if request.param == "in memory":
        return id_pairs, FlatPairs.collect(iter(id_pairs), SIZES)
    seed = 3 if "random" in request.param else None
    write_pairs(tmp_path / "pairs", iter(id_pairs), SIZES, seed)
    order = list(range(100))
    if seed is not None:
        pick = random.Random("order 3").random
        keys = [pick() for _ in order]
        order.sort(key=keys.__getitem__)
    return [id_pairs[row] for row in order], open_pairs(tmp_path / "pairs")


# ------------------------------------------------------------------------------------- flat arrays
def test_every_pair_comes_back_as_it_was(pairs_and_flat):
    pairs, found = pairs_and_flat
    assert len(found) == 100
    assert list(found) == pairs
    assert [found[-1], found[np.int64(5)]] == [pairs[-1], pairs[5]]
    assert {type(number) for number in found[0][0]} == {int}
    assert found.lengths.tolist() == [[len(source), len(target)] for source, target in pairs]
    with pytest.raises(IndexError):
        found[100]


def test_slices_are_those_of_the_list_and_copy_no_ids(pairs_and_flat):
    pairs, found = pairs_and_flat
    for part in (slice(10), slice(90, None), slice(20, 60, 3), slice(None, None, -1), slice(5, 5)):
        assert list(found[part]) == pairs[part], part
        assert found[part].lengths.tolist() == found.lengths[part].tolist(), part
        assert found[part].source.ids is found.source.ids
    assert list(found[20:60][5:7]) == pairs[25:27]


def test_a_loader_gives_the_batches_that_it_gives_of_the_list(pairs_and_flat):
    pairs, found = pairs_and_flat
    epochs = [
        [[batch.source.tolist(), batch.target_input.tolist()] for _ in range(2) for batch in loader]
        for loader in (make_loader(given, batch_size=8, pool=3, seed=1) for given in (pairs, found))
    ]
    assert epochs[0] == epochs[1]


def test_the_digest_is_that_of_the_list(pairs_and_flat):
    pairs, found = pairs_and_flat
    assert PairDataset(found).digest == PairDataset(pairs).digest
    assert PairDataset(found[1:]).digest == PairDataset(pairs[1:]).digest != PairDataset(pairs).digest
    # As checkpoints have always named them: the head of `hashlib.sha256(repr(pairs).encode()).hexdigest()`.
    assert PairDataset([([5, 6, 7], [8]), ([5], [9, 8])]).digest == "b1bb8ddaee6ee60e"


@pytest.mark.parametrize(
    ("size", "kind"), [(1, "uint8"), (256, "uint8"), (257, "uint16"), (65_536, "uint16"), (65_537, "uint32")]
)
def test_an_id_takes_as_few_bytes_as_the_vocabulary_allows(size, kind, tmp_path):
    pairs = [([size - 1], [0, size - 1])]
    collected = FlatPairs.collect(pairs, (size, size))
    write_pairs(tmp_path / "pairs", pairs, (size, size))
    for found in (collected, open_pairs(tmp_path / "pairs")):
        assert list(found) == pairs
        assert [side.ids.dtype.name for side in (found.source, found.target)] == [kind] * 2


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize(
    ("sentence", "complaint"),
    [
        ([], "is empty; a sentence needs at least one token"),
        ([4, 300, 5], "has the id 300, which is outside the vocabulary (0 to 299)"),
        ([65_536 + 4], "has the id 65540, which is outside"),  # 4, if it were cut off to two bytes
        ([-1], "has the id -1, which is outside"),
    ],
)
def test_bad_sentences_are_refused_by_their_number(id_pairs, tmp_path, side, sentence, complaint):
    for row in (0, 6, 7, 40, 99):
        pairs = list(id_pairs)
        pairs[row] = (sentence, [4]) if side == "source" else ([4], sentence)
        message = re.escape(f"pairs: the {side} of number {row} {complaint}")
        with pytest.raises(ValueError, match=message):
            FlatPairs.collect(pairs, (300, 300))
        with pytest.raises(ValueError, match=message):
            write_pairs(tmp_path / "pairs", pairs, (300, 300))
    assert list(tmp_path.iterdir()) == []


def test_arrays_that_do_not_fit_together_are_refused():
    ten, nine = (FlatSentences(np.full(count, 4), np.arange(count + 1)) for count in (10, 9))
    with pytest.raises(ValueError, match="source, target: 10 and 9 sentences"):
        FlatPairs(ten, nine)
    for rows in ([0, 10], [-1, 5]):
        with pytest.raises(ValueError, match=f"rows: from {rows[0]} to {rows[1]} is not allowed"):
            FlatPairs(ten, ten, np.array(rows))
    with pytest.raises(ValueError, match="vocabulary_sizes: 0 is not allowed"):
        FlatPairs.collect([([0], [0])], (0, 5))


def test_no_pairs_are_no_pairs(tmp_path):
    assert list(FlatPairs.collect([], SIZES)) == []
    with pytest.raises(ValueError, match="pairs: there are none; a loader needs at least one"):
        make_loader(FlatPairs.collect([], SIZES))
    with pytest.raises(ValueError, match="pairs: there are none; at least one is needed"):
        write_pairs(tmp_path / "pairs", [], SIZES)
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------ from sentences
@pytest.fixture(scope="module")
def sentences():
    return generate("french", 300, (3, 8), seed=1)


@pytest.fixture(scope="module")
def codecs(sentences) -> tuple[TextCodec, TextCodec]:
    def codec(texts: list[str]) -> TextCodec:
        subwords = SubwordTokenizer.train(texts, 200)
        return TextCodec(subwords, Vocabulary(subwords.pieces))

    return codec([pair.source for pair in sentences]), codec([pair.target for pair in sentences])


def test_encoding_into_flat_arrays_gives_the_ids_of_lists(sentences, codecs):
    assert list(encode_flat(iter(sentences), *codecs)) == encode_pairs(sentences, *codecs)


def test_pairs_cut_anew_are_named_as_their_lists_would_be(sentences, codecs):
    usual = PairDataset(encode_pairs(sentences, *codecs)).digest
    assert RecutPairs(sentences, codecs, 0.1, seed=2).digest == f"{usual}, cut anew with 0.1 and seed 2"


def test_a_sentence_of_unknown_words_is_refused_by_its_number(sentences):
    codec = TextCodec.build(WordTokenizer(), [pair.source for pair in sentences[:250]])
    with pytest.raises(ValueError, match=r"^pairs: number 1: text: 'Zzz' has only unknown words"):
        encode_flat([sentences[0], type(sentences[0])("Zzz", "Zzz")], codec, codec)


# --------------------------------------------------------------------------------------- on the disk
def test_files_are_mapped_and_hold_every_id_once(id_pairs, tmp_path):
    write_pairs(tmp_path / "pairs", id_pairs, SIZES, files={"more.txt": b"more"})
    found = open_pairs(tmp_path / "pairs")
    tokens = sum(len(source) for source, _ in id_pairs)
    assert found.source.ids.shape == (tokens,)
    assert isinstance(found.source.ids.base, np.memmap)
    assert type(found.source.ids) is np.ndarray
    with pytest.raises(ValueError, match="read-only"):
        found.source.ids[0] = 5
    assert np.load(tmp_path / "pairs" / "source.ids.npy").tolist() == [i for ids, _ in id_pairs for i in ids]
    assert (tmp_path / "pairs" / "more.txt").read_bytes() == b"more"


def test_a_changed_byte_and_a_missing_file_are_found(id_pairs, tmp_path):
    folder = tmp_path / "pairs"
    write_pairs(folder, id_pairs, SIZES, seed=1, files={"more.txt": b"more"})
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 7
    for name in names:
        path = folder / name
        contents = path.read_bytes()
        for place in (0, len(contents) - 2):
            path.write_bytes(contents[:place] + bytes([contents[place] ^ 1]) + contents[place + 1 :])
            with pytest.raises(ValueError, match=f"folder: .*{name} (is damaged|has the format)"):
                open_pairs(folder)
        path.write_bytes(contents[:-1])
        with pytest.raises(ValueError, match=f"folder: .*{name} is damaged"):
            open_pairs(folder)
        path.unlink()
        with pytest.raises(FileNotFoundError, match=f"folder: there is no .*{name}"):
            open_pairs(folder)
        path.write_bytes(contents)
    assert list(open_pairs(folder)[:1]) == [open_pairs(folder)[0]]


def test_a_folder_of_another_format_is_refused(id_pairs, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(files, "_FORMAT", 99)
        write_pairs(tmp_path / "pairs", id_pairs, SIZES)
    with pytest.raises(ValueError, match="has the format 99; only 1 can be read here"):
        open_pairs(tmp_path / "pairs")


def test_what_goes_wrong_leaves_the_folder_that_was_there(id_pairs, tmp_path, monkeypatch):
    folder = tmp_path / "pairs"
    write_pairs(folder, id_pairs[:5], SIZES)

    def stopped():
        yield from id_pairs[:50]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_pairs(folder, stopped(), SIZES)

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full_disk)
        with pytest.raises(OSError, match="No space left") as raised:
            write_pairs(folder, id_pairs, SIZES)
    assert raised.value.filename == str(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["pairs"]
    assert list(open_pairs(folder)) == id_pairs[:5]


def test_what_a_killed_process_has_left_is_replaced(id_pairs, tmp_path):
    folder = tmp_path / "pairs"
    (tmp_path / "pairs.tmp").mkdir()
    (tmp_path / "pairs.tmp" / "old.npy").write_bytes(b"half")
    with pytest.raises(FileNotFoundError):
        open_pairs(folder)
    write_pairs(folder, id_pairs[:5], SIZES)
    write_pairs(folder, id_pairs, SIZES)
    assert list(open_pairs(folder)) == id_pairs
    assert [path.name for path in tmp_path.iterdir()] == ["pairs"]
    assert not (folder / "old.npy").exists()


# -------------------------------------------------------------------------------------------- once
SETTINGS = {"pieces": 150, "sample": 200, "seed": 4}


@pytest.fixture
def corpus(tmp_path) -> Path:
    """A file of pairs in the order in which they are drawn."""
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{pair.source}\t{pair.target}\n" for pair in stream("french", 300, seed=4)))
    return path


@pytest.fixture
def encodings(monkeypatch) -> list[Path]:
    """The folders that are written, in this order."""
    written: list[Path] = []

    def noted(folder, *others):
        written.append(folder)
        write_pairs(folder, *others)

    monkeypatch.setattr(once, "write_pairs", noted)
    return written


def test_a_stream_on_the_disk_is_what_generate_gives_and_can_be_read_again(corpus, tmp_path):
    found = encode_once(corpus, cache=tmp_path / "cache", **SETTINGS)
    source, target = found.codecs
    pairs = generate("french", 300, seed=4)
    assert list(found.pairs) == encode_pairs(pairs, source, target)
    assert [source.decode(ids) for ids, _ in found.pairs] == [pair.source.lower() for pair in pairs]
    assert [target.decode(ids) for _, ids in found.pairs] == [pair.target.lower() for pair in pairs]


def test_what_is_in_the_cache_is_not_encoded_again(corpus, tmp_path, encodings):
    first, second = (encode_once(corpus, cache=tmp_path / "cache", **SETTINGS) for _ in range(2))
    assert len(encodings) == 1
    assert list(first.pairs) == list(second.pairs)
    for before, after in zip(first.codecs, second.codecs, strict=True):
        assert before.vocabulary.tokens == after.vocabulary.tokens
        assert before.encode("A cat!") == after.encode("A cat!")


def test_another_file_and_other_settings_have_a_place_of_their_own(corpus, tmp_path, encodings):
    def encode(*paths: Path, **changed: int):
        return encode_once(*(paths or (corpus,)), cache=tmp_path / "cache", **(SETTINGS | changed))

    contents, lines = corpus.read_bytes(), corpus.read_text().splitlines()
    sides = [tmp_path / "en", tmp_path / "fr"]
    for number, path in enumerate(sides):
        path.write_text("\n".join(line.split("\t")[number] for line in lines))
    usual = encode()
    parallel = encode(*sides)
    assert list(parallel.pairs) == list(usual.pairs)
    assert list(encode(*reversed(sides)).pairs) != list(usual.pairs)
    others = [encode(pieces=140), encode(sample=100), encode(seed=5)]
    corpus.write_text("\n".join([*lines[1:], lines[0]]))
    others.append(encode())
    assert all(list(other.pairs) != list(usual.pairs) for other in others)
    assert len(set(encodings)) == len(encodings) == 7
    corpus.write_bytes(contents)
    assert list(encode().pairs) == list(usual.pairs)
    assert len(encodings) == 7


@pytest.mark.parametrize("name", ["source.ids.npy", "target.codec.json", "target.model", "encoded.json"])
def test_what_is_damaged_in_the_cache_is_encoded_again(corpus, tmp_path, encodings, name):
    before = list(encode_once(corpus, cache=tmp_path / "cache", **SETTINGS).pairs)
    path = encodings[0] / name
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 1
    path.write_bytes(contents)
    assert list(encode_once(corpus, cache=tmp_path / "cache", **SETTINGS).pairs) == before
    assert len(encodings) == 2


def test_a_bad_line_leaves_nothing_in_the_cache(corpus, tmp_path):
    lines = corpus.read_text().splitlines()
    corpus.write_text("\n".join([*lines, "no tab"]))
    with pytest.raises(ValueError, match=r"pairs\.tsv, line 301: no tab"):
        encode_once(corpus, cache=tmp_path / "cache", **SETTINGS)
    assert not (tmp_path / "cache").exists() or list((tmp_path / "cache").iterdir()) == []
