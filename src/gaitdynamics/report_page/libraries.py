"""The drawing libraries of the page, as they lie in their installed packages: k3d in space, plotly for curves.

Nothing of them is copied into this package; a page carries the JavaScript of the versions with which it was made.
"""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from gaitdynamics.errors import MissingExtraError

_PURPOSE = "writing a report page"


@dataclass(frozen=True)
class Library:
    """A JavaScript library: its name, its version, and its source as base64 of a zlib stream."""

    name: str
    version: str
    packed: str


def drawing_libraries() -> tuple[Library, Library]:
    """Read k3d and plotly from their packages.

    Raises
    ------
    MissingExtraError
        One of them is not installed.
    """
    return _library("k3d", "static/standalone.js"), _library("plotly", "package_data/plotly.min.js")


def check_drawing_libraries() -> None:
    """Find out whether k3d and plotly are installed; MissingExtraError where one is not."""
    for package in ("k3d", "plotly"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "report", _PURPOSE)


@lru_cache(maxsize=2)
def _library(package: str, place: str) -> Library:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise MissingExtraError(package, "report", _PURPOSE)
    source = Path(found.origin).parent / place
    if not source.is_file():
        raise MissingExtraError(f"{package} with its file {place}", "report", _PURPOSE)
    # k3d's style names fonts of formulas beside itself; a page of one file has no such neighbours.
    script = re.sub(rb',url\(fonts/[^)]*\) format\("\w+"\)', b"", source.read_bytes())
    packed = base64.b64encode(zlib.compress(script, 9)).decode("ascii")
    return Library(package, version(package), packed)
