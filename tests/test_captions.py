"""Fetching Multi30k: from a server on this machine that serves, stalls, truncates and lies.

The sentences here were written for this test; what is fetched is checked against their checksums.
"""

import gc
import gzip
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seq2seq_utils import captions

FILES = {
    name: gzip.compress(f"{name} eins\n{name} zwei\n{name} drei\n".encode() * 40, mtime=0)
    for name in captions.SHA256
}
NEEDED = [f"{split}.{code}.gz" for split in captions.SPLITS for code in ("de", "en")]


class Server(BaseHTTPRequestHandler):
    """Serves `FILES`; how is in `behaviour`, and for which file in `spoiled`."""

    behaviour = "serve"
    spoiled = NEEDED[3]
    asked: tuple[str, ...] = ()
    over: threading.Event

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[1]
        type(self).asked += (name,)
        content = FILES[name]
        behaviour = self.behaviour if name == self.spoiled else "serve"
        if behaviour == "lie":
            content = content[:-1] + bytes([content[-1] ^ 1])
        self.send_response(404 if behaviour == "refuse" else 200)
        if behaviour != "truncate without a length":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        if behaviour == "stall":
            self.over.wait(5)
        elif not behaviour.startswith("truncate"):
            self.wfile.write(content[half:])

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(monkeypatch) -> Iterator[type[Server]]:
    handler = type("Handler", (Server,), {"over": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr(captions, "BASE_URL", f"http://127.0.0.1:{listening.server_port}/files/")
        yield handler
        handler.over.set()
        listening.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv(captions.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(captions, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(captions, "SECONDS_WITHOUT_AN_ANSWER", 0.5)
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    monkeypatch.setattr(captions, "SHA256", checksums)
    return tmp_path / "cache"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def fill(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(FILES[name])


def failure() -> str:
    with pytest.raises(FileNotFoundError) as caught:
        captions.load()
    assert caught.value.__context__ is None or caught.value.__suppress_context__, "no chain of tracebacks"
    return str(caught.value)


def what_to_do_is_said(message: str, folder: Path) -> bool:
    return all(word in message for word in (*NEEDED, str(folder), captions.FOLDER_VARIABLE))


# --- From the network into the cache ----------------------------------------------------------------


def test_six_files_are_fetched_once_and_read_as_three_splits(server, folder):
    splits = captions.load("german", "english")
    assert [len(split) for split in splits] == [120, 120, 120]
    assert (splits.train[1].source, splits.train[1].target) == ("train.de.gz zwei", "train.en.gz zwei")
    assert (splits.validation[0].source, splits.validation[0].target) == ("val.de.gz eins", "val.en.gz eins")
    assert splits.test[2].target == "test_2016_flickr.en.gz drei"
    assert sorted(server.asked) == names_in(folder) == sorted(NEEDED)
    turned = captions.load("english", "german")
    assert (turned.train[1].source, turned.train[1].target) == ("train.en.gz zwei", "train.de.gz zwei")
    assert len(server.asked) == 6, "nothing is fetched again"
    assert captions.load("english", "french").validation[0].target == "val.fr.gz eins"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pooch leaves a 404 unread
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("stall", "no answer within 0.5 seconds"),
        ("truncate", "the download was cut off"),
        ("truncate without a length", "what came is not the file it should be"),
        ("lie", "what came is not the file it should be"),
        ("refuse", "the server answered 404"),
    ],
)
def test_a_download_that_goes_wrong_ends_in_one_message_and_leaves_no_damaged_file(
    server, folder, behaviour, reason
):
    server.behaviour = behaviour
    message = failure()
    assert message.startswith(f"Multi30k: no {server.spoiled}: {reason}")
    assert what_to_do_is_said(message, folder)
    assert server.spoiled not in names_in(folder)
    assert set(names_in(folder)) <= set(NEEDED), "nor a half one under another name"

    server.behaviour = "serve"
    assert len(captions.load().train) == 120, "the next try goes on from there"
    gc.collect()  # what pooch has left open is complained of here, where it is expected


def test_without_a_network_the_cache_is_enough_or_the_message_says_what_to_do(folder, monkeypatch):
    with socket.socket() as taken:  # bound, but not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(captions, "BASE_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/")
        message = failure()
        assert "there is no connection to the server" in message
        assert what_to_do_is_said(message, folder)
        assert names_in(folder) == []
        fill(folder, *NEEDED)
        assert len(captions.load().train) == 120


def test_a_damaged_file_in_the_cache_is_fetched_again_and_stays_where_no_better_one_comes(server, folder):
    fill(folder, *NEEDED)
    (folder / NEEDED[0]).write_bytes(b"old")
    server.behaviour, server.spoiled = "lie", NEEDED[0]
    failure()
    assert (folder / NEEDED[0]).read_bytes() == b"old"
    server.behaviour = "serve"
    captions.load()
    assert set(server.asked) == {NEEDED[0]}
    assert (folder / NEEDED[0]).read_bytes() == FILES[NEEDED[0]]


def test_a_folder_that_cannot_be_written_is_named(server, folder):
    folder.write_text("a file where the folder should be")
    message = failure()
    assert "could not be written" in message
    assert str(folder) in message


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(server, folder):
    folder.mkdir()
    folder.chmod(0o500)
    assert "could not be written" in failure()


def test_another_test_set_is_fetched_when_it_is_asked_for_and_not_before(
    server, folder, tmp_path, monkeypatch
):
    test = captions.load_test(2017, "english", "french")
    assert (len(test), test[1].source, test[1].target) == (
        120,
        "test_2017_flickr.en.gz zwei",
        "test_2017_flickr.fr.gz zwei",
    )
    assert sorted(server.asked) == ["test_2017_flickr.en.gz", "test_2017_flickr.fr.gz"]
    assert captions.load_test(2016) == captions.load().test

    given = tmp_path / "given"  # a folder that lacks it is enough for `load`, and is named by `load_test`
    fill(given, *NEEDED)
    monkeypatch.setenv(captions.FOLDER_VARIABLE, str(given))
    assert len(captions.load().test) == 120
    with pytest.raises(FileNotFoundError, match=r"no test_2017_flickr\.de\.gz: it is not there") as caught:
        captions.load_test(2017)
    assert str(given) in str(caught.value)
    assert "train" not in str(caught.value), "what is not needed need not be fetched by hand"


# --- A folder of one's own --------------------------------------------------------------------------


def test_a_folder_given_by_the_environment_is_used_as_it_is_and_nothing_fetched(
    server, tmp_path, monkeypatch
):
    given = tmp_path / "given"
    fill(given, *NEEDED)
    monkeypatch.setenv(captions.FOLDER_VARIABLE, str(given))
    assert len(captions.load().train) == 120
    for content, reason in ((b"else", "it is damaged"), (None, "it is not there")):
        (given / NEEDED[2]).unlink()
        if content is not None:
            (given / NEEDED[2]).write_bytes(content)
        before = names_in(given)
        message = failure()
        assert re.match(rf"Multi30k: no {re.escape(NEEDED[2])}: {reason}", message)
        assert what_to_do_is_said(message, given)
        assert names_in(given) == before
    assert server.asked == ()


def test_languages_that_make_no_pair_are_refused():
    for languages, message in (
        (("german", "klingon"), "^target: 'klingon' .*english, german, french"),
        (("de", "english"), "^source: 'de' .*english, german, french"),
        (("german", "german"), "^source, target: .*'german'"),
    ):
        with pytest.raises(ValueError, match=message):
            captions.load(*languages)
        with pytest.raises(ValueError, match=message):
            captions.load_test(2017, *languages)
    with pytest.raises(ValueError, match=r"^year: 2018 is not one of 2016, 2017$"):
        captions.load_test(2018)


LOADED_ALONE = """
import json, sys
from seq2seq_utils import captions
captions.SHA256 = json.loads(sys.argv[1])
assert len(captions.load().test) == 120
print([name for name in sys.modules if name.startswith("seq2seq_utils.grammar")])
"""


def test_captions_are_loaded_without_the_grammar(tmp_path):
    fill(tmp_path / "given", *NEEDED)
    ran = subprocess.run(
        [sys.executable, "-c", LOADED_ALONE, json.dumps(captions.SHA256)],
        env={**os.environ, captions.FOLDER_VARIABLE: str(tmp_path / "given")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
