"""Forces from motion: the whole body's external wrench by Newton and Euler, and joint moments.

All quantities in the ground frame; forces in N, moments in N.m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gaitdynamics.body.motion import Motion
from gaitdynamics.body.skeleton import Skeleton


@dataclass(frozen=True)
class ExternalForce:
    """A force on a body: `force` (..., 3) applied at `point` (..., 3), with a pure `torque` (..., 3)."""

    body: str
    force: Tensor
    point: Tensor
    torque: Tensor | None = None


def body_wrenches(skeleton: Skeleton, motion: Motion) -> tuple[Tensor, Tensor]:
    """Compute what must act on each body for it to move so under gravity.

    Returns
    -------
    force
        (..., B, 3), mass times (acceleration of the centre of mass minus gravity).
    moment
        (..., B, 3) about the body's centre of mass, rate of change of angular momentum.
    """
    arm = (motion.pose.rotation @ skeleton.mass_center[..., None])[..., 0]
    omega, alpha = motion.angular_velocity, motion.angular_acceleration
    center_acceleration = (
        motion.acceleration + torch.linalg.cross(alpha, arm) + torch.linalg.cross(omega, torch.linalg.cross(omega, arm))
    )
    force = skeleton.mass[:, None] * (center_acceleration - skeleton.gravity)
    inertia = motion.pose.rotation @ skeleton.inertia @ motion.pose.rotation.transpose(-1, -2)
    momentum = (inertia @ omega[..., None])[..., 0]
    moment = (inertia @ alpha[..., None])[..., 0] + torch.linalg.cross(omega, momentum)
    return force, moment


def total_wrench(skeleton: Skeleton, motion: Motion) -> tuple[Tensor, Tensor]:
    """Total external force and moment that the motion of the whole body demands, gravity left out.

    Returns
    -------
    force
        (..., 3) [N]: what the surroundings (the ground) exert besides gravity.
    moment
        (..., 3) [N.m] about the origin of the ground frame.

    Notes
    -----
    Newton and Euler for a system of rigid bodies: the internal joint forces cancel. Angular momentum, that of
    the bodies about their own centres included, is exact.
    """
    return sum_of_wrenches(skeleton.body_centers(motion.pose), *body_wrenches(skeleton, motion))


def sum_of_wrenches(centers: Tensor, force: Tensor, moment: Tensor) -> tuple[Tensor, Tensor]:
    """Add up what `body_wrenches` gives, for centres of mass (..., B, 3), as of `total_wrench`."""
    return force.sum(-2), (moment + torch.linalg.cross(centers, force)).sum(-2)


def inverse_dynamics(skeleton: Skeleton, motion: Motion, external: Sequence[ExternalForce] = ()) -> Tensor:
    """Generalised forces that, with the external forces, produce the motion.

    Parameters
    ----------
    skeleton, motion
        The body and its movement.
    external
        Forces of the surroundings (gravity is in the model).

    Returns
    -------
    Tensor
        (..., A) over `skeleton.all_coordinates`, [N.m] for rotations and [N] for translations. As in OpenSim,
        couplers are not enforced: a coupled coordinate reports the force on itself, not on its source.
    """
    force, moment = body_wrenches(skeleton, motion)
    centers = skeleton.body_centers(motion.pose)
    # Wrench of each body about the origin of the ground frame; summing is then plain addition.
    forces = list(force.unbind(-2))
    moments = list((moment + torch.linalg.cross(centers, force)).unbind(-2))
    for load in external:
        body = skeleton.body_index(load.body)
        forces[body] = forces[body] - load.force
        moments[body] = moments[body] - torch.linalg.cross(load.point, load.force)
        if load.torque is not None:
            moments[body] = moments[body] - load.torque
    zero = force.new_zeros(force.shape[:-2])
    result = [zero] * len(skeleton.all_coordinates)
    for index in reversed(range(len(skeleton.joints))):
        parent, child = skeleton.joints[index]
        about_joint = moments[child] - torch.linalg.cross(motion.pose.joint_center[..., index, :], forces[child])
        for axis in motion.axes[index]:
            wrench = about_joint if axis.turns else forces[child]
            result[axis.coordinate] = result[axis.coordinate] + axis.slope * (wrench * axis.direction).sum(-1)
        if parent >= 0:
            forces[parent] = forces[parent] + forces[child]
            moments[parent] = moments[parent] + moments[child]
    return torch.stack(result, dim=-1)
