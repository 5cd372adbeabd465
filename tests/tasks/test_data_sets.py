"""Fetching a data set from a server of our own that answers as Zenodo does."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.tasks.data_sets import DATA_SETS, fetch_data_set

RECORD = DATA_SETS["gait2hip60"]


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """Folder of the server, with the record and both files."""
    root = tmp_path / "server"
    files = root / "records" / str(RECORD.record) / "files"
    files.mkdir(parents=True)
    described = []
    for name in RECORD.files:
        content = name.encode() * 1000
        (files / name).write_bytes(content)
        described.append({"key": name, "size": len(content), "checksum": f"md5:{hashlib.md5(content).hexdigest()}"})
    described.append({"key": "README.md", "size": 1, "checksum": "md5:00"})
    record = root / "api" / "records" / str(RECORD.record)
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"id": RECORD.record, "files": described}), encoding="utf-8")
    return root


@pytest.fixture
def address(served: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def content_of(served: Path) -> Path:
    return served / "records" / str(RECORD.record) / "files" / RECORD.files[0]


def test_both_files_come_and_are_not_fetched_twice(address, served, tmp_path):
    paths = fetch_data_set("gait2hip60", tmp_path / "data", address=address, pause_s=0.0)
    assert [path.name for path in paths] == list(RECORD.files)
    assert paths[0].read_bytes() == content_of(served).read_bytes()
    content_of(served).unlink()
    assert fetch_data_set("gait2hip60", tmp_path / "data", address=address, pause_s=0.0) == paths


def test_a_file_that_is_not_the_published_one_is_removed(address, served, tmp_path):
    content_of(served).write_bytes(b"changed")
    with pytest.raises(FileFormatError, match=r"its MD5 is .* was removed"):
        fetch_data_set("gait2hip60", tmp_path / "data", address=address, pause_s=0.0)
    assert not (tmp_path / "data" / RECORD.files[0]).exists()


def test_a_file_of_the_user_is_left_as_it_is(address, tmp_path):
    mine = tmp_path / RECORD.files[0]
    mine.write_text("mine")
    with pytest.raises(FileFormatError, match="is left as it is"):
        fetch_data_set("gait2hip60", tmp_path, address=address, pause_s=0.0)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("record", ["<html>busy</html>", '{"files": []}', '{"files": [{"key": "a"}]}'])
def test_a_record_of_another_kind_is_told(record, address, served, tmp_path):
    (served / "api" / "records" / str(RECORD.record)).write_text(record)
    with pytest.raises(UserInputError):
        fetch_data_set("gait2hip60", tmp_path / "data", address=address, pause_s=0.0)
    assert not (tmp_path / "data").exists()


def test_an_unknown_name_is_told(tmp_path):
    with pytest.raises(UserInputError, match="gait2hip60"):
        fetch_data_set("gait2hip", tmp_path)
