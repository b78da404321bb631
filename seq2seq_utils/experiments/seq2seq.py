"""Notebook 2: three cells that write numbers, and a plain model that translates, over seeds and budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from num2words import num2words  # type: ignore[import-untyped]

from seq2seq_utils.experiments.experiment import SEARCH_SEED, Claim, Experiment, Trained
from seq2seq_utils.experiments.forms import adjectives, lemmas
from seq2seq_utils.experiments.lengths import exact_match, quality, texts
from seq2seq_utils.experiments.patterns import differences, french_pattern
from seq2seq_utils.grammar import generate, generate_splits, tokenizer
from seq2seq_utils.models import Seq2Seq, plain_model
from seq2seq_utils.pairs import SentencePair, Splits, split_pairs
from seq2seq_utils.text import CharacterTokenizer, TextCodec, count_words
from seq2seq_utils.training import Checkpoint, Settings, seed_everything, train_pairs

SEEDS = (0, 1, 2, 3, 4)


# ------------------------------------------------------------------------------- numbers, with three cells
@dataclass(frozen=True, kw_only=True)
class NumberArm:
    """A plain model that writes the Korean names of numbers, and the training that it gets.

    Args:
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``; its state size gives each about 78,000 parameters.
        epochs: how often each of 8,500 numbers is seen; an epoch has 133 steps.
        learning_rate: the highest.
    """

    cell: str
    epochs: int
    learning_rate: float

    def make(self, source_vocabulary_size: int, target_vocabulary_size: int) -> Seq2Seq:
        """An untrained model."""
        hidden_size = {"rnn": 176, "gru": 96, "lstm": 82}[self.cell]
        return plain_model(source_vocabulary_size, target_vocabulary_size, 32, hidden_size, self.cell)


@lru_cache(maxsize=1)
def numbers() -> Splits:
    """The numbers below 10,000, in digits and in Korean."""
    pairs = [SentencePair(str(number), num2words(number, lang="ko")) for number in range(10_000)]
    return split_pairs(pairs, validation=500, test=1_000, seed=0)


@lru_cache(maxsize=1)
def number_codecs() -> tuple[TextCodec, TextCodec]:
    """Digits, and the letters of the Korean names."""
    train = numbers().train
    return (
        TextCodec.build(CharacterTokenizer(), [pair.source for pair in train]),
        TextCodec.build(CharacterTokenizer(), [pair.target for pair in train]),
    )


_ENGLISH_DIGITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SIGNS = dict(zip("일이삼사오육칠팔구", _ENGLISH_DIGITS, strict=True)) | {
    "십": "ten",
    "백": "hundred",
    "천": "thousand",
    "영": "zero",
}


def in_english(name: str) -> str:
    """The signs of a Korean name of a number, word for word: 이십 is "two ten".

    Raises:
        ValueError: if a sign is in no name of a number below 10,000.
    """
    if unknown := set(name) - set(_SIGNS):
        raise ValueError(f"name: {name!r} has {''.join(sorted(unknown))}; allowed is {''.join(_SIGNS)}")
    return " ".join(_SIGNS[sign] for sign in name)


def train_on_numbers(
    arm: NumberArm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training"
) -> Trained:
    """Trains one arm of the comparison of cells."""
    train, validation, _ = numbers()
    digits, hangul = number_codecs()
    seed_everything(seed)
    model = arm.make(len(digits.vocabulary), len(hangul.vocabulary))
    history = train_pairs(
        model,
        train,
        (digits, hangul),
        Settings(epochs=arm.epochs, learning_rate=arm.learning_rate),
        batch_size=64,
        seed=seed,
        validation=validation,
        measure=lambda model: {"exact_match": exact_match(model, validation, digits, hangul)},
        checkpoint=checkpoint,
        progress=progress,
    )
    return Trained(model, digits, hangul, history)


def measure_numbers(trained: Trained, arm: NumberArm) -> dict[str, Any]:
    """Exact match on the validation numbers and on the test numbers, 0 to 100; translated greedily."""
    validation, test = numbers().validation, numbers().test
    return {
        "validation_exact_match": exact_match(trained.model, validation, *trained.codecs),
        "exact_match": exact_match(trained.model, test, *trained.codecs),
    }


# ------------------------------------------------------------------------------- sentences, with one model
@dataclass(frozen=True, kw_only=True)
class SentenceArm:
    """The plain model of the notebook, and the training that it gets.

    Args:
        epochs: how often each of 60,000 pairs is seen; an epoch has 625 steps.
        learning_rate: the highest.
    """

    epochs: int
    learning_rate: float = 8e-3

    def make(self, source_vocabulary_size: int, target_vocabulary_size: int) -> Seq2Seq:
        """An untrained model."""
        return plain_model(source_vocabulary_size, target_vocabulary_size, embedding_size=64, hidden_size=224)


@lru_cache(maxsize=1)
def sentences() -> Splits:
    """Sentences of 3 to 7 words."""
    return generate_splits("french", train=60_000, validation=300, test=1_000, lengths=(3, 7), seed=0)


@lru_cache(maxsize=1)
def fresh_sentences() -> list[SentencePair]:
    """20,000 more sentences of 3 to 7 words: a larger test set, with fewer short ones, as few are left."""
    return generate("french", 20_000, (3, 7), seed=2, exclude=[pair for part in sentences() for pair in part])


@lru_cache(maxsize=1)
def far_adjectives() -> list[SentencePair]:
    """Those of `fresh_sentences` that begin as "The kings who sing were …" and end in an adjective.

    A relative clause follows the second word, and a form of *be* and an adjective end the sentence. So the
    adjective stands at least four words behind its noun. In French its form is of one gender alone, as
    *fatigués* is, and *tristes* is not.
    """
    return [
        pair
        for pair in fresh_sentences()
        if has_far_adjective(pair.source) and ends_in_one_gender(pair.target)
    ]


def has_far_adjective(source: str) -> bool:
    """Whether an adjective ends an English sentence, at least four words behind its noun."""
    words = source.rstrip(".").split()
    relative = len(words) > 4 and words[2] in ("that", "who") and not words[1].endswith(",")
    before = [word for word in words[:-1] if word != "not"]
    return relative and before[-1] in ("is", "are", "was", "were", "be")


def ends_in_one_gender(text: str) -> bool:
    """Whether a French sentence ends in an adjective whose form shows the gender of its noun."""
    return len({features[0] for features in adjectives().get(last_word(text), ())}) == 1  # "ms": masculine


def last_word(text: str) -> str:
    """The last word of a sentence, without the full stop; an empty text has an empty one."""
    return (text.rstrip(".").split() or [""])[-1]


def count_last_words(texts: Sequence[str], pairs: Sequence[SentencePair]) -> dict[str, int]:
    """How the last words of translations compare with those of the references.

    Args:
        texts: translations.
        pairs: their pairs, whose targets end in an adjective.

    Returns:
        ``"right"``, how many are the same word; ``"wrong form"``, another form of the same adjective;
        ``"other word"``, the rest.
    """
    counts = {"right": 0, "wrong form": 0, "other word": 0}
    for text, pair in zip(texts, pairs, strict=True):
        written, wanted = last_word(text), last_word(pair.target)
        same = lemmas().get(written) == lemmas()[wanted]
        counts["right" if written == wanted else "wrong form" if same else "other word"] += 1
    return counts


def train_on_sentences(
    arm: SentenceArm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training"
) -> Trained:
    """Trains the model of the notebook, with one seed and one budget."""
    train, validation, _ = sentences()
    english = TextCodec.build(tokenizer("english"), [pair.source for pair in train])
    target = TextCodec.build(tokenizer("french"), [pair.target for pair in train])
    seed_everything(seed)
    model = arm.make(len(english.vocabulary), len(target.vocabulary))
    history = train_pairs(
        model,
        train,
        (english, target),
        Settings(epochs=arm.epochs, learning_rate=arm.learning_rate),
        batch_size=96,
        seed=seed,
        validation=validation,
        measure=lambda model: {"exact_match": exact_match(model, validation, english, target)},
        checkpoint=checkpoint,
        progress=progress,
    )
    return Trained(model, english, target, history)


@lru_cache(maxsize=1)
def attested_patterns() -> frozenset[tuple[str, ...]]:
    """The patterns of the training sentences, and of 60,000 others of 6 and 7 words, which have rare ones."""
    splits = sentences()
    seen = [pair for part in splits for pair in part]
    more = generate("french", 60_000, (6, 7), seed=1, exclude=seen)
    return frozenset(french_pattern(pair.target) for pair in [*splits.train, *more])


def is_well_formed(text: str) -> bool:
    """Whether the pattern of a French sentence is attested: its form, that is, whatever it means."""
    return french_pattern(text) in attested_patterns()


def measure_sentences(trained: Trained, arm: SentenceArm) -> dict[str, Any]:
    """Quality on the test pairs, of all and of each length, and what is written in place of the right ones.

    Returns:
        Exact match, BLEU and `right` (see `quality`); exact match for each number of words; the wrong
        translations as they are, in the order of the test pairs (see `wrong_of`); and exact match on
        `fresh_sentences`.
    """
    test = sentences().test
    translations = texts(trained, test)
    by_words: dict[int, tuple[list[str], list[SentencePair]]] = {}
    for text, pair in zip(translations, test, strict=True):
        found, pairs = by_words.setdefault(count_words(pair.source), ([], []))
        found.append(text)
        pairs.append(pair)
    return {
        **quality(translations, test),
        "by_words": [
            {"words": words, "sentences": len(group[0]), "exact_match": quality(*group)["exact_match"]}
            for words, group in sorted(by_words.items())
        ],
        "wrong_translations": [
            text for text, pair in zip(translations, test, strict=True) if text != pair.target
        ],
        "fresh_exact_match": quality(texts(trained, fresh_sentences()), fresh_sentences())["exact_match"],
    }


def wrong_of(measured: Mapping[str, Any]) -> list[tuple[SentencePair, str]]:
    """The test pairs that a stored model got wrong, each with what it wrote.

    Args:
        measured: what `measure_sentences` returned, of a stored run.
    """
    missed = [pair for pair, right in zip(sentences().test, measured["right"], strict=True) if right == "0"]
    return list(zip(missed, measured["wrong_translations"], strict=True))


def count_forms(wrong: Sequence[tuple[SentencePair, str]]) -> dict[str, int]:
    """How many wrong translations are well formed, and how many of these say other words and no more.

    Args:
        wrong: pairs with what a model wrote of them.

    Returns:
        ``"wrong"``, all; ``"well formed"``, those with an attested pattern (see `french_pattern`);
        ``"other words"``, well formed and of the construction that the reference has (see `differences`).
    """
    formed = [(pair, text) for pair, text in wrong if is_well_formed(text)]
    other_words = ["construction" not in differences(text, pair.target) for pair, text in formed]
    return {"wrong": len(wrong), "well formed": len(formed), "other words": sum(other_words)}


# --------------------------------------------------------------------- what is compared, and with which rate
CELLS_COMPARED, EPOCHS = ("rnn", "gru", "lstm"), (1, 2, 5)
_RATES = (2e-2, 1e-2, 3e-3, 1e-3)


def arm_name(cell: str, epochs: int, learning_rate: float) -> str:
    """How an arm is named, in the search and in the comparison."""
    return f"{cell.upper()}, {epochs} epoch{'s' * (epochs > 1)}, rate {learning_rate:g}"


def _number_arms(rates: Sequence[float]) -> dict[str, NumberArm]:
    """Each cell with each budget and each of these rates."""
    return {
        arm_name(cell, epochs, rate): NumberArm(cell=cell, epochs=epochs, learning_rate=rate)
        for cell in CELLS_COMPARED
        for epochs in EPOCHS
        for rate in rates
    }


_TRIED = _number_arms(_RATES)

CELLS_SEARCH = Experiment(
    name="seq2seq_cells_search",
    question="which of four learning rates is best for each cell and budget, on validation numbers?",
    basis="budget",
    arms=_TRIED,
    seeds=dict.fromkeys(_TRIED, (SEARCH_SEED, SEARCH_SEED + 1, SEARCH_SEED + 2)),
    train=train_on_numbers,
    measure=measure_numbers,
)

# Of each cell, for each budget, the rate whose mean over the seeds of the search is highest.
OWN_RATES = {
    "rnn": {1: 3e-3, 2: 3e-3, 5: 3e-3},
    "gru": {1: 2e-2, 2: 2e-2, 5: 2e-2},
    "lstm": {1: 2e-2, 2: 1e-2, 5: 2e-2},
}


def own_arm(cell: str, epochs: int) -> str:
    """The name of the arm of a cell at its own rate."""
    return arm_name(cell, epochs, OWN_RATES[cell][epochs])


_COMPARED = _number_arms(_RATES[:3])  # the lowest suits none of them

CELLS = Experiment(
    name="seq2seq_cells",
    question="how many new numbers does each cell write, at its own rate and at equal ones?",
    basis="budget",
    arms=_COMPARED,
    seeds=dict.fromkeys(_COMPARED, SEEDS),
    train=train_on_numbers,
    measure=measure_numbers,
    claims=[
        Claim(own_arm(cell, epochs), own_arm("rnn", epochs), "exact_match")
        for epochs in EPOCHS
        for cell in ("gru", "lstm")
    ],
    budgets={
        f"{cell.upper()}, rate {rate:g}": [arm_name(cell, epochs, rate) for epochs in EPOCHS]
        for cell in CELLS_COMPARED
        for rate in _RATES[:3]
    },
)

_BUDGETS = {"×1": SentenceArm(epochs=2), "×3": SentenceArm(epochs=6)}

SENTENCES = Experiment(
    name="seq2seq_sentences",
    question="how good is the model of notebook 2, and what are its wrong sentences, over seeds?",
    basis="budget",
    arms=_BUDGETS,
    seeds={"×1": SEEDS, "×3": SEEDS[:3]},
    train=train_on_sentences,
    measure=measure_sentences,
    claims=[Claim("×3", "×1", "exact_match")],
    budgets={"plain": list(_BUDGETS)},
)
