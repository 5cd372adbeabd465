"""The picture of one motion's hip muscle forces and moments, over the gait cycle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.features.hip import TARGETS, HipTask
from gaitdynamics.plotting.style import GREY, SIDE_COLORS, SIDE_NAMES, draw_thin, new_figure, tidy
from gaitdynamics.trial import Array

if TYPE_CHECKING:
    from gaitdynamics.tasks.hip import HipEstimate

_COLUMNS: Final = 5


def plot_hip(estimate: HipEstimate) -> Figure:
    """Draw every muscle force and moment from one step of the foot to the next: each cycle thin, their mean thick.

    Parameters
    ----------
    estimate
        The hip muscle forces and moments.
    """
    panels: list[tuple[HipTask, int]] = [
        (task, index) for task in estimate.networks for index in range(len(TARGETS[task].names))
    ]
    rows = -(-len(panels) // _COLUMNS)
    height = 1.3 + 2.1 * rows
    # Finding the room for so many panels would take as long as all the rest of the task.
    figure = new_figure(13.0, height, layout=None)
    grid = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False)
    figure.subplots_adjust(0.035, 0.5 / height, 0.99, 1.0 - 0.9 / height, wspace=0.2, hspace=0.24)
    for axes, (task, index) in zip(grid.flat, panels, strict=False):
        target = TARGETS[task]
        curves = {side.side: side.sequences[task][..., index] for side in estimate.sides}
        _draw(axes, curves, f"{target.names[index].replace('_', ' ')} [{target.unit}/kg]")
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in _lowest(grid, len(panels)):
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("% of gait cycle", fontsize=8)
    handles = [Line2D([], [], color=SIDE_COLORS[s.side], label=SIDE_NAMES[s.side]) for s in estimate.sides]
    grid.flat[0].legend(handles=handles, fontsize=7)
    counts = ", ".join(f"{len(s.cycles)} {SIDE_NAMES[s.side].lower()}" for s in estimate.sides)
    names = " and ".join(sorted({known.architecture.network for known in estimate.networks.values()}))
    figure.suptitle(
        f"{estimate.angles.name}: hip muscle forces and moments by {names}, gait cycles: {counts}\n"
        "moments internal, positive in flexion, adduction and internal rotation",
        fontsize=11,
    )
    return figure


def _draw(axes: Axes, curves: dict[str, Array], title: str) -> None:
    tidy(axes)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    for side, sequences in curves.items():
        phase = np.linspace(0.0, 100.0, sequences.shape[1])
        paths: Sequence[Array] = [np.column_stack([phase, sequence]) for sequence in sequences]
        draw_thin(axes, paths, side, linewidths=0.6, alpha=0.35)
        axes.plot(phase, sequences.mean(axis=0), color=SIDE_COLORS[side], linewidth=1.8)
    axes.set_xlim(0.0, 100.0)
    axes.locator_params(nbins=4)
    axes.set_title(title, fontsize=9)


def _lowest(grid: np.ndarray[tuple[int, int], np.dtype[np.object_]], panels: int) -> list[Axes]:
    """Find the lowest panel in use of each column."""
    last = (panels - 1) // _COLUMNS
    return [grid[last if column <= (panels - 1) % _COLUMNS else last - 1][column] for column in range(_COLUMNS)]
