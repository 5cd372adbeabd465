"""A table of trials (.csv) as a source: one row per motion, with whatever is known of it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gaitdynamics.dataset.cells import cell_number, cell_surface
from gaitdynamics.dataset.recordings import FileRecording, Source
from gaitdynamics.errors import FileFormatError

#: What a table can hold; only the first is needed.
COLUMNS: Final = (
    *("motion", "model", "mass_kg", "height_m", "surface", "speed_m_s"),
    *("forces", "study", "subject", "trial"),
)

#: Short names of columns.
_SHORT: Final = {"mass": "mass_kg", "height": "height_m", "speed": "speed_m_s"}


def table_source(path: Path) -> Source:
    """Read a table of trials.

    Parameters
    ----------
    path
        CSV file with a header. `motion`: the file of coordinates. `model`: the scaled .osim; where it is empty, mass
        and height are needed. `mass_kg`, `height_m`: of the person. `surface`: 'overground' or 'treadmill'.
        `speed_m_s`: that of the belt, needed on a treadmill. `forces`: measured forces, for checking and for training.
        `study`, `subject`, `trial`: names; by default that of the table, of the model's or else the motion's folder,
        and of the motion. Paths start at the folder of the table; other columns are not looked at.

    Returns
    -------
    Source
        One recording per row.

    Raises
    ------
    FileFormatError
        A column is missing, or a cell cannot be right; row and column are named. Whether the files are there is seen
        when they are loaded.
    """
    rows = _rows(path)
    recordings = [_recording(path, number, row) for number, row in enumerate(rows, start=1)]
    seen: dict[str, int] = {}
    for number, recording in enumerate(recordings, start=1):
        first = seen.setdefault(recording.label, number)
        if first != number:
            raise FileFormatError(
                f"'{recording.label}' is there twice (first in row {first})",
                file=path,
                row=number,
                remedy="give the trials different names in the columns subject and trial",
            )
    return Source(path, "table of trials", tuple(recordings))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            names = [_SHORT.get(name.strip().lower(), name.strip().lower()) for name in reader.fieldnames or ()]
            if "motion" not in names:
                raise FileFormatError(
                    f"there is no column 'motion', the columns are: {', '.join(names) or 'none'}",
                    file=path,
                    remedy=f"write one row per motion, with a header of these columns: {', '.join(COLUMNS)}",
                )
            reader.fieldnames = names
            rows = [{name: (row.get(name) or "").strip() for name in COLUMNS} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(f"cannot be read as a table ({error})", file=path, remedy="save it as CSV") from error
    if not rows:
        raise FileFormatError("there is no row in the table", file=path)
    return rows


def _recording(path: Path, number: int, row: Mapping[str, str]) -> FileRecording:
    if not row["motion"]:
        raise FileFormatError("an empty cell", file=path, row=number, column="motion")
    mass, height, speed = (cell_number(path, number, row, name) for name in ("mass_kg", "height_m", "speed_m_s"))
    if not row["model"] and (mass is None or height is None):
        raise FileFormatError(
            "neither a model nor mass and height are given",
            file=path,
            row=number,
            remedy="give the scaled .osim model, or mass in kg and height in m for a generic one",
        )
    motion = path.parent / row["motion"]
    model = path.parent / row["model"] if row["model"] else None
    return FileRecording(
        study=row["study"] or path.stem,
        subject=row["subject"] or (model or motion).parent.absolute().name,
        trial=row["trial"] or motion.stem,
        motion_file=motion,
        model_file=model,
        forces_file=path.parent / row["forces"] if row["forces"] else None,
        mass_kg=mass,
        height_m=height,
        surface=cell_surface(path, number, row["surface"].lower(), speed),
    )
