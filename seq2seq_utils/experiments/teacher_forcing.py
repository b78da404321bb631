"""Notebook 3: what the decoder is fed in training, what that costs, and what it does to a wrong word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from seq2seq_utils.batching import Batch, encode_pairs, make_batch
from seq2seq_utils.experiments import lengths
from seq2seq_utils.experiments.experiment import Claim, Experiment, Trained, search_of_rates
from seq2seq_utils.experiments.lengths import quality, texts
from seq2seq_utils.experiments.replaced_noun import Replacement, continuations, draw_replacements
from seq2seq_utils.grammar import generate_splits, tokenizer
from seq2seq_utils.models import Seq2Seq, evaluation_mode, plain_model
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.text import SOS_ID, UNK_ID, TextCodec, count_words
from seq2seq_utils.training import (
    Checkpoint,
    Settings,
    linear_schedule,
    predict,
    seed_everything,
    token_loss,
    toss_coins,
    train_pairs,
)

ONE_WORD_IN, LENGTHS = 6, (3, 10)  # the small world, and how many English words a sentence has
PAIRS, VALIDATION, TEST = 30_000, 1_000, 9_000
TESTED = 2_000  # test pairs for exact match, loss, and the share of right words
SHORT, LONG = 5, 10  # words, of the English and of the French, where positions are looked at
OF_ONE_LENGTH = 500  # test pairs of each of these
REPLACED = 300  # sentences with a replaced noun, of each kind
BATCH_SIZE = 128


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
        rises: whether it goes through the ratios of `falls` in the other order.
        random_words: the probability that a random French word is fed in place of the true one.

    Raises:
        ValueError: if there are random words at another ratio than 1.
    """

    ratio: float
    falls: bool = False
    epochs: int = 6
    learning_rate: float = 1e-2
    rises: bool = False
    random_words: float = 0.0

    def __post_init__(self) -> None:
        if self.random_words and self.settings.teacher_forcing != 1:
            raise ValueError(f"random_words: {self.random_words} needs ratio 1, without a schedule")

    @property
    def settings(self) -> Settings:
        """Of the training."""
        steps = self.epochs * math.ceil(PAIRS / BATCH_SIZE)
        line = linear_schedule(steps)

        def schedule(step: int) -> float:
            return self.ratio * line(steps - 1 - step if self.rises else step)

        return Settings(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            teacher_forcing=schedule if self.falls or self.rises else self.ratio,
        )


def train(arm: Arm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training") -> Trained:
    """Trains one arm, and translates the validation pairs after each epoch, always free-running."""
    splits = corpus()
    seed_everything(seed)
    model = new_model(arm.random_words)
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


def new_model(random_words: float = 0.0) -> Seq2Seq:
    """The plain model, untrained; with random words it is a `FedRandomWords`, of the same weights."""
    english, french = codecs()
    model = plain_model(len(english.vocabulary), len(french.vocabulary), embedding_size=64, hidden_size=128)
    return FedRandomWords(model, random_words) if random_words else model


class FedRandomWords(Seq2Seq):
    """A model that, while it is trained, feeds its decoder random words in place of some true ones.

    Args:
        model: its encoder and its decoder.
        share: the probability of a random word, at each place but the first, where SOS is fed.
    """

    def __init__(self, model: Seq2Seq, share: float) -> None:
        super().__init__(model.encoder, model.decoder)
        self.share = share

    def forward(self, source: Tensor, source_lengths: Tensor, target_input: Tensor) -> Tensor:
        """See `Seq2Seq`; what should be predicted stays the true word."""
        if self.training:
            kept = toss_coins(target_input, 1 - self.share) | (target_input < UNK_ID)  # (batch, target_len)
            target_input = torch.where(kept, target_input, random_words(target_input))
        return super().forward(source, source_lengths, target_input)


def random_words(like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """French words in the shape, and on the device, of other ids."""
    words = are_words(torch.arange(len(codecs()[1].vocabulary))).nonzero().squeeze(1)
    return words[torch.randint(len(words), like.shape, generator=generator)].to(like.device)


def exact_match(model: Seq2Seq, pairs: Sequence[SentencePair]) -> float:
    """Sentences translated to the letter, in %: greedily, each decoder fed its own words."""
    return lengths.exact_match(model, pairs, *codecs())


# -------------------------------------------------------------------------------------- measuring
def measure(trained: Trained, arm: Arm) -> dict[str, Any]:
    """What is stored of a trained arm; of the words of a sentence, full stop, commas and EOS do not count.

    Returns:
        On the first 2,000 test pairs exact match, with `right`, a 1 or a 0 for each sentence, BLEU, and the
        loss per token in nats, fed the truth (its exponential is the perplexity) and fed its own words; then
        the numbers of `all_words`, `fed_with` and `after_replacement`. As lists, for sentences of five and
        of ten words, those of `by_position` and `after_mistake`, and as ``"by_length"`` exact match with
        `right`.
    """
    pairs = corpus().test[:TESTED]
    found = quality(texts(trained, pairs), pairs)
    return {
        "exact_match": found["exact_match"],
        "bleu": found["bleu"],
        "loss": loss(trained, pairs, 1.0),
        "loss_own_words": loss(trained, pairs, 0.0),
        **all_words(trained, pairs),
        **fed_with(trained, pairs),
        **after_replacement(trained, replacements()),
        "right": found["right"],
        "by_position": by_position(trained, SHORT) + by_position(trained, LONG),
        "after_mistake": after_mistake(trained, SHORT) + after_mistake(trained, LONG),
        "by_length": [exactly_right(trained, words) for words in (SHORT, LONG)],
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
        what the decoder was fed; and `flawless`: in how many % all own words up to here are right.
    """
    truth, own, positions = right_by_position(trained, words)
    first = first_mistakes(own, positions)
    return [
        {
            "words": words,
            "position": position,
            "pairs": len(positions),
            "truth": percent(truth, positions == position),
            "own": percent(own, positions == position),
            "flawless": percent(first[:, None] > positions, positions == position),
        }
        for position in range(1, words + 1)
    ]


def after_mistake(trained: Trained, words: int) -> list[dict[str, Any]]:
    """The share of right words in %, by how far behind the first own mistake they stand.

    Returns:
        Records of `words` (in the sentence), `since` (1 is the word after the mistake), `pairs` (how many
        sentences have such a word), and of these words `truth` and `own`, as in `by_position`.
    """
    truth, own, positions = right_by_position(trained, words)
    since = positions - first_mistakes(own, positions)[:, None]  # (pairs, target_len)
    return [
        {
            "words": words,
            "since": distance,
            "pairs": int((since == distance).sum()),
            "truth": percent(truth, since == distance),
            "own": percent(own, since == distance),
        }
        for distance in range(1, words)
        if (since == distance).any()
    ]


def right_by_position(trained: Trained, words: int) -> tuple[Tensor, Tensor, Tensor]:
    """Which words of the sentences of one length are right, fed the truth, and fed the model's own.

    Returns:
        Both, and the position of each word, from 1, and 0 where there is no word: each (pairs, target_len).
    """
    batch = batch_of(of_one_length(words))
    counted = are_words(batch.target_output)
    truth, own = right_words(trained.model, batch, batch.target_input), right_words(trained.model, batch)
    return truth, own, counted.cumsum(dim=1) * counted


def first_mistakes(right: Tensor, positions: Tensor) -> Tensor:
    """The position of the first wrong word in each sentence, (pairs,), and where there is none a high one."""
    flawless = positions.shape[1] + 1
    return positions.masked_fill(right | (positions == 0), flawless).min(dim=1).values


def exactly_right(trained: Trained, words: int) -> dict[str, Any]:
    """Exact match in %, and `right`, as in `measure`, of the sentences that `by_position` looks at."""
    pairs = of_one_length(words)
    found = quality(texts(trained, pairs), pairs)
    return {"words": words, "exact_match": found["exact_match"], "right": found["right"]}


def percent(right: Tensor, counted: Tensor) -> float:
    """How many of those that count are right."""
    return 100 * (right & counted).sum().item() / counted.sum().item()


# ------------------------------------------------------------------- (b) a noun that is replaced
@lru_cache(maxsize=1)
def replacements() -> tuple[Replacement, ...]:
    """As many whose continuations are the same as different (see there).

    No model has seen their sentences; of those with the other noun it has seen a few.
    """
    seen = {pair.source for part in (corpus().train, corpus().validation) for pair in part}
    known = codecs()[1].vocabulary.tokens
    same, different = draw_replacements(REPLACED, range(SHORT, LONG + 1), seen, known, ONE_WORD_IN)
    return (*same, *different)


def after_replacement(trained: Trained, items: Sequence[Replacement]) -> dict[str, Any]:
    """How a model goes on behind a noun that it is fed.

    Returns:
        A letter for each item (see `replaced_noun.OUTCOMES`): as `noun_kept` where the noun is the true one,
        as `noun_replaced` where it is the other one, and as `noun_in_both` where that one is in the source,
        too. And as `old_meaning`, of the items whose continuations differ, how many in % went on in the old
        meaning behind the other noun.
    """
    inputs = {
        "noun_kept": [(item.pair.source, item.kept) for item in items],
        "noun_replaced": [(item.pair.source, item.prefix) for item in items],
        "noun_in_both": [(item.other_source, item.prefix) for item in items],
    }
    letters = {}
    for name, fed in inputs.items():
        written = continuations(trained, [source for source, _ in fed], [prefix for _, prefix in fed])
        letters[name] = "".join(item.outcome_of(words) for item, words in zip(items, written, strict=True))
    differ = [letter for letter in letters["noun_replaced"] if letter in "onx"]
    return {**letters, "old_meaning": 100 * differ.count("o") / max(len(differ), 1)}


# ------------------------------------------------------------------------- (c) noise in the input
def all_words(trained: Trained, pairs: Sequence[SentencePair]) -> dict[str, float]:
    """The share of right words in %, the first included: fed the truth, `words_truth`, and its own."""
    batch = batch_of(pairs)
    inputs = {"words_truth": batch.target_input, "words_own": None}
    counted = are_words(batch.target_output)
    return {name: percent(right_words(trained.model, batch, fed), counted) for name, fed in inputs.items()}


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
    noise = random_words(batch.target_input, torch.Generator().manual_seed(0))
    noise[:, 0] = SOS_ID
    return noise


# ------------------------------------------------------------------------------- what is compared
FED = {
    "ratio 1": Arm(ratio=1.0),
    "ratio 0.5": Arm(ratio=0.5),
    "ratio 0": Arm(ratio=0.0),
    "falling": Arm(ratio=1.0, falls=True),
}
# Of the main budget alone. Ratio 0.5 feeds its own word half of the time, and that is often the true one:
# one random word in two is as often another source of words, one in eight nearer to as many wrong ones.
CONTROLS = {
    "rising": Arm(ratio=1.0, rises=True),
    "random words": Arm(ratio=1.0, random_words=0.5),
    "few random words": Arm(ratio=1.0, random_words=0.125),
}
# All have one rate, so that one thing changes. Of the four ways ratio 0 did better at another one.
FASTER = {"ratio 0 at 0.02": Arm(ratio=0.0, learning_rate=2e-2)}
SEEDS = {2: 3, 6: 10, 18: 5}  # by epochs; the second is the main budget
BUDGETS = tuple(SEEDS)


def named(name: str, epochs: int) -> str:
    """What an arm is called with one of the budgets."""
    return f"{name}, {epochs} epochs"


_RATES = (2e-2, 1e-2, 5e-3)
_COMPARED = {
    named(name, epochs): replace(arm, epochs=epochs)
    for epochs in BUDGETS
    for name, arm in (FED | CONTROLS | FASTER if epochs == BUDGETS[1] else FED).items()
}

SEARCH = search_of_rates("teacher_forcing_search", FED | CONTROLS, _RATES, train, measure)
COMPARED = Experiment(
    name="teacher_forcing",
    question="what does it change which word the decoder is fed in training?",
    basis="budget",
    arms=_COMPARED,
    seeds={name: range(SEEDS[arm.epochs]) for name, arm in _COMPARED.items()},
    train=train,
    measure=measure,
    claims=[
        Claim(named(higher, BUDGETS[1]), named(lower, BUDGETS[1]), measured)
        for higher, lower, measured in (
            ("ratio 0", "ratio 1", "old_meaning"),
            ("ratio 0", "ratio 1", "fed_other"),
            ("ratio 0", "ratio 1", "fed_noise"),
            ("ratio 1", "ratio 0", "loss_own_words"),
        )
    ],
    budgets={name: [named(name, epochs) for epochs in BUDGETS] for name in FED},
)
