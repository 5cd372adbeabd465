"""From errors of single feet to errors of studies, and from those to the mean over studies.

As in the paper, a study's error is the average over all that was scored in it, and the mean and standard
deviation are taken over studies, so that a large study counts no more than a small one. Within a study the
profile errors are weighted by frames (as the published code does), peaks and impulses by stances, centres of
pressure by the frames in which they were compared. Root mean squares are pooled as mean squares.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

#: Errors, each with the count by which it is weighted within a study.
WEIGHTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "profile_vertical": "frames",
        "profile_fore_aft": "frames",
        "profile_medio_lateral": "frames",
        "peak_vertical": "peaks",
        "impulse_vertical": "stances",
        "impulse_fore_aft": "stances",
        "impulse_medio_lateral": "stances",
        "cop": "cop_frames",
    }
)

#: Errors that need a skeleton, likewise; those in `SQUARED` are root mean squares.
DYNAMIC_WEIGHTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "moment_hip_flexion": "frames",
        "moment_hip_adduction": "frames",
        "moment_knee_flexion": "frames",
        "moment_ankle_flexion": "frames",
        "moment_knee_adduction": "frames",
        "kam_first_peak": "stances",
        "kam_second_peak": "stances",
        "newton_vertical": "newton_frames",
        "newton_total": "newton_frames",
        "newton_measured_vertical": "newton_frames",
        "newton_measured_total": "newton_frames",
    }
)
SQUARED: Final = frozenset(name for name in DYNAMIC_WEIGHTS if not name.startswith("kam"))

#: Counts that are added up.
COUNTS: Final = (
    "cycles",
    "stances",
    "frames",
    "stance_frames",
    "peaks",
    "cop_frames",
    "cop_frames_without_estimate",
)

#: In the summary, the name of all sides of the split together.
ALL_SPLITS: Final = "all"


def errors_in(results: pd.DataFrame) -> dict[str, str]:
    """Give the errors that a table has, with the count by which each is weighted."""
    return {name: count for name, count in {**WEIGHTS, **DYNAMIC_WEIGHTS}.items() if name in results}


def per_study(results: pd.DataFrame) -> pd.DataFrame:
    """Average over each study.

    Parameters
    ----------
    results
        One row per trial, foot, method, protocol and plate gain (`benchmark.ForceEvaluation.results`).

    Returns
    -------
    pandas.DataFrame
        One row per protocol, activity, method, split, study and plate gain: numbers of subjects and trials,
        `COUNTS`, and the weighted means of the errors. Walking and running are never mixed.
    """
    rows = []
    keys = ["protocol", "activity", "method", "split", "study", "plate_gain"]
    errors = errors_in(results)
    for key, group in results.groupby(keys, sort=True):
        row: dict[str, object] = dict(zip(keys, key, strict=True))
        row["subjects"] = group["subject"].nunique()
        row["trials"] = len(group[["subject", "trial"]].drop_duplicates())
        row |= {name: int(group[name].sum()) for name in COUNTS}
        for name, count in errors.items():
            if name in SQUARED:
                row[name] = float(np.sqrt(_weighted(group[name] ** 2, group[count])))
            else:
                row[name] = _weighted(group[name], group[count])
        rows.append(row)
    return pd.DataFrame(rows)


def over_studies(studies: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over studies, their forces as they were recorded.

    Parameters
    ----------
    studies
        From `per_study`; rows with a plate gain removed are not counted.

    Returns
    -------
    pandas.DataFrame
        One row per protocol, activity, method and split, and per protocol, activity and method with the split 'all'
        where there are several; columns `<error>_mean`, and `<error>_sd` with divisor n as in the published code
        (NaN for a single study).
    """
    rows = []
    recorded = studies[studies["plate_gain"] == 1.0]
    errors = errors_in(studies)
    keys = ["protocol", "activity", "method"]
    for key, group in recorded.groupby(keys, sort=True):
        parts = {str(split): part for split, part in group.groupby("split", sort=True)}
        if len(parts) > 1:
            parts[ALL_SPLITS] = group
        for split, part in parts.items():
            row: dict[str, object] = dict(zip(keys, key, strict=True)) | {"split": split}
            row["studies"] = part["study"].nunique()
            row |= {name: int(part[name].sum()) for name in ("subjects", "trials", *COUNTS)}
            for name in errors:
                values = part[name].dropna()
                row[f"{name}_mean"] = values.mean()
                row[f"{name}_sd"] = values.std(ddof=0) if len(values) > 1 else np.nan
            rows.append(row)
    return pd.DataFrame(rows)


def overall(summary: pd.DataFrame) -> pd.DataFrame:
    """Keep of each protocol, activity and method the row over all sides of the split."""
    keys = ["protocol", "activity", "method"]
    several = summary.groupby(keys)["split"].transform(lambda splits: (splits == ALL_SPLITS).any())
    return summary[(summary["split"] == ALL_SPLITS) | ~several.astype(bool)]


def cost(results: pd.DataFrame) -> pd.Series[float]:
    """Seconds of one core that an estimate takes per second of motion, by method.

    Parameters
    ----------
    results
        As for `per_study`.
    """
    trials = results.drop_duplicates(["study", "subject", "trial", "method"])
    sums = trials.groupby("method")[["work_s", "motion_s"]].sum()
    return sums["work_s"] / sums["motion_s"]


def _weighted(values: pd.Series[float], weights: pd.Series[int]) -> float:
    total = int(weights.sum())
    # A foot without a single weight has no value (NaN) and must not spoil the others.
    return float((values * weights)[weights > 0].sum()) / total if total else float("nan")
