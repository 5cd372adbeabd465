"""Carry positions, velocities and accelerations from the ground outwards, joint by joint.

The velocity and acceleration of each body follow from those of its parent by the rules for moving frames;
nothing is differentiated numerically. The derivatives of joint functions enter by the chain rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gaitdynamics.body.joints import PreparedJoint
from gaitdynamics.body.motion import JointAxes, Motion, Pose

_cross = torch.linalg.cross


def propagate_pose(joints: Sequence[PreparedJoint], bodies: int, q: Tensor) -> Pose:
    """Forward kinematics.

    Parameters
    ----------
    joints
        Ordered from the ground outwards.
    bodies
        Number of bodies, B.
    q
        (..., A) all coordinates, the coupled ones included.
    """
    batch = q.shape[:-1]
    rotation: list[Tensor] = [torch.empty(0)] * bodies
    position = list(rotation)
    centers = []
    for joint in joints:
        if joint.parent < 0:
            frame, origin = joint.parent_rotation, joint.parent_translation
        else:
            frame = rotation[joint.parent] @ joint.parent_rotation
            origin = position[joint.parent] + rotation[joint.parent] @ joint.parent_translation
        shift = joint.offset
        for axis in joint.translations:
            shift = shift + axis.value(q)[..., None] * axis.direction
        center = origin + (frame @ shift[..., None])[..., 0]
        turned = frame
        for step in joint.rotations:
            turned = turned @ (step if isinstance(step, Tensor) else step.turn(step.value(q)))
        child = turned @ joint.child_rotation.T
        rotation[joint.child] = child.expand(*batch, 3, 3)
        position[joint.child] = (center - child @ joint.child_translation).expand(*batch, 3)
        centers.append(center.expand(*batch, 3))
    return Pose(torch.stack(position, -2), torch.stack(rotation, -3), torch.stack(centers, -2))


def propagate_motion(joints: Sequence[PreparedJoint], bodies: int, full: Sequence[Tensor]) -> Motion:
    """Forward kinematics with velocities and accelerations.

    Parameters
    ----------
    joints, bodies
        As in `propagate_pose`.
    full
        All coordinates (..., A) and their first and second time derivatives.
    """
    q, qd, qdd = full
    ground = _State.at_rest(q)
    states = [ground] * bodies
    centers, axes = [], []
    for joint in joints:
        parent = ground if joint.parent < 0 else states[joint.parent]
        frame = parent.carry(joint.parent_rotation, joint.parent_translation)
        center, shifting = _translate(frame, joint, q, qd, qdd)
        turned, turning = _rotate(center, joint, q, qd, qdd)
        if joint.speeds_are_angular_velocity:
            turning = _parent_axes(turning, frame.rotation)
        # The child's origin, seen from the joint: the inverse of the joint's frame in the child.
        inverse = joint.child_rotation.T
        states[joint.child] = turned.carry(inverse, -(inverse @ joint.child_translation))
        centers.append(center.position)
        axes.append((*shifting, *turning))
    return Motion(
        Pose(
            torch.stack([s.position for s in states], -2),
            torch.stack([s.rotation for s in states], -3),
            torch.stack(centers, -2),
        ),
        torch.stack([s.velocity for s in states], -2),
        torch.stack([s.acceleration for s in states], -2),
        torch.stack([s.omega for s in states], -2),
        torch.stack([s.alpha for s in states], -2),
        tuple(axes),
    )


@dataclass(frozen=True)
class _State:
    """A moving frame: orientation, origin and their rates, in the ground frame."""

    rotation: Tensor
    position: Tensor
    velocity: Tensor
    acceleration: Tensor
    omega: Tensor
    alpha: Tensor

    @classmethod
    def at_rest(cls, q: Tensor) -> _State:
        """Give the ground, once for each element of the batch of `q`."""
        zero = q.new_zeros((*q.shape[:-1], 3))
        eye = torch.eye(3, dtype=q.dtype, device=q.device).expand(*q.shape[:-1], 3, 3)
        return cls(eye, zero, zero, zero, zero, zero)

    def carry(self, rotation: Tensor, translation: Tensor) -> _State:
        """Give the frame that is fixed to this one at `translation` (3,), turned by `rotation` (3, 3)."""
        arm = self.rotation @ translation
        return _State(
            self.rotation @ rotation,
            self.position + arm,
            self.velocity + _cross(self.omega, arm),
            self.acceleration + _cross(self.alpha, arm) + _cross(self.omega, _cross(self.omega, arm)),
            self.omega,
            self.alpha,
        )


def _translate(
    frame: _State, joint: PreparedJoint, q: Tensor, qd: Tensor, qdd: Tensor
) -> tuple[_State, list[JointAxes]]:
    """Shift a joint's parent frame along its translations, whose directions are fixed in that frame."""
    shift = frame.rotation @ joint.offset
    rate = acceleration = torch.zeros_like(shift)
    axes = []
    for axis in joint.translations:
        f, df, ddf = axis.function(q[..., axis.index])
        direction = frame.rotation @ axis.direction
        speed = qd[..., axis.index]
        shift = shift + f[..., None] * direction
        rate = rate + (df * speed)[..., None] * direction
        acceleration = acceleration + (df * qdd[..., axis.index] + ddf * speed**2)[..., None] * direction
        axes.append(JointAxes(direction, df, axis.index, turns=False))
    omega, alpha = frame.omega, frame.alpha
    moved = _State(
        frame.rotation,
        frame.position + shift,
        frame.velocity + _cross(omega, shift) + rate,
        frame.acceleration
        + _cross(alpha, shift)
        + _cross(omega, _cross(omega, shift))
        + 2.0 * _cross(omega, rate)  # Coriolis: the directions turn with the parent
        + acceleration,
        omega,
        alpha,
    )
    return moved, axes


def _rotate(frame: _State, joint: PreparedJoint, q: Tensor, qd: Tensor, qdd: Tensor) -> tuple[_State, list[JointAxes]]:
    """Turn a frame about the joint's rotation axes, one after the other."""
    turned, omega, alpha = frame.rotation, frame.omega, frame.alpha
    axes = []
    for step in joint.rotations:
        if isinstance(step, Tensor):
            turned = turned @ step
            continue
        f, df, ddf = step.function(q[..., step.index])
        direction = turned @ step.direction
        speed = qd[..., step.index]
        spin = (df * speed)[..., None] * direction
        push = (df * qdd[..., step.index] + ddf * speed**2)[..., None] * direction
        # The axis itself is carried around by everything before it.
        alpha = alpha + _cross(omega, spin) + push
        omega = omega + spin
        turned = turned @ step.turn(f)
        axes.append(JointAxes(direction, df, step.index, turns=True))
    state = _State(turned, frame.position, frame.velocity, frame.acceleration, omega, alpha)
    return state, axes


def _parent_axes(axes: Sequence[JointAxes], frame: Tensor) -> list[JointAxes]:
    """Replace Euler axes by the parent frame's own axes.

    The generalised speeds of OpenSim's Ball and Free joints are components of the angular velocity in the
    parent frame, so its generalised forces are moments about those axes.
    """
    return [JointAxes(frame[..., :, i], a.slope, a.coordinate, turns=True) for i, a in enumerate(axes)]
