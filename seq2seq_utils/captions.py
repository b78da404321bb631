"""Multi30k: 32,014 real image captions in English, German and French, fetched when they are first asked for.

The captions (Elliott et al., 2016 and 2017) are for non-commercial research and education, and not part of
this project. They come from the public repository multi30k/dataset, at one commit; each file must have the
checksum that is written here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pooch
import requests

from seq2seq_utils.pairs import SentencePair, Splits, read_pairs
from seq2seq_utils.progress import progress_bar

FOLDER_VARIABLE = "MULTI30K_DIR"  # names a folder that has the files already
COMMIT = "a3d2e0d26b56f3846f66a952536ffed4e401d05a"
BASE_URL = f"https://raw.githubusercontent.com/multi30k/dataset/{COMMIT}/data/task1/raw/"
SECONDS_WITHOUT_AN_ANSWER = 30

# Groups of sentence lengths, in words; every caption of test_2016_flickr lies in one of them.
LENGTH_BUCKETS = [(1, 7), (8, 10), (11, 13), (14, 17), (18, 40)]
LANGUAGES = {"english": "en", "german": "de", "french": "fr"}
SPLITS = ("train", "val", "test_2016_flickr")
TESTS = {2016: "test_2016_flickr", 2017: "test_2017_flickr"}
SHA256 = {
    "train.de.gz": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.de.gz": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    "test_2016_flickr.de.gz": "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
    "test_2017_flickr.de.gz": "a2c89666db00c495cd8513b9d708d5a3acc205d7de312ef2bf5fb7ebc1540aee",
    "test_2017_flickr.en.gz": "76a444ee25172e72695cddb13ae4a3bda59430617be88e0bb46b60504f054074",
    "test_2017_flickr.fr.gz": "3ba671ceb2299f3304ffafefea7a833d08632fbaf0ba18546f8a2ec2391af496",
}


def load(source: str = "german", target: str = "english") -> Splits:
    """29,000 pairs to train on, 1,014 for validation, 1,000 to test (test_2016_flickr).

    The six files come from the folder that the environment variable MULTI30K_DIR names; without it from the
    user's cache folder, where they are kept after the first download (1.3 MB). The splits are the published
    ones: up to three captions stand both in the training and in the validation set, but none of the test set.

    Args:
        source: ``"german"``, ``"english"`` or ``"french"``.
        target: another one of these.

    Raises:
        ValueError: if a language is unknown, or both are the same.
        FileNotFoundError: if a file is not to be had, or not as it should be: the message says why, and where
            to put the files by hand. A download that was cut off or altered leaves no file behind.
    """
    return Splits(*_read(SPLITS, source, target))


def load_test(year: int, source: str = "german", target: str = "english") -> list[SentencePair]:
    """The 1,000 pairs of one test set; its two files are looked for, and fetched, when it is asked for.

    Two German captions of 2017 stand in the training set, too, with other translations.

    Args:
        year: 2016 (test_2016_flickr, which `load` gives, too) or 2017 (test_2017_flickr).
        source: see `load`.
        target: see `load`.

    Raises:
        ValueError: if there is no test set of that year, a language is unknown, or both are the same.
        FileNotFoundError: see `load`.
    """
    if year not in TESTS:
        raise ValueError(f"year: {year} is not one of {', '.join(map(str, TESTS))}")
    return _read([TESTS[year]], source, target)[0]


def cache_folder() -> Path:
    """Where downloaded files are kept: the platform's cache folder of this user."""
    return Path(pooch.os_cache("seq2seq-attention-tutorial")) / "multi30k"


def _read(splits: Sequence[str], source: str, target: str) -> list[list[SentencePair]]:
    """The pairs of some splits, all of whose files are there before the first is read."""
    for name, language in (("source", source), ("target", target)):
        if language not in LANGUAGES:
            raise ValueError(f"{name}: {language!r} is not one of {', '.join(LANGUAGES)}")
    if source == target:
        raise ValueError(f"source, target: both are {source!r}; a translation needs two languages")
    names = [(f"{split}.{LANGUAGES[source]}.gz", f"{split}.{LANGUAGES[target]}.gz") for split in splits]
    paths = _paths([name for pair in names for name in pair])
    return [read_pairs(paths[of_source], paths[of_target]) for of_source, of_target in names]


def _paths(names: list[str]) -> dict[str, Path]:
    """Where the files are, each one looked at."""
    if given := os.environ.get(FOLDER_VARIABLE):
        for name in names:
            if reason := _fault(Path(given) / name):
                raise _not_to_be_had(name, reason, Path(given), names)
        return {name: Path(given) / name for name in names}
    folder = cache_folder()
    pooch.get_logger().setLevel("WARNING")  # it would write this machine's paths into a notebook
    store = pooch.create(folder, BASE_URL, registry=SHA256)
    for name in names:
        if _fault(folder / name):
            _fetch(store, name, names)
    return {name: folder / name for name in names}


def _fetch(store: pooch.Pooch, name: str, names: list[str]) -> None:
    try:
        with progress_bar(0, name, unit="B", unit_scale=True) as bar:
            downloader = pooch.HTTPDownloader(progressbar=bar, timeout=SECONDS_WITHOUT_AN_ANSWER)
            store.fetch(name, downloader=downloader)
    except OSError as error:
        raise _not_to_be_had(name, _reason(error), Path(store.path), names) from None
    except ValueError:  # pooch's word for a checksum that is another
        reason = "what came is not the file it should be (its SHA-256 is another)"
        raise _not_to_be_had(name, reason, Path(store.path), names) from None


def _fault(path: Path) -> str:
    """What is wrong with a file, or nothing."""
    if not path.is_file():
        return "it is not there"
    if pooch.file_hash(str(path)) != SHA256[path.name]:
        return "it is damaged, or another file (its SHA-256 is not the one it should be)"
    return ""


def _reason(error: OSError) -> str:
    """Why a download failed; all errors of `requests` are OSErrors."""
    if isinstance(error, requests.RequestException) and "timed out" in str(error).lower():
        return f"no answer within {SECONDS_WITHOUT_AN_ANSWER} seconds"
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection to the server"
    if isinstance(error, requests.RequestException):
        return "the download was cut off"
    return f"it could not be written ({error.strerror or error})"


def _not_to_be_had(name: str, reason: str, folder: Path, names: list[str]) -> FileNotFoundError:
    return FileNotFoundError(
        f"Multi30k: no {name}: {reason}.\n"
        f"By hand: get {', '.join(names)} from {BASE_URL}, put them into {folder}, and try again; or set the "
        f"environment variable {FOLDER_VARIABLE} to the folder where you have them."
    )
