"""Measuring: how good translations are, how far attention is like gold alignments, and the audit."""
