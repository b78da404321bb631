"""The experiment of notebook 3: the replaced noun, the decoder's input, and what counts as a word."""

import pytest
import torch
from torch import Tensor

from seq2seq_utils.experiments import teacher_forcing as experiment
from seq2seq_utils.experiments.experiment import Trained
from seq2seq_utils.models import Encoded, PlainState, Step, plain_model
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import EOS_ID, SOS_ID, count_words
from seq2seq_utils.training import History


@pytest.fixture(scope="module")
def untrained() -> Trained:
    english, french = experiment.codecs()
    torch.manual_seed(0)
    model = plain_model(len(english.vocabulary), len(french.vocabulary), embedding_size=8, hidden_size=8)
    return Trained(model, english, french, History())


class Reciting(torch.nn.Module):
    """A model that says one list of words, whatever the sentence and whatever it is fed."""

    device = torch.device("cpu")

    def __init__(self, ids: list[int], vocabulary_size: int) -> None:
        super().__init__()
        self.ids, self.vocabulary_size = ids, vocabulary_size
        self.fed: list[Tensor] = []

    @property
    def decoder(self) -> "Reciting":
        return self

    def encoder(self, source: Tensor, lengths: Tensor) -> Encoded:
        return Encoded(torch.zeros(len(source), 1, 1), None, torch.zeros(len(source), 1))

    def start(self, encoded: Encoded) -> PlainState:
        self.fed = []
        return PlainState(torch.zeros(len(encoded.annotations), 1))

    def step(self, token: Tensor, state: PlainState) -> Step[PlainState]:
        scores = torch.zeros(len(token), self.vocabulary_size)
        scores[:, self.ids[min(len(self.fed), len(self.ids) - 1)]] = 1
        self.fed.append(token)
        return Step(scores, state)


# --- what is compared -----------------------------------------------------------------------------


def test_the_falling_ratio_goes_from_1_to_0_over_the_steps_of_its_own_budget():
    for epochs in (2, 6):
        schedule = experiment.Arm(ratio=1.0, falls=True, epochs=epochs).settings.teacher_forcing
        steps = epochs * -(-experiment.PAIRS // experiment.BATCH_SIZE)
        assert [schedule(0), schedule(steps // 2), schedule(steps)] == [1, 0.5, 0]
    assert experiment.Arm(ratio=0.5).settings.teacher_forcing == 0.5


def test_arms_of_one_budget_differ_in_what_is_fed_alone():
    for epochs in experiment.BUDGETS:
        arms = [experiment.COMPARED.arms[experiment.named(name, epochs)] for name in experiment.FED]
        assert {(arm.epochs, arm.learning_rate) for arm in arms} == {(epochs, arms[0].learning_rate)}
        assert len({(arm.ratio, arm.falls) for arm in arms}) == 4


# --- sentences ------------------------------------------------------------------------------------


def test_sentences_of_one_length_have_that_many_words_on_both_sides():
    for words in (experiment.SHORT, experiment.LONG):
        pairs = experiment.of_one_length(words)
        assert len(pairs) == experiment.OF_ONE_LENGTH
        assert {count_words(text) for pair in pairs for text in (pair.source, pair.target)} == {words}


def test_no_replacement_is_of_a_sentence_that_was_trained_on_and_half_of_them_differ():
    items = experiment.replacements()
    seen = {pair.source for part in experiment.corpus()[:2] for pair in part}
    assert not seen & {item.pair.source for item in items}
    assert len({item.pair.source for item in items}) == 2 * experiment.REPLACED
    assert sum(item.old != item.new for item in items) == experiment.REPLACED


def test_a_replacement_changes_one_noun_and_what_agrees_with_it():
    known = set(experiment.codecs()[1].vocabulary.tokens)
    for item in experiment.replacements():
        old = experiment.WORDS.tokenize(item.pair.target)
        place = len(item.prefix) - 1
        assert tuple(old[:place]) == item.prefix[:-1]
        assert tuple(old[place + 1 :]) == item.old
        assert old[place] != item.prefix[-1]
        assert item.prefix[-1] not in old
        assert len(item.old) == len(item.new)
        assert known.issuperset((*item.prefix, *item.new))


def test_what_differs_after_a_replaced_noun_is_an_agreeing_form():
    """Gentil and gentille begin alike: only forms of one word may take each other's place."""
    for item in experiment.replacements():
        for old, new in zip(item.old, item.new, strict=True):
            assert old[:2] == new[:2], item


# --- how models go on -----------------------------------------------------------------------------


def test_a_prefix_is_fed_word_by_word_and_then_the_models_own_words():
    english, french = experiment.codecs()
    le, chat, dort, stop = french.vocabulary.encode(["le", "chat", "dort", "."])
    model = Reciting([le, chat, dort, stop, EOS_ID], len(french.vocabulary))
    trained = Trained(model, english, french, History())
    sources = ["The cat sleeps.", "The cat sleeps."]
    written = experiment.continuations(trained, sources, [["le"], ["le", "lapin", "chat"]])
    assert written == [("chat", "dort", "."), (".",)]
    lapin = french.vocabulary.encode(["lapin"])[0]
    fed = torch.stack(model.fed, dim=1)[:, :5].tolist()
    assert fed == [[SOS_ID, le, chat, dort, stop], [SOS_ID, le, lapin, chat, stop]]


def test_a_continuation_is_that_of_the_old_or_the_new_meaning_or_neither(monkeypatch, untrained):
    def item(source: str, new: str) -> experiment.Replacement:
        return experiment.Replacement(
            SentencePair(source, f"les {source} a ."), ("les",), ("a", "."), (new, ".")
        )

    items = [item(source, new) for source, new in zip("pqrstu", "aabbbb", strict=True)]
    said = {"p": "a", "q": "c", "r": "a", "s": "b", "t": "c", "u": "a"}
    monkeypatch.setattr(
        experiment,
        "texts",
        lambda _, pairs: [pair.target if pair.source != "u" else "wrong" for pair in pairs],
    )
    monkeypatch.setattr(
        experiment, "continuations", lambda _, sources, prefixes: [(said[source], ".") for source in sources]
    )
    found = experiment.after_replacement(untrained, items)
    assert (found["same_items"], found["same_right"]) == (2, 50)
    assert found["differ_items"] == 3, "u was wrong before anything was replaced"
    assert [round(found[f"differ_{outcome}"]) for outcome in ("old", "new", "neither")] == [33, 33, 33]


# --- what is counted ------------------------------------------------------------------------------


def test_only_words_count(untrained):
    french = experiment.codecs()[1].vocabulary
    ids = torch.tensor([[*french.encode(["l'", "âne", "dort", ",", "."]), EOS_ID, 0]])
    assert experiment.are_words(ids).tolist() == [[True, True, True, False, False, False, False]]


def test_the_first_position_is_the_same_whatever_is_fed(untrained):
    records = experiment.by_position(untrained, experiment.SHORT)
    assert [record["position"] for record in records] == [1, 2, 3, 4, 5]
    assert records[0]["truth"] == records[0]["own"]
    assert {record["pairs"] for record in records} == {experiment.OF_ONE_LENGTH}


def test_noise_and_the_words_of_another_sentence_begin_at_the_second_token(monkeypatch, untrained):
    inputs, counted = [], []
    monkeypatch.setattr(
        experiment,
        "right_words",
        lambda model, batch, fed=None: (
            inputs.append((batch, fed)) or torch.ones_like(batch.target_output) > 0
        ),
    )
    monkeypatch.setattr(experiment, "percent", lambda right, which: counted.append(which) or 0.0)
    experiment.fed_with(untrained, experiment.corpus().test[:60])
    (batch, truth), (_, own), (_, other), (_, noise) = inputs
    assert own is None
    assert torch.equal(truth, batch.target_input)
    words = experiment.are_words(batch.target_output)
    for which in counted:
        assert not which[:, 0].any()
        assert torch.equal(which[:, 1:], words[:, 1:])
    for fed in (other, noise):
        assert (fed[:, 0] == SOS_ID).all()
        assert (fed[:, 1:] != truth[:, 1:])[words[:, 1:]].double().mean() > 0.5
    # Another sentence ends where this one does, and is a true one.
    assert torch.equal(other != 0, truth != 0)
    assert not (other == truth).all(dim=1).any()
    assert set(map(tuple, other.tolist())) <= set(map(tuple, truth.tolist()))
    assert experiment.are_words(noise[:, 1:]).all()
    assert torch.equal(noise, experiment.noise_like(batch)), "every model gets the same"


def test_rows_are_paired_with_others_of_their_length():
    partners = experiment.partners_of_equal_length(torch.tensor([3, 5, 3, 4, 3, 5]))
    assert partners == [2, 5, 4, 3, 0, 1]
