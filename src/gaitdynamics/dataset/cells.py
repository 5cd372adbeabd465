"""Reading tables that people write: their rows, and cells that are numbers or surfaces."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from gaitdynamics.errors import FileFormatError
from gaitdynamics.trial import Surface


def table_rows(
    path: Path, columns: Sequence[str], short: Mapping[str, str], *, needed: str, one: str
) -> list[dict[str, str]]:
    """Read the rows of a CSV table as text, empty where a column or a cell is not there.

    Parameters
    ----------
    path
        The table.
    columns
        Names of the columns that are read; others are passed over.
    short
        Other names that people give them.
    needed
        The column that must be there.
    one
        What a row is about, for the message where it is not.

    Raises
    ------
    FileFormatError
        It is no table, lacks that column, or has no row.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            names = [short.get(name.strip().lower(), name.strip().lower()) for name in reader.fieldnames or ()]
            if needed not in names:
                raise FileFormatError(
                    f"there is no column '{needed}', the columns are: {', '.join(names) or 'none'}",
                    file=path,
                    remedy=f"write one row per {one}, with a header of these columns: {', '.join(columns)}",
                )
            reader.fieldnames = names
            rows = [{name: (row.get(name) or "").strip() for name in columns} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(f"cannot be read as a table ({error})", file=path, remedy="save it as CSV") from error
    if not rows:
        raise FileFormatError("there is no row in the table", file=path)
    return rows


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
