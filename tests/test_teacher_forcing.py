"""Teacher forcing: what the decoder is fed, at every ratio, and the schedules of the ratio."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from torch import Tensor

from seq2seq_utils.batching import Batch, make_batch, make_loader
from seq2seq_utils.models import (
    CELLS,
    Encoded,
    PlainState,
    Seq2Seq,
    Step,
    attention_model,
    plain_model,
    transformer_model,
)
from seq2seq_utils.text import SOS_ID
from seq2seq_utils.training import (
    Settings,
    exponential_schedule,
    fit,
    fitting,
    inverse_sigmoid_schedule,
    linear_schedule,
    predict,
    unroll,
)

NOT_RATIOS = [-0.1, 1.1, math.nan, math.inf]
FAVOURITE = 19  # what the decoder below always finds likeliest


def small_model(cell: str = "gru") -> Seq2Seq:
    return plain_model(20, 20, embedding_size=8, hidden_size=12, cell=cell)


def all_models() -> dict[str, Seq2Seq]:
    cells = {cell: small_model(cell) for cell in CELLS}
    return {"attention": attention_model(20, 20, 8, 12), "transformer": transformer_model(20, 20, 8)} | cells


class Parrot:
    """Finds the same word likeliest at every step, and remembers what it was fed."""

    vocabulary_size = 20

    def __init__(self) -> None:
        self.fed: list[Tensor] = []

    def start(self, encoded: Encoded) -> PlainState:
        return PlainState(encoded.annotations)

    def step(self, token: Tensor, state: PlainState) -> Step[PlainState]:
        self.fed.append(token)
        scores = torch.zeros(len(token), 20)
        scores[:, FAVOURITE] = 1
        return Step(scores, state)


def fed_at(ratio: float, target_input: Tensor) -> Tensor:
    """What the decoder is fed, (batch, target_len)."""
    decoder = Parrot()
    unroll(decoder, target_input, Encoded(torch.zeros(len(target_input), 1, 1), None, torch.empty(0)), ratio)
    return torch.stack(decoder.fed, dim=1)


def true_inputs(rows: int, length: int) -> Tensor:
    """SOS and words that the parrot never finds likeliest."""
    words = torch.randint(4, FAVOURITE, (rows, length - 1))
    return torch.cat([torch.full((rows, 1), SOS_ID), words], dim=1)


# --- What the decoder is fed ----------------------------------------------------------------------


def test_at_ratio_1_steps_and_one_call_have_the_same_logits_and_gradients(id_pairs):
    batch = make_batch(id_pairs)
    for model in all_models().values():
        encoded = model.encoder(batch.source, batch.source_lengths)
        both = []
        for logits in (predict(model, batch, 1.0), unroll(model.decoder, batch.target_input, encoded, 1.0)):
            loss = logits.log_softmax(dim=-1).square().mean()
            both.append((logits, torch.autograd.grad(loss, list(model.parameters()))))
        torch.testing.assert_close(both[0], both[1])
        assert torch.equal(predict(model, batch), predict(model, batch, 1.0)), "the default"


def test_at_ratio_0_each_step_is_fed_the_likeliest_word_of_the_one_before_and_the_target_is_never_read(
    id_pairs,
):
    for model in all_models().values():
        batch = make_batch(id_pairs)
        logits = predict(model, batch, 0.0)
        likeliest = logits.argmax(dim=-1)
        fed = torch.cat([torch.full_like(likeliest[:, :1], SOS_ID), likeliest[:, :-1]], dim=1)
        torch.testing.assert_close(logits, model(batch.source, batch.source_lengths, fed))

        assert not torch.equal(predict(model, batch, 1.0), logits)
        batch.target_input[:] = torch.randint(4, 20, batch.target_input.shape)
        assert torch.equal(predict(model, batch, 0.0), logits)


def test_the_first_input_is_sos_and_the_others_are_the_truth_or_the_likeliest_word():
    truth = true_inputs(50, 9)
    assert torch.equal(fed_at(1, truth), truth)
    assert (fed_at(0, truth)[:, 0] == SOS_ID).all()
    assert (fed_at(0, truth)[:, 1:] == FAVOURITE).all()
    mixed = fed_at(0.5, truth)
    assert (mixed[:, 0] == SOS_ID).all()
    assert ((mixed == truth) | (mixed == FAVOURITE)).all()
    assert fed_at(0, truth[:, :1]).tolist() == [[SOS_ID]] * 50, "one step, when nothing is predicted yet"


def test_the_ratio_is_drawn_for_each_token_by_itself():
    for ratio in (0.2, 0.75):
        truth = true_inputs(1000, 21)
        was_true = (fed_at(ratio, truth) == truth)[:, 1:].double()
        # 20,000 draws: the standard deviation of their mean is 0.0035 at most.
        assert was_true.mean().item() == pytest.approx(ratio, abs=0.02)
        # Neither whole sentences nor whole positions share a draw, and neighbours are independent.
        deviation = math.sqrt(ratio * (1 - ratio) / 20)
        assert was_true.mean(dim=1).std().item() == pytest.approx(deviation, rel=0.15)
        assert was_true.mean(dim=0).std().item() < 0.05
        both = (was_true[:, 1:] * was_true[:, :-1]).mean().item()
        assert both == pytest.approx(ratio**2, abs=0.02)


def test_no_gradient_passes_through_the_choice_of_a_word():
    """The scores of step 1 choose the input of step 2, yet step 2 does not depend on them for autograd."""
    model = small_model()
    encoded = model.encoder(torch.tensor([[5, 6]]), torch.tensor([2]))
    scores = []
    step = model.decoder.step

    def remembering(token: Tensor, state: PlainState) -> Step[PlainState]:
        taken = step(token, state)
        taken.logits.retain_grad()
        scores.append(taken.logits)
        return taken

    model.decoder.step = remembering
    logits = unroll(model.decoder, torch.tensor([[SOS_ID, 7]]), encoded, 0.0)
    logits[:, 1].log_softmax(dim=-1)[0, 7].backward()
    assert torch.count_nonzero(scores[0].grad) == 0
    assert torch.count_nonzero(scores[1].grad) > 0


def test_the_draws_are_the_same_on_every_device_and_none_is_made_at_ratio_1(id_pairs):
    truth = true_inputs(3, 6)
    torch.manual_seed(5)
    fed = fed_at(0.5, truth)
    torch.manual_seed(5)
    assert torch.equal(fed == truth, (torch.rand(3, 6) < 0.5) | (truth == SOS_ID)), "drawn on the CPU"
    model = small_model()
    before = torch.get_rng_state()
    predict(model, make_batch(id_pairs), 1.0)
    assert torch.equal(torch.get_rng_state(), before)


def test_bad_ratios_and_words_are_named(id_pairs):
    model, batch = small_model(), make_batch(id_pairs)
    for ratio in NOT_RATIOS:
        message = f"teacher_forcing: {ratio} is not allowed; it must be from 0 to 1"
        with pytest.raises(ValueError, match=re.escape(message)):
            predict(model, batch, ratio)
    outside = Batch(
        torch.tensor([[5, 6]]),
        torch.tensor([2]),
        torch.tensor([[SOS_ID, 20]]),
        torch.tensor([[7, 8]]),
        torch.tensor([2]),
    )
    for ratio in (1.0, 0.5, 0.0):
        with pytest.raises(ValueError, match="target_input: id 20 is outside the vocabulary"):
            predict(model, outside, ratio)


# --- Schedules ------------------------------------------------------------------------------------


def test_schedules_are_the_formulas_of_the_paper():
    assert [linear_schedule(4)(step) for step in range(6)] == [1, 0.75, 0.5, 0.25, 0, 0]
    assert [linear_schedule(2, last=0.5)(step) for step in range(4)] == [1, 0.75, 0.5, 0.5]
    assert [linear_schedule(1, last=1)(step) for step in range(2)] == [1, 1]
    assert [exponential_schedule(0.5)(step) for step in range(4)] == [1, 0.5, 0.25, 0.125]
    assert exponential_schedule(0.999)(693) == pytest.approx(0.5, abs=1e-3)
    for step in (0, 1, 23, 60):
        assert inverse_sigmoid_schedule(10)(step) == pytest.approx(10 / (10 + math.exp(step / 10)))
    assert inverse_sigmoid_schedule(100)(100 * math.log(100)) == pytest.approx(0.5)


def test_schedules_fall_from_1_and_stay_probabilities_for_ever():
    for schedule in (linear_schedule(1000, 0.1), exponential_schedule(0.99), inverse_sigmoid_schedule(1)):
        ratios = [schedule(step) for step in (*range(2000), 10**6, 10**9)]
        assert 0.5 <= ratios[0] <= 1
        assert all(0 <= later <= earlier for earlier, later in itertools.pairwise(ratios))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: linear_schedule(0), "steps: 0 is not allowed; it must be 1 or more"),
        (lambda: linear_schedule(5, last=1.5), "last: 1.5 is not allowed; it must be from 0 to 1"),
        (lambda: linear_schedule(5, last=-0.5), "last: -0.5 is not allowed"),
        (lambda: exponential_schedule(1.0), "base: 1.0 is not allowed; it must be more than 0"),
        (lambda: exponential_schedule(0.0), "base: 0.0 is not allowed"),
        (lambda: inverse_sigmoid_schedule(0.5), "k: 0.5 is not allowed; it must be a number, 1 or more"),
        (lambda: inverse_sigmoid_schedule(math.nan), "k: nan is not allowed"),
        (lambda: inverse_sigmoid_schedule(math.inf), "k: inf is not allowed"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


# --- In training ----------------------------------------------------------------------------------


def test_fit_takes_a_ratio_or_a_schedule_over_all_its_steps(id_pairs, monkeypatch):
    used = []

    def watched(model: Seq2Seq, batch: Batch, teacher_forcing: float) -> Tensor:
        used.append(teacher_forcing)
        return predict(model, batch, teacher_forcing)

    monkeypatch.setattr(fitting, "predict", watched)
    for teacher_forcing, ratios in (
        (0.25, [0.25] * 4),
        (np.float32(0.5), [0.5] * 4),
        (1, [1] * 4),
        (linear_schedule(4), [1, 0.75, 0.5, 0.25]),
    ):
        fit(small_model(), make_loader(id_pairs, 50), Settings(epochs=2, teacher_forcing=teacher_forcing))
        assert used == ratios
        used.clear()


def test_fit_refuses_a_bad_ratio_before_it_has_changed_anything(id_pairs):
    accepted = []
    for ratio in [*NOT_RATIOS, "half", None]:
        for given, step in ((ratio, 0), (lambda step, ratio=ratio: ratio if step == 3 else 0.5, 3)):
            model = small_model()
            before = [weights.clone() for weights in model.parameters()]
            try:
                fit(model, [make_batch(id_pairs)] * 5, Settings(epochs=1, teacher_forcing=given))
                accepted.append((ratio, step))
            except ValueError as error:
                wanted = f"teacher_forcing: {ratio!r} at step {step} is not allowed; it must be from 0 to 1"
                if str(error) != wanted or not all(map(torch.equal, before, model.parameters())):
                    accepted.append((ratio, step, str(error)))
    assert accepted == []
