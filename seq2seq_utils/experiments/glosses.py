"""Word-by-word glosses: what a French sentence says, for those who read no French."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import Tokenizer

NO_WORD = "·"  # stands for a word that translates none


def meanings(pairs: Sequence[SentencePair]) -> dict[str, str]:
    """For each target word, in small letters, the source word that it translates most often.

    Args:
        pairs: with their alignments; only sure links count.

    Raises:
        ValueError: if a pair has no alignment.
    """
    counts: dict[str, Counter[str]] = {}
    for pair in pairs:
        if pair.alignment is None:
            raise ValueError(f"pairs: {pair.source!r} has no alignment")
        for source, target in pair.alignment.sure:
            found = counts.setdefault(pair.alignment.target_words[target].lower(), Counter())
            found[pair.alignment.source_words[source].lower()] += 1
    return {word: found.most_common(1)[0][0] for word, found in counts.items()}


def gloss(text: str, tokenizer: Tokenizer, known: Mapping[str, str]) -> str:
    """The source word of each word, in the order of the text, which need not be that of the source language.

    Args:
        text: in the target language.
        tokenizer: of the target language.
        known: what `meanings` found; ``"·"`` stands for a word that is not there.
    """
    return " ".join(
        token if not any(map(str.isalpha, token)) else known.get(token.lower(), NO_WORD)
        for token in tokenizer.tokenize(text)
    )
