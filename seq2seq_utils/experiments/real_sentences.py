"""Notebook 6, live: what stands in for missing captions, sentences of our own, and what rare words cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from seq2seq_utils.grammar import generate_splits
from seq2seq_utils.pairs import SentencePair, Splits
from seq2seq_utils.text import UNK, TextCodec, WordTokenizer

# Our own, in the style of captions (or, in French, of the grammar, for when there are no captions).
SENTENCES = {
    "german": (
        "Eine alte Frau verkauft rote Äpfel.",
        "Zwei Kinder spielen im Garten mit einem großen Hund.",
        "Ein Mann, der einen blauen Hut trägt, fährt mit dem Fahrrad durch den Regen.",
    ),
    "english": (
        "An old woman is selling red apples.",
        "Two children are playing in the garden with a big dog.",
        "A man wearing a blue hat is riding a bicycle through the rain.",
    ),
    "french": (
        "La vieille reine mange une pomme.",
        "Les petits tigres ne dorment pas.",
        "Le roi a vu une maison rouge.",
    ),
}
RARE = {  # each with a word that is in no training caption
    "german": "Ein Leuchtturmwärter winkt.",
    "english": "A lighthousekeeper waves.",
    "french": "La reinette dort.",
}
SEEN = {  # groups of words, by how often they stand in the training sentences, at most
    "never": 0,
    "1 to 3 times": 3,
    "4 to 10 times": 10,
    "11 to 100": 100,
    "101 to 1,000": 1_000,
    "more often": math.inf,
}
_WORDS = WordTokenizer()


def from_the_grammar() -> Splits:
    """As many pairs as there are captions, French to English, for when the captions are missing."""
    made = generate_splits("french", 29_000, 1_014, 1_000, (3, 20))
    return Splits(*([SentencePair(pair.target, pair.source) for pair in part] for part in made))


def with_unknown_words(texts: Iterable[str], codec: TextCodec) -> list[str]:
    """What is left of some texts when UNK takes the place of each word that is not in a vocabulary.

    Args:
        texts: such as references.
        codec: whose vocabulary it is.

    Returns:
        The texts as the codec decodes them, with UNK as one plain word, ``unk``.
    """
    plain = UNK.strip("<>")
    ids = (codec.vocabulary.encode(codec.tokenizer.tokenize(text)) for text in texts)
    return [codec.decode(of_text).replace(UNK, plain) for of_text in ids]


def words_found(
    translations: Sequence[str], references: Sequence[str], training_texts: Iterable[str]
) -> pd.DataFrame:
    """How many words of the references are in the translations, by how often training had them.

    A word that stands twice in a reference is found twice where the translation has it twice.

    Args:
        translations: as text.
        references: as text, one a translation.
        training_texts: in which the words are counted.

    Returns:
        A row for each group of `SEEN` that has words: ``"words"``, how many the references have of it, and
        ``"found"``, the share of them that is in the translations, in %.

    Raises:
        ValueError: if there are not as many translations as references.
    """
    seen = Counter(word for text in training_texts for word in _words_of(text).elements())
    rows = [
        (seen[word], times, min(times, written[word]))
        for written, expected in zip(map(_words_of, translations), map(_words_of, references), strict=True)
        for word, times in expected.items()
    ]
    counted = pd.DataFrame(rows, columns=["seen", "words", "found"])
    groups = pd.cut(counted["seen"], [-1, *SEEN.values()], labels=list(SEEN))
    totals = counted.groupby(groups, observed=True)[["words", "found"]].sum()
    return totals.assign(found=100 * totals["found"] / totals["words"])


def _words_of(text: str) -> Counter[str]:
    return Counter(token for token in _WORDS.tokenize(text) if token[0].isalnum())
