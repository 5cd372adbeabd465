"""Errors of joint moments that come of the forces: the same motion, once with measured, once with estimated forces.

Inverse dynamics of one motion is linear in the forces on the feet, so these errors hold nothing of the errors of the
motion or of the masses; they tell what wrong forces and centres of pressure do to the moments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from gaitdynamics.columns import SIDES
from gaitdynamics.evaluation.gait_cycles import GaitCycle, scored_frames
from gaitdynamics.trial import Array

#: Joint moments that are compared, and the coordinate (without side) that each acts on.
JOINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hip_flexion": "hip_flexion",
        "hip_adduction": "hip_adduction",
        "knee_flexion": "knee_angle",
        "ankle_flexion": "ankle_angle",
    }
)


@dataclass(frozen=True)
class JointMoments:
    """Moments of both legs.

    Attributes
    ----------
    joints
        For each key of `JOINTS`, (T, 2) net joint moment [N.m/kg], right and left, positive in the positive
        direction of the coordinate.
    knee_adduction
        (T, 2) external knee adduction moment [N.m/kg].
    """

    joints: Mapping[str, Array]
    knee_adduction: Array


def score_moments(
    measured: JointMoments, estimated: JointMoments, cycles: tuple[GaitCycle, ...], side: str
) -> dict[str, float]:
    """Compare the moments of one leg.

    Parameters
    ----------
    measured, estimated
        With measured and with estimated forces.
    cycles
        Gait cycles of that foot, at least one.
    side
        'r' or 'l'.

    Returns
    -------
    dict
        `moment_<joint>` for each of `JOINTS`, and `moment_knee_adduction`: root mean square error over the frames of
        the cycles [N.m/kg]; `kam_first_peak` and `kam_second_peak`: mean over stances of the absolute error of the
        largest knee adduction moment in the first and in the second half of stance [N.m/kg], NaN without stances.
    """
    foot = SIDES.index(side)
    scored = scored_frames(cycles, len(measured.knee_adduction))
    scores = {f"moment_{name}": _rms((estimated.joints[name] - measured.joints[name])[scored, foot]) for name in JOINTS}
    kam, kam_measured = estimated.knee_adduction[:, foot], measured.knee_adduction[:, foot]
    scores["moment_knee_adduction"] = _rms((kam - kam_measured)[scored])
    stances = [stance for cycle in cycles for stance in cycle.stances if stance[1] - stance[0] >= 2]
    errors = [np.abs(_peaks(kam[a:b]) - _peaks(kam_measured[a:b])) for a, b in stances]
    first, second = np.mean(errors, axis=0) if errors else (np.nan, np.nan)
    return scores | {"kam_first_peak": float(first), "kam_second_peak": float(second)}


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _peaks(curve: Array) -> Array:
    """Largest value of the first and of the second half of a stance."""
    first, second = np.split(curve, [(len(curve) + 1) // 2])
    return np.array([first.max(), second.max()])
