"""What speaks against a labelled gait cycle: reserves, forces left over at the pelvis, joints out of their range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.dataset.hip_labels import LabelledCycle, LegLabels, TrialLabels
from gaitdynamics.features.hip import ANGLES

Array = NDArray[np.float64]

#: Coordinates whose reserves count: those that hip muscles act on, hip and knee. In running the muscles of the ankle
#: reach their limit, for tendons that do not stretch leave them the speed of the joint (docs/kinetics.md).
_JUDGED: Final = slice(0, 4)
#: Largest root mean square of the reserves over that of the joint moments, hip and knee together: Hicks et al. (2015),
#: doi:10.1115/1.4029304.
LARGEST_RESERVE: Final = 0.05
#: Largest root mean square of the force left over at the pelvis [body weights]. Hicks et al. ask for 5 % of the largest
#: external force; low-passed coordinates without measured arms leave more, in running above all.
LARGEST_RESIDUAL: Final = {"walking": 0.15, "running": 0.5}
#: Largest share of muscles at their limit, mean over the cycle.
LARGEST_SATURATION: Final = 0.2
#: Angles [deg] that joints can have in gait.
RANGES: Final = {
    "hip_flexion": (-50.0, 100.0),
    "hip_adduction": (-35.0, 35.0),
    "hip_rotation": (-45.0, 45.0),
    "knee_angle": (-15.0, 150.0),
    "ankle_angle": (-60.0, 50.0),
}


def judge_cycle(cycle: LabelledCycle) -> dict[str, Any]:
    """Measure a cycle.

    Returns
    -------
    dict
        trial, side, start_s, stop_s; reserve_share, residual_bw (NaN where the other foot's force is not known),
        saturation; `reason` why it is left out, empty where it passes.
    """
    leg = cycle.trial.legs[cycle.side]
    inside = (leg.time >= cycle.start) & (leg.time <= cycle.stop)
    measures = {
        "reserve_share": reserve_share(leg, inside),
        "residual_bw": _rms(leg.residual[inside]),
        "saturation": float(leg.saturation[inside].mean()),
    }
    where = {
        "trial": cycle.trial.label,
        "split": cycle.trial.split,
        "activity": cycle.trial.activity,
        "side": cycle.side,
        "start_s": cycle.start,
        "stop_s": cycle.stop,
    }
    return {**where, **measures, "reason": "; ".join(_reasons(cycle, measures))}


def reserve_share(leg: LegLabels, inside: NDArray[np.bool_]) -> float:
    """Give the root mean square of the reserves over that of the joint moments, hip and knee together."""
    reserve, moment = (np.sqrt(np.nansum(v[inside, _JUDGED] ** 2)) for v in (leg.reserve, leg.moment))
    return float(reserve / max(moment, 1e-9))


def usable_instants(labels: TrialLabels, leg: LegLabels) -> NDArray[np.bool_]:
    """Mark the instants (K,) that can be learnt from one by one, by the same limits; the pelvis counts as a whole."""
    judged = (leg.reserve[:, _JUDGED] ** 2).sum(axis=1)
    typical = np.nanmean(leg.moment[:, _JUDGED] ** 2, axis=0).sum()
    residual = _rms(leg.residual)
    fits = not residual > LARGEST_RESIDUAL[labels.activity]
    return np.asarray((judged <= LARGEST_RESERVE**2 * typical) & (leg.saturation <= LARGEST_SATURATION) & fits)


def _reasons(cycle: LabelledCycle, measures: dict[str, float]) -> Iterator[str]:
    if measures["reserve_share"] > LARGEST_RESERVE:
        yield f"reserve actuators give {100 * measures['reserve_share']:.0f} % of the joint moments"
    if measures["residual_bw"] > LARGEST_RESIDUAL[cycle.trial.activity]:
        yield f"{100 * measures['residual_bw']:.0f} % of body weight is left over at the pelvis"
    if measures["saturation"] > LARGEST_SATURATION:
        yield f"{100 * measures['saturation']:.0f} % of the muscles are at their limit"
    out = _out_of_range(cycle.angles)
    if out:
        yield f"{', '.join(out)} out of range"


def _out_of_range(angles: Array) -> Sequence[str]:
    found = []
    for name, column in zip(ANGLES, angles.T, strict=True):
        low, high = RANGES[name[:-2]]
        if column.min() < low or column.max() > high:
            found.append(f"{name} {column.min():.0f} to {column.max():.0f} degrees")
    return found


def _rms(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if known.size else float("nan")
