"""Sessions as zip files from strangers: good ones are read, all others are refused and leave nothing outside."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gaitdynamics.app import archives
from gaitdynamics.app.archives import unpack_session
from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.opencap import read_session
from opencap_files import METADATA, write_session

MOST = 10_000_000


def zipped(folder: Path, archive: Path, prefix: str = "OpenCapData_x/") -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, prefix + path.relative_to(folder).as_posix())
    return archive


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A good session, zipped."""
    folder = write_session(tmp_path / "made", ("walk1", "walk2"))
    (folder / "Videos").mkdir()
    (folder / "Videos" / "cam.mov").write_bytes(b"0" * 20_000_000)
    return zipped(folder, tmp_path / "session.zip")


def added(session: Path, name: str | zipfile.ZipInfo, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(session, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return session


def unpack(archive: Path, tmp_path: Path, most: int = MOST) -> Path:
    target = tmp_path / "inner" / "job"
    target.mkdir(parents=True)
    return unpack_session(archive, target, most, shown="mine.zip")


def outside(tmp_path: Path) -> set[Path]:
    job = tmp_path / "inner" / "job"
    return {p for p in tmp_path.rglob("*") if p.is_file() and not p.is_relative_to(job) and "made" not in p.parts}


@pytest.mark.parametrize("prefix", ["OpenCapData_x/", ""])
def test_a_session_is_read_without_its_videos(tmp_path: Path, session: Path, prefix: str) -> None:
    archive = zipped(tmp_path / "made", tmp_path / "again.zip", prefix)
    folder = unpack(archive, tmp_path)
    found = read_session(folder)
    assert [motion.stem for motion in found.motions] == ["walk1", "walk2"]
    assert (found.mass_kg, found.height_m) == (68.5, 1.72)
    assert found.model.read_bytes() == next((tmp_path / "made").rglob("*.osim")).read_bytes()
    assert not list(folder.rglob("*.mov"))


@pytest.mark.parametrize(
    "name",
    [
        "../evil.mot",
        "OpenCapData_x/OpenSimData/Kinematics/../../../../evil.mot",
        "/etc/evil.mot",
        "..\\evil.mot",
        "C:evil.mot",
        "C:/evil.mot",
    ],
)
def test_names_that_point_outside_are_refused(tmp_path: Path, session: Path, name: str) -> None:
    before = outside(tmp_path)
    with pytest.raises(FileFormatError, match=r"mine\.zip.*points out of the archive"):
        unpack(added(session, name), tmp_path)
    assert outside(tmp_path) == before


def test_links_are_refused(tmp_path: Path, session: Path) -> None:
    link = zipfile.ZipInfo("OpenCapData_x/OpenSimData/Kinematics/walk3.mot")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(FileFormatError, match="link"):
        unpack(added(session, link, b"/etc/passwd"), tmp_path)


def test_a_bomb_is_refused_by_what_comes_out(tmp_path: Path, session: Path) -> None:
    bomb = added(session, "OpenCapData_x/OpenSimData/Kinematics/zeros.mot", b"0" * (2 * MOST))
    assert bomb.stat().st_size < MOST
    with pytest.raises(FileFormatError, match="unpacks to more"):
        unpack(bomb, tmp_path)
    written = sum(p.stat().st_size for p in (tmp_path / "inner").rglob("*") if p.is_file())
    assert written <= MOST


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path, session: Path) -> None:
    """The size in the directory of the archive is 10 bytes, what comes out is 2 MB."""
    size = 2_000_000
    bomb = added(session, "OpenCapData_x/OpenSimData/Kinematics/zeros.mot", b"0" * size)
    content = bomb.read_bytes()
    stated = size.to_bytes(4, "little")
    assert content.count(stated) >= 2
    bomb.write_bytes(content.replace(stated, (10).to_bytes(4, "little")))
    with pytest.raises(FileFormatError):
        unpack(bomb, tmp_path, 1_000_000)


def test_a_bomb_of_many_members_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: Path) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 4)
    with pytest.raises(FileFormatError, match="more than 4"):
        unpack(session, tmp_path)


def test_an_archive_within_an_archive_stays_packed(tmp_path: Path, session: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("x.mot", "x")
    folder = unpack(added(session, "OpenCapData_x/OpenSimData/Kinematics/inner.zip", inner.getvalue()), tmp_path)
    assert not list(folder.rglob("*.zip"))


def test_encryption_is_refused(tmp_path: Path, session: Path) -> None:
    content = bytearray(session.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(signature) + offset] |= 1
    session.write_bytes(bytes(content))
    with pytest.raises(FileFormatError, match="encrypted"):
        unpack(session, tmp_path)


def damaged(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[: middle - 2000] + b"\x55" * 4000 + content[middle + 2000 :]


@pytest.mark.parametrize("spoil", [lambda c: c[: len(c) // 2], damaged, lambda c: b"no zip at all"])
def test_damage_is_told(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    folder = write_session(tmp_path / "made", ("walk1", "walk2"))
    archive = zipped(folder, tmp_path / "session.zip")
    archive.write_bytes(spoil(archive.read_bytes()))
    with pytest.raises(FileFormatError, match=r"mine\.zip.*cannot be unpacked"):
        unpack(archive, tmp_path)


def test_loose_files_and_two_sessions_are_told(tmp_path: Path, session: Path) -> None:
    loose = tmp_path / "loose.zip"
    with zipfile.ZipFile(loose, "w") as packed:
        packed.writestr("walk.mot", "x")
    with pytest.raises(FileFormatError, match=r"no file\(s\) sessionMetadata"):
        unpack(loose, tmp_path)
    (tmp_path / "inner" / "job").rmdir()
    with pytest.raises(FileFormatError, match="2 file"):
        unpack(added(session, "other/sessionMetadata.yaml", METADATA.encode()), tmp_path)


def test_names_that_become_the_same_are_numbered(tmp_path: Path, session: Path) -> None:
    for name in ("walk 1", "walk+1", "WALK_1"):
        added(session, f"OpenCapData_x/OpenSimData/Kinematics/{name}.mot", name.encode())
    kinematics = unpack(session, tmp_path) / "OpenSimData" / "Kinematics"
    found = {path.name: path.read_bytes() for path in kinematics.iterdir() if path.stem not in ("walk1", "walk2")}
    assert found == {"walk_1.mot": b"walk 1", "walk_1_2.mot": b"walk+1", "WALK_1_3.mot": b"WALK_1"}
