"""Batches hold every sentence, its ends marked, and no more padding than need be."""

import re

import pytest
import torch

from seq2seq_utils.batching import BucketSampler, encode_pairs, make_batch, make_loader, pad
from seq2seq_utils.corpus import SentencePair
from seq2seq_utils.text import EOS_ID, PAD_ID, SOS_ID, UNK_ID, TextCodec, Vocabulary, WordTokenizer

TWO_PAIRS = [([5, 6, 7], [8]), ([5], [9, 8])]


# --- What is in a batch ---------------------------------------------------------------------------


def test_special_ids_are_four_different_numbers_and_no_words():
    assert (PAD_ID, SOS_ID, EOS_ID, UNK_ID) == (0, 1, 2, 3)
    assert Vocabulary(["one", "two"]).encode(["one", "two", "three"]) == [4, 5, UNK_ID]


def test_decoder_is_fed_sos_first_and_is_to_say_eos_last():
    batch = make_batch(TWO_PAIRS)
    assert batch.target_input.tolist() == [[SOS_ID, 8, PAD_ID], [SOS_ID, 9, 8]]
    assert batch.target_output.tolist() == [[8, EOS_ID, PAD_ID], [9, 8, EOS_ID]]


def test_source_is_padded_with_pad_alone():
    assert make_batch(TWO_PAIRS).source.tolist() == [[5, 6, 7], [5, PAD_ID, PAD_ID]]


def test_lengths_count_real_tokens_eos_among_them():
    batch = make_batch(TWO_PAIRS)
    assert len(batch) == 2
    assert batch.source_lengths.tolist() == [3, 1]
    assert batch.target_lengths.tolist() == [2, 3]


def test_eos_added_in_preprocessing_and_by_make_batch_gives_equal_tensors(id_pairs):
    preprocessed = [(source, [*target, EOS_ID]) for source, target in id_pairs]
    ours, theirs = make_batch(id_pairs), make_batch(preprocessed, ends_in_eos=True)
    for name in ours.__slots__:
        assert torch.equal(getattr(ours, name), getattr(theirs, name)), name


def test_batch_moves_its_ids_and_keeps_its_lengths_on_the_cpu():
    batch = make_batch(TWO_PAIRS).to("meta")
    on = {name: getattr(batch, name).device.type for name in batch.__slots__}
    assert on == {
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


@pytest.mark.parametrize("pool", [1, 3, 100])
@pytest.mark.parametrize("batch_size", [1, 7, 100, 1000])
def test_every_row_comes_exactly_once_an_epoch(id_pairs, batch_size, pool):
    lengths = [(len(source), len(target)) for source, target in id_pairs]
    sampler = BucketSampler(lengths, batch_size, pool)
    for _ in range(2):
        batches = list(sampler)
        assert sorted(row for rows in batches for row in rows) == list(range(100))
        assert len(batches) == len(sampler) == -(-100 // batch_size)
        assert max(map(len, batches)) == min(batch_size, 100)


def test_loader_gives_every_pair_in_batches(id_pairs):
    found = []
    for batch in make_loader(id_pairs, batch_size=8):
        for source, long, target, longer in zip(
            batch.source, batch.source_lengths, batch.target_input, batch.target_lengths, strict=True
        ):
            found.append((source[:long].tolist(), target[1:longer].tolist()))
    assert sorted(found) == sorted(id_pairs)


def test_each_epoch_has_other_batches(id_pairs):
    loader = make_loader(id_pairs, batch_size=8, pool=4)
    first, second = ({row_of_ids(batch) for batch in loader} for _ in range(2))
    assert first != second


def test_same_seed_same_epochs_and_another_seed_others(id_pairs):
    def two_epochs(seed: int) -> list[str]:
        loader = make_loader(id_pairs, batch_size=8, seed=seed)
        return [row_of_ids(batch) for _ in range(2) for batch in loader]

    assert two_epochs(1) == two_epochs(1)
    assert two_epochs(1) != two_epochs(2)


def test_batches_do_not_come_in_order_of_length(id_pairs):
    lengths = [batch.source.shape[1] for batch in make_loader(id_pairs, batch_size=8, pool=100)]
    assert lengths != sorted(lengths)


def test_buckets_save_more_than_half_of_the_padding(id_pairs):
    def padding(pool: int) -> int:
        loader = make_loader(id_pairs, batch_size=10, pool=pool)
        return sum(int((batch.source == PAD_ID).sum()) for batch in loader)

    assert padding(pool=10) < padding(pool=1) / 2


def row_of_ids(batch) -> str:
    return str(batch.source.tolist())


# --- Bad input ------------------------------------------------------------------------------------


def test_pad_names_the_empty_sentence():
    with pytest.raises(ValueError, match=r"sequences: number 1 is empty; .* at least one token"):
        pad([[4], []])


def test_empty_batch_is_refused():
    with pytest.raises(ValueError, match="there are none; a batch needs at least one sentence"):
        make_batch([])


@pytest.mark.parametrize(
    ("pairs", "ends_in_eos"),
    [
        ([([4], [4]), ([], [4])], False),
        ([([4], [4]), ([4], [])], False),
        ([([4], [4, EOS_ID]), ([4], [EOS_ID])], True),
    ],
    ids=["source", "target", "target of EOS alone"],
)
def test_batch_with_an_empty_sentence_is_refused(pairs, ends_in_eos):
    with pytest.raises(ValueError, match="number 1 is empty"):
        make_batch(pairs, ends_in_eos)


@pytest.mark.parametrize("target", [[4], [EOS_ID, 4], []])
def test_promised_eos_that_is_missing_is_named(target):
    message = re.escape("pairs: the target of number 1 does not end in EOS (2)")
    with pytest.raises(ValueError, match=message):
        make_batch([([4], [4, EOS_ID]), ([4], target)], ends_in_eos=True)


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize("name", ["batch_size", "pool"])
def test_sizes_below_one_are_refused(name, value, id_pairs):
    with pytest.raises(ValueError, match=f"{name}: {value} is not allowed; it must be 1 or more"):
        make_loader(id_pairs, **{name: value})


def test_loader_of_nothing_is_refused():
    with pytest.raises(ValueError, match="pairs: there are none; a loader needs at least one"):
        make_loader([])
