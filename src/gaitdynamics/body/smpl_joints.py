"""Joint positions in the layouts of motion generators, from a motion of a gait model.

Only what gait is measured by is exact: hips, knees, ankles and balls of the feet. The rest of the body is put where it
is in an upright person, for the layout asks for it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import SIDES
from gaitdynamics.files.joint_positions import JOINTS, LEG, PELVIS, LayoutName
from gaitdynamics.signals import resample
from gaitdynamics.trial import Trial

Array = NDArray[np.float64]


def joint_positions(trial: Trial, layout: LayoutName, rate: float) -> Array:
    """Give the joints of a motion over the surface.

    Parameters
    ----------
    trial
        The motion. A belt's way is added along X, so that a person on a treadmill moves forward too.
    layout
        Of the joints.
    rate
        Frames per second.

    Returns
    -------
    (N, J, 3) [m], Y up.
    """
    skeleton = Skeleton(trial.subject.model)
    position = skeleton.pose(torch.from_numpy(trial.values)).position.numpy()
    belt = trial.surface.belt_speed * (trial.time - trial.time[0])

    def place(body: str) -> Array:
        found = position[:, skeleton.body_index(body)].copy()
        found[:, 0] += belt
        return found

    pelvis = place("pelvis")
    joints = np.repeat(pelvis[:, None], JOINTS[layout], axis=1)
    above = [i for i in range(JOINTS[layout]) if i != PELVIS and not any(i in leg for leg in LEG.values())]
    joints[:, above] += place("torso")[:, None] - pelvis[:, None]
    for side in SIDES:
        for joint, body in zip(LEG[side], ("femur", "tibia", "talus", "toes"), strict=True):
            joints[:, joint] = place(f"{body}_{side}")
    frames = int(np.floor((trial.time[-1] - trial.time[0]) * rate + 1e-6)) + 1
    time = trial.time[0] + np.arange(frames) / rate
    return resample(joints, trial.time, time)
