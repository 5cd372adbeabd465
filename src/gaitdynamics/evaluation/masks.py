"""What is hidden from a motion to see how well it can be completed: sets of coordinates, and spans of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from gaitdynamics.columns import FULL_BODY, LUMBAR, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, canonical, leg
from gaitdynamics.dataset.augmentation import without_coordinates
from gaitdynamics.features.published.schema import DROPPED
from gaitdynamics.files.gaps import spans
from gaitdynamics.trial import Mask, Trial

#: Sets of coordinates that are hidden: those of the paper's Downstream Task 1, and one leg.
MASKS: Final = MappingProxyType(
    {
        "trunk": LUMBAR,
        "pelvis": (*PELVIS_ROTATIONS, *PELVIS_TRANSLATIONS),
        "hips": (*leg("r")[:3], *leg("l")[:3]),
        "knees": (leg("r")[3], leg("l")[3]),
        "ankles": (*leg("r")[4:6], *leg("l")[4:6]),
        "one leg": leg("r")[:6],
    }
)

#: Seconds of motion between gaps in time, on both sides of each.
_BETWEEN_GAPS: Final = 1.0


def hide(trial: Trial, coordinates: Sequence[str]) -> Trial | None:
    """Forget coordinates; None where none of them was measured, or as many as needed are not.

    Of a joint that the model has in part, or that was measured in part (a subtalar joint, say), what is there is
    hidden.
    """
    there = {canonical(n) for n, gone in zip(trial.coordinates, trial.missing, strict=True) if not gone}
    wanted = [name for name in coordinates if name in there]
    needed = [name for name in coordinates if not name.startswith("subtalar")]
    if not set(needed).issubset(there):
        return None
    return without_coordinates(replace(trial, forces=None), wanted)


def with_gaps(trial: Trial, seconds: float, *, seed: int) -> Trial | None:
    """Hide all coordinates for a while, every now and then; None where the trial is too short for a single gap.

    Straight lines bridge the gaps, as when a file with gaps is read.
    """
    rng = np.random.default_rng(seed)
    length, between = round(seconds * trial.rate), round(_BETWEEN_GAPS * trial.rate)
    first = between // 2 + int(rng.integers(between // 2 + 1))
    rows = np.zeros(len(trial.time), dtype=bool)
    while first + length + between // 2 < len(rows):
        rows[first : first + length] = True
        first += length + between
    if not rows.any():
        return None
    measured = np.array(
        [
            not gone and canonical(name) in FULL_BODY and canonical(name) not in DROPPED
            for name, gone in zip(trial.coordinates, trial.missing, strict=True)
        ]
    )
    gaps: Mask = rows[:, None] & measured
    values = trial.values.copy()
    for index in np.flatnonzero(measured):
        values[:, index] = np.interp(trial.time, trial.time[~rows], trial.values[~rows, index])
    return replace(trial, values=values, gaps=gaps, forces=None)


def interpolated_by_spline(trial: Trial) -> Trial:
    """Bridge gaps by a cubic through the frames next to them: what filling competes with."""
    from scipy.interpolate import CubicSpline

    assert trial.gaps is not None
    values = trial.values.copy()
    for index in np.flatnonzero(trial.gaps.any(0)):
        for first, after in spans(trial.gaps[:, index]):
            near = np.r_[max(first - 3, 0) : first, after : min(after + 3, len(values))]
            curve = CubicSpline(trial.time[near], trial.values[near, index])
            values[first:after, index] = curve(trial.time[first:after])
    return replace(trial, values=values)
