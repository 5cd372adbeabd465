"""Archives of numpy arrays (`.npz`) from anywhere: numbers and text are read, nothing in them is ever run.

Arrays of objects are pickles, which `numpy.load` runs when told to read them; here they are read as text, by
`files.numpy_pickles`, or refused.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.numpy_pickles import read_pickled_array

#: Larger members [bytes] are refused: a small compressed file could claim to fill the memory.
_LARGEST: Final = 2 * 1024**3
_LARGEST_PICKLE: Final = 64 * 1024**2
_LARGEST_HEADER: Final = 10_000


def read_npz(path: Path, members: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read some arrays of an archive.

    Parameters
    ----------
    path
        The file.
    members
        Names of the arrays; others are not looked at.

    Returns
    -------
    dict
        By name. Text, pickled or not, comes as arrays of `str_`.

    Raises
    ------
    FileFormatError
        There is no such file, it is no archive or damaged, an array is not there, or it holds anything but numbers
        and text.
    """
    if not path.is_file():
        raise FileFormatError("no such file", file=path, remedy="check the path and its spelling")
    try:
        with zipfile.ZipFile(path) as archive:
            there = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            missing = [name for name in members if name not in there]
            if missing:
                raise FileFormatError(
                    f"there is no array {', '.join(missing)}; it holds {', '.join(sorted(there)[:20]) or 'none'}",
                    file=path,
                    remedy="give the file as it was published",
                )
            return {name: _read_member(archive, there[name], path) for name in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FileFormatError(
            f"not an archive of numpy arrays (.npz), or damaged ({error})", file=path, remedy="fetch the file again"
        ) from error


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    name = info.filename.removesuffix(".npy")

    def refused(why: str) -> FileFormatError:
        return FileFormatError(f"the array '{name}' {why}", file=path, remedy="fetch the file again from its authors")

    if info.file_size > _LARGEST:
        raise refused(f"claims {info.file_size:,} bytes, more than is read")
    with archive.open(info) as stream:
        try:
            shape, fortran, dtype = _read_header(stream)
        except (ValueError, TypeError, SyntaxError, KeyError, MemoryError, RecursionError) as error:
            raise refused(f"has no readable header ({error})") from error
        if dtype.hasobject:
            if dtype != np.dtype(object) or info.file_size > _LARGEST_PICKLE:
                raise refused("holds objects of a kind that is not read")
            try:
                array = read_pickled_array(stream.read(_LARGEST_PICKLE))
            except ValueError as error:
                raise refused(str(error)) from error
            if array.shape != shape:
                raise refused(f"has the shape {array.shape}, its header says {shape}")
            return array
        if dtype.kind not in "fiubUS" or dtype.names is not None:
            raise refused(f"is of the type {dtype}, neither numbers nor text")
        size = math.prod(shape) * dtype.itemsize
        if size > info.file_size:
            raise refused("claims more numbers than the file has")
        data = stream.read(size)
        if len(data) != size:
            raise refused("is cut off")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream, max_header_size=_LARGEST_HEADER)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream, max_header_size=_LARGEST_HEADER)
    raise ValueError(f"version {version[0]}.{version[1]} of the format")
