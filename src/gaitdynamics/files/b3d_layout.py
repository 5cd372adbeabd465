"""Where the numbers of a frame lie, so that frames of one layout are read at once and not one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Wire type of protobuf for fields that announce their length, and bits of a tag below the number of its field.
_WITH_LENGTH, _TYPE_BITS = 2, 3


@dataclass(frozen=True)
class FrameLayout:
    """Layout of a message of packed doubles.

    Attributes
    ----------
    places
        Number of each field -> first byte and the byte after its last.
    frame_bytes
        Positions of the bytes that are no numbers: tags and lengths. Messages that agree in them agree in all places.
    """

    places: Mapping[int, tuple[int, int]]
    frame_bytes: NDArray[np.intp]

    def holds(self, messages: NDArray[np.uint8]) -> bool:
        """Tell whether messages (N, bytes) all have this layout, that of the first."""
        found = messages[:, self.frame_bytes]
        return bool((found == found[0]).all())


def frame_layout(message: bytes) -> FrameLayout | None:
    """Find the layout of a message; None where it holds anything but packed doubles, each field at most once."""
    places: dict[int, tuple[int, int]] = {}
    marks: list[int] = []
    at = 0
    while at < len(message):
        first = at
        tag = _varint(message, at)
        length = None if tag is None else _varint(message, tag[1])
        if tag is None or length is None:
            return None
        number, kind = tag[0] >> _TYPE_BITS, tag[0] & (2**_TYPE_BITS - 1)
        start, at = length[1], length[1] + length[0]
        if kind != _WITH_LENGTH or number in places or length[0] % 8 or at > len(message):
            return None
        places[number] = (start, at)
        marks.extend(range(first, start))
    return FrameLayout(places, np.array(marks, dtype=np.intp))


def _varint(message: bytes, at: int) -> tuple[int, int] | None:
    """Read a whole number of seven bits per byte; gives it and the byte after it, None at the end of the message."""
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    return None
