"""Between the three angles of a joint and the rotation that they make, for any order of orthogonal axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from gaitdynamics.columns import canonical
from gaitdynamics.model import Constant, Frame, Function, Joint, Linear, Model, Polynomial, Scaled

Array = NDArray[np.float64]


def joint_of(model: Model, names: Sequence[str]) -> Joint | None:
    """Find the joint whose three rotations depend on exactly these coordinates, in any order."""
    for joint in model.joints:
        if sorted(canonical(axis.coordinate or "") for axis in joint.rotations) == sorted(names):
            return joint
    return None


def frame_rotation(frame: Frame) -> Rotation:
    """Orientation of a fixed frame in its body."""
    return Rotation.from_euler("XYZ", frame.orientation)


def straight_line(function: Function) -> tuple[float, float] | None:
    """Slope and intercept of a function that is a straight line; None for any other."""
    match function:
        case Constant(value):
            return 0.0, value
        case Linear(slope, intercept):
            return slope, intercept
        case Polynomial(coefficients) if len(coefficients) <= 2:
            slope, intercept = (0.0, 0.0, *coefficients)[-2:]
            return slope, intercept
        case Scaled(inner, scale):
            line = straight_line(inner)
            return None if line is None else (scale * line[0], scale * line[1])
    return None


def rotation_of(joint: Joint, angles: Mapping[str, Array]) -> Rotation | None:
    """Rotation of the child body in the parent body.

    Parameters
    ----------
    joint
        With three rotations.
    angles
        (T,) [rad] per coordinate of the joint.

    Returns
    -------
    Rotation or None
        T rotations; None when an axis turns by a curved function of its coordinate.
    """
    rotation = frame_rotation(joint.parent_frame)
    for axis in joint.rotations:
        line = straight_line(axis.function)
        if line is None:
            return None
        angle = line[1] + line[0] * (angles[axis.coordinate] if axis.coordinate else np.zeros(1))
        direction = np.asarray(axis.direction) / np.linalg.norm(axis.direction)
        rotation = rotation * Rotation.from_rotvec(angle[:, None] * direction)
    return rotation * frame_rotation(joint.child_frame).inv()


def angles_of(joint: Joint, rotation: Rotation) -> dict[str, Array] | None:
    """Find the angles at which `rotation_of` gives `rotation`.

    Returns
    -------
    dict or None
        (T,) [rad] per coordinate, the middle one within +-90 degrees. None when neighbouring axes are not
        orthogonal, or one does not turn in proportion to its coordinate.
    """
    axes = np.array([axis.direction for axis in joint.rotations])
    axes = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    if not np.allclose(np.sum(axes[:-1] * axes[1:], axis=1), 0.0, atol=1e-6):
        return None
    turns = (frame_rotation(joint.parent_frame).inv() * rotation * frame_rotation(joint.child_frame)).as_davenport(
        axes, "i"
    )
    angles = {}
    for index, axis in enumerate(joint.rotations):
        line = straight_line(axis.function)
        if line is None or line[0] == 0.0 or axis.coordinate is None:
            return None
        angles[axis.coordinate] = (turns[:, index] - line[1]) / line[0]
    return angles
