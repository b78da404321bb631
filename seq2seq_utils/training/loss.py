"""The loss: per token, END among them and padding not."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from seq2seq_utils.batching import Batch
from seq2seq_utils.models import Seq2Seq, evaluation_mode
from seq2seq_utils.text import PAD_ID


def token_loss(logits: Tensor, target_output: Tensor, label_smoothing: float = 0.0) -> tuple[Tensor, int]:
    """The summed cross-entropy, in nats, of the real target tokens, EOS among them and PAD not.

    Args:
        logits: (batch, target_len, vocabulary_size).
        target_output: (batch, target_len).
        label_smoothing: the share of the probability that the loss wants spread over all tokens alike, which
            keeps the model from being driven to certainty.

    Returns:
        The sum and the number of tokens; divide the one by the other for a loss per token.
    """
    total = nn.functional.cross_entropy(
        logits.flatten(0, 1),
        target_output.flatten(),
        ignore_index=PAD_ID,
        reduction="sum",
        label_smoothing=label_smoothing,
    )
    return total, int((target_output != PAD_ID).sum())


@torch.no_grad()
def evaluate_loss(model: Seq2Seq, batches: Iterable[Batch]) -> float:
    """The teacher-forced loss per token, in nats, over everything that `batches` gives.

    One sum over the whole set is divided by one count: a mean of batch means would depend on how the
    sentences fall into batches. `math.exp` of it is the perplexity.

    Raises:
        ValueError: if there are no batches.
    """
    total, count = 0.0, 0
    with evaluation_mode(model):
        for batch in batches:
            batch = batch.to(model.device)
            logits = model(batch.source, batch.source_lengths, batch.target_input)
            loss, tokens = token_loss(logits, batch.target_output)
            total, count = total + loss.item(), count + tokens
    if count == 0:
        raise ValueError("batches: there are none; there must be at least one")
    return total / count
