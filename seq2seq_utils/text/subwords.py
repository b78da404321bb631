"""Subwords: the byte-pair encoding that notebook 01 builds from scratch, by a fast and complete library."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import sentencepiece

_SPACE = "▁"  # sentencepiece's mark for the space before a word


class SubwordTokenizer:
    """Frequent words whole, rare ones in pieces: ``["▁a", "▁skate", "board", "er", "."]``.

    A piece with ▁ in front begins a word. Text is lower-cased; a character that training has not seen is the
    only thing that can be unknown.

    Args:
        model: a trained sentencepiece model, as `train` makes it; `model` gives it back, to be stored.

    Raises:
        ValueError: if `model` is not one.
    """

    def __init__(self, model: bytes) -> None:
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError:
            raise ValueError(f"model: these {len(model)} bytes are not a sentencepiece model") from None
        self.model = model

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> SubwordTokenizer:
        """Learns byte-pair merges from `texts`, the sentences of the training split.

        Args:
            texts: sentences; the same ones give the same pieces.
            size: how many pieces, its own three special ones among them.

        Raises:
            ValueError: if the texts have fewer characters, or more, than so many pieces need.
        """
        trained = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(texts),
                model_writer=trained,
                model_type="bpe",
                vocab_size=size,
                character_coverage=1.0,
                normalization_rule_name="nmt_nfkc_cf",  # composed letters, lower-cased
                num_threads=1,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise ValueError(f"size: {size} pieces cannot be learned from these texts ({error})") from None
        return cls(trained.getvalue())

    def tokenize(self, text: str) -> list[str]:
        """The pieces of `text`."""
        pieces: list[str] = self._processor.encode(text, out_type=str)
        return pieces

    def join(self, tokens: Sequence[str]) -> str:
        """The text that these pieces spell."""
        return "".join(tokens).replace(_SPACE, " ").strip()
