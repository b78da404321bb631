"""Translating lines of text, whatever they hold: a translation for each, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.text import UNK, TextCodec
from seq2seq_utils.translation import Translation, translate

TOGETHER = 256  # lines that are read before the first of them is translated
# Pieces of a line: a longer one is hardly a sentence, and would keep all others waiting.
LONGEST = 1000


@dataclass(frozen=True)
class Line:
    """A line of text, and what became of it."""

    number: int  # counted from 1
    text: str  # what there is to translate
    translation: Translation | None
    reason: str = ""  # why there is none

    @property
    def output(self) -> str:
        """The translation as a single line; empty where there is none."""
        return "" if self.translation is None else written(self.translation)


def written(translation: Translation) -> str:
    """A translation on a single line, the sign of an unknown word as a plain word."""
    return " ".join(translation.text.replace(UNK, UNK.strip("<>")).splitlines())


def translate_lines(
    model: Seq2Seq,
    codecs: tuple[TextCodec, TextCodec],
    lines: Iterable[bytes],
    beam: int = 1,
    together: int = TOGETHER,
) -> Iterator[Line]:
    """Translates lines in UTF-8, in their order, some of them at a time.

    Args:
        model: for sentences of the first codec's language.
        codecs: of the sentences, and of the translations.
        lines: as a file gives them, with or without their ends.
        beam: see `translate`.
        together: how many at a time; it does not change any translation.
    """
    left = enumerate(lines, start=1)
    while chunk := list(islice(left, together)):
        texts = [_decoded(number, line) for number, line in chunk]
        found = translations(model, [text or "" for text in texts], codecs, beam)
        for (number, _), text, translation in zip(chunk, texts, found, strict=True):
            if text is None:
                yield Line(number, "", None, "it is not UTF-8")
            elif isinstance(translation, str):
                yield Line(number, text, None, translation)
            else:
                yield Line(number, text, translation)


def translations(
    model: Seq2Seq, texts: Sequence[str], codecs: tuple[TextCodec, TextCodec], beam: int = 1
) -> list[Translation | str]:
    """For each text its translation, or why there is none."""
    found: list[Translation | str] = [why_not(text, codecs[0]) for text in texts]
    readable = [row for row, reason in enumerate(found) if not reason]
    translated = translate(model, [texts[row] for row in readable], *codecs, beam=beam)
    for row, translation in zip(readable, translated, strict=True):
        found[row] = translation
    return found


def why_not(text: str, codec: TextCodec) -> str:
    """Why a text cannot be translated; the empty text where it can be."""
    pieces = codec.tokenizer.tokenize(text)
    written_ones = [piece for piece in pieces if codec.tokenizer.join([piece]).strip()]  # no bare spaces
    if not written_ones:
        return "it is empty"
    if not any(piece in codec.vocabulary for piece in written_ones):
        return "all of it is unknown to the model"
    if len(pieces) > LONGEST:
        return f"it has {len(pieces):,} pieces, more than {LONGEST:,}"
    return ""


def _decoded(number: int, line: bytes) -> str | None:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
    except UnicodeDecodeError:
        return None
