"""OpenSim's tables in text files (`.mot`, `.sto`): tolerant reading with exact complaints, exact writing.

Both header dialects are read: `nRows=`/`nColumns=` (OpenSim) and `datarows`/`datacolumns`/`range` (SIMM).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.storage_header import END, is_name, read_header
from gaitdynamics.files.time_axis import check_time

TIME = "time"

_XML_START = ("<?xml", "<opensimdocument", "<model")
_MARKERS_START = "pathfiletype"
_FOREIGN_START = (*_XML_START, _MARKERS_START)


@dataclass(frozen=True, eq=False)
class Table:
    """A table over time, as it stands in the file.

    Attributes
    ----------
    name
        Name line of the header; empty where there is none.
    labels
        (C,) column labels, unique; the first is 'time'.
    data
        (N, C) numbers in the units of the file; finite, unless gaps were allowed.
    in_degrees
        What the header says of rotations: True degrees, False radians, None nothing.
    warnings
        What was odd about the file but could be read all the same.
    path
        Where it came from.
    """

    name: str
    labels: tuple[str, ...]
    data: NDArray[np.float64]
    in_degrees: bool | None = None
    warnings: tuple[str, ...] = ()
    path: Path | None = None

    def __post_init__(self) -> None:
        if self.data.ndim != 2 or self.data.shape[1] != len(self.labels):
            raise ValueError("data must have one column per label")
        if self.labels[0] != TIME or len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must be unique and start with 'time'")

    @property
    def time(self) -> NDArray[np.float64]:
        """(N,) [s]."""
        return self.data[:, 0]

    def column(self, label: str) -> NDArray[np.float64]:
        """Give one column, (N,); KeyError when there is none of that label."""
        try:
            return self.data[:, self.labels.index(label)]
        except ValueError:
            raise KeyError(label) from None


def read_storage(path: str | Path, *, uniform: bool = True, gaps: bool = False) -> Table:
    """Read a `.mot` or `.sto` file.

    Parameters
    ----------
    path
        The file.
    uniform
        Whether a time step that is not constant is an error.
    gaps
        Whether cells other than times may be NaN.

    Returns
    -------
    Table
        Times and values as they stand in the file; the time column is moved to the front.

    Raises
    ------
    FileFormatError
        The file is missing, is something else, is cut off, or holds cells that are not finite numbers; labels
        repeat; time is absent, not increasing or not uniform; there are fewer than two rows.
    """
    path = Path(path)
    lines = _lines(path)
    ends = [i for i, line in enumerate(lines) if line.strip().lower() == END]
    if not ends:
        raise FileFormatError(
            "not an OpenSim motion file: there is no line 'endheader'",
            file=path,
            remedy="give a .mot or .sto file as OpenSim writes it",
        )
    warnings: list[str] = []
    header = read_header(lines[: ends[0]], path, warnings)
    body = [line.strip(" \r\n") for line in lines[ends[0] + 1 :] if line.strip()]
    if len(body) < 3:
        raise FileFormatError(
            f"{max(len(body) - 1, 0)} row(s) of data, at least two are needed",
            file=path,
            remedy="export the motion again, over a longer time range",
        )
    labels = _read_labels(body, path)
    data = _read_rows(body[1:], labels, path, gaps=gaps)
    warnings += header.contradictions(*data.shape)
    first = labels.index(TIME)
    order = [first, *(i for i in range(len(labels)) if i != first)]
    data = np.ascontiguousarray(data[:, order])
    check_time(data[:, 0], path, uniform=uniform)
    return Table(header.name, tuple(labels[i] for i in order), data, header.in_degrees, tuple(warnings), path)


def _lines(path: Path) -> list[str]:
    """Text lines of a file that can be a table at all."""
    if path.is_dir():
        raise FileFormatError("is a folder, not a file", file=path, remedy="give the .mot or .sto file itself")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise FileFormatError("no such file", file=path, remedy="check the path and its spelling") from None
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", file=path) from error
    if b"\0" in raw:
        raise FileFormatError(
            "not a motion file: it is binary",
            file=path,
            remedy="give a .mot or .sto text file; from a .c3d file, run inverse kinematics in OpenSim first",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # names with accents written by old Windows programs
    start = text.lstrip()[:200].lower()
    if start.startswith(_XML_START):
        raise FileFormatError(
            "not a motion file: it is XML, as OpenSim models and settings are",
            file=path,
            remedy="give the motion (.mot or .sto) here and the model (.osim) as the model",
        )
    if start.startswith(_MARKERS_START):
        raise FileFormatError(
            "not a motion file: it holds markers (.trc)",
            file=path,
            remedy="run inverse kinematics in OpenSim and give its .mot file",
        )
    return re.split(r"\r\n|\n|\r", text)


def _read_labels(body: Sequence[str], path: Path) -> list[str]:
    row = body[0]
    labels = [label.strip() for label in row.split("\t") if label.strip()] if "\t" in row else row.split()
    # A mixture of tabs and spaces shows in the number of values below.
    if len(labels) != len(body[1].split()) == len(row.split()):
        labels = row.split()
    seen: set[str] = set()
    for label in labels:
        if label in seen:
            raise FileFormatError(
                "the label occurs more than once",
                file=path,
                column=label,
                remedy="give each column its own name",
            )
        seen.add(label)
    times = [i for i, label in enumerate(labels) if label.lower() == TIME]
    if len(times) != 1:
        raise FileFormatError(
            f"there is no column 'time' among the {len(labels)} labels ({', '.join(labels[:6])}, ...)",
            file=path,
            remedy="the row after 'endheader' must name the columns, 'time' among them",
        )
    labels[times[0]] = TIME
    return labels


def _read_rows(rows: Sequence[str], labels: Sequence[str], path: Path, *, gaps: bool) -> NDArray[np.float64]:
    data = np.empty((len(rows), len(labels)))
    # Row by row, because cells as strings take ten times the memory of the table.
    for i, row in enumerate(rows):
        cells = row.split()
        if len(cells) != len(labels):
            raise _wrong_length(row, cells, labels, i + 1, path)
        try:
            data[i] = [float(cell) for cell in cells]
        except ValueError:
            raise _not_a_number(cells, labels, i + 1, path, gaps=gaps) from None
    fine = np.isfinite(data)
    if gaps:
        fine |= np.isnan(data) & (np.array(labels) != TIME)
    odd = np.flatnonzero(~fine.all(axis=1))
    if odd.size:
        raise _not_a_number(rows[odd[0]].split(), labels, int(odd[0]) + 1, path, gaps=gaps)
    return data


def _wrong_length(row: str, values: Sequence[str], labels: Sequence[str], number: int, path: Path) -> FileFormatError:
    by_tab = row.split("\t")
    if len(by_tab) == len(labels):
        empty = next((i for i, cell in enumerate(by_tab) if not cell.strip()), None)
        if empty is not None:
            return FileFormatError(
                "the cell is empty", file=path, row=number, column=labels[empty], remedy="fill the gap first"
            )
    return FileFormatError(
        f"{len(values)} values where there are {len(labels)} labels",
        file=path,
        row=number,
        remedy="the file was cut off or edited by hand: export it again, or complete or delete the row",
    )


def _not_a_number(
    cells: Sequence[str], labels: Sequence[str], number: int, path: Path, *, gaps: bool = False
) -> FileFormatError:
    for label, cell in zip(labels, cells, strict=True):
        if gaps and label != TIME and cell.lower() in ("nan", "-nan", "+nan"):
            continue
        try:
            value = float(cell)
        except ValueError:
            comma = re.fullmatch(r"[-+]?\d+,\d+([eE][-+]?\d+)?", cell)
            return FileFormatError(
                f"'{cell}' is not a number",
                file=path,
                row=number,
                column=label,
                remedy="write decimals with a point, not a comma" if comma else "correct the cell",
            )
        if not np.isfinite(value):
            shown = "NaN" if np.isnan(value) else "infinite"
            return FileFormatError(
                f"the value is {shown}",
                file=path,
                row=number,
                column=label,
                remedy="fill the gap first (gaitdynamics complete does), or leave the whole column out",
            )
    raise AssertionError("called for a row of finite numbers")


def write_storage(
    path: str | Path,
    labels: Sequence[str],
    data: ArrayLike,
    *,
    name: str,
    in_degrees: bool,
) -> None:
    """Write a `.mot` or `.sto` file that OpenSim reads, atomically.

    Numbers are printed with as many digits as it takes to read the very same numbers again.

    Parameters
    ----------
    path
        The file; an existing one is replaced.
    labels
        (C,) unique, without white space; the first is 'time'.
    data
        (N, C), finite; times increasing.
    name
        Name line of the header.
    in_degrees
        Whether rotations in `data` are in degrees.

    Raises
    ------
    ValueError
        Something was asked for that would not be readable, NaN among the numbers for one.
    FileFormatError
        The place cannot be written.
    """
    values = np.asarray(data, dtype=np.float64)
    title = " ".join(name.split())
    misleading = not is_name(title) or title.lower().startswith(_FOREIGN_START)
    if not title or misleading or not title.isprintable():
        raise ValueError(f"'{name}' cannot stand as the name line of a file")
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] != len(labels):
        raise ValueError("data must have at least two rows, and one column per label")
    if not np.isfinite(values).all():
        raise ValueError("NaN and infinite numbers are never written")
    if list(labels[:1]) != [TIME] or len(set(labels)) != len(labels):
        raise ValueError("labels must be unique and start with 'time'")
    if any(label.split() != [label] or not label.isprintable() for label in labels):
        raise ValueError("labels must not be empty or hold white space or control characters")
    # Numbers too small for full precision make some readers fail, and mean zero.
    values = np.where(np.abs(values) < np.finfo(np.float64).tiny, 0.0, values)
    head = [
        title,
        "version=1",
        f"nRows={values.shape[0]}",
        f"nColumns={values.shape[1]}",
        f"inDegrees={'yes' if in_degrees else 'no'}",
        END,
        "\t".join(labels),
    ]
    rows = ("\t".join(map(repr, row)) for row in values.tolist())
    write_text(path, "\n".join([*head, *rows, ""]))
