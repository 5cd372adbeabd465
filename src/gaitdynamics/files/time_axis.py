"""Checking that a time column is one that filters and derivatives can rely on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.errors import FileFormatError

#: Deviation of one step from the usual step that is taken as noise of the clock, as a fraction of the step.
STEP_TOLERANCE = 0.01

#: A gap of one frame is one step too long; rounding may explain at most this fraction of a step.
_MOST_ROUNDING = 0.5


def check_time(time: NDArray[np.float64], path: Path, *, uniform: bool = True) -> None:
    """Check that time increases and, if asked for, that its step is constant up to the printed digits.

    Times with few digits jump by one unit of the last digit (0.008, 0.017, 0.025 at 120 Hz); such steps pass
    as long as the unit is at most half a step, so that a missing frame still shows.

    Parameters
    ----------
    time
        (T,) [s], T >= 2.
    path
        The file, for the message.
    uniform
        Whether the step must be constant.

    Raises
    ------
    FileFormatError
        Naming the first row that is out of step.
    """
    steps = np.diff(time)
    backward = np.flatnonzero(steps <= 0)
    if backward.size:
        i = int(backward[0]) + 1
        what = "repeats the time of" if steps[i - 1] == 0 else "is earlier than"
        raise FileFormatError(
            f"the time {time[i]:g} s {what} the row before ({time[i - 1]:g} s)",
            file=path,
            row=i + 1,
            column="time",
            remedy="remove the repeated rows, or write the time with more decimals",
        )
    if not uniform:
        return
    # Of an even number of steps the lower middle one, so that one long step among two is not half the norm.
    usual = float(np.percentile(steps, 50, method="lower"))
    rounding = min(_last_digit(time), _MOST_ROUNDING * usual)
    # The last bits of large clock readings are noise too.
    noise = STEP_TOLERANCE * usual + 8 * float(np.spacing(np.abs(time).max()))
    odd = np.flatnonzero(np.abs(steps - usual) > rounding + noise)
    if odd.size:
        i = int(odd[0]) + 1
        raise FileFormatError(
            f"the time step before this row is {steps[i - 1]:.6g} s, elsewhere it is {usual:.6g} s",
            file=path,
            row=i + 1,
            column="time",
            remedy="fill missing frames and resample to a constant rate",
        )


def _last_digit(time: NDArray[np.float64]) -> float:
    """Find the unit of the last decimal with which the times were printed [s], at most nine decimals."""
    noise = 1e-9 * max(1.0, float(np.abs(time).max()))
    for decimals in range(1, 9):
        if np.allclose(np.round(time, decimals), time, rtol=0.0, atol=noise):
            return float(10.0**-decimals)
    return 1e-9
