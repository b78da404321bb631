"""The step-by-step widget: it follows the decoding, and is kind to whatever is typed."""

import re
from html import unescape

import pytest

from seq2seq_utils.attention import attention_model
from seq2seq_utils.corpus import generate
from seq2seq_utils.decoding import DecodingStep, trace, translate
from seq2seq_utils.text import TextCodec, WordTokenizer
from seq2seq_utils.widgets import DecodingExplorer, Words, steps_table

PAIRS = generate("french", 50, (3, 6))
ENGLISH = TextCodec.build(WordTokenizer(), (pair.source for pair in PAIRS))
FRENCH = TextCodec.build(WordTokenizer(), (pair.target for pair in PAIRS))
WORDS = Words("S", "Step", "Fed", "Looks", "Likeliest", "EMPTY", "UNKNOWN {words}", "ONLY UNKNOWN", "STORED")


@pytest.fixture
def model():
    return attention_model(len(ENGLISH.vocabulary), len(FRENCH.vocabulary), 8, 12)


@pytest.fixture
def explorer(model):
    return DecodingExplorer(model, ENGLISH, FRENCH, PAIRS[0].source, WORDS)


def rows(explorer: DecodingExplorer) -> int:
    return explorer.table.value.count("<tr>") - bool(explorer.table.value)


def test_the_slider_goes_through_the_translation(explorer, model):
    steps = trace(model, PAIRS[0].source, ENGLISH, FRENCH)
    assert explorer.step.max == len(steps) > 2
    for number in (1, 2, len(steps)):
        explorer.step.value = number
        assert rows(explorer) == number


def test_a_new_sentence_is_translated(explorer):
    before = explorer.table.value
    explorer.sentence.value = PAIRS[1].source
    assert explorer.table.value != before
    assert explorer.message.value == ""


@pytest.mark.parametrize(
    ("typed", "message"), [("", "EMPTY"), ("   ", "EMPTY"), ("xyzzy plugh", "ONLY UNKNOWN")]
)
def test_what_cannot_be_translated_is_answered_kindly(explorer, typed, message):
    explorer.sentence.value = typed
    assert explorer.message.value == message
    assert explorer.table.value == ""
    assert explorer.step.disabled
    explorer.sentence.value = PAIRS[1].source
    assert not explorer.step.disabled
    assert rows(explorer) >= 1


def test_unknown_words_among_others_are_named_and_the_rest_is_translated(explorer):
    explorer.sentence.value = f"xyzzy {PAIRS[0].source}"
    assert explorer.message.value == "UNKNOWN xyzzy"
    assert rows(explorer) >= 1


def test_what_is_typed_is_text_and_not_html(explorer):
    explorer.sentence.value = "<b>xyzzy</b> " + PAIRS[0].source
    page = explorer.table.value + explorer.message.value
    assert "&lt;" in page
    assert "<b>xyzzy" not in page


def test_a_notebook_that_is_only_read_says_so(explorer):
    assert repr(explorer) == "STORED"


def test_the_table_has_a_row_for_each_step_with_what_was_fed_and_said(model):
    sentence = PAIRS[2].source
    steps = trace(model, sentence, ENGLISH, FRENCH, shown=3)
    table = steps_table(steps, ENGLISH.tokenizer.tokenize(sentence), WORDS)
    said = [unescape(word) for word in re.findall(r"<b>(.*?) \S+ %</b>", table)]
    (translation,) = translate(model, [sentence], ENGLISH, FRENCH)
    assert said[: len(translation.ids)] == [FRENCH.vocabulary.tokens[id] for id in translation.ids]
    assert len(said) == len(steps)
    assert table.count("<span") == len(steps) * len(ENGLISH.encode(sentence))


def test_chances_are_never_written_as_none_or_as_certainty():
    step = DecodingStep("<sos>", None, [("la", 0.996), ("le", 0.3), ("un", 0.0001)])
    assert "la &gt;99 %</b> · le 30 % · un &lt;1 %" in steps_table([step], [], WORDS)
