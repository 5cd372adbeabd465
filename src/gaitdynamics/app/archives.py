"""Unpacking a zipped OpenCap session that a stranger sent."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Final

from gaitdynamics.app.uploads import clean_stem
from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.opencap import DATA, METADATA

#: Most members of an archive, and of those that are unpacked.
MOST_MEMBERS: Final = 5000
_MOST_TAKEN: Final = 500
_CHUNK: Final = 1 << 20
#: Bits of `external_attr` that tell the kind of a file on Unix, and the kind of a link.
_KIND, _LINK = 0o170000, 0o120000


def unpack_session(archive: Path, folder: Path, most_bytes: int, *, shown: str) -> Path:
    """Unpack metadata, motions and models of a session; all else in it, videos above all, stays packed.

    Parameters
    ----------
    archive
        The zip file.
    folder
        An empty folder, in which a session folder is made. Files in it have names of our own making, whatever the
        archive says.
    most_bytes
        Of all that is unpacked, as counted, not as the archive states.
    shown
        Name of the archive for messages.

    Returns
    -------
    Path
        The session folder, for `files.opencap.read_session`.

    Raises
    ------
    FileFormatError
        It is no zip file, is damaged or encrypted, unpacks to too much, holds names that point out of it or links, or
        does not hold exactly one session.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = packed.infolist()
            _check_members(members, shown)
            wanted = _session_members(members, shown)
            left = most_bytes
            for member, target in wanted.items():
                path = folder / "session" / target
                path.parent.mkdir(parents=True, exist_ok=True)
                left -= _extract(packed, member, path, left, shown)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError) as error:
        raise FileFormatError(
            f"cannot be unpacked ({error})", file=shown, remedy="download the session from OpenCap again"
        ) from error
    return folder / "session"


def _check_members(members: list[zipfile.ZipInfo], shown: str) -> None:
    if len(members) > MOST_MEMBERS:
        raise FileFormatError(
            f"holds {len(members)} files, more than {MOST_MEMBERS}", file=shown, remedy="zip one session folder"
        )
    for member in members:
        name = PurePosixPath(member.filename)
        outside = name.is_absolute() or ".." in name.parts or "\\" in member.filename or ":" in member.filename
        if outside or (member.external_attr >> 16) & _KIND == _LINK:
            raise FileFormatError(
                "holds a link or a name that points out of the archive; nothing of it was unpacked",
                file=shown,
                remedy="zip the session folder as OpenCap gives it",
            )
        if member.flag_bits & 1:
            raise FileFormatError("is encrypted", file=shown, remedy="zip the session folder without a password")


def _session_members(members: list[zipfile.ZipInfo], shown: str) -> dict[zipfile.ZipInfo, Path]:
    """Choose what belongs to the session, and where to put it."""
    homes = {PurePosixPath(m.filename).parent for m in members if PurePosixPath(m.filename).name == METADATA}
    if len(homes) != 1:
        raise FileFormatError(
            f"{len(homes) or 'no'} file(s) {METADATA} in it, one was expected",
            file=shown,
            remedy="give one session, zipped as OpenCap's download, not loose files",
        )
    (home,) = homes
    wanted: dict[zipfile.ZipInfo, Path] = {}
    for member in members:
        path = PurePosixPath(member.filename)
        if member.is_dir() or not path.is_relative_to(home):
            continue
        inner = path.relative_to(home)
        target = _target(inner)
        if target is not None:
            wanted[member] = _unlike(target, wanted.values())
    if len(wanted) > _MOST_TAKEN:
        raise FileFormatError(f"holds {len(wanted)} motions and models", file=shown, remedy="leave fewer in it")
    return wanted


def _target(inner: PurePosixPath) -> Path | None:
    """Name a member of a session anew; None where it is not needed."""
    if str(inner) == METADATA:
        return Path(METADATA)
    suffix = inner.suffix.lower()
    if inner.parent == PurePosixPath(DATA, "Kinematics") and suffix == ".mot":
        return Path(DATA, "Kinematics", clean_stem(inner.stem, "motion") + ".mot")
    if inner.is_relative_to(PurePosixPath(DATA, "Model")) and suffix == ".osim":
        return Path(DATA, "Model", clean_stem(inner.stem, "model") + ".osim")
    return None


def _unlike(path: Path, others: Collection[Path]) -> Path:
    """Give a number to a name that another one has too, once both are made harmless; case does not count."""
    taken = {str(other).lower() for other in others}
    numbered = (path.with_stem(f"{path.stem}_{i}") for i in count(2))
    return next(name for name in chain([path], numbered) if str(name).lower() not in taken)


def _extract(packed: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, most: int, shown: str) -> int:
    """Unpack one member, counting what really comes out; give the bytes."""
    size = 0
    with packed.open(member) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise FileFormatError(
                    "unpacks to more than the app takes; nothing of it was used",
                    file=shown,
                    remedy="leave fewer motions in it, or start the app with a larger --max-upload-mb",
                )
            target.write(chunk)
    return size
