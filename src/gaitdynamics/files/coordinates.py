"""A trial's motion as a file of coordinates (`.mot`), as OpenSim and `read_trial` read it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.files.storage import TIME, write_storage
from gaitdynamics.trial import Trial

Array = NDArray[np.float64]

#: Decimals at which numbers in degrees are tried: most programs write fewer.
_DECIMALS = 10


def write_motion(path: str | Path, trial: Trial) -> None:
    """Write all free coordinates of a trial, atomically.

    Rotations are in the unit of the file that the trial was read from, radians where there was none. `read_trial` finds
    again bit by bit the values that it once read from a file, and others to the last digit.

    Parameters
    ----------
    path
        The file; an existing one is replaced.
    trial
        The motion.

    Raises
    ------
    FileFormatError
        The place cannot be written.
    """
    in_degrees = trial.provenance.get("rotation_unit") == "degrees"
    values = trial.values.copy()
    if in_degrees:
        model = trial.subject.model
        turning = [model.coordinates[name].motion != "translational" for name in trial.coordinates]
        values[:, turning] = exact_degrees(values[:, turning])
    write_storage(
        path,
        [TIME, *trial.coordinates],
        np.column_stack([trial.time, values]),
        name="Coordinates",
        in_degrees=in_degrees,
    )


def exact_degrees(radians: Array) -> Array:
    """Convert to the numbers in degrees that `numpy.radians` turns into exactly these radians.

    Of the several that there may be for a number that was read in degrees, the one with few decimals is taken. About
    one in ten of all other numbers is no conversion of any; then the nearest is given.
    """
    nearest = np.degrees(radians)
    result = nearest.copy()
    above, below = np.nextafter(nearest, np.inf), np.nextafter(nearest, -np.inf)
    candidates = [below, above, np.nextafter(above, np.inf), np.nextafter(below, -np.inf), nearest]
    for candidate in (*candidates, np.round(nearest, _DECIMALS)):
        fits = np.radians(candidate) == radians
        result[fits] = candidate[fits]
    return result
