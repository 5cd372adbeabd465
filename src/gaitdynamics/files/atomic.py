"""Files appear whole or not at all: written beside their place, then moved into it. And their fingerprint."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gaitdynamics.errors import FileFormatError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Lend a temporary path in the folder of `path`; it becomes `path` when the block ends without error.

    After an error the temporary file is removed, and a file that was at `path` before is untouched.

    Raises
    ------
    FileFormatError
        The folder does not exist, or the place cannot be written.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileFormatError(
            "cannot be written, its folder does not exist", file=path, remedy="create the folder first"
        )
    if path.is_dir():
        raise FileFormatError("cannot be written, a folder has this name", file=path)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise FileFormatError(f"cannot be written ({error.strerror})", file=path) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with newline line ends, atomically; raises as `atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write bytes, atomically; raises as `atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def file_sha256(path: str | Path) -> str:
    """Fingerprint a file: the SHA-256 of its bytes, 64 hexadecimal digits."""
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", file=path) from error
