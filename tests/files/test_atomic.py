"""Files appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.atomic import atomic_path, file_sha256, write_text


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "result.xml"
    write_text(path, "old")

    def fail_halfway() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            assert temporary.parent == tmp_path
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_success_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "result.xml"
    write_text(path, "old")
    write_text(path, "new\n")
    assert path.read_bytes() == b"new\n"
    assert list(tmp_path.iterdir()) == [path]


def test_no_folder_and_a_folder_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="folder does not exist"):
        write_text(tmp_path / "nowhere" / "x.mot", "text")
    (tmp_path / "x.mot").mkdir()
    with pytest.raises(FileFormatError, match="a folder has this name"):
        write_text(tmp_path / "x.mot", "text")


def test_fingerprint_is_sha256_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # Test vector of FIPS 180-2, appendix B.1
    assert file_sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(FileFormatError):
        file_sha256(tmp_path / "none")
