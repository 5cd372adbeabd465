"""The picture of generated motions: joint angles and vertical forces over time, one thin line per motion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.columns import SIDES
from gaitdynamics.plotting.style import GREY, SIDE_COLORS, SIDE_NAMES, new_figure, tidy

if TYPE_CHECKING:
    from gaitdynamics.tasks.generation import GeneratedMotion

#: Motions drawn, and seconds of them.
_MOST, _SECONDS = 4, 4.0
_JOINTS: Final = ("hip_flexion", "knee_angle", "ankle_angle")


def plot_generation(motions: Sequence[GeneratedMotion]) -> Figure:
    """Draw the first few motions, a column each.

    Parameters
    ----------
    motions
        The motions. Of the vertical force, solid is what is estimated from the motion, dotted what was generated with
        it.
    """
    shown = motions[:_MOST]
    figure = new_figure(3.6 * max(len(shown), 2), 7.5)
    grid = figure.subplots(len(_JOINTS) + 1, len(shown), sharex=True, sharey="row", squeeze=False)
    for column, motion in zip(grid.T, shown, strict=True):
        trial = motion.trial
        rows = trial.time <= _SECONDS
        for axes, joint in zip(column, _JOINTS, strict=False):
            for side in SIDES:
                angle = np.degrees(trial.column(f"{joint}_{side}"))
                axes.plot(trial.time[rows], angle[rows], color=SIDE_COLORS[side], linewidth=1.1)
        for foot, side in enumerate(SIDES):
            for forces, style in ((motion.estimate.forces, "-"), (motion.generated_forces, ":")):
                vertical = 100.0 * forces.force[rows, foot, 1] / trial.body_weight
                column[-1].plot(trial.time[rows], vertical, color=SIDE_COLORS[side], linewidth=1.1, linestyle=style)
        column[-1].set_xlabel("time [s]", fontsize=8)
        quality = motion.quality
        column[0].set_title(f"{trial.name}\n{quality.speed_m_s:.2f} m/s, slide {quality.slide_m_s:.2f} m/s", fontsize=9)
    for axes, label in zip(grid[:, 0], (*_JOINTS, "vertical force"), strict=True):
        unit = "[% body weight]" if label == "vertical force" else "[deg]"
        axes.set_ylabel(f"{label.replace('_', ' ')}\n{unit}", fontsize=8)
    for axes in grid.flat:
        tidy(axes)
    handles = [Line2D([], [], color=SIDE_COLORS[side], label=SIDE_NAMES[side]) for side in SIDES]
    handles += [
        Line2D([], [], color=GREY, label="estimated from the motion"),
        Line2D([], [], color=GREY, linestyle=":", label="generated with it"),
    ]
    figure.legend(handles=handles, fontsize=8, ncols=4, loc="outside lower center")
    return figure
