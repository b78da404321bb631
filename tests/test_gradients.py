"""How much gradient reaches a word, and the models that are asked."""

import pytest
import torch

from seq2seq_utils import models
from seq2seq_utils.experiments import Results, gradients
from seq2seq_utils.grammar import tokenizer
from seq2seq_utils.text import TextCodec


@pytest.fixture(scope="module")
def codecs():
    pairs = [probe.pair for probe in gradients.probes()]
    english = TextCodec.build(tokenizer("english"), [pair.source for pair in pairs])
    return english, TextCodec.build(tokenizer("french"), [pair.target for pair in pairs])


@pytest.fixture(scope="module")
def model(codecs):
    torch.manual_seed(0)
    model = models.plain_model(*(len(codec.vocabulary) for codec in codecs), 8, 16)
    models.open_gates(model, 3)  # so that slopes far back are large enough to be measured
    return model.double()


def test_probes_have_a_noun_near_either_end_and_its_translation(codecs):
    found = gradients.probes()
    assert len(found) == gradients.SENTENCES
    for pair, *nouns in found:
        words = pair.alignment.source_words
        assert len(words) == gradients.WORDS + 1 and "," not in words
        assert [words[place] in gradients.NOUNS for place, _ in nouns] == [True, True]
        assert all(link in pair.alignment.sure for link in nouns)
        assert nouns[0][0] < 3 and nouns[1][0] >= gradients.WORDS - 3
    assert 1 <= gradients.mean_place(found) <= 3
    assert gradients.mean_place(found[:1]) == found[0].first[0] + 1


@pytest.mark.parametrize("translating", ["first", "last"])
def test_the_norm_is_that_of_the_slope_at_the_vector_of_a_word(model, codecs, translating):
    """Moved along each number of one word's vector, the log probability changes as the gradient says."""
    (probe,) = asked = gradients.probes()[:1]
    norms = gradients.gradient_norms(model, codecs, asked, translating)
    batch = gradients.make_batch(gradients.encode_pairs([probe.pair], *codecs))
    place = getattr(probe, translating)[1]

    def log_probability(moved: torch.Tensor) -> float:
        hook = model.encoder.embedding.register_forward_hook(lambda layer, ids, output: output + moved)
        with torch.no_grad():
            logits = model(batch.source, batch.source_lengths, batch.target_input)
        hook.remove()
        return logits.log_softmax(dim=2)[0, place, batch.target_output[0, place]].item()

    def norm_at(column: int) -> float:
        slopes, step = [], 1e-5
        for number in range(8):
            moved = torch.zeros(1, batch.source.shape[1], 8, dtype=torch.double)
            moved[0, column, number] = step
            slopes.append((log_probability(moved) - log_probability(-moved)) / (2 * step))
        return torch.tensor(slopes).norm().item()

    assert norms.by_place[4] == pytest.approx(norm_at(4), rel=1e-3)
    assert norms.first == pytest.approx(norm_at(probe.first[0]), rel=1e-3)
    assert norms.last == pytest.approx(norm_at(probe.last[0]), rel=1e-3)


def test_norms_are_means_over_the_sentences(model, codecs):
    asked = gradients.probes()[:2]
    both, first, second = (
        gradients.gradient_norms(model, codecs, part) for part in (asked, asked[:1], asked[1:])
    )
    assert both.by_place == pytest.approx(
        [(a + b) / 2 for a, b in zip(first.by_place, second.by_place, strict=True)]
    )
    assert both.last == pytest.approx((first.last + second.last) / 2)


def test_untrained_models_are_what_their_names_say():
    made = {name: gradients.untrained(name, 10, 12) for name in gradients.UNTRAINED}
    cells = {name: type(model.encoder.rnn).__name__ for name, model in made.items()}
    assert cells == {
        "RNN": "RNN",
        "RNN, orthogonal": "RNN",
        "LSTM": "LSTM",
        "GRU": "GRU",
        "GRU, gates open": "GRU",
    }
    for part in ("encoder", "decoder"):
        recurrent = {name: getattr(model, part).rnn for name, model in made.items()}
        square = recurrent["RNN, orthogonal"].weight_hh_l0
        torch.testing.assert_close(square @ square.T, torch.eye(len(square)), atol=1e-4, rtol=0)
        assert not torch.allclose(recurrent["RNN"].weight_hh_l0 @ square.T, torch.eye(len(square)), atol=0.1)
        opened = recurrent["GRU, gates open"].bias_ih_l0 - recurrent["GRU"].bias_ih_l0
        assert opened.view(3, -1).mean(dim=1).tolist() == pytest.approx([0, 2, 0], abs=1e-6)
    again = gradients.untrained("GRU", 10, 12)
    assert torch.equal(again.encoder.rnn.weight_hh_l0, made["GRU"].encoder.rnn.weight_hh_l0)


def test_wrong_use_is_named(model, codecs):
    with pytest.raises(ValueError, match=r"^name: 'GRUs' is not one of RNN, "):
        gradients.untrained("GRUs", 10, 12)
    with pytest.raises(ValueError, match=r"^translating: 'middle' is neither"):
        gradients.gradient_norms(model, codecs, gradients.probes()[:1], "middle")


def test_no_hook_stays_behind(model, codecs):
    gradients.gradient_norms(model, codecs, gradients.probes()[:1])
    assert not model.encoder.embedding._forward_hooks


def test_update_gates_are_those_of_the_cell_step_by_step(model, codecs):
    """A state after a step is (1 - z) * n + z * (the state before): from h and n follows z."""
    asked = gradients.probes()[:3]
    z = gradients.update_gates(model, codecs[0], asked)
    assert z.shape == (gradients.WORDS, 3, 16) and ((z > 0) & (z < 1)).all()
    layer = model.encoder.rnn
    cell = torch.nn.GRUCell(8, 16).double()
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(cell, name, getattr(layer, f"{name}_l0"))
    with torch.no_grad():
        state = torch.zeros(3, 16).double()
        ids = torch.tensor([codecs[0].encode(probe.pair.source) for probe in asked])
        for place in range(gradients.WORDS):
            vector = model.encoder.embedding(ids[:, place])
            r, _, n = (vector @ layer.weight_ih_l0.T + layer.bias_ih_l0).chunk(3, dim=1)
            r_state, _, n_state = (state @ layer.weight_hh_l0.T + layer.bias_hh_l0).chunk(3, dim=1)
            n = torch.tanh(n + torch.sigmoid(r + r_state) * n_state)
            after = cell(vector, state)
            torch.testing.assert_close((1 - z[place]) * n + z[place] * state, after)
            state = after


def test_what_is_stored_of_a_run_is_told_by_run(model, codecs):
    found = gradients.reached(model, codecs)
    norms = gradients.gradient_norms(model, codecs, gradients.probes(), "last")
    assert found["last"] == {
        "at_first": norms.first,
        "at_last": norms.last,
        "at_word_20": norms.by_place[-1],
    }
    z = gradients.update_gates(model, codecs[0], gradients.probes())
    assert found["z"] == pytest.approx(z.mean().item())
    assert found["z_high"] == pytest.approx(100 * (z > 0.9).double().mean().item())
    stored = {
        "first": {"at_first": 6.0, "at_last": 2.0, "at_word_20": 3.0},
        "last": {"at_first": 4.0, "at_last": 8.0, "at_word_20": 9.0},
        "z": 0.7,
        "z_high": 60.0,
    }
    assert gradients.ratios(stored)["last noun"] == 8.0 / 4.0
    run = {"arm": "×1", "seed": 3, "measured": {"gradients": stored}}
    table = gradients.of_runs(Results("toy", "budget", [run]), {"×1": "open"})
    assert table.index.tolist() == [("open", 3)]
    assert table.loc[("open", 3)].tolist() == [2.0, 3.0, 2.0, 0.7, 60.0]


def test_gates_of_another_encoder_are_not_asked_for(codecs):
    sizes = tuple(len(codec.vocabulary) for codec in codecs)
    two_layers = models.plain_model(*sizes, 8, 16)
    two_layers.encoder = models.RecurrentEncoder(sizes[0], 8, 16, layers=2)
    for other, message in (
        (models.plain_model(*sizes, 8, 16, "lstm"), "no GRU"),
        (two_layers, "more than one layer"),
    ):
        with pytest.raises(ValueError, match=message):
            gradients.update_gates(other, codecs[0], gradients.probes()[:1])
