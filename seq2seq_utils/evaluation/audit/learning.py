"""Checks of what a model learns: each has to be asked late enough, when the loss has fallen."""

from __future__ import annotations

import torch

from seq2seq_utils.evaluation.alignment import alignment_score, hard_links
from seq2seq_utils.evaluation.audit.structure import Measured
from seq2seq_utils.evaluation.audit.subject import CannotCheckError, Subject


def eos_found(subject: Subject) -> Measured:
    """The share of the pairs whose whole target is followed by EOS as the likeliest token."""
    found = [
        scores[-1].argmax() == subject.adapter.eos_id for scores in subject.log_probabilities(subject.sample)
    ]
    return Measured(sum(map(bool, found)) / len(found))


def own_source(subject: Subject) -> Measured:
    """The share of the pairs whose target is likelier with its own source than with another pair's."""
    pairs = subject.wide_sample
    places = range(len(pairs))
    others = [pairs[(place + len(pairs) // 2) % len(pairs)] for place in places]
    different = [place for place in places if pairs[place][0] != others[place][0]]
    if not different:
        raise CannotCheckError("needs pairs with different sources")
    with torch.no_grad():
        own = [losses.sum() for losses in subject.token_losses(pairs)]
        exchanged = [(others[place][0], pairs[place][1]) for place in places]
        other = [losses.sum() for losses in subject.token_losses(exchanged)]
    return Measured(sum(bool(own[place] < other[place]) for place in different) / len(different))


def rows_end(subject: Subject) -> Measured:
    """How many translations are others in a batch than alone, or go on after EOS."""
    sources = [source for source, _ in subject.sample]
    together = subject.translate(sources)
    alone = [subject.translate([source])[0] for source in sources]
    changed = sum(batched != single for batched, single in zip(together, alone, strict=True))
    beyond = sum(bool(subject.adapter.special_ids.intersection(ids)) for ids in together)
    return Measured(max(changed, beyond), "special ids in translations" if beyond else "")


def translations_in_order(subject: Subject) -> Measured:
    """How many translations change when the batch is translated the other way round."""
    sources = [source for source, _ in subject.sample]
    forward, backward = subject.translate(sources), subject.translate(sources[::-1])[::-1]
    return Measured(sum(first != second for first, second in zip(forward, backward, strict=True)))


def weights_beside_words(subject: Subject) -> Measured:
    """How much larger the alignment error rate gets with other rows, or with the columns the other way round.

    Each word is given its neighbour's row of weights, or the source's words are taken from the end. Where
    rows are moved, a word at one end has none: that is 1 / (2n - 1) of the rate if n words have a link each.
    """
    weights = subject.weights(subject.sample)
    gold = subject.sample_gold
    if gold is None:
        raise CannotCheckError("needs gold")
    rows = [
        of_pair[:, : len(source)].cpu() for of_pair, (source, _) in zip(weights, subject.sample, strict=True)
    ]
    links = {
        "": [hard_links(of_pair) for of_pair in rows],
        "the row before fits better": [hard_links(of_pair, -1) for of_pair in rows],
        "the row after fits better": [hard_links(of_pair, 1) for of_pair in rows],
        "the source read backwards fits better": [hard_links(of_pair.flip(1)) for of_pair in rows],
    }
    error_rates = {name: alignment_score(of_name, gold).error_rate for name, of_name in links.items()}
    own = error_rates.pop("")
    best = min(error_rates, key=error_rates.__getitem__)
    return Measured(error_rates[best] - own, best if error_rates[best] < own else "")
