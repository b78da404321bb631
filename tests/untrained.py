"""Models that nothing has trained, for tests of what is measured on a model."""

from collections.abc import Callable, Sequence

import torch

from seq2seq_utils.experiments import Trained
from seq2seq_utils.grammar import tokenizer
from seq2seq_utils.models import Seq2Seq
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
