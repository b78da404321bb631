"""Which recipe: by name or by the number of pairs, single settings changed, and pieces enough."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from seq2seq_utils.experiments.captions import CHOSEN
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.training.recipes import QUICK, Recipe

# For a few thousand pairs: few pieces, since each has to be met often enough; vectors a quarter as long as
# those of the full recipe; small batches, so that there are steps enough; and many epochs, ended early where
# need be. On 1,600 Korean pairs of the grammar, the attention model had a BLEU of 43 by it on validation;
# with 1,000 pieces, vectors half as long again and 20 epochs it had 33. At the end of both the loss on these
# was still falling a little.
TINY = Recipe(
    pieces=500,
    embedding_size=64,
    hidden_size=128,
    attention_size=64,
    tied=True,
    dropout=0.3,
    label_smoothing=0.1,
    batch_size=32,
    epochs=30,
    learning_rate=5e-3,
    warmup=100,
)
# For some tens of thousands: vectors half as long as those of the full recipe, and fewer epochs, so that a
# laptop needs a fraction of the time. Chosen beforehand: no other sizes were tried.
SMALL = Recipe(
    pieces=3000,
    embedding_size=128,
    hidden_size=256,
    attention_size=128,
    tied=True,
    dropout=0.2,
    label_smoothing=0.1,
    batch_size=64,
    epochs=8,
    learning_rate=3e-3,
    warmup=200,
)
# "quick" is the one that notebook 6 trains while you wait, "captions" the one that its search has chosen.
NAMED = {"tiny": TINY, "small": SMALL, "quick": QUICK, "captions": CHOSEN}
_UP_TO = {"tiny": 5_000, "small": 50_000}  # pairs; beyond, it is the largest recipe that was measured
_BEYOND = "captions"

_BESIDE_CHARACTERS = 100  # pieces that are no single characters, and sentencepiece's own three
_PARSED: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": {"True": True, "False": False}.__getitem__,
}
_ALLOWED = {"int": "a whole number", "float": "a number", "bool": "True or False"}
_SHARES = ("dropout", "label_smoothing", "word_dropout", "piece_dropout")
_MAY_BE_ZERO = ("warmup", "patience", "averaged_epochs", "word_count")


def choose(count: int) -> str:
    """The name of the recipe for so many training pairs."""
    return next((name for name, most in _UP_TO.items() if count <= most), _BEYOND)


def for_data(name: str, changes: Sequence[str], pairs: Sequence[SentencePair]) -> Recipe:
    """A recipe by its name, single settings changed, with a piece at least for each character of the data.

    Args:
        name: of `NAMED`.
        changes: see `changed`.
        pairs: the training pairs.

    Raises:
        ValueError: if there is no such recipe, or a change is not possible.
    """
    if name not in NAMED:
        raise ValueError(f"recipe: {name!r} is not one of {', '.join(NAMED)}")
    recipe = changed(NAMED[name], changes)
    sides = [pair.source for pair in pairs], [pair.target for pair in pairs]
    return replace(recipe, pieces=max(pieces_for(side, recipe.pieces) for side in sides))


def changed(recipe: Recipe, changes: Sequence[str]) -> Recipe:
    """A recipe with single settings changed.

    Args:
        recipe: as it was.
        changes: such as ``"epochs=4"``.

    Raises:
        ValueError: if there is no such setting, or it cannot have this value.
    """
    kinds = {field.name: str(field.type).partition(" ")[0] for field in fields(Recipe)}
    values: dict[str, Any] = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name not in kinds:
            raise ValueError(f"set: {name!r} is no setting of a recipe; there are {', '.join(kinds)}")
        try:
            values[name] = _PARSED[kinds[name]](text)
        except (ValueError, KeyError):
            raise ValueError(f"set: {change!r}: {name} must be {_ALLOWED[kinds[name]]}") from None
    recipe = replace(recipe, **values)
    _check(recipe)
    return recipe


def pieces_for(texts: Sequence[str], wanted: int) -> int:
    """How many pieces to ask for: as many as wanted, or more where there are so many characters.

    Each character has to be a piece, and some should be put together: in Chinese, and with few pieces in
    Korean, there are more characters than that.
    """
    characters = {letter for text in texts for letter in unicodedata.normalize("NFKC", text).casefold()}
    return max(wanted, len(characters) + _BESIDE_CHARACTERS)


def shortest_warmup(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with a warm-up of at most a tenth of so many steps."""
    return replace(recipe, warmup=min(recipe.warmup, steps // 10))


def _check(recipe: Recipe) -> None:
    for field in fields(Recipe):
        name, value = field.name, getattr(recipe, field.name)
        if name in _SHARES:
            is_allowed, allowed = 0 <= value < 1, "from 0 to below 1"
        elif name == "learning_rate":
            is_allowed, allowed = 0 < value < math.inf, "more than 0"
        elif name in _MAY_BE_ZERO:
            is_allowed, allowed = value >= 0, "0 or more"
        else:
            is_allowed, allowed = value is None or value >= (name != "tied"), "1 or more"
        if not is_allowed:
            raise ValueError(f"set: {name}: {value} is not allowed; it must be {allowed}")
