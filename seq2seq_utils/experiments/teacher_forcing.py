"""Notebook 3: what the decoder is fed in training, what that costs, and what it does to a wrong word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from seq2seq_utils.batching import Batch, encode_pairs, make_batch, pad
from seq2seq_utils.experiments import lengths
from seq2seq_utils.experiments.experiment import Claim, Experiment, Trained, search_of_rates
from seq2seq_utils.experiments.lengths import quality, texts
from seq2seq_utils.grammar import Meaning, Sampler, generate_splits, lexicon, say, tokenizer
from seq2seq_utils.grammar.chance import Chance
from seq2seq_utils.grammar.meaning import NounPhrase
from seq2seq_utils.models import Seq2Seq, evaluation_mode, plain_model
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.text import SOS_ID, TextCodec, WordTokenizer, count_words
from seq2seq_utils.training import (
    Checkpoint,
    Settings,
    linear_schedule,
    predict,
    seed_everything,
    token_loss,
    train_pairs,
)

ONE_WORD_IN, LENGTHS = 6, (3, 10)  # the small world, and how many English words a sentence has
PAIRS, VALIDATION, TEST = 30_000, 1_000, 9_000
TESTED = 2_000  # test pairs for exact match, loss, and the share of right words
SHORT, LONG = 5, 10  # words, of the English and of the French, where positions are looked at
OF_ONE_LENGTH = 500  # test pairs of each of these
REPLACED = 300  # sentences with a replaced noun, of each kind
BATCH_SIZE = 128
LIMIT = 30  # tokens of a continuation
WORDS = WordTokenizer()


@lru_cache(maxsize=1)
def corpus() -> Splits:
    """Sentence pairs of the small world, all three parts cut from one list in random order."""
    return generate_splits("french", PAIRS, VALIDATION, TEST, LENGTHS, seed=0, one_word_in=ONE_WORD_IN)


@lru_cache(maxsize=1)
def codecs() -> tuple[TextCodec, TextCodec]:
    """English and French, with the words of the training pairs."""
    train = corpus().train
    return (
        TextCodec.build(tokenizer("english"), [pair.source for pair in train]),
        TextCodec.build(tokenizer("french"), [pair.target for pair in train]),
    )


# ---------------------------------------------------------------------------------------- an arm
@dataclass(frozen=True, kw_only=True)
class Arm:
    """What the decoder is fed in training, and for how long.

    Args:
        ratio: the probability of the true word.
        falls: whether the ratio falls from there to 0 in a straight line, over the whole training.
        epochs: how often each pair is seen; an epoch has 235 steps.
        learning_rate: the highest.
    """

    ratio: float
    falls: bool = False
    epochs: int = 6
    learning_rate: float = 1e-2

    @property
    def settings(self) -> Settings:
        """Of the training."""
        schedule = linear_schedule(self.epochs * math.ceil(PAIRS / BATCH_SIZE))
        return Settings(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            teacher_forcing=(lambda step: self.ratio * schedule(step)) if self.falls else self.ratio,
        )


def train(arm: Arm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training") -> Trained:
    """Trains one arm, and translates the validation pairs after each epoch, always free-running."""
    splits = corpus()
    seed_everything(seed)
    model = new_model()
    history = train_pairs(
        model,
        splits.train,
        codecs(),
        arm.settings,
        batch_size=BATCH_SIZE,
        seed=seed,
        measure=lambda model: {"exact_match": exact_match(model, splits.validation)},
        checkpoint=checkpoint,
        progress=progress,
    )
    return Trained(model, *codecs(), history)


def new_model() -> Seq2Seq:
    """The plain model, untrained."""
    english, french = codecs()
    return plain_model(len(english.vocabulary), len(french.vocabulary), embedding_size=64, hidden_size=128)


def exact_match(model: Seq2Seq, pairs: Sequence[SentencePair]) -> float:
    """Sentences translated to the letter, in %: greedily, each decoder fed its own words."""
    return lengths.exact_match(model, pairs, *codecs())


# -------------------------------------------------------------------------------------- measuring
def measure(trained: Trained, arm: Arm) -> dict[str, Any]:
    """What is stored of a trained arm; of the words of a sentence, full stop, commas and EOS do not count.

    Returns:
        On the first 2,000 test pairs exact match, with `right`, a 1 or a 0 for each sentence, and the loss
        per token in nats, fed the truth (its exponential is the perplexity) and fed its own words; then the
        numbers of `fed_with`, `after_replacement` and, as a list, `by_position`.
    """
    pairs = corpus().test[:TESTED]
    found = quality(texts(trained, pairs), pairs)
    return {
        "exact_match": found["exact_match"],
        "loss": loss(trained, pairs, 1.0),
        "loss_own_words": loss(trained, pairs, 0.0),
        **fed_with(trained, pairs),
        **after_replacement(trained, replacements()),
        "right": found["right"],
        "by_position": by_position(trained, SHORT) + by_position(trained, LONG),
    }


@torch.no_grad()
def loss(trained: Trained, pairs: Sequence[SentencePair], ratio: float) -> float:
    """The loss per token in nats, EOS among them, at a teacher-forcing ratio."""
    batch = batch_of(pairs)
    with evaluation_mode(trained.model):
        total, tokens = token_loss(predict(trained.model, batch, ratio), batch.target_output)
    return total.item() / tokens


def batch_of(pairs: Sequence[SentencePair]) -> Batch:
    """All of the pairs as one batch."""
    return make_batch(encode_pairs(pairs, *codecs()))


def are_words(ids: Tensor) -> Tensor:
    """Of ids of French tokens, (batch, target_len), which are words: no sign, no PAD and no EOS."""
    tokens = codecs()[1].vocabulary.tokens
    return torch.tensor([token[0].isalnum() for token in tokens])[ids]


@torch.no_grad()
def right_words(model: Seq2Seq, batch: Batch, fed: Tensor | None = None) -> Tensor:
    """Which words are predicted rightly, (batch, target_len).

    Args:
        model: on the CPU.
        batch: sources, and what should be predicted.
        fed: what the decoder is fed, (batch, target_len); by default its own words.
    """
    with evaluation_mode(model):
        own = fed is None
        logits = predict(model, batch, 0.0) if own else model(batch.source, batch.source_lengths, fed)
    return (logits.argmax(dim=2) == batch.target_output) & are_words(batch.target_output)


# ------------------------------------------------------------------------------- (a) by position
@lru_cache(maxsize=2)
def of_one_length(words: int) -> list[SentencePair]:
    """Test pairs with so many words in the English and in the French, so that all have every position."""
    test = corpus().test
    return [p for p in test if count_words(p.source) == count_words(p.target) == words][:OF_ONE_LENGTH]


def by_position(trained: Trained, words: int) -> list[dict[str, Any]]:
    """The share of right words in %, for each position in sentences of one length.

    Returns:
        Records of `words` (in the sentence), `position` (from 1), `pairs` (how many), `truth` and `own`: by
        what the decoder was fed.
    """
    batch = batch_of(of_one_length(words))
    counted = are_words(batch.target_output)
    positions = counted.cumsum(dim=1)  # (batch, target_len)
    truth, own = right_words(trained.model, batch, batch.target_input), right_words(trained.model, batch)
    return [
        {
            "words": words,
            "position": position,
            "pairs": len(batch),
            "truth": percent(truth, counted & (positions == position)),
            "own": percent(own, counted & (positions == position)),
        }
        for position in range(1, words + 1)
    ]


def percent(right: Tensor, counted: Tensor) -> float:
    """How many of those that count are right."""
    return 100 * (right & counted).sum().item() / counted.sum().item()


# ------------------------------------------------------------------- (b) a noun that is replaced
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


@lru_cache(maxsize=1)
def replacements() -> list[Replacement]:
    """Equally many whose continuations are the same and different, of sentences that no model has seen."""
    seen = {pair.source for part in (corpus().train, corpus().validation) for pair in part}
    sampler, chance = Sampler(1, ONE_WORD_IN), Chance(1, ONE_WORD_IN)
    known = set(codecs()[1].vocabulary.tokens)
    found: dict[bool, list[Replacement]] = {True: [], False: []}
    while any(len(items) < REPLACED for items in found.values()):
        for length in range(SHORT, LONG + 1):
            replacement = replace_noun(sampler.meaning(length), chance)
            if replacement is None or replacement.pair.source in seen:
                continue
            if not known.issuperset((*replacement.prefix, *replacement.old, *replacement.new)):
                continue  # a noun that the small world lacks
            seen.add(replacement.pair.source)
            found[replacement.old == replacement.new].append(replacement)
    return [item for items in found.values() for item in items[:REPLACED]]


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


def after_replacement(trained: Trained, items: Sequence[Replacement]) -> dict[str, float]:
    """How a model goes on after a replaced noun, where it translates the unchanged sentence rightly.

    Returns:
        Of sentences where both continuations are the same how many there were, `same_items`, and the share
        that went on so in %, `same_right`; of those where they differ `differ_items`, and the shares
        `differ_old`, `differ_new` and `differ_neither`. A share of none is 0.
    """
    unchanged = texts(trained, [item.pair for item in items])
    items = [item for item, text in zip(items, unchanged, strict=True) if text == item.pair.target]
    written = continuations(trained, [item.pair.source for item in items], [item.prefix for item in items])
    outcomes = [
        (item.old == item.new, item.meaning_of(words)) for item, words in zip(items, written, strict=True)
    ]
    same = [meaning for is_same, meaning in outcomes if is_same]
    differ = [meaning for is_same, meaning in outcomes if not is_same]
    shares = {f"differ_{name}": _share(differ, name) for name in ("old", "new", "neither")}
    counts = {"same_items": len(same), "differ_items": len(differ)}
    return {**counts, "same_right": _share(same, "new"), **shares}


def _share(outcomes: Sequence[str], wanted: str) -> float:
    return 100 * outcomes.count(wanted) / max(len(outcomes), 1)


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


# ------------------------------------------------------------------------- (c) noise in the input
def fed_with(trained: Trained, pairs: Sequence[SentencePair]) -> dict[str, float]:
    """The share of right words in %, by what the decoder is fed; the first, fed SOS, does not count.

    Args:
        trained: the model.
        pairs: those without another of as many French tokens are left out.

    Returns:
        ``"fed_truth"``, ``"fed_own"``, ``"fed_other"`` (the true words of another sentence of the same
        length) and ``"fed_noise"`` (random words, the same for every model).
    """
    batch = batch_of(pairs)
    partners = partners_of_equal_length(batch.target_lengths)
    kept = [row for row, partner in enumerate(partners) if partner != row]
    batch = batch_of([pairs[row] for row in kept])
    other = batch_of(pairs).target_input[[partners[row] for row in kept]][:, : batch.target_input.shape[1]]
    counted = are_words(batch.target_output)
    counted[:, 0] = False
    inputs = {"truth": batch.target_input, "own": None, "other": other, "noise": noise_like(batch)}
    return {
        f"fed_{name}": percent(right_words(trained.model, batch, fed), counted)
        for name, fed in inputs.items()
    }


def partners_of_equal_length(lengths: Tensor) -> list[int]:
    """For each row another one of the same length, or the row itself where there is none."""
    partners = list(range(len(lengths)))
    for length in lengths.unique().tolist():
        rows = (lengths == length).nonzero().squeeze(1).tolist()
        for row, partner in zip(rows, rows[1:] + rows[:1], strict=True):
            partners[row] = partner
    return partners


def noise_like(batch: Batch) -> Tensor:
    """SOS and random French words, (batch, target_len)."""
    words = are_words(torch.arange(len(codecs()[1].vocabulary))).nonzero().squeeze(1)
    drawn = torch.randint(len(words), batch.target_input.shape, generator=torch.Generator().manual_seed(0))
    noise = words[drawn]
    noise[:, 0] = SOS_ID
    return noise


# ------------------------------------------------------------------------------- what is compared
FED = {
    "ratio 1": Arm(ratio=1.0),
    "ratio 0.5": Arm(ratio=0.5),
    "ratio 0": Arm(ratio=0.0),
    "falling": Arm(ratio=1.0, falls=True),
}
BUDGETS = (2, 6, 18)  # epochs; ten seeds have the second one


def named(name: str, epochs: int) -> str:
    """What an arm is called with one of the budgets."""
    return f"{name}, {epochs} epochs"


_RATES = (1e-2, 5e-3)
_COMPARED = {
    named(name, epochs): replace(arm, epochs=epochs) for epochs in BUDGETS for name, arm in FED.items()
}

SEARCH = search_of_rates("teacher_forcing_search", FED, _RATES, train, measure)
COMPARED = Experiment(
    name="teacher_forcing",
    question="what does it change which word the decoder is fed in training?",
    basis="budget",
    arms=_COMPARED,
    seeds={name: range(10 if arm.epochs == BUDGETS[1] else 3) for name, arm in _COMPARED.items()},
    train=train,
    measure=measure,
    claims=[
        Claim(named(higher, BUDGETS[1]), named(lower, BUDGETS[1]), measured)
        for higher, lower, measured in (
            ("ratio 0", "ratio 1", "differ_old"),
            ("ratio 0", "ratio 1", "fed_other"),
            ("ratio 0", "ratio 1", "fed_noise"),
            ("ratio 1", "ratio 0", "loss_own_words"),
        )
    ],
    budgets={name: [named(name, epochs) for epochs in BUDGETS] for name in FED},
)
