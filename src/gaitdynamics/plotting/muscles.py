"""The picture of one motion's muscle forces by static optimisation, and of the moments that they sum to."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.columns import canonical
from gaitdynamics.features.hip import MUSCLES
from gaitdynamics.plotting.style import GREY, SIDE_COLORS, SIDE_NAMES, draw_thin, new_figure, tidy
from gaitdynamics.trial import Array

if TYPE_CHECKING:
    from gaitdynamics.tasks.muscles import LegMuscles, MusclesResult

#: Muscles beyond the hip that are shown too: name, parts.
_LOWER: Final = {"vasti": ("vasint", "vaslat", "vasmed"), "triceps surae": ("soleus", "gaslat", "gasmed")}
#: Joint moments that are shown, with what the muscles give.
_JOINTS: Final = ("hip_flexion", "hip_adduction", "knee_angle", "ankle_angle")
_COLUMNS: Final = 5
#: A gait cycle [s].
_CYCLE: Final = (0.4, 2.5)
_PHASE: Final = np.linspace(0.0, 100.0, 101)


def plot_muscles(result: MusclesResult) -> Figure:
    """Draw muscle forces from contact to contact of the foot: each cycle thin, their mean thick.

    Joint moments come last, dashed what the muscles give of them. Over time where no cycle is whole.

    Parameters
    ----------
    result
        The muscle forces.
    """
    mass = result.moments.trial.subject.mass_kg
    panels: dict[str, dict[str, tuple[Array, Array | None]]] = {}
    for one in result.legs:
        for name, parts in (MUSCLES | _LOWER).items():
            there = [one.names.index(f"{part}_{one.side}") for part in parts if f"{part}_{one.side}" in one.names]
            if there:
                force = one.force[:, there].sum(axis=1) / mass
                panels.setdefault(f"{name} [N/kg]", {})[one.side] = (force, None)
    for joint in _JOINTS:
        for one in result.legs:
            place = [i for i, name in enumerate(one.coordinates) if canonical(name) == f"{joint}_{one.side}"]
            for i in place:
                title = f"{joint.replace('_', ' ')} moment [N.m/kg]"
                panels.setdefault(title, {})[one.side] = (one.moment[:, i] / mass, one.muscle_moment[:, i] / mass)
    rows = -(-len(panels) // _COLUMNS)
    figure = new_figure(13.0, 1.2 + 2.1 * rows)
    grid = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False)
    cycles = {one.side: _cycles(result, one) for one in result.legs}
    by_cycle = any(cycles.values())
    for axes, (title, curves) in zip(grid.flat, panels.items(), strict=False):
        _draw(axes, curves, result, cycles if by_cycle else None)
        axes.set_title(title, fontsize=9)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("% of gait cycle, from contact" if by_cycle else "time [s]", fontsize=8)
    handles = [Line2D([], [], color=SIDE_COLORS[one.side], label=SIDE_NAMES[one.side]) for one in result.legs]
    handles.append(Line2D([], [], color=GREY, linestyle="--", label="sum of the muscles"))
    grid.flat[len(panels) - 1].legend(handles=handles, fontsize=7)
    counts = ", ".join(f"{len(found)} {SIDE_NAMES[side].lower()}" for side, found in cycles.items())
    figure.suptitle(
        f"{result.moments.trial.name}: muscle forces by static optimisation, {result.rate:.0f} instants per second, "
        f"gait cycles: {counts}",
        fontsize=11,
    )
    return figure


def _draw(
    axes: Axes,
    curves: dict[str, tuple[Array, Array | None]],
    result: MusclesResult,
    cycles: dict[str, list[tuple[float, float]]] | None,
) -> None:
    tidy(axes)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    times = {one.side: result.moments.time[one.frames] for one in result.legs}
    for side, (curve, muscles) in curves.items():
        time = times[side]
        for values, look in ((curve, "-"), (muscles, "--")):
            if values is None:
                continue
            if cycles is None:
                axes.plot(time, values, color=SIDE_COLORS[side], linewidth=1.4, linestyle=look)
                continue
            cut = [np.interp(a + _PHASE / 100.0 * (b - a), time, values) for a, b in cycles[side]]
            if not cut:
                continue
            if look == "-":
                draw_thin(axes, [np.column_stack([_PHASE, one]) for one in cut], side, linewidths=0.6, alpha=0.35)
            color = SIDE_COLORS[side] if look == "-" else "#202020"
            axes.plot(_PHASE, np.mean(cut, axis=0), color=color, linewidth=1.8 if look == "-" else 1.0, linestyle=look)
    if cycles is not None:
        axes.set_xlim(0.0, 100.0)
    axes.locator_params(nbins=4)


def _cycles(result: MusclesResult, one: LegMuscles) -> list[tuple[float, float]]:
    """List the gait cycles (start, end) [s] of one foot with known forces and muscles throughout."""
    time, foot = result.moments.time, "rl".index(one.side)
    solved = time[one.frames]
    starts = [stance.start for stance in result.moments.stances() if stance.side == one.side and stance.start > 0]
    return [
        (float(time[a]), float(time[b]))
        for a, b in pairwise(starts)
        if _CYCLE[0] <= time[b] - time[a] <= _CYCLE[1]
        and result.moments.valid[a:b, foot].all()
        and solved[0] <= time[a]
        and time[b] <= solved[-1] + 1.0 / result.rate
    ]
