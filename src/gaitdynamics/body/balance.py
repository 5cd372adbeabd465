"""The least change of a motion after which the ground can carry it again.

Whoever alters a motion by hand, or by a network that knows no mechanics, asks the ground for a wrench that feet cannot
give: a trunk that sways further throws the point on which the whole body's weight acts off the foot. People
compensate: the pelvis goes the other way. Here the coordinates that are free are corrected by smooth curves so that

- the feet are where they were in a reference motion, and
- the external moment about the point on the floor where the reference motion's wrench acts is what it was there,

as far as small and smooth corrections allow. It is a least-squares problem, nearly linear, solved by Gauss-Newton on
cubic splines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.interpolate import BSpline
from scipy.sparse.linalg import splu

from gaitdynamics.body.dynamics import total_wrench
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import PELVIS_TRANSLATIONS, SIDES, canonical
from gaitdynamics.signals import differentiate
from gaitdynamics.trial import Trial

Array = NDArray[np.float64]

#: Bodies whose origins, heel and toe joint, stand for a foot.
_FEET: Final = tuple(f"{body}_{side}" for side in SIDES for body in ("calcn", "toes"))

#: Steps [rad or m, per s, per s^2] of the differences by which the slopes of the wrench are found; in velocities and
#: accelerations the wrench is quadratic and linear, so that they may be large.
_STEPS: Final = (1e-4, 1e-3, 1e-2)

#: Below this share of the body weight the point at which a wrench acts is not looked for.
_LEAST_LOAD: Final = 0.2

#: Frames that are worked on at once, so that memory stays small.
_CHUNK: Final = 400


@dataclass(frozen=True)
class Tolerances:
    """What one unit of each deviation costs as much as; chosen on walking of the validation side.

    Attributes
    ----------
    foot
        Displacement of heel and toe joint [m].
    point
        Moment over body weight [m]: how far the point where the whole body's weight acts moves on the floor.
    angle, shift
        Correction of a rotation [rad] and of a translation [m].
    angular_acceleration, acceleration
        Second derivative of the corrections [rad/s^2], [m/s^2]: what keeps them smooth.
    """

    foot: float = 0.005
    point: float = 0.02
    angle: float = float(np.radians(5.0))
    shift: float = 0.03
    angular_acceleration: float = 10.0
    acceleration: float = 2.0


@dataclass(frozen=True)
class Support:
    """What the ground and the feet of the reference motion prescribe.

    Attributes
    ----------
    foot
        (T, 4, 3) [m] heel and toe joint right, then left.
    point
        (T, 3) [m] where the wrench acts.
    moment
        (T, 3) [N.m] of the wrench about it.
    cutoff
        [Hz] of the low-pass before accelerations are taken.
    foot_weight
        (T, 4) how much each of the four counts in each frame.
    point_weight
        (T,) how much the moment counts in each frame.
    """

    foot: Array
    point: Array
    moment: Array
    cutoff: float
    foot_weight: Array
    point_weight: Array


def support_of(trial: Trial, floor_height: float = 0.0, *, cutoff: float = 6.0) -> Support:
    """Find where the feet of a motion are and where on the floor the wrench of the whole body acts.

    Parameters
    ----------
    trial
        The reference motion, at least six frames.
    floor_height
        [m].
    cutoff
        [Hz].
    """
    body = _Body(trial)
    smooth, rate, acceleration = differentiate(trial.values, trial.rate, cutoff)
    still = np.zeros_like(trial.values)
    foot = body.follow(trial.values, still, still)[0]
    _, force, moment = body.follow(smooth, rate, acceleration)
    load = np.maximum(force[:, 1], _LEAST_LOAD * body.weight)
    # From M = r x F with r_y = height: M_x = h F_z - z F_y, M_z = x F_y - h F_x.
    x = (moment[:, 2] + floor_height * force[:, 0]) / load
    z = (floor_height * force[:, 2] - moment[:, 0]) / load
    point = np.stack([x, np.full_like(x, floor_height), z], axis=-1)
    about = moment - np.cross(point, force)
    return Support(foot, point, about, cutoff, np.ones(foot.shape[:2]), np.ones(len(foot)))


def balance(
    trial: Trial,
    support: Support,
    free: Sequence[str],
    *,
    tolerances: Tolerances | None = None,
    knots_per_second: float = 12.5,
    rounds: int = 1,
) -> Trial:
    """Correct a motion so that it stands on given feet and the ground can carry it.

    Parameters
    ----------
    trial
        The motion to correct.
    support
        Of the reference motion, on the same frames.
    free
        Rajagopal names of the coordinates that may change. Those that the model does not have are passed over.
    tolerances
        How the aims are weighed; None for the defaults.
    knots_per_second
        Of the splines of the corrections.
    rounds
        Gauss-Newton steps; more than one changed no peak of a moment by 1 % on the validation side.

    Returns
    -------
    Trial
        The same motion with corrected coordinates.

    Notes
    -----
    Not in the paper, whose generated motions obey no law. Only moments about horizontal axes count: they are what tips
    a person over. The moment is that of the whole body, inertia of all segments included; the force is not prescribed,
    it follows from the motion.
    """
    limits = tolerances or Tolerances()
    body = _Body(trial)
    names = [canonical(name) for name in trial.coordinates]
    places = [names.index(name) for name in free if name in names]
    if not places:
        return trial
    splines = _splines(len(trial.time), trial.rate, knots_per_second)
    unit = np.where(np.isin(np.array(names)[places], PELVIS_TRANSLATIONS), 1, 0)
    size = np.array([limits.angle, limits.shift])[unit]
    bend = np.array([limits.angular_acceleration, limits.acceleration])[unit]
    price = sparse.vstack(
        [
            sparse.kron(spline, sparse.diags_array(1.0 / limit))
            for spline, limit in ((splines[0], size), (splines[2], bend))
        ]
    )
    smooth = differentiate(trial.values, trial.rate, support.cutoff)
    coefficients = np.zeros(splines[0].shape[1] * len(places))
    for _ in range(rounds):
        shift = [(spline @ coefficients.reshape(-1, len(places))) for spline in splines]
        moved = [_shifted(values, places, change) for values, change in zip(smooth, shift, strict=True)]
        placed = _shifted(trial.values, places, shift[0])
        missed, slopes = body.misses(placed, moved, support, places, limits)
        parts = [_rows(slope, spline) for slope, spline in zip(slopes, splines, strict=True)]
        jacobian = sparse.csr_array(parts[0] + parts[1] + parts[2])
        normal = jacobian.T @ jacobian + price.T @ price
        slope = jacobian.T @ missed.ravel() + price.T @ (price @ coefficients)
        coefficients = coefficients - splu(normal.tocsc()).solve(slope)
    change = splines[0] @ coefficients.reshape(-1, len(places))
    return trial.with_values(_shifted(trial.values, places, change))


class _Body:
    """A trial's skeleton, with what is asked of it here."""

    def __init__(self, trial: Trial) -> None:
        self._skeleton = Skeleton(trial.subject.model)
        self._feet = [self._skeleton.body_index(name) for name in _FEET]
        gravity = float(np.linalg.norm(trial.subject.model.gravity))
        self.weight = trial.subject.model.mass * gravity

    def follow(self, q: Array, qd: Array, qdd: Array) -> tuple[Array, Array, Array]:
        """Give feet (..., 4, 3), total force (..., 3) and moment about the origin (..., 3)."""
        motion = self._skeleton.motion(*(torch.from_numpy(np.ascontiguousarray(x)) for x in (q, qd, qdd)))
        force, moment = total_wrench(self._skeleton, motion)
        return motion.pose.position[..., self._feet, :].numpy(), force.numpy(), moment.numpy()

    def misses(
        self, placed: Array, moved: list[Array], support: Support, places: list[int], limits: Tolerances
    ) -> tuple[Array, list[Array]]:
        """Give what the aims are missed by, (T, 14) in units of the tolerances, and the slopes of that.

        Slopes (T, 14, F) are with respect to the free coordinates, their velocities and their accelerations.
        """
        missed, slopes = [], []
        for start in range(0, len(placed), _CHUNK):
            part = slice(start, start + _CHUNK)
            point, foot, moment = support.point[part], support.foot[part], support.moment[part]
            state = [x[part] for x in moved]
            # All perturbed motions at once, after the unperturbed one: (1 + 3 F, T, C).
            batch = [np.repeat(x[None], 1 + 3 * len(places), axis=0) for x in state]
            for order, step in enumerate(_STEPS):
                for number, place in enumerate(places):
                    batch[order][1 + order * len(places) + number, :, place] += step
            feet, force, wrench = self.follow(*batch)
            about = ((wrench - np.cross(point, force)) - moment)[..., [0, 2]] / (self.weight * limits.point)
            about *= support.point_weight[part, None]
            weight = np.repeat(support.foot_weight[part], 3, axis=1) / limits.foot
            feet = feet.reshape(*feet.shape[:2], -1) * weight
            aims = np.concatenate([feet, about], axis=-1)
            change = (aims[1:] - aims[0]).reshape(3, len(places), *aims.shape[1:])
            slopes.append(np.moveaxis(change / np.reshape(_STEPS, (3, 1, 1, 1)), 1, -1))
            # Feet are placed by the motion as it is, without the low-pass.
            still = np.zeros_like(placed[part])
            here = self.follow(placed[part], still, still)[0] - foot
            missed.append(np.concatenate([here.reshape(len(here), -1) * weight, about[0]], axis=-1))
        return np.concatenate(missed), list(np.concatenate(slopes, axis=1))


def _shifted(values: Array, places: list[int], change: Array) -> Array:
    shifted = values.copy()
    shifted[:, places] += change
    return shifted


def _splines(frames: int, rate: float, knots_per_second: float) -> list[sparse.csr_array]:
    """Cubic B-splines on uniform knots and their first two derivatives at the frames, (T, K) each."""
    duration = (frames - 1) / rate
    count = max(1, round(duration * knots_per_second))
    width = duration / count
    knots = width * np.arange(-3, count + 4)
    time = np.clip(np.arange(frames) / rate, 0.0, duration * (1.0 - 1e-12))
    result = [sparse.csr_array(BSpline.design_matrix(time, knots, 3))]
    for order in (1, 2):
        # A derivative of a spline is one of lower degree whose coefficients are differences.
        lower = sparse.csr_array(BSpline.design_matrix(time, knots[order:-order], 3 - order))
        size = result[0].shape[1]
        for step in range(order, 0, -1):
            rows = size - step
            difference = sparse.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(rows, rows + 1))
            lower = sparse.csr_array(lower @ difference * (1.0 / width))
        result.append(sparse.csr_array(lower))
    return result


def _rows(slope: Array, spline: sparse.csr_array) -> sparse.csr_array:
    """Chain slopes (T, R, F) at the frames with splines (T, K): (T R, K F), coefficients in the order (K, F)."""
    _, aims, free = slope.shape
    entries = spline.tocoo()
    frame, knot = entries.coords
    data = slope[frame] * entries.data[:, None, None]
    row = np.broadcast_to(frame[:, None, None] * aims + np.arange(aims)[:, None], data.shape)
    column = np.broadcast_to(knot[:, None, None] * free + np.arange(free), data.shape)
    shape = (spline.shape[0] * aims, spline.shape[1] * free)
    return sparse.csr_array((data.ravel(), (row.ravel(), column.ravel())), shape=shape)
