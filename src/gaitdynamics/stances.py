"""Stance phases of both feet, and the numbers that describe each: peaks, impulses, progression.

Forces are given along the direction of travel: forward, up, and medial (towards the other foot).
Normalised forces are in body weights (BW), impulses in BW.s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gaitdynamics.columns import SIDES
from gaitdynamics.trial import Array, FootForces, Mask

#: Below this share of the body weight the centre of pressure says little about the foot.
COP_MINIMUM_BW = 0.05
#: Below this speed [m/s] a direction of travel cannot be told; forward is then the X axis.
SLOWEST_TRAVEL = 0.2


@dataclass(frozen=True)
class Interval:
    """Frames `start` to `stop` (not included) in which one foot is on the ground without a break.

    `complete` is False when the stance was under way at the first or the last frame of the trial.
    """

    side: str
    start: int
    stop: int
    complete: bool


@dataclass(frozen=True)
class StanceMeasures:
    """One stance in numbers.

    Attributes
    ----------
    side
        'r' or 'l'.
    start_s, end_s, duration_s
        First frame of contact, first frame without, and the time between [s].
    complete
        False when the trial began or ended during this stance: peaks and impulses are then partial.
    peak_vertical_bw, peak_braking_bw, peak_propulsion_bw, peak_medial_bw, peak_lateral_bw
        Largest force in each direction [BW], all counted positive.
    vertical_impulse_bw_s, braking_impulse_bw_s, propulsion_impulse_bw_s, medial_impulse_bw_s
        Time integrals [BW.s]; braking and propulsion counted positive, medial net (lateral negative).
    cop_progression_m
        Horizontal distance between the first and last centre of pressure under at least 5 % BW, relative
        to the surface [m]; None when there is no such frame.
    """

    side: str
    start_s: float
    end_s: float
    duration_s: float
    complete: bool
    peak_vertical_bw: float
    peak_braking_bw: float
    peak_propulsion_bw: float
    peak_medial_bw: float
    peak_lateral_bw: float
    vertical_impulse_bw_s: float
    braking_impulse_bw_s: float
    propulsion_impulse_bw_s: float
    medial_impulse_bw_s: float
    cop_progression_m: float | None


def find_stances(contact: Mask) -> list[Interval]:
    """Split a contact mask into stances, in order of their start.

    Parameters
    ----------
    contact
        (T, 2) True where the foot (right, left) is on the ground.
    """
    frames = len(contact)
    stances = []
    for side, column in zip(SIDES, contact.T, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate(([False], column, [False])).astype(np.int8)))
        for start, stop in edges.reshape(-1, 2):
            complete = bool(start > 0 and stop < frames)
            stances.append(Interval(side, int(start), int(stop), complete))
    return sorted(stances, key=lambda s: (s.start, s.side))


def travel_direction(velocity: Array) -> Array:
    """Give the horizontal unit vector (3,) of travel from velocities (T, 3) relative to the surface [m/s]."""
    mean = velocity.mean(axis=0) * np.array([1.0, 0.0, 1.0])
    speed = float(np.linalg.norm(mean))
    return np.asarray(mean / speed) if speed >= SLOWEST_TRAVEL else np.array([1.0, 0.0, 0.0])


def along_travel(force: Array, forward: Array, side: str) -> Array:
    """Turn forces (T, 3) from the ground frame into (forward, up, medial) for one foot.

    Parameters
    ----------
    force
        (T, 3) in the ground frame.
    forward
        (3,) horizontal unit vector of travel.
    side
        'r' or 'l'; medial is to the left for the right foot, to the right for the left foot.
    """
    up = np.array([0.0, 1.0, 0.0])
    to_the_right = np.cross(forward, up)
    medial = -to_the_right if side == "r" else to_the_right
    return np.asarray(force @ np.stack([forward, up, medial], axis=1))


def measure_stance(
    stance: Interval,
    forces: FootForces,
    body_weight: float,
    velocity: Array,
    belt_speed: float = 0.0,
) -> StanceMeasures:
    """Measure one stance.

    Parameters
    ----------
    stance
        Which foot, which frames.
    forces
        Forces over the whole trial.
    body_weight
        [N].
    velocity
        (T, 3) velocity of the centre of mass relative to the surface [m/s]: the direction of travel.
    belt_speed
        Speed at which the belt runs backward under the person [m/s].
    """
    frames = slice(stance.start, stance.stop)
    step = float(forces.time[-1] - forces.time[0]) / (len(forces.time) - 1)
    foot = SIDES.index(stance.side)
    direction = travel_direction(velocity[frames])
    forward, up, medial = along_travel(forces.force[frames, foot], direction, stance.side).T / body_weight
    start = float(forces.time[stance.start])
    duration = (stance.stop - stance.start) * step
    # Force is zero just outside a stance, so that this sum is the trapezoidal rule over all of it.
    return StanceMeasures(
        side=stance.side,
        start_s=start,
        end_s=start + duration,
        duration_s=duration,
        complete=stance.complete,
        peak_vertical_bw=float(up.max()),
        peak_braking_bw=float(max(0.0, -forward.min())),
        peak_propulsion_bw=float(max(0.0, forward.max())),
        peak_medial_bw=float(max(0.0, medial.max())),
        peak_lateral_bw=float(max(0.0, -medial.min())),
        vertical_impulse_bw_s=float(up.sum() * step),
        braking_impulse_bw_s=float(-np.minimum(forward, 0.0).sum() * step),
        propulsion_impulse_bw_s=float(np.maximum(forward, 0.0).sum() * step),
        medial_impulse_bw_s=float(medial.sum() * step),
        cop_progression_m=_cop_progression(forces, frames, foot, up, belt_speed, travel_direction(velocity)),
    )


def _cop_progression(
    forces: FootForces, frames: slice, foot: int, vertical: Array, belt_speed: float, forward: Array
) -> float | None:
    loaded = np.flatnonzero(vertical >= COP_MINIMUM_BW)
    if len(loaded) == 0:
        return None
    first, last = loaded[0], loaded[-1]
    cop, time = forces.cop[frames, foot], forces.time[frames]
    shift = cop[last] - cop[first] + belt_speed * (time[last] - time[first]) * forward
    return float(np.hypot(shift[0], shift[2]))


@dataclass(frozen=True)
class GaitMeasures:
    """A whole trial in numbers.

    Attributes
    ----------
    mean_speed_m_s
        Mean horizontal speed of the centre of mass relative to the surface [m/s].
    cadence_steps_per_min
        From the times between successive foot contacts; None with fewer than two.
    stance_fraction
        Mean share of the stride during which the foot is on the ground, right and left; None without a
        whole stride of that foot.
    double_support_fraction, flight_fraction
        Share of the trial with both feet, and with no foot, on the ground.
    symmetry_index_percent
        Of the named measures, mean of the right minus mean of the left over half their sum [%] (Robinson et
        al. 1987); None where a side has no whole stance.
    stances
        Each stance in order of its start.
    """

    mean_speed_m_s: float
    cadence_steps_per_min: float | None
    stance_fraction: tuple[float | None, float | None]
    double_support_fraction: float
    flight_fraction: float
    symmetry_index_percent: dict[str, float | None]
    stances: tuple[StanceMeasures, ...]


#: Measures of which the symmetry of right and left is told.
SYMMETRY_OF = ("peak_vertical_bw", "vertical_impulse_bw_s", "duration_s")


def measure_gait(
    forces: FootForces,
    contact: Mask,
    body_weight: float,
    velocity: Array,
    belt_speed: float = 0.0,
) -> GaitMeasures:
    """Measure all stances of a trial and what they say together.

    Parameters
    ----------
    forces
        Forces on both feet.
    contact
        (T, 2) True where the foot is on the ground.
    body_weight
        [N].
    velocity
        (T, 3) velocity of the centre of mass relative to the surface [m/s].
    belt_speed
        Speed at which the belt runs backward under the person [m/s].
    """
    intervals = find_stances(contact)
    stances = tuple(measure_stance(s, forces, body_weight, velocity, belt_speed) for s in intervals)
    # A stance that was under way at the first frame has no known beginning.
    starts = [m.start_s for s, m in zip(intervals, stances, strict=True) if s.start > 0]
    cadence = 60.0 * (len(starts) - 1) / (starts[-1] - starts[0]) if _spread(starts) else None
    return GaitMeasures(
        mean_speed_m_s=float(np.hypot(*velocity.mean(axis=0)[[0, 2]])),
        cadence_steps_per_min=cadence,
        stance_fraction=(_stance_fraction(stances, "r"), _stance_fraction(stances, "l")),
        double_support_fraction=float(contact.all(axis=1).mean()),
        flight_fraction=float((~contact.any(axis=1)).mean()),
        symmetry_index_percent={name: _symmetry(stances, name) for name in SYMMETRY_OF},
        stances=stances,
    )


def _spread(starts: Sequence[float]) -> bool:
    return len(starts) >= 2 and starts[-1] > starts[0]


def _stance_fraction(stances: Sequence[StanceMeasures], side: str) -> float | None:
    mine = [s for s in stances if s.side == side]
    shares = [
        this.duration_s / (following.start_s - this.start_s) for this, following in pairwise(mine) if this.complete
    ]
    return float(np.mean(shares)) if shares else None


def _symmetry(stances: Sequence[StanceMeasures], name: str) -> float | None:
    right, left = ([float(getattr(s, name)) for s in stances if s.side == side and s.complete] for side in SIDES)
    if not right or not left:
        return None
    r, l_ = float(np.mean(right)), float(np.mean(left))
    return 100.0 * (r - l_) / (0.5 * (r + l_)) if r + l_ > 0 else None
