"""What kinematics gives: where the bodies are and how they move, as tensors in the ground frame."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Pose:
    """Where the bodies are.

    `position` (..., B, 3) of the body origins in the ground frame [m], `rotation` (..., B, 3, 3) from body to
    ground, `joint_center` (..., J, 3) origins of the joints' child frames [m].
    """

    position: Tensor
    rotation: Tensor
    joint_center: Tensor


@dataclass(frozen=True)
class JointAxes:
    """One axis of a joint in the ground frame, with the slope of its function.

    `direction` (..., 3); `slope` (...) is d(angle or shift)/d(coordinate); `coordinate` its index;
    `turns` is true for a rotation, false for a translation.
    """

    direction: Tensor
    slope: Tensor
    coordinate: int
    turns: bool


@dataclass(frozen=True)
class Motion:
    """How the bodies move: pose, velocities and accelerations in the ground frame.

    `velocity` [m/s] and `acceleration` [m/s^2] (..., B, 3) are of the body origins; `angular_velocity` [rad/s]
    and `angular_acceleration` [rad/s^2] (..., B, 3). `axes` lists, per joint, what inverse dynamics projects on.
    """

    pose: Pose
    velocity: Tensor
    acceleration: Tensor
    angular_velocity: Tensor
    angular_acceleration: Tensor
    axes: tuple[tuple[JointAxes, ...], ...]
