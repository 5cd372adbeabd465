"""What the standard deviations of an estimate mean: the interval made of them, and how they turn with the axes."""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np

from gaitdynamics.trial import Array

#: Level of the intervals that are shown and reported: standard deviations are widened after training until these hold.
LEVEL: Final = 0.95


def interval_factor(level: float = LEVEL) -> float:
    """Give the half-width of an interval in standard deviations, 1.96 for 95 %.

    It is that of the normal distribution, whatever the shape of the errors: theirs is more like Laplace's, with more
    small and more very large ones. The calibration makes up for it at `LEVEL`; intervals of lower levels then tend to
    be too wide, those of higher levels too narrow.

    Parameters
    ----------
    level
        Share of the errors that the interval is to hold, between 0 and 1.
    """
    return NormalDist().inv_cdf(0.5 + 0.5 * level)


def turned_deviations(deviation: Array, angle: Array | float) -> Array:
    """Give standard deviations along axes that are turned about the vertical.

    Errors along the given axes count as independent, so that turning there and back makes the two horizontal ones more
    alike.

    Parameters
    ----------
    deviation
        (..., 3) along X, Y (vertical) and Z.
    angle
        Of the new axes against the old ones [rad]: one, or (...) broadcast over `deviation`. Its sign does not matter.
    """
    c2, s2 = np.cos(angle) ** 2, np.sin(angle) ** 2
    x, y, z = np.moveaxis(deviation**2, -1, 0)
    return np.asarray(np.sqrt(np.stack([c2 * x + s2 * z, y, s2 * x + c2 * z], axis=-1)))
