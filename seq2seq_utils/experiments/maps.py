"""What attention looks at, counted over a test set: against gold links, and by the kind of word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from itertools import chain
from typing import Any, NamedTuple

from torch import Tensor

from seq2seq_utils.evaluation import alignment
from seq2seq_utils.experiments import forms
from seq2seq_utils.experiments.experiment import Trained
from seq2seq_utils.grammar import lexicon
from seq2seq_utils.pairs import Alignment, Link, SentencePair
from seq2seq_utils.translation import align, align_heads

SHIFTS = (-2, -1, 0, 1, 2)  # rows; see `alignment.hard_links`
_SIGNS = {"le": "article", "la": "article", "les": "article", "l'": "article", ".": "full stop"}
_SIGNS |= {"ne": "ne", "n'": "ne", "pas": "pas, jamais", "jamais": "pas, jamais"}
_SIGNS |= dict.fromkeys((*forms.AVOIR, *chain(*forms.COPULA.values())), "être, avoir")
_CLASSES = (
    {form: "noun" for noun in lexicon.NOUNS for form in noun.english}
    | {form: "verb" for verbs in lexicon.VERBS.values() for verb in verbs for form in verb.english}
    | {adjective.english: "adjective" for adjective in lexicon.ADJECTIVES}
)


def measure_maps(trained: Trained, pairs: Sequence[SentencePair]) -> dict[str, Any]:
    """Maps along the reference translations, against their gold links.

    Returns:
        The numbers `alignment_error`, `precision`, `recall`, and the error rates if the rows belonged to
        another word, `shift -2` and so on; `impossible_rows`, the share of sentences in % in which a row is
        darkest where not even a possible link is, and `rows_outside`, the share of all rows that are; and
        the records of `by_kind`. The row of EOS, which has no links, counts in the last alone.
    """
    gold = gold_of(pairs)
    maps = align(trained.model, pairs, *trained.codecs)
    found = {shift: [alignment.hard_links(weights, shift) for weights in maps] for shift in SHIFTS}
    scores = {shift: alignment.alignment_score(links, gold) for shift, links in found.items()}
    outside = [len(links - truth.possible) for links, truth in zip(found[0], gold, strict=True)]
    return {
        "alignment_error": scores[0].error_rate,
        "precision": scores[0].precision,
        "recall": scores[0].recall,
        **{f"shift {shift}": scores[shift].error_rate for shift in SHIFTS if shift},
        "impossible_rows": 100 * sum(map(bool, outside)) / len(outside),
        "rows_outside": 100 * sum(outside) / sum(map(len, found[0])),
        "by_kind": by_kind(maps, gold),
    }


def measure_heads(
    trained: Trained, validation: Sequence[SentencePair], test: Sequence[SentencePair]
) -> dict[str, Any]:
    """The alignment error rate of each layer and head by itself, and of the one that aligns best.

    Which is best is decided on the validation pairs; it may then be another than the best on the test.

    Args:
        trained: a model with attention.
        validation: pairs with their gold links.
        test: likewise.

    Returns:
        ``"heads"``: for each a record of `layer` and `head`, both counted from 0; its `alignment_error` on
        the test, and the error rates there if its rows belonged to another word, `shift -2` and so on (see
        `measure_maps`); and `validation_error`. ``"best_head"``: the record of the one whose validation error
        is lowest, of several the first.
    """
    on_validation, on_test = (_errors_of_heads(trained, pairs) for pairs in (validation, test))
    records = []
    for (layer, head), errors in on_test.items():
        shifted = {f"shift {shift}": error for shift, error in errors.items() if shift}
        records.append(
            {
                "layer": layer,
                "head": head,
                "validation_error": on_validation[layer, head][0],
                "alignment_error": errors[0],
                **shifted,
            }
        )
    return {"heads": records, "best_head": min(records, key=lambda record: record["validation_error"])}


def _errors_of_heads(
    trained: Trained, pairs: Sequence[SentencePair]
) -> dict[tuple[int, int], dict[int, float]]:
    """The error rate for each shift of `SHIFTS`, by layer and head."""
    gold = gold_of(pairs)
    maps = align_heads(trained.model, pairs, *trained.codecs)
    layers, heads = maps[0].shape[:2]
    return {
        (layer, head): {
            shift: alignment.alignment_score(
                [alignment.hard_links(weights[layer, head], shift) for weights in maps], gold
            ).error_rate
            for shift in SHIFTS
        }
        for layer in range(layers)
        for head in range(heads)
    }


def gold_of(pairs: Sequence[SentencePair]) -> list[Alignment]:
    """The links of each pair.

    Raises:
        ValueError: if there are no pairs, or one has no links.
    """
    links = [pair.alignment for pair in pairs if pair.alignment is not None]
    if not links or len(links) < len(pairs):
        raise ValueError(
            f"pairs: {len(links)} of {len(pairs)} have an alignment; all must, and there must be at least one"
        )
    return links


def by_kind(maps: Sequence[Tensor], gold: Sequence[Alignment]) -> list[dict[str, Any]]:
    """For each kind of word in the translations, where its rows are darkest.

    Args:
        maps: the weights of each pair, (target words + 1, source words); the last row is that of EOS.
        gold: the links of each pair.

    Returns:
        Records of `kind`, `rows` (how many), and shares of them in %: `linked`, those that have a sure link
        at all; `sure`, darkest at a word that a sure link names; `possible`, at one that a possible link
        names, the sure ones among them; `full_stop`, at that of the source; `the`, at "the".
    """
    counts: dict[str, list[tuple[bool, ...]]] = defaultdict(list)
    for weights, links in zip(maps, gold, strict=True):
        for row, column in enumerate(weights.argmax(dim=1).tolist()):
            is_word = row < len(links.target_words)
            kind = kind_of(row, links) if is_word else "EOS"
            word = links.source_words[column]
            link, linked = (column, row), any(other == row for _, other in links.sure)
            looks_at = link in links.sure, link in links.possible, word == ".", word == "the"
            counts[kind].append((linked, *looks_at))
    names = ("linked", "sure", "possible", "full_stop", "the")
    return [
        {
            "kind": kind,
            "rows": len(rows),
            **{
                name: 100 * sum(column) / len(rows)
                for name, column in zip(names, zip(*rows, strict=True), strict=True)
            },
        }
        for kind, rows in sorted(counts.items())
    ]


def diagonal(links: Alignment) -> frozenset[tuple[int, int]]:
    """The links of who reads nothing: each word of the translation with the one as far on in the source."""
    rows, columns = len(links.target_words), len(links.source_words)
    return frozenset((round(row * (columns - 1) / max(rows - 1, 1)), row) for row in range(rows))


def diagonal_error(gold: Sequence[Alignment]) -> float:
    """The alignment error rate, 0 to 1, of who reads nothing (see `diagonal`).

    Args:
        gold: the links of each sentence.

    Raises:
        ValueError: if there are none.
    """
    return alignment.alignment_score([diagonal(links) for links in gold], gold).error_rate


class Misleading(NamedTuple):
    """The map that misleads most (see `most_misleading`)."""

    sentence: int  # its place in the list
    share: float  # of the sentences asked, in %: those that have a row outside every frame


def most_misleading(
    found: Sequence[Set[Link]], gold: Sequence[Alignment], is_asked: Sequence[bool]
) -> Misleading:
    """The sentence with the largest share of links that are not even possible; of several the first.

    Args:
        found: the links of each sentence, at least one.
        gold: its possible links.
        is_asked: whether it counts, such as whether its translation is right.

    Raises:
        ValueError: if the lengths differ, or no sentence counts.
    """
    outside = {
        place: len(links - truth.possible) / len(links)
        for place, (links, truth, asked) in enumerate(zip(found, gold, is_asked, strict=True))
        if asked
    }
    if not outside:
        raise ValueError("is_asked: no sentence counts; at least one must")
    some = sum(value > 0 for value in outside.values())
    return Misleading(max(outside, key=outside.__getitem__), 100 * some / len(outside))


def kind_of(row: int, links: Alignment) -> str:
    """The kind of a word of the translation: by itself, or by the English word that it translates."""
    word = links.target_words[row]
    if word in _SIGNS:
        return _SIGNS[word]
    if word.startswith("-"):
        return "particle"
    sources = (links.source_words[column] for column, other in sorted(links.sure) if other == row)
    return next((_CLASSES[source] for source in sources if source in _CLASSES), "other")
