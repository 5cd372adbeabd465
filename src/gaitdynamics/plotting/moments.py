"""The picture of one motion's joint moments: over time, and over stance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.columns import SIDES
from gaitdynamics.plotting.style import GREY, SIDE_COLORS, SIDE_NAMES, new_figure, tidy
from gaitdynamics.stances import Interval
from gaitdynamics.trial import Array, Mask

if TYPE_CHECKING:
    from gaitdynamics.tasks.moments import MomentsResult

#: Longest stretch shown over time [s]: about ten strides, which the eye can still tell apart.
SHOWN_SECONDS = 10.0
#: Points of a stance from contact (0 %) to toe-off (100 %).
PHASE = np.linspace(0.0, 100.0, 101)
#: Rows of the picture: coordinate without its side, and its name there. The last is not of a coordinate.
JOINTS = (
    ("hip_flexion", "Hip flexion +"),
    ("knee_angle", "Knee (coordinate +)"),
    ("ankle_angle", "Ankle dorsiflexion +"),
)
KNEE_ADDUCTION = "Knee adduction +\n(external)"


def plot_moments(result: MomentsResult) -> Figure:
    """Draw hip, knee and ankle moments of the sagittal plane and the knee adduction moment.

    Moments of a leg whose force is not known are not drawn.

    Parameters
    ----------
    result
        The joint moments.
    """
    figure = new_figure(12.0, 8.6)
    grid = figure.add_gridspec(len(JOINTS) + 1, 2, width_ratios=(2.6, 1.0))
    stances = result.stances()
    shown = result.time <= result.time[0] + SHOWN_SECONDS
    over_time: list[Axes] = []
    over_stance: list[Axes] = []
    for row, (label, curves) in enumerate(_rows(result)):
        axes = figure.add_subplot(grid[row, 0], sharex=over_time[0] if over_time else None)
        _draw_over_time(axes, result, curves, shown, stances)
        axes.set_ylabel(f"{label}\n[N.m/kg]", fontsize=9)
        over_time.append(axes)
        axes = figure.add_subplot(grid[row, 1], sharex=over_stance[0] if over_stance else None)
        _draw_over_stance(axes, curves, stances)
        over_stance.append(axes)
    for axes in (*over_time[:-1], *over_stance[:-1]):
        axes.tick_params(labelbottom=False)
    over_time[-1].set_xlabel("time [s]", fontsize=9)
    over_time[0].set_xlim(result.time[shown][0], result.time[shown][-1])
    over_stance[-1].set_xlabel("% of stance", fontsize=9)
    over_stance[0].set_xlim(0.0, 100.0)
    left_out = "" if shown.all() else f", first {SHOWN_SECONDS:g} s of {np.ptp(result.time):.0f} s"
    over_time[0].set_title(f"Over time{left_out} (shaded: stance)", fontsize=10)
    whole = {side: sum(s.complete for s in stances if s.side == side) for side in SIDES}
    over_stance[0].set_title(f"Whole stances: {whole['r']} right, {whole['l']} left", fontsize=10)
    handles = [Line2D([], [], color=SIDE_COLORS[side], label=SIDE_NAMES[side]) for side in SIDES]
    over_time[0].legend(handles=handles, fontsize=8, ncols=2, loc="upper right", framealpha=0.9)
    # Room above the highest peak, so that the legend hides nothing.
    low, high = over_time[0].get_ylim()
    over_time[0].set_ylim(low, high + 0.25 * (high - low))
    subject = result.trial.subject
    figure.suptitle(
        f"{result.trial.name}: joint moments, {subject.mass_kg:.1f} kg\n"
        "internal moments in the sign of the model's coordinates; knee adduction external",
        fontsize=11,
    )
    return figure


def _rows(result: MomentsResult) -> list[tuple[str, Array]]:
    """Label and curves (T, 2) [N.m/kg] of each row, NaN where the force of that foot is not known."""
    mass = result.trial.subject.mass_kg
    rows = [
        (label, np.stack([result.column(f"{joint}_{side}") for side in SIDES], axis=1) / mass)
        for joint, label in JOINTS
    ]
    rows.append((KNEE_ADDUCTION, result.knee_adduction))
    return [(label, np.where(result.valid, curves, np.nan)) for label, curves in rows]


def _draw_over_time(axes: Axes, result: MomentsResult, curves: Array, shown: Mask, stances: Sequence[Interval]) -> None:
    tidy(axes)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    last = int(np.flatnonzero(shown)[-1])
    for stance in stances:
        if stance.start <= last:
            start, stop = result.time[stance.start], result.time[min(stance.stop, last)]
            axes.axvspan(start, stop, color=SIDE_COLORS[stance.side], alpha=0.09, linewidth=0)
    for foot, side in enumerate(SIDES):
        axes.plot(result.time[shown], curves[shown, foot], color=SIDE_COLORS[side], linewidth=1.5)


def _draw_over_stance(axes: Axes, curves: Array, stances: Sequence[Interval]) -> None:
    tidy(axes)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    for foot, side in enumerate(SIDES):
        of_stances = [
            np.interp(PHASE, np.linspace(0.0, 100.0, s.stop - s.start), curves[s.start : s.stop, foot])
            for s in stances
            if s.side == side and s.complete
        ]
        for curve in of_stances:
            axes.plot(PHASE, curve, color=SIDE_COLORS[side], linewidth=0.6, alpha=0.35)
        if of_stances:
            axes.plot(PHASE, np.mean(of_stances, axis=0), color=SIDE_COLORS[side], linewidth=2.0)
    if not any(s.complete for s in stances):
        axes.text(0.5, 0.5, "no whole stance", transform=axes.transAxes, ha="center", color=GREY, fontsize=8)
        axes.set_yticks([])
