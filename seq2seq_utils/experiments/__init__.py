"""Experiments: what is compared, a module a notebook, and the files that hold what came out."""

from seq2seq_utils.experiments import attention, long_sentences, teacher_forcing
from seq2seq_utils.experiments.experiment import Entry, Experiment, Trained
from seq2seq_utils.experiments.stored import Results, read

EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        teacher_forcing.SEARCH,
        teacher_forcing.COMPARED,
        long_sentences.SEARCH,
        attention.SEARCH,
    )
}

__all__ = [
    "EXPERIMENTS",
    "Entry",
    "Experiment",
    "Results",
    "Trained",
    "attention",
    "long_sentences",
    "read",
    "teacher_forcing",
]
