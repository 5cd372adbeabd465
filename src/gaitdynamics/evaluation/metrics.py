"""Errors of the estimated force and centre of pressure of one foot over its gait cycles.

Components: vertical (Y), fore-aft (X), medio-lateral (Z), in that order, as the paper reports them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaitdynamics.evaluation.gait_cycles import GaitCycle, scored_frames
from gaitdynamics.trial import Array

#: A centre of pressure is compared where the measured vertical force is above the first and the estimated
#: one above the second of these [N]: below, it is a ratio of two small numbers.
COP_MEASURED_MINIMUM = 50.0
COP_ESTIMATED_MINIMUM = 20.0

#: Axes of vertical, fore-aft and medio-lateral force in the ground frame.
VERTICAL, FORE_AFT, MEDIO_LATERAL = 1, 0, 2


@dataclass(frozen=True)
class FootScore:
    """Errors of one foot in one trial.

    Attributes
    ----------
    cycles, stances
        Numbers of scored gait cycles and of complete stances in them.
    frames, stance_frames
        Numbers of frames in those cycles and in those stances.
    peaks
        Number of stances whose peak counts.
    profile_vertical, profile_fore_aft, profile_medio_lateral
        Mean absolute error over the frames of the cycles, stance and swing alike [%BW].
    peak_vertical
        Mean over `peaks` stances of |largest estimated - largest measured vertical force| [%BW]; NaN without any.
    impulse_vertical, impulse_fore_aft, impulse_medio_lateral
        Mean over stances of the absolute error of the time integral [%BW.s]; NaN without any.
    cop
        Mean horizontal distance of the centres of pressure over the frames counted in `cop_frames` [mm];
        NaN when there are none.
    cop_frames
        Frames of the cycles where the measured vertical force is above 50 N and the estimated above 20 N.
    cop_frames_without_estimate
        Frames of the cycles where the measured vertical force is above 50 N and the estimated is not above
        20 N: the foot is loaded, and the estimate has no centre of pressure for it.
    """

    cycles: int
    stances: int
    frames: int
    stance_frames: int
    peaks: int
    profile_vertical: float
    profile_fore_aft: float
    profile_medio_lateral: float
    peak_vertical: float
    impulse_vertical: float
    impulse_fore_aft: float
    impulse_medio_lateral: float
    cop: float
    cop_frames: int
    cop_frames_without_estimate: int


def score_foot(
    measured_force: Array,
    estimated_force: Array,
    measured_cop: Array,
    estimated_cop: Array,
    cycles: tuple[GaitCycle, ...],
    *,
    rate: float,
    body_weight: float,
    peak_range: tuple[float, float] | None = None,
) -> FootScore:
    """Compare estimate and measurement of one foot.

    Parameters
    ----------
    measured_force, estimated_force
        (T, 3) [N], X forward (see `gaitdynamics.features.heading`), Y up, Z right.
    measured_cop, estimated_cop
        (T, 3) [m], both in one frame.
    cycles
        At least one.
    rate
        Sampling rate [Hz].
    body_weight
        [N].
    peak_range
        Smallest and largest measured peak [N] of stances whose peak error counts; None for no limits.
    """
    if not cycles:
        raise ValueError("there is nothing to score without a gait cycle")
    scored = scored_frames(cycles, len(measured_force))
    percent = (estimated_force - measured_force) * (100.0 / body_weight)
    profile = np.abs(percent[scored]).mean(axis=0)
    stances = [stance for cycle in cycles for stance in cycle.stances]
    peaks = []
    for a, b in stances:
        measured_peak = float(measured_force[a:b, VERTICAL].max())
        if peak_range is None or peak_range[0] <= measured_peak <= peak_range[1]:
            peaks.append(abs(float(estimated_force[a:b, VERTICAL].max()) - measured_peak))
    impulses = np.full(3, np.nan)
    if stances:
        impulses = np.mean([np.abs(percent[a:b].sum(axis=0)) / rate for a, b in stances], axis=0)

    loaded = scored & (measured_force[:, VERTICAL] > COP_MEASURED_MINIMUM)
    both = loaded & (estimated_force[:, VERTICAL] > COP_ESTIMATED_MINIMUM)
    apart = (estimated_cop - measured_cop)[both]
    distance = np.hypot(apart[:, FORE_AFT], apart[:, MEDIO_LATERAL])
    return FootScore(
        cycles=len(cycles),
        stances=len(stances),
        frames=int(scored.sum()),
        stance_frames=sum(b - a for a, b in stances),
        profile_vertical=float(profile[VERTICAL]),
        profile_fore_aft=float(profile[FORE_AFT]),
        profile_medio_lateral=float(profile[MEDIO_LATERAL]),
        peaks=len(peaks),
        peak_vertical=float(np.mean(peaks)) * 100.0 / body_weight if peaks else float("nan"),
        impulse_vertical=float(impulses[VERTICAL]),
        impulse_fore_aft=float(impulses[FORE_AFT]),
        impulse_medio_lateral=float(impulses[MEDIO_LATERAL]),
        cop=1000.0 * float(distance.mean()) if len(distance) else float("nan"),
        cop_frames=len(distance),
        cop_frames_without_estimate=int((loaded & ~both).sum()),
    )


def stance_curves(force: Array, cycles: tuple[GaitCycle, ...], body_weight: float, points: int = 101) -> Array:
    """Resample the force of each complete stance to 0-100 % of that stance, linearly.

    Parameters
    ----------
    force
        (T, 3) [N].
    cycles
        Whose stances are taken, as found from the measured force.
    body_weight
        [N].
    points
        Samples per stance.

    Returns
    -------
    Array
        (S, points, 3) [%BW].
    """
    curves = []
    for a, b in (stance for cycle in cycles for stance in cycle.stances):
        at = np.linspace(a, b, points)
        frames = np.arange(len(force))
        curves.append(np.stack([np.interp(at, frames, component) for component in force.T], axis=1))
    return np.array(curves).reshape(-1, points, 3) * (100.0 / body_weight)
