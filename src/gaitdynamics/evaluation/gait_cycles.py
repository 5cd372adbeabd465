"""Gait cycles of one foot, found from its measured vertical force, as they are scored.

Differences from the paper (Tan et al. 2026, Methods, Evaluation) and from its published code
------------------------------------------------------------------------------------------
The thresholds are the paper's: heel strike where the vertical force rises above 10 % of body weight, cycles
of 0.2-2 s from heel strike to heel strike, stances of 0.1-1.5 s. Beyond that:

* Both feet are scored; the paper scores the left foot only (`CycleRules.paper()` does that).
* A cycle counts only if the measured force of that foot is valid in all its frames. A foot on a bare floor
  reads zero on the plate, which would look like swing.
* A foot without any whole cycle on an overground walkway (often one step per plate): each of its valid
  intervals with a complete stance counts as one cycle. The paper's text leaves such trials out (as
  `CycleRules.paper()` does).
* The limits are inclusive, as in the paper.

The published code differs from the paper's text, and `CycleRules.published_code()` follows it: limits are
strict; where no cycle is found all valid frames count, as one cycle with one stance on a walkway and without
any on a treadmill; and in walking, peaks outside 8-13 N/kg are skipped. What remains different then: its limits
are in frames of 0.01 s, and it divides by 9.81 N/kg where we divide by the weight in the model's gravity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import SIDES
from gaitdynamics.trial import Array, Mask

Frames = NDArray[np.int64]

#: Durations nearer to a limit than this [s] are at it (rounding of clocks).
DURATION_TOLERANCE = 1e-6


@dataclass(frozen=True)
class CycleRules:
    """What counts as a gait cycle.

    Attributes
    ----------
    threshold
        Vertical force that separates stance from swing, as a fraction of body weight.
    cycle_s, stance_s
        Shortest and longest duration accepted of a cycle and of its stance [s], inclusive.
    sides
        The feet that are scored.
    whole_interval
        Whether on an overground walkway a valid interval with a complete stance may stand for a cycle when
        the foot has no cycle.
    strict
        Whether the limits of durations themselves are refused.
    all_frames
        Whether all valid frames stand for a cycle when the foot has no cycle, with or without a stance.
    walking_peak
        Smallest and largest measured peak of the vertical force [N/kg] whose error counts in walking; None
        for no limits.
    """

    threshold: float = 0.1
    cycle_s: tuple[float, float] = (0.2, 2.0)
    stance_s: tuple[float, float] = (0.1, 1.5)
    sides: tuple[str, ...] = SIDES
    whole_interval: bool = True
    strict: bool = False
    all_frames: bool = False
    walking_peak: tuple[float, float] | None = None

    @classmethod
    def paper(cls) -> CycleRules:
        """Rules of the paper's text: left foot, whole cycles only."""
        return cls(sides=("l",), whole_interval=False)

    @classmethod
    def published_code(cls) -> CycleRules:
        """Rules of the paper's published code, where they differ from its text."""
        return cls(sides=("l",), whole_interval=False, strict=True, all_frames=True, walking_peak=(8.0, 13.0))


@dataclass(frozen=True)
class GaitCycle:
    """Frames that are scored together.

    Attributes
    ----------
    start, stop
        First frame, and the frame after the last one.
    stances
        Complete stances inside, as (first frame above the threshold, first frame not above it).
    whole_interval
        True when this is a valid interval standing for a cycle, not heel strike to heel strike.
    """

    start: int
    stop: int
    stances: tuple[tuple[int, int], ...]
    whole_interval: bool = False


def stance_intervals(vertical: Array, threshold: float) -> Frames:
    """Find the complete stances of one foot.

    Parameters
    ----------
    vertical
        (T,) vertical force [N].
    threshold
        [N]; a frame is in stance when its force is above it.

    Returns
    -------
    Frames
        (S, 2) first frame in stance and first frame after it. A stance under way at the first or last frame
        is not complete and not listed.
    """
    starts, ends = _rises_and_falls(vertical > threshold)
    ends = ends[ends > starts[0]] if len(starts) else ends[:0]
    return np.stack([starts[: len(ends)], ends], axis=1)


def gait_cycles(
    vertical: Array,
    valid: Mask,
    rate: float,
    body_weight: float,
    rules: CycleRules,
    *,
    overground: bool,
) -> tuple[GaitCycle, ...]:
    """Find the gait cycles of one foot that can be scored.

    Parameters
    ----------
    vertical
        (T,) measured vertical force [N].
    valid
        (T,) where that force is complete; no other frame is in any cycle.
    rate
        Sampling rate [Hz].
    body_weight
        [N].
    rules
        What counts as a cycle.
    overground
        Whether `rules.whole_interval` applies.

    Returns
    -------
    tuple of GaitCycle
        In order of time, not overlapping; empty when nothing can be scored.
    """
    threshold = rules.threshold * body_weight
    runs = [(a, b, stance_intervals(vertical[a:b], threshold) + a) for a, b in _runs(valid)]
    cycles = [cycle for run in runs for cycle in _cycles_of_run(vertical, threshold, run, rate, rules)]
    if cycles:
        return tuple(cycles)
    if rules.all_frames:
        return tuple(GaitCycle(a, b, ((a, b),) if overground else (), whole_interval=True) for a, b, _ in runs)
    if not (overground and rules.whole_interval):
        return ()
    whole = []
    for start, stop, stances in runs:
        lasting = [(int(a), int(b)) for a, b in stances if _within((b - a) / rate, rules.stance_s, rules)]
        if lasting:
            whole.append(GaitCycle(start, stop, tuple(lasting), whole_interval=True))
    return tuple(whole)


def scored_frames(cycles: tuple[GaitCycle, ...], frames: int) -> Mask:
    """Mark the frames inside any cycle, (T,)."""
    mask = np.zeros(frames, dtype=np.bool_)
    for cycle in cycles:
        mask[cycle.start : cycle.stop] = True
    return mask


def _cycles_of_run(
    vertical: Array, threshold: float, run: tuple[int, int, Frames], rate: float, rules: CycleRules
) -> list[GaitCycle]:
    start, stop, stances = run
    strikes = _rises_and_falls(vertical[start:stop] > threshold)[0] + start
    # Between two neighbouring heel strikes there is exactly one end of stance, so that the stance that
    # begins with the first of them is listed and its cycle ends with the second.
    cycles = []
    for (a, end), following in zip(stances, strikes[1:], strict=False):
        lasts, stands = (following - a) / rate, (end - a) / rate
        if _within(lasts, rules.cycle_s, rules) and _within(stands, rules.stance_s, rules):
            cycles.append(GaitCycle(int(a), int(following), ((int(a), int(end)),)))
    return cycles


def _rises_and_falls(above: Mask) -> tuple[Frames, Frames]:
    """Give the first frames above and the first frames no longer above."""
    change = np.diff(above.astype(np.int8))
    return np.flatnonzero(change == 1) + 1, np.flatnonzero(change == -1) + 1


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """Give start and stop (not included) of each run of True."""
    padded = np.concatenate(([False], mask, [False]))
    starts, stops = _rises_and_falls(padded)
    return [(int(a) - 1, int(b) - 1) for a, b in zip(starts, stops, strict=True)]


def _within(duration: float, limits: tuple[float, float], rules: CycleRules) -> bool:
    # A duration that misses a limit by no more than the rounding of clocks is that limit.
    slack = -DURATION_TOLERANCE if rules.strict else DURATION_TOLERANCE
    return limits[0] - slack <= duration <= limits[1] + slack
