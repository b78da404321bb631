"""Notebook 7: the transformer on real captions, by the recipe that notebook 6 has chosen, and a quick one."""

from __future__ import annotations

from dataclasses import replace

from seq2seq_utils.experiments.captions import CHOSEN, Arm, measure, train
from seq2seq_utils.experiments.experiment import SEARCH_SEED, Experiment
from seq2seq_utils.training.recipes import MODELS, QUICK, Recipe

# Rates a factor of 2 apart, until the best one has a worse one on either side. The paper's highest rate,
# d_model^-0.5 · 4000^-0.5, is 0.001 where d_model is 256, as by the chosen recipe; its 0.002 is one of those
# of the quick one, where d_model is 72.
RATES = (4e-3, 2e-3, 1e-3, 5e-4)
QUICK_RATES = {
    "attention": (2e-2, 1e-2, 5e-3, 2.5e-3),
    "plain": (2e-2, 1e-2, 5e-3, 2.5e-3),
    "transformer": (1.6e-2, 8e-3, 4e-3, 2e-3),
}
# Those of the smallest validation loss. The chosen recipe, with its rate, is that of attention.
BEST, QUICK_BEST = 1e-3, {"attention": 1e-2, "plain": 1e-2, "transformer": 8e-3}


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

SEARCH_IS_CLOSED = True
_FINAL = {"transformer": _arm(CHOSEN, "transformer", BEST)}
FINAL = Experiment(
    name="captions_transformer",
    question="how good is the transformer, by the recipe that was chosen for attention?",
    basis="budget",
    arms=_FINAL,
    seeds=dict.fromkeys(_FINAL, range(3)),
    train=train,
    measure=measure,
)

_QUICK = {model: _arm(QUICK, model, QUICK_BEST[model]) for model in MODELS}
QUICK_COMPARED = Experiment(
    name="captions_quick",
    question="how far does each of the three models get by the quick recipe?",
    basis="budget",
    arms=_QUICK,
    seeds=dict.fromkeys(_QUICK, range(3)),
    train=train,
    measure=measure,
)
