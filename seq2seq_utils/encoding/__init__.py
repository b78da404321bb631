"""Sentence pairs to ids, in flat arrays, in memory or on disk: millions of them, encoded once."""

from seq2seq_utils.encoding.files import open_pairs, write_pairs
from seq2seq_utils.encoding.flat import FlatPairs, FlatSentences, IdPair, encode_flat
from seq2seq_utils.encoding.once import Encoded, encode_once

__all__ = [
    "Encoded",
    "FlatPairs",
    "FlatSentences",
    "IdPair",
    "encode_flat",
    "encode_once",
    "open_pairs",
    "write_pairs",
]
