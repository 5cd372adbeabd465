"""Which foot is on the ground, told from its height and speed alone: no learning, no force."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.body_state import HEEL, TOE, BodyState
from gaitdynamics.features.floor import sole_levels
from gaitdynamics.model import STANDARD_GRAVITY

#: A foot counts as down when heel or toe joint is this close to its lowest level [leg lengths] ...
_LOW: Final = 0.035
#: ... and that landmark moves slower over the surface than this [m/s per sqrt(g x leg length)].
_SLOW: Final = 0.35


def contact_by_rule(state: BodyState, *, still: bool = True) -> NDArray[np.bool_]:
    """Mark frames (N, 2) in which heel or toe joint is low and, if `still`, slow.

    Parameters
    ----------
    state
        The body.
    still
        Whether the landmark must also stand on the surface; leave it out where the speed of the surface is
        what is looked for.
    """
    height = state.landmark[:, :, [HEEL, TOE], 1] - sole_levels(state)
    down = height < _LOW * state.leg_length
    if still:
        speed = np.linalg.norm(state.landmark_velocity[:, :, [HEEL, TOE]][..., [0, 2]], axis=-1)
        down &= speed < _SLOW * np.sqrt(STANDARD_GRAVITY * state.leg_length)
    return np.asarray(down.any(-1))
