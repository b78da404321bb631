"""What a finished training has to tell: the content of its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from seq2seq_utils.evaluation.audit import Audit
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.own_pairs.files import Kept
from seq2seq_utils.own_pairs.plan import Plan, Request
from seq2seq_utils.own_pairs.scoring import Scores
from seq2seq_utils.own_pairs.seen import Seen
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import History


@dataclass(frozen=True, kw_only=True)
class Content:
    """All that the report is made from.

    Args:
        request: what was asked for.
        plan: what was planned.
        seen: what is in the data.
        left_out: of training and of validation, what could be used.
        history: of the training.
        losses: per token, in nats, on some training pairs and on the validation pairs, measured alike.
        scores: by the name of the split, validation and test.
        audit: of the trained model.
        model: the trained model, on the CPU.
        codecs: of the sentences, and of the translations.
        test: those of its pairs that can be read.
        machine: what it was trained on.
    """

    request: Request
    plan: Plan
    seen: Seen
    left_out: tuple[Kept, Kept]
    history: History
    losses: tuple[float, float]
    scores: Mapping[str, Scores]
    audit: Audit
    model: Seq2Seq
    codecs: tuple[TextCodec, TextCodec]
    test: list[SentencePair]
    machine: Mapping[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """How it was made, by name: the recipe, and the machine."""
        made_with = {
            "seed": self.request.seed,
            "vocabularies": [len(codec.vocabulary) for codec in self.codecs],
        }
        return {**asdict(self.plan.recipe), **made_with, **self.machine}
