"""The path of the centre of pressure under each foot, as seen from above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from gaitdynamics.columns import SIDES
from gaitdynamics.plotting.style import GREY, SIDE_NAMES, draw_thin, tidy
from gaitdynamics.stances import COP_MINIMUM_BW, Interval
from gaitdynamics.trial import Array, FootForces, Trial


@dataclass(frozen=True)
class FootFrames:
    """Where the feet are: `origin` (T, 2, 3) of the calcanei [m] and `forward` (T, 2, 3), their long axes."""

    origin: Array
    forward: Array


def trusted(forces: FootForces, foot: int) -> Array:
    """Give the force of one foot (T, 3) with NaN, which is not drawn, where it cannot be trusted."""
    force = forces.force[:, foot]
    return force if forces.valid is None else np.where(forces.valid[:, foot, None], force, np.nan)


def draw_centres_of_pressure(
    figure: Figure,
    place: SubplotSpec,
    forces: FootForces,
    stances: Sequence[Interval],
    trial: Trial,
    feet: FootFrames | None,
) -> None:
    """Draw the path of every stance relative to its foot, measured ones dashed.

    Parameters
    ----------
    figure, place
        Where to draw.
    forces
        Estimated forces.
    stances
        Of both feet.
    trial
        With measured forces, where there are any.
    feet
        Foot positions; without them the path is drawn relative to where it began.
    """
    # As seen from above, toes up: the left foot stands on the left.
    spots = place.subgridspec(1, 2)
    paths = [(s.side, _under_foot(forces, s, trial, feet)) for s in stances]
    measured = trial.forces
    truth = [(s.side, _under_foot(measured, s, trial, feet)) for s in stances if measured is not None]
    seen = np.concatenate([path for _, path in (*paths, *truth)] or [np.empty((0, 2))])
    low, high = _limits(seen)
    for column, side in enumerate(("l", "r")):
        axes = figure.add_subplot(spots[0, column])
        tidy(axes)
        axes.axvline(0.0, color=GREY, linewidth=0.6)
        axes.axhline(0.0, color=GREY, linewidth=0.6)
        for drawn, dashes in ((paths, "solid"), (truth, (0, (4, 2)))):
            mine = [path for of_side, path in drawn if of_side == side]
            draw_thin(axes, mine, side, linewidth=0.8, alpha=0.6, linestyle=dashes)
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
        axes.set_aspect("equal", adjustable="box", anchor="N")
        axes.set_title(f"{SIDE_NAMES[side]} CoP", fontsize=10)
        axes.set_xlabel("to the right [cm]", fontsize=8)
        if column == 0:
            reference = "the calcn origin" if feet else "first contact"
            axes.set_ylabel(f"forward of {reference} [cm]", fontsize=8)
        else:
            axes.tick_params(labelleft=False)


def _limits(points: Array) -> tuple[Array, Array]:
    """Limits of the picture of a foot: a foot's size, wider where most points (N, 2) lie further out."""
    low, high = np.array([-7.0, -5.0]), np.array([7.0, 25.0])
    if len(points):
        low = np.minimum(low, np.percentile(points, 1.0, axis=0) - 1.0)
        high = np.maximum(high, np.percentile(points, 99.0, axis=0) + 1.0)
    return low, high


def _under_foot(forces: FootForces, stance: Interval, trial: Trial, feet: FootFrames | None) -> Array:
    """Centre of pressure right of, and forward of, the foot's reference point while loaded, (N, 2) [cm]."""
    foot = SIDES.index(stance.side)
    frames = np.arange(stance.start, stance.stop)
    # NaN, where a measurement cannot be trusted, is below any threshold.
    frames = frames[trusted(forces, foot)[frames, 1] >= COP_MINIMUM_BW * trial.body_weight]
    cop = forces.cop[frames, foot]
    if len(cop) == 0:
        return np.empty((0, 2))
    if feet is None:
        belt = trial.surface.belt_speed * (forces.time[frames] - forces.time[frames[0]])
        ahead = np.tile([1.0, 0.0, 0.0], (len(frames), 1))
        shift = cop - cop[0] + belt[:, None] * ahead
    else:
        shift = cop - feet.origin[frames, foot]
        ahead = feet.forward[frames, foot] * np.array([1.0, 0.0, 1.0])
        ahead = ahead / np.linalg.norm(ahead, axis=1, keepdims=True)
    to_the_right = np.cross(ahead, [0.0, 1.0, 0.0])
    return 100.0 * np.stack([np.sum(shift * to_the_right, axis=1), np.sum(shift * ahead, axis=1)], axis=1)
