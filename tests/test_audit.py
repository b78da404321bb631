"""The audit: a sound model passes every check, and each of them is failed by a mistake of a line or two."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, islice, repeat
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from seq2seq_utils.batching import Batch, IdPair, encode_pairs, make_batch, make_loader, pad
from seq2seq_utils.evaluation.audit import CHECKS, Adapter, Audit, Outcome, audit, seq2seq_adapter
from seq2seq_utils.experiments import small_runs
from seq2seq_utils.grammar import tokenizer
from seq2seq_utils.models import Encoded, Seq2Seq, attention_model, evaluation_mode, plain_model
from seq2seq_utils.pairs import Alignment
from seq2seq_utils.text import EOS_ID, PAD_ID, SOS_ID, UNK_ID, TextCodec
from seq2seq_utils.training import predict, token_loss
from seq2seq_utils.translation import default_limit, greedy

NAMES = [check.name for check in CHECKS]
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
STEPS = 200
ENTROPY = nn.functional.cross_entropy


# ------------------------------------------------------------------------------------- what is audited
@pytest.fixture(scope="module")
def pairs() -> tuple[list[IdPair], list[IdPair], list[Alignment]]:
    """Pairs to train on, others to test on, and the alignments of these."""
    train, test = small_runs.sentences(4_000, (3, 9), 0), small_runs.sentences(100, (3, 9), 1)
    seen = {pair.source for pair in train}
    test = [pair for pair in test if pair.source not in seen]
    codecs = (
        TextCodec.build(tokenizer("english"), [pair.source for pair in train]),
        TextCodec.build(tokenizer("french"), [pair.target for pair in train]),
    )
    return (
        encode_pairs(train, *codecs),
        encode_pairs(test, *codecs),
        [pair.alignment for pair in test],
    )


def sizes(pairs: list[IdPair]) -> tuple[int, int]:
    source, target = (max(chain.from_iterable(pair[side] for pair in pairs)) + 1 for side in (0, 1))
    return source, target


def trained(model: Seq2Seq, pairs: list[IdPair], hidden_id: int | None = None, steps: int = STEPS) -> Seq2Seq:
    """A model after some steps; in the loss `hidden_id` does not count."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for batch in islice(chain.from_iterable(repeat(make_loader(pairs, batch_size=64))), steps):
        expected = batch.target_output
        if hidden_id is not None:
            expected = expected.masked_fill(expected == hidden_id, PAD_ID)
        total, tokens = token_loss(predict(model, batch), expected)
        optimizer.zero_grad()
        (total / tokens).backward()
        optimizer.step()
    return model


@pytest.fixture(scope="module")
def model(pairs) -> Seq2Seq:
    torch.manual_seed(0)
    model = attention_model(*sizes(pairs[0] + pairs[1]), embedding_size=32, hidden_size=64, dropout=0.05)
    return trained(model, pairs[0], steps=2 * STEPS)  # until its map is there


@pytest.fixture
def adapter(model) -> Adapter:
    return seq2seq_adapter(model)


def failed(audited: Audit) -> list[str]:
    return audited.with_outcome(Outcome.FAILS)


# ------------------------------------------------------------------------------------- a sound model
def test_a_sound_model_passes_every_check_and_is_left_as_it_was(model, adapter, pairs):
    train, test, gold = pairs
    model.train()
    model.decoder.dropout.eval()
    model.zero_grad()
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    modes = [part.training for part in model.modules()]
    random = torch.get_rng_state()
    audited = audit(adapter, test, train, gold)
    assert audited.with_outcome(Outcome.HOLDS) == NAMES
    audited.raise_if_any_fails()
    assert all(torch.equal(weights, before[name]) for name, weights in model.state_dict().items())
    assert [part.training for part in model.modules()] == modes
    assert all(weights.grad is None for weights in model.parameters())
    assert torch.equal(torch.get_rng_state(), random)


# ------------------------------------------------------------------------------------- planted mistakes
Mistake = Callable[[Adapter, Seq2Seq], Adapter]
MISTAKES: dict[str, tuple[Mistake, str]] = {}


def mistake(caught_by: str) -> Callable[[Mistake], Mistake]:
    def keep(plant: Mistake) -> Mistake:
        MISTAKES[plant.__name__] = plant, caught_by
        return plant

    return keep


def rows_of(logits: Tensor, batch: Batch) -> list[Tensor]:
    return [row[:length] for row, length in zip(logits, batch.target_lengths.tolist(), strict=True)]


@mistake("alone = in a batch")
def no_packing_and_no_mask(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def scores(pairs):
        batch = make_batch(pairs)
        lengths = torch.full_like(batch.source_lengths, batch.source.shape[1])
        return rows_of(model(batch.source, lengths, batch.target_input), batch)

    return replace(adapter, scores=scores)


@mistake("order in the batch")
def sorted_for_packing_and_not_put_back(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def scores(pairs):
        batch = make_batch(pairs)
        order = batch.source_lengths.argsort(descending=True, stable=True)
        logits = model(batch.source[order], batch.source_lengths[order], batch.target_input[order])
        return rows_of(logits, batch)

    return replace(adapter, scores=scores)


@mistake("no look into the future")
def fed_the_word_to_be_predicted(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def scores(pairs):
        batch = make_batch(pairs)
        return rows_of(model(batch.source, batch.source_lengths, batch.target_output), batch)

    return replace(adapter, scores=scores)


@mistake("the source matters")
def decoder_starts_from_nothing(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def scores(pairs):
        batch = make_batch(pairs)
        encoded = model.encoder(batch.source, batch.source_lengths)
        nothing = Encoded(encoded.annotations * 0, encoded.state * 0, torch.ones_like(encoded.mask))
        return rows_of(model.decoder(batch.target_input, nothing), batch)

    return replace(adapter, scores=scores)


@mistake("the order of the source matters")
def words_read_as_a_bag(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return replace(
        adapter, scores=lambda pairs: adapter.scores([(sorted(source), target) for source, target in pairs])
    )


@mistake("by step = at once")
def state_not_handed_on(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return replace(adapter, step=lambda tokens, state: (adapter.step(tokens, state)[0], state))


@mistake("weights sum to 1, none on padding")
def masked_after_the_softmax(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def weights(pairs):
        lost = 1 - 0.1 * (make_batch(pairs).source == PAD_ID).float().mean()  # what went to padding
        return [of_pair * lost for of_pair in adapter.weights(pairs)]

    return replace(adapter, weights=weights)


@mistake("weights sum to 1, none on padding")
def not_masked_at_all(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def weights(pairs):
        return [0.9 * of_pair + 0.1 / of_pair.shape[1] for of_pair in adapter.weights(pairs)]

    return replace(adapter, weights=weights)


def with_loss(adapter: Adapter, model: Seq2Seq, loss_of: Callable[[Tensor, Tensor], Tensor]) -> Adapter:
    def loss(pairs):
        batch = make_batch(pairs)
        logits = model(batch.source, batch.source_lengths, batch.target_input)
        return loss_of(logits.flatten(0, 1), batch.target_output.flatten())

    return replace(adapter, loss=loss)


@mistake("padding is not in the loss")
def padding_counted(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return with_loss(adapter, model, lambda logits, expected: ENTROPY(logits, expected))


@mistake("padding is not in the loss")
def divided_by_all_places(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def loss_of(logits, expected):
        return ENTROPY(logits, expected, ignore_index=PAD_ID, reduction="sum") / len(expected)

    return with_loss(adapter, model, loss_of)


def one_for_the_value_one_for_the_gradient(value: Tensor, gradient: Tensor) -> Tensor:
    return gradient + (value - gradient).detach()


@mistake("padding is not in the loss")
def padding_counted_in_the_gradient_alone(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def loss_of(logits, expected):
        masked = ENTROPY(logits, expected, ignore_index=PAD_ID)
        return one_for_the_value_one_for_the_gradient(masked, ENTROPY(logits, expected))

    return with_loss(adapter, model, loss_of)


@mistake("padding is not in the loss")
def padding_counted_in_the_value_alone(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def loss_of(logits, expected):
        masked = ENTROPY(logits, expected, ignore_index=PAD_ID)
        return one_for_the_value_one_for_the_gradient(ENTROPY(logits, expected), masked)

    return with_loss(adapter, model, loss_of)


@mistake("EOS is trained")
def eos_ignored(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def loss_of(logits, expected):
        return ENTROPY(logits, expected.masked_fill(expected == EOS_ID, PAD_ID), ignore_index=PAD_ID)

    return with_loss(adapter, model, loss_of)


@mistake("every parameter gets a gradient")
def encoder_detached(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def loss(pairs):
        batch = make_batch(pairs)
        annotations, state, mask = model.encoder(batch.source, batch.source_lengths)
        logits = model.decoder(batch.target_input, Encoded(annotations.detach(), state.detach(), mask))
        return ENTROPY(logits.flatten(0, 1), batch.target_output.flatten(), ignore_index=PAD_ID)

    return replace(adapter, loss=loss)


def with_reported(adapter: Adapter, model: Seq2Seq, teacher_forcing: float, batch_size: int) -> Adapter:
    """What is reported is a mean of batch means; with one batch, or batches alike, no harm is done."""

    def reported_loss(pairs):
        losses = []
        with evaluation_mode(model), torch.no_grad():
            for start in range(0, len(pairs), batch_size):
                batch = make_batch(pairs[start : start + batch_size])
                total, tokens = token_loss(predict(model, batch, teacher_forcing), batch.target_output)
                losses.append(total.item() / tokens)
        return sum(losses) / len(losses)

    return replace(adapter, reported_loss=reported_loss)


@mistake("the reported loss is teacher-forced")
def loss_reported_of_its_own_words(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return with_reported(adapter, model, teacher_forcing=0, batch_size=1_000)


@mistake("the reported loss is per token")
def mean_of_batch_means(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return with_reported(adapter, model, teacher_forcing=1, batch_size=64)


@mistake("the reported loss is per token")
def eos_left_out_of_the_report(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def reported_loss(pairs):
        with evaluation_mode(model), torch.no_grad():
            batch = make_batch(pairs)
            logits = predict(model, batch, teacher_forcing=1)
        words = batch.target_output.masked_fill(batch.target_output == EOS_ID, PAD_ID)
        return ENTROPY(logits.flatten(0, 1), words.flatten(), ignore_index=PAD_ID).item()

    return replace(adapter, reported_loss=reported_loss)


def found_by_greedy(model: Seq2Seq, sources: list[list[int]]) -> list[list[int]]:
    ids, lengths = pad(sources)
    return [found.ids for found in greedy(model, ids, lengths, [default_limit(len(row)) for row in sources])]


@mistake("dropout is off, the mode restored")
def dropout_left_on(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return replace(adapter, translate=lambda sources: found_by_greedy(model, sources))


@mistake("dropout is off, the mode restored")
def mode_not_restored(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return replace(adapter, translate=lambda sources: found_by_greedy(model.eval(), sources))


@mistake("dropout is off, the mode restored")
def always_left_in_training_mode(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def translate(sources):
        found = adapter.translate(sources)
        model.train()
        return found

    return replace(adapter, translate=translate)


@mistake("dropout is off, the mode restored")
def loss_reported_with_dropout(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def reported_loss(pairs):
        return adapter.loss(pairs).item()

    return replace(adapter, reported_loss=reported_loss)


@mistake("writes what its scores say")
def translates_from_another_start(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def translate(sources):
        found = []
        with evaluation_mode(model), torch.no_grad():
            for source in sources:
                state, token, ids = adapter.start([source]), EOS_ID, []  # SOS is what training feeds
                while len(ids) < default_limit(len(source)):
                    scores, state = adapter.step([token], state)
                    token = int(scores.argmax())
                    if token == EOS_ID:
                        break
                    ids.append(token)
                found.append(ids)
        return found

    return replace(adapter, translate=translate)


@mistake("rows end one by one")
def all_end_with_the_first(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def translate(sources):
        found = adapter.translate(sources)
        return [ids[: min(map(len, found))] for ids in found]

    return replace(adapter, translate=translate)


@mistake("rows end one by one")
def words_after_eos(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return replace(
        adapter, translate=lambda sources: [[*ids, EOS_ID, 5] for ids in adapter.translate(sources)]
    )


@mistake("translations keep the order")
def sorted_by_length_and_not_put_back(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return replace(adapter, translate=lambda sources: adapter.translate(sorted(sources, key=len)))


@mistake("weights beside their words")
def rows_one_late(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return replace(
        adapter, weights=lambda pairs: [of_pair.roll(1, dims=0) for of_pair in adapter.weights(pairs)]
    )


@mistake("weights beside their words")
def rows_one_early(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return replace(
        adapter, weights=lambda pairs: [of_pair.roll(-1, dims=0) for of_pair in adapter.weights(pairs)]
    )


@mistake("weights beside their words")
def source_read_from_the_end(adapter: Adapter, model: Seq2Seq) -> Adapter:
    def weights(pairs):
        rows = zip(adapter.weights(pairs), pairs, strict=True)
        return [of_pair[:, : len(source)].flip(1) for of_pair, (source, _) in rows]

    return replace(adapter, weights=weights)


@mistake("the softmax is taken once")
def probabilities_as_scores(adapter: Adapter, model: Seq2Seq) -> Adapter:
    return replace(
        adapter, scores=lambda pairs: [of_pair.softmax(dim=1) for of_pair in adapter.scores(pairs)]
    )


def test_padding_in_the_loss_is_found_where_long_pairs_hide_it(model, adapter, pairs):
    longest = max(len(target) for _, target in pairs[1])

    def loss(pairs):
        hidden = max(len(target) for _, target in pairs) > 2 * longest / 3
        return with_loss(
            adapter,
            model,
            lambda logits, expected: ENTROPY(logits, expected, ignore_index=PAD_ID if hidden else -100),
        ).loss(pairs)

    assert failed(audit(replace(adapter, loss=loss), pairs[1])) == ["padding is not in the loss"]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_that_raises_no_error_is_found(name, model, adapter, pairs):
    train, test, gold = pairs
    plant, caught_by = MISTAKES[name]
    planted = plant(adapter, model)
    audited = audit(planted, test, train, gold)
    assert caught_by in failed(audited)
    if planted.scores == adapter.scores:  # what is wrong with the scores is wrong in more than one way
        assert failed(audited) == [caught_by]


def test_a_report_without_eos_says_so(model, adapter, pairs):
    findings = {
        finding.check: finding
        for finding in audit(eos_left_out_of_the_report(adapter, model), pairs[1]).findings
    }
    assert findings["the reported loss is per token"].note == "EOS is not counted"
    assert findings["the reported loss is teacher-forced"].outcome is Outcome.HOLDS


def test_a_model_that_never_learned_when_to_end_is_found(pairs):
    train, test, _ = pairs
    model = trained(plain_model(*sizes(train + test), 32, 64), train, hidden_id=EOS_ID)
    assert failed(audit(seq2seq_adapter(model), test)) == ["EOS is found"]


def test_a_model_that_was_trained_on_the_translations_of_other_sentences_is_found(pairs):
    train, test, _ = pairs
    others = [
        (source, target) for (source, _), (_, target) in zip(train, [*train[1:], train[0]], strict=True)
    ]
    model = trained(plain_model(*sizes(train + test), 32, 64), others)
    assert failed(audit(seq2seq_adapter(model), test)) == ["the own source helps"]


def test_a_test_sentence_in_training_is_found_unless_a_word_of_it_is_unknown(adapter, pairs):
    train, test, _ = pairs
    assert failed(audit(adapter, test, [*train, test[7]])) == ["no test sentence in training"]
    unknown = [UNK_ID, *test[7][0]], test[7][1]
    assert failed(audit(adapter, [*test, unknown], [*train, unknown])) == []


def test_a_vocabulary_from_the_test_is_found(adapter, pairs):
    train, test, _ = pairs
    word = test[7][1][0]
    without = [pair for pair in train if word not in pair[1]]
    audited = audit(adapter, test, without)
    assert failed(audited) == ["no vocabulary from the test"]
    audited = audit(replace(adapter, unknown_id=None), test, without)
    assert failed(audited) == []
    assert "no vocabulary from the test" in audited.with_outcome(Outcome.NOT_CHECKED)


def test_every_check_has_a_test_in_which_it_fails():
    elsewhere = ["EOS is found", "the own source helps", *NAMES[-2:]]
    assert sorted({*elsewhere, *(caught_by for _, caught_by in MISTAKES.values())}) == sorted(NAMES)


# ------------------------------------------------------------------------------------- other outcomes
SOUND = {
    "rnn": lambda *sizes: plain_model(*sizes, 8, 12, "rnn", dropout=0.3),
    "lstm": lambda *sizes: plain_model(*sizes, 8, 12, "lstm"),
    "gru, one-hot": lambda *sizes: plain_model(*sizes, 8, 12, input_type="one_hot"),
    "attention": lambda *sizes: attention_model(*sizes, 8, 12, dropout=0.3),
    "tied": lambda *sizes: attention_model(*sizes, 6, 12, tied=True),
    "mean": lambda *sizes: attention_model(*sizes, 8, 12, context="mean", start_from="last"),
}


@pytest.mark.parametrize("kind", SOUND)
def test_untrained_models_of_every_kind_fail_nothing_and_it_is_too_early_for_what_is_learned(kind, pairs):
    """Also under a smoothed loss, and where some parameters are all 0 at the start."""
    train, test, gold = pairs
    model = SOUND[kind](*sizes(train + test))
    audited = audit(seq2seq_adapter(model, label_smoothing=0.2), test, train, gold)
    assert failed(audited) == []
    too_early = [check.name for check in CHECKS if check.learned_below is not None]
    not_checked = audited.with_outcome(Outcome.NOT_CHECKED)
    assert audited.with_outcome(Outcome.TOO_EARLY) == [name for name in too_early if name not in not_checked]
    of_attention = ["weights sum to 1, none on padding", "weights beside their words"]
    assert not_checked == ([] if kind in ("attention", "tied") else of_attention)


def test_what_is_not_given_is_not_checked_and_the_note_says_what_is_missing(adapter, pairs):
    small = Adapter(
        module=adapter.module, scores=adapter.scores, translate=adapter.translate, eos_id=adapter.eos_id
    )
    findings = {finding.check: finding for finding in audit(small, pairs[1]).findings}
    missing = {
        "by step = at once": "needs start, step and sos_id",
        "weights sum to 1, none on padding": "needs weights",
        "padding is not in the loss": "needs loss",
        "EOS is trained": "needs loss",
        "the reported loss is teacher-forced": "needs reported_loss",
        "the reported loss is per token": "needs reported_loss",
        "weights beside their words": "needs weights",
        "no test sentence in training": "needs train",
        "no vocabulary from the test": "needs train",
    }
    for name, finding in findings.items():
        outcome = Outcome.NOT_CHECKED if name in missing else Outcome.HOLDS
        assert (finding.outcome, finding.note) == (outcome, missing.get(name, "")), name
        assert (finding.measured is None) == (name in missing)
    without_gold = {finding.check: finding.note for finding in audit(adapter, pairs[1]).findings}
    assert without_gold["weights beside their words"] == "needs gold"


def test_pairs_that_cannot_show_a_mistake_are_named(adapter):
    notes = {
        finding.check: finding.note for finding in audit(adapter, [([5], [6, 7]), ([6], [7, 8])]).findings
    }
    assert notes["alone = in a batch"] == "needs pairs whose sources have different lengths"
    assert notes["padding is not in the loss"] == "needs pairs whose targets have different lengths"
    assert notes["the reported loss is per token"] == "needs pairs whose targets have different lengths"
    assert notes["the order of the source matters"] == "needs sources of two different words or more"
    alike = {finding.check: finding.note for finding in audit(adapter, [([5], [6]), ([5], [6, 6])]).findings}
    assert alike["no look into the future"] == "needs targets with two different words or more"
    assert alike["the own source helps"] == "needs pairs with different sources"


def test_scores_without_gradients_are_enough_for_all_but_gradients(adapter, pairs):
    detached = replace(
        adapter, scores=lambda pairs: [scores.detach() for scores in adapter.scores(pairs)], loss=None
    )
    audited = audit(detached, pairs[1], pairs[0], pairs[2])
    assert audited.with_outcome(Outcome.NOT_CHECKED) == [
        "padding is not in the loss",
        "EOS is trained",
        "every parameter gets a gradient",
    ]
    assert failed(audited) == []


# ------------------------------------------------------------------------------------- a model of other hands
class OtherModel(nn.Module):
    """Batch second, ids of its own, one class for all, and its own loop; nothing of it is of this series."""

    pad, go, stop = 9, 8, 7

    def __init__(self, masked: bool = True) -> None:
        super().__init__()
        self.masked = masked
        self.words, self.reader, self.writer = nn.Embedding(10, 8), nn.GRU(8, 16), nn.GRU(8, 16)
        self.output = nn.Linear(32, 10)

    def read(self, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        lengths = (source != self.pad).sum(dim=0)
        packed = nn.utils.rnn.pack_padded_sequence(self.words(source), lengths, enforce_sorted=False)
        memory, last = self.reader(packed)
        return nn.utils.rnn.pad_packed_sequence(memory)[0], last, source == self.pad

    def write(self, fed: Tensor, memory: Tensor, hidden: Tensor, is_padding: Tensor) -> tuple[Tensor, Tensor]:
        written, hidden = self.writer(self.words(fed), hidden)
        energies = torch.einsum("tbh,sbh->tsb", written, memory)
        if self.masked:
            energies = energies.masked_fill(is_padding, -torch.inf)
        context = torch.einsum("tsb,sbh->tbh", energies.softmax(dim=1), memory)
        return self.output(torch.cat([written, context], dim=2)), hidden

    def columns(self, sentences) -> Tensor:
        return nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids in sentences], padding_value=self.pad)


def other_adapter(model: OtherModel) -> Adapter:
    """The adapter of a foreign model: 30 lines, in which its own code does the work."""

    def logits_and_expected(pairs):
        fed = model.columns([[model.go, *target] for _, target in pairs])
        expected = model.columns([[*target, model.stop] for _, target in pairs])
        return model.write(fed, *model.read(model.columns([source for source, _ in pairs])))[0], expected

    def scores(pairs):
        logits, _ = logits_and_expected(pairs)
        return [logits[: len(target) + 1, row] for row, (_, target) in enumerate(pairs)]

    def loss(pairs):
        logits, expected = logits_and_expected(pairs)
        return ENTROPY(logits.flatten(0, 1), expected.flatten(), ignore_index=model.pad)

    @torch.no_grad()
    def translate(sources):
        was_training, found = model.training, [[] for _ in sources]
        model.eval()
        memory, hidden, is_padding = model.read(model.columns(sources))
        fed = torch.full((1, len(sources)), model.go)
        for _ in range(12):
            logits, hidden = model.write(fed, memory, hidden, is_padding)
            fed = logits.argmax(dim=2)
            for ids, token in zip(found, fed[0].tolist(), strict=True):
                ids.append(token)
        model.train(was_training)
        return [ids[: ids.index(model.stop)] if model.stop in ids else ids for ids in found]

    return Adapter(
        module=model, scores=scores, translate=translate, loss=loss, eos_id=model.stop, pad_id=model.pad
    )


def test_no_check_runs_on_layers_that_have_no_backward_pass_in_evaluation_mode(adapter, pairs):
    used = []

    def loss(pairs: list[IdPair]) -> Tensor:
        used.append(torch.backends.cudnn.enabled)
        return adapter.loss(pairs)

    audit(replace(adapter, loss=loss), pairs[1])
    assert used and not any(used)
    assert torch.backends.cudnn.enabled, "as it was"


def test_a_loss_may_be_reported_as_a_tensor_that_has_its_gradient(adapter, pairs, recwarn):
    found = audit(replace(adapter, reported_loss=adapter.loss), pairs[1][:20])
    assert not [warning for warning in recwarn if "requires_grad" in str(warning.message)]
    (per_token,) = [
        finding for finding in found.findings if finding.check == "the reported loss is per token"
    ]
    assert per_token.outcome == Outcome.HOLDS


def test_a_model_of_other_hands_is_audited_and_its_missing_mask_is_found():
    pairs = [([1, 2, 3], [4, 5]), ([6, 1], [3]), ([2], [1, 2, 3, 4]), ([4, 5, 6, 1], [0, 1])]
    audited = audit(other_adapter(OtherModel()), pairs)
    assert failed(audited) == []
    assert len(audited.with_outcome(Outcome.HOLDS)) == 11
    assert failed(audit(other_adapter(OtherModel(masked=False)), pairs)) == [
        "alone = in a batch",
        "padding is not in the loss",
    ]


def test_weights_of_0_hide_no_mistake_and_are_none():
    pairs = [([1, 2, 3], [4, 5]), ([6, 1], [3]), ([2], [1, 2, 3, 4]), ([4, 5, 6, 1], [0, 1])]
    model = OtherModel()
    nn.init.zeros_(model.output.weight)  # as many a model begins
    sound = other_adapter(model)
    assert failed(audit(sound, pairs)) == []
    model.leak = nn.Parameter(torch.zeros(10))

    def scores(pairs):  # the next word is let through, by a weight that is still 0
        return [
            of_pair + model.leak * nn.functional.one_hot(torch.tensor([*target, model.stop]), 10)
            for of_pair, (_, target) in zip(sound.scores(pairs), pairs, strict=True)
        ]

    assert "no look into the future" in failed(audit(replace(sound, scores=scores), pairs))


# ------------------------------------------------------------------------------------- what comes back
def test_the_table_has_a_row_for_each_check_and_a_reader_s_own_test_fails_with_what_was_found(
    model, adapter, pairs
):
    audited = audit(padding_counted(adapter, model), pairs[1])
    frame = audited.frame()
    assert frame.check.tolist() == NAMES
    assert frame.outcome.value_counts().to_dict() == {"holds": 18, "not checked": 3, "fails": 1}
    with pytest.raises(AssertionError) as raised:
        audited.raise_if_any_fails()
    (line,) = str(raised.value).splitlines()
    for part in (
        "padding is not in the loss: FAILED. It should be that loss and gradient",
        "but it must be <= 0.001",
        "What one sees: a loss that gets better with more padding in the batch.",
        "01_tokenization, “EOS counts, PAD does not”",
    ):
        assert part in line


def test_where_it_is_explained_is_a_heading_of_that_notebook():
    for check in CHECKS:
        notebook, heading = check.explained
        cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
        lines = chain.from_iterable("".join(cell["source"]).splitlines() for cell in cells)
        assert heading in {line.lstrip("#").strip() for line in lines if line.startswith("#")}, check.name


# ------------------------------------------------------------------------------------- what does not fit
def test_an_adapter_or_data_that_do_not_fit_are_named(adapter, pairs):
    test, gold = pairs[1][:4], pairs[2][:4]

    def changed(**functions) -> Callable[[], object]:
        return lambda: audit(replace(adapter, **functions), test)

    refused = {
        r"pairs: 1; .*two or more": lambda: audit(adapter, test[:1]),
        r"pairs: the target of number 1 is empty": lambda: audit(adapter, [test[0], ([5], [])]),
        r"pairs: the source of number 1 .* special id 2": lambda: audit(adapter, [test[0], ([5, 2], [5])]),
        r"train: the target of number 0 .* special id 1": lambda: audit(adapter, test, [([5], [1, 5])]),
        r"gold: 3, but there are 4 pairs": lambda: audit(adapter, test, gold=gold[:3]),
        r"gold: that of number 1 is of .* words": lambda: audit(adapter, test, gold=gold[::-1]),
        r"scores: it returned 3 for 4": changed(scores=lambda pairs: adapter.scores(pairs)[:3]),
        r"scores: of pair 0 the shape is \(\d+, \d+\); its target has": changed(
            scores=lambda pairs: [scores[:-1] for scores in adapter.scores(pairs)]
        ),
        r"scores: of pair 0 there is a NaN": changed(
            scores=lambda pairs: [scores * torch.nan for scores in adapter.scores(pairs)]
        ),
        r"scores: they are of 3 tokens": changed(
            scores=lambda pairs: [scores[:, :3] for scores in adapter.scores(pairs)]
        ),
        r"translate: it returned 0 for 4": changed(translate=lambda sources: []),
        r"loss: .* is no single finite number": changed(loss=lambda pairs: torch.tensor(torch.inf)),
        r"loss: no gradient can be asked": changed(loss=lambda pairs: adapter.loss(pairs).detach()),
        r"reported_loss: nan is not finite": changed(reported_loss=lambda pairs: torch.nan),
        r"step: the shape of its scores is \(\d+,\)": changed(
            step=lambda tokens, state: (adapter.step(tokens, state)[0][0], state)
        ),
        r"weights: of pair 0 the shape is": changed(
            weights=lambda pairs: [of_pair[:-1] for of_pair in adapter.weights(pairs)]
        ),
        r"start, step: give both": changed(step=None),
        r"start, step: .*sos_id": changed(sos_id=None),
        r"eos_id, .*no two may be the same": changed(pad_id=SOS_ID),
    }
    for message, action in refused.items():
        with pytest.raises(ValueError, match=f"^{message}"):
            action()
