"""Changed motions, by a network that always gives the same window: only the change and its balance are left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.body.balance import support_of
from gaitdynamics.errors import UserInputError
from gaitdynamics.signals import low_pass
from gaitdynamics.tasks.generated import measured_motion, with_height
from gaitdynamics.tasks.modification import TRUNK_BANDWIDTH, Change, apply_changes, modify_motion
from small_networks import small_network


@pytest.fixture(scope="module")
def walk(example_trial):
    return replace(example_trial, time=example_trial.time[:260], values=example_trial.values[:260])


@pytest.fixture(scope="module")
def network(walk):
    return small_network(walk, constant=True)


@pytest.fixture(scope="module")
def before(walk):
    return measured_motion(walk)


@pytest.fixture(scope="module")
def swayed(walk, network, before):
    return {
        factor: modify_motion(walk, [Change("lumbar_bending", factor)], network, before=before)
        for factor in (1.0, 2.0, 3.0)
    }


def column(trial, name):
    return trial.values[:, trial.coordinates.index(name)]


def test_changes_hold_scale_and_shift(walk):
    changed = apply_changes(walk, [Change("knee_angle_r", scale=1.5, shift=0.1), Change("hip_rotation_l", hold=0.2)])
    np.testing.assert_allclose(column(changed, "knee_angle_r"), 1.5 * column(walk, "knee_angle_r") + 0.1)
    np.testing.assert_allclose(column(changed, "hip_rotation_l"), 0.2)
    same = [i for i, n in enumerate(walk.coordinates) if n not in ("knee_angle_r", "hip_rotation_l")]
    np.testing.assert_array_equal(changed.values[:, same], walk.values[:, same])


def test_what_is_added_to_the_trunk_is_smooth(walk):
    rough = walk.values.copy()
    place = walk.coordinates.index("lumbar_bending")
    rough[:, place] += 0.01 * np.sin(2 * np.pi * 20.0 * walk.time)
    changed = apply_changes(walk.with_values(rough), [Change("lumbar_bending", 3.0)])
    added = column(changed, "lumbar_bending") - rough[:, place]
    np.testing.assert_allclose(added, low_pass(2.0 * rough[:, place], walk.rate, TRUNK_BANDWIDTH))
    inside = slice(60, -60)  # the ends are continued by reflection
    without = 2.0 * low_pass(walk.values[:, place], walk.rate, TRUNK_BANDWIDTH)
    assert np.abs(added - without)[inside].max() < 1e-3


def test_without_a_change_the_measured_motion_comes_back(walk, swayed):
    np.testing.assert_allclose(swayed[1.0].after.trial.values, walk.values, atol=1e-6)
    assert swayed[1.0].balanced


def test_the_changed_coordinate_is_as_asked_for_and_feet_stay(walk, swayed):
    result = swayed[3.0].after.trial
    asked = apply_changes(walk, [Change("lumbar_bending", 3.0)])
    np.testing.assert_array_equal(column(result, "lumbar_bending"), column(asked, "lumbar_bending"))
    moved = support_of(result).foot - support_of(walk).foot
    assert np.sqrt(np.mean(moved**2)) < 0.003


def test_forces_of_a_swaying_walk_obey_newton_as_those_of_the_measured_one(swayed):
    usual = swayed[1.0].after.refiner.newton.total
    assert swayed[3.0].after.refiner.newton.total < usual + 3.0


def test_without_balance_sway_asks_for_what_the_ground_cannot_give(walk, network, before, swayed):
    naive = modify_motion(walk, [Change("lumbar_bending", 3.0)], network, before=before, balanced=False)
    assert naive.after.refiner.newton.total > swayed[3.0].after.refiner.newton.total


def test_stances_have_curves_and_peaks(swayed):
    curves = swayed[2.0].after.refiner.knee_adduction()
    assert curves
    for curve in curves:
        assert curve.curve.shape == (101,)
        assert curve.first == curve.curve[:50].max()
        assert curve.second == curve.curve[51:].max()


def test_a_leg_may_be_changed_too_and_stands_on_the_floor(walk, network, before):
    result = modify_motion(walk, [Change("hip_rotation_l", shift=-0.1)], network, before=before)
    assert not result.balanced
    lowest = support_of(result.after.trial).foot[..., 1].min()
    assert abs(lowest - 0.035) < 0.03


@pytest.mark.parametrize("name", ["no_such_angle", "pelvis_tx", "mtp_angle_r"])
def test_what_cannot_be_changed_is_refused(walk, name):
    with pytest.raises(UserInputError, match=r"angles|choose among"):
        apply_changes(walk, [Change(name, 2.0)])


def test_what_was_not_measured_is_not_changed(walk):
    missing = walk.missing.copy()
    missing[walk.coordinates.index("lumbar_bending")] = True
    with pytest.raises(UserInputError, match="substitute"):
        apply_changes(replace(walk, missing=missing), [Change("lumbar_bending", 2.0)])


def test_no_change_is_an_error(walk, network):
    with pytest.raises(UserInputError, match="nothing"):
        modify_motion(walk, [], network)


def test_a_height_that_is_not_known_is_estimated_and_told(walk):
    unknown = replace(walk, subject=replace(walk.subject, height_m=None))
    known = with_height(unknown)
    assert known.subject.height_m == pytest.approx(1.72, abs=0.12)
    assert "estimated" in known.warnings[-1]
    assert with_height(walk) is walk
