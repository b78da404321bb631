"""Notebook 8: programs with and without planted bugs, trained for seconds, scored and audited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import chain, islice, repeat
from statistics import mean
from time import perf_counter
from typing import Any

import pandas as pd
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR

from seq2seq_utils.batching import IdPair, encode_pairs, make_batch, make_loader
from seq2seq_utils.evaluation import metrics
from seq2seq_utils.evaluation.alignment import alignment_score, hard_links
from seq2seq_utils.evaluation.audit import Audit, Outcome, audit
from seq2seq_utils.experiments.experiment import Experiment, Trained
from seq2seq_utils.experiments.maps import gold_of
from seq2seq_utils.experiments.planted_bugs import (
    BUGS,
    CARELESS,
    EMBEDDING_SIZE,
    HIDDEN_SIZE,
    SOUND,
    Bug,
    Program,
)
from seq2seq_utils.experiments.stored import Results
from seq2seq_utils.grammar import generate, tokenizer
from seq2seq_utils.models import Seq2Seq, plain_model, transformer_model
from seq2seq_utils.pairs import Alignment, SentencePair
from seq2seq_utils.progress import progress_bar
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import Checkpoint, History, learning_rate_share, seed_everything

TRAIN, TEST = 4_000, 200  # pairs
LENGTHS = 3, 7  # words of an English sentence
ONE_WORD_IN = 12  # of each class, and two at least of whatever a sentence asks for: 61 of 246 words
BATCH_SIZE = 64
STEPS, REPORTED_EVERY = 200, 25
LEARNING_RATE = 1e-2
SOUND_NAME, CARELESS_NAME = "sound", "careless"
_SOUND_ARM = f"attention, {STEPS} steps"  # of the stored runs


# ------------------------------------------------------------------------------------------- the data
@dataclass(frozen=True)
class Sentences:
    """Pairs to train on, and others to test on."""

    train: list[SentencePair]
    test: list[SentencePair]

    @cached_property
    def codecs(self) -> tuple[TextCodec, TextCodec]:
        """Of the sentences, and of the translations; their words are those of the training pairs."""
        return (
            TextCodec.build(tokenizer("english"), [pair.source for pair in self.train]),
            TextCodec.build(tokenizer("french"), [pair.target for pair in self.train]),
        )

    @cached_property
    def train_ids(self) -> list[IdPair]:
        """The training pairs as ids."""
        return encode_pairs(self.train, *self.codecs)

    @cached_property
    def test_ids(self) -> list[IdPair]:
        """The test pairs as ids."""
        return encode_pairs(self.test, *self.codecs)

    @cached_property
    def gold(self) -> list[Alignment]:
        """The alignments of the test pairs."""
        return gold_of(self.test)


@lru_cache(maxsize=1)
def sentences() -> Sentences:
    """Short sentences of a world with few words, so that seconds of training are enough."""
    train = generate("french", TRAIN, LENGTHS, 0, one_word_in=ONE_WORD_IN)
    return Sentences(train, generate("french", TEST, LENGTHS, 200, train, ONE_WORD_IN))


# ----------------------------------------------------------------------------------------- a training
def train(
    program: Program,
    seed: int = 0,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    progress: str = "training",
    reporters: Mapping[str, Program] | None = None,
) -> Trained:
    """Trains a model by the pieces of a program, in batches of mixed lengths.

    The record has, each `REPORTED_EVERY` steps, the loss that the program reports of the test pairs, as
    ``"reported_loss"``. The model is left in training mode, as training leaves it.

    Args:
        program: sound, or with a bug.
        seed: of the weights, and of the order of the sentences.
        steps: how many.
        learning_rate: at the first step; it falls in a straight line to 0.
        progress: what to write beside the progress bar.
        reporters: other programs, whose reports of the same model go into the record under their names.

    Raises:
        ValueError: if there is not one step at least.
    """
    if steps < 1:
        raise ValueError(f"steps: {steps} is not allowed; it must be 1 or more")
    data = sentences()
    all_reporters = {"reported_loss": program, **(reporters or {})}
    seed_everything(seed)
    model = program.make(*(len(codec.vocabulary) for codec in data.codecs)).train()
    optimizer = Adam(model.parameters(), lr=learning_rate, fused=True)
    rate = LambdaLR(optimizer, lambda step: learning_rate_share(step, 0, steps))
    loader = make_loader(data.train_ids, BATCH_SIZE, pool=1, seed=seed)

    def reported() -> dict[str, float]:
        return {
            name: reporter.reported_loss(model, data.test_ids) for name, reporter in all_reporters.items()
        }

    records = [{"epoch": 0.0, "step": 0, "seconds": 0.0, **reported()}]
    seconds = 0.0
    with progress_bar(steps, progress) as bar:
        for step, batch in enumerate(islice(chain.from_iterable(repeat(loader)), steps), start=1):
            started = perf_counter()
            loss = program.loss(model, batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            rate.step()
            seconds += perf_counter() - started
            bar.update()
            if step % REPORTED_EVERY == 0 or step == steps:
                record = {"epoch": step / len(loader), "step": step, "seconds": seconds}
                records.append({**record, "train_loss": loss.item(), **reported()})
    return Trained(model, *data.codecs, History(records))


# ------------------------------------------------------------------------------------ what comes of it
@dataclass(frozen=True)
class Run:
    """A program, a model trained for it, and what its own code says of it."""

    name: str
    program: Program
    trained: Trained

    @cached_property
    def reported_loss(self) -> float:
        """Of the test pairs, as this program reports it, in nats per token."""
        return self.program.reported_loss(self.trained.model, sentences().test_ids)

    @cached_property
    def translations(self) -> list[str]:
        """Of the test sentences, in the order in which the program gives them; from training mode."""
        self.trained.model.train()  # as training leaves it: what translates has to turn dropout off
        found = self.program.translate(self.trained.model, [source for source, _ in sentences().test_ids])
        return [self.trained.target_codec.decode(ids) for ids in found]

    @property
    def exact_match(self) -> float:
        """Of these translations, in %."""
        return 100 * metrics.exact_match(self.translations, _references())

    @cached_property
    def bleu(self) -> float:
        """Of these translations, 0 to 100."""
        return metrics.bleu(self.translations, _references()).score

    @cached_property
    def audit(self) -> Audit:
        """What the audit finds in the program, on the test pairs."""
        data = sentences()
        return audit(self.program.adapter(self.trained.model), data.test_ids, data.train_ids, data.gold)


def _references() -> list[str]:
    return [pair.target for pair in sentences().test]


def run_sound(seed: int = 0, steps: int = STEPS) -> Run:
    """The sound program; its record has what programs with a bug in their report would have reported."""
    reporters = {bug.name: bug.program for bug in BUGS.values() if bug.place == "reporting"}
    name = f"{SOUND_NAME}, seed {seed}"
    return Run(name, SOUND, train(SOUND, seed, steps, progress=name, reporters=reporters))


def run_with(bug: Bug, sound: Run) -> Run:
    """A program with a bug, by default from the seed that the sound one has.

    A bug that changes training is trained with; for another one the sound model serves.
    """
    trained = train(bug.program, progress=bug.name) if bug.changes_training else sound.trained
    return Run(bug.name, bug.program, trained)


def curves(runs: Iterable[Run], sound: Run) -> pd.DataFrame:
    """The losses that some programs reported as training went on: a row for each report, with its program."""
    tables = []
    for run in runs:
        table = run.trained.history.frame()
        column = run.name if run.trained is sound.trained and run.name in table else "reported_loss"
        tables.append(pd.DataFrame({"step": table["step"], "loss": table[column], "program": run.name}))
    return pd.concat(tables, ignore_index=True)


def scores(runs: Iterable[Run]) -> pd.DataFrame:
    """What programs say of themselves: a row for each, with ``loss``, ``exact_match`` and ``bleu``."""
    return pd.DataFrame(
        {
            run.name: {"loss": run.reported_loss, "exact_match": run.exact_match, "bleu": run.bleu}
            for run in runs
        }
    ).T


def sound_mean(results: Results) -> pd.DataFrame:
    """A row as those of `scores`: the means of the sound program's stored runs of `STEPS` steps."""
    means = {
        column: mean(results.values(_SOUND_ARM, name))
        for column, name in {"loss": "reported_loss", "exact_match": "exact_match", "bleu": "bleu"}.items()
    }
    return pd.DataFrame(means, index=[f"{SOUND_NAME}, mean of {len(results.of(_SOUND_ARM))}"])


def outcomes(runs: Iterable[Run]) -> pd.DataFrame:
    """The table: a row for each check, a column for each program, and in it how the check ended."""
    return pd.DataFrame(
        {run.name: {finding.check: str(finding.outcome) for finding in run.audit.findings} for run in runs}
    )


def map_of(program: Program, model: Seq2Seq, row: int) -> Tensor:
    """What a program draws for one of the test pairs, (target words + 1, source words)."""
    return program.map_rows(model, make_batch([sentences().test_ids[row]]))[0]


def best_fitting(model: Seq2Seq, words: int) -> int:
    """Which of the test pairs with so many source tokens has the sound map that fits its gold links best.

    Raises:
        ValueError: if there is no such pair.
    """
    rows = [row for row, (source, _) in enumerate(sentences().test_ids) if len(source) == words]
    if not rows:
        raise ValueError(f"words: {words}; no test sentence has so many tokens")

    def error_rate(row: int) -> float:
        links = hard_links(map_of(SOUND, model, row))
        return alignment_score([links], [sentences().gold[row]]).error_rate

    return min(rows, key=error_rate)


# --------------------------------------------------------------------------------- the stored ten seeds
def _plain(cell: str) -> Program:
    make = partial(plain_model, embedding_size=EMBEDDING_SIZE, hidden_size=HIDDEN_SIZE, cell=cell)
    return replace(SOUND, make=make)


OTHERS = {
    "plain, RNN": _plain("rnn"),
    "plain, GRU": _plain("gru"),
    "plain, LSTM": _plain("lstm"),
    "attention": SOUND,
    "transformer": replace(SOUND, make=partial(transformer_model, model_size=HIDDEN_SIZE)),
}
PLANTED = {**{bug.name: bug.program for bug in BUGS.values()}, CARELESS_NAME: CARELESS}
PROGRAMS = {**OTHERS, **PLANTED}
_SHOWN = {SOUND_NAME: "attention", **{name: name for name in PLANTED}}  # of each, the name in `PROGRAMS`
RATES = {"plain, RNN": 3e-3, "transformer": 3e-3}  # of the others it is `LEARNING_RATE`
BUDGETS = STEPS, 633  # steps; the larger one, of the sound programs, is that of notebook 5's quick run


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A program, and how long it is trained.

    Args:
        program: a name of `PROGRAMS`.
        steps: of training.
        learning_rate: at the first of them.
    """

    program: str
    steps: int
    learning_rate: float = LEARNING_RATE


def train_arm(
    arm: Arm, seed: int, checkpoint: Checkpoint | None = None, progress: str = "training"
) -> Trained:
    """Trains a program; so short a training is not taken up again from a checkpoint."""
    return train(PROGRAMS[arm.program], seed, arm.steps, arm.learning_rate, progress)


def measure(trained: Trained, arm: Arm) -> dict[str, Any]:
    """What the program reports of itself, and ``"audit"``: of each check outcome and measured number."""
    run = Run(arm.program, PROGRAMS[arm.program], trained)
    findings = [
        {"check": finding.check, "outcome": str(finding.outcome), "measured": finding.measured}
        for finding in run.audit.findings
    ]
    return {
        "reported_loss": run.reported_loss,
        "exact_match": run.exact_match,
        "bleu": run.bleu,
        "audit": findings,
    }


_BUDGETS_OF = {**dict.fromkeys(OTHERS, BUDGETS), **dict.fromkeys(PLANTED, (STEPS,))}
_ARMS = {
    f"{name}, {steps} steps": Arm(program=name, steps=steps, learning_rate=RATES.get(name, LEARNING_RATE))
    for name, budgets in _BUDGETS_OF.items()
    for steps in budgets
}
AUDITED = Experiment(
    name="bugs_that_hide",
    question="which checks of the audit fail with each planted bug, and does one fail without any?",
    basis="budget",
    arms=_ARMS,
    seeds=dict.fromkeys(_ARMS, range(10)),
    train=train_arm,
    measure=measure,
    budgets={name: [f"{name}, {steps} steps" for steps in BUDGETS] for name in OTHERS},
)


def seeds_with(results: Results, outcome: Outcome, steps: int) -> pd.DataFrame:
    """In how many of the stored runs each check ended so: a row for each check, a column for each program.

    Args:
        results: of `AUDITED`.
        outcome: which.
        steps: one of `BUDGETS`.

    Raises:
        ValueError: if there is no run of that budget.
    """
    table = results.table("audit")
    ending = f", {steps} steps"
    table = table[table["arm"].str.endswith(ending)]
    if table.empty:
        raise ValueError(f"steps: {steps}; there are no runs of so many steps, only of {BUDGETS}")
    table = table.assign(program=table["arm"].str.removesuffix(ending), ended=table["outcome"] == outcome)
    counts = table.pivot_table("ended", "check", "program", aggfunc="sum", sort=False)
    return counts.reindex(columns=table["program"].unique())


def loss_and_bleu(results: Results) -> pd.DataFrame:
    """The stored runs of `STEPS` steps: those of the sound program, of each bug, and of the careless program.

    Returns:
        A row for each run: ``"program"``, ``"seed"``, ``"loss"`` (reported, in nats per token), ``"BLEU"``.
    """
    return pd.DataFrame(
        [
            {
                "program": name,
                "seed": run["seed"],
                "loss": run["measured"]["reported_loss"],
                "BLEU": run["measured"]["bleu"],
            }
            for name, arm in _SHOWN.items()
            for run in results.of(f"{arm}, {STEPS} steps")
        ]
    )


def what_shows(results: Results) -> pd.DataFrame:
    """In how many of the stored runs of `STEPS` steps each program shows, and by what.

    Returns:
        A row for each program. In how many runs the loss lies above that of each sound run, ``"loss above all
        sound"``, or below, ``"loss below all sound"``; in how many BLEU lies below, ``"BLEU below all
        sound"``; and in how many the check that is named for the bug fails, ``"its check fails"``. In the
        rows of the careless and of the sound program, the last number is that of the check that fails most
        often.
    """
    runs, failed = loss_and_bleu(results), seeds_with(results, Outcome.FAILS, STEPS)
    sound = runs[runs["program"] == SOUND_NAME]
    rows = {}
    for name, of_program in runs.groupby("program", sort=False):
        column = failed[_SHOWN[str(name)]]
        rows[name] = {
            "loss above all sound": int((of_program["loss"] > sound["loss"].max()).sum()),
            "loss below all sound": int((of_program["loss"] < sound["loss"].min()).sum()),
            "BLEU below all sound": int((of_program["BLEU"] < sound["BLEU"].min()).sum()),
            "its check fails": int(column[BUGS[name].caught_by] if name in BUGS else column.max()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")
