"""Tables of gait measured in joint positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from gaitdynamics.evaluation.joint_motion import JointGait
from gaitdynamics.evaluation.markdown import markdown_table, number
from gaitdynamics.files.atomic import write_text


def write_joint_gait(gaits: Sequence[JointGait], folder: Path) -> str:
    """Write `motions.csv`, one row per motion, and `motions.md`, one row per file.

    Parameters
    ----------
    gaits
        Of all files.
    folder
        Where to write.

    Returns
    -------
    str
        The page: mean and standard deviation over the motions of a file that did not fail, as in the paper.
    """
    table = pd.DataFrame([asdict(gait) for gait in gaits])
    table.to_csv(folder / "motions.csv", index=False, float_format="%.5g")
    rows = []
    for name, group in table.groupby("name", sort=False):
        good = group[group["failure"] == ""]
        cells = [_mean_sd(good[column].to_numpy(), digits) for column, digits in _SHOWN]
        reasons = group.loc[group["failure"] != "", "failure"].value_counts()
        told = ", ".join(f"{reason} ({count})" for reason, count in reasons.items())
        rows.append([name, len(group), len(group) - len(good), *cells, told or "-"])
    head = ["file", "motions", "failed", "speed [m/s]", "stride length [m]", "peak knee flexion [deg]", "failures"]
    page = markdown_table(head, rows)
    write_text(folder / "motions.md", page)
    return page


_SHOWN = (("speed", 2), ("stride_length", 2), ("knee_flexion", 0))


def _mean_sd(values: np.ndarray[tuple[int], np.dtype[np.float64]], digits: int) -> str:
    if len(values) == 0:
        return "-"
    spread = f" \N{PLUS-MINUS SIGN} {number(float(values.std()), digits)}" if len(values) > 1 else ""
    return number(float(values.mean()), digits) + spread
