"""What comes from training is followed from cell to cell, and nothing else is taken for it."""

import ast

from trained_names import uses_of_training

IMPORTS = "from seq2seq_utils import experiments, models, training\nfrom x import lengths, long_sentences"
TRAIN = "trained = long_sentences.train(arm, 0)"
# What the last cell uses of it; the cells are parted by a line of their own.
FOLLOWED = {
    "print(trained.model)": "trained",
    "x = trained.model.decoder\n---\nprint(x)": "x",
    "runs = {}\nruns['a'] = trained\n---\nprint(runs)": "runs",
    "a, b = {}, {}\n---\na['x'], b['x'] = f(trained)\n---\nprint(b)": "b",
    "runs = []\nruns.append(trained)\n---\nprint(runs)": "runs",
    "total = 0\nfor run in [trained]:\n    total += run.loss\n---\nprint(total)": "total",
    "for name, run in {'a': trained}.items():\n    pass\n---\nprint(run)": "run",
    "found = [text for run in [trained] for text in run.texts]\n---\nprint(found)": "found",
    "if real:\n    x = trained\nelse:\n    x = 1\n---\nprint(x)": "x",
    "with open(trained) as x:\n    pass\n---\nprint(x)": "x",
    "print(y := trained.loss)\n---\nprint(y)": "y",
    "def show():\n    return trained.loss\n---\nprint(show())": "show",
    "def show():\n    return look()\ndef look():\n    return trained\n---\nx = show()\n---\nprint(x)": "x",
    "history = training.fit(model, loader, settings)\n---\nprint(model)": "model",
    "training.train_pairs(settings=s, model=m.to(device))\n---\nprint(m)": "m",
    "def f(x, y):\n    training.fit(y, loader)\n---\nf(1, m)\n---\nprint(m)": "m",
    "[training.fit(m, loader) for m in models_of]\n---\nprint(models_of)": "models_of",
    "for m in several:\n    training.fit(m, loader)\n---\nprint(several)": "several",
    "optimizer = Adam(m.parameters())\noptimizer.step()\n---\nprint(m)": "m",
    "run = Run.begin(m, loader)\ntraining.train_epoch(run, loader)\n---\nprint(m)": "m",
    "other.load_state_dict(trained.model.state_dict())\n---\nprint(other)": "other",
    "run = hide.run_sound()\n---\nprint(run.bleu)": "run",
    "for f in (long_sentences.train,):\n    x = f(arm)\n---\nprint(x)": "x",
}
NOT_FROM_TRAINING = [
    "trained = read('results/a.json')\n---\nprint(trained)",
    "for trained in stored:\n    print(trained)",
    "print([trained for trained in stored])",
    "print(sorted(stored, key=lambda trained: trained.loss))",
    "def show(trained):\n    return trained.loss\n---\nprint(show(stored))",
    "model, english, french = trained.model, *trained.codecs\n---\nprint(french)",
    "sizes = {name: models.count_parameters(run) for name, run in {'a': trained}.items()}\n---\nprint(sizes)",
    "for pair, text in zip(pairs, texts(trained)):\n    pass\n---\nprint(pair)",
    "pairs = lengths.corpus(10).train\nmore = splits.train\nmodel.train()\n---\nprint(pairs, more, model)",
    "print(inspect.getsource(long_sentences.train))",
    "try:\n    training.fit(model)\nexcept ValueError:\n    pass\n---\nprint(model)",
    "def again():\n    training.fit(model)\n---\nprint(model)",
]


def used_at_the_end(code: str) -> list[str]:
    cells = [IMPORTS, TRAIN, *code.split("\n---\n")]
    return [use.name for use in uses_of_training(map(ast.parse, cells))[-1]]


def test_what_comes_from_training_is_followed_from_cell_to_cell():
    assert {code: used_at_the_end(code) for code in FOLLOWED} == {
        code: [name] for code, name in FOLLOWED.items()
    }


def test_what_does_not_come_from_training_is_not_taken_for_it():
    assert {code: found for code in NOT_FROM_TRAINING if (found := used_at_the_end(code))} == {}


def test_functions_that_call_each_other_are_looked_into_once():
    code = "def f(x):\n    return g(x)\ndef g(x):\n    return f(x) or trained\n---\nprint(f(1))"
    assert used_at_the_end(code) == ["f"]
