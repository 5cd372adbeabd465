"""What contact demands of any output, whatever the network says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitdynamics.features.body_state import CUTOFFS, HEEL, TOE, body_state
from gaitdynamics.features.foot_frame import OUTLINE, foot_frame
from gaitdynamics.features.refiner_schema import implied_cop
from gaitdynamics.inference.checkpoint import load_refiner
from gaitdynamics.inference.refinement import CONTACT_FROM, Refined, apply_contact, calibrate_feet, refine
from transformations import mirrored, moved


@pytest.fixture(scope="module")
def state(example_trial):
    return body_state(example_trial)


def refined(state, probability, seed=0):
    rng = np.random.default_rng(seed)
    frames = len(state.time)
    force = 300.0 * rng.normal(size=(frames, 2, 3)) + np.array([0.0, 500.0, 0.0])
    cop = np.stack([np.full((frames, 2), 0.5), np.zeros((frames, 2))], -1)
    return Refined(
        force,
        np.broadcast_to(probability, (frames, 2)).astype(float),
        cop,
        np.full((frames, 2, 3), 20.0),
        np.full((frames, 2, 2), 0.1),
    )


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(40.0, 260.0))
def test_whatever_comes_in_contact_rules_hold(state, seed, rate):
    rng = np.random.default_rng(seed)
    frames = len(state.time)
    steps = np.sin(np.linspace(0, 40, frames))[:, None] * [1, -1]
    probability = np.clip(steps + 0.5 * rng.normal(size=(frames, 2)), 0, 1)
    time = np.arange(state.time[0], state.time[-1], 1.0 / rate)
    forces, contact = apply_contact(refined(state, probability, seed), state, time, 0.05)
    assert np.isfinite(forces.force).all()
    assert np.isfinite(forces.cop).all()
    assert (forces.force[~contact] == 0.0).all()
    assert (forces.cop_sd[~contact] == 0.0).all()
    assert (forces.cop[~contact] == 0.0).all()
    assert (forces.force[..., 1] >= 0.0).all()
    assert (forces.force[contact][:, 1] > 0.0).all()
    assert (forces.cop[contact][:, 1] == 0.05).all()


def test_force_rises_from_zero_at_contact(state):
    """A probability that rises over 0.1 s: force never jumps by more than its share of the ramp."""
    frames = len(state.time)
    ramp = np.clip((np.arange(frames) - 200) / 10.0, 0.0, 1.0) - np.clip((np.arange(frames) - 300) / 10.0, 0.0, 1.0)
    steady = replace(
        refined(state, np.tile(ramp[:, None], (1, 2))), force=np.tile(np.array([0.0, 700.0, 0.0]), (frames, 2, 1))
    )
    forces, contact = apply_contact(steady, state, state.time, 0.0)
    vertical = forces.force[:, 0, 1]
    # From half to half the ramp takes 100 frames, and it has ten for all of the probability.
    assert contact[:, 0].sum() == pytest.approx(100 + 2 * 10 * (0.5 - CONTACT_FROM), abs=3)
    assert np.abs(np.diff(vertical)).max() <= 700.0 * 0.5 + 1e-6
    finer = np.arange(state.time[0], state.time[-1], 1e-3)
    vertical = apply_contact(steady, state, finer, 0.0)[0].force[:, 0, 1]
    assert np.abs(np.diff(vertical)).max() <= 700.0 * 0.05 + 1e-6


def test_blips_and_short_gaps_are_not_believed(state):
    probability = np.zeros((len(state.time), 2))
    probability[100:103] = 1.0  # 30 ms of contact
    probability[200:300] = 1.0
    probability[250:252] = 0.0  # 20 ms gap
    _, contact = apply_contact(refined(state, probability), state, state.time, 0.0)
    assert not contact[90:110].any()
    assert contact[205:295].mean() > 0.9


def test_centre_of_pressure_lies_in_the_outline(state):
    forces, contact = apply_contact(refined(state, 1.0), state, state.time, 0.0)
    frame = foot_frame(state.landmark[:, :, HEEL], state.landmark[:, :, TOE], 0.0)
    along, across = frame.from_ground(forces.cop)
    for value, (low, high) in ((along, OUTLINE[0]), (across, OUTLINE[1])):
        assert (value[contact] >= low - 1e-9).all()
        assert (value[contact] <= high + 1e-9).all()


def on_one_leg(state, side):
    """An estimate in which one foot bears all weight, at the implied centre of pressure of that foot."""
    frame = foot_frame(state.landmark[:, :, HEEL], state.landmark[:, :, TOE], 0.0)
    point = implied_cop(state, 0.0)[:, CUTOFFS.index(10.0)]
    along, across = frame.from_ground(np.repeat(point[:, None], 2, axis=1))
    inside = (along > 0.0) & (along < 1.2) & (across > -0.2) & (across < 0.2) & (np.arange(2) == side)
    base = refined(state, inside.astype(float))
    force = np.tile(np.array([0.0, state.body_weight, 0.0]), (len(point), 2, 1))
    return replace(base, force=force, cop=np.stack([along, across], -1)), inside


def test_feet_that_agree_with_the_balance_of_moments_stay(state):
    right, inside = on_one_leg(state, 0)
    np.testing.assert_allclose(calibrate_feet(right, state, 0.0).cop[inside], right.cop[inside], atol=1e-9)


def test_a_foot_that_is_4_cm_off_is_moved_by_half_of_3(state):
    """One centimetre is what the balance of moments itself may be wrong by; half of the rest is believed."""
    estimate, inside = on_one_leg(state, 1)
    off = replace(estimate, cop=estimate.cop + np.array([0.0, 0.04 / state.foot_length]))
    moved = calibrate_feet(off, state, 0.0).cop[inside] - off.cop[inside]
    np.testing.assert_allclose(np.median(moved, axis=0) * state.foot_length, [0.0, -0.015], atol=1e-6)


def test_feet_are_never_moved_far(state):
    """Five centimetres along the foot would be two after the belief; the trunk may lean otherwise than the model's."""
    estimate, inside = on_one_leg(state, 1)
    off = replace(estimate, cop=estimate.cop + np.array([0.05 / state.foot_length, 0.0]))
    moved = calibrate_feet(off, state, 0.0).cop[inside] - off.cop[inside]
    np.testing.assert_allclose(np.median(moved, axis=0) * state.foot_length, [-0.01, 0.0], atol=1e-6)


def test_without_a_measured_trunk_feet_are_left_alone(state):
    estimate, _ = on_one_leg(state, 1)
    off = replace(estimate, cop=estimate.cop + 0.1)
    assert calibrate_feet(off, replace(state, trunk_missing=True), 0.0) is off


def test_standard_deviations_turn_with_the_walking_direction(example_trial, state):
    network, _ = load_refiner()
    one = refine(network, state)
    other = refine(network, body_state(moved(example_trial, yaw=np.pi / 2, shift=(0.0, 0.0, 0.0))))
    assert (one.force_sd > 0.0).all()
    np.testing.assert_allclose(other.force_sd[..., [2, 1, 0]], one.force_sd, rtol=2e-2)


def test_a_mirrored_motion_has_mirrored_forces(example_trial, state):
    network, _ = load_refiner()
    one, other = refine(network, state), refine(network, body_state(mirrored(example_trial)))
    np.testing.assert_allclose(other.force[:, ::-1] * [1.0, 1.0, -1.0], one.force, atol=2.0)


def test_the_spread_of_a_centre_of_pressure_follows_the_foot(state):
    estimate = replace(refined(state, 1.0), cop_sd=np.tile([0.1, 0.0], (len(state.time), 2, 1)))
    forces, contact = apply_contact(estimate, state, state.time, 0.0)
    frame = foot_frame(state.landmark[:, :, HEEL], state.landmark[:, :, TOE], 0.0)
    np.testing.assert_allclose(forces.cop_sd[contact], 0.1 * np.abs(frame.along[contact]), atol=1e-12)
