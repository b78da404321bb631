"""Drawing: one style for all figures, plots, heatmaps, and what a reader can play with."""
