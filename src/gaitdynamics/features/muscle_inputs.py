"""What the network of muscle forces sees of one leg at one instant: posture, speed, joint moments, and the body."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Joints of a leg whose coordinate, speed and moment are seen.
JOINTS: Final = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle")
#: Name of the columns as a whole; changes when any of them does.
SCHEMA: Final = "leg-instant-1"
INPUTS: Final = (
    *(f"{joint}_rad" for joint in JOINTS),
    *(f"{joint}_rad_per_s" for joint in JOINTS),
    *(f"{joint}_nm_per_kg" for joint in JOINTS),
    "thigh_m",
    "shank_m",
    "half_hip_distance_m",
    "mass_kg",
)


def muscle_inputs(
    posture: Array, speed: Array, moment: Array, lengths: tuple[float, float, float], mass_kg: float
) -> Array:
    """Put the columns of `INPUTS` together.

    Parameters
    ----------
    posture, speed
        (K, 6 or more) coordinates of `JOINTS` first [rad, rad/s], in the signs of either leg: both are alike.
    moment
        (K, 6 or more) internal joint moments [N.m]; NaN where a coordinate is locked, which is seen as zero.
    lengths
        Thigh, shank and half the distance of the hip joints [m].
    mass_kg
        Of the body.

    Returns
    -------
    (K, 22).
    """
    count = len(JOINTS)
    body = np.tile([*lengths, mass_kg], (len(posture), 1))
    per_kg = np.nan_to_num(moment[:, :count]) / mass_kg
    return np.hstack([posture[:, :count], speed[:, :count], per_kg, body])
