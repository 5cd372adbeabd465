"""Gait measured from joint positions alone, so that any motion generator can be compared (paper, Downstream Task 3)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from gaitdynamics.files.joint_positions import LEG, PELVIS, JointMotions
from gaitdynamics.signals import low_pass
from gaitdynamics.trial import Array

#: Below this forward velocity [m/s] a foot stands (paper) ...
FOOT_STANDS: Final = 0.1
#: ... or below this share of the speed of the pelvis: at 20 frames per second the foot of a fast runner is seen at rest
#: in one frame or none.
FOOT_STANDS_SHARE: Final = 0.15

#: Low-pass on positions [Hz] before velocities of feet are taken, as in the published code, and before angles are.
FOOT_CUTOFF: Final = 3.0
KNEE_CUTOFF: Final = 6.0

#: Cycles of another length [s] are none.
CYCLE: Final = (0.4, 2.0)

#: A motion whose pelvis covers less than this [m/s] stands still.
_LEAST_SPEED: Final = 0.2

#: Joints farther from the pelvis than this [m] are in another unit, or anywhere.
_LARGEST: Final = 3.0


@dataclass(frozen=True)
class JointGait:
    """Gait of one generated motion.

    Attributes
    ----------
    name
        Of the file.
    number
        Of the motion in it, from 1.
    speed
        Mean horizontal speed of the pelvis [m/s]; NaN where positions are.
    cycles
        Of the right foot.
    stride_length
        Mean horizontal way of the foot per cycle [m]; NaN without cycles.
    knee_flexion
        Mean over cycles of the largest angle between thigh and shank, zero when straight [deg].
    failure
        Why the motion is no gait; empty where it is.
    """

    name: str
    number: int
    speed: float
    cycles: int
    stride_length: float
    knee_flexion: float
    failure: str


def measure_joint_motions(
    motions: JointMotions, *, side: str = "r", threshold: float = FOOT_STANDS, share: float = FOOT_STANDS_SHARE
) -> list[JointGait]:
    """Measure each motion of a file.

    Parameters
    ----------
    motions
        Joint positions.
    side
        Foot by which cycles are found; the paper takes the right one.
    threshold
        Forward velocity [m/s] below which the foot stands.
    share
        Share of the speed of the pelvis below which it stands too.

    Returns
    -------
    list of JointGait
        One per motion. One that stands still, has positions that are no numbers, or no gait cycle, counts as failed.

    Notes
    -----
    Cycles run from one landing to the next, where the forward velocity of the ball of the foot falls below the
    threshold. Differences from the paper: it looked at motions without cycles by eye before it called them failed; here
    the rule alone decides; `share` is zero there, which loses cycles of measured running at 4.5 m/s.
    """
    return [
        _measure(motions.name, number, positions, motions.rate, side, threshold, share)
        for number, positions in enumerate(motions.positions, start=1)
    ]


def _measure(
    name: str, number: int, positions: Array, rate: float, side: str, threshold: float, share: float
) -> JointGait:
    nothing = float("nan")
    if not np.isfinite(positions).all():
        return JointGait(name, number, nothing, 0, nothing, nothing, "positions that are no numbers")
    way = positions[-1, PELVIS, [0, 2]] - positions[0, PELVIS, [0, 2]]
    speed = float(np.linalg.norm(way)) / ((len(positions) - 1) / rate)
    if np.abs(positions - positions[:, [PELVIS]]).max() > _LARGEST:
        return JointGait(name, number, speed, 0, nothing, nothing, "joints too far from the pelvis, or not in metres")
    if speed < _LEAST_SPEED:
        return JointGait(name, number, speed, 0, nothing, nothing, "it stands still")
    hip, knee, ankle, _ = (low_pass(positions[:, joint], rate, KNEE_CUTOFF) for joint in LEG[side])
    ball = low_pass(positions[:, LEG[side][-1]], rate, FOOT_CUTOFF)
    forward = way / np.linalg.norm(way)
    landings = _landings(np.gradient(ball[:, [0, 2]] @ forward, 1.0 / rate), max(threshold, share * speed), rate)
    cycles = [(a, b) for a, b in pairwise(landings) if CYCLE[0] <= (b - a) / rate <= CYCLE[1]]
    if not cycles:
        return JointGait(name, number, speed, 0, nothing, nothing, "no gait cycle")
    lengths = [float(np.linalg.norm((ball[b] - ball[a])[[0, 2]])) for a, b in cycles]
    bend = _angle(hip - knee, ankle - knee)
    flexion = [float(180.0 - np.degrees(bend[a:b].min())) for a, b in cycles]
    return JointGait(name, number, speed, len(cycles), float(np.mean(lengths)), float(np.mean(flexion)), "")


def _landings(velocity: Array, threshold: float, rate: float) -> list[int]:
    """Find the frames at which a foot comes to stand; one that starts again at once has not left."""
    frames = np.flatnonzero((velocity[1:] < threshold) & (velocity[:-1] >= threshold)) + 1
    kept: list[int] = []
    for frame in frames:
        if not kept or (frame - kept[-1]) / rate >= CYCLE[0]:
            kept.append(int(frame))
    return kept


def _angle(a: Array, b: Array) -> Array:
    cosine = (a * b).sum(-1) / np.maximum(np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1), 1e-9)
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)))
