"""Feet that stand still: generated coordinates changed a little, so that feet that bear weight neither slide nor sink.

A network meets angles to within some degrees, which at the end of a leg are centimetres. Where a foot is on the ground
its place is known better than that: it does not move, and it is on the floor. The smoothest small change of what was
generated, and of nothing else, that brings the feet there is found by least squares.

Not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import SIDES
from gaitdynamics.features.body_state import HEEL, LANDMARKS, TOE
from gaitdynamics.features.floor import LOW_PERCENTILE
from gaitdynamics.inference.spline_windows import NormalEquations, SplineWindows, spline_windows
from gaitdynamics.trial import Array, Mask, Trial

#: Distance of the knots of the change [s]: it has no content above some 6 Hz, where the network alone decides.
_KNOTS: Final = 0.08
#: What counts as much: a change of an angle [rad], of the velocity of a translation [m/s], a height off the floor of
#: what stands on it [m].
_ANGLE, _VELOCITY, _HEIGHT = np.radians(3.0), 0.1, 0.01
#: The same for changes of accelerations, of translations [m/s^2] and of angles [rad/s^2]. Without these, forces that
#: follow from generated motions were off Newton's law by 30 % of body weight; of 2, 5 and 20 rad/s^2, 5 was best.
_ACCELERATION, _ANGULAR = 1.0, 5.0
#: The same for sliding [m/s], of walkers and of runners. As measured, those who run never stand quite still; on the
#: validation side knees and ankles of runs got worse where as much was asked of them as of walkers.
_SLIDE: Final = (0.03, 0.1)
#: People run who are in flight for more than this share of the time.
_FLIGHT: Final = 0.05
#: Heel or toe joint stands while its foot bears weight and it is not higher above its lowest level than this [m].
_STANDING: Final = 0.04
#: How often it is asked anew which of them stand, and Gauss-Newton steps for each.
_ROUNDS, _STEPS = 3, 2
#: A step that makes things worse is halved, at most so often.
_HALVINGS: Final = 4
#: Step of an angle or a translation by which slopes are found [rad or m].
_STEP: Final = 1e-6
#: What no aim depends on is held by this, which is far less than anything that counts.
_RIDGE: Final = 1e-4
#: Frames over which the change fades out at the ends of gaps in time.
_FADE: Final = 4


def plant_feet(trial: Trial, cells: Mask, contact: Mask, *, velocity: float = _VELOCITY) -> Trial:
    """Change what was generated of a motion so that feet that bear weight stand.

    Parameters
    ----------
    trial
        A complete motion.
    cells
        (T, C) which values were generated and may change.
    contact
        (T, 2) whether the right and left foot bear weight.
    velocity
        Change of the velocity of a translation that counts as much as a few degrees [m/s].

    Returns
    -------
    Trial
        The same motion but for some of `cells`.
    """
    places = [int(i) for i in np.flatnonzero(cells.any(0))]
    if not places or not contact.any() or len(trial.time) < 2 * _FADE:
        return trial
    problem = _problem(trial, cells, contact, places, velocity)
    tried = problem.tried(np.zeros((problem.splines.count, len(places))))
    for _ in range(_ROUNDS):
        aims = _aims(tried, contact)
        for _ in range(_STEPS):
            tried = _improve(problem, aims, tried)
    values = trial.values.copy()
    values[:, places] += tried.delta
    return trial.with_values(values)


@dataclass(frozen=True)
class _Aims:
    """What is aimed at.

    `standing` (T, 2, 2) heels and toe joints of both feet that stand, `both` (T - 1, 2, 2) from one frame to the next;
    `level` (2,) of heels and toe joints on the floor [m].
    """

    standing: Array
    both: Array
    level: Array


@dataclass(frozen=True)
class _Tried:
    """A change.

    Coefficients `change` (K, G) of the splines, `delta` (T, G) of the coordinates, and where it puts heels and toe
    joints of both feet, `position` (T, 2, 2, 3) [m].
    """

    change: Array
    delta: Array
    position: Array


@dataclass(frozen=True)
class _Problem:
    """`free` (T, G): how far coordinates may change; `belt`, `slide`: velocity of what is stood on, its unit [m/s]."""

    skeleton: Skeleton
    values: Array
    splines: SplineWindows
    free: Array
    places: list[int]
    turning: Mask
    bodies: list[int]
    belt: Array
    slide: float
    velocity: float
    rate: float

    @property
    def pushes(self) -> Array:
        """Units (G,) of accelerations."""
        return np.where(self.turning, _ANGULAR, _ACCELERATION)

    def tried(self, change: Array) -> _Tried:
        """Try a change."""
        delta = self.splines.values(change) * self.free
        return _Tried(change, delta, self.landmarks(delta))

    def landmarks(self, delta: Array) -> Array:
        """Positions (..., T, 2, 2, 3) of heels and toe joints of both feet where coordinates change by (..., T, G)."""
        q = np.broadcast_to(self.values, (*delta.shape[:-1], self.values.shape[-1])).copy()
        q[..., self.places] += delta
        with torch.no_grad():
            position = self.skeleton.pose(torch.from_numpy(q)).position[..., self.bodies, :].numpy()
        return position.reshape(*delta.shape[:-1], len(SIDES), 2, 3)

    def slopes(self, tried: _Tried) -> Array:
        """Slopes (T, 2, 2, 3, G) of the positions."""
        moved = tried.delta + _STEP * np.eye(len(self.places))[:, None, :]
        slopes = (self.landmarks(moved) - tried.position) / _STEP
        return np.moveaxis(slopes, 0, -1) * self.free[:, None, None, None, :]

    def missed(self, aims: _Aims, tried: _Tried) -> tuple[Array, ...]:
        """Give what is missed, in units that count.

        Sliding (T - 1, 2, 2, 2), heights (T, 2, 2), turns (T, .), drifts (T - 1, .) and pushes (T - 2, .).
        """
        slide = (np.diff(tried.position, axis=0) * self.rate - self.belt)[..., [0, 2]] / self.slide
        off = (tried.position[..., 1] - aims.level) / _HEIGHT
        drift = np.diff(tried.delta[:, ~self.turning], axis=0) * (self.rate / self.velocity)
        push = np.diff(tried.delta, n=2, axis=0) * (self.rate**2 / self.pushes)
        return slide, off, tried.delta[:, self.turning] / _ANGLE, drift, push

    def cost(self, aims: _Aims, tried: _Tried) -> float:
        """Weigh a change; beyond its unit a deviation counts linearly: a foot that lands or leaves does move."""
        slide, off, *changes = self.missed(aims, tried)
        total = (aims.both * (np.sqrt(1.0 + np.square(slide).sum(-1)) - 1.0)).sum()
        total += (aims.standing * (np.sqrt(1.0 + np.square(off)) - 1.0)).sum()
        total += 0.5 * np.square(np.minimum(off + 1.0, 0.0)).sum()
        return float(total + sum(0.5 * np.square(change).sum() for change in changes))


def _aims(tried: _Tried, contact: Mask) -> _Aims:
    """See which landmarks stand."""
    height = tried.position[..., 1]
    level = np.percentile(height, LOW_PERCENTILE, axis=0).min(axis=0)
    standing = (contact[..., None] & (height - level < _STANDING)).astype(float)
    return _Aims(standing, np.minimum(standing[1:], standing[:-1]), level)


def _problem(trial: Trial, cells: Mask, contact: Mask, places: list[int], velocity: float) -> _Problem:
    skeleton = Skeleton(trial.subject.model)
    motion = [trial.subject.model.coordinates[trial.coordinates[i]].motion for i in places]
    bodies = [skeleton.body_index(f"{LANDMARKS[which]}_{side}") for side in SIDES for which in (HEEL, TOE)]
    pelvis = skeleton.pose(torch.from_numpy(trial.values)).rotation[:, skeleton.body_index("pelvis"), :, 0].mean(0)
    forward = pelvis.numpy() / float(torch.hypot(pelvis[0], pelvis[2]))
    return _Problem(
        skeleton,
        trial.values,
        spline_windows(trial.time, _KNOTS),
        np.stack([_fading(cells[:, i]) for i in places], axis=1),
        places,
        np.array([kind != "translational" for kind in motion]),
        bodies,
        -trial.surface.belt_speed * forward * [1.0, 0.0, 1.0],
        _SLIDE[int((~contact.any(1)).mean() > _FLIGHT)],
        velocity,
        trial.rate,
    )


def _improve(problem: _Problem, aims: _Aims, tried: _Tried) -> _Tried:
    """Take a Gauss-Newton step; what counts linearly far off gets the weight that its slope has there."""
    slide, off, turns, drift, push = problem.missed(aims, tried)
    frames, g = tried.delta.shape
    slopes = problem.slopes(tried)
    equations = NormalEquations(problem.splines, g)
    held = aims.both / np.sqrt(1.0 + np.square(slide).sum(-1))
    level = (slopes[..., [0, 2], :] * (problem.rate / problem.slide)).reshape(frames, -1, g)
    rows = (frames - 1, level.shape[1])
    equations.add(slide.reshape(rows), np.repeat(held, 2, axis=-1).reshape(rows), -level[:-1], level[1:])
    upright = (slopes[..., 1, :] / _HEIGHT).reshape(frames, -1, g)
    off = off.reshape(frames, -1)
    equations.add(off, aims.standing.reshape(off.shape) / np.sqrt(1.0 + np.square(off)), upright)
    equations.add(off + 1.0, (off < -1.0).astype(float), upright)
    own = problem.free[:, :, None] * np.eye(g)
    equations.add(turns, np.ones_like(turns), own[:, problem.turning] / _ANGLE)
    moving, pushed = own[:, ~problem.turning] * (problem.rate / problem.velocity), own * problem.rate**2
    pushed = pushed / problem.pushes[:, None]
    equations.add(drift, np.ones_like(drift), -moving[:-1], moving[1:])
    equations.add(push, np.ones_like(push), pushed[:-2], -2.0 * pushed[1:-1], pushed[2:])
    step = equations.solve(_RIDGE)
    before = problem.cost(aims, tried)
    for _ in range(_HALVINGS):
        further = problem.tried(tried.change + step)
        if problem.cost(aims, further) <= before:
            return further
        step = step / 2.0
    return tried


def _fading(cells: NDArray[np.bool_]) -> Array:
    """Let a change fade out towards known frames: one inside, zero outside; (T,)."""
    if cells.all():
        return np.ones(len(cells))
    return np.minimum(distance_transform_edt(cells) / _FADE, 1.0)
