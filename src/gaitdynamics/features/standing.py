"""The height of a pelvis that was not measured, from feet that stand on the floor."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import SIDES, canonical
from gaitdynamics.features.body_state import HEEL, LANDMARKS, TOE
from gaitdynamics.features.floor import LOW_PERCENTILE, SOLE_THICKNESS
from gaitdynamics.trial import Trial

Array = NDArray[np.float64]

#: In each stretch of this length [s] some foot is on the floor, in running and slow walking too.
_STRETCH: Final = 0.75


def stand_on_floor(trial: Trial) -> Trial:
    """Lift or lower the pelvis so that the feet stand on the floor at y = 0 throughout the motion.

    The lowest point of the feet in each stretch of 0.75 s is taken to be on the floor. A smooth curve through these
    points is what the height has drifted by, and is taken away; then the whole motion is shifted so that
    `floor.estimate_floor` finds the floor at y = 0.

    Parameters
    ----------
    trial
        Its `pelvis_ty` need only be right up to a constant and a slow drift, as an integrated velocity is.

    Returns
    -------
    Trial
        The same motion but for `pelvis_ty`.
    """
    height = _landmark_heights(trial)
    drift = _drift(trial.time, height.min(axis=1))
    level = float(np.percentile(height - drift[:, None], LOW_PERCENTILE, axis=0).min())
    values = trial.values.copy()
    up = [canonical(name) for name in trial.coordinates].index("pelvis_ty")
    values[:, up] += SOLE_THICKNESS - level - drift
    return trial.with_values(values)


def _landmark_heights(trial: Trial) -> Array:
    """Heights (T, 4) [m] of heels and toe joints."""
    skeleton = Skeleton(trial.subject.model)
    bodies = [skeleton.body_index(f"{LANDMARKS[which]}_{side}") for side in SIDES for which in (HEEL, TOE)]
    return np.asarray(skeleton.pose(torch.from_numpy(trial.values)).position[:, bodies, 1].numpy())


def _drift(time: Array, lowest: Array) -> Array:
    """Follow (T,) [m] the lowest points, about one per stretch, by a smooth curve, straight beyond the outer ones."""
    places = _lowest_places(time, lowest)
    t, h = time[places], lowest[places]
    if len(places) == 1:
        return np.full(len(time), h[0])
    first, last = (h[1] - h[0]) / (t[1] - t[0]), (h[-1] - h[-2]) / (t[-1] - t[-2])
    # One knot on either side, so that the curve is straight up to the ends.
    knots = np.concatenate([[time[0] - _STRETCH], t, [time[-1] + _STRETCH]])
    heights = np.concatenate([[h[0] + first * (knots[0] - t[0])], h, [h[-1] + last * (knots[-1] - t[-1])]])
    return np.asarray(PchipInterpolator(knots, heights)(time))


def _lowest_places(time: Array, lowest: Array) -> list[int]:
    """Find the frame at which each stretch is lowest; of two that are close together the lower one."""
    count = max(1, int((time[-1] - time[0]) / _STRETCH + 1e-6))
    kept: list[int] = []
    for stretch in np.array_split(np.arange(len(time)), count):
        place = int(stretch[lowest[stretch].argmin()])
        if not kept or time[place] - time[kept[-1]] >= 0.5 * _STRETCH:
            kept.append(place)
        elif lowest[place] < lowest[kept[-1]]:
            kept[-1] = place
    return kept
