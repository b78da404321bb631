"""Text to tokens to ids, and back."""

from seq2seq_utils.text.subwords import SubwordTokenizer
from seq2seq_utils.text.tokenizers import CharacterTokenizer, Tokenizer, WordTokenizer, count_words
from seq2seq_utils.text.vocabulary import (
    EOS,
    EOS_ID,
    PAD,
    PAD_ID,
    SOS,
    SOS_ID,
    SPECIALS,
    UNK,
    UNK_ID,
    TextCodec,
    Vocabulary,
)

__all__ = [
    "EOS",
    "EOS_ID",
    "PAD",
    "PAD_ID",
    "SOS",
    "SOS_ID",
    "SPECIALS",
    "UNK",
    "UNK_ID",
    "CharacterTokenizer",
    "SubwordTokenizer",
    "TextCodec",
    "Tokenizer",
    "Vocabulary",
    "WordTokenizer",
    "count_words",
]
