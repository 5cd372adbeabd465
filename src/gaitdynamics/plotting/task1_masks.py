"""The figure of completed motions, in the manner of the paper's Fig. 2: errors per mask, a bar per method."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gaitdynamics.plotting.style import new_figure, tidy

_COLORS: Final = ("#0072b2", "#56b4e9", "#e69f00", "#cc79a7", "#999999", "#009e73")
_WHOLE: Final = "nothing hidden"


def plot_masks(motions: pd.DataFrame, forces: pd.DataFrame) -> Figure:
    """Draw errors of angles and of peak vertical forces per mask and method, a row per activity.

    Parameters
    ----------
    motions, forces
        From `evaluation.completion.motion_table` and `force_table`. The dashed line is the error with nothing hidden.
    """
    activities = list(dict.fromkeys(motions["activity"]))
    figure = new_figure(12.0, 1.0 + 3.1 * len(activities))
    grid = figure.subplots(len(activities), 2, squeeze=False)
    for row, activity in zip(grid, activities, strict=True):
        for axes, table, column, label in (
            (row[0], motions, "angle_deg", "hidden angles, RMS error [deg]"),
            (row[1], forces, "peak_vertical", "peak vertical force, error [%BW]"),
        ):
            own = table[table["activity"] == activity]
            shown = own[(own["mask"] != _WHOLE) & ~own["mask"].str.startswith("gap")]
            masks, methods = (list(dict.fromkeys(shown[key])) for key in ("mask", "method"))
            width = 0.8 / max(len(methods), 1)
            for k, method in enumerate(methods):
                values = [
                    float(part[column].iloc[0]) if len(part) else np.nan
                    for part in (shown[(shown["mask"] == mask) & (shown["method"] == method)] for mask in masks)
                ]
                place = np.arange(len(masks)) + width * (k - 0.5 * (len(methods) - 1))
                axes.bar(place, values, width, label=method, color=_COLORS[k % len(_COLORS)])
            whole = own[own["mask"] == _WHOLE]
            if column == "peak_vertical" and len(whole):
                axes.axhline(float(whole[column].iloc[0]), color="black", linestyle="--", linewidth=1.0)
                # Constant poses of running give errors beyond any scale.
                best = shown.groupby("mask")[column].min().max()
                axes.set_ylim(0.0, 3.0 * float(best))
            axes.set_xticks(np.arange(len(masks)), masks)
            axes.set_title(f"{activity}: {label}", fontsize=9)
            tidy(axes)
    grid[0, 0].legend(fontsize=8)
    return figure
