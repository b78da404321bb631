"""What several tests need."""

import random

import pytest
import torch

from seq2seq_utils.batching import IdPair

# The models here are too small to share out among cores: that takes longer, above all where cores are busy.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def start_from_the_same_weights() -> None:
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def no_progress_bars(monkeypatch) -> None:
    monkeypatch.setenv("TQDM_DISABLE", "1")


@pytest.fixture
def id_pairs() -> list[IdPair]:
    """100 pairs of 1 to 12 ids each, for vocabularies of 20 or more."""
    generator = random.Random(0)

    def sentence() -> list[int]:
        return [generator.randrange(4, 20) for _ in range(generator.randint(1, 12))]

    return [(sentence(), sentence()) for _ in range(100)]
