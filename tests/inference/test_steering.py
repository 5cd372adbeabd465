"""Samples steered towards a target, by networks with made-up parameters: what must hold for any parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.columns import LUMBAR
from gaitdynamics.diffusion.sampling import SamplingPlan
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import columns_of_trial
from gaitdynamics.inference.filling import Facts
from gaitdynamics.inference.steering import COMPARED, SteeringPlan, steer_columns, with_difference
from small_networks import small_network

PLAN = SteeringPlan(SamplingPlan("dpm_solver_2m", steps=4))
FREE = SteeringPlan(SamplingPlan("dpm_solver_2m", steps=4), inner_steps=0)
NOTHING = np.zeros(63, dtype=bool)


@pytest.fixture(scope="module")
def walk(example_trial):
    return replace(example_trial, time=example_trial.time[:170], values=example_trial.values[:170])


@pytest.fixture(scope="module")
def target(walk):
    return columns_of_trial(walk).values


@pytest.fixture(params=["none", "cells-1"])
def network(request, walk):
    return small_network(walk, condition=request.param)


def test_velocities_and_angles_are_compared_and_nothing_else():
    names = np.array(PUBLISHED_63.names)
    assert COMPARED.sum() == 3 + 6 + 24
    assert not any("force" in name or name.endswith("_vel") for name in names[COMPARED])


def test_known_columns_stay_and_a_seed_repeats(network, target):
    known = PUBLISHED_63.unknown(LUMBAR)
    one, again, other = (
        steer_columns(network, target, known, NOTHING, 0.1, seed=seed, plan=PLAN, facts=Facts(height=1.7))
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one[:, known], target[:, known])
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one[:, ~known], other[:, ~known])


def beyond(network, sampled, target, margin):
    scaled, aim = (network.scaler.to_scaled(x) for x in (sampled, target))
    return np.maximum(np.abs(scaled - aim) - margin * np.ptp(aim, axis=0), 0.0)[:, COMPARED].sum()


def test_steering_brings_a_sample_nearer_to_the_target(network, target):
    steered, free = (
        steer_columns(network, target, NOTHING, NOTHING, 0.1, plan=plan)
        for plan in (SteeringPlan(PLAN.sampling, inner_steps=20, rate=0.2), FREE)
    )
    assert beyond(network, steered, target, 0.1) < 0.95 * beyond(network, free, target, 0.1)


def test_within_a_wide_margin_nothing_is_steered(network, target):
    steered, free = (steer_columns(network, target, NOTHING, NOTHING, 1e3, plan=plan) for plan in (PLAN, FREE))
    np.testing.assert_allclose(steered, free, atol=1e-6)


def test_substitutes_do_not_steer(network, target):
    missing = PUBLISHED_63.unknown(["knee_angle_r"])
    other = target.copy()
    other[:, missing] += 0.5
    # The range of motion stays, so that nothing else can make a difference.
    one, two = (steer_columns(network, x, NOTHING, missing, 0.1, plan=PLAN) for x in (target, other))
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_the_difference_of_equal_samples_is_none(walk):
    manipulated = walk.with_values(walk.values + 0.1)
    result = with_difference(manipulated, walk, walk, 0.1)
    np.testing.assert_allclose(result.values, manipulated.values)


def test_without_a_margin_all_of_the_difference_is_taken(walk):
    """Also of an angle that the control sample holds still."""
    still, place = walk.values.copy(), walk.coordinates.index("hip_flexion_r")
    still[:, place] = 0.3
    other = still.copy()
    other[:, place] += 0.2
    result = with_difference(walk, walk.with_values(other), walk.with_values(still), np.inf)
    np.testing.assert_allclose(result.values[:, place], walk.values[:, place] + 0.2)


def test_a_path_of_the_pelvis_does_not_drift(walk):
    drifting, place = walk.values.copy(), walk.coordinates.index("pelvis_tz")
    wave = 0.03 * np.sin(2 * np.pi * np.linspace(0.0, 3.0, len(walk.time)))
    drifting[:, place] += 0.2 * (walk.time - walk.time[0]) + wave
    result = with_difference(walk, walk.with_values(drifting), walk, 0.1)
    change = result.values[:, place] - walk.values[:, place]
    assert abs(np.polyfit(walk.time, change, 1)[0]) < 1e-9
    assert np.corrcoef(change, wave)[0, 1] > 0.95


def test_angles_differ_by_the_margin_at_most(walk):
    place = walk.coordinates.index("pelvis_list")
    other = walk.values.copy()
    other[:, place] += 0.5 * np.sin(np.linspace(0.0, 9.0, len(walk.time)))
    bound, free = (with_difference(walk, walk.with_values(other), walk, margin) for margin in (0.1, np.inf))
    change = bound.values[:, place] - walk.values[:, place]
    assert np.abs(change).max() == pytest.approx(0.1 * np.ptp(walk.values[:, place]))
    np.testing.assert_allclose(free.values[:, place], other[:, place])
    assert np.corrcoef(change, other[:, place] - walk.values[:, place])[0, 1] == pytest.approx(1.0)
