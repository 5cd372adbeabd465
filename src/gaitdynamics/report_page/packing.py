"""Arrays on their way into a page: named, compressed together, as text."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Places in the block are multiples of this, so that arrays can be viewed where they lie.
_ALIGNMENT: Final = 8
_KINDS: Final = {"float32": "f4", "int16": "i2", "uint32": "u4", "uint8": "u1"}


def pack(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """Write facts and arrays as one text: base64 of a zlib stream.

    Parameters
    ----------
    facts
        What JSON can hold; the key 'arrays' is used here.
    arrays
        By name; float64 becomes float32.

    Returns
    -------
    str
        The stream holds the length of a JSON text as 4 bytes, little-endian, the text, zeros up to a multiple of 8, and
        the arrays one after the other, each from a multiple of 8 on. `arrays` in the JSON tells where each begins,
        its kind and its shape.
    """
    places: dict[str, dict[str, Any]] = {}
    block = bytearray()
    for name, array in arrays.items():
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        kind = _KINDS[array.dtype.name]
        places[name] = {"start": len(block), "kind": kind, "shape": list(array.shape)}
        block += np.ascontiguousarray(array, dtype=f"<{kind}").tobytes()
        block += bytes(-len(block) % _ALIGNMENT)
    text = json.dumps({**facts, "arrays": places}, allow_nan=False, separators=(",", ":")).encode()
    head = len(text).to_bytes(4, "little") + text
    head += bytes(-len(head) % _ALIGNMENT)
    return base64.b64encode(zlib.compress(head + bytes(block), 6)).decode("ascii")


def unpack(text: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read back what `pack` has written."""
    raw = zlib.decompress(base64.b64decode(text))
    size = int.from_bytes(raw[:4], "little")
    facts = json.loads(raw[4 : 4 + size])
    begin = 4 + size + (-(4 + size) % _ALIGNMENT)
    arrays = {}
    for name, place in facts.pop("arrays").items():
        count = int(np.prod(place["shape"]))
        found = np.frombuffer(raw, f"<{place['kind']}", count, begin + place["start"])
        arrays[name] = found.reshape(place["shape"])
    return facts, arrays


def as_int16(values: NDArray[Any]) -> tuple[NDArray[np.int16], float]:
    """Store values in two bytes each: integers and the unit by which they are multiplied."""
    largest = float(np.abs(values).max(initial=0.0))
    unit = largest / 32767.0 if largest > 0.0 else 1.0
    return np.round(values / unit).astype(np.int16), unit
