"""Experiments: what is compared, a module a notebook, and the files that hold what came out."""

from seq2seq_utils.experiments.experiment import Claim, Entry, Experiment, Trained
from seq2seq_utils.experiments.stored import Results, read

__all__ = ["Claim", "Entry", "Experiment", "Results", "Trained", "read"]
