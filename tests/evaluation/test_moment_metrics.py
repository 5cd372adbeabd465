"""Errors of joint moments whose size is known."""

from __future__ import annotations

import numpy as np
import pytest

from gaitdynamics.evaluation.gait_cycles import GaitCycle
from gaitdynamics.evaluation.moment_metrics import JOINTS, JointMoments, score_moments

CYCLES = (GaitCycle(10, 110, ((10, 71),)),)


def moments(**changes):
    """Give zeros but for what is named: (T, 2) arrays by joint."""
    zero = np.zeros((120, 2))
    joints = {name: changes.get(name, zero) for name in JOINTS}
    return JointMoments(joints, changes.get("knee_adduction", zero))


def test_only_the_leg_and_the_cycles_asked_for_count():
    wrong = np.zeros((120, 2))
    wrong[:, 1] = 5.0  # the other leg
    wrong[110:, 0] = 9.0  # after the cycle
    wrong[10:35, 0] = 2.0
    score = score_moments(moments(), moments(hip_flexion=wrong), CYCLES, "r")
    assert score["moment_hip_flexion"] == pytest.approx(np.sqrt(0.25 * 4.0))
    assert score["moment_knee_flexion"] == 0.0
    assert score_moments(moments(), moments(hip_flexion=wrong), CYCLES, "l")["moment_hip_flexion"] == 5.0


def test_knee_adduction_peaks_are_those_of_the_halves_of_stance():
    kam = np.zeros((120, 2))
    kam[20, 0], kam[60, 0] = 0.5, 0.3
    kam[90, 0] = 2.0  # swing
    other = np.zeros((120, 2))
    other[25, 0], other[55, 0] = 0.4, 0.5  # other times do not matter
    score = score_moments(moments(knee_adduction=kam), moments(knee_adduction=other), CYCLES, "r")
    assert score["kam_first_peak"] == pytest.approx(0.1)
    assert score["kam_second_peak"] == pytest.approx(0.2)


def test_without_a_stance_there_are_no_peaks():
    score = score_moments(moments(), moments(), (GaitCycle(10, 110, ()),), "r")
    assert np.isnan(score["kam_first_peak"])
    assert score["moment_knee_adduction"] == 0.0
