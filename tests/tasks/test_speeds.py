"""Motions at other speeds, by a network that always gives the same window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.strides import measure_strides
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.published.trial import columns_of_trial
from gaitdynamics.features.stride_laws import contact_factor, frequency_factor
from gaitdynamics.tasks.generated import measured_motion
from gaitdynamics.tasks.speeds import change_speed, change_speeds, mean_speed
from gaitdynamics.trial import Surface
from small_networks import small_network


@pytest.fixture(scope="module")
def walk(example_trial):
    return replace(example_trial, time=example_trial.time[:330], values=example_trial.values[:330])


@pytest.fixture(scope="module")
def network(walk):
    return small_network(walk, constant=True)


@pytest.fixture(scope="module")
def seed_speed(walk):
    return mean_speed(columns_of_trial(walk))


@pytest.fixture(scope="module")
def faster(walk, network, seed_speed):
    return change_speed(walk, 1.2 * seed_speed, network)


def test_at_its_own_speed_the_motion_stays(walk, network, seed_speed):
    same = change_speed(walk, seed_speed, network).motion.trial
    assert len(same.time) == len(walk.time)
    # The height over the floor is set anew, and feet are placed as they were.
    legs = [i for i, name in enumerate(walk.coordinates) if name not in ("pelvis_tx", "pelvis_ty", "pelvis_tz")]
    assert np.sqrt(np.mean((same.values - walk.values)[:, legs] ** 2)) < np.radians(0.5)


def test_the_speed_is_the_one_asked_for(walk, faster, seed_speed):
    trial = faster.motion.trial
    way = trial.values[-1, trial.coordinates.index("pelvis_tx")] - trial.values[0, trial.coordinates.index("pelvis_tx")]
    assert way / (trial.time[-1] - trial.time[0]) == pytest.approx(1.2 * seed_speed, rel=0.03)
    assert faster.measures.speed == pytest.approx(1.2 * seed_speed, rel=0.03)


def test_on_a_treadmill_the_belt_takes_the_speed(walk, network, seed_speed):
    values = walk.values.copy()
    values[:, walk.coordinates.index("pelvis_tx")] -= seed_speed * (walk.time - walk.time[0])
    treadmill = replace(walk, values=values, surface=Surface("treadmill", seed_speed))
    result = change_speed(treadmill, 1.2 * seed_speed, network)
    trial = result.motion.trial
    assert trial.surface.belt_speed == pytest.approx(1.2 * seed_speed, rel=0.02)
    assert np.ptp(trial.values[:, trial.coordinates.index("pelvis_tx")]) < 0.15
    assert result.measures.speed == pytest.approx(1.2 * seed_speed, rel=0.03)


def test_strides_are_quicker_and_longer(walk, faster, seed_speed):
    usual = measured_motion(walk)
    before = measure_strides(walk, usual.refiner.forces, body_state(walk))
    assert faster.cadence_factor == pytest.approx(np.sqrt(1.2))
    assert faster.measures.stride_frequency / before.stride_frequency == pytest.approx(np.sqrt(1.2), rel=0.03)
    assert faster.measures.stride_length > 1.04 * before.stride_length


def test_feet_stand(walk, faster):
    usual = measure_strides(walk, measured_motion(walk).refiner.forces, body_state(walk))
    assert faster.measures.slide < usual.slide + 0.1


def test_laws_of_strides():
    assert frequency_factor(4.0, 4.0) == contact_factor(1.2, 1.2) == 1.0
    assert frequency_factor(3.5, 4.5) == pytest.approx(
        np.exp(0.251 * np.log(4.5 / 3.5) + 0.215 * np.log(4.5 / 3.5) ** 2)
    )
    assert frequency_factor(3.0, 5.0) * frequency_factor(5.0, 3.0) == pytest.approx(1.0)
    assert contact_factor(3.0, 5.0) < 1.0 < frequency_factor(3.0, 5.0)


def test_another_gait_is_refused(walk, network):
    with pytest.raises(UserInputError, match="another gait"):
        change_speed(walk, 3.0, network)


@pytest.mark.parametrize("speed", [0.0, 20.0, float("nan")])
def test_impossible_speeds_are_refused_before_anything_is_made(walk, network, speed):
    with pytest.raises(UserInputError, match="not possible"):
        change_speeds(walk, [1.3, speed], network)


def test_standing_is_no_gait(walk, network):
    still = walk.with_values(np.repeat(walk.values[:1], len(walk.time), axis=0))
    with pytest.raises(UserInputError, match="no walking"):
        change_speed(still, 1.0, network)
