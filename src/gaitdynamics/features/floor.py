"""Where the floor is, and how fast the belt runs, as the feet tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.body_state import HEEL, TOE, BodyState
from gaitdynamics.features.heading import to_heading

Array = NDArray[np.float64]

#: Height [m] of the heel and toe-joint landmarks above the floor when the foot is flat: shoe, skin and the
#: model's own choice of the origin add up to 0-8 cm over studies; this is the middle of what feet show.
SOLE_THICKNESS: Final = 0.035

#: A floor estimated within this distance of the ground frame's y = 0 [m] is taken to be y = 0, for
#: laboratories calibrate their frame on the floor, and feet cannot tell it better (see `SOLE_THICKNESS`).
LABORATORY_TOLERANCE: Final = 0.08

#: Share of frames in which a landmark of a walking or running foot is at its lowest.
LOW_PERCENTILE: Final = 5.0


@dataclass(frozen=True)
class Floor:
    """Height of the floor [m] in the ground frame, what the feet suggest, and a sentence on the choice."""

    height: float
    from_feet: float
    note: str


def sole_levels(state: BodyState) -> Array:
    """Heights (2,) [m] of the heel and of the toe joint when they are on the floor, over both feet."""
    heights = state.landmark[:, :, [HEEL, TOE], 1]
    return np.asarray(np.percentile(heights, LOW_PERCENTILE, axis=0).min(axis=0))


def estimate_floor(state: BodyState) -> Floor:
    """Estimate the height of the floor from the feet.

    The lower of heel and toe joint touches down some `SOLE_THICKNESS` above the floor. Where the result is
    compatible with y = 0, that is taken.
    """
    estimate = float(sole_levels(state).min()) - SOLE_THICKNESS
    if abs(estimate) <= LABORATORY_TOLERANCE:
        note = f"y = 0 of the ground frame (the feet suggest {estimate:+.3f} m, which agrees)"
        return Floor(0.0, estimate, note)
    note = f"estimated from the feet at {estimate:+.3f} m, for they do not reach y = 0 of the ground frame"
    return Floor(estimate, estimate, note)


@dataclass(frozen=True)
class BeltEstimate:
    """Belt speed [m/s] at which stance feet stand still, its standard error, and the stances it rests on."""

    speed: float
    standard_error: float
    stances: int


def estimate_belt_speed(state: BodyState, contact: NDArray[np.bool_], declared: float) -> BeltEstimate:
    """Estimate the belt speed from the feet in stance.

    Parameters
    ----------
    state
        Velocities in it are relative to a belt of the declared speed.
    contact
        (N, 2) whether each foot is on the ground.
    declared
        The speed that `state` assumes [m/s].

    Returns
    -------
    BeltEstimate
        Declared speed minus the median forward velocity of flat stance feet; the standard error comes from
        the spread between stance phases, NaN with fewer than two.

    Notes
    -----
    Differences from the paper: the slower of heel and toe joint counts and the median over stance is taken,
    for the toe joint alone rolls forward in late stance and reads the belt too slow in running.
    """
    return belt_of_stances(
        to_heading(state.landmark_velocity[:, :, [HEEL, TOE]], state.heading)[..., 0], contact, declared
    )


def belt_of_stances(forward: Array, contact: NDArray[np.bool_], declared: float) -> BeltEstimate:
    """Estimate the belt speed as `estimate_belt_speed` does.

    Parameters
    ----------
    forward
        (N, 2, 2) velocity [m/s] of heel and toe joint of each foot in walking direction, relative to a belt of the
        declared speed.
    contact, declared
        As there.
    """
    slip = np.take_along_axis(forward, np.abs(forward).argmin(-1, keepdims=True), -1)[..., 0]
    medians = []
    for side in range(2):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], contact[:, side].astype(int), [0]])))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            # The middle half of stance: neither landing nor push-off.
            quarter = (stop - start) // 4
            if stop - start >= 8:
                medians.append(float(np.median(slip[start + quarter : stop - quarter, side])))
    if not medians:
        return BeltEstimate(declared, float("nan"), 0)
    # Standard error of a median from the median deviation: a swing taken for a stance must not blow it up.
    deviation = 1.4826 * float(np.median(np.abs(np.array(medians) - np.median(medians))))
    error = 1.2533 * deviation / np.sqrt(len(medians)) if len(medians) > 1 else float("nan")
    return BeltEstimate(declared - float(np.median(medians)), float(error), len(medians))
