"""Contexts between the mean and attention: what their weights depend on, and that they can be trained."""

import pytest
import torch
from torch.testing import assert_close

from seq2seq_utils.experiments.attention import Arm
from seq2seq_utils.experiments.other_weights import WeightsByPlace, WeightsOnce
from seq2seq_utils.models import Encoded, MeanContext


@pytest.fixture
def encoded():
    torch.manual_seed(0)
    return Encoded(torch.randn(2, 4, 6), None, torch.tensor([[True] * 4, [True, True, False, False]]))


@pytest.mark.parametrize("context", [WeightsByPlace(6), WeightsOnce(6, 3)])
def test_untrained_both_are_the_mean(context, encoded):
    mean = MeanContext(6)
    state = torch.randn(2, 5)
    expected, _ = mean(state, mean.prepare(encoded), encoded)
    assert_close(context(state, context.prepare(encoded), encoded)[0], expected)


def test_weights_by_place_change_with_the_step_and_not_with_what_stands_there(encoded):
    context = WeightsByPlace(6, room=3)
    torch.nn.init.normal_(context.energies)
    state = torch.randn(2, 5)
    other = encoded._replace(annotations=torch.randn(2, 4, 6))
    prepared = context.prepare(encoded)
    of_steps = [context(state, prepared, encoded)[1] for _ in range(4)]
    context.prepare(other)  # the steps are counted anew
    assert_close(context(torch.randn(2, 5), prepared, other)[1], of_steps[0])
    assert not torch.allclose(of_steps[0], of_steps[1])
    assert_close(of_steps[3], of_steps[2])  # there is room for three
    assert_close(of_steps[0][0, 3], of_steps[0][0, 2])
    assert of_steps[0][1, 2:].abs().max() == 0


def test_weights_chosen_once_come_from_the_annotations_and_stay(encoded):
    context = WeightsOnce(6, 3)
    torch.nn.init.normal_(context.v_a)
    prepared = context.prepare(encoded)
    first, second = (context(torch.randn(2, 5), prepared, encoded)[0] for _ in range(2))
    assert torch.equal(first, second)
    energies = [torch.tanh(context.U_a(word)) @ context.v_a for word in encoded.annotations[1, :2]]
    weights = torch.stack(energies).softmax(dim=0)
    assert_close(prepared[1], weights @ encoded.annotations[1, :2])


@pytest.mark.parametrize(("name", "kind"), [("by place", WeightsByPlace), ("once", WeightsOnce)])
def test_an_arm_gets_its_context_and_its_weights_learn(name, kind):
    model = Arm(epochs=1, hidden_size=8, attention_size=4, context=name).make(9, 9)
    assert isinstance(model.decoder.context, kind)
    source, words = torch.tensor([[4, 5, 6], [7, 8, 4]]), torch.tensor([[1, 5], [1, 6]])
    model(source, torch.tensor([3, 3]), words).square().sum().backward()
    learned = model.decoder.context.energies if name == "by place" else model.decoder.context.v_a
    assert learned.grad.abs().max() > 0
