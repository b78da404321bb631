"""Bahdanau attention: the paper's equations, number by number, and what must follow from them."""

import math
from collections.abc import Iterable

import torch
from backwards import learn_backwards
from torch import Tensor
from untrained import encode, with_random_weights

from seq2seq_utils.batching import make_batch, make_loader
from seq2seq_utils.models import (
    AttentionDecoder,
    BahdanauAttention,
    Seq2Seq,
    attention_model,
    count_parameters,
)
from seq2seq_utils.training import Settings, fit

assert_close = torch.testing.assert_close


def small_model(context: str = "attention", start_from: str = "backward") -> Seq2Seq:
    model = attention_model(
        20, 24, 6, 10, encoder_size=4, attention_size=7, context=context, start_from=start_from
    )
    return with_random_weights(model)


# --- The paper's equations, in loops over plain numbers ---------------------------------------------


def dot(left: Iterable[float], right: Iterable[float]) -> float:
    return sum(float(a) * float(b) for a, b in zip(left, right, strict=True))


def times(matrix: Tensor, vector: list[float]) -> list[float]:
    return [dot(row, vector) for row in matrix.tolist()]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def attention_of_the_paper(attention: BahdanauAttention, s: list[float], h: list[list[float]]):
    """Weights and context: equations 5 and 6 of the paper, and those of its appendix A.1.2."""
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
    weights, context = attention_of_the_paper(decoder.context, s, h)
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
    s = [math.tanh(a + b) for a, b in zip(W_s, decoder.W_s.bias.tolist(), strict=True)]
    state = decoder.start(encoded)
    assert (state.weights, state.all_weights, state.context) == (None, None, None)
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
        assert torch.equal(state.all_weights, state.weights[None, None])  # (layers, heads, batch, source_len)


def test_untrained_attention_is_uniform_over_the_words():
    model = attention_model(20, 24, 6, 10)
    state = model.decoder.start(encode(model, [5, 6, 7, 8], [9, 4]))
    state = model.decoder.step(torch.tensor([1, 1]), state).state
    assert_close(state.weights, torch.tensor([[0.25] * 4, [0.5, 0.5, 0, 0]]))


def test_tied_a_word_has_one_vector_for_reading_and_for_writing():
    tied, free = (attention_model(20, 24, 5, 10, tied=tied) for tied in (True, False))
    assert count_parameters(free) - count_parameters(tied) == 24 * 5
    assert 0.5 < tied.decoder.embedding.weight.norm(dim=1).mean() < 1.5
    encoded = encode(tied, [5, 9])
    hidden, embedded, context = torch.randn(1, 10), torch.randn(1, 5), encoded.annotations[:, 0]
    before = tied.decoder.scores(hidden, embedded, context)
    with torch.no_grad():
        tied.decoder.embedding.weight[7] += 1
    changed = (tied.decoder.scores(hidden, embedded, context) - before).abs() > 1e-6
    assert changed.nonzero().tolist() == [[0, 7]]
    fit(tied, make_loader([([5, 9], [7, 8])]), Settings(epochs=2))
    assert torch.equal(tied.decoder.W_o.weight, tied.decoder.embedding.weight)
    again = attention_model(20, 24, 5, 10, tied=True)
    again.load_state_dict(tied.state_dict())
    assert torch.equal(again.decoder.W_o.weight, tied.decoder.embedding.weight)


# --- What each step sees ------------------------------------------------------------------------------


def test_the_query_is_the_state_before_and_the_context_enters_the_state():
    """The word fed at step i changes s_i, and with it the weights of step i + 1, but not those of step i."""
    model = small_model()
    encoded = encode(model, [5, 9, 6])
    start = model.decoder.start(encoded)
    first, second = (model.decoder.step(torch.tensor([token]), start).state for token in (7, 8))
    assert torch.equal(first.weights, second.weights)
    after = [model.decoder.step(torch.tensor([7]), state).state for state in (first, second)]
    assert (after[0].weights - after[1].weights).abs().max() > 1e-4

    with torch.no_grad():  # other annotations, to which the keys, prepared before, do not belong
        encoded.annotations.copy_(encoded.annotations.flip(1))
    elsewhere = model.decoder.step(torch.tensor([7]), start).state
    assert torch.equal(elsewhere.weights, first.weights)
    assert (elsewhere.hidden - first.hidden).abs().max() > 1e-3


def test_the_first_state_is_made_from_what_start_from_names_and_nothing_else():
    encoded = encode(small_model(), [5, 9, 6], [7, 8])
    assert_close(encoded.state[:, 4:], encoded.annotations[:, 0, 4:])  # ←h₁
    for start_from, read in (("backward", encoded.annotations[:, 0, 4:]), ("last", encoded.state)):
        for context in ("attention", "mean", "fixed", "none"):
            decoder = small_model(context, start_from).decoder
            assert_close(decoder.start(encoded).hidden, torch.tanh(decoder.W_s(read)))


def test_the_state_of_some_sentences_is_what_these_have_by_themselves():
    """At every step, rows repeated or in another order; also before the first step."""
    sentences, rows = [[5, 9, 6], [7, 8], [4, 10, 11, 12]], torch.tensor([2, 0, 0])
    for context in ("attention", "mean", "fixed", "none"):
        model = small_model(context)
        state = model.decoder.start(encode(model, *sentences))
        chosen = model.decoder.start(encode(model, *(sentences[row] for row in rows)))
        for token in torch.tensor([[1, 1, 1], [7, 8, 9], [10, 11, 12]]):
            selected = state.select(rows)
            assert (state.encoded.state, selected.encoded.state) == (None, None)  # it has done its work
            assert_close(selected.hidden, chosen.hidden)
            for part in ("weights", "context", "prepared"):
                assert_close(getattr(selected, part), getattr(chosen, part))
            assert torch.equal(selected.encoded.mask, chosen.encoded.mask)
            logits, chosen = model.decoder.step(token[rows], chosen)
            assert_close(model.decoder.step(token[rows], selected).logits, logits)
            state = model.decoder.step(token, state).state


def test_padding_gets_exactly_nothing_and_the_words_share_1(id_pairs):
    model, batch = small_model(), make_batch(id_pairs)
    encoded = model.encoder(batch.source, batch.source_lengths)
    state = model.decoder.start(encoded)
    for token in batch.target_input.unbind(dim=1)[:4]:
        state = model.decoder.step(token, state).state
        assert state.weights[~encoded.mask].count_nonzero() == 0
        assert (state.weights[encoded.mask] > 0).all()
        assert_close(state.weights.sum(dim=1), torch.ones(len(id_pairs)))


def test_without_attention_only_the_last_state_reaches_the_decoder():
    fed = torch.tensor([[1, 7, 8]])
    for context in ("fixed", "none"):
        model = small_model(context, "last")
        encoded = encode(model, [5, 9, 6])
        elsewhere = encoded._replace(annotations=torch.randn_like(encoded.annotations))
        assert torch.equal(model.decoder(fed, encoded), model.decoder(fed, elsewhere))
        for half in (slice(0, 4), slice(4, 8)):  # both directions do
            state = encoded.state.clone()
            state[:, half] += 1
            moved = model.decoder(fed, encoded._replace(state=state)) - model.decoder(fed, encoded)
            assert moved.abs().max() > 1e-3
        state = model.decoder.start(encoded)
        for token in (1, 7, 8):
            state = model.decoder.step(torch.tensor([token]), state).state
            assert torch.equal(state.context, encoded.state if context == "fixed" else torch.empty(1, 0))
            assert (state.weights, state.all_weights) == (None, None)


def test_the_mean_is_that_of_the_words_and_the_same_at_every_step():
    model = small_model("mean")
    encoded = encode(model, [5, 9, 6, 4], [7, 8])
    state = model.decoder.start(encoded)
    for token in torch.tensor([[1, 1], [7, 8]]):
        state = model.decoder.step(token, state).state
        for row, words in enumerate((4, 2)):
            assert_close(state.context[row], encoded.annotations[row, :words].mean(dim=0))
        assert (state.weights, state.all_weights) == (None, None)


# --- It learns ----------------------------------------------------------------------------------------


def test_it_learns_to_write_a_sentence_backwards():
    model = attention_model(12, 12, 16, 32)
    right, unseen = learn_backwards(model, 600, 100, 6, 32, Settings(epochs=14, learning_rate=7e-3))
    assert right > 0.8 * unseen > 50
