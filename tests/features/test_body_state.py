"""The physics that models are fed must not care where north is, or which side is left."""

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.features.body_state import CUTOFFS, HEEL, RATE, body_state
from gaitdynamics.features.contact_rule import contact_by_rule
from gaitdynamics.features.floor import estimate_belt_speed, estimate_floor
from gaitdynamics.features.foot_frame import foot_frame
from gaitdynamics.features.physics_split import split_by_rule
from gaitdynamics.features.refiner_schema import COLUMNS, TOTAL_FORCE, implied_cop, refiner_features
from gaitdynamics.trial import Surface, Trial
from transformations import mirrored, moved


@pytest.fixture(scope="module")
def state(example_trial: Trial):
    return body_state(example_trial)


def test_newton_over_strides_gives_body_weight(example_trial, state):
    assert state.force[..., 1].mean() / example_trial.body_weight == pytest.approx(1.0, abs=0.01)


def test_the_parts_of_the_body_make_up_the_total(state):
    np.testing.assert_allclose(state.part_force.sum(1), state.force[:, CUTOFFS.index(10.0)], atol=1e-6)
    assert state.part_force[:, :2, 1].mean() / state.body_weight == pytest.approx(0.2, abs=0.03)


def test_features_ignore_direction_and_place(example_trial, state):
    other = body_state(moved(example_trial, yaw=2.9, shift=(3.0, 0.0, -7.0)))
    np.testing.assert_allclose(refiner_features(other), refiner_features(state), atol=2e-4)


def test_a_mirrored_motion_exchanges_the_views(example_trial, state):
    other = refiner_features(body_state(mirrored(example_trial)))
    np.testing.assert_allclose(other[:, ::-1], refiner_features(state), atol=2e-4)


def test_a_standing_body_presses_below_its_centre_of_mass(example_trial):
    values = np.repeat(example_trial.values[100:101], 100, axis=0)
    still = body_state(replace(example_trial, values=values, time=example_trial.time[:100]))
    point = implied_cop(still, 0.0)
    expected = np.repeat(still.com[:, None, [0, 2]], len(CUTOFFS), axis=1)
    np.testing.assert_allclose(point[..., [0, 2]], expected, atol=1e-9)
    np.testing.assert_allclose(still.force[..., 1], example_trial.body_weight, rtol=1e-9)
    np.testing.assert_allclose(still.com_velocity, 0.0, atol=1e-9)


def test_the_subjects_mass_counts_not_the_models(example_trial, state):
    heavier = replace(example_trial, subject=replace(example_trial.subject, mass_kg=100.0))
    ratio = 100.0 / example_trial.subject.model.mass
    np.testing.assert_allclose(body_state(heavier).force, ratio * state.force, rtol=1e-9)


@pytest.mark.parametrize("rate", [60.0, 200.0])
def test_the_rate_of_the_recording_hardly_matters(example_trial, state, rate):
    from gaitdynamics.signals import resample

    time = np.arange(round((example_trial.time[-1] - example_trial.time[0]) * rate)) / rate + example_trial.time[0]
    other = body_state(
        replace(example_trial, time=time, values=resample(example_trial.values, example_trial.time, time))
    )
    frames = min(len(other.time), len(state.time))
    inner = slice(30, frames - 30)
    error = np.abs(other.force[:frames] - state.force[:frames])[inner] / state.body_weight
    assert error.mean() < 0.005
    assert np.abs(np.diff(other.time) - 1 / RATE).max() < 1e-9


def test_belt_speed_of_a_treadmill_is_found_from_the_feet(example_trial):
    """The same steps on a belt: the person stays near the origin and the declared speed is unknown."""
    values = example_trial.values.copy()
    column = example_trial.coordinates.index("pelvis_tx")
    values[:, column] -= 1.3 * (example_trial.time - example_trial.time[0])
    on_belt = body_state(replace(example_trial, values=values, surface=Surface("overground")))
    estimate = estimate_belt_speed(on_belt, contact_by_rule(on_belt, still=False), 0.0)
    assert estimate.speed == pytest.approx(1.3, abs=0.08)
    assert estimate.stances > 10
    assert 0.0 < estimate.standard_error < 0.05


def test_a_belt_of_the_right_speed_equals_the_floor(example_trial, state):
    values = example_trial.values.copy()
    values[:, example_trial.coordinates.index("pelvis_tx")] -= 1.3 * (example_trial.time - example_trial.time[0])
    on_belt = body_state(replace(example_trial, values=values, surface=Surface("treadmill", 1.3)))
    inner = slice(20, -20)
    np.testing.assert_allclose(on_belt.landmark_velocity[inner], state.landmark_velocity[inner], atol=0.03)


@pytest.mark.parametrize(("lift", "expected"), [(0.0, 0.0), (0.02, 0.0), (0.5, 0.5), (-0.8, -0.8)])
def test_floor_is_the_laboratorys_unless_the_feet_are_far_from_it(example_trial, lift, expected):
    floor = estimate_floor(body_state(moved(example_trial, shift=(0.0, lift, 0.0))))
    assert floor.height == pytest.approx(expected, abs=0.05)
    assert (floor.height == 0.0) == (expected == 0.0)


def test_foot_coordinates_round_trip(state):
    frame = foot_frame(state.landmark[:, :, HEEL], state.landmark[:, :, 4], 0.1)
    along, across = np.full((len(state.time), 2), 0.7), np.full((len(state.time), 2), -0.1)
    point = frame.to_ground(along, across)
    np.testing.assert_allclose(point[..., 1], 0.1)
    back = frame.from_ground(point)
    np.testing.assert_allclose(back[0], along, atol=1e-12)
    np.testing.assert_allclose(back[1], across, atol=1e-12)


def test_positive_across_points_to_the_midline(state):
    frame = foot_frame(state.landmark[:, :, HEEL], state.landmark[:, :, 4], 0.0)
    # Walking along +X, right is +Z: the midline lies at smaller z for the right foot.
    assert (frame.across[:, 0, 2] < 0).all()
    assert (frame.across[:, 1, 2] > 0).all()


def test_split_by_rule_hands_out_the_total(state):
    forces = split_by_rule(state, 0.0)
    total = forces.force.sum(1)
    np.testing.assert_allclose(total[:, 1], np.maximum(state.force[:, CUTOFFS.index(10.0), 1], 0.0), rtol=1e-9)
    assert (forces.force[..., 1] >= 0).all()
    share = (forces.force[..., 1] > 20).mean(0)
    assert ((share > 0.5) & (share < 0.75)).all()  # stance takes about 60 % of a walking cycle


def test_columns_are_named_once():
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert all("total_force" in name for name in COLUMNS[TOTAL_FORCE])
    assert "total_force" not in COLUMNS[TOTAL_FORCE.stop]
