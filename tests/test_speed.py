"""How long training and translating take: what is done and counted. No clock is asked for its time."""

import pytest
import torch
from untrained import with_random_weights

from seq2seq_utils.batching import make_batch
from seq2seq_utils.experiments import speed
from seq2seq_utils.models import attention_model, plain_model, transformer_model
from seq2seq_utils.text import UNK_ID
from seq2seq_utils.training.loop import Run
from seq2seq_utils.translation import greedy

MODELS = {"plain": plain_model, "attention": attention_model, "transformer": transformer_model}


@pytest.fixture
def clock(monkeypatch):
    """A clock that only what is timed sets forward."""
    time = [0.0]
    monkeypatch.setattr(speed.time, "perf_counter", lambda: time[0])
    return time


def test_works_take_turns_and_the_median_counts(clock):
    order, seconds = [], {"slow": iter([10.0, 900.0, 20.0]), "fast": iter([3.0, 1.0, 2.0])}

    def work(name):
        def run():
            order.append(name)
            clock[0] += next(seconds[name])

        return run

    assert speed.medians([work("slow"), work("fast")], 3) == [20.0, 2.0]
    assert order == ["slow", "fast"] * 3


def test_the_table_has_both_times_of_each_model_for_each_length(clock, monkeypatch):
    training, words = [], []

    def train(run, batches):
        first = len(training) < 2
        training.append((run.model, batches[0].source_lengths.tolist()))
        clock[0] += 100 if first else 0.002 * batches[0].source.shape[1]

    def write(model, batch):
        words.append(model)
        clock[0] += 0.1 if model is models["slow"] else 0.05

    monkeypatch.setattr(speed, "train_epoch", train)
    monkeypatch.setattr(speed, "write", write)
    models = {"slow": plain_model(9, 9, 4, 6), "fast": plain_model(9, 9, 4, 6)}
    table = speed.milliseconds_by_length(models, [30, 5], batch_size=3, repeats=2)
    assert table.index.tolist() == [("slow", 30), ("slow", 5), ("fast", 30), ("fast", 5)]
    assert table["training"].tolist() == pytest.approx([60, 10, 60, 10])
    assert table["translating"].tolist() == pytest.approx([100, 100, 50, 50])
    assert len(training) == len(words) == 2 * 2 * 3
    assert {tuple(lengths) for _, lengths in training} == {(30,) * 3, (5,) * 3}


@pytest.mark.parametrize("name", MODELS)
def test_a_training_step_is_taken_and_the_model_itself_stays_as_it_is(name, monkeypatch):
    losses, count = [], Run.count

    def counted(run, loss, gradient_norm, tokens):
        losses.append(loss)
        assert tokens == 2 * (4 + 1)
        count(run, loss, gradient_norm, tokens)

    monkeypatch.setattr(Run, "count", counted)
    model = MODELS[name](9, 9).train()
    before = [weights.clone() for weights in model.parameters()]
    speed.milliseconds_by_length({name: model}, [4], batch_size=2, repeats=2)
    assert len(losses) == 3
    assert losses[0] > losses[1] > losses[2], "a step is forward, backward and the optimizer's"
    assert all(map(torch.equal, before, model.parameters()))
    assert model.training


@pytest.mark.parametrize("name", MODELS)
def test_what_is_written_is_what_greedy_search_finds_but_it_goes_on(name):
    model = with_random_weights(MODELS[name](9, 9, 8, 12, dropout=0.5)).train()
    batch = make_batch([([UNK_ID, 4, 5], [5] * 7), ([6, 7], [4] * 3)])
    written = speed.write(model, batch)
    assert [len(words) for words in written] == [8, 8]
    model.eval()
    found = greedy(model, batch.source, batch.source_lengths, [8, 8])
    for words, hypothesis in zip(written, found, strict=True):
        assert words[: len(hypothesis.ids)] == list(hypothesis.ids)
    assert torch.is_grad_enabled()


def test_wrong_numbers_are_named():
    models = {"plain": plain_model(9, 9, 4, 6)}
    for lengths, others, message in (
        ([3, 0], {}, r"lengths: \[3, 0\] is not allowed"),
        ([], {}, r"lengths: \[\] is not allowed"),
        ([3], {"batch_size": 0}, r"batch_size: \[0\] is not allowed"),
        ([3], {"repeats": 0}, r"repeats: \[0\] is not allowed"),
    ):
        with pytest.raises(ValueError, match=message):
            speed.milliseconds_by_length(models, lengths, **others)
    with pytest.raises(ValueError, match="models: there are none"):
        speed.milliseconds_by_length({}, [3])
