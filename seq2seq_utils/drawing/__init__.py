"""Drawing: one style for all figures, plots, heatmaps, and what a reader can play with."""

from seq2seq_utils.drawing.style import ATTENTION, PLAIN, SOURCE, TARGET, show

__all__ = ["ATTENTION", "PLAIN", "SOURCE", "TARGET", "show"]
