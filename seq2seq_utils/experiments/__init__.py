"""Experiments: what is compared, a module a notebook, and the files that hold what came out."""

from seq2seq_utils.experiments import (
    after_attention,
    attention,
    bugs_that_hide,
    captions,
    captions_transformer,
    captions_words,
    long_sentences,
    patterns,
    seq2seq,
    teacher_forcing,
)
from seq2seq_utils.experiments.experiment import Claim, Entry, Experiment, Trained
from seq2seq_utils.experiments.stored import Results, read

EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        seq2seq.CELLS_SEARCH,
        seq2seq.CELLS,
        seq2seq.SENTENCES,
        teacher_forcing.SEARCH,
        teacher_forcing.COMPARED,
        long_sentences.SEARCH,
        long_sentences.COMPARED,
        long_sentences.SMALL,
        attention.SEARCH,
        attention.COMPARED,
        attention.FIXED,
        attention.LADDER_SEARCH,
        attention.LADDER,
        captions.SEARCH,
        captions.LENGTHS,
        captions.FINAL,
        captions_words.COMPARED,
        after_attention.SEARCH,
        after_attention.COMPARED,
        after_attention.PAIRS_SEARCH,
        after_attention.BY_PAIRS,
        captions_transformer.SEARCH,
        captions_transformer.FINAL,
        captions_transformer.QUICK_COMPARED,
        bugs_that_hide.AUDITED,
    )
}

__all__ = [
    "EXPERIMENTS",
    "Claim",
    "Entry",
    "Experiment",
    "Results",
    "Trained",
    "after_attention",
    "attention",
    "bugs_that_hide",
    "captions",
    "captions_transformer",
    "captions_words",
    "long_sentences",
    "patterns",
    "read",
    "seq2seq",
    "teacher_forcing",
]
