"""Notebook 6: what pieces bring, and words in their place, by the quick recipe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seq2seq_utils.evaluation import metrics
from seq2seq_utils.experiments.captions import WORD_COUNT, Arm, corpus, scores, train, translated
from seq2seq_utils.experiments.experiment import Experiment, Trained
from seq2seq_utils.experiments.real_sentences import words_found
from seq2seq_utils.text import UNK
from seq2seq_utils.training.recipes import QUICK


def measure(trained: Trained, arm: Arm) -> dict[str, Any]:
    """Quality of the greedy translations of the validation pairs, and what the unknown word costs.

    Returns:
        What `scores` gives, where ``<unk>`` is one word; ``"bleu_with_signs"``, the same translations with
        ``<unk>`` as it is, which BLEU cuts into three; ``"with_unknown"``, how many of them have one; and
        ``"words_found"``: a record for each group of words, by how often training had them.
    """
    splits = corpus(arm.source, arm.target)
    references = [pair.target for pair in splits.validation]
    found = translated(trained, splits.validation)
    texts = [translation.text for translation in found]
    recall = words_found(texts, references, (pair.target for pair in splits.train))
    return {
        **scores(found, splits.validation),
        "bleu_with_signs": round(metrics.bleu(texts, references, lowercase=True).score, 2),
        "with_unknown": sum(UNK in text for text in texts),
        "words_found": recall.round(2).reset_index().to_dict("records"),
    }


_ARMS = {
    "pieces": Arm(recipe=QUICK),
    "words": Arm(recipe=replace(QUICK, word_count=WORD_COUNT)),
}
COMPARED = Experiment(
    name="captions_words",
    question="by the quick recipe, what do pieces bring, and what words in their place?",
    basis="budget",
    arms=_ARMS,
    seeds=dict.fromkeys(_ARMS, range(3)),
    train=train,
    measure=measure,
)
