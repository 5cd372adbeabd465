"""The pictures of one motion's muscle forces, and of the joint moments that they sum to."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.columns import SIDES, canonical
from gaitdynamics.features.hip import MUSCLES
from gaitdynamics.plotting.style import GREY, SIDE_COLORS, SIDE_NAMES, draw_thin, new_figure, tidy
from gaitdynamics.trial import Array

if TYPE_CHECKING:
    from gaitdynamics.tasks.hip_muscles import HipMusclesResult
    from gaitdynamics.tasks.moments import MomentsResult
    from gaitdynamics.tasks.muscles import MusclesResult

#: Muscles beyond the hip that are shown too: name, parts.
_LOWER: Final = {"vasti": ("vasint", "vaslat", "vasmed"), "triceps surae": ("soleus", "gaslat", "gasmed")}
#: Joint moments that are shown, with what the muscles give.
_JOINTS: Final = ("hip_flexion", "hip_adduction", "knee_angle", "ankle_angle")
_COLUMNS: Final = 5
#: A gait cycle [s].
_CYCLE: Final = (0.4, 2.5)
_PHASE: Final = np.linspace(0.0, 100.0, 101)


#: Curves of each panel by side: values, and those drawn dashed over them (or None).
Panels = dict[str, dict[str, tuple[Array, Array | None]]]


def plot_muscles(result: MusclesResult) -> Figure:
    """Draw muscle forces from contact to contact of the foot: each cycle thin, their mean thick.

    Joint moments come last, dashed what the muscles give of them. Over time where no cycle is whole.

    Parameters
    ----------
    result
        The muscle forces.
    """
    mass = result.moments.trial.subject.mass_kg
    panels: Panels = {}
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
    times = {one.side: result.moments.time[one.frames] for one in result.legs}
    title = f"muscle forces by static optimisation, {result.rate:.0f} instants per second"
    return _plot_panels(result.moments, times, panels, title)


def plot_hip_muscles(result: HipMusclesResult) -> Figure:
    """Draw hip muscle forces of our network in the same way.

    Parameters
    ----------
    result
        The forces.
    """
    mass = result.moments.trial.subject.mass_kg
    panels: Panels = {
        f"{name} [N/kg]": {side: (forces[:, place] / mass, None) for side, forces in result.forces.items()}
        for place, name in enumerate(MUSCLES)
    }
    times = dict.fromkeys(result.forces, result.moments.time)
    return _plot_panels(result.moments, times, panels, "hip muscle forces by the network")


def _plot_panels(moments: MomentsResult, times: dict[str, Array], panels: Panels, title: str) -> Figure:
    rows = -(-len(panels) // _COLUMNS)
    figure = new_figure(13.0, 1.2 + 2.1 * rows)
    grid = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False)
    cycles = {side: _cycles(moments, side, time) for side, time in times.items()}
    by_cycle = any(cycles.values())
    for axes, (name, curves) in zip(grid.flat, panels.items(), strict=False):
        _draw(axes, curves, times, cycles if by_cycle else None)
        axes.set_title(name, fontsize=9)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    last = len(panels) - 1
    for column in range(_COLUMNS):
        lowest = grid[rows - 1 if column <= last % _COLUMNS or rows == 1 else rows - 2][column]
        lowest.tick_params(labelbottom=True)
        lowest.set_xlabel("% of gait cycle, from contact" if by_cycle else "time [s]", fontsize=8)
    handles = [Line2D([], [], color=SIDE_COLORS[side], label=SIDE_NAMES[side]) for side in times]
    if any(dashed is not None for curves in panels.values() for _, dashed in curves.values()):
        handles.append(Line2D([], [], color="#202020", linestyle="--", label="sum of the muscles"))
    grid.flat[len(panels) - 1].legend(handles=handles, fontsize=7)
    counts = ", ".join(f"{len(found)} {SIDE_NAMES[side].lower()}" for side, found in cycles.items())
    figure.suptitle(f"{moments.trial.name}: {title}, gait cycles: {counts}", fontsize=11)
    return figure


def _draw(
    axes: Axes,
    curves: dict[str, tuple[Array, Array | None]],
    times: dict[str, Array],
    cycles: dict[str, list[tuple[float, float]]] | None,
) -> None:
    tidy(axes)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
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


def _cycles(moments: MomentsResult, side: str, solved: Array) -> list[tuple[float, float]]:
    """List the gait cycles (start, end) [s] of one foot with known forces, inside the times `solved`."""
    time, foot = moments.time, SIDES.index(side)
    starts = [stance.start for stance in moments.stances() if stance.side == side and stance.start > 0]
    step = float(np.diff(solved).max()) if len(solved) > 1 else 0.0
    return [
        (float(time[a]), float(time[b]))
        for a, b in pairwise(starts)
        if _CYCLE[0] <= time[b] - time[a] <= _CYCLE[1]
        and moments.valid[a:b, foot].all()
        and solved[0] <= time[a]
        and time[b] <= solved[-1] + step
    ]
