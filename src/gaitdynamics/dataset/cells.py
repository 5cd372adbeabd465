"""Reading the cells of tables that people write: numbers and surfaces."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from gaitdynamics.errors import FileFormatError
from gaitdynamics.trial import Surface


def cell_surface(path: Path, number: int, kind: str, speed: float | None) -> Surface | None:
    """Read a surface from its kind and the speed of its belt [m/s]; raises FileFormatError that names the cell."""
    if kind in ("", "overground"):
        return Surface() if kind else None
    if kind != "treadmill":
        raise FileFormatError(
            f"'{kind}' is neither 'overground' nor 'treadmill'", file=path, row=number, column="surface"
        )
    if speed is None:
        raise FileFormatError(
            "a treadmill needs the speed of its belt",
            file=path,
            row=number,
            column="speed_m_s",
            remedy="give it in m/s",
        )
    return Surface("treadmill", speed)


def cell_number(path: Path, number: int, row: Mapping[str, str], name: str) -> float | None:
    """Read a number, None where the cell is empty; raises FileFormatError where it is none, or below zero."""
    if not row[name]:
        return None
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise FileFormatError(f"'{row[name]}' is no number that is zero or more", file=path, row=number, column=name)
    return value
