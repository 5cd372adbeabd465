"""A table of trials (.csv) as a source: one row per motion, with whatever is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gaitdynamics.dataset.cells import cell_number, cell_surface, table_rows
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
    rows = table_rows(path, COLUMNS, _SHORT, needed="motion", one="motion")
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
