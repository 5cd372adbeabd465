"""Motions corrected so that the ground can carry them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gaitdynamics.body.balance import Tolerances, balance, support_of
from gaitdynamics.body.dynamics import total_wrench
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, leg
from gaitdynamics.signals import differentiate

FREE = (*PELVIS_ROTATIONS, *PELVIS_TRANSLATIONS, *leg("r")[:6], *leg("l")[:6])
CUTOFF = 6.0


@pytest.fixture(scope="module")
def walk(example_trial):
    return replace(example_trial, time=example_trial.time[:150], values=example_trial.values[:150])


@pytest.fixture(scope="module")
def swaying(walk):
    values = walk.values.copy()
    place = walk.coordinates.index("lumbar_bending")
    phase = 2.0 * np.pi * 0.9 * walk.time
    values[:, place] += np.radians(12.0) * np.sin(phase)
    return walk.with_values(values)


def moment_arm(trial, support):
    """Horizontal moment of the whole body's wrench about the prescribed point, over body weight [m]: by hand."""
    skeleton = Skeleton(trial.subject.model)
    motion = skeleton.motion(*(torch.from_numpy(x) for x in differentiate(trial.values, trial.rate, CUTOFF)))
    force, moment = (x.numpy() for x in total_wrench(skeleton, motion))
    about = moment - np.cross(support.point, force)
    weight = trial.subject.model.mass * np.linalg.norm(trial.subject.model.gravity)
    return about[:, [0, 2]] / weight


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def test_the_point_of_the_reference_is_where_its_wrench_has_no_horizontal_moment(walk):
    support = support_of(walk, cutoff=CUTOFF)
    np.testing.assert_allclose(support.moment[:, [0, 2]], moment_arm(walk, support) * 0.0, atol=1e-6)
    np.testing.assert_allclose(support.point[:, 1], 0.0)


def test_a_motion_that_fits_stays_as_it_is(walk):
    result = balance(walk, support_of(walk), FREE)
    np.testing.assert_allclose(result.values, walk.values, atol=1e-9)


def test_sway_of_the_trunk_is_answered_so_that_the_ground_can_carry_it(walk, swaying):
    support = support_of(walk, cutoff=CUTOFF)
    before, result = rms(moment_arm(swaying, support)), balance(swaying, support, FREE)
    after = rms(moment_arm(result, support))
    assert before > 0.05
    assert after < 0.25 * before
    pelvis = walk.coordinates.index("pelvis_tz")
    lean = (
        swaying.values[:, walk.coordinates.index("lumbar_bending")]
        - walk.values[:, walk.coordinates.index("lumbar_bending")]
    )
    # The trunk bends to the right where the angle is positive; the pelvis goes the other way.
    assert np.corrcoef(lean, result.values[:, pelvis] - walk.values[:, pelvis])[0, 1] < -0.8


def test_feet_stay_and_what_is_not_free_too(walk, swaying):
    support = support_of(walk)
    result = balance(swaying, support, FREE)
    moved = support_of(result).foot - support.foot
    assert rms(moved) < 0.003
    fixed = [i for i, name in enumerate(walk.coordinates) if name not in FREE]
    np.testing.assert_array_equal(result.values[:, fixed], swaying.values[:, fixed])


def test_feet_go_where_they_are_sent_in_the_frames_that_count(walk):
    support = support_of(walk)
    foot, weight = support.foot.copy(), np.zeros(support.foot.shape[:2])
    foot[60:90, :2, 0] += 0.02
    weight[60:90, :2] = 1.0
    sent = replace(support, foot=foot, foot_weight=weight, point_weight=np.zeros(len(walk.time)))
    result = balance(walk, sent, FREE, tolerances=Tolerances(foot=0.001), rounds=2)
    now = support_of(result).foot
    assert abs((now - foot)[62:88, :2, 0]).max() < 0.004
    assert rms((now - support.foot)[:30, :2]) < 0.004


def test_slopes_agree_with_what_happens(walk, swaying):
    """A second round finds little left to do: the problem is nearly linear and its slopes are right."""
    support = support_of(walk)
    one, two = (balance(swaying, support, FREE, rounds=rounds) for rounds in (1, 2))
    change = rms(one.values - swaying.values)
    assert rms(two.values - one.values) < 0.05 * change


def test_coordinates_that_the_model_lacks_are_passed_over(walk):
    assert balance(walk, support_of(walk), ["no_such_angle"]) is walk


def test_smoother_corrections_cost_balance(walk, swaying):
    support = support_of(walk, cutoff=CUTOFF)
    stiff = balance(swaying, support, FREE, tolerances=Tolerances(angular_acceleration=0.5, acceleration=0.1))
    easy = balance(swaying, support, FREE)
    assert rms(moment_arm(stiff, support)) > rms(moment_arm(easy, support))
