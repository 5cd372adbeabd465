"""What a stride is measured by: length, frequency, knee flexion and peak forces (paper, Downstream Task 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gaitdynamics.columns import SIDES, canonical
from gaitdynamics.evaluation.gait_cycles import CycleRules, gait_cycles
from gaitdynamics.features.body_state import HEEL, BodyState
from gaitdynamics.features.footing import measure_footing
from gaitdynamics.features.heading import to_heading
from gaitdynamics.trial import Array, FootForces, Trial

#: Rules by which cycles are found: threshold of 10 % of body weight, whole cycles only.
_RULES: Final = CycleRules(whole_interval=False)


@dataclass(frozen=True)
class StrideMeasures:
    """Means over the gait cycles of one foot, NaN without any.

    Attributes
    ----------
    cycles
        How many.
    speed
        Mean speed of the centre of mass over the surface [m/s].
    stride_length
        Way of the heel over the surface from contact to contact [m].
    stride_frequency
        Cycles per second [Hz].
    knee_flexion
        Largest knee angle [deg].
    vertical, propulsion, braking
        Largest vertical, forward and backward force [BW].
    slide
        Median speed of the slower of heel and toe joint over the surface while the foot bears weight [m/s].
    """

    cycles: int
    speed: float
    stride_length: float
    stride_frequency: float
    knee_flexion: float
    vertical: float
    propulsion: float
    braking: float
    slide: float


#: Names of the measures, in order.
MEASURES: Final = (
    "stride_length",
    "stride_frequency",
    "knee_flexion",
    "vertical",
    "propulsion",
    "braking",
    "slide",
    "speed",
)


def measure_strides(trial: Trial, forces: FootForces, state: BodyState, side: str = "r") -> StrideMeasures:
    """Measure the strides of one foot.

    Parameters
    ----------
    trial
        The motion.
    forces
        At its times, by which cycles are found; frames that are not valid count in none.
    state
        What `body_state` gives for the motion.
    side
        'r' (as the paper) or 'l'.

    Notes
    -----
    Differences from the published code: forces are in body weights, where it multiplies by 9.81/100 instead of dividing
    by 9.81; the way of the heel of that foot itself is measured, over the surface, not of the other foot in the ground
    frame; all cycles of a measured trial count, not the first.
    """
    foot = SIDES.index(side)
    force = to_heading(forces.force[:, foot], np.interp(trial.time, state.time, state.heading)) / trial.body_weight
    valid = np.ones(len(trial.time), bool) if forces.valid is None else forces.valid[:, foot]
    cycles = gait_cycles(forces.force[:, foot, 1], valid, trial.rate, trial.body_weight, _RULES, overground=False)
    velocity = to_heading(state.landmark_velocity[:, foot], state.heading)
    knee = np.degrees(np.abs(_knee(trial, side)))
    rows = []
    for cycle in cycles:
        frames = slice(cycle.start, cycle.stop)
        inside = (state.time >= trial.time[cycle.start]) & (state.time < trial.time[cycle.stop - 1] + 1.0 / trial.rate)
        duration = (cycle.stop - cycle.start) / trial.rate
        rows.append(
            (
                float(velocity[inside, HEEL, 0].mean() * duration),
                1.0 / duration,
                float(knee[frames].max()),
                float(force[frames, 1].max()),
                float(force[frames, 0].max()),
                float(-force[frames, 0].min()),
            )
        )
    means = [float(x) for x in (np.mean(rows, axis=0) if rows else np.full(6, np.nan))]
    speed = float(to_heading(state.com_velocity, state.heading)[:, 0].mean())
    length, frequency, flexion, vertical, propulsion, braking = means
    slide = foot_slide(trial, forces, state)
    return StrideMeasures(len(rows), speed, length, frequency, flexion, vertical, propulsion, braking, slide)


def foot_slide(trial: Trial, forces: FootForces, state: BodyState) -> float:
    """Median speed [m/s] over the surface of the stiller end of feet that bear 10 % of the weight."""
    loaded = forces.force[..., 1] > _RULES.threshold * trial.body_weight
    nearest = np.clip(np.round(np.interp(state.time, trial.time, np.arange(len(trial.time)))).astype(int), 0, None)
    return measure_footing(state, loaded[nearest]).slide


def _knee(trial: Trial, side: str) -> Array:
    names = [canonical(name) for name in trial.coordinates]
    return trial.values[:, names.index(f"knee_angle_{side}")]
