"""Rotations as the published columns hold them: Z-X-Y angles, two rows of a matrix, and the walking direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import FULL_BODY, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS
from gaitdynamics.features.published.velocity import published_low_pass

Array = NDArray[np.float64]

#: Low-pass cutoff of angular velocities [Hz].
VELOCITY_CUTOFF: Final = 15.0

#: Largest change of the pelvis' yaw in a trial [rad] that the published code accepts.
LARGEST_TURN: Final = np.radians(45.0)

_ROTATION: Final = [FULL_BODY.index(name) for name in PELVIS_ROTATIONS]
_TRANSLATION: Final = [FULL_BODY.index(name) for name in PELVIS_TRANSLATIONS]


def euler_to_matrix(angles: Array) -> Array:
    """Compose rotations R = Rz(a) Rx(b) Ry(c).

    Parameters
    ----------
    angles
        (..., 3) [rad]: a, b, c.

    Returns
    -------
    (..., 3, 3).
    """
    a, b, c = np.moveaxis(angles, -1, 0)
    sa, ca, sb, cb, sc, cc = np.sin(a), np.cos(a), np.sin(b), np.cos(b), np.sin(c), np.cos(c)
    rows = (
        (ca * cc - sa * sb * sc, -sa * cb, ca * sc + sa * sb * cc),
        (sa * cc + ca * sb * sc, ca * cb, sa * sc - ca * sb * cc),
        (-cb * sc, sb, cb * cc),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def matrix_to_euler(matrix: Array) -> Array:
    """Undo `euler_to_matrix`: (..., 3) [rad], the middle angle within +-90 degrees."""
    a = np.arctan2(-matrix[..., 0, 1], matrix[..., 1, 1])
    b = np.arcsin(np.clip(matrix[..., 2, 1], -1.0, 1.0))
    c = np.arctan2(-matrix[..., 2, 0], matrix[..., 2, 2])
    return np.stack([a, b, c], axis=-1)


def matrix_to_six(matrix: Array) -> Array:
    """Give the first two rows of (..., 3, 3), one after the other, as (..., 6)."""
    return np.asarray(matrix[..., :2, :].reshape(*matrix.shape[:-2], 6))


def six_to_matrix(six: Array) -> Array:
    """Find the rotation (..., 3, 3) nearest to two rows (..., 6), by Gram-Schmidt.

    The first row only changes its length; the third is the cross product (Zhou et al. 2019).
    """
    first, second = _unit(six[..., :3]), six[..., 3:]
    second = _unit(second - (first * second).sum(-1, keepdims=True) * first)
    return np.stack([first, second, np.cross(first, second)], axis=-2)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def angular_velocity(matrix: Array, rate: float) -> Array:
    """Give what the published columns call angular velocity, low-passed at 15 Hz.

    Parameters
    ----------
    matrix
        (T, ..., 3, 3) rotations over time, at least 16 frames.
    rate
        Sampling rate [Hz].

    Returns
    -------
    (T, ..., 3) [rad/s]: minus the skew part of dR/dt, from differences to the next frame, the last one repeated.

    Notes
    -----
    This is not the angular velocity of the joint: for a turn by theta about one axis it is -cos(theta) dtheta/dt about
    that axis, negative and too small. The published weights need it so; it is kept without an alternative.
    """
    step = matrix[:-1] - matrix[1:]
    step = np.concatenate([step, step[-1:]])
    pairs = ((2, 1), (0, 2), (1, 0))
    omega = 0.5 * rate * np.stack([step[..., i, j] - step[..., j, i] for i, j in pairs], axis=-1)
    return published_low_pass(omega, rate, VELOCITY_CUTOFF)


@dataclass(frozen=True)
class Alignment:
    """How a trial was turned about the vertical through the origin of the ground.

    `turn` [rad] is the angle about +Y that was applied (minus the median yaw of the pelvis); `span` [rad] the range of
    the yaw over the trial, beyond `LARGEST_TURN` of which the published networks were never trained.
    """

    turn: float
    span: float

    @property
    def matrix(self) -> Array:
        """(3, 3): vectors of the aligned frame are `matrix @ v` of those in the ground frame."""
        c, s = np.cos(self.turn), np.sin(self.turn)
        return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])

    def to_aligned(self, vectors: Array) -> Array:
        """Turn vectors (..., 3) from the ground frame into the aligned frame."""
        return vectors @ self.matrix.T

    def to_ground(self, vectors: Array) -> Array:
        """Undo `to_aligned`."""
        return vectors @ self.matrix


def find_alignment(state: Array, *, published: bool = False) -> Alignment:
    """Find the turn after which the pelvis faces +X in the median.

    Parameters
    ----------
    state
        (T, 35) in the ground frame.
    published
        Do not follow the yaw across +-180 degrees, and leave a trial that turns by more than `LARGEST_TURN` as it is.

    Notes
    -----
    Differences from the published code: the yaw is unwrapped, so that somebody who faces -X is not taken for somebody
    who turns; and a trial with a turn is aligned by its median instead of not at all (`span` tells). The median is the
    lower of the two middle values, as there.
    """
    matrix = euler_to_matrix(state[:, _ROTATION])
    turn = np.arctan2(-matrix[:, 0, 2], matrix[:, 2, 2])
    if not published:
        turn = np.unwrap(turn)
    span = float(np.ptp(turn))
    if published and span > LARGEST_TURN:
        return Alignment(0.0, span)
    return Alignment(float(np.sort(turn)[(len(turn) - 1) // 2]), span)


def align(state: Array, alignment: Alignment) -> Array:
    """Turn a whole state (T, 35): pelvis, forces and normalised centres of pressure."""
    return _turned(state, alignment.matrix)


def unalign(state: Array, alignment: Alignment) -> Array:
    """Undo `align`."""
    return _turned(state, alignment.matrix.T)


def _turned(state: Array, matrix: Array) -> Array:
    turned = state.copy()
    turned[:, _ROTATION] = matrix_to_euler(matrix @ euler_to_matrix(state[:, _ROTATION]))
    turned[:, _TRANSLATION] = state[:, _TRANSLATION] @ matrix.T
    vectors = state[:, len(FULL_BODY) :].reshape(len(state), -1, 3)
    turned[:, len(FULL_BODY) :] = (vectors @ matrix.T).reshape(len(state), -1)
    return turned
