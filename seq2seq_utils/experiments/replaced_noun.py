"""A noun that is replaced while a translation is being written: the sentences, and how a model goes on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from seq2seq_utils.batching import pad
from seq2seq_utils.experiments.experiment import Trained
from seq2seq_utils.experiments.stored import Results
from seq2seq_utils.grammar import Meaning, Sampler, lexicon, say, tokenizer
from seq2seq_utils.grammar.chance import Chance
from seq2seq_utils.grammar.meaning import NounPhrase
from seq2seq_utils.models import evaluation_mode
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import SOS_ID, WordTokenizer

LIMIT = 30  # tokens of a continuation
WORDS = WordTokenizer()

# What may become of an item, as a letter in what is stored: it is asked where the model translates the
# unchanged sentence rightly; `right` and `wrong` are of items whose two continuations are the same.
NOT_ASKED = "-"
OUTCOMES = {"-": "not asked", "o": "old", "n": "new", "x": "neither", "r": "right", "w": "wrong"}


@dataclass(frozen=True)
class Replacement:
    """A sentence whose first noun is replaced while its translation is being written.

    Args:
        pair: the sentence and its translation, as they were.
        prefix: of the translation, up to the noun that stands in the place of the first one.
        old: how the translation goes on.
        new: how it goes on if the other noun was meant; the same where nothing agrees with the noun's gender.
    """

    pair: SentencePair
    prefix: tuple[str, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]

    def meaning_of(self, words: tuple[str, ...]) -> str:
        """The meaning of a continuation: ``"old"``, ``"new"`` (also where both are one), ``"neither"``."""
        return {self.old: "old", self.new: "new"}.get(words, "neither")

    def outcome_of(self, words: tuple[str, ...]) -> str:
        """The letter of a continuation (see `OUTCOMES`)."""
        if self.old == self.new:
            return "r" if words == self.new else "w"
        return {"old": "o", "new": "n", "neither": "x"}[self.meaning_of(words)]

    @property
    def distance(self) -> int | None:
        """How far behind the noun the continuations first differ: 1 is the next word, None is nowhere."""
        pairs = zip(self.old, self.new, strict=True)
        return next((at for at, (old, new) in enumerate(pairs, start=1) if old != new), None)


def draw_replacements(
    count: int, lengths: range, seen: Collection[str], known: Collection[str], one_word_in: int
) -> tuple[list[Replacement], list[Replacement]]:
    """Draws sentences until so many of each kind are there.

    Args:
        count: how many, at least.
        lengths: the words of the English, each length as often as the next.
        seen: English sentences that are not taken.
        known: the French words that a model knows; an item needs no other.
        one_word_in: see `grammar.generate`.

    Returns:
        Those whose continuations are the same and those whose are not, in the order in which they were drawn:
        as many as there were of each kind.
    """
    sampler, chance = Sampler(1, one_word_in), Chance(1, one_word_in)
    seen, known = set(seen), set(known)
    same: list[Replacement] = []
    different: list[Replacement] = []
    while min(len(same), len(different)) < count:
        for length in lengths:
            item = replace_noun(sampler.meaning(length), chance)
            if item is None or item.pair.source in seen:
                continue
            if not known.issuperset((*item.prefix, *item.old, *item.new)):
                continue  # a noun that the small world lacks
            seen.add(item.pair.source)
            (same if item.old == item.new else different).append(item)
    return same, different


def replace_noun(meaning: Meaning, chance: Chance) -> Replacement | None:
    """Another noun of the same class for the subject of the first clause.

    Returns:
        None where there is no such noun, it stands elsewhere in the sentence or may not be said there, or a
        word before it tells its gender: then no prefix belongs to both sentences.
    """
    subject = meaning[0].main.subject
    if not isinstance(subject, NounPhrase):
        return None
    noun = subject.noun
    english, old, _, _ = say(meaning, "french")
    subject.noun = chance.pick_other(lexicon.nouns_of([noun.kind]), noun)
    _, new, _, _ = say(meaning, "french")
    other, subject.noun = subject.noun, noun
    place = next(at for at, words in enumerate(zip(old, new, strict=False)) if words[0] != words[1])
    may_be_owned = not other.unowned or subject.determiner not in ("my", "our")
    if new[place] != other.french[subject.plural] or set(other.french) & set(old) or not may_be_owned:
        return None
    pair = SentencePair(WORDS.join(english), tokenizer("french").join(old))
    return Replacement(pair, tuple(new[: place + 1]), tuple(old[place + 1 :]), tuple(new[place + 1 :]))


@torch.no_grad()
def continuations(
    trained: Trained, sources: Sequence[str], prefixes: Sequence[Sequence[str]]
) -> list[tuple[str, ...]]:
    """What the decoder writes by itself after it was fed the beginning of a translation, up to EOS.

    Args:
        trained: the model, and what makes ids of words.
        sources: the sentences.
        prefixes: for each the French words that are fed.
    """
    if not sources:
        return []
    english, french = trained.codecs
    decoder, vocabulary = trained.model.decoder, french.vocabulary
    fed, lengths = pad([[SOS_ID, *vocabulary.encode(prefix)] for prefix in prefixes])  # (batch, longest)
    predicted: list[Tensor] = []
    with evaluation_mode(trained.model):
        state = decoder.start(trained.model.encoder(*pad([english.encode(source) for source in sources])))
        for step in range(fed.shape[1] + LIMIT):
            token = fed[:, min(step, fed.shape[1] - 1)]  # (batch,)
            if predicted:
                token = torch.where(step < lengths, token, predicted[-1])
            logits, state = decoder.step(token, state)
            predicted.append(logits.argmax(dim=1))
    rows = torch.stack(predicted, dim=1).tolist()
    return [
        tuple(vocabulary.decode(row[length - 1 :]))
        for row, length in zip(rows, lengths.tolist(), strict=True)
    ]


def table_of_items(results: Results, arms: Sequence[str], items: Sequence[Replacement]) -> pd.DataFrame:
    """What became of each item in each stored run of some arms.

    Args:
        results: runs of which ``"replaced"`` was measured, a letter for each item.
        arms: their names.
        items: those that the runs were asked about.

    Returns:
        A row for each: arm, seed, item (its number), `distance` (see `Replacement`), `outcome` (a word of
        `OUTCOMES`), and `common`: whether it was asked of all of these arms that have this seed.
    """
    distances = [item.distance for item in items]
    table = pd.DataFrame(
        {"arm": arm, "seed": run["seed"], "item": number, "distance": distance, "outcome": OUTCOMES[letter]}
        for arm in arms
        for run in results.of(arm)
        for number, (distance, letter) in enumerate(zip(distances, run["measured"]["replaced"], strict=True))
    )
    asked = table["outcome"] != OUTCOMES[NOT_ASKED]
    return table.assign(common=asked.groupby([table["seed"], table["item"]]).transform("all"))
