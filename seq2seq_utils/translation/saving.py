"""A trained model with all that it needs to translate, in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from seq2seq_utils.encoding.files import digest_of
from seq2seq_utils.models import Seq2Seq, attention_model, plain_model, transformer_model
from seq2seq_utils.text import TextCodec
from seq2seq_utils.text.stored import codec_from, describe
from seq2seq_utils.training import checkpoints

_FORMAT = 1
_SETTINGS, _WEIGHTS = "settings.json", "weights.pt"
_SIDES = ("source", "target")
_MODELS: dict[str, Callable[..., Seq2Seq]] = {
    "plain": plain_model,
    "attention": attention_model,
    "transformer": transformer_model,
}


def save_translator(
    folder: str | Path, model: Seq2Seq, codecs: tuple[TextCodec, TextCodec], **notes: object
) -> None:
    """Writes a model, its vocabularies and subwords, and with which versions of the libraries it was made.

    Args:
        folder: where to; it is made if need be, and a translator that is there already is replaced.
        model: as `plain_model`, `attention_model` or `transformer_model` makes it, trained or not.
        codecs: of the sentences, and of the translations.
        notes: what else you want to find there, such as the settings of the training: whatever JSON can say.

    Raises:
        ValueError: if the model was put together in another way, or a tokenizer is neither of characters nor
            of words nor of subwords.
    """
    made_with = _made_with(model)
    folder = Path(folder)
    settings: dict[str, Any] = {
        "format": _FORMAT,
        "model": made_with,
        "notes": notes,
        "versions": {name: version(name) for name in ("torch", "sentencepiece")},
    }
    files = {}
    for side, codec in zip(_SIDES, codecs, strict=True):
        settings[side], subwords = describe(codec)
        if subwords is not None:
            files[f"{side}.model"] = subwords
    json.dumps(settings)  # what JSON cannot say fails here, before anything is written
    checkpoints.save(folder / _WEIGHTS, {"weights": model.state_dict()})
    for name, contents in files.items():
        _write(folder / name, contents)
    settings["digests"] = {name: _digest(folder / name) for name in (_WEIGHTS, *files)}
    _write(folder / _SETTINGS, json.dumps(settings, ensure_ascii=False, indent=1).encode())
    for name in {f"{side}.model" for side in _SIDES} - files.keys():
        (folder / name).unlink(missing_ok=True)  # of a translator that was there before


def load_translator(folder: str | Path) -> tuple[Seq2Seq, tuple[TextCodec, TextCodec]]:
    """What `save_translator` has written, on the CPU, ready to translate.

    No code in the files is run (`weights_only=True`; PyTorch before 2.6 can be tricked by a forged file).

    Args:
        folder: where it is.

    Raises:
        FileNotFoundError: if a file is not there.
        ValueError: if a file is damaged, of another translator, or of a format that cannot be read here.
    """
    folder = Path(folder)
    settings = _settings(folder / _SETTINGS)
    for name, digest in settings["digests"].items():
        if _digest(folder / name) != digest:
            raise ValueError(f"folder: {folder / name} is damaged, or of another translator")
    source, target = (
        codec_from(settings[side], (folder / name).read_bytes() if name in settings["digests"] else None)
        for side, name in ((side, f"{side}.model") for side in _SIDES)
    )
    model = _make(settings["model"])
    model.load_state_dict(checkpoints.load(folder / _WEIGHTS, "weights")["weights"])
    return model.eval(), (source, target)


# --------------------------------------------------------------------------------------- the model
def _make(made_with: Mapping[str, Any]) -> Seq2Seq:
    arguments = dict(made_with)
    return _MODELS[arguments.pop("model")](**arguments)


def _made_with(model: Seq2Seq) -> dict[str, Any]:
    """The arguments that make a model of the same shape; refuses one that has been changed since."""
    if model.made_with is not None:
        with torch.device("meta"):  # shapes without numbers
            as_made = _make(model.made_with)
        if repr(as_made) == repr(model):
            return model.made_with
    raise ValueError(
        "model: it is not as `plain_model`, `attention_model` or `transformer_model` makes one, so it could "
        "not be made again"
    )


# ------------------------------------------------------------------------------------------- files
def _write(path: Path, contents: bytes) -> None:
    with checkpoints.whole_or_not_at_all(path) as file:
        file.write(contents)


def _digest(path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"folder: there is no {path}")
    return digest_of(path)


def _settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"folder: there is no {path}")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        written = settings["format"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"folder: {path} is damaged, or not the settings of a translator") from None
    if written != _FORMAT:
        raise ValueError(f"folder: {path} has the format {written}; only {_FORMAT} can be read here")
    return dict(settings)
