"""Subwords: the byte-pair encoding that notebook 01 builds from scratch, by a fast and complete library."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import sentencepiece

_SPACE = "▁"  # sentencepiece's mark for the space before a word


class SubwordTokenizer:
    """Frequent words whole, rare ones in pieces: ``["▁a", "▁skate", "board", "er", "."]``.

    A piece with ▁ in front begins a word. Text is lower-cased. Only a character that training has not seen
    fits into none of `pieces`; a vocabulary made from sentences, as `TextCodec.build` makes it, may lack some
    of these, too, and a new word that is cut into one of them has an unknown piece.

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
    def train(cls, texts: Iterable[str], size: int, at_most: bool = False) -> SubwordTokenizer:
        """Learns byte-pair merges from `texts`, the sentences of the training split.

        Args:
            texts: sentences; the same ones give the same pieces.
            size: how many pieces, its own three special ones among them.
            at_most: whether there may be fewer, where the texts do not have so many.

        Raises:
            ValueError: if the texts have more characters than there are to be pieces; or too few words for so
                many pieces, unless there may be fewer.
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
                hard_vocab_limit=not at_most,
            )
        except RuntimeError as error:
            raise ValueError(f"size: {size} pieces cannot be learned from these texts ({error})") from None
        return cls(trained.getvalue())

    @property
    def pieces(self) -> tuple[str, ...]:
        """All pieces that there are, also those that `tokenize` merges away; no special ones."""
        processor = self._processor
        special = (processor.unk_id(), processor.bos_id(), processor.eos_id())
        return tuple(
            processor.id_to_piece(number)
            for number in range(processor.get_piece_size())
            if number not in special
        )

    def tokenize(self, text: str) -> list[str]:
        """The pieces of `text`."""
        pieces: list[str] = self._processor.encode(text, out_type=str)
        return pieces

    def tokenize_with_dropout(self, text: str, dropout: float, seed: int) -> list[str]:
        """`text` in other pieces, often smaller ones: BPE-dropout (Provilkov et al., 2020).

        Args:
            text: a sentence.
            dropout: the probability that a merge which could be made is left out.
            seed: the same seed gives the same pieces.
        """
        sentencepiece.set_random_generator_seed(seed)
        pieces: list[str] = self._processor.encode(text, out_type=str, enable_sampling=True, alpha=dropout)
        return pieces

    def join(self, tokens: Sequence[str]) -> str:
        """The text that these pieces spell."""
        return "".join(tokens).replace(_SPACE, " ").strip()
