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
from scipy.interpolate import BSpline
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import SIDES
from gaitdynamics.features.body_state import HEEL, LANDMARKS, TOE
from gaitdynamics.features.floor import LOW_PERCENTILE
from gaitdynamics.trial import Array, Mask, Trial

#: Distance of the knots of the change [s]: it has no content above some 6 Hz, where the network alone decides.
_KNOTS: Final = 0.08
#: What counts as much: a change of an angle [rad], of the velocity of a translation [m/s], sliding [m/s], a height off
#: the floor of what stands on it [m].
_ANGLE, _VELOCITY, _SLIDE, _HEIGHT = np.radians(3.0), 0.1, 0.03, 0.01
#: Heel or toe joint stands while its foot bears weight and it is not higher above its lowest level than this [m].
_STANDING: Final = 0.04
#: How often it is asked anew which of them stand, and steps of minimisation for each.
_ROUNDS, _STEPS = 3, 12
#: Frames over which the change fades out at the ends of gaps in time.
_FADE: Final = 4


@dataclass(frozen=True)
class _Problem:
    """Tensors of the problem; `basis` (T, K) are the splines, `free` (T, G) tells where a coordinate may change."""

    skeleton: Skeleton
    values: Tensor
    basis: Tensor
    free: Tensor
    places: list[int]
    turning: Tensor
    bodies: list[int]
    belt: Tensor
    rate: float

    def landmarks(self, change: Tensor) -> tuple[Tensor, Tensor]:
        """Positions (T, 2, 2, 3) of heels and toe joints of both feet, and the change (T, G) of the coordinates."""
        delta = (self.basis @ change) * self.free
        q = self.values.index_add(1, torch.tensor(self.places), delta)
        position = self.skeleton.pose(q).position[:, self.bodies]
        return position.reshape(len(q), len(SIDES), 2, 3), delta


def plant_feet(trial: Trial, cells: Mask, contact: Mask) -> Trial:
    """Change what was generated of a motion so that feet that bear weight stand.

    Parameters
    ----------
    trial
        A complete motion.
    cells
        (T, C) which values were generated and may change.
    contact
        (T, 2) whether the right and left foot bear weight.

    Returns
    -------
    Trial
        The same motion but for some of `cells`.
    """
    places = [int(i) for i in np.flatnonzero(cells.any(0))]
    if not places or not contact.any() or len(trial.time) < 2 * _FADE:
        return trial
    problem = _problem(trial, cells, places)
    change = torch.zeros(problem.basis.shape[1], len(places), dtype=torch.float64)
    for _ in range(_ROUNDS):
        change = _minimise(problem, change, torch.from_numpy(contact))
    with torch.no_grad():
        delta = (problem.basis @ change) * problem.free
    values = trial.values.copy()
    values[:, places] += delta.numpy()
    return trial.with_values(values)


def _problem(trial: Trial, cells: Mask, places: list[int]) -> _Problem:
    skeleton = Skeleton(trial.subject.model)
    motion = [trial.subject.model.coordinates[trial.coordinates[i]].motion for i in places]
    bodies = [skeleton.body_index(f"{LANDMARKS[which]}_{side}") for side in SIDES for which in (HEEL, TOE)]
    pelvis = skeleton.pose(torch.from_numpy(trial.values)).rotation[:, skeleton.body_index("pelvis"), :, 0].mean(0)
    forward = pelvis / torch.hypot(pelvis[0], pelvis[2])
    belt = -trial.surface.belt_speed * torch.stack([forward[0], torch.zeros_like(forward[0]), forward[2]])
    free = np.stack([_fading(cells[:, i]) for i in places], axis=1)
    return _Problem(
        skeleton,
        torch.from_numpy(trial.values),
        torch.from_numpy(_splines(trial.time)),
        torch.from_numpy(free),
        places,
        torch.tensor([kind != "translational" for kind in motion]),
        bodies,
        belt,
        trial.rate,
    )


def _minimise(problem: _Problem, start: Tensor, contact: Tensor) -> Tensor:
    with torch.no_grad():
        position, _ = problem.landmarks(start)
    height = position[..., 1]
    level = torch.quantile(height, LOW_PERCENTILE / 100.0, dim=0).amin(dim=0)
    standing = (contact[..., None] & (height - level < _STANDING)).double()
    both = torch.minimum(standing[1:], standing[:-1])
    change = start.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([change], max_iter=_STEPS, history_size=10, line_search_fn="strong_wolfe")

    def cost() -> Tensor:
        optimiser.zero_grad()
        position, delta = problem.landmarks(change)
        slide = (position.diff(dim=0) * problem.rate - problem.belt)[..., [0, 2]].square().sum(-1) / _SLIDE**2
        off = (position[..., 1] - level) / _HEIGHT
        # Beyond its unit a deviation counts linearly: a foot that lands or leaves does move.
        total = (both * (torch.sqrt(1.0 + slide) - 1.0)).sum()
        total = total + (standing * (torch.sqrt(1.0 + off.square()) - 1.0)).sum()
        total = total + 0.5 * torch.relu(-off - 1.0).square().sum()
        total = total + 0.5 * (delta[:, problem.turning] / _ANGLE).square().sum()
        speed = delta[:, ~problem.turning].diff(dim=0) * problem.rate
        total = total + 0.5 * (speed / _VELOCITY).square().sum()
        total.backward()
        result: Tensor = total
        return result

    optimiser.step(cost)  # type: ignore[no-untyped-call]
    return change.detach()


def _splines(time: Array) -> Array:
    """Cubic B-splines (T, K) that cover the motion."""
    count = max(1, round((time[-1] - time[0]) / _KNOTS))
    inner = np.linspace(time[0], time[-1], count + 1)
    step = inner[1] - inner[0]
    knots = np.concatenate([inner[0] + step * np.arange(-3, 0), inner, inner[-1] + step * np.arange(1, 4)])
    return np.asarray(BSpline.design_matrix(np.clip(time, inner[0], inner[-1]), knots, 3).toarray())


def _fading(cells: NDArray[np.bool_]) -> Array:
    """Let a change fade out towards known frames: one inside, zero outside; (T,)."""
    if cells.all():
        return np.ones(len(cells))
    return np.minimum(distance_transform_edt(cells) / _FADE, 1.0)
