"""Taking in files of strangers: which kinds, how large, and under which names."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from gaitdynamics.app.choices import Role, Upload
from gaitdynamics.app.limits import MEGABYTE
from gaitdynamics.errors import UserInputError

#: Endings of files that can be brought.
KINDS: Final[dict[Role, tuple[str, ...]]] = {"motion": (".mot", ".sto", ".b3d", ".zip"), "model": (".osim",)}

_WHAT: Final[dict[Role, str]] = {
    "motion": "a motion (.mot, .sto), an AddBiomechanics file (.b3d) or an OpenCap session (.zip)",
    "model": "an OpenSim model (.osim)",
}

#: An upload that sends nothing for so long [s] is given up.
SILENCE: Final = 60.0

_LONGEST_STEM: Final = 60
#: Names that stand for devices on Windows, where a user may unpack the results.
_DEVICES: Final = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


class TooLargeError(UserInputError):
    """A file that is larger than the service takes."""

    def __init__(self, limit: int, name: str) -> None:
        super().__init__(
            f"the file is larger than {limit / MEGABYTE:g} MB",
            file=name,
            remedy="give a shorter motion, or start the app with a larger --max-upload-mb",
        )


def describe_upload(role: Role, name: str) -> Upload:
    """Tell from the name that a browser gives whether a file is of a kind that can be used.

    Parameters
    ----------
    role
        What the file is meant to be.
    name
        Of the file on the user's machine. It is never used as a path: files are stored under names of our own, and
        results are named with the letters, digits, hyphens and underscores of its last part.

    Raises
    ------
    UserInputError
        The ending is none of those of `KINDS`.
    """
    last = PureWindowsPath(PurePosixPath(name).name).name
    suffix = PurePosixPath(last).suffix.lower()
    if suffix not in KINDS[role]:
        raise UserInputError(f"this is not {_WHAT[role]}", file=shown_name(last), remedy=f"give {_WHAT[role]}")
    return Upload(suffix=suffix, stem=clean_stem(PurePosixPath(last).stem, "motion" if role == "motion" else "subject"))


def clean_stem(text: str, otherwise: str) -> str:
    """Keep letters, digits, hyphens and underscores of a name, so that it can name a file anywhere."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")[:_LONGEST_STEM]
    return otherwise if not stem or _DEVICES.match(stem) else stem


def shown_name(name: str) -> str:
    """Shorten a name for a message; what cannot be printed is left out."""
    return "".join(c for c in name if c.isprintable())[:120] or "the file"


async def receive(chunks: AsyncIterator[bytes], path: Path, limit: int, name: str) -> int:
    """Store what comes in, counting: an upload ends at the limit, not after it.

    Parameters
    ----------
    chunks
        The body of the request.
    path
        Where to store it; removed again if anything fails.
    limit
        Most bytes.
    name
        For messages.

    Returns
    -------
    int
        Number of bytes.

    Raises
    ------
    TooLargeError
        There are more.
    UserInputError
        The file is empty, or nothing came for `SILENCE` seconds.
    """
    size = 0
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            while True:
                try:
                    chunk = await asyncio.wait_for(anext(chunks), SILENCE)
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    raise UserInputError("the upload stopped", file=name, remedy="try again") from None
                size += len(chunk)
                if size > limit:
                    raise TooLargeError(limit, name)
                file.write(chunk)
        if size == 0:
            raise UserInputError("the file is empty", file=name, remedy="export it again")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return size
