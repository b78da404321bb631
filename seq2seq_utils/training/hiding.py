"""Word dropout: words that training hides, so that a model learns to do without any single one."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from seq2seq_utils.batching import Batch
from seq2seq_utils.text import UNK_ID


def hide_words(batch: Batch, share: float) -> Batch:
    """A batch in which some words, drawn anew each time, are UNK, in the sentences and in what is fed.

    What the decoder should predict stays as it is. UNK so gets a vector even where no word is unknown, as
    with subwords.

    Args:
        batch: on the CPU.
        share: the probability of each word; at 0 the batch is given back, and no random number drawn.
    """
    if share == 0:
        return batch

    def hide(ids: Tensor) -> Tensor:
        is_word = ids >= UNK_ID
        return ids.masked_fill(is_word & (torch.rand(ids.shape) < share), UNK_ID)

    return replace(batch, source=hide(batch.source), target_input=hide(batch.target_input))
