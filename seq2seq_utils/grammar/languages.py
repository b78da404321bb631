"""One meaning, said in English and in another language, word alignments kept."""

from __future__ import annotations

from seq2seq_utils.grammar import english, french, korean
from seq2seq_utils.grammar.meaning import Meaning
from seq2seq_utils.pairs import Link

_WRITERS = {"french": french.write, "korean": korean.write}
LANGUAGES = tuple(_WRITERS)


def say(meaning: Meaning, language: str) -> tuple[list[str], list[str], list[Link], list[Link]]:
    """Says a meaning in English and in `language`; the meaning stays as it is.

    Args:
        meaning: what `Sampler.meaning` returns.
        language: ``"french"`` or ``"korean"``.

    Returns:
        The English words, the words of the translation, the sure links and the further possible
        links; a link is (English word, other word), counted from 0.

    Raises:
        ValueError: if the language is unknown.
    """
    check_language(language)
    source, positions = english.write(meaning)
    target, sure, possible = _WRITERS[language](meaning, positions)
    return source, target, sure, possible


def check_language(language: str) -> None:
    """Refuses a language that the grammar does not translate into.

    Raises:
        ValueError: naming it and those that are known.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language: {language!r} is not one of {', '.join(LANGUAGES)}")
