"""Pictures of motions that no one performed: before and after a change, and over speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.columns import PELVIS_TRANSLATIONS, SIDES, canonical
from gaitdynamics.plotting.style import GENERATED, GREY, MEASURED, SIDE_COLORS, SIDE_NAMES, new_figure, tidy

if TYPE_CHECKING:
    from gaitdynamics.evaluation.knee_adduction import StanceCurve
    from gaitdynamics.tasks.modification import Modification
    from gaitdynamics.tasks.speeds import SpeedChange
    from gaitdynamics.trial import Trial


#: Coordinates that show how the rest of the body follows.
_FOLLOWING: Final = ("pelvis_list", "pelvis_tz", "hip_adduction_r", "hip_adduction_l")

#: Measures of a stride in the order of the paper's Fig. 4, with their names there.
SPEED_PANELS: Final = (
    ("stride_length", "stride length [m]"),
    ("knee_flexion", "peak knee flexion [deg]"),
    ("vertical", "peak vertical force [BW]"),
    ("propulsion", "peak forward force [BW]"),
    ("braking", "peak backward force [BW]"),
    ("stride_frequency", "stride frequency [Hz]"),
)


def plot_modification(result: Modification) -> Figure:
    """Draw what was changed, what followed, and the vertical force and knee adduction moment of both feet."""
    changed = list(dict.fromkeys(canonical(change.coordinate) for change in result.changes))
    shown = [*changed[:2], *(n for n in _FOLLOWING if n not in changed)][:4]
    figure = new_figure(12.0, 7.4)
    grid = figure.subplots(2, 4)
    for axes, name in zip(grid[0], shown, strict=False):
        _draw_coordinate(axes, result.before.trial, result.after.trial, name)
    for axes, foot in zip(grid[1, :2], range(len(SIDES)), strict=True):
        _draw_vertical(axes, result, foot)
    for axes, side in zip(grid[1, 2:], SIDES, strict=True):
        tidy(axes)
        draw_stances(axes, result.before.refiner.knee_adduction(side), MEASURED)
        draw_stances(axes, result.after.refiner.knee_adduction(side), SIDE_COLORS[side])
        axes.set_title(f"{SIDE_NAMES[side]} knee adduction\nmoment [%BW·BH]", fontsize=9)
        axes.set_xlabel("% of stance", fontsize=8)
    grid[0, 0].legend(
        handles=[Line2D([], [], color=MEASURED, label="measured"), Line2D([], [], color=GENERATED, label="generated")],
        fontsize=7,
        loc="upper right",
        framealpha=0.9,
    )
    before, after, other = result.before.refiner, result.after.refiner, result.after.diffusion
    assert other is not None
    figure.suptitle(
        f"{result.before.trial.name}: changed {', '.join(changed)}\n"
        f"Newton's residual [%BW]: measured motion {before.newton.total:.1f}, generated {after.newton.total:.1f}, "
        f"with the diffusion's own forces {other.newton.total:.1f}",
        fontsize=11,
    )
    return figure


def draw_stances(axes: Axes, curves: Sequence[StanceCurve], color: str) -> None:
    """Draw each stance thin and their mean thick, over 0-100 % of stance."""
    phase = np.linspace(0.0, 100.0, 101)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    for curve in curves:
        axes.plot(phase, curve.curve, color=color, linewidth=0.6, alpha=0.5)
    if curves:
        axes.plot(phase, np.mean([c.curve for c in curves], axis=0), color=color, linewidth=2.0)
    axes.set_xlim(0.0, 100.0)


def _draw_coordinate(axes: Axes, before: Trial, after: Trial, name: str) -> None:
    tidy(axes)
    for trial, color in ((before, MEASURED), (after, GENERATED)):
        place = [canonical(n) for n in trial.coordinates].index(name)
        values = trial.values[:, place]
        axes.plot(trial.time, values if name in PELVIS_TRANSLATIONS else np.degrees(values), color=color, linewidth=1.4)
    axes.set_title(f"{name} [{'m' if name in PELVIS_TRANSLATIONS else 'deg'}]", fontsize=9)
    axes.set_xlabel("time [s]", fontsize=8)


def _draw_vertical(axes: Axes, result: Modification, foot: int) -> None:
    tidy(axes)
    side = SIDES[foot]
    for motion, color in ((result.before, MEASURED), (result.after, SIDE_COLORS[side])):
        force = motion.refiner.forces.force[:, foot, 1] / motion.trial.body_weight
        axes.plot(motion.trial.time, force, color=color, linewidth=1.4)
    axes.set_title(f"{SIDE_NAMES[side]} vertical force [BW]", fontsize=9)
    axes.set_xlabel("time [s]", fontsize=8)


def plot_speeds(result: SpeedChange) -> Figure:
    """Draw the measures of a stride over speed: the measured motion as a ring, those generated joined by a line."""
    figure = new_figure(11.0, 6.2)
    grid = figure.subplots(2, 3)
    variants = sorted(result.variants, key=lambda v: v.speed)
    for axes, (name, title) in zip(grid.flat, SPEED_PANELS, strict=True):
        tidy(axes)
        values = [getattr(v.measures, name) for v in variants]
        axes.plot([v.speed for v in variants], values, color=GENERATED, marker="o", markersize=4)
        axes.plot(
            [result.seed_speed], [getattr(result.measures, name)], "o", color=MEASURED, markersize=9, fillstyle="none"
        )
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("speed [m/s]", fontsize=8)
    grid.flat[0].legend(
        handles=[
            Line2D([], [], color=MEASURED, marker="o", linestyle="", fillstyle="none", label="measured motion"),
            Line2D([], [], color=GENERATED, marker="o", label="generated"),
        ],
        fontsize=8,
    )
    figure.suptitle(f"{result.before.trial.name}: at other speeds (right foot, forces of the packaged network)")
    return figure
