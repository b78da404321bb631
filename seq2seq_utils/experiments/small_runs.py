"""What notebook 5 trains in a quarter of a minute, more than once from the same beginning.

A world between the two of `lengths`: with one noun, verb and adjective in three.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from seq2seq_utils.experiments.attention import COMPARED
from seq2seq_utils.grammar import generate
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import Settings, seed_everything

ONE_WORD_IN = 3
SETTINGS = Settings(epochs=4, learning_rate=1e-2)


def sentences(
    count: int, lengths: tuple[int, int], seed: int, exclude: Iterable[SentencePair] = ()
) -> list[SentencePair]:
    """Pairs, English and French, of that world (see `grammar.generate`).

    Args:
        count: how many.
        lengths: the fewest and the most words of the English sentences.
        seed: of the choice.
        exclude: pairs that must not be among them.
    """
    return generate("french", count, lengths, seed, exclude, ONE_WORD_IN)


@lru_cache(maxsize=1)
def pairs() -> tuple[list[SentencePair], list[SentencePair]]:
    """5,000 pairs of 3 to 10 words to train on, and 300 others to test on."""
    train = sentences(5_000, (3, 10), 0)
    return train, sentences(300, (3, 10), 200, train)


def untrained(source_codec: TextCodec, target_codec: TextCodec, seed: int = 0) -> Seq2Seq:
    """An untrained attention model of the sizes that notebook 5 trains; the same for the same seed."""
    seed_everything(seed)
    return COMPARED.arms["×1"].make(len(source_codec.vocabulary), len(target_codec.vocabulary))
