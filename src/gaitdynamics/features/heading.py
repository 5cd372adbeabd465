"""The walking direction: found from the pelvis, free of jumps at +-180 degrees, and undone exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from gaitdynamics.columns import PELVIS_ROTATIONS
from gaitdynamics.joint_angles import angles_of, joint_of, rotation_of, straight_line
from gaitdynamics.model import GROUND, Joint, Model

Array = NDArray[np.float64]

#: Length of the averaging window [s]. A Hann window of this length lets nothing through at 0.9 Hz and little above,
#: so that the pelvis's own turning in every stride averages out.
AVERAGING_TIME = 2.2


def pelvis_yaw(rotation: Array) -> Array:
    """Yaw of the pelvis about the vertical, unwrapped.

    Parameters
    ----------
    rotation
        (T, 3, 3) pelvis to ground.

    Returns
    -------
    (T,) [rad]; zero faces along +X, positive turns to the left (towards -Z). Taken from the medio-lateral
    axis of the pelvis, which tilting forward and back does not disturb.
    """
    return np.unwrap(np.arctan2(rotation[:, 0, 2], rotation[:, 2, 2]))


def face_forward(model: Model, coordinates: Sequence[str], values: Array) -> tuple[Array, float]:
    """Turn a motion about the vertical so that it faces +X in the median.

    Parameters
    ----------
    model
        The skeleton.
    coordinates, values
        Names (C,) and (T, C) [rad, m] of its coordinates.

    Returns
    -------
    values, yaw
        The turned motion, and the angle [rad] by which vectors turn back (`from_heading`). A pelvis whose angles
        do not allow that is left as it is, with angle zero.
    """
    joint = joint_of(model, PELVIS_ROTATIONS)
    columns = {name: index for index, name in enumerate(coordinates)}
    if joint is None or joint.parent != GROUND or not all(_shifts_along(joint, k) for k in range(3)):
        return values, 0.0
    rotation = rotation_of(joint, {n.name: values[:, columns[n.name]] for n in joint.coordinates})
    if rotation is None:
        return values, 0.0
    yaw = float(np.median(pelvis_yaw(rotation.as_matrix())))
    turn = Rotation.from_euler("Y", -yaw)
    angles = angles_of(joint, turn * rotation)
    if angles is None:
        return values, 0.0
    turned = values.copy()
    for name, angle in angles.items():
        turned[:, columns[name]] = np.unwrap(angle)
    shifts = [columns[axis.coordinate] for axis in joint.translations if axis.coordinate]
    turned[:, shifts] = turn.apply(values[:, shifts])
    return turned, yaw


def _shifts_along(joint: Joint, axis: int) -> bool:
    """Tell whether translation number `axis` of a joint on the ground is simply the ground's own axis."""
    if len(joint.translations) != 3 or any(joint.parent_frame.translation + joint.parent_frame.orientation):
        return False
    translation = joint.translations[axis]
    unit = [float(k == axis) for k in range(3)]
    return (
        translation.coordinate is not None
        and list(translation.direction) == unit
        and straight_line(translation.function) == (1.0, 0.0)
    )


def smooth_heading(rotation: Array, rate: float) -> Array:
    """Give the walking direction (T,) [rad]: pelvis yaw averaged over some two seconds.

    Differences from the paper: a slowly varying heading instead of one median per trial, so that turning gait
    and trials that face +-180 degrees need not be thrown away.
    """
    yaw = pelvis_yaw(rotation)
    half = round(0.5 * AVERAGING_TIME * rate)
    if len(yaw) <= 2 * half + 1:
        return np.full(len(yaw), np.median(yaw))
    kernel = np.hanning(2 * half + 3)[1:-1]
    # Point reflection would carry on the swing of the last half cycle.
    padded = np.pad(yaw, half, mode="reflect")
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), mode="valid"))


def to_heading(vectors: Array, heading: Array) -> Array:
    """Express ground-frame vectors (T, ..., 3) in the heading frame: X walking direction, Y up, Z right."""
    return _turn(vectors, heading, +1.0)


def from_heading(vectors: Array, heading: Array) -> Array:
    """Undo `to_heading`."""
    return _turn(vectors, heading, -1.0)


def _turn(vectors: Array, heading: Array, sign: float) -> Array:
    shape = (-1,) + (1,) * (vectors.ndim - 2)
    c, s = np.cos(heading).reshape(shape), sign * np.sin(heading).reshape(shape)
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    # Heading a means forward = (cos a, 0, -sin a) and right = (sin a, 0, cos a) in the ground frame.
    return np.stack([c * x - s * z, y, s * x + c * z], axis=-1)
