"""Read the fields of one element of an OpenSim model: words, numbers and switches."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.model import Frame, Vector3


def text(element: ET.Element, tag: str, default: str = "") -> str:
    """Give the text of a child without white space around it; `default` where there is none."""
    return (element.findtext(tag) or default).strip()


def numbers(element: ET.Element, tag: str, count: int, default: Sequence[float] | None = None) -> tuple[float, ...]:
    """Give the numbers that a child holds.

    Raises
    ------
    ValueError
        There are more or fewer than `count`, or something is not a number (infinite ones are); an absent or empty child
        gives `default`, where there is one.
    """
    words = text(element, tag).split()
    if not words and default is not None:
        return tuple(default)
    try:
        values = tuple(float(word) for word in words)
    except ValueError:
        values = ()
    if len(values) != count or np.isnan(values).any():
        what = "a number" if count == 1 else f"{count} numbers"
        raise ValueError(f"<{tag}> should hold {what}, not '{' '.join(words)}'")
    return values


def number(element: ET.Element, tag: str, default: float) -> float:
    """Give the number that a child holds."""
    return numbers(element, tag, 1, default=(default,))[0]


def vector(element: ET.Element, tag: str, default: Vector3 | None = None) -> Vector3:
    """Give the three numbers that a child holds."""
    x, y, z = numbers(element, tag, 3, default)
    return x, y, z


def triple(values: NDArray[np.float64]) -> Vector3:
    """Turn an array of three numbers into plain ones."""
    return float(values[0]), float(values[1]), float(values[2])


def flag(element: ET.Element, tag: str, default: bool = False) -> bool:
    """Give a switch: 'true' or 'false'."""
    return text(element, tag, str(default)).lower() == "true"


def frame(element: ET.Element, location: str, orientation: str) -> Frame:
    """Give the frame whose location and orientation are in the children of those names."""
    zero = (0.0, 0.0, 0.0)
    return Frame(vector(element, location, zero), vector(element, orientation, zero))
