"""The table of checks: what must hold, how it is measured, what one would see otherwise, where to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seq2seq_utils.evaluation.audit import data, learning, structure
from seq2seq_utils.evaluation.audit.structure import Measured
from seq2seq_utils.evaluation.audit.subject import Subject

# The weights that a check is made with: as they are, in another order, or both, of which the larger measured
# number counts: for what must be small.
GIVEN, SHUFFLED, BOTH = ("given",), ("shuffled",), ("given", "shuffled")

# Below which `Subject.share_unlearned` enough is learned to ask. Models of the toy language trained on the
# translations of other sentences, which can learn French but nothing of the source, came down to 0.57; sound
# ones passed from 0.71 on. A map comes later: at 0.46 that of one model was no better than its neighbour
# one row off, at 0.20 those of all three were.
LEARNED, ALIGNED = 0.65, 0.25


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check: what must hold, how it is measured, and what its failure would look like.

    Args:
        name: short, for tables.
        claim: a sentence.
        measure: returns a number.
        relation: how this must stand to `bound`, ``"<="`` or ``">="``.
        bound: a number.
        unit: of both.
        symptom: what one would see if it failed.
        explained: a notebook of this series, and a heading in it.
        weights: that it is made with. What must hold for all weights is looked at with shuffled ones, too
            (see `shuffled_weights`): weights of 0, or certain predictions, may hide a mistake. What must be
            large is looked at with these alone: an untrained model may begin with weights of 0.
        learned_below: None for what holds at once. Else the loss, as `Subject.share_unlearned` has it, that
            must have been reached before it can be asked.
    """

    name: str
    claim: str
    measure: Callable[[Subject], Measured]
    relation: str
    bound: float
    unit: str
    symptom: str
    explained: tuple[str, str]
    weights: tuple[str, ...] = GIVEN
    learned_below: float | None = None


NATS = "nats"
TOKENIZATION, SEQ2SEQ = "01_tokenization", "02_seq2seq"
FORCING, ATTENTION, REAL = "03_teacher_forcing", "05_bahdanau_attention", "06_real_sentences"
BUGS = "08_bugs_that_hide"

CHECKS = (
    Check(
        name="alone = in a batch",
        claim="a pair has the same log probabilities alone and in a padded batch",
        measure=structure.alone_or_in_batch,
        relation="<=",
        bound=1e-3,
        unit=NATS,
        symptom="a sentence's scores, and perhaps its translation, change with the batch",
        explained=(BUGS, "One sentence, two translations"),
        weights=BOTH,
    ),
    Check(
        name="order in the batch",
        claim="if a batch is reversed, each sentence keeps its log probabilities",
        measure=structure.order_in_batch,
        relation="<=",
        bound=1e-3,
        unit=NATS,
        symptom="sentences have the scores of their neighbours; the loss stays high",
        explained=(SEQ2SEQ, "Alone or in company"),
        weights=BOTH,
    ),
    Check(
        name="no look into the future",
        claim="a score does not depend on the word that it is of, nor on later ones",
        measure=structure.future,
        relation="<=",
        bound=1e-3,
        unit=NATS,
        symptom="a loss near 0, and translations that are wrong from the first word on",
        explained=(FORCING, "The same step, two inputs"),
        weights=BOTH,
    ),
    Check(
        name="the source matters",
        claim="with another source the log probabilities are others",
        measure=structure.source,
        relation=">=",
        bound=1e-4,
        unit=NATS,
        symptom="one sentence for every input",
        explained=(SEQ2SEQ, "The idea in one picture"),
        weights=SHUFFLED,
    ),
    Check(
        name="the order of the source matters",
        claim="with the source's words the other way round the log probabilities are others",
        measure=structure.source_order,
        relation=">=",
        bound=1e-4,
        unit=NATS,
        symptom="the right words, as of somebody who has not seen their order",
        explained=(SEQ2SEQ, "The task, and why word for word is not enough"),
        weights=SHUFFLED,
    ),
    Check(
        name="the softmax is taken once",
        claim="scores are not yet the probabilities that a softmax gives",
        measure=structure.no_probabilities,
        relation=">=",
        bound=1e-3,
        unit="from adding up to 1",
        symptom="a loss that falls a little and then no more",
        explained=(TOKENIZATION, "The loss: how surprised a model is"),
    ),
    Check(
        name="by step = at once",
        claim="one decoding step after the other gives the log probabilities of the whole pass",
        measure=structure.by_step,
        relation="<=",
        bound=1e-3,
        unit=NATS,
        symptom="a good loss, and bad translations",
        explained=(FORCING, "The same step, two inputs"),
        weights=BOTH,
    ),
    Check(
        name="weights sum to 1, none on padding",
        claim="the weights of a sentence's own words sum to 1, and padding has none",
        measure=structure.attention_weights,
        relation="<=",
        bound=1e-3,
        unit="weight",
        symptom="a pale map; scores that change with the batch",
        explained=(ATTENTION, "Why the mask comes before the softmax"),
        weights=BOTH,
    ),
    Check(
        name="padding is not in the loss",
        claim="loss and gradient of two pairs are those of both alone, put together",
        measure=structure.padding_in_loss,
        relation="<=",
        bound=1e-3,
        unit="relative difference",
        symptom="a loss that gets better with more padding in the batch",
        explained=(TOKENIZATION, "EOS counts, PAD does not"),
        weights=SHUFFLED,
    ),
    Check(
        name="EOS is trained",
        claim="EOS counts in the loss, at least half as much as a word",
        measure=structure.eos_in_loss,
        relation=">=",
        bound=0.5,
        unit="times as much as a word",
        symptom="translations that never end",
        explained=(TOKENIZATION, "EOS, the token that must be learned"),
        weights=SHUFFLED,
    ),
    Check(
        name="every parameter gets a gradient",
        claim="no parameter is without a gradient",
        measure=structure.gradients,
        relation="<=",
        bound=0,
        unit="parameters without",
        symptom="a part that stays as it was made: a map that stays flat",
        explained=(SEQ2SEQ, "One step, in slow motion"),
        weights=SHUFFLED,
    ),
    Check(
        name="the reported loss is teacher-forced",
        claim="the loss reported of a pair is that of its true words, each fed the true ones",
        measure=structure.reported_with_truth_fed,
        relation="<=",
        bound=1e-3,
        unit="relative difference",
        symptom="a perplexity that rises while translations get better",
        explained=(FORCING, "Two numbers that must not be mixed"),
        weights=BOTH,
    ),
    Check(
        name="the reported loss is per token",
        claim="the loss reported of a set is the mean over its tokens, EOS counted, not one of batch means",
        measure=structure.reported_over_tokens,
        relation="<=",
        bound=1e-3,
        unit="relative difference",
        symptom="a loss that changes with the batch size",
        explained=(TOKENIZATION, "A mean of means is another number"),
        weights=BOTH,
    ),
    Check(
        name="dropout is off, the mode restored",
        claim="translating and reporting use evaluation mode, and leave the mode as it was",
        measure=structure.modes,
        relation="<=",
        bound=0,
        unit="modules in the wrong mode",
        symptom="another translation each time; or training that goes on without dropout",
        explained=(REAL, "What a real training needs"),
    ),
    Check(
        name="writes what its scores say",
        claim="each word of a translation is the likeliest by the scores of that translation",
        measure=structure.writes_the_likeliest,
        relation=">=",
        bound=0.99,
        unit="share of words",
        symptom="a good loss, and bad translations",
        explained=(SEQ2SEQ, "The decoder, and the loop that ends at EOS"),
    ),
    Check(
        name="EOS is found",
        claim="after the whole target EOS is the likeliest token, for half of the pairs or more",
        measure=learning.eos_found,
        relation=">=",
        bound=0.5,
        unit="share of pairs",
        symptom="translations that never end",
        explained=(TOKENIZATION, "EOS, the token that must be learned"),
        learned_below=LEARNED,
    ),
    Check(
        name="the own source helps",
        claim="most targets are likelier with their own source than with another one",
        measure=learning.own_source,
        relation=">=",
        bound=0.65,
        unit="share of pairs",
        symptom="fluent sentences that have nothing to do with the source",
        explained=(SEQ2SEQ, "Good French that says something else"),
        learned_below=LEARNED,
    ),
    Check(
        name="rows end one by one",
        claim="a translation is the same alone and in a batch, and stops before EOS",
        measure=learning.rows_end,
        relation="<=",
        bound=0,
        unit="sentences",
        symptom="translations cut off, or words after the end",
        explained=(SEQ2SEQ, "Alone or in company"),
        learned_below=LEARNED,
    ),
    Check(
        name="translations keep the order",
        claim="if the sentences are reversed, each keeps its translation",
        measure=learning.translations_in_order,
        relation="<=",
        bound=0,
        unit="sentences",
        symptom="good translations, of other sentences; BLEU is near 0",
        explained=(SEQ2SEQ, "Alone or in company"),
        learned_below=LEARNED,
    ),
    Check(
        name="weights beside their words",
        claim="the maps fit the gold alignments best as they are: not moved by a row, not mirrored",
        measure=learning.weights_beside_words,
        relation=">=",
        bound=0,
        unit="lowest error rate of moved maps minus their own",
        symptom="a map that is one row off, or mirrored",
        explained=(ATTENTION, "Side road: the maps of other runs, and rows that are off by one"),
        learned_below=ALIGNED,
    ),
    Check(
        name="no test sentence in training",
        claim="no source of the pairs was trained on",
        measure=data.seen_in_training,
        relation="<=",
        bound=0,
        unit="pairs",
        symptom="scores better than what users see",
        explained=(REAL, "A new world: captions"),
    ),
    Check(
        name="no vocabulary from the test",
        claim="every id of the pairs but UNK was met in training",
        measure=data.words_of_the_test,
        relation="<=",
        bound=0,
        unit="ids",
        symptom="no unknown word in the test; words with vectors that nothing has trained",
        explained=(TOKENIZATION, "From tokens to ids"),
    ),
)
