"""Forces as the published columns hold them: per body mass, and the centre of pressure weighted with the load."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Below this vertical force [N] there is no centre of pressure.
CONTACT_FORCE: Final = 20.0


def normalise_forces(force: Array, cop: Array, foot: Array, mass_kg: float, height_m: float) -> Array:
    """Turn forces into the 12 kinetic columns of a state.

    Parameters
    ----------
    force
        (T, 2, 3) [N] on the right and the left foot.
    cop
        (T, 2, 3) [m], points of application.
    foot
        (T, 2, 3) [m], origins of the calcanei, in the same frame.
    mass_kg, height_m
        Of the body.

    Returns
    -------
    (T, 12) [N/kg]: right force, right normalised centre of pressure, left force, left normalised centre of pressure.
    The normalised centre of pressure is (cop - foot) F_y / height, zero where F_y is below `CONTACT_FORCE`.

    Notes
    -----
    Differences from the paper: forces are per body mass, not in body weights (1 BW = 9.81 N/kg), and the offset from
    the calcaneus is along the axes of the ground, not of the foot. Both as in the published code.
    """
    specific = force / mass_kg
    offset = (cop - foot) * specific[..., 1:2] / height_m
    offset = np.where(force[..., 1:2] < CONTACT_FORCE, 0.0, offset)
    return np.concatenate([specific, offset], axis=-1).reshape(len(force), 12)


def restore_forces(
    kinetics: Array,
    foot: Array,
    mass_kg: float,
    height_m: float,
    *,
    floor_height: float | None = None,
    published: bool = False,
) -> tuple[Array, Array]:
    """Undo `normalise_forces`.

    Parameters
    ----------
    kinetics
        (T, 12) [N/kg].
    foot
        (T, 2, 3) [m], origins of the calcanei, in the frame of `kinetics`.
    mass_kg, height_m
        Of the body.
    floor_height
        Height [m] of the floor, which the centres of pressure then have; None keeps the heights of `kinetics`.
    published
        Keep the small forces of feet that are off the ground.

    Returns
    -------
    force
        (T, 2, 3) [N].
    cop
        (T, 2, 3) [m]; zero where the vertical force is below `CONTACT_FORCE`.

    Notes
    -----
    Differences from the published code: there is no force either where there is no centre of pressure. There forces in
    swing stay at some newtons, also negative, and would act at the origin of the ground.
    """
    feet = kinetics.reshape(len(kinetics), 2, 6)
    force = feet[..., :3] * mass_kg
    down = force[..., 1:2] >= CONTACT_FORCE
    load = np.where(down, feet[..., 1:2], 1.0)
    cop = foot + feet[..., 3:] * height_m / load
    if floor_height is not None:
        cop[..., 1] = floor_height
    cop = np.where(down, cop, 0.0)
    return (force if published else np.where(down, force, 0.0)), cop
