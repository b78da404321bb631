"""The experiment of notebook 3: the replaced noun, the decoder's input, and what counts as a word."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor

from seq2seq_utils.experiments import read, replaced_noun
from seq2seq_utils.experiments import teacher_forcing as experiment
from seq2seq_utils.experiments.experiment import Trained
from seq2seq_utils.experiments.stored import identity, missing
from seq2seq_utils.grammar import lexicon
from seq2seq_utils.models import Encoded, PlainState, Step, evaluation_mode, plain_model
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import EOS_ID, SOS_ID, UNK_ID, count_words
from seq2seq_utils.training import History, predict, seed_everything

FED = experiment.FED
RESULTS = Path(__file__).parents[1] / "notebooks" / "results"


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


def test_the_rising_ratio_is_the_falling_one_from_its_end_to_its_beginning():
    steps = 2 * -(-experiment.PAIRS // experiment.BATCH_SIZE)
    falling, rising = (
        [arm.settings.teacher_forcing(step) for step in range(steps)]
        for arm in (
            experiment.Arm(ratio=1.0, falls=True, epochs=2),
            experiment.Arm(ratio=1.0, rises=True, epochs=2),
        )
    )
    assert rising == falling[::-1]
    assert rising[0] < 0.01 < 0.99 < rising[-1] == 1


def test_the_controls_are_of_the_main_budget_and_have_its_seeds():
    budgets = {name: [experiment.named(name, epochs) for epochs in experiment.BUDGETS] for name in FED}
    compared = experiment.COMPARED
    controls = compared.arms.keys() - {arm for arms in budgets.values() for arm in arms}
    assert controls == {experiment.named(name, 6) for name in experiment.CONTROLS | experiment.FASTER}
    faster = {experiment.named(name, 6) for name in experiment.FASTER}
    assert {compared.arms[name] for name in faster} == {experiment.Arm(ratio=0.0, learning_rate=0.02)}
    main = [arm for name, arm in compared.arms.items() if arm.epochs == 6 and name not in faster]
    assert len({(arm.ratio, arm.falls, arm.rises, arm.random_words) for arm in main}) == 7
    assert {arm.learning_rate for arm in main} == {0.01}
    assert {compared.seeds[name] for name in controls} == {range(10)}


def test_each_way_of_feeding_is_tried_with_rates_on_both_sides_of_the_one_it_has():
    tried = experiment.SEARCH.arms
    for name, arm in (FED | experiment.CONTROLS).items():
        for rate in (0.005, arm.learning_rate, 0.02):
            found = tried[f"{name}, rate {rate:g}"]
            assert found.learning_rate == rate
            assert (found.ratio, found.falls, found.rises, found.random_words, found.epochs) == (
                (arm.ratio, arm.falls, arm.rises, arm.random_words, 6)
            )


@pytest.mark.parametrize("compared", [experiment.SEARCH, experiment.COMPARED], ids=lambda it: it.name)
def test_the_stored_runs_are_of_the_arms_as_they_are_defined(compared):
    path = RESULTS / f"{compared.name}.json"
    stored = {identity(run) for run in read(path).runs}
    assert stored <= set(compared.runs())
    assert not stored & set(missing(path, compared))


# --- random words ---------------------------------------------------------------------------------


def fed_to(model: torch.nn.Module, batch) -> Tensor:
    """What the decoder of a model is fed in training."""
    fed: list[Tensor] = []
    handle = model.decoder.register_forward_pre_hook(lambda _, given: fed.append(given[0]))
    predict(model, batch)
    handle.remove()
    return fed[0]


def test_random_words_take_the_place_of_a_share_of_the_true_ones_and_of_nothing_else():
    batch = experiment.batch_of(experiment.corpus().train[:400])
    true = batch.target_input
    for share in (0.5, 0.125):
        seed_everything(3)
        model = experiment.new_model(share).train()
        fed = fed_to(model, batch)
        changed = fed != true
        assert not changed[true < UNK_ID].any(), "SOS and PAD stay"
        assert experiment.are_words(fed[changed]).all()
        assert len(fed[changed].unique()) > 200
        assert changed[true >= UNK_ID].double().mean() == pytest.approx(share, abs=0.02)
        assert not torch.equal(fed_to(model, batch), fed), "others each time"
        seed_everything(3)
        assert torch.equal(fed_to(experiment.new_model(share).train(), batch), fed)
        with evaluation_mode(model):
            assert torch.equal(fed_to(model, batch), true)


def test_a_model_fed_random_words_begins_with_the_weights_of_the_others(monkeypatch):
    def weights(name: str) -> dict[str, Tensor]:
        found = {}
        monkeypatch.setattr(
            experiment,
            "train_pairs",
            lambda model, *_, **__: found.update(model=model) or History(),
        )
        experiment.train(experiment.COMPARED.arms[experiment.named(name, 6)], seed=5)
        assert isinstance(found["model"], experiment.FedRandomWords) == ("random" in name)
        assert getattr(found["model"], "share", None) == {"random words": 0.5}.get(name)
        return found["model"].state_dict()

    plain, noisy = weights("ratio 1"), weights("random words")
    assert plain.keys() == noisy.keys()
    assert all(torch.equal(plain[name], noisy[name]) for name in plain)


def test_random_words_are_refused_where_the_decoder_goes_step_by_step():
    for way in ({"ratio": 0.5}, {"ratio": 1.0, "falls": True}, {"ratio": 1.0, "rises": True}):
        with pytest.raises(ValueError, match=r"^random_words: 0\.1 needs ratio 1"):
            experiment.Arm(**way, random_words=0.1)


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
    assert [item.old == item.new for item in items] == [True] * 300 + [False] * 300
    assert {item.places for item in items[300:]} == {1}


def test_a_replacement_changes_one_noun_and_what_agrees_with_it():
    known = set(experiment.codecs()[1].vocabulary.tokens)
    for item in experiment.replacements():
        old = replaced_noun.WORDS.tokenize(item.pair.target)
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


def test_the_other_noun_has_the_other_gender_and_stands_in_the_other_source():
    genders = {form: noun.feminine for noun in lexicon.NOUNS for form in noun.french}
    for item in experiment.replacements():
        assert item.kept[:-1] == item.prefix[:-1]
        assert genders[item.kept[-1]] != genders[item.prefix[-1]]
        words, others = (replaced_noun.WORDS.tokenize(text) for text in (item.pair.source, item.other_source))
        assert sum(a != b for a, b in zip(words, others, strict=True)) == 1


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
        pair = SentencePair(source, f"un {source} a .")
        return experiment.Replacement(pair, source.upper(), ("un",), ("les",), ("a", "."), (new, "."))

    items = [item(source, new) for source, new in zip("pqrstu", "aabbbb", strict=True)]
    behind_the_other = {"p": "a", "q": "c", "r": "a", "s": "b", "t": "c", "u": "a"}

    def written(_, sources, prefixes):
        kept = "a" if prefixes[0] == ("un",) else None
        return [(kept or behind_the_other.get(source, "b"), ".") for source in sources]

    monkeypatch.setattr(experiment, "continuations", written)
    found = experiment.after_replacement(untrained, items)
    assert found["noun_kept"] == "rroooo"
    assert found["noun_replaced"] == "rwonxo"
    assert found["noun_in_both"] == "wwnnnn"
    assert found["old_meaning"] == 50


def test_all_words_are_those_of_by_position_taken_together(untrained):
    pairs = experiment.of_one_length(experiment.SHORT)
    found = experiment.all_words(untrained, pairs)
    of_places = pd.DataFrame(experiment.by_position(untrained, experiment.SHORT))
    assert found["words_truth"] == pytest.approx(of_places["truth"].mean())
    assert found["words_own"] == pytest.approx(of_places["own"].mean())


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


def test_words_are_counted_from_the_first_mistake_of_the_models_own(monkeypatch, untrained):
    positions = torch.tensor([[1, 2, 0, 3, 0], [1, 2, 3, 0, 0], [1, 2, 0, 3, 0], [1, 0, 2, 3, 0]])
    own = torch.tensor([[1, 0, 0, 1, 0], [1, 1, 1, 0, 0], [0, 0, 0, 1, 0], [1, 0, 1, 0, 0]]) > 0
    truth = torch.tensor([[1, 1, 0, 1, 0], [1, 1, 1, 0, 0], [0, 1, 0, 0, 0], [1, 0, 1, 0, 0]]) > 0
    monkeypatch.setattr(experiment, "right_by_position", lambda *_: (truth, own, positions))
    records = experiment.by_position(untrained, 3)
    assert [record["own"] for record in records] == [75, 50, 75]
    assert [record["flawless"] for record in records] == [75, 50, 25]
    assert experiment.after_mistake(untrained, 3) == [
        {"words": 3, "since": 1, "pairs": 2, "truth": 100, "own": 50},
        {"words": 3, "since": 2, "pairs": 1, "truth": 0, "own": 100},
    ]


def test_a_position_is_that_of_a_word_and_there_is_none_where_there_is_no_word(untrained):
    truth, own, positions = experiment.right_by_position(untrained, experiment.LONG)
    for row in positions:
        assert row[row > 0].tolist() == list(range(1, experiment.LONG + 1))
    targets = experiment.batch_of(experiment.of_one_length(experiment.LONG)).target_output
    assert torch.equal(positions > 0, experiment.are_words(targets))
    assert not (truth | own)[positions == 0].any()


def test_exact_match_of_one_length_is_of_the_sentences_whose_positions_are_counted(monkeypatch, untrained):
    targets = [pair.target for pair in experiment.of_one_length(experiment.SHORT)]
    monkeypatch.setattr(experiment, "texts", lambda *_: [*targets[:100], *["wrong"] * 400])
    found = experiment.exactly_right(untrained, experiment.SHORT)
    assert (found["words"], found["exact_match"]) == (5, 20)
    assert found["right"] == "1" * 100 + "0" * 400


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
