"""What every model keeps: padding leaves no trace, equal ways of computing agree, wrong use is named."""

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from seq2seq_utils.batching import Batch, make_batch
from seq2seq_utils.models import (
    CELLS,
    AttentionDecoder,
    Encoded,
    OneHotLinear,
    PlainDecoder,
    RecurrentEncoder,
    Seq2Seq,
    State,
    attention_model,
    count_parameters,
    evaluation_mode,
    open_gates,
    plain_model,
    transformer_model,
)
from seq2seq_utils.models.layers import check_ids, check_lengths

assert_close = torch.testing.assert_close
INPUTS = ("embedding", "one_hot")
# Context, start and both directions or one: the rungs of notebook 05's ladder.
RUNGS = [
    *itertools.product(("none", "fixed", "mean", "attention"), ("last",), (False, True)),
    ("attention", "backward", True),
]


def small_model(cell: str = "gru", input_type: str = "embedding", dropout: float = 0.0) -> Seq2Seq:
    return plain_model(20, 24, 6, 10, cell, input_type, dropout)


def rung(context: str, start_from: str, bidirectional: bool, dropout: float = 0.0) -> Seq2Seq:
    model = attention_model(
        20,
        24,
        6,
        10,
        encoder_size=4,
        attention_size=7,
        context=context,
        start_from=start_from,
        bidirectional=bidirectional,
        dropout=dropout,
    )
    with torch.no_grad():  # untrained attention is uniform, which would hide mistakes
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


def small_transformer(layers: int, tied: bool) -> Seq2Seq:
    model = transformer_model(20, 24, 8, heads=2, layers=layers, tied=tied)
    with torch.no_grad():  # untrained weights of words are nearly equal, which would hide mistakes
        for name, parameter in model.named_parameters():
            parameter.normal_(mean=float(name.endswith("norm.weight")), std=0.5)
    return model


def recurrent_models(dropout: float = 0.0) -> dict[str, Seq2Seq]:
    plain = {kind: small_model(*kind, dropout) for kind in itertools.product(CELLS, INPUTS)}
    return {
        str(kind): model for kind, model in (plain | {kind: rung(*kind, dropout) for kind in RUNGS}).items()
    }


def every_model() -> dict[str, Seq2Seq]:
    shapes = ((1, False), (3, True))
    transformers = {f"transformer of {shape}": small_transformer(*shape) for shape in shapes}
    return recurrent_models() | transformers


def call(model: Seq2Seq, batch: Batch) -> Tensor:
    return model(batch.source, batch.source_lengths, batch.target_input)


def step_by_step(model: Seq2Seq, batch: Batch) -> Tensor:
    state, steps = model.decoder.start(model.encoder(batch.source, batch.source_lengths)), []
    for token in batch.target_input.unbind(dim=1):
        logits, state = model.decoder.step(token, state)
        steps.append(logits)
    return torch.stack(steps, dim=1)


def gradients(model: Seq2Seq, logits: Tensor) -> dict[str, Tensor]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    loss = logits.log_softmax(dim=-1).square().mean()
    return dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def parts(state: State) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def lacking(action: Callable[[], object], *words: str) -> list[str]:
    """Which words are not in the message of the ValueError that this must give."""
    with pytest.raises(ValueError) as refused:
        action()
    return [f"no {word!r} in {refused.value}" for word in words if word not in str(refused.value)]


# --- Every model ----------------------------------------------------------------------------------


def test_step_by_step_and_all_at_once_agree_in_scores_and_gradients(id_pairs):
    batch = make_batch(id_pairs)
    for kind, model in every_model().items():
        at_once, by_step = call(model, batch), step_by_step(model, batch)
        assert_close(at_once, by_step, msg=lambda text, kind=kind: f"{kind}: {text}")
        found = zip(gradients(model, at_once).items(), gradients(model, by_step).values(), strict=True)
        for (name, gradient), by_steps in found:
            assert_close(gradient, by_steps, msg=lambda text, of=(kind, name): f"{of}: {text}")


def test_every_parameter_gets_a_gradient(id_pairs):
    """In every rung of the ladder, too: a part without one would not be what the rung is credited with."""
    batch, without = make_batch(id_pairs), []
    for kind, model in every_model().items():
        without += [
            (kind, name) for name, grad in gradients(model, call(model, batch)).items() if not grad.any()
        ]
    assert without == []


def test_a_sentence_gets_the_same_scores_alone_and_in_a_batch_whatever_stands_at_padding(id_pairs):
    batch = make_batch(id_pairs[:30])
    filled = batch.source.where(batch.source != 0, torch.randint(4, 20, batch.source.shape))
    for kind, model in every_model().items():
        together = call(model, batch)
        again = model(filled, batch.source_lengths, batch.target_input)
        assert torch.equal(together, again), kind
        for scores, pair in zip(together, id_pairs, strict=False):
            alone = call(model, make_batch([pair]))[0]
            assert_close(scores[: len(alone)], alone, msg=lambda text, kind=kind: f"{kind}: {text}")


def test_a_score_depends_on_the_words_before_it_only():
    source, lengths = torch.tensor([[5, 6]]), torch.tensor([2])
    fed = torch.tensor([[1, 7, 8, 9]]), torch.tensor([[1, 7, 5, 9]])
    for kind, model in every_model().items():
        first, second = (model(source, lengths, words) for words in fed)
        assert (first == second).all(dim=-1).tolist() == [[True, True, False, False]], kind


def test_dropout_sets_its_share_to_0_in_training_and_nothing_in_evaluation(id_pairs):
    batch = make_batch(id_pairs)
    for (kind, model), without in zip(
        recurrent_models(0.4).items(), recurrent_models().values(), strict=True
    ):
        shares: dict[tuple[str, int], float] = {}  # by the length of the vectors, which tells what they are
        for part in (model.encoder, model.decoder):
            where = batch.source != 0 if part is model.encoder else slice(None)
            part.dropout.register_forward_hook(
                lambda _, inputs, output, part=part, where=where, shares=shares: shares.update(
                    {(type(part).__name__, output.shape[-1]): output[where].eq(0).float().mean().item()}
                )
            )
        in_output = 5 if isinstance(model.decoder, AttentionDecoder) else 10  # of the maxout layer, of s_i
        decoder = type(model.decoder).__name__
        for run in (call, step_by_step):
            shares.clear()
            run(model, batch)
            assert shares.keys() == {
                ("RecurrentEncoder", 6),
                ("RecurrentEncoder", model.encoder.annotation_size),
                (decoder, 6),
                (decoder, in_output),
            }, kind
            assert max(abs(share - 0.4) for share in shares.values()) < 0.1, (kind, shares)
        without.load_state_dict(model.state_dict())
        assert torch.equal(call(model.eval(), batch), call(without, batch)), kind


# --- The encoder ----------------------------------------------------------------------------------


def encoders() -> dict[str, RecurrentEncoder]:
    return {
        f"{cell}, {'both directions' if bidirectional else 'one direction'}": RecurrentEncoder(
            20, 6, 10, cell, bidirectional=bidirectional
        )
        for cell in CELLS
        for bidirectional in (False, True)
    }


def test_a_sentence_is_encoded_alone_as_in_a_batch_and_padding_to_0(id_pairs):
    batch = make_batch(id_pairs)
    source = nn.functional.pad(batch.source, (0, 2))  # wider than the longest sentence
    for kind, encoder in encoders().items():
        annotations, state, mask = encoder(source, batch.source_lengths)
        assert annotations.shape == (*source.shape, encoder.annotation_size), kind
        assert torch.equal(mask, source != 0), kind
        assert annotations[~mask].count_nonzero() == 0, kind
        for row, (sentence, _) in enumerate(id_pairs):
            alone = encoder(torch.tensor([sentence]), torch.tensor([len(sentence)]))
            assert_close(annotations[row, : len(sentence)], alone.annotations[0])
            for part, of_alone in zip(parts(state), parts(alone.state), strict=True):
                assert_close(part[row], of_alone[0])


def test_annotations_and_last_state_are_those_of_each_direction_side_by_side():
    """The backward half is what a left-to-right layer with those weights makes of the reversed sentence."""
    sentence = [5, 9, 6, 17]
    for kind, encoder in encoders().items():
        encoded = encoder(torch.tensor([sentence]), torch.tensor([4]))
        weights, halves, lasts = encoder.rnn.state_dict(), [], []
        for suffix, order in (("", 1), ("_reverse", -1))[: 1 + encoder.bidirectional]:
            layer = CELLS[encoder.cell](6, 10, batch_first=True)
            layer.load_state_dict({name: weights[name + suffix] for name in layer.state_dict()})
            states, last = layer(encoder.embedding(torch.tensor([sentence[::order]])))
            halves.append(states[0] if order == 1 else states[0].flip(0))
            lasts.append(last if isinstance(last, tuple) else (last,))
        assert_close(encoded.annotations[0], torch.cat(halves, dim=1))
        for part, *of_directions in zip(parts(encoded.state), *lasts, strict=True):
            assert_close(part[0], torch.cat([last[0, 0] for last in of_directions]), msg=kind)


def test_a_second_layer_reads_what_the_first_gives_and_the_last_state_is_its_own(id_pairs):
    batch = make_batch(id_pairs[:5])
    for bidirectional in (False, True):
        deep = RecurrentEncoder(20, 6, 10, bidirectional=bidirectional, layers=2)
        weights = deep.rnn.state_dict()
        below = RecurrentEncoder(20, 6, 10, bidirectional=bidirectional)
        below.embedding = deep.embedding
        below.rnn.load_state_dict({name: weights[name] for name in below.rnn.state_dict()})
        above = nn.GRU(below.annotation_size, 10, batch_first=True, bidirectional=bidirectional)
        above.load_state_dict({name: weights[name.replace("l0", "l1")] for name in above.state_dict()})
        for row, length in enumerate(batch.source_lengths.tolist()):
            encoded = deep(batch.source, batch.source_lengths)
            first = below(batch.source[row : row + 1, :length], torch.tensor([length]))
            expected, last = above(first.annotations)
            assert_close(encoded.annotations[row, :length], expected[0])
            assert_close(encoded.state[row], torch.cat([*last[:, 0]]))
    dropped = RecurrentEncoder(20, 6, 10, layers=2, dropout=0.4)
    assert (dropped.rnn.dropout, deep.rnn.dropout) == (0.4, 0.0)


# --- The plain decoder ----------------------------------------------------------------------------


def test_the_plain_decoder_gets_the_last_state_and_nothing_else():
    target_input = torch.tensor([[1, 7, 8]])
    for cell in CELLS:
        model = small_model(cell)
        encoded = model.encoder(torch.tensor([[5, 6]]), torch.tensor([2]))
        elsewhere = encoded._replace(annotations=torch.randn_like(encoded.annotations))
        assert torch.equal(model.decoder(target_input, encoded), model.decoder(target_input, elsewhere))
        for changed in range(len(parts(encoded.state))):
            moved = [part + (at == changed) for at, part in enumerate(parts(encoded.state))]
            other = encoded._replace(state=tuple(moved) if cell == "lstm" else moved[0])
            difference = model.decoder(target_input, other) - model.decoder(target_input, encoded)
            assert difference.abs().max() > 1e-3, f"{cell}: part {changed} of the state has no effect"


def test_one_hot_times_matrix_is_a_row_of_the_matrix_and_the_models_are_the_same(id_pairs):
    layer, ids = OneHotLinear(5, 3), torch.tensor([[4, 0], [2, 2]])
    assert torch.equal(layer(ids), layer.weight[ids])
    batch = make_batch(id_pairs)
    for cell in CELLS:
        embedding, one_hot = (small_model(cell, input_type) for input_type in INPUTS)
        one_hot.load_state_dict(embedding.state_dict())
        found = [(logits := call(model, batch), gradients(model, logits)) for model in (embedding, one_hot)]
        assert_close(found[0], found[1])


# --- A whole model --------------------------------------------------------------------------------


def test_open_gates_keep_the_old_state():
    """With a gate that is wide open, what the state (of an LSTM the memory c) was before, it is after."""
    models = {
        "gru": small_model("gru"),
        "lstm": small_model("lstm"),
        "attention": attention_model(20, 24, 6, 10),
    }
    for kind, model in models.items():
        before = {name: parameter.clone() for name, parameter in model.named_parameters()}
        open_gates(model, 50.0)
        moved = {name: parameter - before[name] for name, parameter in model.named_parameters()}
        for name, change in moved.items():
            size = 5 if kind == "attention" and "encoder" in name else 10
            opened = slice(size, 2 * size) if "rnn.bias_ih" in name else slice(0)
            expected = torch.zeros_like(change)
            expected[opened] = 50.0
            assert_close(change, expected, msg=f"{kind}: {name}")
    state, word = torch.randn(1, 3, 10), torch.randn(3, 1, 6)
    for part in ("encoder", "decoder"):
        assert_close(getattr(models["gru"], part).rnn(word, state)[1], state)
        lstm = getattr(models["lstm"], part).rnn
        with torch.no_grad():  # new memory is added to the old; close the gate through which it comes
            lstm.bias_ih_l0[:10] = -50.0
        assert_close(lstm(word, (torch.randn(1, 3, 10), state))[1][1], state)
    assert_close(models["attention"].decoder.rnn(torch.randn(3, 16), state[0]), state[0])
    for without in (small_model("rnn"), nn.RNNCell(2, 2), nn.Linear(2, 2)):
        assert lacking(lambda model=without: open_gates(model, 1.0), "model", "gates", "GRU", "LSTM") == []


def test_parameters_are_counted_as_by_hand():
    model = plain_model(5, 6, embedding_size=2, hidden_size=3, cell="rnn")
    embeddings = (5 + 6) * 2
    recurrent = 3 * 2 + 3 * 3 + 3 + 3  # PyTorch's RNN has two biases
    output = 6 * 3 + 6
    assert count_parameters(model) == embeddings + 2 * recurrent + output
    model.encoder.requires_grad_(False)
    assert count_parameters(model) == 6 * 2 + recurrent + output


def test_evaluation_mode_ends_with_each_part_in_its_own_mode_come_what_may():
    model = small_model().train()
    model.encoder.eval()
    with pytest.raises(ZeroDivisionError), evaluation_mode(model):
        assert not any(module.training for module in model.modules())
        _ = 1 / 0
    assert (model.training, model.encoder.training, model.decoder.training) == (True, False, True)
    assert (model.encoder.rnn.training, model.decoder.rnn.training) == (False, True)


def test_the_sizes_that_are_not_given_are_those_of_the_docstring():
    both, one_way = (
        attention_model(20, 24, 6, 10),
        attention_model(20, 24, 6, 10, bidirectional=False, start_from="last"),
    )
    assert (both.encoder.rnn.hidden_size, one_way.encoder.rnn.hidden_size) == (5, 10)
    assert both.encoder.annotation_size == one_way.encoder.annotation_size == 10
    assert both.decoder.context.v_a.shape == (10,)
    assert both.decoder.start_from == "backward"
    attention, plain = attention_model(20, 24), plain_model(20, 24)
    assert (attention.encoder.rnn.hidden_size, attention.decoder.rnn.hidden_size) == (64, 128)
    assert (plain.encoder.rnn.hidden_size, plain.decoder.rnn.hidden_size) == (256, 256)
    assert (plain.encoder.cell, plain.decoder.cell) == ("gru", "gru")
    for part in (attention.encoder, attention.decoder, plain.encoder, plain.decoder):
        assert isinstance(part.embedding, nn.Embedding)
        assert part.embedding.embedding_dim == 64


# --- Wrong use ------------------------------------------------------------------------------------


class Fetches(TorchFunctionMode):
    """Counts how often numbers are taken out of tensors: a GPU is waited for each time."""

    names = frozenset(("item", "tolist", "cpu", "numpy", "__int__", "__index__", "__float__", "__bool__"))
    count = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.count += getattr(function, "__name__", "") in self.names
        return function(*args, **(kwargs or {}))


def test_looking_whether_ids_and_lengths_fit_fetches_once_each():
    ids, lengths = torch.tensor([[4, 19, 3], [5, 3, 0]]), torch.tensor([3, 2])
    for look in (lambda: check_ids("source", ids, 20), lambda: check_lengths(ids, lengths)):
        with Fetches() as fetches:
            look()
        assert fetches.count == 1
    with Fetches() as fetches:
        assert [int(end) for end in torch.aminmax(ids)] == [0, 19]
    assert fetches.count == 2, "it would see them"


def test_wrong_input_is_named_with_its_value_and_what_is_allowed():
    good = torch.tensor([[4, 5], [4, 5]]), torch.tensor([2, 1]), torch.tensor([[1, 4], [1, 4]])
    cases = [
        ({0: [[4, 20], [4, 5]]}, "source:", "20", "0 to 19"),
        ({0: [[4, -1], [4, 5]]}, "source:", "-1", "0 to 19"),
        ({0: [4, 5]}, "source:", "(2,)", "(batch, length)"),
        ({0: [[], []]}, "source:", "(2, 0)", "(batch, length)"),
        ({1: [2]}, "source_lengths:", "(1,)", "2 rows"),
        ({1: [[2, 1]]}, "source_lengths:", "(1, 2)", "2 rows"),
        ({1: [2, 0]}, "source_lengths:", "0", "1 to 2"),
        ({1: [2, 3]}, "source_lengths:", "3", "1 to 2"),
        ({2: [[1, 24], [1, 4]]}, "target_input:", "24", "0 to 23"),
        ({2: [[1, -1], [1, 4]]}, "target_input:", "-1", "0 to 23"),
        ({2: [4, 5]}, "target_input:", "(2,)", "(batch, length)"),
        ({2: [[1, 4]]}, "target_input:", "1 rows", "source has 2"),
    ]
    for kind, model in every_model().items():
        for changed, *words in cases:
            arguments = [torch.tensor(changed[at]) if at in changed else good[at] for at in range(3)]
            if not arguments[0].numel():
                arguments[0] = arguments[0].long()
            assert lacking(lambda: model(*arguments), *words) == [], (kind, changed)  # noqa: B023
    for kind, model in every_model().items():  # the last id of each vocabulary is one
        assert model(torch.tensor([[19]]), torch.tensor([1]), torch.tensor([[23]])).isfinite().all(), kind


def test_wrong_settings_are_named_with_their_value_and_what_is_allowed():
    def plain(cell: str, size: int) -> Seq2Seq:
        return Seq2Seq(RecurrentEncoder(20, 6, 10, "gru"), PlainDecoder(24, 6, size, cell))

    def attention_from(encoder: RecurrentEncoder, start_from: str = "last") -> Seq2Seq:
        return Seq2Seq(encoder, rung("attention", start_from, True).decoder)

    one_way, both = (RecurrentEncoder(20, 6, size, bidirectional=size == 4) for size in (8, 4))
    problems = [
        *lacking(lambda: small_model(cell="GRU"), "cell", "'GRU'", "rnn, gru, lstm"),
        *lacking(lambda: small_model(input_type="onehot"), "input_type", "'onehot'", "embedding, one_hot"),
        *lacking(lambda: plain("lstm", 10), "decoder", "lstm of size 10", "gru of size 10", "same"),
        *lacking(lambda: plain("gru", 12), "decoder", "gru of size 12", "gru of size 10", "same"),
        *lacking(lambda: rung("luong", "last", True), "context", "'luong'", "attention, mean, fixed, none"),
        *lacking(lambda: rung("none", "first", True), "start_from", "'first'", "backward, last"),
        *lacking(lambda: rung("attention", "backward", False), "start_from", "'backward'", "'last'"),
        *lacking(lambda: attention_model(20, 24, hidden_size=1, encoder_size=4), "hidden_size", "1", "2"),
        *lacking(lambda: attention_from(RecurrentEncoder(20, 6, 5)), "decoder", "8", "5"),
        *lacking(lambda: attention_from(RecurrentEncoder(20, 6, 8, "lstm")), "decoder", "lstm", "two"),
        *lacking(lambda: RecurrentEncoder(20, 6, 8, layers=0), "layers", "0", "1 or more"),
        *lacking(lambda: attention_model(20, 24, 6, 10, tied=True), "tied", "6", "5"),
    ]
    assert problems == []
    encoded = Encoded(torch.zeros(1, 2, 8), None, torch.ones(1, 2, dtype=torch.bool))
    for decoder in (PlainDecoder(24, 6, 8), *(rung(*kind).decoder for kind in RUNGS)):
        problems += lacking(lambda: decoder.start(encoded), "encoded", "no last state")  # noqa: B023
    state = torch.zeros(1, 8), torch.zeros(1, 8)
    problems += lacking(
        lambda: rung(*RUNGS[0]).decoder.start(encoded._replace(state=state)), "encoded", "LSTM"
    )
    assert problems == []
    rnn = RecurrentEncoder(20, 6, 8, "rnn")
    for fitting in (*map(attention_from, (rnn, one_way, both)), attention_from(both, "backward")):
        assert fitting(torch.tensor([[4]]), torch.tensor([1]), torch.tensor([[1]])).shape == (1, 1, 24)
    assert attention_model(20, 24, hidden_size=2).decoder.W_o.in_features == 1
