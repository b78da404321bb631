"""A task that a small model learns in seconds: to write a sentence backwards."""

import random

from seq2seq_utils.batching import make_batch, make_loader
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.training import Settings, fit
from seq2seq_utils.translation import greedy


def learn_backwards(
    model: Seq2Seq, train: int, unseen: int, longest: int, batch_size: int, settings: Settings
) -> tuple[int, int]:
    """Trains on sentences of 2 to so many words, of 8 kinds, and translates others.

    Args:
        model: of 12 tokens on either side, 4 of them special ones.
        train: how many sentences to train on.
        unseen: how many others are drawn; those that training has are left out.
        longest: words.
        batch_size: sentences.
        settings: of the training.

    Returns:
        How many of the others come out right, and how many there are.
    """
    generator = random.Random(0)
    sentences = [
        generator.choices(range(4, 12), k=generator.randint(2, longest)) for _ in range(train + unseen)
    ]
    pairs = [(sentence, sentence[::-1]) for sentence in sentences]
    fit(model, make_loader(pairs[:train], batch_size=batch_size), settings)
    others = [pair for pair in pairs[train:] if pair not in pairs[:train]]
    batch = make_batch(others)
    found = greedy(model.eval(), batch.source, batch.source_lengths, [10] * len(others))
    return sum(each.ids == target for each, (_, target) in zip(found, others, strict=True)), len(others)
