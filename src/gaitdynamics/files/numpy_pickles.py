"""Pickled numpy arrays as data: numpy itself is never called by what a file says.

Where a pickle names numpy's constructors it gets stand-ins, which only keep what they are given; `as_array` then makes
the array, of numbers or text, if sizes and types agree. Nothing else can be named.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Modules in which versions of numpy keep what arrays are pickled by.
_MODULES: Final = ("numpy._core.multiarray", "numpy.core.multiarray")
_TYPE: Final = re.compile(r"[fiu][1248]|b1|[US]\d{1,5}")

#: What reading may raise on a pickle made to mislead.
DAMAGE: Final = (
    pickle.UnpicklingError,
    EOFError,
    LookupError,
    AttributeError,
    TypeError,
    ValueError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    RecursionError,
)


class _StandIn:
    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Array(_StandIn):
    """An array: its state is (version, shape, type, column-major, data)."""


class _Scalar(_StandIn):
    """A number or text of numpy: made of type and data."""


class _Type(_StandIn):
    """A type: made of its code, its state has the byte order."""


def stand_ins() -> dict[str, type]:
    """Make stand-ins by the full name for which they stand.

    They are new ones each time: what a pickle does to them cannot reach the next.
    """
    roles: dict[str, type] = {"numpy.ndarray": _Array, "numpy.dtype": _Type}
    for module in _MODULES:
        roles |= {f"{module}._reconstruct": _Array, f"{module}.scalar": _Scalar}
    made: dict[str, type] = {}
    for name, role in roles.items():
        module, _, plain = name.rpartition(".")
        made[name] = type(plain, (role,), {"__module__": module})
    return made


def as_array(value: Any) -> NDArray[Any] | None:
    """Make the array that a stand-in describes; None where it is none, or not of plain numbers or text.

    An array of objects must hold text; it becomes an array of text.
    """
    if not isinstance(value, _Array) or not isinstance(value.state, tuple) or len(value.state) != 5:
        return None
    _, shape, kind, column_major, data = value.state
    if not isinstance(shape, tuple) or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        return None
    if isinstance(kind, _Type) and str(kind.arguments[:1]) in ("('O8',)", "('O',)"):
        texts = _texts(data)
        fits = texts is not None and len(texts) == math.prod(shape)
        # numpy lists objects row by row whatever their order in memory.
        return np.array(texts, dtype=np.str_).reshape(shape) if fits else None
    dtype = _dtype(kind)
    if dtype is None or not isinstance(data, bytes) or len(data) != math.prod(shape) * dtype.itemsize:
        return None
    return np.frombuffer(data, dtype).reshape(shape, order="F" if column_major else "C").copy()


def read_pickled_array(data: bytes) -> NDArray[Any]:
    """Read a pickle that holds one array of text or numbers.

    Raises
    ------
    ValueError
        It is something else, or asks for anything else; nothing of it was run.
    """
    try:
        array = as_array(_Reader(data).load())
    except DAMAGE as error:
        raise ValueError(f"cannot be read as data ({error})") from error
    if array is None:
        raise ValueError("holds something else than numbers or text")
    return array


class _Reader(pickle.Unpickler):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._known: Mapping[str, type] = stand_ins()

    def find_class(self, module: str, name: str) -> Any:
        found = self._known.get(f"{module}.{name}")
        if found is not None:
            return found
        if (module, name) == ("_codecs", "encode"):  # how old pickles write bytes
            return _encode
        raise pickle.UnpicklingError(f"it wants to call {module}.{name}, which no array needs; nothing of it was run")


def _encode(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("bytes in another encoding than pickles have")
    return text.encode("latin1")


def _dtype(kind: Any) -> np.dtype[Any] | None:
    if not isinstance(kind, _Type) or not kind.arguments:
        return None
    code, order = kind.arguments[0], kind.state[1] if isinstance(kind.state, tuple) and len(kind.state) > 1 else "|"
    if not isinstance(code, str) or not _TYPE.fullmatch(code) or order not in ("<", ">", "|", "="):
        return None
    try:
        return np.dtype(f"{order}{code}")
    except TypeError:
        return None


def _texts(data: Any) -> list[str] | None:
    """Text of each object; numpy's own text counts."""
    if not isinstance(data, list):
        return None
    texts = []
    for item in data:
        text = item
        if isinstance(item, _Scalar) and len(item.arguments) == 2 and isinstance(item.arguments[1], bytes):
            dtype = _dtype(item.arguments[0])
            if dtype is None or dtype.kind != "U" or dtype.itemsize != len(item.arguments[1]) or not dtype.itemsize:
                return None
            text = str(np.frombuffer(item.arguments[1], dtype)[0])
        if not isinstance(text, str):
            return None
        texts.append(text)
    return texts
