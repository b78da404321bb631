"""One meaning, said in English and in another language, word alignments kept."""

from __future__ import annotations

from seq2seq_utils.grammar import english, french, korean
from seq2seq_utils.grammar.meaning import Meaning
from seq2seq_utils.pairs import Link

_WRITERS = {"french": french.write, "korean": korean.write}
LANGUAGES = tuple(_WRITERS)


def say(meaning: Meaning, language: str) -> tuple[list[str], list[str], list[Link], list[Link]]:
    """Says a meaning in English and in `language`.

    Args:
        meaning: what `Sampler.meaning` returns.
        language: ``"french"`` or ``"korean"``.

    Returns:
        The English words, the words of the translation, the sure links and the further possible
        links; a link is (English word, other word), counted from 0.
    """
    source = english.write(meaning)
    target, sure, possible = _WRITERS[language](meaning, len(source) - 1)
    return source, target, sure, possible
