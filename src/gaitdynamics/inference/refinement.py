"""From the state of the body to forces under both feet that obey what contact demands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import grey_closing, grey_opening
from torch import Tensor

from gaitdynamics.features.body_state import CUTOFFS, HEEL, RATE, TOE, BodyState
from gaitdynamics.features.foot_frame import OUTLINE, foot_frame
from gaitdynamics.features.heading import from_heading
from gaitdynamics.features.refiner_schema import TOTAL_FORCE, implied_cop, refiner_features
from gaitdynamics.inference.windows import stitch
from gaitdynamics.networks.refiner import Refiner
from gaitdynamics.trial import FootForces, Mask
from gaitdynamics.uncertainty import turned_deviations

Array = NDArray[np.float64]

#: Contacts and gaps in contact shorter than this [s] are not believed.
SHORTEST_CONTACT: Final = 0.05

#: Probability of contact from which force acts, and from which it acts in full; between them it fades in, so that
#: force is continuous at touch-down and lift-off. Chosen on people of `val`: from a half on, runners lost the end of
#: their stance (0.35 % body weight of vertical error), walkers nothing.
CONTACT_FROM, CONTACT_FULL = 0.2, 0.4


#: From axes towards the midline to axes to the right, per foot.
_TO_RIGHT: Final = np.array([[1.0, 1.0, -1.0], [1.0, 1.0, 1.0]])

#: Bandwidth of the implied centre of pressure: index into `CUTOFFS`.
_IMPLIED_BAND: Final = CUTOFFS.index(10.0)

#: A frame in which one foot alone stands: its probability of contact, that of the other one, and its vertical force
#: [body weights].
_STANDS, _SWINGS, _BEARS = 0.9, 0.1, 0.6
#: Fewer such frames tell nothing of a person's feet.
_FEWEST_FRAMES: Final = 10
#: How well the implied centre of pressure of a person is known [m]: only what goes beyond is believed.
_IMPLIED_ERROR: Final = 0.010
#: How much of the rest is believed: the network has seen the implied point too.
_BELIEF: Final = 0.5
#: Longest correction along and across the foot [m]: a trunk that leans otherwise than the model's moves the implied
#: point by more, and both feet alike.
_LONGEST_SHIFT: Final = (0.010, 0.020)


@dataclass(frozen=True)
class Refined:
    """Output of the network over a whole trial on the model clock, before contact is applied.

    `force` (N, 2, 3) [N] in the ground frame; `contact` (N, 2) probability; `cop` (N, 2, 2) along and across each foot
    (see `features.foot_frame`); `force_sd` (N, 2, 3) [N] and `cop_sd` (N, 2, 2) their standard deviations.
    """

    force: Array
    contact: Array
    cop: Array
    force_sd: Array
    cop_sd: Array


def refine(network: Refiner, state: BodyState) -> Refined:
    """Run the network over a trial in overlapping windows."""

    def forward(features: Tensor) -> Tensor:
        views = features.transpose(1, 2)
        total = views[..., TOTAL_FORCE].reshape(*views.shape[:-1], len(CUTOFFS), 3)
        out = network(views, total)
        contact = torch.sigmoid(out.contact)[..., None]
        return torch.cat([out.force, contact, out.point, out.force_scale, out.point_scale], -1).transpose(1, 2)

    result = stitch(forward, refiner_features(state))
    force, probability, cop, force_sd, cop_sd = np.split(result, [3, 4, 6, 9], axis=-1)
    force = from_heading(force * _TO_RIGHT, state.heading)
    return Refined(
        force=force * state.body_weight,
        contact=probability[..., 0],
        cop=cop,
        force_sd=turned_deviations(force_sd, state.heading[:, None]) * state.body_weight,
        cop_sd=cop_sd,
    )


def calibrate_feet(refined: Refined, state: BodyState, floor_height: float) -> Refined:
    """Correct where a person's feet are, by the balance of moments while one foot stands alone.

    Models differ in where they put heel and toe joint inside the foot, by up to 5 cm across it. What the network says
    of the centre of pressure is relative to these; Newton's total wrench is not. Its implied point is off by
    about a centimetre too, so the median difference counts only as far as it goes beyond.

    Parameters
    ----------
    refined, state
        On the model clock.
    floor_height
        [m].

    Returns
    -------
    Refined
        With another `cop`; unchanged without a measured trunk, whose sway the balance of moments is made of.
    """
    if state.trunk_missing:
        return refined
    frame = foot_frame(state.landmark[:, :, HEEL], state.landmark[:, :, TOE], floor_height)
    point = implied_cop(state, floor_height)[:, _IMPLIED_BAND]
    implied = np.stack(frame.from_ground(np.repeat(point[:, None], 2, axis=1)), axis=-1)
    alone = (refined.contact > _STANDS) & (refined.contact[:, ::-1] < _SWINGS)
    alone &= refined.force[..., 1] > _BEARS * state.body_weight
    if alone.sum() < _FEWEST_FRAMES:
        return refined
    offset = np.median((implied - refined.cop)[alone], axis=0) * state.foot_length
    believed = np.minimum(_BELIEF * np.maximum(np.abs(offset) - _IMPLIED_ERROR, 0.0), _LONGEST_SHIFT)
    shift = np.sign(offset) * believed / state.foot_length
    return replace(refined, cop=np.clip(refined.cop + shift, *np.transpose(OUTLINE)))


def apply_contact(refined: Refined, state: BodyState, time: Array, floor_height: float) -> tuple[FootForces, Mask]:
    """Make forces that obey contact, on any clock inside the trial.

    Force is exactly zero in swing, continuous at contact and never pulls; the centre of pressure lies on the
    floor inside the outline of the foot, and is zero where the force is. So is its standard deviation; that of the
    force stays, for a stance may have been taken for a swing.

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
    frame = foot_frame(feet[:, :, 0], feet[:, :, 1], floor_height)
    point = np.where(contact[..., None], frame.to_ground(cop[..., 0], cop[..., 1]), 0.0)
    cop_sd = _at(refined.cop_sd, state.time, time)
    cop_sd = np.hypot(cop_sd[..., :1] * frame.along, cop_sd[..., 1:] * frame.across)
    forces = FootForces(
        time=time,
        force=force,
        cop=point,
        force_sd=_at(refined.force_sd, state.time, time),
        cop_sd=np.where(contact[..., None], cop_sd, 0.0),
    )
    return forces, contact


def _at(values: Array, time: Array, new_time: Array) -> Array:
    """Interpolate (N, ...) linearly, which keeps zeros zero and signs; ends are held within one sample."""
    if len(time) == len(new_time) and np.allclose(time, new_time, atol=1e-6):
        return values
    index = np.clip(np.interp(new_time, time, np.arange(len(time))), 0, len(time) - 1)
    low = np.minimum(index.astype(int), len(time) - 2)
    part = (index - low).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray((1.0 - part) * values[low] + part * values[low + 1])
