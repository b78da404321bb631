"""How good translations are: exact match and BLEU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sacrebleu.metrics import BLEU


class BleuScore(NamedTuple):
    """A corpus BLEU, 0 to 100, and the signature that says how it was computed."""

    score: float
    signature: str


def exact_match(translations: Sequence[str], references: Sequence[str]) -> float:
    """The share of translations, 0 to 1, that are their reference to the letter.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    _check_parallel(translations, references)
    same = sum(ours == theirs for ours, theirs in zip(translations, references, strict=True))
    return same / len(references)


def bleu(translations: Sequence[str], references: Sequence[str]) -> BleuScore:
    """Corpus BLEU by sacrebleu, one reference a sentence.

    Raises:
        ValueError: if there are none, or not as many of the one as of the other.
    """
    _check_parallel(translations, references)
    metric = BLEU()
    score = metric.corpus_score(list(translations), [list(references)]).score
    return BleuScore(score, str(metric.get_signature()))


def _check_parallel(translations: Sequence[str], references: Sequence[str]) -> None:
    if not references or len(translations) != len(references):
        raise ValueError(
            f"translations, references: {len(translations)} and {len(references)}; there must be one "
            "reference for each translation, and at least one"
        )
