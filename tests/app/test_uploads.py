"""What is taken from strangers: kinds, names, and no more than may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the app needs the extra [app]")

from gaitdynamics.app import uploads
from gaitdynamics.app.uploads import TooLargeError, clean_stem, describe_upload, receive
from gaitdynamics.errors import UserInputError


def finish(work: Coroutine[Any, Any, int]) -> int:
    """Run something to its end in a thread of its own: the browser of other tests has a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("walk.mot", "walk", ".mot"),
        ("WALK 1.STO", "WALK_1", ".sto"),
        ("../../etc/passwd.mot", "passwd", ".mot"),
        ("C:\\Users\\anna\\walk.b3d", "walk", ".b3d"),
        ("/absolute/run.zip", "run", ".zip"),
        ("..mot.mot", "mot", ".mot"),
        ("Läufer №1.mot", "L_ufer_1", ".mot"),
        ("<img src=x>.mot", "img_src_x", ".mot"),
        ("nul.mot", "motion", ".mot"),
        ("---.mot", "motion", ".mot"),
        ("a" * 300 + ".mot", "a" * 60, ".mot"),
        ("walk\0.mot", "walk", ".mot"),
    ],
)
def test_names_are_made_harmless(name: str, stem: str, suffix: str) -> None:
    upload = describe_upload("motion", name)
    assert (upload.stem, upload.suffix) == (stem, suffix)


@pytest.mark.parametrize(
    ("role", "name"),
    [("motion", "walk.exe"), ("motion", "walk.osim"), ("model", "subject.mot"), ("motion", "mot"), ("motion", ""),
     ("motion", "walk.mot.html"), ("model", "x.osim/"), ("motion", "walk.mot/..")],
)  # fmt: skip
def test_other_kinds_are_refused(role: str, name: str) -> None:
    if name == "x.osim/":  # a trailing slash is no part of the name
        assert describe_upload("model", name).stem == "x"
        return
    with pytest.raises(UserInputError, match="this is not"):
        describe_upload(role, name)  # type: ignore[arg-type]


def test_a_stem_never_leaves_its_folder() -> None:
    for text in ("..", "/", "a/b", "a\\b", "~", "$(x)", "-rf", ".hidden", "a\nb"):
        stem = clean_stem(text, "motion")
        assert Path(stem).name == stem
        assert not stem.startswith((".", "-"))


def test_an_upload_is_stored(tmp_path: Path) -> None:
    assert finish(receive(pieces(b"ab", b"c"), tmp_path / "motion.mot", 3, "walk.mot")) == 3
    assert (tmp_path / "motion.mot").read_bytes() == b"abc"


def test_an_upload_ends_at_the_limit_and_leaves_nothing(tmp_path: Path) -> None:
    taken = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield b"x" * 10

    with pytest.raises(TooLargeError, match="larger than"):
        finish(receive(endless(), tmp_path / "motion.mot", 95, "walk.mot"))
    assert len(taken) == 10
    assert not list(tmp_path.iterdir())


def test_an_empty_upload_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="empty"):
        finish(receive(pieces(b""), tmp_path / "motion.mot", 3, "walk.mot"))
    assert not list(tmp_path.iterdir())


def test_an_upload_that_falls_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(60)
        yield b"b"

    monkeypatch.setattr(uploads, "SILENCE", 0.05)
    with pytest.raises(UserInputError, match="stopped"):
        finish(receive(silent(), tmp_path / "motion.mot", 3, "walk.mot"))
    assert not list(tmp_path.iterdir())
