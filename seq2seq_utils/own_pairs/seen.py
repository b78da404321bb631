"""What there is to see in the data before anything is trained."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq_utils.pairs import Splits

MANY_THE_SAME = 0.05  # of the pairs: so many with both sides the same are worth a word
# Where "words" have more characters than this on average, or a sentence hardly more than one of them, there
# are no spaces between words: so it is in Chinese, Japanese and Thai. (Words of the captions have 5 to 6.)
_LONG_WORD, _FEW_WORDS = 15, 1.5


@dataclass(frozen=True)
class Lengths:
    """How long the sentences of a language are."""

    unit: str  # "words", between spaces; or "characters", where there are none between words
    shortest: int
    median: float
    longest: int

    def __str__(self) -> str:
        return f"{self.shortest:,} to {self.longest:,} {self.unit}, median {self.median:g}"


@dataclass(frozen=True)
class Seen:
    """What is in the data."""

    train: int  # pairs
    validation: int
    test: int
    source: Lengths
    target: Lengths
    repeated: int  # training pairs that were there before
    same: int  # of all pairs: those with both sides the same
    validation_in_training: int  # of the pairs those whose source is trained on
    test_in_training: int

    @property
    def pairs(self) -> int:
        """All pairs."""
        return self.train + self.validation + self.test


def look(splits: Splits) -> Seen:
    """Looks at three splits.

    Args:
        splits: none of them empty.
    """
    everything = [pair for part in splits for pair in part]
    trained_on = {pair.source for pair in splits.train}
    in_training = [sum(pair.source in trained_on for pair in part) for part in splits[1:]]
    return Seen(
        train=len(splits.train),
        validation=len(splits.validation),
        test=len(splits.test),
        source=_lengths([pair.source for pair in everything]),
        target=_lengths([pair.target for pair in everything]),
        repeated=len(splits.train) - len({(pair.source, pair.target) for pair in splits.train}),
        same=sum(pair.source == pair.target for pair in everything),
        validation_in_training=in_training[0],
        test_in_training=in_training[1],
    )


def in_words(seen: Seen) -> list[str]:
    """What was seen, a line for each thing; what should make one stop begins with "careful"."""
    lines = [
        f"{seen.pairs:,} pairs: {seen.train:,} to train on, {seen.validation:,} for validation, "
        f"{seen.test:,} for the test",
        f"sources: {seen.source}",
        f"targets: {seen.target}",
        f"training pairs that repeat an earlier one: {seen.repeated:,}",
    ]
    if seen.same > MANY_THE_SAME * seen.pairs:
        lines.append(
            f"careful: in {seen.same:,} of {seen.pairs:,} pairs ({seen.same / seen.pairs:.1%}) both sides "
            "are the same; a model learns to copy from these"
        )
    for name, count in (("validation", seen.validation_in_training), ("test", seen.test_in_training)):
        if count:
            lines.append(
                f"careful: {name} pairs whose source is trained on: {count:,}; scores on these say little "
                "about new sentences"
            )
    return lines


def has_spaces(texts: Sequence[str]) -> bool:
    """Whether the language of some texts puts spaces between its words."""
    words = sum(len(text.split()) for text in texts)
    return words > _FEW_WORDS * len(texts) and sum(map(len, texts)) <= _LONG_WORD * words


def length_in(text: str, unit: str) -> int:
    """How long a text is, in words between spaces or in characters."""
    return len(text.split()) if unit == "words" else len(text)


def _lengths(texts: Sequence[str]) -> Lengths:
    unit = "words" if has_spaces(texts) else "characters"
    found = [length_in(text, unit) for text in texts]
    return Lengths(unit, min(found), statistics.median(found), max(found))
