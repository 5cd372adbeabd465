"""Feature schema "foot-view-3": what the physics-informed refinement network sees of a motion.

Every frame is described twice, once as seen from each foot: the foot in question comes first, the other one
second, and sideways axes point to the midline, so that one network serves both feet and treats left and right
alike by construction. All quantities are dimensionless: lengths by leg length, velocities by the square root of gravity
times leg length, forces by body weight. Children and adults thus look alike.

The second version also shows which part of the body asks for Newton's total force (soft tissue lets the trunk's part
come late and smaller); the third one shows the total at 3 Hz too, which is what noisy angles leave of it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.body_state import (
    ANKLE,
    CUTOFFS,
    HEEL,
    HIP,
    KNEE,
    LANDMARKS,
    PELVIS,
    TOE,
    UPPER_BODY,
    BodyState,
)
from gaitdynamics.features.floor import sole_levels
from gaitdynamics.features.heading import to_heading
from gaitdynamics.model import STANDARD_GRAVITY

Array = NDArray[np.float64]
Features = NDArray[np.float32]

#: Version of this schema; weights name the one they were trained with.
NAME: Final = "foot-view-3"

_AXES = ("forward", "up", "inward")
_MOVING = (KNEE, ANKLE, HEEL, TOE)
_SPAN = (HIP, KNEE, ANKLE, HEEL, TOE)
_IMPLIED = (CUTOFFS.index(6.0), CUTOFFS.index(10.0))  # cutoffs whose implied centre of pressure is given

#: Limits of the implied centre of pressure relative to a foot, in leg lengths: it runs off to infinity in flight.
_COP_LIMIT = 1.5

_CENTER_COLUMNS: Final = (
    *(f"total_force_{cutoff:g}hz_{axis}" for cutoff in CUTOFFS for axis in _AXES),
    *(f"com_velocity_{axis}" for axis in _AXES),
    "com_height",
    *(f"trunk_from_com_{axis}" for axis in _AXES),
    "trunk_missing",
    *(f"{group}_force_{axis}" for group in ("pelvis", "upper_body") for axis in _AXES),
)
_FOOT_COLUMNS: Final = (
    *(f"{LANDMARKS[i]}_from_com_{axis}" for i in _SPAN for axis in _AXES),
    "heel_height",
    "toe_height",
    *(f"{LANDMARKS[i]}_velocity_{axis}" for i in _MOVING for axis in _AXES),
    *(f"{LANDMARKS[i]}_acceleration_{axis}" for i in (ANKLE, HEEL) for axis in _AXES),
    *(f"implied_cop_{CUTOFFS[k]:g}hz_{axis}" for k in _IMPLIED for axis in ("forward", "inward")),
    *(f"leg_force_{axis}" for axis in _AXES),
)

#: Names of the columns, in order.
COLUMNS: Final = (
    *_CENTER_COLUMNS,
    *(f"this_{name}" for name in _FOOT_COLUMNS),
    *(f"other_{name}" for name in _FOOT_COLUMNS),
)

#: Where the total forces stand among the columns: per cutoff, three axes.
TOTAL_FORCE: Final = slice(0, 3 * len(CUTOFFS))

#: Columns that follow from Newton's law: the total force, what the parts of the body contribute, the point it implies.
PHYSICS: Final = tuple(i for i, name in enumerate(COLUMNS) if "_force_" in name or "_implied_cop_" in name)

#: Frames that are described at once, so that memory beyond the result stays small.
_CHUNK: Final = 2000


def refiner_features(state: BodyState) -> Features:
    """Describe a motion for the refinement network.

    Returns
    -------
    ndarray
        (N, 2, C) float32; axis 1 is the view from the right and from the left foot, C follows `COLUMNS`.
        Axes are walking direction, up, and towards the body's midline.
    """
    soles = sole_levels(state)
    starts = range(0, len(state.time), _CHUNK)
    return np.concatenate([_describe(state.part(slice(start, start + _CHUNK)), soles) for start in starts])


def _describe(state: BodyState, soles: Array) -> Features:
    leg, weight = state.leg_length, state.body_weight
    speed = np.sqrt(STANDARD_GRAVITY * leg)
    mirror = np.array([1.0, 1.0, -1.0])

    def turned(vectors: Array) -> Array:
        return to_heading(vectors, state.heading)

    relative = turned(state.landmark - state.com[:, None, None]) / leg
    velocity = turned(state.landmark_velocity) / speed
    acceleration = turned(state.landmark_acceleration) / STANDARD_GRAVITY
    force = turned(state.force) / weight
    height = (state.landmark[:, :, [HEEL, TOE], 1] - soles) / leg
    com_velocity = turned(state.com_velocity) / speed
    com_height = (state.com[:, 1:2] - soles[0]) / leg
    trunk = turned(state.trunk - state.com) / leg
    missing = np.full_like(com_height, float(state.trunk_missing))
    implied = turned(implied_cop(state, soles.min())[:, None] - state.landmark[:, :, None, HEEL]) / leg
    # Where little force acts its point means nothing; scaling by the load makes it fade instead of jump.
    load = np.clip(force[..., 1], 0.0, 1.0)
    implied = np.clip(implied, -_COP_LIMIT, _COP_LIMIT) * load[:, None, :, None]
    parts_force = turned(state.part_force) / weight

    # In the ground frame the midline lies to the left (-Z) of the right foot and to the right of the left one.
    views = []
    for this, other, sign in ((0, 1, mirror), (1, 0, np.ones(3))):
        center = [force * sign, com_velocity * sign, com_height, trunk * sign, missing]
        center += [parts_force[:, PELVIS] * sign, parts_force[:, UPPER_BODY] * sign]
        columns = [x.reshape(len(x), -1) for x in center]
        for foot in (this, other):
            parts = [
                relative[:, foot, list(_SPAN)] * sign,
                height[:, foot],
                velocity[:, foot, list(_MOVING)] * sign,
                acceleration[:, foot, [ANKLE, HEEL]] * sign,
                implied[:, foot][:, list(_IMPLIED)][..., [0, 2]] * sign[[0, 2]],
                parts_force[:, foot] * sign,
            ]
            columns += [x.reshape(len(x), -1) for x in parts]
        views.append(np.concatenate(columns, axis=1))
    features = np.stack(views, axis=1).astype(np.float32)
    assert features.shape[-1] == len(COLUMNS)
    return features


def implied_cop(state: BodyState, height: float) -> Array:
    """Point (N, K, 3) [m] on the plane y = `height` where the total force acts, per cutoff.

    The moment of Newton's wrench about that point is vertical only; with one foot down it is that foot's centre of
    pressure. Frames with less than 5 % body weight have no such point and give the centre of mass's projection.
    """
    force, moment = state.force, state.moment
    vertical = force[..., 1]
    loaded = vertical > 0.05 * state.body_weight
    safe = np.where(loaded, vertical, 1.0)
    # From M = r x F with r_y = height: M_x = h F_z - z F_y, M_z = x F_y - h F_x.
    x = (moment[..., 2] + height * force[..., 0]) / safe
    z = (height * force[..., 2] - moment[..., 0]) / safe
    x = np.where(loaded, x, state.com[:, None, 0])
    z = np.where(loaded, z, state.com[:, None, 2])
    return np.stack([x, np.full_like(x, height), z], axis=-1)
