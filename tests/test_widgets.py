"""The step-by-step widget: it follows the decoding, and is kind to whatever is typed."""

import re
from html import unescape

import pytest
import torch

from seq2seq_utils.drawing.style import DARK_TEXT, FROM_WHITE, LIGHT_TEXT
from seq2seq_utils.drawing.widgets import DecodingExplorer, Words, steps_table
from seq2seq_utils.grammar import generate
from seq2seq_utils.models import attention_model, transformer_model
from seq2seq_utils.text import TextCodec, WordTokenizer
from seq2seq_utils.translation import DecodingStep, trace, translate

PAIRS = generate("french", 50, (3, 6))
ENGLISH = TextCodec.build(WordTokenizer(), (pair.source for pair in PAIRS))
FRENCH = TextCodec.build(WordTokenizer(), (pair.target for pair in PAIRS))
WORDS = Words("S", "Step", "Fed", "Looks", "Likeliest", "EMPTY", "UNKNOWN {words}", "ONLY UNKNOWN", "STORED")


@pytest.fixture(params=[attention_model, transformer_model])
def model(request):
    return request.param(len(ENGLISH.vocabulary), len(FRENCH.vocabulary), 8, 12)


@pytest.fixture
def explorer(model):
    return DecodingExplorer(model, ENGLISH, FRENCH, PAIRS[0].source, WORDS)


def rows(explorer: DecodingExplorer) -> int:
    return explorer.table.value.count("<tr>") - bool(explorer.table.value)


def test_the_slider_goes_through_the_translation_of_what_is_typed(explorer, model):
    for sentence in (PAIRS[0].source, PAIRS[1].source):
        explorer.sentence.value = sentence
        steps = trace(model, sentence, ENGLISH, FRENCH)
        assert explorer.step.max == len(steps) > 2
        for number in (1, 2, len(steps)):
            explorer.step.value = number
            tokens = ENGLISH.tokenizer.tokenize(sentence)
            assert explorer.table.value == steps_table(steps[:number], tokens, WORDS)
            assert rows(explorer) == number
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


def test_unknown_words_among_others_are_named_as_text_and_the_rest_is_translated(explorer):
    explorer.sentence.value = f"<b>xyzzy</b> {PAIRS[0].source}"
    unknown = [word for word in ENGLISH.tokenizer.tokenize("<b>xyzzy</b>") if word not in ENGLISH.vocabulary]
    assert unescape(explorer.message.value) == f"UNKNOWN {', '.join(unknown)}"
    assert "&lt;" in explorer.message.value
    assert "<b>xyzzy" not in explorer.table.value + explorer.message.value
    assert rows(explorer) >= 1


def test_a_notebook_that_is_only_read_says_so(explorer):
    assert repr(explorer) == "STORED"


def test_the_table_has_a_row_for_each_step_with_what_was_fed_and_what_was_likeliest(model):
    sentence = PAIRS[2].source
    steps = trace(model, sentence, ENGLISH, FRENCH, shown=3)
    table = steps_table(steps, ENGLISH.tokenizer.tokenize(sentence), WORDS)
    (translation,) = translate(model, [sentence], ENGLISH, FRENCH)
    tokens = [FRENCH.vocabulary.tokens[token_id] for token_id in translation.ids]
    likeliest = [unescape(word) for word in re.findall(r"<b>(.*?) \S+ %</b>", table)]
    assert likeliest[: len(tokens)] == tokens
    fed = [unescape(word) for word in re.findall(r"<tr><td [^>]*>\d+</td><td [^>]*>(.*?)</td>", table)]
    assert fed == [step.fed for step in steps] == ["<sos>", *likeliest[:-1]]
    assert "<sos>" not in table
    assert re.findall(r"<th [^>]*>(.*?)</th>", table) == ["Step", "Fed", "Looks", "Likeliest"]


def test_each_source_word_is_shaded_by_its_weight_and_can_be_read():
    step = DecodingStep("<sos>", torch.tensor([0.9, 0.1, 0.0]), [("la", 0.5)])
    table = steps_table([step], ["<red>", "house", "."], WORDS)
    spans = re.findall(r"<span title='(.*?)' style='.*?background:(.*?);color:(.*?)'>(.*?)</span>", table)
    assert [(weight, unescape(word)) for weight, _, _, word in spans] == [
        ("0.90", "<red>"),
        ("0.10", "house"),
        ("0.00", "."),
    ]
    assert "<red>" not in table
    shades = [sum(int(shade[at : at + 2], 16) for at in (1, 3, 5)) for _, shade, _, _ in spans]
    assert shades == [round(255 * sum(FROM_WHITE(weight)[:3])) for weight in (0.9, 0.1, 0)]
    assert [text for _, _, text, _ in spans] == [LIGHT_TEXT, DARK_TEXT, DARK_TEXT]


def test_chances_are_never_written_as_none_or_as_certainty():
    step = DecodingStep("<sos>", None, [("la", 0.996), ("le", 0.3), ("un", 0.0001)])
    assert "la &gt;99 %</b> · le 30 % · un &lt;1 %" in steps_table([step], [], WORDS)
