"""Ten bugs of somebody who had not seen the audit's code: how many does it find?"""

import pytest
from outside_bugs import PLANTED, Translator

from seq2seq_utils.evaluation.audit import Outcome, audit
from seq2seq_utils.experiments import bugs_that_hide

FOUND_BY = {  # without any training
    "states of a batch mixed": "alone = in a batch",
    "context kept between batches": "order in the batch",
    "long targets lose their end": "padding is not in the loss",
    "mean counts PAD": "padding is not in the loss",
    "oversampled before the split": "no test sentence in training",
    "validation drops its last batch": "the reported loss is per token",
}
# These two leave the trained model alone, and are audited with the sound one's weights.
FOUND_TRAINED_BY = {
    "translation as long as the source": "rows end one by one",
    "map not flipped back": "weights beside their words",
}
# No function that an adapter has shows these: the one is in the training step, and of the other the weights
# are right, but those of a part that the module does not know.
NOT_FOUND = ("gradients never zeroed", "layers in a plain dict")


@pytest.fixture(scope="module")
def data():
    return bugs_that_hide.sentences()


@pytest.fixture(scope="module")
def sound(data):
    return made(Translator, data, steps=300)  # after 200 it is too early for maps


def made(kind, data, steps=0, trained=None):
    sizes = tuple(len(codec.vocabulary) for codec in data.codecs)
    return kind(data.train_ids, data.test_ids, sizes, steps, trained)


def failed(translator, data, gold=None):
    found = audit(translator.adapter(), translator.test_pairs, translator.train_pairs, gold)
    return found.with_outcome(Outcome.FAILS)


def test_in_the_sound_program_nothing_fails_trained_or_not(sound, data):
    assert failed(sound, data, data.gold) == failed(made(Translator, data), data, data.gold) == []


@pytest.mark.parametrize("name", FOUND_BY)
def test_a_bug_is_found_before_any_training(name, data):
    assert FOUND_BY[name] in failed(made(PLANTED[name], data), data)


@pytest.mark.parametrize("name", FOUND_TRAINED_BY)
def test_a_bug_around_a_sound_model_is_found(name, sound, data):
    assert failed(made(PLANTED[name], data, trained=sound), data, data.gold)[-1] == FOUND_TRAINED_BY[name]


def test_two_of_the_ten_are_not_found():
    assert {*PLANTED} == {*FOUND_BY, *FOUND_TRAINED_BY, *NOT_FOUND}


@pytest.mark.parametrize("name", NOT_FOUND)
def test_what_no_function_of_the_adapter_shows_is_not_found(name, data):
    assert failed(made(PLANTED[name], data), data) == []
