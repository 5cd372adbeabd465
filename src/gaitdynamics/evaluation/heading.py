"""One walking direction per trial, along which its forces are compared.

The published code turns each trial so that the median yaw of the pelvis is zero before it compares forces;
fore-aft is then X and medio-lateral is Z. One direction holds for the whole trial: in a trial with a turn the
two components mix before and after it, in measurement and estimate alike.
"""

from __future__ import annotations

import numpy as np

from gaitdynamics.columns import PELVIS_ROTATIONS
from gaitdynamics.trial import Array, Trial


def heading(trial: Trial) -> float:
    """Median direction in which the pelvis faces.

    Parameters
    ----------
    trial
        With the three pelvis rotations, which build up as R = Rz(tilt) Rx(list) Ry(rotation).

    Returns
    -------
    float
        Angle about the vertical [rad] from ground X to the direction faced; positive turns to the left
        (about +Y), as `pelvis_rotation` does.
    """
    tilt, list_, rotation = (trial.column(name) for name in PELVIS_ROTATIONS)
    # The pelvis's Z axis (pointing right) in the ground frame: R[0, 2] and R[2, 2].
    right_x = np.cos(tilt) * np.sin(rotation) + np.sin(tilt) * np.sin(list_) * np.cos(rotation)
    right_z = np.cos(list_) * np.cos(rotation)
    return circular_median(np.arctan2(right_x, right_z))


def circular_median(angles: Array) -> float:
    """Median of (T,) angles [rad], wherever they lie on the circle, in (-pi, pi].

    Taken as deviations from the circular mean, so that angles near +-180 degrees do not split in two heaps.
    """
    centre = np.angle(np.exp(1j * angles).mean())
    deviation = np.angle(np.exp(1j * (angles - centre)))
    return float(np.angle(np.exp(1j * (centre + np.median(deviation)))))
