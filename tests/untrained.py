"""Models that nothing has trained, for tests of what is measured on a model."""

from collections.abc import Callable, Sequence

import torch

from seq2seq_utils.batching import make_batch
from seq2seq_utils.experiments import Trained
from seq2seq_utils.grammar import tokenizer
from seq2seq_utils.models import Encoded, Seq2Seq
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import History


def untrained(make: Callable[..., Seq2Seq], pairs: Sequence[SentencePair]) -> Trained:
    """A small model of English and French, made by `plain_model` or `attention_model`."""
    english = TextCodec.build(tokenizer("english"), [pair.source for pair in pairs])
    french = TextCodec.build(tokenizer("french"), [pair.target for pair in pairs])
    torch.manual_seed(0)
    model = make(len(english.vocabulary), len(french.vocabulary), embedding_size=8, hidden_size=16)
    return Trained(model.eval(), english, french, History([]))


def with_random_weights(model: Seq2Seq) -> Seq2Seq:
    """Random weights everywhere: as they are at first attention is (nearly) uniform, and hides mistakes."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


def encode(model: Seq2Seq, *sentences: list[int]) -> Encoded:
    """What the encoder makes of sentences as one padded batch."""
    batch = make_batch([(sentence, [4]) for sentence in sentences])
    return model.encoder(batch.source, batch.source_lengths)
