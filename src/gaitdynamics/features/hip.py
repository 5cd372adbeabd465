"""What the networks of hip muscle forces and moments see and give: columns, units, the left side by mirroring.

Source: Gait2Hip-60 (2026). Angles in degrees in OpenSim's signs, one gait cycle per sequence; outputs of the right side
per kg of body mass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

HipTask = Literal["muscle_forces", "joint_moments"]

#: Samples of a sequence in the data set.
SAMPLES: Final = 180

#: Joint angles [deg], in the order of the data set: the left hip comes before the right knee.
ANGLES: Final = (
    "hip_flexion_r",
    "hip_adduction_r",
    "hip_rotation_r",
    "hip_flexion_l",
    "hip_adduction_l",
    "hip_rotation_l",
    "knee_angle_r",
    "ankle_angle_r",
    "knee_angle_l",
    "ankle_angle_l",
)

#: Muscles of each force, by their names in the Rajagopal (2016) model without the side; forces of several are added.
#: The grouping follows from the names in the data set: it is stated nowhere.
MUSCLES: Final[dict[str, tuple[str, ...]]] = {
    "addbrev": ("addbrev",),
    "addlong": ("addlong",),
    "addmag": ("addmagDist", "addmagIsch", "addmagMid", "addmagProx"),
    "grac": ("grac",),
    "iliopsoas": ("iliacus", "psoas"),
    "recfem": ("recfem",),
    "sart": ("sart",),
    "glmax": ("glmax1", "glmax2", "glmax3"),
    "bflh": ("bflh",),
    "hamstring": ("semimem", "semiten"),
    "glmed": ("glmed1", "glmed2", "glmed3"),
    "glmin": ("glmin1", "glmin2", "glmin3"),
    "tfl": ("tfl",),
    "piri": ("piri",),
}

_MOMENTS: Final = ("hip_flexion", "hip_adduction", "hip_rotation")


@dataclass(frozen=True)
class HipTarget:
    """What a network gives: names without their side, and the unit before division by body mass."""

    task: HipTask
    names: tuple[str, ...]
    unit: str
    title: str

    def labels(self, side: str) -> tuple[str, ...]:
        """Name the columns of one side, as the data set and OpenSim do."""
        ending = "_moment" if self.task == "joint_moments" else ""
        return tuple(f"{name}_{side}{ending}" for name in self.names)


TARGETS: Final[dict[HipTask, HipTarget]] = {
    "muscle_forces": HipTarget("muscle_forces", tuple(MUSCLES), "N", "hip muscle forces"),
    "joint_moments": HipTarget("joint_moments", _MOMENTS, "N.m", "hip moments"),
}

_OTHER_SIDE: Final = {"r": "l", "l": "r"}
_MIRRORED: Final = [ANGLES.index(f"{name[:-1]}{_OTHER_SIDE[name[-1]]}") for name in ANGLES]


def seen_from(angles: NDArray[np.float64], side: str) -> NDArray[np.float64]:
    """Arrange angles (..., 10) so that `side` stands where the right one does.

    In OpenSim's models a coordinate of the left leg is the mirror image of the right one's, sign included, so that
    mirroring a motion exchanges the columns and changes no sign.
    """
    return angles if side == "r" else angles[..., _MIRRORED]
