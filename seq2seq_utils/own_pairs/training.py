"""All of it: from files to a folder with a translator and a page about it. Given again, it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from seq2seq_utils.batching import batches_by_length
from seq2seq_utils.encoding import FlatPairs
from seq2seq_utils.evaluation.audit import Audit, audit, seq2seq_adapter
from seq2seq_utils.experiments.experiment import machine
from seq2seq_utils.models import Seq2Seq, count_parameters
from seq2seq_utils.own_pairs import choosing, scoring, seen, timing
from seq2seq_utils.own_pairs.content import Content
from seq2seq_utils.own_pairs.files import Kept, digest, leave_out, read_splits
from seq2seq_utils.own_pairs.lines import LONGEST
from seq2seq_utils.own_pairs.plan import Plan, Request, read_plan, write_plan
from seq2seq_utils.own_pairs.report import page
from seq2seq_utils.own_pairs.scoring import Scores
from seq2seq_utils.pairs import Splits
from seq2seq_utils.text import SPECIALS, UNK_ID, TextCodec
from seq2seq_utils.training import (
    Checkpoint,
    History,
    Run,
    evaluate_loss,
    pick_device,
    recipes,
    seed_everything,
)
from seq2seq_utils.training.checkpoints import whole_or_not_at_all
from seq2seq_utils.training.processes import from_first, process_count, process_number
from seq2seq_utils.training.recipes import Recipe
from seq2seq_utils.translation import save_translator

CHECKPOINT, REPORT = "checkpoint.pt", "report.html"
STEPS_BETWEEN_CHECKPOINTS = 200

Codecs = tuple[TextCodec, TextCodec]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """What a training needs: pairs that fit, codecs, and an untrained model."""

    train: Kept
    validation: Kept
    test: Kept  # what of the test can be read at all
    codecs: Codecs
    model: Seq2Seq


@dataclass(frozen=True)
class Begun:
    """What is known before the first step is timed."""

    splits: Splits
    seen: seen.Seen
    decides: Mapping[str, Any]  # see `Request.decides`
    plan: Plan | None  # where the folder has one already
    name: str  # of the recipe
    recipe: Recipe
    prepared: Prepared


@dataclass(frozen=True)
class Announced(Checkpoint):
    """A checkpoint that says how it goes when an epoch is over.

    Args:
        path: see `Checkpoint`.
        every_steps: likewise.
        say: is given a line.
    """

    say: Say = print

    def write(self, run: Run) -> None:
        """Writes the file and, at the end of an epoch, says a line."""
        super().write(run)
        epochs, steps = run.place
        if steps == 0:
            self.say(in_a_line(run, epochs))


def train(request: Request, folder: Path, say: Say = print) -> None:
    """Trains by a request; the folder has then a translator, the scored translations, and a page about it.

    Given again, it goes on where it was stopped, to the same numbers as if it never had been (see
    `Checkpoint`).

    Called in each of several processes (see `several_processes`), it trains one model in all of them; the
    recipe's batch is what they have together. The first alone reads and writes files, and says lines.

    Args:
        request: what is asked for.
        folder: made if need be; empty, or of the same training.
        say: is given each line that is to be read meanwhile.

    Raises:
        FileNotFoundError: if a file is not there.
        ValueError: if a file cannot be read, something asked for is not possible, or the folder holds
            something else.
    """
    device = pick_device(request.device)
    if process_number() > 0:
        say = in_silence
        seed_everything(request.seed)  # as `prepare` does in the first
    begun = from_first(lambda: begin(request, folder, say))
    prepared, plan = begun.prepared, begun.plan
    if plan is None:
        expected = timing.estimate(
            prepared.model, prepared.train, prepared.validation, prepared.codecs, begun.recipe, device
        )
        plan = from_first(lambda: decide(begun, expected, request.minutes, folder))
    for line in expectations(plan):
        say(line)
    prepared = replace(prepared, train=timing.drawn(prepared.train, plan.train_pairs))
    history = fit(request, plan, prepared, folder, say)
    if process_number() == 0:
        finish(request, plan, prepared, begun, history, folder, say)


def in_silence(line: str) -> None:
    """Says nothing."""


def begin(request: Request, folder: Path, say: Say) -> Begun:
    """Reads, looks, chooses and prepares, or goes on with what was chosen before; see `train`."""
    scoring.check_tokenize(request.bleu_tokenize)
    splits = read_splits(request.files, request.validation, request.test)
    saw = seen.look(splits)
    for line in seen.in_words(saw):
        say(line)
    decides = request.decides(digest(splits))
    plan = read_plan(folder, decides)
    if plan is None:
        name = request.recipe or choosing.choose(len(splits.train))
        recipe = choosing.for_data(name, request.changes, splits.train)
        prepared = prepare(request, recipe, splits, say)
        say(
            f"recipe: {name}{'' if request.recipe else f', for {len(splits.train):,} pairs'}: "
            f"{in_short(recipe)}"
        )
        return Begun(splits, saw, decides, None, name, recipe, prepared)
    say(f"{folder} has this training already; it goes on")
    prepared = prepare(request, plan.recipe, splits, say)
    return Begun(splits, saw, decides, plan, plan.name, plan.recipe, prepared)


def in_short(recipe: Recipe) -> str:
    """A recipe's settings, as `--set` takes them; those that are 0 or not there are left out."""
    return " ".join(f"{name}={value}" for name, value in asdict(recipe).items() if value)


def prepare(request: Request, recipe: Recipe, splits: Splits, say: Say) -> Prepared:
    """Learns pieces, leaves out what does not fit, and makes a model.

    Raises:
        ValueError: if too few pairs are left, or there is no such model.
    """
    codecs = recipes.codecs(splits.train, recipe, at_most=True)
    sizes = [len(codec.vocabulary) - len(SPECIALS) for codec in codecs]
    learned = "words" if recipe.word_count else f"pieces (asked for: {recipe.pieces:,} at most)"
    say(f"vocabularies: {sizes[0]:,} and {sizes[1]:,} {learned}, and {len(SPECIALS)} special tokens each")
    longest = (request.longest, request.longest, LONGEST)  # the test is not made easier
    kept = [leave_out(part, codecs, most) for part, most in zip(splits, longest, strict=True)]
    for name, part, most, needed in zip(Splits._fields, kept, longest, (1, 2, 2), strict=True):
        if part.too_long or part.unreadable:
            say(
                f"{name}: {part.too_long:,} pairs have more than {most:,} pieces, {part.unreadable:,} cannot "
                f"be read; {len(part.pairs):,} are left"
            )
        if len(part.pairs) < needed:
            raise ValueError(
                f"{name}: {len(part.pairs)} pairs are left of those of at most {most} pieces (longest); "
                f"there must be {needed} or more"
            )
    seed_everything(request.seed)
    model = recipes.make_model(request.model, recipe, *codecs)
    say(f"model: {request.model}, {count_parameters(model):,} parameters")
    return Prepared(kept[0], kept[1], kept[2], codecs, model)


def decide(begun: Begun, expected: timing.Estimate, minutes: float | None, folder: Path) -> Plan:
    """Makes the plan, and writes it."""
    pairs = len(begun.prepared.train.pairs)
    plan = make_plan(begun.name, begun.recipe, expected, pairs, minutes)
    write_plan(folder, begun.decides, plan)
    return plan


def make_plan(
    name: str, recipe: Recipe, expected: timing.Estimate, pairs: int, minutes: float | None
) -> Plan:
    """The plan: the recipe with all pairs, or what of it fits into a time."""
    part = (
        timing.Shortened(recipe, pairs)
        if minutes is None
        else timing.shorten(recipe, expected, pairs, minutes)
    )
    share = part.pairs / pairs
    seconds = replace(expected, seconds_of_training=share * expected.seconds_of_training).seconds(
        part.recipe.epochs
    )
    steps = part.recipe.epochs * -(-part.pairs // recipe.batch_size)
    return Plan(
        name=name,
        recipe=choosing.shortest_warmup(part.recipe, steps),
        full_epochs=recipe.epochs,
        train_pairs=part.pairs,
        seconds=seconds,
        megabytes=expected.megabytes,
    )


def expectations(plan: Plan) -> list[str]:
    """What will happen, in lines to be read."""
    epochs = plan.recipe.epochs
    cut = f" of {plan.full_epochs}" if epochs < plan.full_epochs else ""
    memory = "" if plan.megabytes is None else f", about {plan.megabytes / 1000:.1f} GB of memory"
    stops = "" if plan.recipe.averaged_epochs else ", or fewer, where the validation loss gets no better"
    warmup = f", the first {plan.recipe.warmup:,} steps as warm-up" if plan.recipe.warmup else ""
    lines = [
        f"plan: {epochs}{cut} epochs of {plan.train_pairs:,} pairs{stops}{warmup}: about "
        f"{plan.seconds / 60:.1f} minutes{memory}; then validation and test are scored",
        "after each epoch: the loss in training, with the dropout and label smoothing of the recipe; that on "
        "validation pairs, without both; BLEU and chrF of these, by greedy search",
    ]
    if process_count() > 1:
        shared = "each has a share of every batch, and needs that memory"
        lines.append(f"{process_count()} processes train together; {shared}")
    return lines


def fit(request: Request, plan: Plan, prepared: Prepared, folder: Path, say: Say) -> History:
    """The training itself, as the experiments of this series have it; it goes on from its checkpoint."""
    splits = Splits(prepared.train.pairs, prepared.validation.pairs, [])
    measure = scoring.after_each_epoch(splits.validation, prepared.codecs, request.bleu_tokenize)
    checkpoint = Announced(folder / CHECKPOINT, STEPS_BETWEEN_CHECKPOINTS, say)
    return recipes.train_by_recipe(
        prepared.model,
        splits,
        plan.recipe,
        prepared.codecs,
        request.seed,
        checkpoint,
        measure=measure,
        device=request.device,
        ids=prepared.train.ids,
    )


def in_a_line(run: Run, epochs: int) -> str:
    """How a training stands after an epoch, and how long the rest may take."""
    record = run.history.records[-1]
    left = run.seconds / run.step * (len(run.ratios) - run.step)
    return (
        f"epoch {epochs} of {run.settings.epochs}: loss {record['train_loss']:.3f}, validation "
        f"{record['validation_loss']:.3f}, BLEU {record['validation_bleu']:.1f}, chrF "
        f"{record['validation_chrf']:.1f}; {run.seconds / 60:.1f} minutes, about {left / 60:.1f} left"
    )


def finish(
    request: Request,
    plan: Plan,
    prepared: Prepared,
    begun: Begun,
    history: History,
    folder: Path,
    say: Say,
) -> None:
    """Scores the model, the test last, and writes the folder."""
    codecs, model = prepared.codecs, prepared.model.to(pick_device(request.device))
    scores: dict[str, Scores] = {}
    for name, pairs in (("validation", begun.splits.validation), ("test", begun.splits.test)):
        found = scoring.score(model, pairs, codecs, request.bleu_tokenize, request.beam)
        search = f"a beam of {request.beam}" if request.beam > 1 else "greedy search"
        interval = f"95 % interval {found.low:.1f} to {found.high:.1f}"
        say(f"{name}, by {search}: BLEU {found.bleu:.1f} ({interval}), chrF {found.chrf:.1f}")
        scores[name] = found
    losses = losses_of(model, prepared)
    audited = look_for_bugs(model, prepared, plan.recipe)
    model.cpu()
    content = Content(
        request=request,
        plan=plan,
        seen=begun.seen,
        left_out=(prepared.train, prepared.validation),
        history=history,
        losses=losses,
        scores=scores,
        audit=audited,
        model=model,
        codecs=codecs,
        test=prepared.test.pairs,
        machine=machine(),
    )
    html = page(content)
    for name, found in scores.items():
        write_text(folder / f"{name}.translations.txt", "".join(f"{text}\n" for text in found.texts))
        write_text(folder / f"{name}.references.txt", "".join(f"{text}\n" for text in found.references))
    save_translator(folder, model, codecs, **notes(content))
    write_text(folder / REPORT, html)
    say(f"{folder / REPORT}: the report")


def losses_of(model: Seq2Seq, prepared: Prepared) -> tuple[float, float]:
    """The loss per token, in nats, on some training pairs and on the validation pairs, measured alike."""
    count = len(prepared.validation.pairs)
    return (
        loss_on(model, timing.drawn(prepared.train, count).ids),
        loss_on(model, prepared.validation.ids),
    )


def loss_on(model: Seq2Seq, pairs: FlatPairs, together: int = 64) -> float:
    """The loss per token, in nats, the true words fed."""
    return evaluate_loss(model, batches_by_length(pairs, together))


def look_for_bugs(model: Seq2Seq, prepared: Prepared, recipe: Recipe) -> Audit:
    """The audit of notebook 8."""
    unknown_id = UNK_ID if recipe.word_count else None
    adapter = seq2seq_adapter(model, recipe.label_smoothing, unknown_id)
    return audit(adapter, prepared.test.ids, prepared.train.ids)


def notes(content: Content) -> dict[str, Any]:
    """What the folder keeps of the training, beside the translator."""
    return {
        "recipe": content.plan.name,
        "settings": asdict(content.plan.recipe),
        "trained_on": content.plan.train_pairs,
        "seed": content.request.seed,
        "seen": asdict(content.seen),
        "history": content.history.records,
        "scores": {
            name: {
                "sentences": len(found.texts),
                "bleu": found.bleu,
                "low": found.low,
                "high": found.high,
                "signature": found.signature,
                "chrf": found.chrf,
                "chrf_signature": found.chrf_signature,
                "beam": content.request.beam,
            }
            for name, found in content.scores.items()
        },
        "machine": content.machine,
    }


def write_text(path: Path, text: str) -> None:
    """Writes a text whole or not at all."""
    with whole_or_not_at_all(path) as file:
        file.write(text.encode())
