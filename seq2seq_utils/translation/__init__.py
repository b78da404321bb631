"""Translating: search, whole sentences, ensembles, and looking in."""

from seq2seq_utils.translation.ensemble import ensemble
from seq2seq_utils.translation.looking_in import DecodingStep, align, align_heads, states_along, trace
from seq2seq_utils.translation.saving import load_translator, save_translator
from seq2seq_utils.translation.search import Hypothesis, beam_search, greedy
from seq2seq_utils.translation.translator import Translation, default_limit, translate

__all__ = [
    "DecodingStep",
    "Hypothesis",
    "Translation",
    "align",
    "align_heads",
    "beam_search",
    "default_limit",
    "ensemble",
    "greedy",
    "load_translator",
    "save_translator",
    "states_along",
    "trace",
    "translate",
]
