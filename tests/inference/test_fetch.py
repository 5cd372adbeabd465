"""Fetching from a server of our own on this machine, with all that can go wrong on the way. No other address is met."""

from __future__ import annotations

import hashlib
import re
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.inference import fetch as module
from gaitdynamics.inference.fetch import fetch
from published_files import LFS_POINTER

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Gives `files` by path; the next answers are cut after as many bytes as `cuts` says, one after the other."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files: dict[str, bytes] = {"/w/weights.pt": CONTENT}
        self.redirects: dict[str, str] = {}
        self.cuts: list[int] = []
        self.ranges = True
        self.etag = '"one"'
        self.asked: list[tuple[str, str | None]] = []

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # whoever asked may have had enough
            super().handle_error(request, client_address)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"{self.root}/w/weights.pt"


class Answer(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(with_content=False)

    def do_GET(self) -> None:
        self.answer(with_content=True)

    def answer(self, *, with_content: bool) -> None:
        server, asked = self.server, self.headers.get("Range")
        if with_content:
            server.asked.append((self.path, asked))
        if self.path in server.redirects:
            self.send_response(302)
            self.send_header("Location", server.redirects[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = server.files.get(self.path)
        if content is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        same = self.headers.get("If-Range", server.etag) == server.etag
        if asked and server.ranges and same:
            start = int(re.fullmatch(r"bytes=(\d+)-.*", asked)[1])
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", server.etag)
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()
        if with_content:
            end = start + server.cuts.pop(0) if server.cuts else len(content)
            self.wfile.write(content[start:end])
            self.close_connection = end < len(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def test_a_file_comes_whole_under_its_name(server, tmp_path):
    seen = []
    got = fetch(server.url, tmp_path / "new", sha256=SHA256.upper(), progress=lambda *now: seen.append(now))
    assert got.path == tmp_path / "new" / "weights.pt"
    assert got.path.read_bytes() == CONTENT
    assert (got.sha256, got.size_bytes, got.was_there) == (SHA256, len(CONTENT), False)
    assert names(tmp_path / "new") == ["weights.pt"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_cuts_are_resumed_where_they_were(server, tmp_path):
    server.cuts = [300_000, 400_000]
    assert fetch(server.url, tmp_path, sha256=SHA256, pause_s=0).path.read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=300000-", "bytes=700000-"]
    assert names(tmp_path) == ["weights.pt"]


def test_a_later_call_continues_what_was_kept(server, tmp_path):
    server.cuts = [100_000] * 4
    with pytest.raises(UserInputError, match="cut 4 times"):
        fetch(server.url, tmp_path, pause_s=0)
    assert (tmp_path / "weights.pt.part").stat().st_size == 400_000
    assert not (tmp_path / "weights.pt").exists()
    server.asked.clear()
    assert fetch(server.url, tmp_path, sha256=SHA256, pause_s=0).path.read_bytes() == CONTENT
    assert server.asked == [("/w/weights.pt", "bytes=400000-")]
    assert names(tmp_path) == ["weights.pt"]


@pytest.mark.parametrize("change", ["content", "address", "no ranges"])
def test_a_part_of_another_file_is_not_continued(change, server, tmp_path):
    server.cuts = [100_000] * 4
    with pytest.raises(UserInputError):
        fetch(server.url, tmp_path, pause_s=0)
    wanted = CONTENT
    if change == "content":
        wanted = server.files["/w/weights.pt"] = CONTENT[::-1]
        server.etag = '"two"'
    elif change == "address":
        wanted = server.files["/v2/weights.pt"] = CONTENT[::-1]
    else:
        server.ranges = False
    url = f"{server.root}/v2/weights.pt" if change == "address" else server.url
    assert fetch(url, tmp_path, pause_s=0).path.read_bytes() == wanted


def test_a_part_that_is_too_long_is_begun_anew(server, tmp_path):
    server.cuts = [100_000] * 4
    with pytest.raises(UserInputError):
        fetch(server.url, tmp_path, pause_s=0)
    server.files["/w/weights.pt"] = CONTENT[:1000]
    assert fetch(server.url, tmp_path, pause_s=0).path.read_bytes() == CONTENT[:1000]


def test_a_wrong_checksum_removes_the_file(server, tmp_path):
    with pytest.raises(FileFormatError, match=f"{SHA256}, expected is {'0' * 64}; it was removed"):
        fetch(server.url, tmp_path, sha256="0" * 64)
    assert names(tmp_path) == []


def test_a_checksum_that_is_none_is_told_before_anything(server, tmp_path):
    with pytest.raises(UserInputError, match="is not a SHA-256"):
        fetch(server.url, tmp_path / "new", sha256="abc")
    assert names(tmp_path) == []
    assert server.asked == []


def test_not_found_is_told_once(server, tmp_path):
    with pytest.raises(UserInputError, match="answers 404"):
        fetch(f"{server.root}/w/other.pt", tmp_path / "new")
    assert len(server.asked) == 1
    assert names(tmp_path) == []


@pytest.mark.usefixtures("server")
def test_a_refused_connection_is_told(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UserInputError, match=r"cannot be reached(.|\n)*another machine"):
        fetch(f"http://127.0.0.1:{port}/weights.pt", tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("content", [LFS_POINTER, "<!DOCTYPE html><title>log in</title>"])
def test_stand_ins_are_not_taken_for_weights(content, server, tmp_path):
    server.files["/w/weights.pt"] = content.encode()
    with pytest.raises(FileFormatError, match="what came is a"):
        fetch(server.url, tmp_path)
    assert names(tmp_path) == []


def test_redirects_are_followed_but_not_to_files(server, tmp_path):
    secret = tmp_path / "secret.pt"
    secret.write_text("secret")
    server.redirects = {"/a.pt": server.url, "/b.pt": secret.as_uri(), "/c.pt": "/c.pt"}
    assert fetch(f"{server.root}/a.pt", tmp_path / "new").path.name == "a.pt"
    for name in ("b", "c"):
        with pytest.raises(UserInputError, match="answers 302"):
            fetch(f"{server.root}/{name}.pt", tmp_path / "new")
    assert names(tmp_path / "new") == ["a.pt"]


def test_a_server_that_sends_too_much_is_not_followed(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 1000)
    with pytest.raises(UserInputError, match="more than any weights have"):
        fetch(server.url, tmp_path)
    assert names(tmp_path) == []


def test_a_file_that_is_there_is_fetched_again_only_by_name(server, tmp_path):
    fetch(server.url, tmp_path)
    server.asked.clear()
    assert fetch(server.url, tmp_path, sha256=SHA256).was_there
    for sha256 in (None, "0" * 64):
        with pytest.raises(UserInputError, match="is there already"):
            fetch(server.url, tmp_path, sha256=sha256)
    assert server.asked == []
    assert names(tmp_path) == ["weights.pt"]


@pytest.mark.parametrize(
    "source",
    [
        "weights.pt",
        "file:///etc/hostname",
        "ftp://127.0.0.1/weights.pt",
        "http:///weights.pt",
        "http://127.0.0.1/",
        "http://127.0.0.1/..",
        "http://127.0.0.1/a%2F..%2F.hidden",
        "http://127.0.0.1/a%5Cb",
        "hf:owner",
        "hf:owner/name",
        "hf:owner/name/",
        "hf:owner/name/../x.pt",
    ],
)
def test_sources_that_are_none_are_refused_unasked(source, tmp_path):
    with pytest.raises(UserInputError, match=r"is not an address|does not name a file"):
        fetch(source, tmp_path / "new")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("hf:owner/name/deep/weights.pt", "/owner/name/resolve/main/deep/weights.pt"),
        ("hf:spaces/owner/name/weights.pt", "/spaces/owner/name/resolve/main/weights.pt"),
        ("hf:owner/name@v2/weights.pt", "/owner/name/resolve/v2/weights.pt"),
    ],
)
def test_the_hub_is_asked_for_the_right_file(source, path, server, tmp_path):
    server.files[path] = CONTENT
    got = fetch(source, tmp_path, sha256=SHA256, hub_endpoint=server.root)
    assert got.path == tmp_path / "weights.pt"
    assert got.path.read_bytes() == CONTENT
    assert names(tmp_path) == ["weights.pt"]
    with pytest.raises(UserInputError, match="is not in the hub repository 'owner/name'"):
        fetch("hf:owner/name/none.pt", tmp_path, hub_endpoint=server.root)


@pytest.mark.usefixtures("server")
def test_a_hub_that_cannot_be_reached_is_told(tmp_path, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UserInputError, match="the hub cannot be reached"):
        fetch("hf:owner/name/weights.pt", tmp_path, hub_endpoint=f"http://127.0.0.1:{port}")
