"""The interactive part: a translation that you step through word by word, with a sentence of your own.

What a reader reads is in `Words`, those of each language in one place; the rest is how it is laid out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import ipywidgets
from matplotlib.colors import to_hex

from seq2seq_utils.drawing.style import FROM_WHITE, text_colour
from seq2seq_utils.models import Seq2Seq
from seq2seq_utils.text import UNK_ID, TextCodec
from seq2seq_utils.translation import DecodingStep, trace

_CELL = "padding:2px 10px 2px 0;text-align:left;white-space:nowrap"


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in the widget and in the table; `unknown` has {words}, which are filled in."""

    sentence: str
    step: str
    fed: str
    weights: str
    likeliest: str
    empty: str
    unknown: str
    only_unknown: str
    stored: str  # where the notebook is only read, not run


ENGLISH = Words(
    sentence="Sentence",
    step="Step",
    fed="Fed in",
    weights="Looks at",
    likeliest="Likeliest next words",
    empty="Type an English sentence, such as: The queen saw a tiger.",
    unknown="Not in the vocabulary, and read as unknown: {words}",
    only_unknown="None of these words is in the vocabulary. Try: The queen saw a tiger.",
    stored="Run this cell in JupyterLab to type sentences of your own.",
)


def steps_table(steps: Sequence[DecodingStep], source_tokens: Sequence[str], words: Words = ENGLISH) -> str:
    """Steps as an HTML table: what was fed in, where the model looked, what it found likeliest.

    Args:
        steps: as `translation.trace` gives them.
        source_tokens: the words that the model has read, one for each weight of a step.
        words: for the heads of the columns.
    """
    heads = "".join(
        f"<th style='{_CELL}'>{escape(head)}</th>"
        for head in (words.step, words.fed, words.weights, words.likeliest)
    )
    rows = "".join(
        f"<tr><td style='{_CELL}'>{number}</td><td style='{_CELL}'>{escape(step.fed)}</td>"
        f"<td style='{_CELL}'>{_shaded(step, source_tokens)}</td>"
        f"<td style='{_CELL}'>{_chances(step)}</td></tr>"
        for number, step in enumerate(steps, start=1)
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


class DecodingExplorer(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A sentence to type, and a slider that goes through its translation step by step.

    Args:
        model: with attention.
        source: the codec of the language to type in.
        target: the codec of the translations.
        sentence: to begin with.
        words: what stands in the widget.
    """

    def __init__(
        self,
        model: Seq2Seq,
        source: TextCodec,
        target: TextCodec,
        sentence: str,
        words: Words = ENGLISH,
    ) -> None:
        self._model, self._source, self._target, self._words = model, source, target, words
        self._tokens: list[str] = []
        self._steps: list[DecodingStep] = []
        wide = ipywidgets.Layout(width="40em")
        self.sentence = ipywidgets.Text(
            value=sentence, description=words.sentence, continuous_update=False, layout=wide
        )
        self.step = ipywidgets.IntSlider(value=1, min=1, max=1, description=words.step, layout=wide)
        self.message = ipywidgets.HTML()
        self.table = ipywidgets.HTML()
        super().__init__([self.sentence, self.step, self.message, self.table])
        self.sentence.observe(lambda change: self._read(), names="value")
        self.step.observe(lambda change: self._show(), names="value")
        self._read()

    def __repr__(self) -> str:
        return self._words.stored

    def _read(self) -> None:
        """Translates what has been typed, or says kindly why not."""
        self._tokens = self._source.tokenizer.tokenize(self.sentence.value)
        ids = self._source.vocabulary.encode(self._tokens)
        unknown = [token for token, token_id in zip(self._tokens, ids, strict=True) if token_id == UNK_ID]
        if len(unknown) == len(ids):
            self._steps = []
            message = self._words.only_unknown if ids else self._words.empty
        else:
            self._steps = trace(self._model, self.sentence.value, self._source, self._target)
            message = self._words.unknown.format(words=", ".join(unknown)) if unknown else ""
        self.message.value = escape(message)
        self.step.disabled = not self._steps
        self.step.max = max(len(self._steps), 1)
        self._show()

    def _show(self) -> None:
        steps = self._steps[: self.step.value]
        self.table.value = steps_table(steps, self._tokens, self._words) if steps else ""


def _shaded(step: DecodingStep, tokens: Sequence[str]) -> str:
    """The source words, the darker the more weight; each word's own colours hold on any theme."""
    weights = [0.0] * len(tokens) if step.weights is None else step.weights.tolist()
    return " ".join(
        f"<span title='{weight:.2f}' style='padding:1px 4px;border-radius:3px;"
        f"background:{to_hex(FROM_WHITE(weight))};color:{text_colour(weight)}'>"
        f"{escape(token)}</span>"
        for token, weight in zip(tokens, weights, strict=True)
    )


def _chances(step: DecodingStep) -> str:
    first, *others = [f"{escape(token)} {escape(_per_cent(share))}" for token, share in step.likeliest]
    return " · ".join([f"<b>{first}</b>", *others])


def _per_cent(share: float) -> str:
    """A probability for reading: it is never quite 0, and never quite 100 %."""
    if share < 0.005:
        return "<1 %"
    return ">99 %" if share > 0.995 else f"{100 * share:.0f} %"
