"""What is to be seen of a motion in space: solids that move with the bodies, forces on the feet, and the floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gaitdynamics.model import GROUND
from gaitdynamics.report_page.shapes import Solid, solids_of
from gaitdynamics.signals import low_pass
from gaitdynamics.trial import Array, FootForces, Mask, Trial

#: Pictures per second that are kept at most; in between the viewer interpolates.
FRAME_RATE: Final = 50.0
#: The viewer goes along with the pelvis; what is faster than this [Hz] is seen as its own motion.
_FOLLOWING: Final = 0.4


@dataclass(frozen=True)
class Scene:
    """A motion in space, F pictures of B bodies.

    Attributes
    ----------
    time
        (F,) [s], on the clock of the motion.
    solids
        What is fixed to the bodies.
    position, quaternion
        (F, B, 3) origins of the bodies in the ground frame [m], (F, B, 4) orientations (x, y, z, w), without jumps of
        sign.
    travel
        (F, 3) smoothed horizontal position of the pelvis [m], which the viewer follows.
    height
        Of the highest point of the body over the floor, in the mean over the motion [m].
    floor_height
        [m].
    belt_speed
        Speed of the belt towards -X [m/s]; 0 on a floor.
    heading
        Mean walking direction [rad] about the vertical, zero along +X, positive to the left.
    force, cop
        (F, 2, 3) force on the right and left foot [body weight], zero in swing, and its point of application [m].
    """

    time: Array
    solids: tuple[Solid, ...]
    position: Array
    quaternion: Array
    travel: Array
    height: float
    floor_height: float
    belt_speed: float
    heading: float
    force: Array
    cop: Array


def scene_of(
    trial: Trial,
    forces: FootForces | None = None,
    contact: Mask | None = None,
    *,
    floor_height: float = 0.0,
    rate: float = FRAME_RATE,
) -> Scene:
    """Build the scene of a motion.

    Parameters
    ----------
    trial
        The motion.
    forces
        Forces on both feet at its times; None for none.
    contact
        (T, 2) frames in which they act; by default wherever they are not zero.
    floor_height
        [m].
    rate
        Pictures per second at most; whole frames are left out, none is made up.
    """
    import torch
    from scipy.spatial.transform import Rotation

    from gaitdynamics.body.skeleton import Skeleton
    from gaitdynamics.features.heading import pelvis_yaw

    keep = slice(None, None, max(1, round(trial.rate / rate)))
    time = trial.time[keep]
    skeleton = Skeleton(trial.subject.model)
    pose = skeleton.pose(torch.as_tensor(trial.values[keep]))
    position, rotation = pose.position.numpy(), pose.rotation.numpy()
    far_ends = {}
    for (parent, _), joint, centre in zip(
        skeleton.joints, trial.subject.model.joints, np.moveaxis(pose.joint_center.numpy(), -2, 0), strict=True
    ):
        if parent >= 0:
            # Joints that shift as they bend, the knee above all, are shown where they are on average.
            arm = np.einsum("tji,tj->ti", rotation[:, parent], centre - position[:, parent])
            far_ends[joint.name] = arm.mean(axis=0)
    pelvis = next(i for i, (parent, _) in enumerate(skeleton.joints) if parent < 0)
    root = skeleton.body_index(trial.subject.model.joints[pelvis].child)
    assert trial.subject.model.joints[pelvis].parent == GROUND
    travel = position[:, root] * [1.0, 0.0, 1.0]
    if len(time) > 1:
        travel = low_pass(travel, (len(time) - 1) / float(time[-1] - time[0]), _FOLLOWING)
    quaternion = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_quat().reshape(*rotation.shape[:2], 4)
    flips = np.sign(np.sum(quaternion[1:] * quaternion[:-1], axis=-1, keepdims=True))
    quaternion[1:] *= np.cumprod(np.where(flips == 0.0, 1.0, flips), axis=0)
    force, cop = np.zeros((len(time), 2, 3)), np.zeros((len(time), 2, 3))
    if forces is not None:
        acts = (forces.force[keep, :, 1] > 0.0) if contact is None else contact[keep]
        force = np.where(acts[..., None], forces.force[keep], 0.0) / trial.body_weight
        cop = np.where(acts[..., None], forces.cop[keep], 0.0)
    yaw = pelvis_yaw(rotation[:, root])
    solids = tuple(solids_of(trial.subject.model, far_ends))
    tops = [
        position[:, s.body, 1] + (rotation[:, s.body, 1] @ s.vertices.T.astype(np.float64)).max(axis=-1) for s in solids
    ]
    return Scene(
        time=time,
        solids=solids,
        position=position,
        quaternion=quaternion,
        travel=travel,
        height=float(np.max(tops, axis=0).mean()) - floor_height,
        floor_height=floor_height,
        belt_speed=trial.surface.belt_speed,
        heading=float(np.arctan2(np.sin(yaw).mean(), np.cos(yaw).mean())),
        force=np.nan_to_num(force),
        cop=np.nan_to_num(cop),
    )
