"""Notebook 5's small trainings: their pairs, and the model that all of them begin with."""

import torch

from seq2seq_utils.experiments import small_runs
from seq2seq_utils.grammar import tokenizer
from seq2seq_utils.text import TextCodec, count_words


def test_no_test_pair_is_trained_on():
    train, test = small_runs.pairs()
    assert (len(train), len(test)) == (5_000, 300)
    assert not {pair.source for pair in train} & {pair.source for pair in test}
    assert {count_words(pair.source) for pair in train} == set(range(3, 11))


def test_there_are_fewer_words_than_in_the_whole_grammar_and_more_than_in_the_small_world():
    words = {word for pair in small_runs.pairs()[0] for word in pair.alignment.source_words}
    others = small_runs.generate("french", 5_000, (3, 10), 0)
    fewer = small_runs.generate("french", 5_000, (3, 10), 0, (), 6)
    assert len({word for pair in others for word in pair.alignment.source_words}) > len(words)
    assert len({word for pair in fewer for word in pair.alignment.source_words}) < len(words)


def test_the_same_seed_gives_the_same_model():
    train, _ = small_runs.pairs()
    codecs = (
        TextCodec.build(tokenizer("english"), (pair.source for pair in train)),
        TextCodec.build(tokenizer("french"), (pair.target for pair in train)),
    )
    first, again, other = (small_runs.untrained(*codecs, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(weights, again[name]) for name, weights in first.items())
    assert not torch.equal(first["encoder.embedding.weight"], other["encoder.embedding.weight"])
