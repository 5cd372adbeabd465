"""Read the functions of one variable that OpenSim models use in joints and couplers."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise

from gaitdynamics.model import Constant, Function, Linear, Polynomial, Scaled, Spline


def _numbers(element: ET.Element, tag: str) -> tuple[float, ...]:
    words = (element.findtext(tag) or "").split()
    try:
        values = tuple(float(word) for word in words)
    except ValueError:
        values = (math.nan,)
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f"<{tag}> of a {element.tag} holds something that is not a number")
    return values


def _constant(element: ET.Element) -> Constant:
    values = _numbers(element, "value")
    return Constant(values[0] if values else 0.0)


def _linear(element: ET.Element) -> Linear:
    coefficients = _numbers(element, "coefficients")
    if len(coefficients) != 2:
        raise ValueError("a LinearFunction needs two coefficients")
    return Linear(coefficients[0], coefficients[1])


def _polynomial(element: ET.Element) -> Polynomial:
    coefficients = _numbers(element, "coefficients")
    if not coefficients:
        raise ValueError("a PolynomialFunction without coefficients")
    return Polynomial(coefficients)


def _spline(element: ET.Element) -> Spline | Constant:
    x, y = _numbers(element, "x"), _numbers(element, "y")
    if len(x) != len(y) or not x or any(b <= a for a, b in pairwise(x)):
        raise ValueError(f"a {element.tag} needs as many y as x values, and x increasing")
    if len(x) == 1:
        return Constant(y[0])
    if element.tag == "PiecewiseLinearFunction" or len(x) == 2:
        return Spline(x, y, "linear")
    return Spline(x, y, "simm")


def _scaled(element: ET.Element) -> Scaled:
    holder = element.find("function")
    # The inner function is held in <function> (version 3) or is itself named so (version 4).
    inner = [child for child in (element if holder is None else holder) if child.tag != "scale"]
    if not inner:
        raise ValueError("a MultiplierFunction without an inner function")
    scale = _numbers(element, "scale")
    return Scaled(read_function(inner[0]), scale[0] if scale else 1.0)


_READERS: dict[str, Callable[[ET.Element], Function]] = {
    "Constant": _constant,
    "LinearFunction": _linear,
    "PolynomialFunction": _polynomial,
    "SimmSpline": _spline,
    "NaturalCubicSpline": _spline,  # former names of SimmSpline; OpenSim reads them as such
    "natCubicSpline": _spline,
    "PiecewiseLinearFunction": _spline,
    "MultiplierFunction": _scaled,
}

#: Element names of the functions that can be read.
FUNCTION_TAGS = frozenset(_READERS)


def read_function(element: ET.Element) -> Function:
    """Turn a function element into its record.

    Raises
    ------
    ValueError
        The kind is not supported, or its numbers are not a function of that kind.
    """
    reader = _READERS.get(element.tag)
    if reader is None:
        raise ValueError(f"functions of the kind {element.tag} are not supported ({', '.join(_READERS)} are)")
    return reader(element)
