"""What the refinement network learns: measured forces and centres of pressure in its own units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.body_state import HEEL, TOE, BodyState
from gaitdynamics.features.foot_frame import OUTLINE, foot_frame
from gaitdynamics.features.heading import to_heading
from gaitdynamics.trial import FootForces

#: A foot with more vertical force than this [N] is on the ground; the data are zero below it.
CONTACT_FORCE: Final = 20.0


@dataclass(frozen=True)
class ForceTargets:
    """Targets per frame and foot, all float32.

    `force` (N, 2, 3) [body weights] forward, up, towards the midline; `cop` (N, 2, 2) along and across the
    foot; `contact` (N, 2) 0 or 1; `valid` (N, 2) 0 or 1, where the measurement of that foot can be trusted.
    """

    force: NDArray[np.float32]
    cop: NDArray[np.float32]
    contact: NDArray[np.float32]
    valid: NDArray[np.float32]


def force_targets(state: BodyState, forces: FootForces, floor_height: float = 0.0) -> ForceTargets:
    """Turn measured forces into targets on the clock of `state`.

    Parameters
    ----------
    state
        Of the same trial.
    forces
        Measured, in the ground frame, on their own clock.
    floor_height
        Of the plates [m].
    """
    time = state.time
    # Nearest frames rather than interpolated ones: a centre of pressure between contact and swing means nothing.
    nearest = np.clip(np.round(np.interp(time, forces.time, np.arange(len(forces.time)))).astype(int), 0, None)
    force = np.stack(
        [[np.interp(time, forces.time, forces.force[:, side, axis]) for axis in range(3)] for side in range(2)]
    ).transpose(2, 0, 1)
    valid = np.ones((len(time), 2)) if forces.valid is None else forces.valid[nearest].astype(float)
    contact = force[..., 1] > CONTACT_FORCE
    frame = foot_frame(state.landmark[:, :, HEEL], state.landmark[:, :, TOE], floor_height)
    along, across = frame.from_ground(forces.cop[nearest])
    cop = np.stack([np.clip(along, *OUTLINE[0]), np.clip(across, *OUTLINE[1])], axis=-1)
    cop = np.where(contact[..., None], cop, 0.0)
    views = to_heading(force, state.heading) / state.body_weight
    views[:, 0, 2] *= -1.0  # towards the midline is left (-Z) for the right foot
    return ForceTargets(*(x.astype(np.float32) for x in (views, cop, contact, valid)))
