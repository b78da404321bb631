"""A translator in a folder: what comes back translates the same, and what is not right is refused."""

import json

import pytest
import torch
from torch import nn

from seq2seq_utils.models import Seq2Seq, attention_model, open_gates, plain_model, transformer_model
from seq2seq_utils.text import CharacterTokenizer, SubwordTokenizer, TextCodec, WordTokenizer
from seq2seq_utils.translation import load_translator, save_translator, translate

TEXTS = ["the small cat sleeps.", "a dog sees the cat.", "the cat sees a small dog."]
TOKENIZERS = {
    "characters": CharacterTokenizer(),
    "words": WordTokenizer(),
    "subwords": SubwordTokenizer.train(TEXTS * 20, 30),
}


def translator(kind: str = "words", **sizes) -> tuple[Seq2Seq, tuple[TextCodec, TextCodec]]:
    codec = TextCodec.build(TOKENIZERS[kind], TEXTS)
    torch.manual_seed(5)
    model = attention_model(len(codec.vocabulary), len(codec.vocabulary), 4, 8, **sizes)
    return model, (codec, codec)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_what_comes_back_translates_the_same(tmp_path, kind):
    model, codecs = translator(kind, dropout=0.5, tied=True)
    save_translator(tmp_path / "made" / "here", model, codecs)
    torch.manual_seed(99)
    loaded, loaded_codecs = load_translator(tmp_path / "made" / "here")
    assert not loaded.training
    for before, after in zip(codecs, loaded_codecs, strict=True):
        assert after.vocabulary.tokens == before.vocabulary.tokens
        assert after.encode(TEXTS[1]) == before.encode(TEXTS[1])
    assert loaded.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(loaded.state_dict()[name], value) for name, value in model.state_dict().items())
    texts = [found.text for found in translate(model, TEXTS, *codecs)]
    assert [found.text for found in translate(loaded, TEXTS, *loaded_codecs)] == texts


@pytest.mark.parametrize("sizes", [{"encoder_layers": 2}, {"context": "mean"}, {"encoder_size": 3}], ids=str)
def test_every_shape_comes_back(tmp_path, sizes):
    model, codecs = translator(**sizes)
    save_translator(tmp_path, model, codecs)
    assert repr(load_translator(tmp_path)[0]) == repr(model)


def test_a_plain_model_with_open_gates_comes_back(tmp_path):
    _, codecs = translator()
    size = len(codecs[0].vocabulary)
    model = plain_model(size, size, 6, 8, "lstm")
    open_gates(model, 2.0)
    save_translator(tmp_path, model, codecs)
    loaded, _ = load_translator(tmp_path)
    assert torch.equal(loaded.encoder.rnn.bias_ih_l0, model.encoder.rnn.bias_ih_l0)


@pytest.mark.parametrize(
    "sizes", [{}, {"layers": 3}, {"heads": 2}, {"tied": True}, {"positions": False}], ids=str
)
def test_a_transformer_of_every_shape_comes_back_and_translates_the_same(tmp_path, sizes):
    _, codecs = translator()
    size = len(codecs[0].vocabulary)
    model = transformer_model(size, size, 8, dropout=0.5, **sizes)
    save_translator(tmp_path, model, codecs)
    loaded, _ = load_translator(tmp_path)
    assert repr(loaded) == repr(model.eval())
    for before, after in zip(
        translate(model, TEXTS, *codecs), translate(loaded, TEXTS, *codecs), strict=True
    ):
        assert after == before
        assert torch.equal(after.weights, before.weights)  # heads and positions have no weights to be told by


def test_notes_and_versions_stand_in_the_settings(tmp_path):
    save_translator(tmp_path, *translator(), epochs=3, pairs="mine")
    settings = json.loads((tmp_path / "settings.json").read_text(encoding="utf-8"))
    assert settings["notes"] == {"epochs": 3, "pairs": "mine"}
    assert settings["versions"]["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert settings["model"]["hidden_size"] == 8


def test_another_translator_takes_the_place_of_the_first(tmp_path):
    save_translator(tmp_path, *translator("subwords"))
    model, codecs = translator("words")
    save_translator(tmp_path, model, codecs)
    _, (source, _) = load_translator(tmp_path)
    assert source.vocabulary.tokens == codecs[0].vocabulary.tokens
    assert {file.name for file in tmp_path.iterdir()} == {"settings.json", "weights.pt"}


def test_a_model_that_cannot_be_made_again_is_refused(tmp_path):
    model, codecs = translator()
    by_hand = Seq2Seq(model.encoder, model.decoder)
    with pytest.raises(ValueError, match=r"^model: it is not as `plain_model`, `attention_model` or"):
        save_translator(tmp_path, by_hand, codecs)
    model.encoder.rnn = nn.GRU(4, 4, num_layers=2, bidirectional=True)
    with pytest.raises(ValueError, match=r"^model: it is not as `plain_model`, `attention_model` or"):
        save_translator(tmp_path, model, codecs)
    assert not list(tmp_path.iterdir())


def test_a_tokenizer_of_ones_own_is_refused_and_nothing_is_written(tmp_path):
    model, (source, target) = translator()

    class Mine(WordTokenizer):
        pass

    with pytest.raises(ValueError, match=r"^codecs: a Mine cannot be saved; those of characters, words and"):
        save_translator(tmp_path, model, (source, TextCodec(Mine(), target.vocabulary)))
    assert not list(tmp_path.iterdir())


def test_notes_that_json_cannot_say_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(TypeError):
        save_translator(tmp_path, *translator(), what=object())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["weights.pt", "source.model"])
def test_a_damaged_file_is_refused_by_name(tmp_path, name):
    save_translator(tmp_path, *translator("subwords"))
    contents = bytearray((tmp_path / name).read_bytes())
    contents[len(contents) // 2] ^= 1
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(ValueError, match=rf"^folder: .*{name} is damaged, or of another translator"):
        load_translator(tmp_path)


@pytest.mark.parametrize("name", ["settings.json", "weights.pt", "target.model"])
def test_a_missing_file_is_named(tmp_path, name):
    save_translator(tmp_path, *translator("subwords"))
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"^folder: there is no .*{name}"):
        load_translator(tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("no json", "is damaged, or not"), ("[]", "is damaged, or not"), ('{"format": 9}', "has the format 9;")],
)
def test_settings_that_are_none_are_refused(tmp_path, text, problem):
    save_translator(tmp_path, *translator())
    (tmp_path / "settings.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        load_translator(tmp_path)
