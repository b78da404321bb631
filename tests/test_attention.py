"""Bahdanau attention: the paper's equations, number by number, and what must follow from them."""

import math
import re

import numpy as np
import pytest
import torch
from torch import Tensor

from seq2seq_utils.attention import CONTEXTS, AttentionDecoder, BahdanauAttention, attention_model
from seq2seq_utils.batching import make_batch, make_loader
from seq2seq_utils.decoding import greedy
from seq2seq_utils.layers import CELLS
from seq2seq_utils.models import Encoder, Seq2Seq, open_gates, unroll
from seq2seq_utils.text import EOS_ID
from seq2seq_utils.training import fit

each_cell = pytest.mark.parametrize("cell", CELLS)
assert_close = torch.testing.assert_close


def small_model(cell: str = "gru", context: str = "attention", attention_size: int | None = 7) -> Seq2Seq:
    """Random weights everywhere: attention untrained would be uniform, and hide mistakes."""
    model = attention_model(
        20, 24, 6, 10, encoder_size=4, attention_size=attention_size, context=context, cell=cell
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


def encode(model: Seq2Seq, *sentences: list[int]):
    batch = make_batch([(sentence, [4]) for sentence in sentences])
    return model.encoder(batch.source, batch.source_lengths)


# --- The paper's equations, in loops over plain numbers ---------------------------------------------


def dot(ours, theirs) -> float:
    return sum(float(a) * float(b) for a, b in zip(ours, theirs, strict=True))


def times(matrix: Tensor, vector) -> list[float]:
    return [dot(row, vector) for row in matrix.detach().numpy()]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def attention_of_the_paper(attention: BahdanauAttention, s: list[float], h: list[list[float]]):
    """Energies, weights and context: equations 5 and 6 of the paper, and those of its appendix A.1.2."""
    energies = []
    for h_j in h:
        W_a_s, U_a_h = times(attention.W_a.weight, s), times(attention.U_a.weight, h_j)
        energies.append(
            sum(v * math.tanh(a + b) for v, a, b in zip(attention.v_a.tolist(), W_a_s, U_a_h, strict=True))
        )
    total = sum(math.exp(e) for e in energies)
    weights = [math.exp(e) / total for e in energies]
    context = [sum(weight * h_j[k] for weight, h_j in zip(weights, h, strict=True)) for k in range(len(h[0]))]
    return weights, context


def step_of_the_paper(decoder: AttentionDecoder, word: list[float], s: list[float], h: list[list[float]]):
    """Scores and state of one step; the gated unit is PyTorch's: reset after the product, z the other way."""
    weights, context = attention_of_the_paper(decoder.attention, s, h)
    cell, size = decoder.rnn, len(s)
    into = [a + b for a, b in zip(times(cell.weight_ih, word + context), cell.bias_ih.tolist(), strict=True)]
    back = [a + b for a, b in zip(times(cell.weight_hh, s), cell.bias_hh.tolist(), strict=True)]
    new_s = []
    for k in range(size):
        r = sigmoid(into[k] + back[k])
        z = sigmoid(into[size + k] + back[size + k])
        n = math.tanh(into[2 * size + k] + r * back[2 * size + k])
        new_s.append((1 - z) * n + z * s[k])
    U_o, V_o, C_o = decoder.to_maxout.weight.split([size, len(word), len(context)], dim=1)
    parts = times(U_o, new_s), times(V_o, word), times(C_o, context), decoder.to_maxout.bias.tolist()
    t_tilde = [sum(numbers) for numbers in zip(*parts, strict=True)]
    t = [max(t_tilde[2 * k], t_tilde[2 * k + 1]) for k in range(len(t_tilde) // 2)]
    scores = [a + b for a, b in zip(times(decoder.W_o.weight, t), decoder.W_o.bias.tolist(), strict=True)]
    return scores, new_s, weights, context


def test_the_model_is_the_paper_number_by_number():
    model, sentence, fed = small_model(), [5, 9, 6, 17, 4], [1, 11, 23, 7]
    decoder, encoded = model.decoder, encode(model, sentence)
    h = encoded.annotations[0].tolist()
    backward_at_word_1 = h[0][4:]
    W_s = times(decoder.W_s.weight, backward_at_word_1)
    s = [math.tanh(a + float(b)) for a, b in zip(W_s, decoder.W_s.bias.tolist(), strict=True)]
    state = decoder.start(encoded)
    assert_close(state.hidden[0].tolist(), s, rtol=0, atol=1e-5)
    for token in fed:
        logits, state = decoder.step(torch.tensor([token]), state)
        word = decoder.embedding.weight[token].tolist()
        scores, s, weights, context = step_of_the_paper(decoder, word, s, h)
        assert max(weights) - min(weights) > 0.05, "with nearly equal weights, mistakes would not show"
        assert_close(state.weights[0].tolist(), weights, rtol=0, atol=1e-5)
        assert_close(state.context[0].tolist(), context, rtol=0, atol=1e-5)
        assert_close(state.hidden[0].tolist(), s, rtol=0, atol=1e-5)
        assert_close(logits[0].tolist(), scores, rtol=0, atol=1e-5)


def test_annotations_are_both_directions_side_by_side():
    """The backward half is what a left-to-right layer with those weights makes of the reversed sentence."""
    model, sentence = small_model(), [5, 9, 6, 17]
    rnn = model.encoder.rnn
    annotations = encode(model, sentence).annotations[0]
    for half, suffix, order in ((slice(0, 4), "", 1), (slice(4, 8), "_reverse", -1)):
        layer = torch.nn.GRU(6, 4, batch_first=True)
        layer.load_state_dict({name: getattr(rnn, name + suffix) for name in layer.state_dict()})
        states, _ = layer(model.encoder.embedding(torch.tensor([sentence[::order]])))
        assert_close(annotations[:, half], states[0] if order == 1 else states[0].flip(0))


def test_untrained_attention_is_uniform_over_the_words():
    model = attention_model(20, 24, 6, 10)
    state = model.decoder.start(encode(model, [5, 6, 7, 8], [9, 4]))
    state = model.decoder.step(torch.tensor([1, 1]), state).state
    assert_close(state.weights, torch.tensor([[0.25] * 4, [0.5, 0.5, 0, 0]]))


# --- What each step sees ------------------------------------------------------------------------------


@each_cell
def test_the_query_is_the_state_before_and_the_context_enters_the_state(cell):
    """The word fed at step i changes s_i, and with it the weights of step i + 1, but not those of step i."""
    model = small_model(cell)
    start = model.decoder.start(encode(model, [5, 9, 6]))
    one, other = (model.decoder.step(torch.tensor([token]), start).state for token in (7, 8))
    assert torch.equal(one.weights, other.weights)
    next_one, next_other = (model.decoder.step(torch.tensor([7]), state).state for state in (one, other))
    assert (next_one.weights - next_other.weights).abs().max() > 1e-4

    elsewhere = start._replace(annotations=start.annotations.flip(1))  # other contexts from the same weights
    moved = model.decoder.step(torch.tensor([7]), elsewhere).state
    assert torch.equal(moved.weights, one.weights)
    hidden, moved = (state.hidden[0] if cell == "lstm" else state.hidden for state in (one, moved))
    assert (hidden - moved).abs().max() > 1e-3


@each_cell
def test_the_first_state_comes_from_the_backward_state_at_word_1_alone(cell):
    model = small_model(cell)
    encoded = encode(model, [5, 9, 6])
    last = encoded.state[0] if cell == "lstm" else encoded.state
    assert_close(last[:, 4:], encoded.annotations[:, 0, 4:])
    expected = torch.tanh(model.decoder.W_s(encoded.annotations[:, 0, 4:]))
    hidden = model.decoder.start(encoded).hidden
    assert_close(torch.cat(hidden, dim=1) if cell == "lstm" else hidden, expected)


@each_cell
@pytest.mark.parametrize("context", CONTEXTS)
def test_step_by_step_and_all_at_once_agree(cell, context, id_pairs):
    model, batch = small_model(cell, context), make_batch(id_pairs)
    names = [name for name, _ in model.named_parameters()]

    def gradients(logits: Tensor) -> dict[str, Tensor]:
        loss = logits.log_softmax(dim=-1).square().mean()
        return dict(zip(names, torch.autograd.grad(loss, list(model.parameters())), strict=True))

    at_once = model(batch.source, batch.source_lengths, batch.target_input)
    encoded = model.encoder(batch.source, batch.source_lengths)
    by_step = unroll(model.decoder, batch.target_input, encoded, teacher_forcing=1.0)
    assert_close(at_once, by_step)
    assert_close(gradients(at_once), gradients(by_step))


def test_the_keys_are_computed_once_a_sentence():
    model, calls = small_model(), []
    model.decoder.attention.U_a.register_forward_hook(lambda *_: calls.append(1))
    model(torch.tensor([[5, 6, 7]]), torch.tensor([3]), torch.tensor([[1, 7, 8, 9, 10]]))
    assert calls == [1]


def test_the_model_runs_free_too(id_pairs):
    model, batch = small_model(), make_batch(id_pairs)
    logits = model(batch.source, batch.source_lengths, batch.target_input, teacher_forcing=0.5)
    assert logits.shape == (*batch.target_input.shape, 24)


# --- Padding ------------------------------------------------------------------------------------------


@each_cell
def test_padding_gets_exactly_nothing_and_the_words_share_1(cell, id_pairs):
    model, batch = small_model(cell).eval(), make_batch(id_pairs)
    encoded = model.encoder(batch.source, batch.source_lengths)
    state = model.decoder.start(encoded)
    for token in batch.target_input.unbind(dim=1)[:4]:
        state = model.decoder.step(token, state).state
        assert torch.count_nonzero(state.weights[~encoded.mask]) == 0
        assert (state.weights[encoded.mask] > 0).all()
        assert_close(state.weights.sum(dim=1), torch.ones(len(id_pairs)))


@each_cell
def test_what_stands_at_padding_does_not_matter(cell):
    model, lengths = small_model(cell), torch.tensor([2, 4])
    fed = torch.tensor([[1, 7, 8]] * 2)
    one = model(torch.tensor([[5, 6, 0, 0], [7, 8, 9, 10]]), lengths, fed)
    other = model(torch.tensor([[5, 6, 13, 14], [7, 8, 9, 10]]), lengths, fed)
    assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("cell", "seed"),
    [
        *(("rnn", seed) for seed in (5, 13, 19)),
        *(("gru", seed) for seed in (8, 12, 15)),
        *(("lstm", seed) for seed in (2, 3, 15)),
    ],
)
def test_a_sentence_alone_and_in_a_padded_batch_gets_the_same_ids_and_weights(cell, seed, id_pairs):
    torch.manual_seed(seed)
    model, batch = small_model(cell).eval(), make_batch(id_pairs)
    with torch.no_grad():  # so that rows end at different steps, which is the hard part
        for parameter in model.parameters():
            parameter *= 1.5
        model.decoder.W_o.bias[EOS_ID] += 1.5
    together = greedy(model, batch.source, batch.source_lengths, [12] * len(id_pairs))
    assert len({len(found.ids) for found in together}) > 3
    for (sentence, _), found in zip(id_pairs, together, strict=True):
        (alone,) = greedy(model, torch.tensor([sentence]), torch.tensor([len(sentence)]), [12])
        assert (found.ids, found.reached_end) == (alone.ids, alone.reached_end)
        assert_close(found.weights[:, : len(sentence)], alone.weights)
        assert torch.count_nonzero(found.weights[:, len(sentence) :]) == 0


# --- The ablation -------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", ["fixed", "none"])
def test_without_attention_only_the_last_state_reaches_the_decoder(context):
    model, fed = small_model(context=context), torch.tensor([[1, 7, 8]])
    encoded = encode(model, [5, 9, 6])
    elsewhere = encoded._replace(annotations=torch.randn_like(encoded.annotations))
    assert torch.equal(model.decoder(fed, encoded), model.decoder(fed, elsewhere))
    for half in (slice(0, 4), slice(4, 8)):  # both directions do
        state = encoded.state.clone()
        state[:, half] += 1
        moved = model.decoder(fed, encoded._replace(state=state)) - model.decoder(fed, encoded)
        assert moved.abs().max() > 1e-3


def test_a_fixed_context_is_the_same_at_every_step():
    model = small_model(context="fixed")
    encoded = encode(model, [5, 9, 6])
    state = model.decoder.start(encoded)
    for token in (1, 7, 8):
        state = model.decoder.step(torch.tensor([token]), state).state
        assert torch.equal(state.context, encoded.state)
        assert state.weights is None


def test_no_context_is_no_context():
    model = small_model(context="none")
    assert model.decoder.start(encode(model, [5, 9, 6])).context.shape == (1, 0)


@each_cell
def test_a_decoder_without_attention_decodes_alike_alone_and_in_a_batch(cell, id_pairs):
    model, batch = small_model(cell, "fixed").eval(), make_batch(id_pairs)
    together = greedy(model, batch.source, batch.source_lengths, [8] * len(id_pairs))
    for (sentence, _), found in zip(id_pairs, together, strict=True):
        (alone,) = greedy(model, torch.tensor([sentence]), torch.tensor([len(sentence)]), [8])
        assert found == alone


# --- It learns ----------------------------------------------------------------------------------------


@each_cell
def test_it_learns_to_write_a_sentence_backwards(cell):
    generator = np.random.default_rng(0)
    sentences = [generator.integers(4, 12, size=generator.integers(2, 7)).tolist() for _ in range(600)]
    pairs = [(sentence, sentence[::-1]) for sentence in sentences]
    torch.manual_seed(0)
    model = attention_model(12, 12, 16, 32, cell=cell)
    fit(model, make_loader(pairs, batch_size=32), epochs=20, learning_rate=5e-3)
    batch = make_batch([([4, 5, 6, 7, 8, 9], [4]), ([9, 4, 11], [4])])
    first, second = greedy(model.eval(), batch.source, batch.source_lengths, [10, 10])
    assert (first.ids, second.ids) == ([9, 8, 7, 6, 5, 4], [11, 4, 9])


# --- Wrong use ----------------------------------------------------------------------------------------


def test_an_unknown_context_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="context: 'luong' is not one of attention, fixed, none"):
        attention_model(20, 24, context="luong")


def test_a_state_too_small_for_maxout_is_refused():
    with pytest.raises(ValueError, match="hidden_size: 1 is not allowed"):
        attention_model(20, 24, hidden_size=1, encoder_size=4)


def test_a_decoder_for_other_annotations_is_refused():
    decoder = small_model().decoder
    message = "decoder: made for annotations of 8 numbers, but those of the encoder have 4"
    with pytest.raises(ValueError, match=re.escape(message)):
        Seq2Seq(Encoder(20, 6, 4), decoder)


def test_a_target_word_outside_the_vocabulary_is_named():
    with pytest.raises(
        ValueError, match=re.escape("target_input: id 24 is outside the vocabulary (0 to 23)")
    ):
        small_model()(torch.tensor([[5]]), torch.tensor([1]), torch.tensor([[1, 24]]))


def test_open_gates_opens_both_directions_and_the_decoder():
    model = attention_model(20, 24, 6, 10)
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    open_gates(model, 2.0)
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved == {"encoder.rnn.bias_ih_l0", "encoder.rnn.bias_ih_l0_reverse", "decoder.rnn.bias_ih"}
    change = model.decoder.rnn.bias_ih - before["decoder.rnn.bias_ih"]
    assert_close(change, torch.tensor([0.0] * 10 + [2.0] * 10 + [0.0] * 10))
