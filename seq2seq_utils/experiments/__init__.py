"""Experiments: what is compared, a module a notebook, and the files that hold what came out."""

from seq2seq_utils.experiments import (
    attention,
    bugs_that_hide,
    captions,
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
    "attention",
    "bugs_that_hide",
    "captions",
    "long_sentences",
    "patterns",
    "read",
    "seq2seq",
    "teacher_forcing",
]
