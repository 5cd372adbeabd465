from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gaitdynamics.stances import along_travel, find_stances, measure_gait, travel_direction
from gaitdynamics.trial import FootForces
from synthetic_walk import RATE, STANCE, STRIDE, WEIGHT, walk


@pytest.mark.parametrize("direction", [0.0, 0.7, np.pi, -np.pi / 2])
def test_measures_of_half_sine_stances_match_closed_form(direction: float) -> None:
    forces, contact, velocity = walk(direction)
    gait = measure_gait(forces, contact, WEIGHT, velocity)
    assert gait.mean_speed_m_s == pytest.approx(1.2)
    assert gait.cadence_steps_per_min == pytest.approx(120.0, rel=2e-3)
    whole = [s for s in gait.stances if s.complete]
    assert {s.side for s in whole} == {"r", "l"}
    for stance in whole:
        assert stance.duration_s == pytest.approx(STANCE, abs=2.1 / RATE)
        assert stance.end_s == pytest.approx(stance.start_s + stance.duration_s)
        assert stance.peak_vertical_bw == pytest.approx(1.1, rel=1e-4)
        assert stance.peak_braking_bw == pytest.approx(0.2, rel=1e-4)
        assert stance.peak_propulsion_bw == pytest.approx(0.2, rel=1e-4)
        assert stance.peak_medial_bw == pytest.approx(0.05, rel=1e-4)
        assert stance.peak_lateral_bw == pytest.approx(0.0, abs=1e-9)
        # A half sine of height A and length D has the area 2 A D / pi.
        assert stance.vertical_impulse_bw_s == pytest.approx(2 * 1.1 * STANCE / np.pi, rel=1e-3)
        assert stance.medial_impulse_bw_s == pytest.approx(2 * 0.05 * STANCE / np.pi, rel=1e-3)
        assert stance.braking_impulse_bw_s == pytest.approx(2 * 0.2 * STANCE / 2 / np.pi, rel=1e-3)
        assert stance.propulsion_impulse_bw_s == pytest.approx(2 * 0.2 * STANCE / 2 / np.pi, rel=1e-3)
        # Loaded by 5 % BW from asin(0.05 / 1.1) / pi = 1.45 % of stance to as much before its end.
        loaded = 1 - 2 * np.arcsin(0.05 / 1.1) / np.pi
        assert stance.cop_progression_m == pytest.approx(0.2 * loaded, abs=2e-3)


def test_shares_of_the_stride() -> None:
    forces, contact, velocity = walk()
    gait = measure_gait(forces, contact, WEIGHT, velocity)
    assert gait.stance_fraction == pytest.approx((STANCE / STRIDE, STANCE / STRIDE), abs=3e-3)
    assert gait.flight_fraction == pytest.approx(0.2 / 5.2, abs=2e-3)  # only before the first step
    assert gait.symmetry_index_percent["peak_vertical_bw"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("direction", [0.0, np.pi])
def test_belt_motion_is_taken_out_of_the_progression(direction: float) -> None:
    still, contact, velocity = walk(direction)
    moving, _, _ = walk(direction, belt=1.2)
    on_floor = measure_gait(still, contact, WEIGHT, velocity)
    on_belt = measure_gait(moving, contact, WEIGHT, velocity, belt_speed=1.2)
    for a, b in zip(on_floor.stances, on_belt.stances, strict=True):
        assert b.cop_progression_m == pytest.approx(a.cop_progression_m, abs=2e-3)


def test_symmetry_index_is_positive_when_the_right_side_bears_more() -> None:
    forces, contact, velocity = walk()
    scaled = forces.force * np.array([1.1, 0.9])[None, :, None]
    gait = measure_gait(FootForces(forces.time, scaled, forces.cop), contact, WEIGHT, velocity)
    assert gait.symmetry_index_percent["peak_vertical_bw"] == pytest.approx(20.0)
    assert gait.symmetry_index_percent["duration_s"] == pytest.approx(0.0, abs=1.0)


def test_standing_gives_no_cadence_and_one_incomplete_stance_per_foot() -> None:
    time = np.arange(100) / 100
    force = np.zeros((100, 2, 3))
    force[..., 1] = WEIGHT / 2
    contact = np.ones((100, 2), dtype=bool)
    gait = measure_gait(FootForces(time, force, np.zeros_like(force)), contact, WEIGHT, np.zeros((100, 3)))
    assert gait.cadence_steps_per_min is None
    assert gait.stance_fraction == (None, None)
    assert [s.complete for s in gait.stances] == [False, False]
    assert gait.double_support_fraction == 1.0


@given(arrays(bool, st.tuples(st.integers(1, 60), st.just(2))))
def test_stances_cover_the_contact_mask_exactly(contact: np.ndarray) -> None:
    rebuilt = np.zeros_like(contact)
    for stance in find_stances(contact):
        column = "rl".index(stance.side)
        assert contact[stance.start : stance.stop, column].all()
        assert not rebuilt[stance.start : stance.stop, column].any()
        # Runs are maximal, and complete where neither end is an end of the trial.
        assert stance.start == 0 or not contact[stance.start - 1, column]
        assert stance.stop == len(contact) or not contact[stance.stop, column]
        assert stance.complete == (stance.start > 0 and stance.stop < len(contact))
        rebuilt[stance.start : stance.stop, column] = True
    assert (rebuilt == contact).all()


@given(st.floats(-np.pi, np.pi), st.sampled_from("rl"))
def test_turning_into_the_direction_of_travel_keeps_lengths(angle: float, side: str) -> None:
    forward = np.array([np.cos(angle), 0.0, -np.sin(angle)])
    force = np.array([[3.0, -1.0, 2.0], [0.0, 5.0, 0.0]])
    turned = along_travel(force, forward, side)
    assert np.linalg.norm(turned, axis=1) == pytest.approx(np.linalg.norm(force, axis=1))
    assert turned[:, 1] == pytest.approx(force[:, 1])
    assert along_travel(forward[None], forward, side)[0] == pytest.approx([1.0, 0.0, 0.0])


def test_medial_is_towards_the_other_foot() -> None:
    to_the_right = np.array([[0.0, 0.0, 1.0]])
    ahead = np.array([1.0, 0.0, 0.0])
    assert along_travel(to_the_right, ahead, "r")[0, 2] == pytest.approx(-1.0)
    assert along_travel(to_the_right, ahead, "l")[0, 2] == pytest.approx(1.0)


def test_without_travel_forward_is_x() -> None:
    assert travel_direction(np.full((10, 3), 0.05)) == pytest.approx([1.0, 0.0, 0.0])
