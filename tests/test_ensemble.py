"""An ensemble: the mean of its members' probabilities, in both searches, teacher-forced, and looked into."""

from collections.abc import Callable

import pytest
import torch

from seq2seq_utils.batching import IdPair, make_batch
from seq2seq_utils.models import Seq2Seq, attention_model, plain_model, transformer_model
from seq2seq_utils.translation import beam_search, ensemble, greedy

MEMBERS = {
    "attention": lambda: attention_model(20, 24, 6, 10),
    "another size": lambda: attention_model(20, 24, 5, 8, encoder_layers=2),
    "plain": lambda: plain_model(20, 24, 6, 7),
}
TRANSFORMERS = {
    "two layers": lambda: transformer_model(20, 24, 8),
    "another size": lambda: transformer_model(20, 24, 12, layers=1),
}


def members(makers: dict[str, Callable[[], Seq2Seq]] = MEMBERS) -> list[Seq2Seq]:
    made = [make().eval() for make in makers.values()]
    with torch.no_grad():
        for model in made:
            for parameter in model.parameters():
                parameter.normal_(std=0.7)
    return made


def test_each_probability_is_the_mean_of_the_members(id_pairs: list[IdPair]):
    some, batch = members(), make_batch(id_pairs)
    together = ensemble(some).eval()
    given = batch.source, batch.source_lengths, batch.target_input
    with torch.no_grad():
        expected = torch.stack([member(*given).softmax(dim=2) for member in some]).mean(dim=0)
        torch.testing.assert_close(together(*given).exp(), expected)
        state = together.decoder.start(together.encoder(*given[:2]))
        for position, token in enumerate(batch.target_input.unbind(dim=1)):
            logits, state = together.decoder.step(token, state)
            torch.testing.assert_close(logits.exp(), expected[:, position])
        for member, output in zip(some, ("W_o", "W_o", "output"), strict=True):
            getattr(member.decoder, output).bias[7] = -1e4  # e to that power is 0 in 32 bits
        assert together(*given).isfinite().all()
    assert (state.weights, state.all_weights) == (None, None), "the plain member has none"


@pytest.mark.parametrize("makers", [MEMBERS, TRANSFORMERS], ids=["attention", "transformer"])
def test_of_a_model_and_itself_an_ensemble_finds_what_the_model_finds(makers, id_pairs):
    model, batch = members(makers)[0], make_batch(id_pairs)
    given, limits = (batch.source, batch.source_lengths), [12] * len(batch)
    twice = ensemble([model, model])
    for search in (greedy, lambda *given: beam_search(*given, beam=4)):
        for alone, both in zip(search(model, *given, limits), search(twice, *given, limits), strict=True):
            assert (alone.ids, alone.reached_end) == (both.ids, both.reached_end)
            torch.testing.assert_close(alone.weights, both.weights)


@pytest.mark.parametrize("makers", [MEMBERS, TRANSFORMERS], ids=["attention", "transformer"])
def test_weights_are_the_mean_and_each_member_is_a_head(makers, id_pairs):
    some, batch = members(makers)[:2], make_batch(id_pairs)
    states = []
    for model in (*some, ensemble(some)):
        state = model.decoder.start(model.encoder(batch.source, batch.source_lengths))
        states.append(model.decoder.step(batch.target_input[:, 0], state).state)
    *of_members, together = states
    assert together.all_weights.shape == (1, 2, *batch.source.shape)
    torch.testing.assert_close(together.all_weights[0], torch.stack([state.weights for state in of_members]))
    torch.testing.assert_close(together.weights, sum(state.weights for state in of_members) / 2)


def test_members_that_cannot_write_together_are_refused(id_pairs):
    with pytest.raises(ValueError, match=r"members: .* \[24, 25\] tokens"):
        ensemble([attention_model(20, 24), attention_model(20, 25)])
    with pytest.raises(ValueError, match="members"):
        ensemble([])
    lstm = ensemble([plain_model(20, 24, 6, 7, cell="lstm")])
    with pytest.raises(ValueError, match="encoders: the last state of each must be one vector"):
        lstm.encoder(torch.tensor([[4]]), torch.tensor([1]))
    with pytest.raises(ValueError, match=r"encoder: its annotations have 10 .* 10 \+ 8"):
        ensemble(members()[:2]).decoder.check_fits(members()[0].encoder)
