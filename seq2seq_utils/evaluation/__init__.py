"""Measuring: how good translations are, and how far attention agrees with gold alignments."""
