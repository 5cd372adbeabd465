"""From errors of single feet to errors of studies, and from those to the mean over studies.

As in the paper, a study's error is the average over all that was scored in it, and the mean and standard
deviation are taken over studies, so that a large study counts no more than a small one. Within a study the
profile errors are weighted by frames (as the published code does), peaks and impulses by stances, centres of
pressure by the frames in which they were compared.
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
        "peak_vertical": "stances",
        "impulse_vertical": "stances",
        "impulse_fore_aft": "stances",
        "impulse_medio_lateral": "stances",
        "cop": "cop_frames",
    }
)

#: Counts that are added up.
COUNTS: Final = ("cycles", "stances", "frames", "stance_frames", "cop_frames", "cop_frames_without_estimate")

#: In the summary, the name of all sides of the split together.
ALL_SPLITS: Final = "all"


def per_study(results: pd.DataFrame) -> pd.DataFrame:
    """Average over each study.

    Parameters
    ----------
    results
        One row per trial, foot and method (`benchmark.ForceEvaluation.results`).

    Returns
    -------
    pandas.DataFrame
        One row per activity, method, split and study: numbers of subjects and trials, `COUNTS`, and the
        weighted means of the errors. Walking and running are never mixed.
    """
    rows = []
    keys = ["activity", "method", "split", "study"]
    for key, group in results.groupby(keys, sort=True):
        row: dict[str, object] = dict(zip(keys, key, strict=True))
        row["subjects"] = group["subject"].nunique()
        row["trials"] = len(group[["subject", "trial"]].drop_duplicates())
        row |= {name: int(group[name].sum()) for name in COUNTS}
        row |= {name: _weighted(group[name], group[weight]) for name, weight in WEIGHTS.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def over_studies(studies: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over studies.

    Parameters
    ----------
    studies
        From `per_study`.

    Returns
    -------
    pandas.DataFrame
        One row per activity, method and split, and per activity and method with the split 'all' where there
        are several; columns `<error>_mean`, and `<error>_sd` with divisor n as in the published code (NaN for
        a single study).
    """
    rows = []
    for (activity, method), group in studies.groupby(["activity", "method"], sort=True):
        parts = {str(split): part for split, part in group.groupby("split", sort=True)}
        if len(parts) > 1:
            parts[ALL_SPLITS] = group
        for split, part in parts.items():
            row: dict[str, object] = {"activity": activity, "method": method, "split": split}
            row["studies"] = part["study"].nunique()
            row |= {name: int(part[name].sum()) for name in ("subjects", "trials", *COUNTS)}
            for name in WEIGHTS:
                values = part[name].dropna()
                row[f"{name}_mean"] = values.mean()
                row[f"{name}_sd"] = values.std(ddof=0) if len(values) > 1 else np.nan
            rows.append(row)
    return pd.DataFrame(rows)


def _weighted(values: pd.Series[float], weights: pd.Series[int]) -> float:
    total = int(weights.sum())
    # A foot without a single weight has no value (NaN) and must not spoil the others.
    return float((values * weights)[weights > 0].sum()) / total if total else float("nan")
