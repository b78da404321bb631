"""Fetching Multi30k: from a server on this machine that serves, stalls, truncates and lies.

The sentences here were written for this test; what is fetched is checked against their checksums.
"""

import gc
import gzip
import hashlib
import os
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seq2seq_utils import multi30k

FILES = {
    name: gzip.compress(f"{name} eins\n{name} zwei\n{name} drei\n".encode() * 40, mtime=0)
    for name in multi30k.SHA256
}
NEEDED = [f"{split}.{code}.gz" for split in multi30k.SPLITS for code in ("de", "en")]


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
            self.over.wait(20)
        elif not behaviour.startswith("truncate"):
            self.wfile.write(content[half:])

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(monkeypatch) -> Iterator[type[Server]]:
    handler = type("Handler", (Server,), {"over": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        monkeypatch.setattr(multi30k, "BASE_URL", f"http://127.0.0.1:{listening.server_port}/files/")
        yield handler
        handler.over.set()
        listening.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv(multi30k.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(multi30k, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(multi30k, "SECONDS_WITHOUT_AN_ANSWER", 0.5)
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    monkeypatch.setattr(multi30k, "SHA256", checksums)
    return tmp_path / "cache"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def fill(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(FILES[name])


def failure() -> str:
    with pytest.raises(FileNotFoundError) as caught:
        multi30k.load()
    assert caught.value.__context__ is None or caught.value.__suppress_context__, "no chain of tracebacks"
    return str(caught.value)


def test_six_files_are_fetched_once_and_read_as_three_splits(server, folder):
    splits = multi30k.load("german", "english")
    assert [len(split) for split in splits] == [120, 120, 120]
    assert (splits.train[1].source, splits.train[1].target) == ("train.de.gz zwei", "train.en.gz zwei")
    assert splits.test[2].target == "test_2016_flickr.en.gz drei"
    assert sorted(server.asked) == names_in(folder) == sorted(NEEDED)
    multi30k.load("english", "german")
    assert len(server.asked) == 6, "nothing is fetched again"


def test_another_language_is_one_word_away(server):
    splits = multi30k.load("english", "french")
    assert splits.validation[0].target == "val.fr.gz eins"


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
    assert all(word in message for word in (*NEEDED, str(folder), multi30k.FOLDER_VARIABLE))
    assert server.spoiled not in names_in(folder)
    assert set(names_in(folder)) <= set(NEEDED), "nor a half one under another name"

    server.behaviour = "serve"
    assert len(multi30k.load().train) == 120, "the next try goes on from there"
    gc.collect()  # what pooch has left open is complained of here, where it is expected


def test_without_a_network_the_message_says_what_to_do(folder, monkeypatch):
    with socket.socket() as taken:  # bound, but not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(multi30k, "BASE_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/")
        message = failure()
    assert "there is no connection to the server" in message
    assert all(word in message for word in (*NEEDED, str(folder), multi30k.FOLDER_VARIABLE))
    assert names_in(folder) == []


def test_without_a_network_the_cache_is_enough(folder):
    fill(folder, *NEEDED)
    assert len(multi30k.load().train) == 120


def test_a_damaged_file_in_the_cache_is_fetched_again(server, folder):
    fill(folder, *NEEDED)
    (folder / NEEDED[0]).write_bytes(FILES[NEEDED[0]][:50])
    multi30k.load()
    assert server.asked == (NEEDED[0],)
    assert (folder / NEEDED[0]).read_bytes() == FILES[NEEDED[0]]


def test_a_damaged_file_stays_as_it_is_where_no_better_one_comes(server, folder):
    server.behaviour, server.spoiled = "lie", NEEDED[0]
    fill(folder, *NEEDED)
    (folder / NEEDED[0]).write_bytes(b"old")
    failure()
    assert (folder / NEEDED[0]).read_bytes() == b"old"


def test_a_folder_that_cannot_be_written_is_named(server, folder):
    folder.write_text("a file where the folder should be")
    message = failure()
    assert "could not be written" in message
    assert str(folder) in message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(server, folder):
    folder.mkdir()
    folder.chmod(0o500)
    assert "could not be written" in failure()


# --- A folder of one's own --------------------------------------------------------------------------


def test_a_folder_given_by_the_environment_is_used_and_nothing_fetched(server, tmp_path, monkeypatch):
    fill(tmp_path / "mine", *NEEDED)
    monkeypatch.setenv(multi30k.FOLDER_VARIABLE, str(tmp_path / "mine"))
    assert len(multi30k.load().train) == 120
    assert server.asked == ()


@pytest.mark.parametrize(("content", "reason"), [(None, "it is not there"), (b"else", "it is damaged")])
def test_a_folder_given_that_lacks_a_file_is_named_and_left_as_it_is(
    server, tmp_path, monkeypatch, content, reason
):
    mine = tmp_path / "mine"
    fill(mine, *NEEDED)
    (mine / NEEDED[2]).unlink()
    if content is not None:
        (mine / NEEDED[2]).write_bytes(content)
    before = names_in(mine)
    monkeypatch.setenv(multi30k.FOLDER_VARIABLE, str(mine))
    assert re.match(rf"Multi30k: no {re.escape(NEEDED[2])}: {reason}", failure())
    assert server.asked == ()
    assert names_in(mine) == before


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        (("german", "klingon"), "target: 'klingon' is not one of english, german, french"),
        (("de", "english"), "source: 'de' is not one of"),
        (("german", "german"), "source, target: both are 'german'"),
    ],
)
def test_languages_that_make_no_pair_are_refused(languages, message):
    with pytest.raises(ValueError, match=message):
        multi30k.load(*languages)
