"""The force that a motion demands of the ground: mass times (acceleration minus gravity)."""

from __future__ import annotations

from typing import Final

import numpy as np

from gaitdynamics.features.body_state import CUTOFFS, BodyState, body_state
from gaitdynamics.trial import Array, Trial

#: The band of the motion that is compared with forces [Hz]; 10 Hz serves walking and running.
CUTOFF: Final = 10.0


def demanded_force(trial: Trial) -> Array:
    """Force that the motion demands of the ground, (T, 3) [N] at the times of the trial, 10 Hz low-pass."""
    return demanded_force_at(body_state(trial), trial.time)


def demanded_force_at(state: BodyState, time: Array) -> Array:
    """Force that a body in motion demands of the ground, (T, 3) [N] at given times (T,) [s], 10 Hz low-pass."""
    force = state.force[:, CUTOFFS.index(CUTOFF)]
    return np.stack([np.interp(time, state.time, force[:, k]) for k in range(3)], axis=-1)
