"""Notebook 7: the transformer on real captions, by the recipe that notebook 6 has chosen, and a quick one."""

from __future__ import annotations

from dataclasses import replace

from seq2seq_utils.experiments.captions import CHOSEN, Arm, measure, train
from seq2seq_utils.experiments.experiment import SEARCH_SEED, Experiment
from seq2seq_utils.training.recipes import MODELS, QUICK, Recipe

# Two tries for each model. Those of the transformer are, as in `after_attention`, the paper's highest rate,
# d_model^-0.5 · 4000^-0.5, and twice as much. Its d_model is 256 by the chosen recipe, 72 by the quick one.
# The other two try the rate of the quick recipe, and half of it.
RATES = (2e-3, 1e-3)
QUICK_RATES = {
    "attention": (QUICK.learning_rate, QUICK.learning_rate / 2),
    "plain": (QUICK.learning_rate, QUICK.learning_rate / 2),
    "transformer": (4e-3, 2e-3),
}


def _arm(recipe: Recipe, model: str, learning_rate: float) -> Arm:
    return Arm(recipe=replace(recipe, learning_rate=learning_rate), model=model)


_TRIED = {f"transformer, rate {rate:g}": _arm(CHOSEN, "transformer", rate) for rate in RATES}
_QUICK_TRIED = {
    f"quick {model}, rate {rate:g}": _arm(QUICK, model, rate)
    for model in MODELS
    for rate in QUICK_RATES[model]
}
SEARCH = Experiment(
    name="captions_transformer_search",
    question="which learning rate is best, on validation pairs?",
    basis="budget",
    arms=_TRIED | _QUICK_TRIED,
    seeds=dict.fromkeys(_TRIED | _QUICK_TRIED, (SEARCH_SEED,)),
    train=train,
    measure=measure,
)

# While it is open, the first rates stand for the best ones, and no test set is looked at.
SEARCH_IS_CLOSED = False
_FINAL = {"transformer": _arm(CHOSEN, "transformer", RATES[0])}
FINAL = Experiment(
    name="captions_transformer",
    question="how good is the transformer, by the recipe that was chosen for attention?",
    basis="budget",
    arms=_FINAL,
    seeds=dict.fromkeys(_FINAL, range(3)),
    train=train,
    measure=measure,
)

_QUICK = {model: _arm(QUICK, model, QUICK_RATES[model][0]) for model in MODELS}
QUICK_COMPARED = Experiment(
    name="captions_quick",
    question="how far does each of the three models get by the quick recipe?",
    basis="budget",
    arms=_QUICK,
    seeds=dict.fromkeys(_QUICK, range(3)),
    train=train,
    measure=measure,
)
