"""Points under a foot: from the ground frame to foot coordinates and back.

A point on the floor is given by two numbers per foot: `along`, 0 under the heel and 1 under the toe joint,
following the projection of the line between them, and `across`, towards the midline of the body, in foot lengths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Outline of the foot in these coordinates (along from, to; across from, to): contains 99 % of the centres of
#: pressure of the training subjects, whose models place heel and toes differently.
OUTLINE: Final = ((-0.2, 1.55), (-0.3, 0.4))

#: The outline does not shrink to a line when the foot stands on its tip: smallest projected length as a share.
_SHORTEST = 0.5


@dataclass(frozen=True)
class FootFrame:
    """Axes of both feet on the floor over time.

    `heel` (T, 2, 3) [m] the heel projected to the floor; `along` (T, 2, 3) the projected vector from heel to
    toe joint [m]; `across` (T, 2, 3) one foot length towards the midline [m].
    """

    heel: Array
    along: Array
    across: Array

    def to_ground(self, along: Array, across: Array) -> Array:
        """Turn foot coordinates (T, 2) into points (T, 2, 3) on the floor [m]."""
        return self.heel + along[..., None] * self.along + across[..., None] * self.across

    def from_ground(self, point: Array) -> tuple[Array, Array]:
        """Give (T, 2) along and across of points (T, 2, 3); heights are ignored."""
        offset = point - self.heel
        along, across = ((offset * axis).sum(-1) / (axis**2).sum(-1) for axis in (self.along, self.across))
        return along, across


def foot_frame(heel: Array, toe: Array, floor_height: float) -> FootFrame:
    """Build the frames of both feet.

    Parameters
    ----------
    heel, toe
        (T, 2, 3) [m] landmarks of the right and left foot.
    floor_height
        [m].
    """
    vector = toe - heel
    length = np.linalg.norm(vector, axis=-1, keepdims=True).mean(0, keepdims=True)
    flat = vector * np.array([1.0, 0.0, 1.0])
    shadow = np.linalg.norm(flat, axis=-1, keepdims=True)
    direction = flat / np.maximum(shadow, 1e-6)
    along = direction * np.maximum(shadow, _SHORTEST * length)
    # Y up: the vector to the right of `direction` is direction x up; the midline is left of the right foot.
    right = np.stack([-direction[..., 2], np.zeros_like(direction[..., 0]), direction[..., 0]], axis=-1)
    inward = right * np.array([-1.0, 1.0])[:, None]
    ground = heel * np.array([1.0, 0.0, 1.0]) + np.array([0.0, floor_height, 0.0])
    return FootFrame(ground, along, inward * length)
