"""A codec as it is stored: what JSON can say of it, and the bytes of a subword model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seq2seq_utils.text.subwords import SubwordTokenizer
from seq2seq_utils.text.tokenizers import CharacterTokenizer, Tokenizer, WordTokenizer
from seq2seq_utils.text.vocabulary import SPECIALS, TextCodec, Vocabulary

_TOKENIZERS: dict[str, type[Tokenizer]] = {"characters": CharacterTokenizer, "words": WordTokenizer}
_SUBWORDS = "subwords"


def describe(codec: TextCodec) -> tuple[dict[str, Any], bytes | None]:
    """A codec as its kind of tokenizer and its tokens, and the model of one that cuts into subwords.

    Raises:
        ValueError: if its tokenizer is neither of characters nor of words nor of subwords.
    """
    tokenizer = codec.tokenizer
    model = tokenizer.model if isinstance(tokenizer, SubwordTokenizer) else None
    return {"tokenizer": _kind(tokenizer), "vocabulary": codec.vocabulary.tokens[len(SPECIALS) :]}, model


def codec_from(description: Mapping[str, Any], model: bytes | None) -> TextCodec:
    """The codec that was described.

    Args:
        description: what `describe` gave.
        model: likewise.

    Raises:
        ValueError: if the model of one that cuts into subwords is missing, or is none.
    """
    tokenizer: Tokenizer
    if description["tokenizer"] != _SUBWORDS:
        tokenizer = _TOKENIZERS[description["tokenizer"]]()
    elif model is not None:
        tokenizer = SubwordTokenizer(model)
    else:
        raise ValueError("model: there is none; a tokenizer of subwords needs one")
    return TextCodec(tokenizer, Vocabulary(description["vocabulary"]))


def _kind(tokenizer: Tokenizer) -> str:
    if isinstance(tokenizer, SubwordTokenizer):
        return _SUBWORDS
    for kind, tokenizer_class in _TOKENIZERS.items():
        if type(tokenizer) is tokenizer_class:
            return kind
    raise ValueError(
        f"codecs: a {type(tokenizer).__name__} cannot be saved; those of {', '.join(_TOKENIZERS)} and "
        f"{_SUBWORDS} can"
    )
