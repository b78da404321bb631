"""The toy language: one meaning, said in English, French and Korean, as a corpus without end."""

from seq2seq_utils.grammar.corpus import (
    LENGTH_BUCKETS,
    generate,
    generate_splits,
    stream,
    tokenizer,
)
from seq2seq_utils.grammar.korean_tokenizer import KoreanTokenizer
from seq2seq_utils.grammar.languages import LANGUAGES, say
from seq2seq_utils.grammar.meaning import Meaning
from seq2seq_utils.grammar.particles import has_final_consonant
from seq2seq_utils.grammar.sampler import SHORTEST, Sampler

__all__ = [
    "LANGUAGES",
    "LENGTH_BUCKETS",
    "SHORTEST",
    "KoreanTokenizer",
    "Meaning",
    "Sampler",
    "generate",
    "generate_splits",
    "has_final_consonant",
    "say",
    "stream",
    "tokenizer",
]
