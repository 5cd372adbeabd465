"""What contact demands of any output, whatever the network says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitdynamics.features.body_state import HEEL, TOE, body_state
from gaitdynamics.features.foot_frame import OUTLINE, foot_frame
from gaitdynamics.inference.refinement import Refined, apply_contact


@pytest.fixture(scope="module")
def state(example_trial):
    return body_state(example_trial)


def refined(state, probability, seed=0):
    rng = np.random.default_rng(seed)
    frames = len(state.time)
    force = 300.0 * rng.normal(size=(frames, 2, 3)) + np.array([0.0, 500.0, 0.0])
    cop = np.stack([np.full((frames, 2), 0.5), np.zeros((frames, 2))], -1)
    return Refined(force, np.broadcast_to(probability, (frames, 2)).astype(float), cop)


@settings(max_examples=20, deadline=None)
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
    assert (forces.cop[~contact] == 0.0).all()
    assert (forces.force[..., 1] >= 0.0).all()
    assert (forces.force[contact][:, 1] > 0.0).all()
    assert (forces.cop[contact][:, 1] == 0.05).all()


def test_force_rises_from_zero_at_contact(state):
    """A probability that rises over 0.1 s: force never jumps by more than its share of the ramp."""
    frames = len(state.time)
    ramp = np.clip((np.arange(frames) - 200) / 10.0, 0.0, 1.0) - np.clip((np.arange(frames) - 300) / 10.0, 0.0, 1.0)
    steady = Refined(
        np.tile(np.array([0.0, 700.0, 0.0]), (frames, 2, 1)), np.tile(ramp[:, None], (1, 2)), np.zeros((frames, 2, 2))
    )
    forces, contact = apply_contact(steady, state, state.time, 0.0)
    vertical = forces.force[:, 0, 1]
    assert contact[:, 0].sum() == pytest.approx(100, abs=3)
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
