"""The picture of one motion's ground reaction forces: over time, per stance, and under the feet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gaitdynamics.columns import SIDES
from gaitdynamics.plotting.centre_of_pressure import FootFrames, draw_centres_of_pressure, trusted
from gaitdynamics.plotting.style import BAND_ALPHA, GREY, SIDE_COLORS, SIDE_NAMES, draw_thin, new_figure, tidy
from gaitdynamics.stances import (
    GaitMeasures,
    Interval,
    along_travel,
    find_stances,
    travel_direction,
)
from gaitdynamics.trial import Array, FootForces, Mask, Trial
from gaitdynamics.uncertainty import LEVEL, interval_factor, turned_deviations

#: Longest stretch shown over time [s]: about ten strides, which the eye can still tell apart.
SHOWN_SECONDS = 10.0
#: Points of a stance from contact (0 %) to toe-off (100 %).
PHASE = np.linspace(0.0, 100.0, 101)
#: Component of the ground frame that points up.
VERTICAL = 1
#: Rows of the picture: component of the ground frame, and what it is called over time and per stance.
ROWS = (
    (VERTICAL, "Vertical (Y)", "vertical"),
    (0, "Fore-aft (X forward)", "propulsion +\nbraking \N{MINUS SIGN}"),
    (2, "Sideways (Z right)", "medial +\nlateral \N{MINUS SIGN}"),
)


def plot_forces(
    trial: Trial,
    forces: FootForces,
    contact: Mask,
    velocity: Array,
    gait: GaitMeasures,
    feet: FootFrames | None = None,
) -> Figure:
    """Draw estimated forces, with measured ones beside them where the trial has any.

    Where the estimate has standard deviations, the interval of `uncertainty.LEVEL` is shaded in stance: over time
    around the estimate, per stance the mean of the intervals of single stances.

    Parameters
    ----------
    trial
        The motion; its measured forces are drawn dashed.
    forces
        Estimated forces.
    contact
        (T, 2) True where the foot is on the ground.
    velocity
        (T, 3) velocity of the centre of mass relative to the surface [m/s].
    gait
        Numbers for the title.
    feet
        Foot positions; without them the centre of pressure is drawn relative to where each stance began.
    """
    figure = new_figure(13.0, 7.6)
    grid = figure.add_gridspec(3, 3, width_ratios=(3.0, 1.35, 1.75))
    stances = find_stances(contact)
    weight = trial.body_weight
    shown = forces.time <= forces.time[0] + SHOWN_SECONDS

    over_time: list[Axes] = []
    per_stance: list[Axes] = []
    for row, (component, label, short) in enumerate(ROWS):
        axes = figure.add_subplot(grid[row, 0], sharex=over_time[0] if over_time else None)
        _draw_over_time(axes, forces, trial.forces, shown, stances, component, weight)
        _draw_intervals_over_time(axes, forces, contact & shown[:, None], component, weight)
        axes.set_ylabel(f"{label}\n[% body weight]", fontsize=9)
        over_time.append(axes)
        axes = figure.add_subplot(grid[row, 1], sharex=per_stance[0] if per_stance else None)
        _draw_per_stance(axes, forces, trial.forces, stances, velocity, component, weight)
        axes.set_ylabel(f"{short} [%BW]", fontsize=8)
        per_stance.append(axes)
    over_time[-1].set_xlabel("time [s]", fontsize=9)
    per_stance[-1].set_xlabel("% of stance", fontsize=9)
    for axes in (*over_time[:-1], *per_stance[:-1]):
        axes.tick_params(labelbottom=False)
    over_time[0].set_xlim(forces.time[shown][0], forces.time[shown][-1])
    per_stance[0].set_xlim(0.0, 100.0)
    _newton_axis(over_time[0], weight)
    left_out = "" if shown.all() else f", first {SHOWN_SECONDS:g} s of {np.ptp(forces.time):.0f} s"
    over_time[0].set_title(f"Over time{left_out} (background: stance)", fontsize=10)
    whole = {side: sum(s.complete for s in stances if s.side == side) for side in SIDES}
    per_stance[0].set_title(f"Whole stances: {whole['r']} right, {whole['l']} left", fontsize=10)

    draw_centres_of_pressure(figure, grid[:2, 2], forces, stances, trial, feet)
    _draw_numbers(figure.add_subplot(grid[2, 2]), gait)
    over_time[0].legend(
        handles=_legend(trial.forces is not None, forces.force_sd is not None),
        fontsize=8,
        ncols=5,
        loc="upper right",
        framealpha=0.9,
        borderpad=0.3,
    )
    # Room above the highest peak, so that the legend hides nothing.
    low, high = over_time[0].get_ylim()
    over_time[0].set_ylim(low, high + 0.2 * (high - low))
    figure.suptitle(_title(trial, gait), fontsize=11)
    return figure


def _title(trial: Trial, gait: GaitMeasures) -> str:
    surface = "overground" if trial.surface.kind == "overground" else f"treadmill {trial.surface.belt_speed:.2f} m/s"
    cadence = gait.cadence_steps_per_min
    steps = "cadence unknown" if cadence is None else f"{cadence:.0f} steps/min"
    return (
        f"{trial.name}: ground reaction forces\n"
        f"{gait.mean_speed_m_s:.2f} m/s ({surface}), {steps}, {trial.subject.mass_kg:.1f} kg"
    )


def _legend(measured: bool, uncertain: bool) -> list[Artist]:
    lines: list[Artist] = [Line2D([], [], color=SIDE_COLORS[side], label=SIDE_NAMES[side]) for side in SIDES]
    if measured:
        lines.append(Line2D([], [], color=GREY, label="estimated"))
        lines.append(Line2D([], [], color=GREY, linestyle=(0, (4, 2)), label="measured"))
    if uncertain:
        lines.append(Patch(color=GREY, alpha=BAND_ALPHA, linewidth=0, label=f"{100 * LEVEL:g} % interval"))
    return lines


def _draw_over_time(
    axes: Axes,
    forces: FootForces,
    measured: FootForces | None,
    shown: Mask,
    stances: Sequence[Interval],
    component: int,
    weight: float,
) -> None:
    tidy(axes)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    last = int(np.flatnonzero(shown)[-1])
    for stance in stances:
        if stance.start <= last:
            stop = min(stance.stop, last)
            axes.axvspan(
                forces.time[stance.start],
                forces.time[stop],
                color=SIDE_COLORS[stance.side],
                alpha=0.09,
                linewidth=0,
            )
    for foot, side in enumerate(SIDES):
        percent = 100.0 * trusted(forces, foot)[shown, component] / weight
        axes.plot(forces.time[shown], percent, color=SIDE_COLORS[side], linewidth=1.5)
        if measured is not None:
            percent = 100.0 * trusted(measured, foot)[shown, component] / weight
            axes.plot(measured.time[shown], percent, color=SIDE_COLORS[side], linewidth=1.1, linestyle=(0, (4, 2)))


def _draw_intervals_over_time(axes: Axes, forces: FootForces, on_ground: Mask, component: int, weight: float) -> None:
    """Shade the intervals in the frames `on_ground` (T, 2); in swing they mean nothing."""
    if forces.force_sd is None:
        return
    for foot, side in enumerate(SIDES):
        low, high = _interval(forces.force[:, foot], forces.force_sd[:, foot], component, weight)
        color = SIDE_COLORS[side]
        axes.fill_between(forces.time, low, high, where=on_ground[:, foot], color=color, alpha=BAND_ALPHA, linewidth=0)


def _interval(force: Array, deviation: Array, component: int, weight: float) -> tuple[Array, Array]:
    """Lower and upper end of the interval of one component of force (N, 3) [% body weight]; the ground never pulls."""
    middle, half = force[:, component], interval_factor() * deviation[:, component]
    lowest = 0.0 if component == VERTICAL else -np.inf
    return 100.0 * np.maximum(middle - half, lowest) / weight, 100.0 * (middle + half) / weight


def _newton_axis(axes: Axes, weight: float) -> None:
    newtons = axes.secondary_yaxis(
        "right",
        functions=(
            lambda percent: np.asarray(percent) * (weight / 100.0),
            lambda newtons: np.asarray(newtons) * (100.0 / weight),
        ),
    )
    newtons.set_ylabel("[N]", fontsize=8)
    newtons.tick_params(labelsize=8, length=3, color=GREY)
    newtons.spines["right"].set_visible(False)


def _draw_per_stance(
    axes: Axes,
    forces: FootForces,
    measured: FootForces | None,
    stances: Sequence[Interval],
    velocity: Array,
    component: int,
    weight: float,
) -> None:
    tidy(axes)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    for side in SIDES:
        mine = [s for s in stances if s.side == side and s.complete]
        curves = [stance_curve(forces, s, velocity, component, weight) for s in mine]
        draw_thin(axes, [np.stack([PHASE, curve], axis=1) for curve in curves], side, linewidth=0.6, alpha=0.35)
        if curves:
            axes.plot(PHASE, np.mean(curves, axis=0), color=SIDE_COLORS[side], linewidth=2.0)
        if curves and forces.force_sd is not None:
            ends = np.mean([stance_interval(forces, s, velocity, component, weight) for s in mine], axis=0)
            axes.fill_between(PHASE, *ends, color=SIDE_COLORS[side], alpha=BAND_ALPHA, linewidth=0)
        if measured is not None:
            truth = [stance_curve(measured, s, velocity, component, weight) for s in mine]
            whole = [curve for curve in truth if np.isfinite(curve).all()]
            if whole:
                mean = np.mean(whole, axis=0)
                axes.plot(PHASE, mean, color=SIDE_COLORS[side], linewidth=1.3, linestyle=(0, (4, 2)))
    if not any(s.complete for s in stances):
        axes.text(0.5, 0.5, "no whole stance", transform=axes.transAxes, ha="center", color=GREY, fontsize=8)
        axes.set_yticks([])


def stance_curve(forces: FootForces, stance: Interval, velocity: Array, component: int, weight: float) -> Array:
    """Give one component along the direction of travel over the stance, (101,) [% body weight]."""
    frames = slice(stance.start, stance.stop)
    foot = SIDES.index(stance.side)
    force = along_travel(trusted(forces, foot)[frames], travel_direction(velocity[frames]), stance.side)
    phase = np.linspace(0.0, 100.0, len(force))
    return 100.0 * np.interp(PHASE, phase, force[:, component]) / weight


def stance_interval(forces: FootForces, stance: Interval, velocity: Array, component: int, weight: float) -> Array:
    """Give the ends of the interval along the direction of travel over the stance, (2, 101) [% body weight]."""
    assert forces.force_sd is not None
    frames = slice(stance.start, stance.stop)
    foot = SIDES.index(stance.side)
    forward = travel_direction(velocity[frames])
    force = along_travel(forces.force[frames, foot], forward, stance.side)
    deviation = turned_deviations(forces.force_sd[frames, foot], np.arctan2(forward[2], forward[0]))
    phase = np.linspace(0.0, 100.0, len(force))
    return np.stack([np.interp(PHASE, phase, end) for end in _interval(force, deviation, component, weight)])


#: Numbers of the table in the picture: measure, its name there, its format.
TABLE = (
    ("peak_vertical_bw", "peak vertical [BW]", "{:.2f}"),
    ("peak_braking_bw", "peak braking [BW]", "{:.2f}"),
    ("peak_propulsion_bw", "peak propulsion [BW]", "{:.2f}"),
    ("peak_medial_bw", "peak medial [BW]", "{:.2f}"),
    ("vertical_impulse_bw_s", "vertical impulse [BW.s]", "{:.3f}"),
    ("duration_s", "stance time [s]", "{:.2f}"),
)


def _draw_numbers(axes: Axes, gait: GaitMeasures) -> None:
    axes.set_axis_off()
    axes.text(0.0, 1.0, "Mean of whole stances", transform=axes.transAxes, fontsize=9, va="top")
    for column, side in enumerate(("l", "r")):
        place: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "top", "fontsize": 8}
        x = 0.8 + 0.2 * column
        axes.text(x, 0.86, SIDE_NAMES[side], color=SIDE_COLORS[side], **place)
        for row, (name, _, form) in enumerate(TABLE):
            values = [float(getattr(s, name)) for s in gait.stances if s.side == side and s.complete]
            text = form.format(np.mean(values)) if values else "\N{EN DASH}"
            axes.text(x, 0.74 - 0.12 * row, text, **place)
    for row, (_, label, _) in enumerate(TABLE):
        axes.text(0.0, 0.74 - 0.12 * row, label, transform=axes.transAxes, va="top", fontsize=8)
