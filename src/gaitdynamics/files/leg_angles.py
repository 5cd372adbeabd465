"""Joint angles of both legs from a motion file, without a model: for tasks that need angles alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import SIDES, canonical
from gaitdynamics.errors import FileFormatError, MissingCoordinatesError, UserInputError
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.files.coordinate_labels import short_name
from gaitdynamics.files.plausibility import decide_degrees
from gaitdynamics.files.storage import TIME, Table, read_storage

Array = NDArray[np.float64]

#: A knee that goes beyond this [deg] one way and stays below `_STRAIGHT` the other way is flexed that way.
_FLEXED: Final = 20.0
_STRAIGHT: Final = 15.0

#: Coordinates of a tilted pelvis, which help to see the legs in space; zero where they are not there.
_TILT: Final = "pelvis_tilt"


@dataclass(frozen=True)
class LegAngles:
    """Angles over time.

    Attributes
    ----------
    name
        Stem of the file.
    time
        (T,) [s], uniform.
    names
        Of the angles, in the Rajagopal model's spelling and signs (knee flexion positive).
    values
        (T, angles) [deg].
    pelvis_tilt
        (T,) [deg]; zero where it is not in the file.
    sha256
        Of the file.
    """

    name: str
    time: Array
    names: tuple[str, ...]
    values: Array
    pelvis_tilt: Array
    sha256: str
    warnings: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Sampling rate [Hz]."""
        return float((len(self.time) - 1) / (self.time[-1] - self.time[0]))

    def column(self, name: str) -> Array:
        """Give one angle over time, (T,) [deg]."""
        return self.values[:, self.names.index(name)]


def read_leg_angles(motion: Path, names: Sequence[str]) -> LegAngles:
    """Read angles from a `.mot` or `.sto` file of coordinates, or of states.

    Parameters
    ----------
    motion
        The file, in degrees or radians, at any rate; other models' spellings are known (`columns.ALIASES`).
    names
        The angles that are needed, in the Rajagopal model's spelling; hip, knee and ankle.

    Raises
    ------
    FileFormatError
        The file cannot be read, or two columns are the same coordinate.
    MissingCoordinatesError
        An angle is not in it.
    ConventionError
        The numbers cannot be in the stated unit.
    UserInputError
        The knees bend different ways.
    """
    table = read_storage(motion)
    columns = _columns(table, motion)
    missing = [name for name in names if name not in columns]
    if missing:
        free = [label for label in table.labels if label != TIME and canonical(short_name(label)) not in names]
        raise MissingCoordinatesError(
            missing,
            free,
            motion,
            remedy="name the columns as the coordinates of the Rajagopal model, or export these angles too",
        )
    in_degrees, note = decide_degrees(table.in_degrees, {name: columns[name] for name in names}, motion)
    scale = 1.0 if in_degrees else 180.0 / np.pi
    values = np.stack([columns[name] for name in names], axis=1) * scale
    warnings = [*table.warnings, *([note] if note else [])]
    knees = [i for i, name in enumerate(names) if name.startswith("knee_angle")]
    if _flexed_backward(values[:, knees], motion):
        values[:, knees] *= -1.0
        warnings.append("knee flexion is negative in the file, as in the gait2392 models: its sign was changed")
    tilt = columns.get(_TILT)
    return LegAngles(
        name=motion.stem,
        time=table.time.copy(),
        names=tuple(names),
        values=values,
        pelvis_tilt=np.zeros(len(values)) if tilt is None else tilt * scale,
        sha256=file_sha256(motion),
        warnings=tuple(warnings),
    )


def _columns(table: Table, motion: Path) -> dict[str, Array]:
    """Find the column of each coordinate, by its canonical name."""
    found: dict[str, str] = {}
    for label in table.labels:
        short = short_name(label)
        name = canonical(short)
        # Other columns, such as speeds and muscles, may repeat; only what has a meaning here must not.
        if label == TIME or (name != _TILT and name[-2:] not in [f"_{side}" for side in SIDES]):
            continue
        if name in found:
            raise FileFormatError(
                f"this column and '{found[name]}' are both the coordinate '{name}'",
                file=motion,
                column=label,
                remedy="keep one of them",
            )
        found[name] = label
    return {name: table.column(label) for name, label in found.items()}


def _flexed_backward(knees: Array, motion: Path) -> bool:
    """Tell whether knee flexion is negative."""
    if not knees.size:
        return False
    low, high = np.percentile(knees, [5, 95], axis=0)
    negative = (low < -_FLEXED) & (high < _STRAIGHT)
    if negative.any() and not negative.all():
        raise UserInputError(
            "one knee bends to positive and the other to negative angles",
            file=motion,
            remedy="give both knees the same sign",
        )
    return bool(negative.all())
