"""The path of the centre of pressure under each foot, as seen from above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from gaitdynamics.columns import SIDES
from gaitdynamics.plotting.style import BAND_ALPHA, GREY, SIDE_COLORS, SIDE_NAMES, draw_thin, tidy
from gaitdynamics.stances import COP_MINIMUM_BW, Interval
from gaitdynamics.trial import Array, FootForces, Trial
from gaitdynamics.uncertainty import interval_factor, turned_deviations


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

    Where the estimate has standard deviations, the mean path of whole stances is drawn thick; what is shaded around it
    reaches to the ends of the interval of a single stance, forward and sideways.

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
    paths = [(s.side, path_under_foot(forces, s, trial, feet)) for s in stances]
    measured = trial.forces
    truth = [(s.side, path_under_foot(measured, s, trial, feet)) for s in stances if measured is not None]
    regions = {side: region for side in SIDES if (region := _region(forces, stances, side, trial, feet)) is not None}
    low, high = _limits(np.concatenate([path for _, path in (*paths, *truth)] or [np.empty((0, 2))]))
    for path, half in regions.values():
        low = np.minimum(low, (path - half).min(axis=0) - 0.5)
        high = np.maximum(high, (path + half).max(axis=0) + 0.5)
    for column, side in enumerate(("l", "r")):
        axes = figure.add_subplot(spots[0, column])
        tidy(axes)
        axes.axvline(0.0, color=GREY, linewidth=0.6)
        axes.axhline(0.0, color=GREY, linewidth=0.6)
        for drawn, dashes in ((paths, "solid"), (truth, (0, (4, 2)))):
            mine = [path for of_side, path in drawn if of_side == side]
            draw_thin(axes, mine, side, linewidth=0.8, alpha=0.6, linestyle=dashes)
        if side in regions:
            _draw_region(axes, *regions[side], side)
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
        axes.set_aspect("equal", adjustable="box", anchor="N")
        axes.set_title(f"{SIDE_NAMES[side]} CoP", fontsize=10)
        axes.set_xlabel("right + [cm]", fontsize=8)
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


def _region(
    forces: FootForces, stances: Sequence[Interval], side: str, trial: Trial, feet: FootFrames | None
) -> tuple[Array, Array] | None:
    """Mean path of the whole stances of one foot and mean half-width of its intervals, both (101, 2) [cm]."""
    if forces.cop_sd is None:
        return None
    curves = []
    for stance in stances:
        frames = loaded_frames(forces, stance, trial)
        if stance.side != side or not stance.complete or len(frames) == 0:
            continue
        half = interval_under_foot(forces, stance, trial, feet)
        assert half is not None
        both = np.hstack([path_under_foot(forces, stance, trial, feet), half])
        phase = np.linspace(0.0, 1.0, len(frames))
        curves.append(np.stack([np.interp(np.linspace(0.0, 1.0, 101), phase, c) for c in both.T], axis=1))
    if not curves:
        return None
    path, half = np.split(np.mean(curves, axis=0), 2, axis=1)
    return path, half


def _draw_region(axes: Axes, path: Array, half: Array, side: str) -> None:
    """Draw the path (N, 2), and as one area an ellipse around each of its points with semi-axes `half` (N, 2)."""
    turn = np.linspace(0.0, 2.0 * np.pi, 61)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    # All turn the same way round, so that where they overlap the area is filled once.
    area = Path.make_compound_path(*(Path(p + h * ring, closed=True) for p, h in zip(path, half, strict=True)))
    axes.add_patch(PathPatch(area, facecolor=SIDE_COLORS[side], alpha=BAND_ALPHA, linewidth=0))
    axes.plot(*path.T, color=SIDE_COLORS[side], linewidth=2.0)


def loaded_frames(forces: FootForces, stance: Interval, trial: Trial) -> NDArray[np.intp]:
    """Frames of a stance in which the foot bears enough for a centre of pressure."""
    frames = np.arange(stance.start, stance.stop)
    # NaN, where a measurement cannot be trusted, is below any threshold.
    force = trusted(forces, SIDES.index(stance.side))[frames, 1]
    return np.asarray(frames[force >= COP_MINIMUM_BW * trial.body_weight])


def _ahead(feet: FootFrames | None, frames: NDArray[np.intp], foot: int) -> Array:
    """Horizontal unit vectors along the foot, (N, 3); along X without feet."""
    if feet is None:
        return np.tile([1.0, 0.0, 0.0], (len(frames), 1))
    ahead = feet.forward[frames, foot] * np.array([1.0, 0.0, 1.0])
    return np.asarray(ahead / np.linalg.norm(ahead, axis=1, keepdims=True))


def interval_under_foot(forces: FootForces, stance: Interval, trial: Trial, feet: FootFrames | None) -> Array | None:
    """Half-widths of the intervals of `path_under_foot` across and along the foot, (N, 2) [cm]; None without any."""
    if forces.cop_sd is None:
        return None
    foot = SIDES.index(stance.side)
    frames = loaded_frames(forces, stance, trial)
    ahead = _ahead(feet, frames, foot)
    deviation = turned_deviations(forces.cop_sd[frames, foot], np.arctan2(ahead[:, 2], ahead[:, 0]))
    return np.asarray(100.0 * interval_factor() * deviation[:, [2, 0]])


def path_under_foot(forces: FootForces, stance: Interval, trial: Trial, feet: FootFrames | None) -> Array:
    """Centre of pressure right of, and forward of, the foot's reference point while loaded, (N, 2) [cm]."""
    foot = SIDES.index(stance.side)
    frames = loaded_frames(forces, stance, trial)
    cop = forces.cop[frames, foot]
    if len(cop) == 0:
        return np.empty((0, 2))
    ahead = _ahead(feet, frames, foot)
    if feet is None:
        belt = trial.surface.belt_speed * (forces.time[frames] - forces.time[frames[0]])
        shift = cop - cop[0] + belt[:, None] * ahead
    else:
        shift = cop - feet.origin[frames, foot]
    to_the_right = np.cross(ahead, [0.0, 1.0, 0.0])
    return 100.0 * np.stack([np.sum(shift * to_the_right, axis=1), np.sum(shift * ahead, axis=1)], axis=1)
