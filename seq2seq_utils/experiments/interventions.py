"""What becomes of a word if attention is changed at the step that writes it: interventions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor

from seq2seq_utils.batching import Batch, encode_pairs, make_batch
from seq2seq_utils.experiments.experiment import Trained
from seq2seq_utils.experiments.maps import kind_of
from seq2seq_utils.models import Context, Encoded, Seq2Seq, evaluation_mode
from seq2seq_utils.models.attention import AttentionDecoder
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import PAD_ID
from seq2seq_utils.translation import align

# From weights, (batch, source_len), and annotations, (batch, source_len, annotation_size), to a context.
Change = Callable[[Tensor, Tensor], Tensor]
CONTENT = ("noun", "verb", "adjective")


class ChangedContext(Context):
    """Attention whose context is another one at a single step, and at no other.

    Args:
        attention: the context module of a trained decoder.
        change: makes the context of that step.
        place: which step it is, counted from 0.
    """

    def __init__(self, attention: Context, change: Change, place: int) -> None:
        super().__init__()
        self.context_size = attention.context_size
        self.attention, self.change, self.place, self.step = attention, change, place, 0

    def prepare(self, encoded: Encoded) -> Tensor:
        """What attention prepares; the steps are counted from here."""
        self.step = 0
        return self.attention.prepare(encoded)

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor | None]:
        """The context of attention or, at the step in question, the changed one."""
        context, weights = self.attention(hidden, prepared, encoded)
        if self.step == self.place:
            context = self.change(weights, encoded.annotations)
        self.step += 1
        return context, weights


def mixture(weights: Tensor, annotations: Tensor) -> Tensor:
    """The weighted sum; weights that were taken away are missing from it, none is multiplied up."""
    return (weights[:, :, None] * annotations).sum(dim=1)


def shares(weights: Tensor) -> Tensor:
    """Weights of which some were taken away, divided by their sum: each row sums to 1 again."""
    return weights / weights.sum(dim=1, keepdim=True).clamp_min(torch.finfo(weights.dtype).tiny)


def is_largest(weights: Tensor) -> Tensor:
    """1 at the largest weight of each row, 0 elsewhere."""
    return torch.zeros_like(weights).scatter(1, weights.argmax(dim=1, keepdim=True), 1)


CHANGES: dict[str, Change] = {
    "as they are": mixture,
    "only the largest": lambda weights, annotations: mixture(weights * is_largest(weights), annotations),
    "all but the largest": lambda weights, annotations: mixture(
        weights * (1 - is_largest(weights)), annotations
    ),
    "none": lambda weights, annotations: mixture(torch.zeros_like(weights), annotations),
    "the largest, as 1": lambda weights, annotations: mixture(is_largest(weights), annotations),
    "the rest, summing to 1": lambda weights, annotations: mixture(
        shares(weights * (1 - is_largest(weights))), annotations
    ),
}


@torch.no_grad()
def likeliest_words(model: Seq2Seq, batch: Batch, change: Change) -> Tensor:
    """The likeliest word at each place of the references, (batch, target_len), with that step changed.

    The true words before it are fed, and the steps before it are as they were.

    Raises:
        ValueError: if the model's decoder has no context.
    """
    decoder = model.decoder
    if not isinstance(decoder, AttentionDecoder):
        raise ValueError("model: its decoder has no context to change")
    words, usual = torch.zeros_like(batch.target_output), decoder.context
    with evaluation_mode(model):
        try:
            for place in range(words.shape[1]):
                decoder.context = ChangedContext(usual, change, place)
                logits = model(batch.source, batch.source_lengths, batch.target_input[:, : place + 1])
                words[:, place] = logits[:, place].argmax(dim=1)
        finally:
            decoder.context = usual
    return words


def weights_taken_away(trained: Trained, pairs: Sequence[SentencePair]) -> list[dict[str, Any]]:
    """Which words of the references survive each of `CHANGES`, by kind and in some groups.

    Returns:
        Records of `group`, `words` (how many), for each change the share that is right in %, and `only with
        it`, the share that is right with the largest weight alone and wrong without it. Of the two changes
        whose weights sum to 1, four shares that add up to 100: `largest only`, right with the largest and
        wrong with the rest; `rest only`, the other way round; `either`; and `neither`. Groups whose names
        end in ``"inside"`` or ``"outside"`` are of rows darkest at a possible link, or elsewhere.
    """
    batch = make_batch(encode_pairs(pairs, *trained.codecs))
    is_word = batch.target_output != PAD_ID
    words = pd.DataFrame(
        row
        for pair, weights in zip(pairs, align(trained.model, pairs, *trained.codecs), strict=True)
        for row in _rows(pair, weights)
    )
    for name, change in CHANGES.items():
        is_right = likeliest_words(trained.model, batch, change) == batch.target_output
        words[name] = 100.0 * is_right[is_word].numpy()
    words["only with it"] = words["only the largest"].where(words["all but the largest"] == 0, 0.0)
    largest, rest = (words[name] == 100 for name in ("the largest, as 1", "the rest, summing to 1"))
    words["largest only"], words["rest only"] = 100.0 * (largest & ~rest), 100.0 * (rest & ~largest)
    words["either"], words["neither"] = 100.0 * (largest & rest), 100.0 * ~(largest | rest)
    is_content = words["kind"].isin(CONTENT)
    about_half = is_content & words["largest"].between(0.4, 0.6)
    groups = {kind: words["kind"] == kind for kind in sorted(words["kind"].unique())}
    groups |= {
        "all words": words["kind"] != "EOS",
        ", ".join(CONTENT): is_content,
        "these, largest 0.4 to 0.6, inside": about_half & ~words["outside"],
        "these, largest 0.4 to 0.6, outside": about_half & words["outside"],
        "article, darkest at the": (words["kind"] == "article") & (words["darkest"] == "the"),
    }
    for name in (*sorted(words["kind"].unique()), "all words", ", ".join(CONTENT)):
        sides = {"inside": groups[name] & ~words["outside"], "outside": groups[name] & words["outside"]}
        groups |= {f"{name}, {side}": chosen for side, chosen in sides.items() if chosen.any()}
    measured = [*CHANGES, "only with it", "largest only", "rest only", "either", "neither"]
    return [
        {"group": name, "words": int(chosen.sum()), **words[chosen][measured].mean().fillna(0.0).to_dict()}
        for name, chosen in groups.items()
    ]


class Exchange(NamedTuple):
    """Articles that got the annotation which goes with another article (`exchange_articles`)."""

    articles: int
    own: float  # in %: still their own article
    donors: float  # in %: the other article, the one whose annotation it was


@torch.no_grad()
def exchange_articles(trained: Trained, pairs: Sequence[SentencePair], darkest: str = "the") -> Exchange:
    """What articles become if the word that they look at has the annotation of another such word.

    For each article whose row is darkest there, the annotation of that word is replaced by that of the next
    such word in `pairs` whose article is another one, at times one in the same sentence. At the article's
    step the decoder gets the mixture of these annotations (where a sentence has several such articles, all
    of theirs are replaced); weights and all other annotations are as they were.

    Args:
        trained: the model, from English to French.
        pairs: the sentences, with their links.
        darkest: which articles: ``"the"``, those darkest at "the", or ``"noun"``, those darkest at the noun.

    Raises:
        ValueError: if a pair has no alignment, or all articles asked are the same word.
    """
    batch = make_batch(encode_pairs(pairs, *trained.codecs))
    with evaluation_mode(trained.model):
        annotations = trained.model.encoder(batch.source, batch.source_lengths).annotations
    maps = align(trained.model, pairs, *trained.codecs)
    places = [
        (sentence, row, int(weights[row].argmax()))
        for sentence, (pair, weights) in enumerate(zip(pairs, maps, strict=True))
        for row, word in enumerate(_rows(pair, weights))
        if word["kind"] == "article" and word["article_at"] == darkest
    ]
    own = [int(batch.target_output[sentence, row]) for sentence, row, _ in places]
    donors = next_of_another_kind(own)
    exchanged = annotations.clone()
    for (sentence, _, column), donor in zip(places, donors, strict=True):
        exchanged[sentence, column] = annotations[places[donor][0], places[donor][2]]
    words = likeliest_words(trained.model, batch, lambda weights, _: mixture(weights, exchanged))
    found = [int(words[sentence, row]) for sentence, row, _ in places]
    kept = sum(word == usual for word, usual in zip(found, own, strict=True))
    taken = sum(word == own[donor] for word, donor in zip(found, donors, strict=True))
    return Exchange(len(places), 100 * kept / len(places), 100 * taken / len(places))


def articles_exchanged(trained: Trained, pairs: Sequence[SentencePair]) -> list[dict[str, Any]]:
    """`exchange_articles` at both words: records of `darkest`, `articles`, `own` and `donors`.

    A record is lacking where fewer than two different articles look at that word.
    """
    records = []
    for darkest in ("the", "noun"):
        try:
            exchange = exchange_articles(trained, pairs, darkest)
        except ValueError:
            continue
        records.append({"darkest": darkest, **exchange._asdict()})
    return records


def next_of_another_kind(words: Sequence[int]) -> list[int]:
    """For each word the place of the next one that is another word; behind the last comes the first.

    Raises:
        ValueError: if all words are the same.
    """
    if len(set(words)) < 2:
        raise ValueError("words: all are the same, or there are none; none has another to be exchanged with")
    return [
        next(other for other in (*range(place + 1, len(words)), *range(place)) if words[other] != word)
        for place, word in enumerate(words)
    ]


def _rows(pair: SentencePair, weights: Tensor) -> list[dict[str, Any]]:
    """A record for each word of a translation, EOS the last: its kind, and where its row is darkest.

    `article_at` is the word if it is "the", and "noun" if it is another one in an article's possible links.
    """
    links = pair.alignment
    if links is None:
        raise ValueError(f"pairs: {pair.source!r} has no alignment")
    rows = []
    for row, column in enumerate(weights.argmax(dim=1).tolist()):
        kind = kind_of(row, links) if row < len(links.target_words) else "EOS"
        word, is_possible = links.source_words[column], (column, row) in links.possible
        has_sure = any(target == row for _, target in links.sure)  # but for "les" in "tous les jours"
        rows.append(
            {
                "kind": kind,
                "largest": weights[row, column].item(),
                "darkest": word,
                "outside": not is_possible,
                "article_at": "the" if word == "the" else "noun" if is_possible and has_sure else "",
            }
        )
    return rows
