"""Files written by torch.save, read as data: nothing that such a file names is ever imported or run.

PyTorch's restricted reader (`weights_only=True`) does the reading. Around it stand checks of our own: only the zip
format is let through, since the restriction could be evaded in older ones (CVE-2025-32434), with stored entries and
whole checksums; and what people have in hand instead of weights is named.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch

from gaitdynamics.errors import FileFormatError

#: How a pointer file of git-LFS begins; clones and downloads without LFS have it in place of the file.
LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"

_HTML: Final = re.compile(rb"\s*<(!doctype\s+html|html)", re.IGNORECASE)

#: What reading may raise on a file made to mislead; the restricted reader does not promise one error.
_DAMAGE: Final = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    OSError,
    LookupError,
    AttributeError,
    TypeError,
    ValueError,
    ArithmeticError,
    AssertionError,
    MemoryError,
)


def read_torch_file(path: Path, classes: Sequence[str] = (), stand_ins: Sequence[type] = ()) -> Any:
    """Read what torch.save wrote, on the CPU.

    Parameters
    ----------
    path
        The file.
    classes
        Full names of classes whose instances may be in it. They come back as instances of empty stand-ins of that
        name: their attributes can be read (`vars`), their code is not looked for.
    stand_ins
        Further classes to take for what they are named after, such as those of `files.numpy_pickles`.

    Raises
    ------
    FileFormatError
        No such file; not of this format, which includes pointers of git-LFS and web pages; truncated or damaged; or
        it asks for anything but tensors, plain containers and `classes`.
    """
    check_archive(path)
    known = [*map(_stand_in, classes), *stand_ins]
    try:
        with torch.serialization.safe_globals([*known, range]), warnings.catch_warnings():
            # Of odd files PyTorch says more than helps.
            warnings.simplefilter("ignore")
            foreign = torch.serialization.get_unsafe_globals_in_checkpoint(path)
            content = None if foreign else torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        raise FileFormatError(
            f"cannot be read as data ({_first_line(error)}); nothing of it was run",
            file=path,
            remedy="download it again, from where its authors published it",
        ) from error
    if foreign:
        raise FileFormatError(
            f"it wants to call {', '.join(foreign[:5])}, which no weights need; nothing of it was run",
            file=path,
            remedy="do not open this file with other programs; download the weights from where their authors published"
            " them",
        )
    return content


def describe_stand_in(path: Path) -> str | None:
    """Name what a file is in place of weights: a pointer of git-LFS or a web page; None for anything else."""
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith(LFS_POINTER):
        size = re.search(rb"^size (\d+)", head, re.MULTILINE)
        tail = f" ({int(size[1]):,} bytes)" if size else ""
        return f"a git-LFS pointer, the small text that stands for the real file{tail}"
    if _HTML.match(head):
        return "a web page"
    return None


def check_archive(path: Path) -> None:
    """Check that a file is one that torch.save wrote, whole; raises `FileFormatError` that tells what it is instead."""
    if not path.is_file():
        raise FileFormatError("no such file", file=path, remedy="check the path")
    try:
        stand_in = describe_stand_in(path)
        if stand_in:
            raise FileFormatError(
                f"this is {stand_in}",
                file=path,
                remedy="get the file itself: run 'git lfs pull' in the clone, or download it by the address of its raw"
                " content",
            )
        with path.open("rb") as stream:
            if stream.read(4) != b"PK\x03\x04":
                raise FileFormatError(
                    "not a file of torch.save in its zip format, the only one that is read",
                    file=path,
                    remedy="give the .pt file as it was published",
                )
        problem = _archive_problem(path)
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", file=path) from error
    if problem:
        raise FileFormatError(
            f"{problem} ({path.stat().st_size:,} bytes)", file=path, remedy="download it again and compare the size"
        )


def _archive_problem(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if not any(entry.filename.endswith("/data.pkl") for entry in entries):
                return "a zip file, but not one of torch.save"
            # torch.save compresses nothing; a compressed entry could unpack to any size.
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                return "a zip file with compressed entries, which torch.save does not write"
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        return "truncated or damaged"
    return f"damaged: the checksum of '{damaged}' is wrong" if damaged else None


def _stand_in(name: str) -> type:
    module, _, plain = name.rpartition(".")
    return type(plain, (), {"__module__": module, "__doc__": "Holds attributes, does nothing."})


def _first_line(error: BaseException) -> str:
    # The reader's own advice, to read the file without restriction, must not reach the user.
    unsupported = re.search(r"(?:unsupported|Unsupported) \w+:? ?(?:GLOBAL )?[\w.]+", str(error))
    text = unsupported[0] if unsupported else str(error).split("\n", 1)[0]
    if "weights_only" in text:
        text = "instructions that weights do not need"
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
