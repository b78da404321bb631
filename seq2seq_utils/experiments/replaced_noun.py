"""A noun that is replaced while a translation is being written: the sentences, and how a model goes on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq_utils.batching import pad
from seq2seq_utils.experiments.experiment import Trained
from seq2seq_utils.grammar import Meaning, Sampler, lexicon, say, tokenizer
from seq2seq_utils.grammar.chance import Chance
from seq2seq_utils.grammar.meaning import NounPhrase
from seq2seq_utils.models import evaluation_mode
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import SOS_ID, WordTokenizer

LIMIT = 30  # tokens of a continuation
WORDS = WordTokenizer()

# What becomes of an item, as a letter in what is stored; `right` and `wrong` are of items whose two
# continuations are the same.
OUTCOMES = {"o": "old", "n": "new", "x": "neither", "r": "right", "w": "wrong"}


@dataclass(frozen=True)
class Replacement:
    """A sentence whose first noun is replaced by one of the other gender while it is being translated.

    Args:
        pair: the sentence and its translation, as they were.
        other_source: the sentence with the other noun.
        kept: the beginning of the translation, up to the noun.
        prefix: the same with the other noun.
        old: how the translation goes on.
        new: how it goes on if the other noun was meant; the same but for a word that agrees with the noun.
    """

    pair: SentencePair
    other_source: str
    kept: tuple[str, ...]
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
    def places(self) -> int:
        """In how many words the continuations differ."""
        return sum(old != new for old, new in zip(self.old, self.new, strict=True))


def draw_replacements(
    count: int, lengths: range, seen: Collection[str], known: Collection[str], one_word_in: int
) -> tuple[list[Replacement], list[Replacement]]:
    """Draws sentences until so many of each kind are there.

    Args:
        count: how many.
        lengths: the words of the English, each length as often as the next.
        seen: English sentences that are not taken.
        known: the French words that a model knows; an item needs no other.
        one_word_in: see `grammar.generate`.

    Returns:
        Those whose continuations are the same, and those where they differ in one word.
    """
    sampler, chance = Sampler(1, one_word_in), Chance(1, one_word_in)
    seen, known = set(seen), set(known)
    drawn: dict[int, list[Replacement]] = {0: [], 1: []}  # by the places where the continuations differ
    while min(map(len, drawn.values())) < count:
        for length in lengths:
            item = replace_noun(sampler.meaning(length), chance)
            if item is None or item.places not in drawn or item.pair.source in seen:
                continue
            if not known.issuperset((*item.kept, *item.prefix, *item.old, *item.new)):
                continue  # a noun that the small world lacks
            seen.add(item.pair.source)
            drawn[item.places].append(item)
    return drawn[0][:count], drawn[1][:count]


def replace_noun(meaning: Meaning, chance: Chance) -> Replacement | None:
    """Another noun of the same class and the other gender for the subject of the first clause.

    Returns:
        None where there is no such noun, it stands elsewhere in the sentence or may not be said there, or a
        word before it tells its gender: then no prefix belongs to both sentences.
    """
    subject = meaning[0].main.subject
    if not isinstance(subject, NounPhrase):
        return None
    noun = subject.noun
    others = tuple(
        candidate for candidate in lexicon.nouns_of([noun.kind]) if candidate.feminine != noun.feminine
    )
    if not others:
        return None
    english, old, _, _ = say(meaning, "french")
    subject.noun = chance.pick_word(others)
    other_english, new, _, _ = say(meaning, "french")
    other, subject.noun = subject.noun, noun
    place = next(at for at, words in enumerate(zip(old, new, strict=False)) if words[0] != words[1])
    may_be_owned = not other.unowned or subject.determiner not in ("my", "our")
    if new[place] != other.french[subject.plural] or set(other.french) & set(old) or not may_be_owned:
        return None
    return Replacement(
        SentencePair(WORDS.join(english), tokenizer("french").join(old)),
        WORDS.join(other_english),
        *(tuple(words[: place + 1]) for words in (old, new)),
        *(tuple(words[place + 1 :]) for words in (old, new)),
    )


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
