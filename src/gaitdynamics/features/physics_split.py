"""Forces under both feet by physics and a simple rule: the baseline that learns nothing.

Newton's total force goes to the foot that is on the ground; when both are, in proportion to how near the
implied centre of pressure is to each; when none is, to the lower foot if much force acts, else to the air.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.body_state import CUTOFFS, HEEL, TOE, BodyState
from gaitdynamics.features.contact_rule import contact_by_rule
from gaitdynamics.features.foot_frame import OUTLINE, foot_frame
from gaitdynamics.features.refiner_schema import implied_cop
from gaitdynamics.trial import FootForces

Array = NDArray[np.float64]

#: Bandwidth of the total force: index into `body_state.CUTOFFS` (10 Hz serves walking and running).
_BAND: Final = CUTOFFS.index(10.0)

#: With neither foot down by the rule, a vertical force above this [body weights] goes to the lower foot.
_FLIGHT: Final = 0.3


def split_by_rule(state: BodyState, floor_height: float) -> FootForces:
    """Estimate the forces on the clock of `state` in the ground frame."""
    total = state.force[:, _BAND].copy()
    total[:, 1] = np.maximum(total[:, 1], 0.0)
    point = implied_cop(state, floor_height)[:, _BAND]
    down = contact_by_rule(state)
    middle = state.landmark[:, :, [HEEL, TOE]].mean(2)[..., [0, 2]]
    between = middle[:, 0] - middle[:, 1]
    along = ((point[:, [0, 2]] - middle[:, 1]) * between).sum(-1) / np.maximum((between**2).sum(-1), 1e-6)
    right_share = np.clip(along, 0.0, 1.0)
    lower = state.landmark[:, :, [HEEL, TOE], 1].min(-1).argmin(-1)
    airborne = total[:, 1] < _FLIGHT * state.body_weight
    right = np.where(down.all(-1), right_share, np.where(down.any(-1), down[:, 0], lower == 0))
    right = right.astype(np.float64)
    present = np.where(down.any(-1), 1.0, np.where(airborne, 0.0, 1.0))
    share = np.stack([right, 1.0 - right], axis=-1) * present[:, None]
    force = share[..., None] * total[:, None]
    loaded = force[..., 1] > 0.0
    force = np.where(loaded[..., None], force, 0.0)
    frame = foot_frame(state.landmark[:, :, HEEL], state.landmark[:, :, TOE], floor_height)
    ahead, aside = frame.from_ground(np.repeat(point[:, None], 2, axis=1))
    cop = frame.to_ground(np.clip(ahead, *OUTLINE[0]), np.clip(aside, *OUTLINE[1]))
    return FootForces(time=state.time, force=force, cop=np.where(loaded[..., None], cop, 0.0))
