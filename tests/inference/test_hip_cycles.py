"""Gait cycles: contacts where they were made, cut and put back without loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.features.hip import ANGLES
from gaitdynamics.files.leg_angles import LegAngles, read_leg_angles
from gaitdynamics.inference.hip_cycles import (
    Cycle,
    cut_cycles,
    cycles_between,
    put_back,
    starts_by_force,
    starts_by_motion,
)
from gaitdynamics.tasks.forces import estimate_forces

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking" / "walking.mot"


def swinging(rate: float, period: float, seconds: float) -> LegAngles:
    """Legs that swing stiffly as cosines, farthest in front at whole periods (right) and half ones (left)."""
    time = np.arange(round(seconds * rate)) / rate
    values = np.zeros((len(time), 10))
    for side, shift in (("r", 0.0), ("l", np.pi)):
        values[:, ANGLES.index(f"hip_flexion_{side}")] = 25 * np.cos(2 * np.pi * time / period + shift)
    return LegAngles("w", time, ANGLES, values, np.zeros(len(time)), "")


@pytest.mark.parametrize("rate", [30.0, 100.0, 250.0])
@pytest.mark.parametrize("side", ["r", "l"])
def test_cycles_begin_where_the_foot_is_in_front(rate, side):
    starts = starts_by_motion(swinging(rate, 1.1, 6.0), side) / rate
    front = np.arange(1, 6) * 1.1 if side == "r" else np.arange(5) * 1.1 + 0.55
    np.testing.assert_allclose(starts, front, atol=0.002)


def test_forces_and_angles_tell_the_same(example_trial):
    """The lead was measured on other walks; two hundredths of a second are its spread."""
    vertical = estimate_forces(example_trial).forces.force[..., 1]
    angles = read_leg_angles(EXAMPLE, ANGLES)
    for foot, side in enumerate("rl"):
        by_force = starts_by_force(vertical[:, foot], angles.rate, example_trial.body_weight)
        by_motion = starts_by_motion(angles, side)
        nearest = np.abs(by_motion[:, None] - by_force).min(axis=1) / angles.rate
        assert len(by_motion) >= len(by_force) - 1
        assert np.median(nearest) < 0.04


def test_standing_has_no_cycles():
    still = swinging(100.0, 1.0, 3.0)
    assert len(starts_by_motion(LegAngles("s", still.time, ANGLES, 0 * still.values, still.pelvis_tilt, ""), "r")) == 0
    assert len(starts_by_force(np.zeros(100), 100.0, None)) == 0


def test_intervals_that_are_no_cycle_are_counted():
    cycles, left_out = cycles_between(np.array([0.0, 110.0, 130.0, 240.0, 900.0]), 100.0)
    assert [(cycle.start, cycle.stop) for cycle in cycles] == [(0.0, 110.0), (130.0, 240.0)]
    assert left_out == 2


@pytest.mark.parametrize("rate", [30, 100, 200])
def test_cut_and_put_back_is_the_motion_again(rate):
    time = np.arange(4 * rate) / rate
    values = np.stack([30 * np.sin(2 * np.pi * time), 10 * np.cos(4 * np.pi * time)], axis=1)
    cycles = [Cycle(0.35 * rate, 1.41 * rate), Cycle(1.41 * rate, 2.5 * rate), Cycle(2.6 * rate, 3.7 * rate)]
    sequences = cut_cycles(values, cycles, 180)
    assert sequences.shape == (3, 180, 2)
    frames, back = put_back(sequences, cycles)
    assert np.all(np.diff(frames) > 0)
    assert frames[0] == np.ceil(0.35 * rate)
    np.testing.assert_allclose(back, values[frames], atol={30: 0.15, 100: 0.02, 200: 0.01}[rate])
