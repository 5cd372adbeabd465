"""A substitute for a trunk that was not measured: held upright above the moving pelvis.

With the lumbar angles at zero the trunk would turn and tilt with the pelvis as one rigid piece, which throws
the half of the body's mass that is up there back and forth with every step. People keep it nearly still.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter
from scipy.spatial.transform import Rotation

from gaitdynamics.columns import LUMBAR, PELVIS_ROTATIONS
from gaitdynamics.joint_angles import angles_of, joint_of, rotation_of
from gaitdynamics.model import Model

Array = NDArray[np.float64]

#: Over this time [s] the heading of the pelvis is averaged: about two strides, so that its swing is left out.
HEADING_WINDOW = 2.0

_FORWARD, _UP = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])


def hold_torso_upright(model: Model, angles: Mapping[str, Array], rate: float) -> dict[str, Array] | None:
    """Find the lumbar angles that keep the torso upright and facing where the pelvis heads.

    The torso's rotation in the ground is R_y(heading) times its rotation in the neutral pose. Heading is the
    direction of the pelvis' forward axis in the horizontal plane, smoothed by straight lines fitted over
    `HEADING_WINDOW` (a shorter motion gets one line). Hence R_joint = (R_pelvis R_parent_frame)^T R_torso
    R_child_frame, from which the three angles follow for any order of orthogonal axes.

    Parameters
    ----------
    model
        The skeleton.
    angles
        (T,) of each pelvis rotation [rad], under the model's name.
    rate
        Sampling rate [Hz].

    Returns
    -------
    dict or None
        (T,) [rad] per lumbar coordinate, under the model's name. None when the model has no torso on three
        lumbar coordinates that turn about axes of which neighbours are orthogonal, carried by the pelvis.
    """
    pelvis, back = joint_of(model, PELVIS_ROTATIONS), joint_of(model, LUMBAR)
    if pelvis is None or back is None or back.parent != pelvis.child:
        return None
    turned = rotation_of(pelvis, angles)
    neutral = rotation_of(pelvis, {name: np.zeros(1) for name in angles})
    resting = rotation_of(back, {axis.coordinate: np.zeros(1) for axis in back.rotations if axis.coordinate})
    if turned is None or neutral is None or resting is None:
        return None
    heading = _smooth_heading(turned * neutral.inv(), rate)
    torso = Rotation.from_rotvec(heading[:, None] * _UP) * (neutral * resting)
    return angles_of(back, turned.inv() * torso)


def _smooth_heading(turned: Rotation, rate: float) -> Array:
    """Direction of the forward axis about the vertical [rad], (T,)."""
    forward = turned.apply(_FORWARD)
    heading = np.unwrap(np.arctan2(-forward[:, 2], forward[:, 0]))
    window = min(round(HEADING_WINDOW * rate), len(heading))
    window -= 1 - window % 2
    return np.asarray(savgol_filter(heading, window, polyorder=1)) if window >= 3 else heading
