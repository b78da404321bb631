"""Teacher forcing: what the decoder is fed, at every ratio, and the schedules of the ratio."""

import itertools
import math
import re

import pytest
import torch
from torch import Tensor

from seq2seq_utils.batching import Batch, make_batch
from seq2seq_utils.layers import CELLS
from seq2seq_utils.models import Decoder, Encoded, Seq2Seq, Step, plain_model, unroll
from seq2seq_utils.schedules import exponential_schedule, inverse_sigmoid_schedule, linear_schedule
from seq2seq_utils.text import SOS_ID
from seq2seq_utils.training import fit

each_cell = pytest.mark.parametrize("cell", CELLS)
NOT_RATIOS = [-0.1, 1.1, math.nan, math.inf]
OWN = 19  # what the decoder below always finds likeliest


def small_model(cell: str = "gru") -> Seq2Seq:
    return plain_model(20, 20, embedding_size=8, hidden_size=12, cell=cell)


def call(model: Seq2Seq, batch: Batch, teacher_forcing: float) -> Tensor:
    return model(batch.source, batch.source_lengths, batch.target_input, teacher_forcing)


class Parrot(Decoder):
    """Says the same word at every step, and remembers what it was fed."""

    def __init__(self) -> None:
        super().__init__(20, 1, 1)
        self.fed: list[Tensor] = []

    def step(self, token: Tensor, state: Tensor) -> Step:
        self.fed.append(token)
        scores = torch.zeros(len(token), 20)
        scores[:, OWN] = 1
        return Step(scores, state)


def fed_at(ratio: float, target_input: Tensor) -> Tensor:
    """What the decoder is fed, (batch, target_len)."""
    decoder = Parrot()
    unroll(
        decoder,
        target_input,
        Encoded(torch.empty(0), torch.zeros(len(target_input), 1), torch.empty(0)),
        ratio,
    )
    return torch.stack(decoder.fed, dim=1)


def true_inputs(rows: int, length: int) -> Tensor:
    """SOS and words that the parrot never says."""
    words = torch.randint(4, OWN, (rows, length - 1))
    return torch.cat([torch.full((rows, 1), SOS_ID), words], dim=1)


# --- What the decoder is fed ----------------------------------------------------------------------


@each_cell
def test_at_ratio_1_step_by_step_and_fused_decoding_have_the_same_logits_and_gradients(cell, id_pairs):
    model, batch = small_model(cell), make_batch(id_pairs)
    encoded = model.encoder(batch.source, batch.source_lengths)
    found = []
    for logits in (call(model, batch, 1.0), unroll(model.decoder, batch.target_input, encoded, 1.0)):
        loss = logits.log_softmax(dim=-1).square().mean()
        found.append((logits, torch.autograd.grad(loss, list(model.parameters()))))
    torch.testing.assert_close(found[0], found[1])


def test_at_ratio_1_the_decoder_runs_in_one_call_and_below_it_in_steps(id_pairs):
    model, batch = small_model(), make_batch(id_pairs)
    calls = []
    model.decoder.register_forward_hook(lambda *_: calls.append(1))
    call(model, batch, 1)
    assert len(calls) == 1
    call(model, batch, 0.99)
    assert len(calls) == 1


@each_cell
def test_at_ratio_0_the_target_is_never_read(cell, id_pairs):
    model, batch = small_model(cell), make_batch(id_pairs)
    logits = call(model, batch, 0)
    batch.target_input[:] = torch.randint(4, 20, batch.target_input.shape)
    assert torch.equal(call(model, batch, 0), logits)
    assert not torch.equal(call(model, batch, 1), logits)


@each_cell
def test_at_ratio_0_each_step_is_fed_the_likeliest_word_of_the_one_before(cell, id_pairs):
    model, batch = small_model(cell), make_batch(id_pairs)
    logits = call(model, batch, 0)
    own = logits.argmax(dim=-1)
    fed = torch.cat([torch.full_like(own[:, :1], SOS_ID), own[:, :-1]], dim=1)
    again = model(batch.source, batch.source_lengths, fed)
    torch.testing.assert_close(logits, again)


def test_the_first_input_is_sos_and_the_others_are_the_truth_or_the_likeliest_word():
    truth = true_inputs(50, 9)
    assert torch.equal(fed_at(1, truth), truth)
    assert (fed_at(0, truth)[:, 0] == SOS_ID).all()
    assert (fed_at(0, truth)[:, 1:] == OWN).all()
    mixed = fed_at(0.5, truth)
    assert (mixed[:, 0] == SOS_ID).all()
    assert ((mixed == truth) | (mixed == OWN)).all()


@pytest.mark.parametrize("ratio", [0.2, 0.75])
def test_the_ratio_is_drawn_for_each_token_by_itself(ratio):
    truth = true_inputs(1000, 21)
    was_true = (fed_at(ratio, truth) == truth)[:, 1:].double()
    # 20,000 draws: the standard deviation of their mean is 0.0035 at most.
    assert was_true.mean().item() == pytest.approx(ratio, abs=0.02)
    # Neither whole sentences nor whole positions share a draw, and neighbours are independent.
    assert was_true.mean(dim=1).std().item() == pytest.approx(math.sqrt(ratio * (1 - ratio) / 20), rel=0.15)
    assert was_true.mean(dim=0).std().item() < 0.05
    both = (was_true[:, 1:] * was_true[:, :-1]).mean().item()
    assert both == pytest.approx(ratio**2, abs=0.02)


def test_no_gradient_passes_through_the_choice_of_a_word():
    """The scores of step 1 choose the input of step 2, yet step 2 does not depend on them for autograd."""
    model = small_model()
    encoded = model.encoder(torch.tensor([[5, 6]]), torch.tensor([2]))
    scores = []
    step = model.decoder.step

    def remembering(token: Tensor, state: Tensor) -> Step:
        found = step(token, state)
        found.logits.retain_grad()
        scores.append(found.logits)
        return found

    model.decoder.step = remembering
    logits = unroll(model.decoder, torch.tensor([[SOS_ID, 7]]), encoded, 0.0)
    logits[:, 1].log_softmax(dim=-1)[0, 7].backward()
    assert torch.count_nonzero(scores[0].grad) == 0
    assert torch.count_nonzero(scores[1].grad) > 0


@pytest.mark.parametrize("ratio", NOT_RATIOS)
def test_a_ratio_that_is_no_probability_is_refused(ratio, id_pairs):
    message = f"teacher_forcing: {ratio} is not allowed; it must be from 0 to 1"
    with pytest.raises(ValueError, match=re.escape(message)):
        call(small_model(), make_batch(id_pairs), ratio)


def test_a_target_word_outside_the_vocabulary_is_named_at_any_ratio():
    model, source = small_model(), torch.tensor([[5, 6]])
    for ratio in (1.0, 0.5, 0.0):
        with pytest.raises(ValueError, match="target_input: id 20 is outside the vocabulary"):
            model(source, torch.tensor([2]), torch.tensor([[SOS_ID, 20]]), ratio)


# --- Schedules ------------------------------------------------------------------------------------


def test_linear_schedule_is_a_straight_line_that_ends():
    assert [linear_schedule(4)(step) for step in range(6)] == [1, 0.75, 0.5, 0.25, 0, 0]
    assert [linear_schedule(2, last=0.5)(step) for step in range(4)] == [1, 0.75, 0.5, 0.5]


def test_exponential_schedule_is_a_power():
    assert [exponential_schedule(0.5)(step) for step in range(4)] == [1, 0.5, 0.25, 0.125]
    assert exponential_schedule(0.999)(693) == pytest.approx(0.5, abs=1e-3)


def test_inverse_sigmoid_schedule_is_the_formula_of_the_paper():
    schedule = inverse_sigmoid_schedule(10)
    for step in (0, 1, 23, 60):
        assert schedule(step) == pytest.approx(10 / (10 + math.exp(step / 10)))
    assert inverse_sigmoid_schedule(100)(100 * math.log(100)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "schedule",
    [linear_schedule(1000, 0.1), exponential_schedule(0.99), inverse_sigmoid_schedule(1)],
    ids=["linear", "exponential", "inverse sigmoid"],
)
def test_schedules_fall_from_1_and_stay_probabilities_for_ever(schedule):
    ratios = [schedule(step) for step in (*range(2000), 10**6, 10**9)]
    assert 0.5 <= ratios[0] <= 1
    assert all(0 <= later <= earlier for earlier, later in itertools.pairwise(ratios))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: linear_schedule(0), "steps: 0 is not allowed; it must be 1 or more"),
        (lambda: linear_schedule(5, last=1.5), "last: 1.5 is not allowed; it must be from 0 to 1"),
        (
            lambda: exponential_schedule(1.0),
            "base: 1.0 is not allowed; it must be more than 0",
        ),
        (lambda: exponential_schedule(0.0), "base: 0.0 is not allowed"),
        (lambda: inverse_sigmoid_schedule(0.5), "k: 0.5 is not allowed; it must be a number, 1 or more"),
        (lambda: inverse_sigmoid_schedule(math.nan), "k: nan is not allowed"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


# --- In training ----------------------------------------------------------------------------------


def ratios_used(teacher_forcing: object, id_pairs, epochs: int) -> list[float]:
    model, seen = small_model(), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[3]))
    fit(
        model, [make_batch(id_pairs[:5]), make_batch(id_pairs[5:10])], epochs, teacher_forcing=teacher_forcing
    )
    return seen


def test_fit_takes_a_ratio_or_a_schedule_over_all_its_steps(id_pairs):
    assert ratios_used(0.25, id_pairs, epochs=2) == [0.25] * 4
    assert ratios_used(linear_schedule(4), id_pairs, epochs=2) == [1, 0.75, 0.5, 0.25]


@pytest.mark.parametrize("ratio", [*NOT_RATIOS, "half", None])
def test_fit_refuses_a_bad_ratio_before_it_has_changed_anything(ratio, id_pairs):
    for given, step in ((ratio, 0), (lambda step: ratio if step == 3 else 0.5, 3)):
        model = small_model()
        before = [weights.clone() for weights in model.parameters()]
        message = f"teacher_forcing: {ratio!r} at step {step} is not allowed; it must be from 0 to 1"
        with pytest.raises(ValueError, match=re.escape(message)):
            fit(model, [make_batch(id_pairs)] * 5, epochs=1, teacher_forcing=given)
        assert all(map(torch.equal, before, model.parameters()))
