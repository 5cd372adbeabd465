"""Gait cycles for the hip networks: found in the motion, cut out at their length, and put back on the motion's clock.

A sequence of the networks is one cycle, and begins when the foot is farthest in front, shortly before contact. That is
stated nowhere for the published networks; it is the stretch for which their moments come nearest to inverse dynamics
(docs/hip.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.files.leg_angles import LegAngles

Array = NDArray[np.float64]

#: Durations [s] that a gait cycle can have.
SHORTEST_CYCLE: Final = 0.4
LONGEST_CYCLE: Final = 2.5

#: The vertical force of a foot on the ground is above this share of the largest, or of body weight where it is known.
CONTACT_SHARE: Final = 0.1

#: By how much the foot is farthest in front before its force rises [s]: 0.03 to 0.06 s, the medians of nine studies of
#: walking and running that weights may be trained on, 199 contacts; within one study it spreads by 0.01 s.
_LEAD: Final = 0.045

#: Share of the standard deviation by which the foot must go to the front and to the back for a step.
_SWING: Final = 0.5


@dataclass(frozen=True)
class Cycle:
    """One cycle of one foot, in frames that need not be whole; `stop` is where the next cycle begins."""

    start: float
    stop: float


def starts_by_motion(angles: LegAngles, side: str) -> Array:
    """Find when a foot is farthest in front of the hip, from the angles of that leg, with thigh and shank equally long.

    The foot then meets the ground (Zeni et al. 2008, doi:10.1016/j.gaitpost.2007.07.007), `_LEAD` later in fact.

    Returns
    -------
    ndarray
        (E,) frames, with fractions.
    """
    thigh = np.radians(angles.column(f"hip_flexion_{side}") + angles.pelvis_tilt)
    shank = thigh - np.radians(angles.column(f"knee_angle_{side}"))
    front = np.sin(thigh) + np.sin(shank)
    front = front - front.mean()
    level = _SWING * front.std()
    starts = []
    for start, stop in _excursions(front, level):
        peak = start + int(np.argmax(front[start:stop]))
        # At an end of the recording the foot may still be on its way.
        if 0 < peak < len(front) - 1:
            starts.append(peak + _vertex(front[peak - 1 : peak + 2]))
    return np.array(starts)


def starts_by_force(vertical: Array, rate: float, body_weight: float | None) -> Array:
    """Find the same from the vertical force (T,) [N] of a foot: `_LEAD` before it rises; (E,) frames."""
    reference = float(vertical.max()) if body_weight is None else body_weight
    on_ground = vertical > CONTACT_SHARE * reference
    if not on_ground.any() or reference <= 0.0:
        return np.zeros(0)
    starts = np.flatnonzero(~on_ground[:-1] & on_ground[1:]) + 1.0 - _LEAD * rate
    return np.asarray(starts[starts >= 0.0], dtype=np.float64)


def cycles_between(starts: Array, rate: float) -> tuple[list[Cycle], int]:
    """Pair starts to cycles; give those of a possible duration, and the number of the others."""
    pairs = [Cycle(float(a), float(b)) for a, b in pairwise(starts)]
    cycles = [c for c in pairs if SHORTEST_CYCLE <= (c.stop - c.start) / rate <= LONGEST_CYCLE]
    return cycles, len(pairs) - len(cycles)


def cut_cycles(values: Array, cycles: Sequence[Cycle], samples: int) -> Array:
    """Sample (T, C) at `samples` even times of each cycle, both ends included: (cycles, samples, C)."""
    places = np.concatenate([np.linspace(cycle.start, cycle.stop, samples) for cycle in cycles]).astype(np.float64)
    return _between_frames(values, places).reshape(len(cycles), samples, values.shape[1])


def put_back(predicted: Array, cycles: Sequence[Cycle]) -> tuple[NDArray[np.int64], Array]:
    """Put predictions (cycles, samples, K) back on the frames of the motion.

    Returns
    -------
    frames
        (F,) those inside any cycle, increasing.
    values
        (F, K).
    """
    frames, values = [], []
    for cycle, sequence in zip(cycles, predicted, strict=True):
        inside = np.arange(int(np.ceil(cycle.start)), int(np.ceil(cycle.stop)))
        place = (inside - cycle.start) / (cycle.stop - cycle.start) * (len(sequence) - 1)
        frames.append(inside)
        # Straight lines, so that what is never negative stays so.
        values.append(np.stack([np.interp(place, np.arange(len(sequence)), one) for one in sequence.T], axis=1))
    return np.concatenate(frames), np.concatenate(values)


def _excursions(signal: Array, level: float) -> list[tuple[int, int]]:
    """Find where a signal is in front: from above `level` until it has been below minus `level`."""
    found, start = [], None
    for i, value in enumerate(signal):
        if start is None and value > level:
            start = i
        elif start is not None and value < -level:
            found.append((start, i))
            start = None
    return found


def _vertex(three: Array) -> float:
    """Place of the highest point of the parabola through three values, relative to the middle one, in frames."""
    curvature = float(three[0] - 2.0 * three[1] + three[2])
    return 0.0 if curvature >= 0.0 else float(0.5 * (three[0] - three[2]) / curvature)


def _between_frames(values: Array, place: Array) -> Array:
    """Evaluate (T, C) at fractional frames, by cubic pieces with the slopes of central differences.

    Here rather than in `signals`, whose splines take longer to load than this task takes in all.
    """
    slope = np.gradient(values, axis=0)
    low = np.clip(np.floor(place).astype(np.int64), 0, len(values) - 2)
    s = (place - low)[:, None]
    a, b = values[low], values[low + 1]
    bend = slope[low] * s * (1.0 - s) ** 2 - slope[low + 1] * s**2 * (1.0 - s)
    return np.asarray(a + (b - a) * s**2 * (3.0 - 2.0 * s) + bend)
