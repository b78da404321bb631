"""How good a trained model is on pairs that it was not trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from seq2seq_utils.evaluation import metrics
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.own_pairs.lines import translations, written
from seq2seq_utils.own_pairs.seen import has_spaces, length_in
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import UNK_ID, TextCodec
from seq2seq_utils.training.fitting import Measure
from seq2seq_utils.translation import Translation

# Pieces are of small letters, so a translation has no capitals: those of the references do not count.
LOWERCASE = True
_GROUPS = 4  # of sentences, by their length
_SHOWN = 3  # samples of each kind
_RUN = 3  # a piece, or two of them in turn, so many times one after the other is a repetition


@dataclass(frozen=True)
class Sample:
    """A translation to be read."""

    kind: str  # "best", "median" or "worst"
    chrf: float  # of this sentence
    source: str
    reference: str
    translation: str


@dataclass(frozen=True)
class Scores:
    """What was measured on some pairs."""

    texts: list[str]  # the translations; an empty one where the source could not be read
    references: list[str]
    bleu: float
    low: float  # of its 95 % interval
    high: float
    signature: str
    best_possible: float  # the BLEU of the references, cut into pieces and put together again
    chrf: float
    chrf_signature: str
    unit: str  # of the lengths, "words" or "characters"
    by_length: pd.DataFrame  # see `metrics.quality_by_length`
    samples: list[Sample]
    unreadable: int  # sources that could not be read
    unfinished: int  # translations without an end
    unknown: float  # the share of unknown pieces in the sources
    repeating: int  # translations that say something again and again
    shared: int  # translations that another source has, too, with another reference


def check_tokenize(tokenize: str) -> None:
    """Looks whether sacrebleu can cut text in that way, here.

    Raises:
        ValueError: if it does not know the name, or lacks what it needs for it.
    """
    try:
        metrics.bleu(["a"], ["a"], tokenize=tokenize)
    except (ImportError, RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"bleu-tokenize: {tokenize!r} cannot be used here ({reason})") from None


def after_each_epoch(
    pairs: Sequence[SentencePair], codecs: tuple[TextCodec, TextCodec], tokenize: str
) -> Measure:
    """What is measured after each epoch: BLEU and chrF of greedy translations.

    Args:
        pairs: the validation pairs.
        codecs: of the sentences, and of the translations.
        tokenize: see `metrics.bleu`.
    """
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]

    def measure(model: Seq2Seq) -> dict[str, float]:
        texts = [_text(translation) for translation in translations(model, sources, codecs)]
        return {
            "validation_bleu": metrics.bleu(texts, references, LOWERCASE, tokenize).score,
            "validation_chrf": metrics.chrf(texts, references, LOWERCASE).score,
        }

    return measure


def score(
    model: Seq2Seq,
    pairs: Sequence[SentencePair],
    codecs: tuple[TextCodec, TextCodec],
    tokenize: str = "13a",
    beam: int = 1,
) -> Scores:
    """Translates the sources of some pairs, and measures all that the report tells of them.

    A source that cannot be read has an empty translation, which counts like any other.

    Args:
        model: trained.
        pairs: two or more.
        codecs: of the sentences, and of the translations.
        tokenize: see `metrics.bleu`.
        beam: see `translate`.
    """
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    found = translations(model, sources, codecs, beam)
    texts = [_text(translation) for translation in found]
    bleu, chrf = (
        metrics.bleu(texts, references, LOWERCASE, tokenize),
        metrics.chrf(texts, references, LOWERCASE),
    )
    low, high = metrics.bleu_interval(texts, references, lowercase=LOWERCASE, tokenize=tokenize)
    target = codecs[1].tokenizer
    at_best = [target.join(target.tokenize(reference)) for reference in references]
    whole = [translation for translation in found if isinstance(translation, Translation)]
    unit = "words" if has_spaces(sources) else "characters"
    lengths = [length_in(source, unit) for source in sources]
    return Scores(
        texts=texts,
        references=references,
        bleu=bleu.score,
        low=low,
        high=high,
        signature=bleu.signature,
        best_possible=metrics.bleu(at_best, references, LOWERCASE, tokenize).score,
        chrf=chrf.score,
        chrf_signature=chrf.signature,
        unit=unit,
        by_length=metrics.quality_by_length(
            texts, references, lengths, groups(lengths), lowercase=LOWERCASE, tokenize=tokenize
        ),
        samples=_samples(pairs, texts),
        unreadable=len(found) - len(whole),
        unfinished=sum(not translation.reached_end for translation in whole),
        unknown=_share_unknown(sources, codecs[0]),
        repeating=sum(repeats(translation.ids) for translation in whole),
        shared=_shared(references, texts),
    )


def groups(lengths: Sequence[int], count: int = _GROUPS) -> list[tuple[int, int]]:
    """The shortest and the longest of about equally many sentences, from short to long; no group is empty.

    Args:
        lengths: of the sentences, at least one.
        count: how many groups, at most: equal lengths are in one group.
    """
    ordered = sorted(lengths)
    ends = sorted(
        {ordered[round(part * len(ordered) / count) - 1] for part in range(1, count + 1)} | {ordered[-1]}
    )
    starts = [ordered[0], *(end + 1 for end in ends[:-1])]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start <= end]


def repeats(ids: Sequence[int]) -> bool:
    """Whether a piece, or two of them in turn, stand there three times, one after the other."""
    return any(
        list(ids[start : start + length]) * _RUN == list(ids[start : start + length * _RUN])
        for length in (1, 2)
        for start in range(len(ids) - length * _RUN + 1)
    )


def _text(translation: Translation | str) -> str:
    return "" if isinstance(translation, str) else written(translation)


def _share_unknown(sources: Sequence[str], codec: TextCodec) -> float:
    ids = [
        token_id for text in sources for token_id in codec.vocabulary.encode(codec.tokenizer.tokenize(text))
    ]
    return ids.count(UNK_ID) / max(len(ids), 1)


def _shared(references: Sequence[str], texts: Sequence[str]) -> int:
    """Translations that sources with different references share."""
    of_text: dict[str, set[str]] = {}
    for reference, text in zip(references, texts, strict=True):
        of_text.setdefault(text, set()).add(reference)
    counts = Counter(texts)
    return sum(counts[text] for text, found in of_text.items() if text and len(found) > 1)


def _samples(pairs: Sequence[SentencePair], texts: Sequence[str]) -> list[Sample]:
    """The best, the middle and the worst translations by the chrF of the sentence, no pair twice."""
    found = metrics.sentence_chrf(texts, [pair.target for pair in pairs], LOWERCASE)
    order = sorted(range(len(pairs)), key=lambda row: -found[row])
    count = min(_SHOWN, len(order) // 3)
    middle = (len(order) - count) // 2
    kinds = {
        "best": order[:count],
        "median": order[middle : middle + count],
        "worst": order[len(order) - count :],
    }
    return [
        Sample(kind, found[row], pairs[row].source, pairs[row].target, texts[row])
        for kind, rows in kinds.items()
        for row in rows
    ]
