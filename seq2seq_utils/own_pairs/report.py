"""The report: one HTML file that needs no other, from the content of a finished training."""

from __future__ import annotations

from importlib.resources import files

import jinja2

from seq2seq_utils.own_pairs import figures
from seq2seq_utils.own_pairs.advice import advise
from seq2seq_utils.own_pairs.content import Content
from seq2seq_utils.own_pairs.seen import in_words

_TEMPLATE = "report.html.jinja"


def page(content: Content) -> str:
    """The page, all texts from the data escaped.

    Args:
        content: of the training.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        content=content,
        plan=content.plan,
        request=content.request,
        validation=content.scores["validation"],
        test=content.scores["test"],
        seen_lines=in_words(content.seen),
        left_out=dict(zip(("training", "validation"), content.left_out, strict=True)),
        losses=figures.losses(content),
        learned=figures.scores(content),
        by_length=figures.by_length(content),
        maps=figures.maps(content),
        findings=content.audit.findings,
        advice=advise(content),
        last=content.history.records[-1],
    )
