"""How still the feet stand: what they slide over the surface while they bear weight, and how far they sink into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.body_state import HEEL, TOE, BodyState
from gaitdynamics.features.contact_rule import contact_by_rule
from gaitdynamics.features.floor import sole_levels

#: How far below its level on the floor [m] a landmark counts as sunk in: soles and shoes give by about that.
_SOFT: Final = 0.01


@dataclass(frozen=True)
class Footing:
    """Medians over frames in which a foot is down; NaN where none is.

    Attributes
    ----------
    slide
        Horizontal speed over the surface of heel or toe joint, whichever moves less [m/s].
    sink
        95th percentile over all frames of how far heel or toe joint is below its level on the floor [m].
    """

    slide: float
    sink: float


def measure_footing(state: BodyState, contact: NDArray[np.bool_] | None = None) -> Footing:
    """Measure how still the feet stand.

    Parameters
    ----------
    state
        The body.
    contact
        (N, 2) whether each foot is down at `state.time`; by default as `contact_by_rule` tells from heights alone,
        since a rule that asks for slow feet would find no fast ones.
    """
    down = contact_by_rule(state, still=False) if contact is None else contact
    speed = np.linalg.norm(state.landmark_velocity[:, :, [HEEL, TOE]][..., [0, 2]], axis=-1).min(-1)
    depth = (sole_levels(state) - _SOFT - state.landmark[:, :, [HEEL, TOE], 1]).max((1, 2))
    slide = float(np.median(speed[down])) if down.any() else float("nan")
    return Footing(slide, float(np.percentile(np.maximum(depth, 0.0), 95)))
