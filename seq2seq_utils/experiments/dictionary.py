"""A translator without a network: word by word, with a look at both neighbours; notebook 2 begins with it."""

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
Key = tuple[str, str, str]  # the word before, the word, the word after; "*" is any word
Entry = tuple[str, ...]  # the French words that stand for an English one: one, several, or none

SIDES: tuple[Side, ...] = ("left", "right")
BOTH, PREVIOUS, NEXT, ALONE = range(4)  # the places of the keys that `contexts` gives
# In which order a word is looked up; the first key that training had decides.
ORDERS = {
    "previous word first": (BOTH, PREVIOUS, NEXT, ALONE),
    "next word first": (BOTH, NEXT, PREVIOUS, ALONE),
    "word alone": (ALONE,),
}


@dataclass(frozen=True)
class Dictionary:
    """Writes an entry in place of each word, from left to right, and moves nothing.

    Args:
        entries: the most frequent entry of each key.
        side: which way of making entries these are; see `entries`.
        order: which keys are tried, in this order: places in what `contexts` gives.
        source_tokenizer: it cuts the sentences.
        target_tokenizer: it joins the French words.
    """

    entries: Mapping[Key, Entry]
    side: Side
    order: Sequence[int]
    source_tokenizer: Tokenizer
    target_tokenizer: Tokenizer

    def look_up(self, sentence: str) -> Iterator[tuple[Entry, int | None]]:
        """For each word its entry, and by which key: the key's place in `contexts`, None if none was seen."""
        for keys in contexts(self.source_tokenizer.tokenize(sentence)):
            found = next((place for place in self.order if keys[place] in self.entries), None)
            yield ((), None) if found is None else (self.entries[keys[found]], found)

    def translate(self, sentence: str) -> str:
        """The entries of all words, side by side."""
        return self.target_tokenizer.join([word for entry, _ in self.look_up(sentence) for word in entry])


def choose(
    train: Iterable[SentencePair], validation: Sequence[SentencePair]
) -> tuple[Dictionary, dict[tuple[Side, str], float]]:
    """The best of six dictionaries on the validation pairs: two ways of making entries, three orders.

    Args:
        train: pairs of the French grammar, which have an alignment.
        validation: likewise.

    Returns:
        The dictionary, and the exact match of all six, 0 to 100, by side and name of the order.

    Raises:
        ValueError: if a pair has no alignment.
    """
    pairs, source_tokenizer, target_tokenizer = list(train), tokenizer("english"), tokenizer("french")
    references = [pair.target for pair in validation]
    made: dict[tuple[Side, str], Dictionary] = {}
    scores: dict[tuple[Side, str], float] = {}
    for side in SIDES:
        most_frequent = _most_frequent_entries(pairs, side)
        for name, order in ORDERS.items():
            dictionary = Dictionary(most_frequent, side, order, source_tokenizer, target_tokenizer)
            found = [dictionary.translate(pair.source) for pair in validation]
            made[side, name] = dictionary
            scores[side, name] = 100 * exact_match(found, references)
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


def contexts(words: Sequence[str]) -> Iterator[list[Key]]:
    """For each word the keys that it may be looked up by: between both neighbours, with one, alone."""
    padded = ["", *words, ""]
    for before, word, after in zip(padded, words, padded[2:], strict=False):
        yield [(before, word, after), (before, word, "*"), ("*", word, after), ("*", word, "*")]


def reasons(dictionary: Dictionary, pairs: Sequence[SentencePair]) -> dict[str, int]:
    """How many sentences are right, and what the wrong entries of the others were chosen by.

    Args:
        dictionary: it is tried.
        pairs: with alignments, which give the right entries.

    Returns:
        ``"right"``; ``"wrong, all by both neighbours"``: each wrong entry was the most frequent between its
        two neighbours; ``"wrong, some by less"``: for some word no entry was seen between them.

    Raises:
        ValueError: if a pair has no alignment.
    """
    counts = dict.fromkeys(("right", "wrong, all by both neighbours", "wrong, some by less"), 0)
    for pair in pairs:
        chosen = zip(dictionary.look_up(pair.source), entries(pair, dictionary.side), strict=True)
        wrong = [place for (entry, place), right in chosen if entry != right]
        if dictionary.translate(pair.source) == pair.target:
            counts["right"] += 1
        elif all(place == BOTH for place in wrong):
            counts["wrong, all by both neighbours"] += 1
        else:
            counts["wrong, some by less"] += 1
    return counts


def _most_frequent_entries(pairs: Iterable[SentencePair], side: Side) -> dict[Key, Entry]:
    counts: Counter[tuple[Key, Entry]] = Counter()
    for pair in pairs:
        for keys, entry in zip(contexts(_alignment(pair).source_words), entries(pair, side), strict=True):
            counts.update((key, entry) for key in keys)
    ascending = sorted(counts.items(), key=lambda item: item[1])
    return {key: entry for (key, entry), _ in ascending}  # the most frequent one comes last, and stays


def _alignment(pair: SentencePair) -> Alignment:
    if pair.alignment is None:
        raise ValueError(f"pair: {pair.source!r} has no alignment; take pairs that the grammar wrote")
    return pair.alignment
