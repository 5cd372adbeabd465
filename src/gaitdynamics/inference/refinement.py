"""From the state of the body to forces under both feet that obey what contact demands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import grey_closing, grey_opening
from torch import Tensor

from gaitdynamics.features.body_state import CUTOFFS, HEEL, RATE, TOE, BodyState
from gaitdynamics.features.foot_frame import foot_frame
from gaitdynamics.features.heading import from_heading
from gaitdynamics.features.refiner_schema import TOTAL_FORCE, refiner_features
from gaitdynamics.inference.windows import stitch
from gaitdynamics.networks.refiner import Refiner
from gaitdynamics.trial import FootForces, Mask

Array = NDArray[np.float64]

#: Contacts and gaps in contact shorter than this [s] are not believed.
SHORTEST_CONTACT: Final = 0.05

#: Probability of contact from which force acts, and from which it acts in full; between them it fades in, so that
#: force is continuous at touch-down and lift-off.
CONTACT_FROM, CONTACT_FULL = 0.5, 0.7


@dataclass(frozen=True)
class Refined:
    """Output of the network over a whole trial on the model clock.

    `force` (N, 2, 3) [N] in the ground frame before contact is applied; `contact` (N, 2) probability; `cop`
    (N, 2, 2) along and across each foot (see `features.foot_frame`).
    """

    force: Array
    contact: Array
    cop: Array


def refine(network: Refiner, state: BodyState) -> Refined:
    """Run the network over a trial in overlapping windows."""

    def forward(features: Tensor) -> Tensor:
        views = features.transpose(1, 2)
        total = views[..., TOTAL_FORCE].reshape(*views.shape[:-1], len(CUTOFFS), 3)
        out = network(views, total)
        return torch.cat([out.force, torch.sigmoid(out.contact)[..., None], out.point], -1).transpose(1, 2)

    result = stitch(forward, refiner_features(state))
    force = result[..., :3].copy()
    force[:, 0, 2] *= -1.0  # towards the midline is left (-Z) for the right foot
    return Refined(
        from_heading(force, state.heading) * state.body_weight, result[..., 3], result[..., 4:6]
    )


def apply_contact(
    refined: Refined, state: BodyState, time: Array, floor_height: float
) -> tuple[FootForces, Mask]:
    """Make forces that obey contact, on any clock inside the trial.

    Force is exactly zero in swing, continuous at contact and never pulls; the centre of pressure lies on the
    floor inside the outline of the foot, and is zero where the force is.

    Parameters
    ----------
    refined, state
        On the model clock.
    time
        (T,) [s] where forces are wanted.
    floor_height
        [m].

    Returns
    -------
    forces, contact
        At `time`; contact (T, 2).
    """
    size = max(1, round(SHORTEST_CONTACT * RATE))
    probability = grey_opening(grey_closing(refined.contact, size=(size, 1)), size=(size, 1))
    force = _at(refined.force, state.time, time)
    probability = _at(probability, state.time, time)
    feet = _at(state.landmark[:, :, [HEEL, TOE]], state.time, time)
    share = np.clip((probability - CONTACT_FROM) / (CONTACT_FULL - CONTACT_FROM), 0.0, 1.0)
    force = force * share[..., None]
    contact = (share > 0.0) & (force[..., 1] > 0.0)
    force = np.where(contact[..., None], force, 0.0)
    cop = _at(refined.cop, state.time, time)
    point = foot_frame(feet[:, :, 0], feet[:, :, 1], floor_height).to_ground(cop[..., 0], cop[..., 1])
    point = np.where(contact[..., None], point, 0.0)
    return FootForces(time=time, force=force, cop=point), contact


def _at(values: Array, time: Array, new_time: Array) -> Array:
    """Interpolate (N, ...) linearly, which keeps zeros zero and signs; ends are held within one sample."""
    if len(time) == len(new_time) and np.allclose(time, new_time, atol=1e-6):
        return values
    index = np.clip(np.interp(new_time, time, np.arange(len(time))), 0, len(time) - 1)
    low = np.minimum(index.astype(int), len(time) - 2)
    part = (index - low).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray((1.0 - part) * values[low] + part * values[low + 1])
