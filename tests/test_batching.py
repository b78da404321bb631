"""Batches hold every sentence, its ends marked, and no more padding than need be."""

import dataclasses
import itertools
import random
import re

import pytest
import torch

from seq2seq_utils.batching import (
    SEED_OFFSET_VARIABLE,
    Batch,
    BucketSampler,
    RecutPairs,
    encode_pairs,
    make_batch,
    make_loader,
    moved_seed,
    pad,
)
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import (
    EOS_ID,
    PAD_ID,
    SOS_ID,
    UNK_ID,
    SubwordTokenizer,
    TextCodec,
    Vocabulary,
    WordTokenizer,
)

TWO_PAIRS = [([5, 6, 7], [8]), ([5], [9, 8])]


def contents(batch: Batch) -> str:
    return str(batch.source.tolist())


# --- What is in a batch ---------------------------------------------------------------------------


def test_special_ids_are_four_different_numbers_and_no_words():
    assert (PAD_ID, SOS_ID, EOS_ID, UNK_ID) == (0, 1, 2, 3)
    assert Vocabulary(["one", "two"]).encode(["one", "two", "three"]) == [4, 5, UNK_ID]


def test_a_batch_is_padded_fed_sos_first_and_should_predict_eos_last():
    batch = make_batch(TWO_PAIRS)
    assert len(batch) == 2
    assert batch.source.tolist() == [[5, 6, 7], [5, PAD_ID, PAD_ID]]
    assert batch.target_input.tolist() == [[SOS_ID, 8, PAD_ID], [SOS_ID, 9, 8]]
    assert batch.target_output.tolist() == [[8, EOS_ID, PAD_ID], [9, 8, EOS_ID]]
    assert batch.source_lengths.tolist() == [3, 1]
    assert batch.target_lengths.tolist() == [2, 3], "EOS counts"
    assert all(ids.is_contiguous() for ids in (batch.source, batch.target_input, batch.target_output))


def test_eos_added_in_preprocessing_and_by_make_batch_gives_equal_tensors(id_pairs):
    preprocessed = make_batch([(source, [*target, EOS_ID]) for source, target in id_pairs], ends_in_eos=True)
    added = make_batch(id_pairs)
    names = [field.name for field in dataclasses.fields(Batch)]
    assert [
        name for name in names if not torch.equal(getattr(added, name), getattr(preprocessed, name))
    ] == []


def test_batch_moves_its_ids_and_keeps_its_lengths_on_the_cpu():
    batch = make_batch(TWO_PAIRS).to("meta")
    devices = {field.name: getattr(batch, field.name).device.type for field in dataclasses.fields(Batch)}
    assert devices == {
        "source": "meta",
        "source_lengths": "cpu",
        "target_input": "meta",
        "target_output": "meta",
        "target_lengths": "cpu",
    }


def test_encode_pairs_gives_ids_without_special_ones():
    pair = SentencePair("a b", "c c d")
    source = TextCodec.build(WordTokenizer(), [pair.source])
    target = TextCodec.build(WordTokenizer(), [pair.target])
    assert encode_pairs([pair], source, target) == [([4, 5], [4, 4, 5])]


# --- How rows are dealt to batches ----------------------------------------------------------------


def test_every_row_comes_exactly_once_an_epoch(id_pairs):
    lengths = [(len(source), len(target)) for source, target in id_pairs]
    wrong = []
    for batch_size in (1, 7, 100, 1000):
        for pool in (1, 3, 100):
            sampler = BucketSampler(lengths, batch_size, pool)
            for epoch in range(2):
                batches = list(sampler)
                rows = sorted(row for rows in batches for row in rows)
                sizes = sorted(map(len, batches), reverse=True)
                full, rest = divmod(100, batch_size)
                if (
                    rows != list(range(100))
                    or sizes != [batch_size] * full + [rest] * (rest > 0)
                    or len(sampler) != len(batches)
                ):
                    wrong.append((batch_size, pool, epoch, sizes))
    assert wrong == []


def test_loader_gives_every_pair_in_batches(id_pairs):
    pairs = []
    for batch in make_loader(id_pairs, batch_size=8):
        for source, long, target, longer in zip(
            batch.source, batch.source_lengths, batch.target_input, batch.target_lengths, strict=True
        ):
            pairs.append((source[:long].tolist(), target[1:longer].tolist()))
    assert sorted(pairs) == sorted(id_pairs)


def test_the_seed_decides_the_epochs_which_differ_from_each_other(id_pairs):
    def two_epochs(**settings: int) -> list[list[str]]:
        loader = make_loader(id_pairs, batch_size=8, **settings)
        return [[contents(batch) for batch in loader] for _ in range(2)]

    assert two_epochs(seed=1) == two_epochs(seed=1) != two_epochs(seed=2)
    assert two_epochs() == two_epochs(seed=0, pool=20)
    first, second = two_epochs(seed=1, pool=4)
    assert set(first) != set(second)


def test_a_variable_moves_the_seeds_of_loaders(id_pairs, monkeypatch):
    def orders() -> list[list[list[int]]]:
        lengths = [(len(source), len(target)) for source, target in id_pairs]
        loader = make_loader(id_pairs, batch_size=8, seed=2)
        return [list(loader.batch_sampler), list(BucketSampler(lengths, batch_size=8, seed=2))]

    monkeypatch.delenv(SEED_OFFSET_VARIABLE, raising=False)
    assert moved_seed(7) == 7
    usual, later = orders(), list(make_loader(id_pairs, batch_size=8, seed=5).batch_sampler)
    for offset, expected in (("", usual), ("0", usual), ("3", [later, later])):
        monkeypatch.setenv(SEED_OFFSET_VARIABLE, offset)
        assert orders() == expected, offset
    assert usual != [later, later]
    assert make_loader(id_pairs, seed=2).batch_sampler.seed == 5  # what a checkpoint is told apart by


def test_an_offset_that_is_no_whole_number_is_refused_by_name(id_pairs, monkeypatch):
    for offset in ("-1", "1.5", "one", " 1", "1_0", "²"):
        monkeypatch.setenv(SEED_OFFSET_VARIABLE, offset)
        with pytest.raises(ValueError, match=f"^SEQ2SEQ_SEED_OFFSET: '{re.escape(offset)}' is not allowed"):
            make_loader(id_pairs)


def test_buckets_save_more_than_half_of_the_padding_and_do_not_come_in_order_of_length(id_pairs):
    def epoch(pool: int) -> list[Batch]:
        return list(make_loader(id_pairs, batch_size=10, pool=pool))

    def padding(pool: int) -> int:
        return sum(int((batch.source == PAD_ID).sum()) for batch in epoch(pool))

    assert padding(pool=10) < padding(pool=1) / 2
    assert padding(pool=10) < padding(pool=3) < padding(pool=1)
    lengths = [batch.source.shape[1] for batch in epoch(pool=10)]
    assert lengths not in (sorted(lengths), sorted(lengths, reverse=True))


def test_the_order_is_that_of_plain_lists():
    """A training gives the same numbers as when rows were shuffled and sorted in lists."""

    def epoch(generator: random.Random, lengths, batch_size: int, pool: int) -> list[list[int]]:
        rows = list(range(len(lengths)))
        generator.shuffle(rows)
        batches = []
        for start in range(0, len(rows), pool * batch_size):
            together = sorted(rows[start : start + pool * batch_size], key=lengths.__getitem__)
            batches += [together[at : at + batch_size] for at in range(0, len(together), batch_size)]
        generator.shuffle(batches)
        return batches

    lengths = [(number % 7 + 1, number * number % 5 + 1) for number in range(103)]
    for batch_size, pool in ((1, 1), (8, 3), (10, 1), (7, 20), (200, 2)):
        sampler, generator = BucketSampler(lengths, batch_size, pool, seed=5), random.Random(5)
        for _ in range(2):
            batches = list(sampler)
            assert batches == epoch(generator, lengths, batch_size, pool), (batch_size, pool)
            assert {type(row) for rows in batches for row in rows} == {int}  # as `RecutPairs` writes them


def test_rows_of_equal_source_length_are_together_by_target_length(id_pairs):
    pairs = [([5] * 4, target) for _, target in id_pairs]
    batches = list(make_loader(pairs, batch_size=10, pool=10))
    spans = sorted((int(batch.target_lengths.min()), int(batch.target_lengths.max())) for batch in batches)
    assert all(longest <= shortest for (_, longest), (shortest, _) in itertools.pairwise(spans))


# --- The place in the order -----------------------------------------------------------------------


def test_a_loader_goes_on_from_any_place_of_any_epoch_of_another(id_pairs):
    def loader(seed: int = 3):
        return make_loader(id_pairs, batch_size=16, seed=seed)  # seven batches

    whole = loader()
    epochs = [[contents(batch) for batch in whole] for _ in range(3)]
    wrong = []
    for stop in range(15):  # two epochs and a batch, so that both edges are among the places
        first, batches, place = loader(), [], None
        while len(batches) < stop:
            for batch in first:
                batches.append(contents(batch))
                place = first.state_dict()
                if len(batches) == stop:
                    break
        second = loader(seed=99)
        second.load_state_dict(place or first.state_dict())
        while len(batches) < 21:
            batches += [contents(batch) for batch in second]
        if batches != [*epochs[0], *epochs[1], *epochs[2]]:
            wrong.append(stop)
    assert wrong == []


def test_only_an_epoch_that_is_gone_through_moves_the_order(id_pairs):
    whole = make_loader(id_pairs, batch_size=16, seed=3)
    epochs = [[contents(batch) for batch in whole] for _ in range(2)]

    looked_into = make_loader(id_pairs, batch_size=16, seed=3)
    for epoch in epochs:
        next(iter(looked_into))
        for _, _ in zip(range(3), looked_into, strict=False):
            pass
        assert [contents(batch) for batch in looked_into] == epoch

    resumed = make_loader(id_pairs, batch_size=16)
    started = iter(whole)
    batches = [contents(next(started)) for _ in range(2)]
    resumed.load_state_dict(whole.state_dict())
    next(iter(resumed))
    assert [*batches, *map(contents, resumed)] == [*batches, *map(contents, started)]


def test_two_iterations_at_once_are_the_same_epoch_and_the_place_is_that_of_the_last_batch_given(id_pairs):
    loader = make_loader(id_pairs, batch_size=16, seed=3)
    outer = iter(loader)
    first = [contents(next(outer)), contents(next(outer))]
    assert [contents(batch) for batch in loader][:2] == first
    next(outer)
    place = loader.state_dict()
    rest = [contents(batch) for batch in outer]
    other = make_loader(id_pairs, batch_size=16)
    other.load_state_dict(place)
    assert [contents(batch) for batch in other] == rest
    assert [contents(batch) for batch in other] == [contents(batch) for batch in loader]


def test_shuffling_draws_nothing_from_the_random_numbers_of_training(id_pairs):
    before = torch.get_rng_state()
    list(make_loader(id_pairs))
    assert torch.equal(torch.get_rng_state(), before)


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pad([[4], []]), "sequences: number 1 is empty; a sentence needs at least one token"),
        (lambda: pad([]), "sequences: there are none; a batch needs at least one sentence"),
        (lambda: make_batch([]), "there are none; a batch needs at least one sentence"),
        (lambda: make_loader([]), "pairs: there are none; a loader needs at least one"),
        (lambda: make_batch([([4], [4]), ([], [4])]), "number 1 is empty"),
        (lambda: make_batch([([4], [4]), ([4], [])]), "the target of number 1 is empty"),
        (
            lambda: make_batch([([4], [4, 2]), ([4], [2])], ends_in_eos=True),
            "the target of number 1 is empty",
        ),
        (
            lambda: make_loader([([4], [4])], batch_size=0),
            "batch_size: 0 is not allowed; it must be 1 or more",
        ),
        (lambda: make_loader([([4], [4])], batch_size=-1), "batch_size: -1 is not allowed"),
        (lambda: make_loader([([4], [4])], pool=0), "pool: 0 is not allowed; it must be 1 or more"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("target", [[4], [EOS_ID, 4], []])
def test_promised_eos_that_is_missing_is_named(target):
    message = re.escape("pairs: the target of number 1 does not end in EOS (2)")
    with pytest.raises(ValueError, match=message):
        make_batch([([4], [4, EOS_ID]), ([4], target)], ends_in_eos=True)


def test_special_ids_inside_a_sentence_are_refused_wherever_they_stand():
    make_batch([([UNK_ID], [UNK_ID])])  # an unknown word is a word
    accepted = []
    for special in (PAD_ID, SOS_ID, EOS_ID):
        for sentence in ([special, 4, 5], [4, special, 5], [4, 5, special], [special]):
            for side in ("source", "target"):
                pair = (sentence, [4]) if side == "source" else ([4], sentence)
                for ends_in_eos in (False, True):
                    ends = [EOS_ID] if ends_in_eos else []
                    pairs = [([6, 7, 8, 9], [6, *ends]), (pair[0], [*pair[1], *ends]), ([6], [6, *ends])]
                    try:
                        make_batch(pairs, ends_in_eos)
                        accepted.append((side, sentence, ends_in_eos))
                    except ValueError as error:
                        if f"the {side} of number 1 has the id {special} " not in str(error):
                            accepted.append((side, sentence, ends_in_eos, str(error)))
    assert accepted == []


# --- Pieces cut anew ------------------------------------------------------------------------------

SENTENCES = [
    SentencePair(f"the {adjective} cat sees the {noun}.", f"the {noun} is seen by the {adjective} cat.")
    for adjective in ("small", "large", "old", "young")
    for noun in ("house", "horse", "mouse", "moose", "tree")
]


@pytest.fixture(scope="module")
def codecs() -> tuple[TextCodec, TextCodec]:
    subwords = SubwordTokenizer.train([pair.source for pair in SENTENCES] * 5, 40)
    codec = TextCodec(subwords, Vocabulary(subwords.pieces))
    return codec, codec


def epochs(loader, count: int = 2) -> list[list[str]]:
    return [[contents(batch) for batch in loader] for _ in range(count)]


def test_pieces_are_cut_anew_in_each_epoch_and_spell_the_same_sentences(codecs):
    loader = make_loader(RecutPairs(SENTENCES, codecs, 0.3, seed=1), batch_size=4, seed=1)
    spelled = []
    for _ in range(2):
        batches = list(loader)
        spelled.append({codecs[0].decode(row) for batch in batches for row in batch.source.tolist()})
        assert len(batches) == 5
    assert spelled == [{pair.source for pair in SENTENCES}] * 2
    first, second = epochs(loader)
    assert not set(first) & set(second)


def test_sentences_of_a_batch_are_cut_apart_from_each_other(codecs):
    pairs = RecutPairs([SENTENCES[0]] * 8, codecs, 0.3, seed=1)
    assert len({tuple(source) for source, _ in pairs.__getitems__(list(range(8)))}) > 1


def test_the_seed_decides_how_pieces_are_cut(codecs, monkeypatch):
    def loader(seed: int, dropout: float = 0.3):
        return make_loader(RecutPairs(SENTENCES, codecs, dropout, seed), batch_size=4, seed=1)

    assert epochs(loader(1)) == epochs(loader(1))
    assert epochs(loader(1)) != epochs(loader(2))
    assert epochs(loader(1, 0.0)) == epochs(make_loader(encode_pairs(SENTENCES, *codecs), 4, seed=1))
    digests = {loader(1).dataset.digest, loader(2).dataset.digest, loader(1, 0.2).dataset.digest}
    assert len(digests) == 3
    plain = epochs(loader(1))
    monkeypatch.setenv(SEED_OFFSET_VARIABLE, "1")
    assert RecutPairs(SENTENCES, codecs, 0.3, 1).seed == 2
    assert epochs(loader(1)) != plain


def test_pieces_are_cut_alike_when_an_epoch_is_resumed(codecs):
    def loader():
        return make_loader(RecutPairs(SENTENCES, codecs, 0.3, seed=1), batch_size=4, seed=1)

    first, second = loader(), loader()
    batches = iter(first)
    seen = [contents(next(batches)) for _ in range(2)]
    second.load_state_dict(first.state_dict())
    assert [*seen, *(contents(batch) for batch in second)] == [contents(batch) for batch in loader()]


def test_words_cannot_be_cut_anew(codecs):
    words = TextCodec.build(WordTokenizer(), [pair.target for pair in SENTENCES])
    with pytest.raises(ValueError, match=r"^codecs: words cannot be cut in another way"):
        RecutPairs(SENTENCES, (codecs[0], words), 0.3, seed=1)
