"""A translator without a network: word by word, with a look at the words around; notebook 2 opens with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from seq2seq_utils.evaluation.metrics import exact_match
from seq2seq_utils.grammar import tokenizer
from seq2seq_utils.pairs import Alignment, SentencePair
from seq2seq_utils.text import Tokenizer

Side = Literal["left", "right"]
Window = tuple[str, ...]  # a word with words around it, as many before as behind it, or one more before it
Entry = tuple[str, ...]  # the French words that stand for an English one: one, several, or none

SIDES: tuple[Side, ...] = ("left", "right")
REACHES = (0, 1, 2, 3)  # how many words on each side a dictionary may look at


@dataclass(frozen=True)
class Dictionary:
    """Writes an entry in place of each word, from left to right, and moves nothing.

    Args:
        entries: the most frequent entry of each window.
        side: which way of making entries these are; see `entries`.
        reach: how many words on each side it looks at, at most; the widest window that training had decides.
        source_tokenizer: it cuts the sentences.
        target_tokenizer: it joins the French words.
    """

    entries: Mapping[Window, Entry]
    side: Side
    reach: int
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer

    def look_up(self, sentence: str) -> Iterator[tuple[Entry, Window | None]]:
        """For each word its entry, and the window that gave it; None if training has not got the word."""
        for tried in windows(self.source_tokenizer.tokenize(sentence), self.reach):
            found = next((window for window in tried if window in self.entries), None)
            yield ((), None) if found is None else (self.entries[found], found)

    def translate(self, sentence: str) -> str:
        """The entries of all words, side by side."""
        return self.target_tokenizer.join([word for entry, _ in self.look_up(sentence) for word in entry])


def choose(
    train: Iterable[SentencePair], validation: Sequence[SentencePair]
) -> tuple[Dictionary, dict[tuple[Side, int], float]]:
    """The best of eight dictionaries on the validation pairs: two ways of making entries, four reaches.

    Args:
        train: pairs of the French grammar, which have an alignment.
        validation: likewise.

    Returns:
        The dictionary, and the exact match of all eight, 0 to 100, by side and reach.

    Raises:
        ValueError: if a pair has no alignment.
    """
    pairs, source_tokenizer, target_tokenizer = list(train), tokenizer("english"), tokenizer("french")
    references = [pair.target for pair in validation]
    made: dict[tuple[Side, int], Dictionary] = {}
    scores: dict[tuple[Side, int], float] = {}
    for side in SIDES:
        most_frequent = _most_frequent_entries(pairs, side)
        for reach in REACHES:
            dictionary = Dictionary(most_frequent, side, reach, source_tokenizer, target_tokenizer)
            found = [dictionary.translate(pair.source) for pair in validation]
            made[side, reach] = dictionary
            scores[side, reach] = 100 * exact_match(found, references)
    return made[max(scores, key=lambda tried: scores[tried])], scores


def links(pair: SentencePair) -> list[list[int]]:
    """For each French word the places of the English words linked to it; possible links where none is sure.

    Raises:
        ValueError: if the pair has no alignment.
    """
    alignment = _alignment(pair)
    found = []
    for place in range(len(alignment.target_words)):
        sure = [source for source, target in alignment.sure if target == place]
        found.append(sure or [source for source, target in alignment.possible if target == place])
    return found


def entries(pair: SentencePair, side: Side) -> list[Entry]:
    """For each English word its entry, so that the entries side by side are the French sentence.

    French words may stand in another order than the English ones they are linked to. So ``"right"`` puts
    each at the last English word that it, or any French word before it, is linked to; ``"left"`` at the
    first that it, or any French word behind it, is linked to.

    Raises:
        ValueError: if the pair has no alignment.
    """
    alignment = _alignment(pair)
    if side == "right":
        places = list(accumulate(map(max, links(pair)), max))
    else:
        places = list(accumulate(map(min, reversed(links(pair))), min))[::-1]
    found: list[list[str]] = [[] for _ in alignment.source_words]
    for place, word in zip(places, alignment.target_words, strict=True):
        found[place].append(word)
    return [tuple(words) for words in found]


def windows(words: Sequence[str], reach: int) -> Iterator[list[Window]]:
    """For each word the windows that it may be looked up by: the widest first, the word alone last.

    Each is a word narrower than the one before, now behind, now before the word; so an even window has one
    word more before it. Outside the sentence stands an empty text.
    """
    padded = [""] * reach + list(words) + [""] * reach
    for place in range(reach, reach + len(words)):
        widths = range(2 * reach + 1, 0, -1)
        yield [tuple(padded[place - width // 2 : place + (width + 1) // 2]) for width in widths]


def seen_windows(dictionary: Dictionary, pairs: Iterable[SentencePair]) -> dict[int, float]:
    """For each reach the share of the words, in %, whose whole window was seen in training."""
    counts: Counter[int] = Counter()
    total = 0
    for pair in pairs:
        for tried in windows(dictionary.source_tokenizer.tokenize(pair.source), max(REACHES)):
            total += 1
            counts.update(reach for reach in REACHES if tried[-1 - 2 * reach] in dictionary.entries)
    return {reach: 100 * counts[reach] / total for reach in REACHES}


def _most_frequent_entries(pairs: Iterable[SentencePair], side: Side) -> dict[Window, Entry]:
    counts: dict[tuple[Window, Entry], int] = {}
    for pair in pairs:
        around = windows(_alignment(pair).source_words, max(REACHES))
        for tried, entry in zip(around, entries(pair, side), strict=True):
            for window in tried:
                counts[window, entry] = counts.get((window, entry), 0) + 1
    ascending = sorted(counts.items(), key=lambda item: item[1])
    return {window: entry for (window, entry), _ in ascending}  # the most frequent one comes last, and stays


def _alignment(pair: SentencePair) -> Alignment:
    if pair.alignment is None:
        raise ValueError(f"pair: {pair.source!r} has no alignment; take pairs that the grammar wrote")
    return pair.alignment
