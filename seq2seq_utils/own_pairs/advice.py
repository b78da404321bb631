"""What to try next, by rules that the notebooks taught, each with its number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seq2seq_utils.evaluation.audit import Outcome
from seq2seq_utils.own_pairs.content import Content
from seq2seq_utils.own_pairs.seen import MANY_THE_SAME

# From where on each rule speaks. They are rules of thumb: what they say is worth a try, and no more.
FALLING = 0.01  # of the validation loss, in the last epoch
GAP = 0.5  # nats per token, between training and validation; 2,000 Korean pairs, by "tiny", had 0.26
CUT_OFF = 0.01  # of the training pairs, or of the translations
UNKNOWN = 0.005  # of the source's pieces
REPEATED, SHARED = 0.02, 0.05  # of the translations
LOSSLESS = 95  # BLEU of the references themselves, cut into pieces and put together again


@dataclass(frozen=True)
class Advice:
    """A rule that speaks."""

    finding: str  # with its number
    attempt: str  # what to try
    notebook: str  # of this series, which explains it,
    heading: str  # and the heading there


TRAINING, BLEU = (
    ("06_real_sentences", "What a real training needs"),
    ("06_real_sentences", "BLEU, done properly"),
)
PIECES, SYMPTOMS = ("06_real_sentences", "Words or subwords?"), ("08_bugs_that_hide", "The symptom index")
CARE, LENGTH = ("06_real_sentences", "Is the care needed?"), ("04_long_sentences", "Quality against length")
ENDS = ("01_tokenization", "EOS, the token that must be learned")
LOOPS = ("03_teacher_forcing", "Exposure bias: the gap by position")


def advise(content: Content) -> list[Advice]:
    """What the rules say of a training; none of them may have to say anything."""
    return [advice for rule in RULES for advice in rule(content)]


def shortened(content: Content) -> Iterator[Advice]:
    """The time that was given was too short for the recipe."""
    plan = content.plan
    all_pairs = len(content.left_out[0].pairs)
    if plan.recipe.epochs < plan.full_epochs or plan.train_pairs < all_pairs:
        yield Advice(
            f"The schedule was shortened to fit the time: {plan.recipe.epochs} of {plan.full_epochs} epochs, "
            f"{plan.train_pairs:,} of {all_pairs:,} pairs.",
            "Give it more minutes, or a faster machine: first of all, the schedule as the recipe has it.",
            *TRAINING,
        )


def still_falling(content: Content) -> Iterator[Advice]:
    """The validation loss had not come to its end."""
    losses = [record["validation_loss"] for record in content.history.records]
    fell = 1 - losses[-1] / losses[-2]
    if losses[-1] == min(losses) and fell > FALLING:
        epochs = content.plan.recipe.epochs
        yield Advice(
            f"In the last epoch the validation loss still fell, by {fell:.1%}.",
            f"Train longer: --set epochs={2 * epochs}.",
            *TRAINING,
        )


def gap(content: Content) -> Iterator[Advice]:
    """It knows the training pairs much better than others."""
    training, validation = content.losses
    if validation - training > GAP:
        yield Advice(
            f"The loss is {training:.2f} on training pairs and {validation:.2f} on validation pairs, "
            f"measured alike: a gap of {validation - training:.2f} nats per token. It may learn by heart.",
            "More pairs, above all; else more dropout (--set dropout=0.4 --set word_dropout=0.1), a smaller "
            "model, or pieces that are cut anew (--set piece_dropout=0.1).",
            *CARE,
        )


def cut_off(content: Content) -> Iterator[Advice]:
    """Sentences, or translations, that are too long."""
    kept = content.left_out[0]
    count = kept.too_long + kept.unreadable + len(kept.pairs)
    if kept.too_long > CUT_OFF * count:
        yield Advice(
            f"{kept.too_long:,} of {count:,} training pairs ({kept.too_long / count:.1%}) were left out, "
            f"since they have more than {content.request.longest} pieces.",
            "A larger --longest, if the memory allows it; or cut such lines into sentences.",
            *LENGTH,
        )
    test = content.scores["test"]
    if test.unfinished > CUT_OFF * len(test.texts):
        yield Advice(
            f"{test.unfinished:,} of {len(test.texts):,} translations of the test have no end: the limit "
            "came before EOS.",
            "Train longer; if it stays so, look whether the references end as sentences do.",
            *ENDS,
        )


def unknown(content: Content) -> Iterator[Advice]:
    """What the pieces cannot say."""
    test = content.scores["test"]
    fewer = max(content.plan.recipe.pieces // 2, 200)
    if test.unknown > UNKNOWN or test.unreadable:
        yield Advice(
            f"{test.unknown:.1%} of the pieces of the test's sources are unknown, and {test.unreadable:,} "
            "sources could not be read at all.",
            "Are the test sentences of the same language and kind as those of the training? If they are: "
            f"fewer pieces, which are met more often (--set pieces={fewer}).",
            *PIECES,
        )
    if test.best_possible < LOSSLESS:
        yield Advice(
            f"The references themselves, cut into pieces and put together again, have a BLEU of "
            f"{test.best_possible:.1f}: the pieces write some characters in another way (ß as ss, full-width "
            "letters as plain ones).",
            "Write the references in the same way before you compare, or read BLEU with this in mind.",
            *BLEU,
        )


def repeated(content: Content) -> Iterator[Advice]:
    """Translations that go round in circles, or that many sources share."""
    test = content.scores["test"]
    for count, most, finding, attempt, place in (
        (
            test.repeating,
            REPEATED,
            "say something three times or more, one after the other",
            "Train longer; a model that has learned little falls into loops of its own words.",
            LOOPS,
        ),
        (
            test.shared,
            SHARED,
            "are those of another source, too, which should be translated in another way",
            "If it is one sentence for every source, the model does not read the source: look at the audit.",
            SYMPTOMS,
        ),
    ):
        if count > most * len(test.texts):
            share = count / len(test.texts)
            yield Advice(
                f"{count:,} of {len(test.texts):,} translations of the test ({share:.1%}) {finding}.",
                attempt,
                *place,
            )


def data(content: Content) -> Iterator[Advice]:
    """What was to be seen before the training."""
    found = content.seen
    if found.same > MANY_THE_SAME * found.pairs:
        yield Advice(
            f"In {found.same:,} of {found.pairs:,} pairs ({found.same / found.pairs:.1%}) both sides are "
            "the same.",
            "Take out lines that were never translated.",
            *SYMPTOMS,
        )
    if found.test_in_training:
        yield Advice(
            f"{found.test_in_training:,} of {found.test:,} test pairs have a source that was trained on.",
            "Take them out of the training pairs; until then the scores flatter.",
            *BLEU,
        )


def by_the_audit(content: Content) -> Iterator[Advice]:
    """What the audit found."""
    early = content.audit.with_outcome(Outcome.TOO_EARLY)
    if early:
        yield Advice(
            f"It is too early for {len(early)} of the checks of the audit: little more is learned yet than "
            "which words are frequent.",
            "Train longer, on more pairs; or try a larger learning rate "
            f"(--set learning_rate={2 * content.plan.recipe.learning_rate:g}).",
            "08_bugs_that_hide",
            "What an audit asks",
        )


RULES: tuple[Callable[[Content], Iterator[Advice]], ...] = (
    data,
    shortened,
    still_falling,
    gap,
    cut_off,
    unknown,
    repeated,
    by_the_audit,
)
