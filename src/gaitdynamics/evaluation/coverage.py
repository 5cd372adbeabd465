"""Whether stated uncertainties hold: how often the measurement lies in the interval that an estimate gives.

An interval of p % is estimate +- z standard deviations (`uncertainty.interval_factor`). Right uncertainties cover p %
of the measurements, whatever p; less coverage means that the estimate is too sure of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pandas as pd

from gaitdynamics.evaluation.metrics import (
    COP_ESTIMATED_MINIMUM,
    COP_MEASURED_MINIMUM,
    FORE_AFT,
    MEDIO_LATERAL,
    VERTICAL,
)
from gaitdynamics.trial import Array, FootForces, Mask
from gaitdynamics.uncertainty import interval_factor, turned_deviations

#: Levels of the intervals, and those that the table shows.
LEVELS: Final = tuple(round(0.05 * i, 2) for i in range(1, 20))
SHOWN_LEVELS: Final = (0.5, 0.8, 0.95)

#: A force is compared where the measured or the estimated vertical force is above this [N]: in swing there is nothing
#: to be unsure of.
LOADED: Final = 20.0

#: Quantities and the axis of each in the ground frame.
FORCES: Final = {"vertical": VERTICAL, "fore_aft": FORE_AFT, "medio_lateral": MEDIO_LATERAL}
POINTS: Final = {"cop_fore_aft": FORE_AFT, "cop_medio_lateral": MEDIO_LATERAL}


class UncertainForces(Protocol):
    """Standard deviations that an estimate may carry, per frame, foot and axis of the ground frame.

    `force_sd` (T, 2, 3) [N]; `cop_sd` (T, 2, 3), or (T, 2, 2) along X and Z, [m].
    """

    force_sd: Array
    cop_sd: Array


@dataclass(frozen=True)
class Spread:
    """Standard deviations in the walking direction: `force` (T, 2, 3) [N] and `cop` (T, 2, 3) [m]."""

    force: Array
    cop: Array


def spread_of(estimate: FootForces, angle: float) -> Spread | None:
    """Take the standard deviations of an estimate, if it has any, turned into the walking direction.

    Parameters
    ----------
    estimate
        Which may have the attributes of `UncertainForces`.
    angle
        Walking direction [rad] about the vertical. Errors along the axes of the ground frame count as independent.
    """
    force, cop = getattr(estimate, "force_sd", None), getattr(estimate, "cop_sd", None)
    if force is None or cop is None:
        return None
    if cop.shape[-1] == 2:
        cop = np.stack([cop[..., 0], np.zeros(cop.shape[:-1]), cop[..., 1]], axis=-1)
    return Spread(turned_deviations(force, angle), turned_deviations(cop, angle))


def covered(error: Array, sd: Array, levels: Sequence[float] = LEVELS) -> Array:
    """Count the errors inside the intervals.

    Parameters
    ----------
    error, sd
        (N,) in one unit.
    levels
        (L,) between 0 and 1.

    Returns
    -------
    Array
        (L,) numbers of errors within z standard deviations.
    """
    z = np.array([interval_factor(level) for level in levels])
    return np.asarray((np.abs(error)[:, None] <= z * sd[:, None]).sum(axis=0), dtype=np.float64)


def coverage_rows(
    measured_force: Array,
    estimated_force: Array,
    measured_cop: Array,
    estimated_cop: Array,
    spread_force: Array,
    spread_cop: Array,
    scored: Mask,
) -> list[dict[str, object]]:
    """Count for one foot how often the intervals hold.

    Parameters
    ----------
    measured_force, estimated_force, spread_force
        (T, 3) [N] in the walking direction.
    measured_cop, estimated_cop, spread_cop
        (T, 3) [m].
    scored
        (T,) frames of gait cycles.

    Returns
    -------
    list of dict
        One row per quantity and level: `quantity`, `level`, `frames`, `inside`.
    """
    up, up_estimated = measured_force[:, VERTICAL], estimated_force[:, VERTICAL]
    loaded = scored & ((up > LOADED) | (up_estimated > LOADED))
    both = scored & (up > COP_MEASURED_MINIMUM) & (up_estimated > COP_ESTIMATED_MINIMUM)
    rows: list[dict[str, object]] = []
    for axes, frames, error, sd in (
        (FORCES, loaded, estimated_force - measured_force, spread_force),
        (POINTS, both, estimated_cop - measured_cop, spread_cop),
    ):
        for quantity, axis in axes.items():
            inside = covered(error[frames, axis], sd[frames, axis])
            rows += [
                {"quantity": quantity, "level": level, "frames": int(frames.sum()), "inside": int(n)}
                for level, n in zip(LEVELS, inside, strict=True)
            ]
    return rows


def coverage_per_study(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up over trials and feet.

    Parameters
    ----------
    rows
        Of `coverage_rows`, with the columns activity, method, split and study.

    Returns
    -------
    pandas.DataFrame
        One row per activity, method, split, study, quantity and level, with `frames` and `coverage` in 0-1.
    """
    keys = ["activity", "method", "split", "study", "quantity", "level"]
    table = rows.groupby(keys, sort=True)[["frames", "inside"]].sum().reset_index()
    table = table[table["frames"] > 0]
    return table.assign(coverage=table["inside"] / table["frames"]).drop(columns="inside").reset_index(drop=True)
