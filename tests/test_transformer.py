"""The transformer: the numbers of PyTorch's own layers, what a word may look at, and what a state keeps."""

import math

import pytest
import torch
from backwards import learn_backwards
from torch import Tensor, nn
from untrained import encode, with_random_weights

from seq2seq_utils.batching import make_batch, make_loader
from seq2seq_utils.models import (
    Encoded,
    MultiHeadAttention,
    PositionalEmbedding,
    RecurrentEncoder,
    Seq2Seq,
    TransformerDecoder,
    TransformerEncoder,
    causal_mask,
    count_parameters,
    dot_product_attention,
    sinusoidal_positions,
    transformer_model,
)
from seq2seq_utils.training import Settings, fit

assert_close = torch.testing.assert_close
SIZE, INNER, HEADS, LAYERS = 8, 12, 2, 3


def small_model(**settings) -> Seq2Seq:
    return with_random_weights(transformer_model(20, 24, SIZE, INNER, HEADS, LAYERS, **settings))


def moved(first: Tensor, second: Tensor) -> list[bool]:
    """At which places vectors of a sentence differ, (1, words, size) each."""
    return ((first - second).abs().amax(dim=2) > 1e-3)[0].tolist()


# --- PyTorch's layers with the same weights -------------------------------------------------------


def fill(attention: nn.MultiheadAttention, ours: MultiHeadAttention) -> None:
    """Gives PyTorch's attention the weights of ours."""
    attention.in_proj_weight.copy_(torch.cat([ours.W_Q.weight, ours.W_K.weight, ours.W_V.weight]))
    attention.out_proj.weight.copy_(ours.W_O.weight)
    if attention.in_proj_bias is not None:
        attention.in_proj_bias.zero_()
        attention.out_proj.bias.zero_()


@torch.no_grad()
def filled(layer, ours) -> nn.Module:
    """PyTorch's layer of encoder or decoder with the weights of ours."""
    fill(layer.self_attn, ours.self_attention)
    norms = [ours.self_attention_norm, ours.feed_forward_norm]
    if isinstance(layer, nn.TransformerDecoderLayer):
        fill(layer.multihead_attn, ours.cross_attention)
        norms.insert(1, ours.cross_attention_norm)
    for number, norm in enumerate(norms, start=1):
        getattr(layer, f"norm{number}").load_state_dict(norm.state_dict())
    layer.linear1.load_state_dict(ours.feed_forward[0].state_dict())
    layer.linear2.load_state_dict(ours.feed_forward[2].state_dict())
    return layer.train()  # in evaluation mode PyTorch takes a shorter way that some of its versions lack


def test_attention_is_that_of_pytorch_in_outputs_and_weights_of_each_head():
    ours, of_torch = (
        MultiHeadAttention(SIZE, HEADS),
        nn.MultiheadAttention(SIZE, HEADS, bias=False, batch_first=True),
    )
    with torch.no_grad():
        fill(of_torch, ours)
    words, source = 3 * torch.randn(2, 4, SIZE), 3 * torch.randn(2, 5, SIZE)
    is_word = torch.tensor([[True] * 5, [True, True, False, False, False]])
    cases = [
        (words, causal_mask(4), {"attn_mask": ~causal_mask(4)}),
        (source, is_word[:, None, None], {"key_padding_mask": ~is_word}),
    ]
    for seen, mask, torch_masks in cases:
        expected = of_torch(words, seen, seen, average_attn_weights=False, **torch_masks)
        found = ours(words, ours.keys_values(seen), mask)
        assert expected[1].std() > 0.1, "with nearly equal weights, mistakes would not show"
        assert_close(found, expected)
        queries = torch.randn(2, HEADS, 4, SIZE // HEADS)
        contexts, _ = dot_product_attention(queries, ours.keys_values(seen), mask)
        assert_close(
            contexts,
            nn.functional.scaled_dot_product_attention(queries, *ours.keys_values(seen), attn_mask=mask),
        )


def test_the_encoder_is_that_of_pytorch_with_the_norm_first(id_pairs):
    batch, encoder = make_batch(id_pairs), small_model().encoder
    vectors = encoder.embedding(batch.source)
    padding = batch.source == 0
    for ours in encoder.layers:
        layer = nn.TransformerEncoderLayer(SIZE, HEADS, INNER, 0.0, batch_first=True, norm_first=True)
        vectors = filled(layer, ours)(vectors, src_key_padding_mask=padding)
    annotations, state, mask = encoder(batch.source, batch.source_lengths)
    assert_close(annotations[mask], encoder.norm(vectors)[~padding])
    assert annotations[~mask].count_nonzero() == 0
    assert state is None


def test_the_decoder_is_that_of_pytorch_with_the_norm_first(id_pairs):
    batch, model = make_batch(id_pairs), small_model()
    encoded, decoder = model.encoder(batch.source, batch.source_lengths), model.decoder
    vectors = decoder.embedding(batch.target_input)
    for ours in decoder.layers:
        layer = nn.TransformerDecoderLayer(SIZE, HEADS, INNER, 0.0, batch_first=True, norm_first=True)
        vectors = filled(layer, ours)(
            vectors,
            encoded.annotations,
            tgt_mask=~causal_mask(vectors.shape[1]),
            memory_key_padding_mask=batch.source == 0,
        )
    assert_close(decoder(batch.target_input, encoded), decoder.output(decoder.norm(vectors)))


# --- Words and their places -----------------------------------------------------------------------


def test_positions_are_the_formulas_of_the_paper():
    found = sinusoidal_positions(3, 40, 6)
    for row, place in enumerate(range(3, 43)):
        angles = [place / 10000 ** (2 * i / 6) for i in range(3)]
        expected = [function(angle) for angle in angles for function in (math.sin, math.cos)]
        assert_close(found[row].tolist(), expected, rtol=0, atol=1e-5)


def test_what_goes_in_is_the_words_vector_times_the_root_and_its_place():
    ids = torch.tensor([[5, 9, 5], [7, 8, 4]])
    for positions in (True, False):
        embedding = PositionalEmbedding(20, 16, positions)
        for first in (0, 2):
            expected = embedding.weight[ids] * 4
            if positions:
                expected = expected + sinusoidal_positions(0, 5, 16)[first : first + 3]
            assert_close(embedding(ids, first), expected)
    large = PositionalEmbedding(2000, 64).weight
    assert 0.9 < large.std() * 8 < 1.1
    assert 0.9 < large.norm(dim=1).mean() < 1.1


def test_without_positions_another_order_of_the_source_is_the_same_in_another_order():
    sentence, order = [5, 9, 6, 17, 4], [3, 0, 4, 2, 1]
    shuffled, fed = [sentence[place] for place in order], torch.tensor([[1, 7, 8]])
    for positions in (True, False):
        model = small_model(positions=positions)
        encoded, other = encode(model, sentence), encode(model, shuffled)
        same = not any(moved(encoded.annotations[:, order], other.annotations))
        assert same is not positions
        assert any(moved(encoded.annotations, other.annotations))
        same_scores = not any(moved(model.decoder(fed, encoded), model.decoder(fed, other)))
        assert same_scores is not positions


# --- What each word may look at -------------------------------------------------------------------


def test_the_causal_mask_lets_a_word_look_at_itself_and_at_those_before_it():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    assert causal_mask(2, before=2).tolist() == [[True, True, True, False], [True] * 4]
    assert causal_mask(1, before=3).tolist() == [[True] * 4]


def test_another_later_word_moves_no_earlier_score_unless_the_mask_lets_it_be_seen():
    model = small_model()
    encoded = encode(model, [5, 9, 6])
    fed = torch.tensor([[1, 7, 8, 9, 10]]), torch.tensor([[1, 7, 8, 20, 10]])
    first, second = (model.decoder(words, encoded) for words in fed)
    assert torch.equal(first[:, :3], second[:, :3])
    assert moved(first, second) == [False, False, False, True, True]
    model.decoder.causal_mask = lambda words, before: torch.ones(words, before + words, dtype=torch.bool)
    assert all(moved(*(model.decoder(words, encoded) for words in fed)))


def test_the_source_is_read_without_its_padding_and_all_words_of_it_are():
    """A word of the source moves every annotation of its sentence, and every score."""
    model, fed = small_model(), torch.tensor([[1, 7, 8], [1, 7, 8]])
    encoded, other = encode(model, [5, 9, 6, 4], [7, 8]), encode(model, [5, 9, 6, 15], [7, 8])
    assert moved(encoded.annotations, other.annotations) == [True] * 4
    assert torch.equal(encoded.annotations[1], other.annotations[1])
    scores = [model.decoder(fed, each) for each in (encoded, other)]
    assert moved(*scores) == [True] * 3
    assert torch.equal(scores[0][1], scores[1][1])


# --- The state ------------------------------------------------------------------------------------


def test_any_number_of_words_at_a_time_gives_the_scores_of_all_at_once(id_pairs):
    batch, model = make_batch(id_pairs), small_model()
    encoded = model.encoder(batch.source, batch.source_lengths)
    at_once = model.decoder(batch.target_input, encoded)
    for words in (1, 2, 5):
        state, found = model.decoder.start(encoded), []
        for tokens in batch.target_input.split(words, dim=1):
            vectors, state = model.decoder.advance(tokens, state)
            found.append(model.decoder.output(vectors))
        assert_close(torch.cat(found, dim=1), at_once, rtol=0, atol=1e-5)


def test_a_state_holds_the_keys_and_values_so_far_and_no_word_is_computed_twice():
    model = small_model()
    decoder, computed = model.decoder, []
    for layer in decoder.layers:
        for attention in (layer.self_attention, layer.cross_attention):
            for matrix in (attention.W_K, attention.W_V):
                matrix.register_forward_hook(
                    lambda _, given, __, attention=attention: computed.append((attention, given[0].shape[1]))
                )
    state = decoder.start(encode(model, [5, 9, 6], [7, 8]))
    assert computed == [(layer.cross_attention, 3) for layer in decoder.layers for _ in "KV"]
    for steps, tokens in enumerate(torch.tensor([[1, 1], [7, 8], [9, 10]]), start=1):
        computed.clear()
        read, earlier = state.read, state.written
        state = decoder.step(tokens, state).state
        assert computed == [(layer.self_attention, 1) for layer in decoder.layers for _ in "KV"]
        assert state.read is read
        for before, after in zip(earlier, state.written, strict=True):
            for of_before, of_after in zip(before, after, strict=True):
                assert of_after.shape == (2, HEADS, steps, SIZE // HEADS)
                assert torch.equal(of_after[:, :, :-1], of_before)


def test_the_state_of_some_sentences_is_what_these_have_by_themselves():
    """At every step, rows repeated or in another order; also before the first step."""
    model, sentences, rows = small_model(), [[5, 9, 6], [7, 8], [4, 10, 11, 12]], torch.tensor([2, 0, 0])
    state = model.decoder.start(encode(model, *sentences))
    chosen = model.decoder.start(encode(model, *(sentences[row] for row in rows)))
    for token in torch.tensor([[1, 1, 1], [7, 8, 9], [10, 11, 12]]):
        selected = state.select(rows)
        assert_close((selected.written, selected.read), (chosen.written, chosen.read))
        assert torch.equal(selected.mask, chosen.mask)
        for part in ("weights", "all_weights"):
            assert_close(getattr(selected, part), getattr(chosen, part))
        logits, chosen = model.decoder.step(token[rows], chosen)
        assert_close(model.decoder.step(token[rows], selected).logits, logits)
        state = model.decoder.step(token, state).state


def test_all_weights_are_those_of_each_layer_and_head_and_the_weights_are_their_mean(id_pairs):
    model, batch, looked_at = small_model(), make_batch(id_pairs), []
    for layer in model.decoder.layers:
        layer.cross_attention.register_forward_hook(lambda _, __, result: looked_at.append(result[1]))
    encoded = model.encoder(batch.source, batch.source_lengths)
    state = model.decoder.start(encoded)
    assert (state.weights, state.all_weights) == (None, None)
    for token in batch.target_input.unbind(dim=1)[:4]:
        looked_at.clear()
        state = model.decoder.step(token, state).state
        assert state.all_weights.shape == (LAYERS, HEADS, *batch.source.shape)
        for layer, of_layer in enumerate(looked_at):
            assert torch.equal(state.all_weights[layer], of_layer[:, :, 0].transpose(0, 1))
        assert_close(state.weights, sum(head for layer in state.all_weights for head in layer) / 6)
        assert state.weights[~encoded.mask].count_nonzero() == 0
        assert_close(state.all_weights.sum(dim=3), torch.ones(LAYERS, HEADS, len(batch)))
    _, after_all = model.decoder.advance(batch.target_input[:, :4], model.decoder.start(encoded))
    assert_close(after_all.all_weights, state.all_weights)


# --- Settings -------------------------------------------------------------------------------------


def test_dropout_is_in_what_goes_in_and_in_what_each_sublayer_adds_in_training_alone():
    """With all of it set to 0 nothing is left of a sentence but the last normalisation's bias."""
    without, fed = small_model(), torch.tensor([[1, 7, 8]])
    for share in (1.0, 0.4):
        model = small_model(dropout=share)
        model.load_state_dict(without.state_dict())
        drops = [module for module in model.modules() if isinstance(module, nn.Dropout)]
        assert {module.p for module in drops} == {share}
        encoded = encode(model, [5, 9, 6])
        if share == 1:
            assert_close(encoded.annotations, model.encoder.norm.bias.expand(1, 3, -1))
            expected = model.decoder.output(model.decoder.norm.bias)
            assert_close(model.decoder(fed, encoded), expected.expand(1, 3, -1))
        else:
            assert any(moved(encoded.annotations, encode(model, [5, 9, 6]).annotations))
        model.eval()
        evaluated = encode(model, [5, 9, 6])
        assert torch.equal(evaluated.annotations, encode(without, [5, 9, 6]).annotations)
        assert torch.equal(model.decoder(fed, evaluated), without.decoder(fed, evaluated))


def test_tied_a_word_has_one_vector_for_reading_and_for_writing():
    tied, free = (transformer_model(20, 24, SIZE, heads=HEADS, tied=tied) for tied in (True, False))
    assert count_parameters(free) - count_parameters(tied) == 24 * SIZE
    vectors = torch.randn(1, SIZE)
    before = tied.decoder.output(vectors)
    with torch.no_grad():
        tied.decoder.embedding.weight[7] += 1
    changed = (tied.decoder.output(vectors) - before).abs() > 1e-6
    assert changed.nonzero().tolist() == [[0, 7]]
    fit(tied, make_loader([([5, 9], [7, 8])]), Settings(epochs=2))
    assert torch.equal(tied.decoder.output.weight, tied.decoder.embedding.weight)


def test_parameters_are_counted_as_by_hand():
    attention, feed_forward, norm = 4 * 8 * 8, 2 * 8 * 12 + 12 + 8, 2 * 8
    encoder = 20 * 8 + 3 * (attention + feed_forward + 2 * norm) + norm
    decoder = 24 * 8 + 3 * (2 * attention + feed_forward + 3 * norm) + norm + 24 * 8 + 24
    assert count_parameters(small_model()) == encoder + decoder
    assert transformer_model(20, 24, 16).encoder.layers[0].feed_forward[0].out_features == 64


def test_the_decoder_works_where_its_weights_are():
    """A device that has no numbers stands for a GPU: it refuses a tensor that lies elsewhere."""
    model = small_model().to("meta")
    annotations, is_word = torch.zeros(2, 3, SIZE, device="meta"), torch.ones(2, 3, dtype=bool, device="meta")
    vectors = model.encoder.embedding(torch.ones(2, 3, dtype=int, device="meta"))
    for layer in model.encoder.layers:
        vectors = layer(vectors, is_word[:, None, None])
    state = model.decoder.start(Encoded(annotations, None, is_word))
    tokens = torch.ones(2, 4, dtype=int, device="meta")
    vectors, state = model.decoder.advance(tokens, state)
    logits, state = model.decoder.step(tokens[:, 0], state.select(torch.tensor([1, 0], device="meta")))
    assert (vectors.shape, logits.shape) == ((2, 4, SIZE), (2, 24))
    assert {vectors.device.type, logits.device.type, state.weights.device.type} == {"meta"}


def test_a_decoder_reads_what_any_encoder_of_its_size_gives():
    recurrent = RecurrentEncoder(20, 6, SIZE // 2, bidirectional=True)
    model = Seq2Seq(recurrent, TransformerDecoder(24, SIZE, INNER, HEADS, 1))
    batch = make_batch([([5, 9], [7, 8])])
    assert model(batch.source, batch.source_lengths, batch.target_input).isfinite().all()


WRONG = [
    (lambda: transformer_model(20, 24, 9, heads=3), ("model_size: 9", "even")),
    (lambda: transformer_model(20, 24, 0), ("model_size: 0", "2 or more")),
    (lambda: transformer_model(20, 24, 8, heads=3), ("heads: 3", "divide model_size, 8")),
    (lambda: transformer_model(20, 24, 8, heads=0), ("heads: 0", "divide model_size, 8")),
    (lambda: transformer_model(20, 24, 8, layers=0), ("layers: 0", "1 or more")),
    (lambda: TransformerDecoder(24, SIZE, INNER, HEADS, 0), ("layers: 0", "1 or more")),
    (lambda: transformer_model(20, 24, 8, 0), ("feed_forward_size: 0", "1 or more")),
    (
        lambda: Seq2Seq(TransformerEncoder(20, 4, 4, 1, 1), TransformerDecoder(24, SIZE, INNER, HEADS, 1)),
        ("decoder: its model_size is 8", "annotations have 4", "the same"),
    ),
]


@pytest.mark.parametrize(("make", "words"), WRONG)
def test_wrong_sizes_are_named_with_what_is_allowed(make, words):
    with pytest.raises(ValueError) as refused:
        make()
    assert [word for word in words if word not in str(refused.value)] == [], refused.value


# --- It learns ------------------------------------------------------------------------------------


def test_it_learns_to_write_a_sentence_backwards():
    """Five seeds wrote 94 to 98 % of the unseen ones; without positions six wrote 6 % at most."""
    model = transformer_model(12, 12, 32, heads=2)
    right, unseen = learn_backwards(model, 2000, 200, 4, 40, Settings(epochs=5, learning_rate=5e-3))
    assert right > 0.8 * unseen > 50
