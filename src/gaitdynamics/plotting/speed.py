"""Measures of a stride over running speed, measured and generated: in the manner of the paper's Fig. 4."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from gaitdynamics.plotting.style import GENERATED, GENERATED_PALE, GREY, new_figure, tidy
from gaitdynamics.plotting.what_if import SPEED_PANELS

#: What is drawn: selection, colour, label.
_SHOWN: Final = (
    (("measured", "", "plates"), GREY, "measured, plates"),
    (("generated", "ours", "refiner"), GENERATED, "generated, forces of the packaged network"),
    (("generated", "ours", "diffusion"), GENERATED_PALE, "generated, forces of the diffusion"),
    (("generated", "as in the paper", "diffusion"), "#cc79a7", "generated as in the paper"),
)
_OTHER: Final = "#e6b400"


def plot_speed_study(summary: pd.DataFrame) -> Figure:
    """Draw means over people, with one standard deviation.

    Parameters
    ----------
    summary
        Of `evaluation.speed_report.speed_summary`.
    """
    figure = new_figure(12.0, 7.0)
    grid = figure.subplots(2, 3)
    for axes, (name, title) in zip(grid.flat, SPEED_PANELS, strict=True):
        tidy(axes)
        for shift, ((what, method, forces), color, label) in enumerate(_SHOWN):
            rows = summary[
                (summary["what"] == what) & (summary["method"] == method) & (summary["forces"] == forces)
            ].sort_values("asked")
            if rows.empty:
                continue
            axes.errorbar(
                rows["asked"] + 0.03 * (shift - 1),
                rows[f"{name}_mean"],
                rows[f"{name}_sd"],
                color=color,
                marker="o",
                markersize=4,
                linewidth=1.5,
                elinewidth=0.8,
                capsize=2,
                label=label,
            )
        others = summary[summary["what"] == "other generator"].sort_values("asked")
        if len(others) and others[f"{name}_mean"].notna().any():
            axes.errorbar(
                others["asked"],
                others[f"{name}_mean"],
                others[f"{name}_sd"],
                color=_OTHER,
                marker="s",
                markersize=4,
                capsize=2,
                label="another generator",
            )
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("speed [m/s]", fontsize=8)
    grid.flat[0].legend(fontsize=7)
    figure.suptitle("Running: measured, and generated from the run at one speed (mean and SD over people)", fontsize=11)
    return figure
