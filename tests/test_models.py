"""The plain model: padding leaves no trace, and equal ways of computing give equal numbers."""

import re

import pytest
import torch
from torch import Tensor

from seq2seq_utils.batching import make_batch
from seq2seq_utils.layers import CELLS, OneHotLinear, State
from seq2seq_utils.models import (
    Decoder,
    Encoder,
    Seq2Seq,
    count_parameters,
    open_gates,
    plain_model,
)

each_cell = pytest.mark.parametrize("cell", CELLS)
assert_close = torch.testing.assert_close


def small_model(cell: str = "gru", input: str = "embedding") -> Seq2Seq:
    return plain_model(20, 24, embedding_size=6, hidden_size=10, cell=cell, input=input)


def logits_and_gradients(model: Seq2Seq, logits: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    loss = logits.log_softmax(dim=-1).square().mean()
    return logits, dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def parts(state: State) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


# --- The encoder ----------------------------------------------------------------------------------


@each_cell
def test_final_state_is_the_state_at_the_last_real_word(cell, id_pairs):
    encoder, batch = small_model(cell).encoder, make_batch(id_pairs)
    encoded = encoder(batch.source, batch.source_lengths)
    for row, (source, _) in enumerate(id_pairs):
        alone = encoder(torch.tensor([source]), torch.tensor([len(source)]))
        for in_batch, unpadded in zip(parts(encoded.state), parts(alone.state), strict=True):
            assert_close(in_batch[row], unpadded[0])
        assert_close(encoded.annotations[row, len(source) - 1], parts(alone.state)[0][0])


@each_cell
def test_annotations_are_the_states_word_by_word_and_0_at_padding(cell, id_pairs):
    encoder, batch = small_model(cell).encoder, make_batch(id_pairs)
    annotations = encoder(batch.source, batch.source_lengths).annotations
    assert annotations.shape == (*batch.source.shape, 10)
    for row, (source, _) in enumerate(id_pairs):
        alone = encoder(torch.tensor([source]), torch.tensor([len(source)])).annotations
        assert_close(annotations[row, : len(source)], alone[0])
        assert torch.count_nonzero(annotations[row, len(source) :]) == 0


def test_what_stands_after_the_last_word_does_not_matter():
    encoder, lengths = small_model().encoder, torch.tensor([2])
    padded = encoder(torch.tensor([[5, 6, 0, 0]]), lengths)
    with_other_words = encoder(torch.tensor([[5, 6, 7, 8]]), lengths)
    assert torch.equal(padded.annotations, with_other_words.annotations)
    assert torch.equal(padded.state, with_other_words.state)


# --- The decoder ----------------------------------------------------------------------------------


@each_cell
def test_step_by_step_and_fused_decoding_agree(cell, id_pairs):
    model, batch = small_model(cell), make_batch(id_pairs)
    encoded = model.encoder(batch.source, batch.source_lengths)
    state, steps = model.decoder.start(encoded), []
    for token in batch.target_input.unbind(dim=1):
        logits, state = model.decoder.step(token, state)
        steps.append(logits)
    by_step = logits_and_gradients(model, torch.stack(steps, dim=1))

    fused = model(batch.source, batch.source_lengths, batch.target_input)
    assert_close(logits_and_gradients(model, fused), by_step)


@each_cell
def test_decoder_gets_the_last_state_and_nothing_else(cell):
    model, target_input = small_model(cell), torch.tensor([[1, 7, 8]])
    encoded = model.encoder(torch.tensor([[5, 6]]), torch.tensor([2]))
    elsewhere = encoded._replace(annotations=torch.randn_like(encoded.annotations))
    assert torch.equal(model.decoder(target_input, encoded), model.decoder(target_input, elsewhere))

    for changed, state in enumerate(parts(encoded.state)):
        others = [part + 1 if part is state else part for part in parts(encoded.state)]
        other = encoded._replace(state=tuple(others) if len(others) > 1 else others[0])
        moved = model.decoder(target_input, other) - model.decoder(target_input, encoded)
        assert moved.abs().max() > 1e-3, f"part {changed} of the state has no effect"


def test_a_score_depends_on_the_words_before_it_only():
    model, source, lengths = small_model(), torch.tensor([[5, 6]]), torch.tensor([2])
    one = model(source, lengths, torch.tensor([[1, 7, 8, 9]]))
    other = model(source, lengths, torch.tensor([[1, 7, 5, 9]]))
    same = (one == other).all(dim=-1)
    assert same.tolist() == [[True, True, False, False]]


# --- One-hot input is embedding input -------------------------------------------------------------


def test_one_hot_times_matrix_is_a_row_of_the_matrix():
    layer = OneHotLinear(5, 3)
    ids = torch.tensor([[4, 0], [2, 2]])
    assert torch.equal(layer(ids), layer.weight[ids])


@each_cell
def test_one_hot_and_embedding_input_have_the_same_outputs_and_gradients(cell, id_pairs):
    embedding, one_hot = small_model(cell, "embedding"), small_model(cell, "one_hot")
    one_hot.load_state_dict(embedding.state_dict())
    batch = make_batch(id_pairs)
    inputs = (batch.source, batch.source_lengths, batch.target_input)
    ours, theirs = (logits_and_gradients(model, model(*inputs)) for model in (embedding, one_hot))
    assert_close(ours, theirs)


# --- Size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_open_gates_keep_the_old_state(cell):
    """With a gate that is wide open, what the state (of an LSTM the memory c) was before, it is after."""
    model = small_model(cell)
    biases = [rnn.bias_ih_l0.clone() for rnn in (model.encoder.rnn, model.decoder.rnn)]
    open_gates(model, 50.0)
    for rnn, bias in zip((model.encoder.rnn, model.decoder.rnn), biases, strict=True):
        assert (rnn.bias_ih_l0 != bias).nonzero().flatten().tolist() == list(range(10, 20))
    for rnn in (model.encoder.rnn, model.decoder.rnn):
        before = torch.randn(1, 3, 10)
        word = torch.randn(3, 1, 6)
        if cell == "gru":
            _, after = rnn(word, before)
            assert_close(after, before)
        else:
            # New memory is added to the old; close the gate through which it comes.
            with torch.no_grad():
                rnn.bias_ih_l0[:10] = -50.0
            _, (_, after) = rnn(word, (torch.randn(1, 3, 10), before))
            assert_close(after, before)


def test_a_plain_rnn_has_no_gates_to_open():
    with pytest.raises(ValueError, match="model: a plain RNN has no gates to open; take a GRU or an LSTM"):
        open_gates(small_model("rnn"), 1.0)


def test_parameters_are_counted_as_by_hand():
    model = plain_model(5, 6, embedding_size=2, hidden_size=3, cell="rnn")
    embeddings = (5 + 6) * 2
    recurrent = 3 * 2 + 3 * 3 + 3 + 3  # PyTorch's RNN has two biases
    output = 6 * 3 + 6
    assert count_parameters(model) == embeddings + 2 * recurrent + output
    model.encoder.requires_grad_(False)
    assert count_parameters(model) == 6 * 2 + recurrent + output


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("input", ["embedding", "one_hot"])
@pytest.mark.parametrize(
    ("source", "lengths", "message"),
    [
        ([[4, 20]], [2], "source: id 20 is outside the vocabulary (0 to 19)"),
        ([[4, -1]], [2], "source: id -1 is outside the vocabulary (0 to 19)"),
        ([4, 5], [2], "source: shape (2,) is not (batch, length) with ids in it"),
        ([[]], [1], "source: shape (1, 0) is not (batch, length) with ids in it"),
        ([[4, 5]], [2, 2], "source_lengths: shape (2,), but source has 1 rows"),
        ([[4, 5]], [[2]], "source_lengths: shape (1, 1), but source has 1 rows"),
        ([[4, 5], [4, 5]], [2, 0], "source_lengths: 0 is not allowed; source has 1 to 2 words"),
        ([[4, 5], [4, 5]], [2, 3], "source_lengths: 3 is not allowed; source has 1 to 2 words"),
    ],
)
def test_encoder_names_what_is_wrong_with_its_input(input, source, lengths, message):
    encoder = small_model(input=input).encoder
    with pytest.raises(ValueError, match=re.escape(message)):
        encoder(torch.tensor(source), torch.tensor(lengths))


@pytest.mark.parametrize(
    ("target_input", "message"),
    [
        ([[1, 24]], "target_input: id 24 is outside the vocabulary (0 to 23)"),
        ([[1, -1]], "target_input: id -1 is outside the vocabulary (0 to 23)"),
        ([4], "target_input: shape (1,) is not (batch, length) with ids in it"),
    ],
)
def test_decoder_names_what_is_wrong_with_its_input(target_input, message):
    model = small_model()
    with pytest.raises(ValueError, match=re.escape(message)):
        model(torch.tensor([[4, 5]]), torch.tensor([2]), torch.tensor(target_input))


def test_target_with_other_rows_than_the_source_is_named():
    with pytest.raises(ValueError, match=r"target_input: 1 rows?\b.*\b2\b"):
        small_model()(torch.tensor([[4], [5]]), torch.tensor([1, 1]), torch.tensor([[1, 4]]))


def test_unknown_cell_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="cell: 'GRU' is not one of rnn, gru, lstm"):
        small_model(cell="GRU")


def test_unknown_input_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="input: 'onehot' is not one of embedding, one_hot"):
        small_model(input="onehot")


@pytest.mark.parametrize(
    ("cell", "hidden_size", "theirs"), [("lstm", 10, r"LSTM\(6, 10"), ("gru", 12, r"GRU\(6, 12")]
)
def test_decoder_that_does_not_fit_the_encoder_is_refused(cell, hidden_size, theirs):
    message = rf"decoder: {theirs}.* cannot start .* GRU\(6, 10.*cell and size of the state must be the same"
    with pytest.raises(ValueError, match=message):
        Seq2Seq(Encoder(20, 6, 10, "gru"), Decoder(24, 6, hidden_size, cell))
