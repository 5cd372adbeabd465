"""Errors whose size is known by construction."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitdynamics.evaluation.gait_cycles import CycleRules, GaitCycle, gait_cycles
from gaitdynamics.evaluation.metrics import score_foot, stance_curves

RATE, WEIGHT = 100.0, 700.0
CYCLES = (GaitCycle(10, 110, ((10, 70),)), GaitCycle(110, 210, ((110, 170),)))


@pytest.fixture
def force(make_walking):
    return make_walking()[:, 0]


@pytest.fixture
def cop(force):
    return np.where(force[:, 1:2] > 0, [0.3, 0.0, 0.1], 0.0)


def score(measured, estimated, cop, other_cop=None, cycles=CYCLES):
    other_cop = cop if other_cop is None else other_cop
    return score_foot(measured, estimated, cop, other_cop, cycles, rate=RATE, body_weight=WEIGHT)


def test_cycles_of_the_signal_are_those_assumed_here(force):
    found = gait_cycles(force[:, 1], np.ones(len(force), bool), RATE, WEIGHT, CycleRules(), overground=False)
    assert [c.stop - c.start for c in found] == [100, 100, 100]


def test_no_error_without_difference(force, cop):
    result = score(force, force, cop)
    errors = (
        result.profile_vertical,
        result.profile_fore_aft,
        result.profile_medio_lateral,
        result.peak_vertical,
        result.impulse_vertical,
        result.impulse_fore_aft,
        result.impulse_medio_lateral,
        result.cop,
    )
    assert errors == (0.0,) * 8
    assert (result.cycles, result.stances, result.frames, result.stance_frames) == (2, 2, 200, 120)


def test_constant_offsets_are_percent_of_body_weight(force, cop):
    result = score(force, force + np.array([-7.0, 14.0, 3.5]), cop)
    assert result.profile_fore_aft == pytest.approx(1.0)
    assert result.profile_vertical == pytest.approx(2.0)
    assert result.profile_medio_lateral == pytest.approx(0.5)
    assert result.peak_vertical == pytest.approx(2.0)
    # 60 frames of 0.01 s each.
    assert result.impulse_vertical == pytest.approx(2.0 * 0.6)
    assert result.impulse_fore_aft == pytest.approx(1.0 * 0.6)
    assert result.impulse_medio_lateral == pytest.approx(0.5 * 0.6)


def test_gain_of_the_force_scales_peak_and_impulse(force, cop):
    result = score(force, 1.05 * force, cop)
    assert result.peak_vertical == pytest.approx(5.0 * force[10:210, 1].max() / WEIGHT)
    assert result.impulse_vertical == pytest.approx(5.0 * force[10:70, 1].sum() / WEIGHT / RATE)
    assert result.profile_vertical == pytest.approx(5.0 * force[10:210, 1].mean() / WEIGHT)
    # Braking and propulsion are alike here, so that the net impulse stays zero whatever the gain.
    assert result.impulse_fore_aft == pytest.approx(0.0, abs=1e-12)


def test_errors_of_opposite_sign_do_not_cancel(force, cop):
    estimated = force.copy()
    estimated[10:70, 1] += 14.0
    estimated[110:170, 1] -= 14.0
    result = score(force, estimated, cop)
    assert result.peak_vertical == pytest.approx(2.0)
    assert result.impulse_vertical == pytest.approx(1.2)
    assert result.profile_vertical == pytest.approx(2.0 * 120 / 200)


def test_frames_outside_the_cycles_do_not_count(force, cop):
    estimated = force.copy()
    estimated[:10] += 500.0
    estimated[210:] += 500.0
    assert score(force, estimated, cop).profile_vertical == 0.0


def test_swing_counts_in_the_profile_but_not_in_peak_and_impulse(force, cop):
    estimated = force.copy()
    estimated[70:110, 1] = 70.0
    result = score(force, estimated, cop)
    assert result.profile_vertical == pytest.approx(10.0 * 40 / 200)
    assert (result.peak_vertical, result.impulse_vertical) == (0.0, 0.0)


def test_peak_is_compared_wherever_it_falls_in_the_stance(force, cop):
    estimated = force.copy()
    estimated[10:70] = force[10:70][::-1]
    estimated[30, 1] = 910.0
    peak = force[10:70, 1].max()
    assert score(force, estimated, cop).peak_vertical == pytest.approx(100 * (910.0 - peak) / WEIGHT / 2)


def test_cop_error_is_the_horizontal_distance_in_millimetres(force, cop):
    moved = cop + np.array([0.03, 0.9, -0.04])
    result = score(force, force, cop, moved)
    assert result.cop == pytest.approx(50.0)
    assert result.cop_frames == int((force[10:210, 1] > 50.0).sum())
    assert result.cop_frames_without_estimate == 0


def test_cop_needs_enough_force_on_both_sides(force, cop):
    estimated = force.copy()
    estimated[10:70, 1] = 20.0  # not above the threshold: no centre of pressure to compare
    moved = cop + np.array([0.01, 0.0, 0.0])
    result = score(force, estimated, cop, moved)
    loaded = force[10:210, 1] > 50.0
    assert result.cop_frames == loaded[100:].sum()
    assert result.cop_frames_without_estimate == loaded[:100].sum()
    assert result.cop == pytest.approx(10.0)
    nothing = score(force, 0 * force, cop, moved)
    assert np.isnan(nothing.cop)
    assert nothing.cop_frames == 0


def test_nothing_to_score_is_a_mistake(force, cop):
    with pytest.raises(ValueError, match="gait cycle"):
        score(force, force, cop, cycles=())


@given(st.integers(0, 2**32 - 1))
def test_mirroring_the_scene_and_swapping_roles_change_no_error(make_walking, seed):
    rng = np.random.default_rng(seed)
    measured = make_walking()[:, 0]
    estimated = measured + rng.normal(scale=30.0, size=measured.shape)
    cop = rng.normal(scale=0.1, size=measured.shape)
    other = rng.normal(scale=0.1, size=measured.shape)
    mirror = np.array([1.0, 1.0, -1.0])
    plain = score(measured, estimated, cop, other)
    assert astuple(score(measured * mirror, estimated * mirror, cop * mirror, other * mirror)) == pytest.approx(
        astuple(plain)
    )
    swapped = score(estimated, measured, other, cop)
    for name in ("profile_vertical", "profile_fore_aft", "peak_vertical", "impulse_medio_lateral"):
        assert getattr(swapped, name) == pytest.approx(getattr(plain, name))


def test_stance_curves_run_from_contact_to_toe_off(force):
    curves = stance_curves(force, CYCLES, WEIGHT)
    assert curves.shape == (2, 101, 3)
    share = np.linspace(0.0, 1.0, 101)
    expected = 110.0 * np.sin(np.pi * share)
    at_contact = force[10, 1] * 100 / WEIGHT
    assert curves[0, 0, 1] == pytest.approx(at_contact)
    np.testing.assert_allclose(curves[0, :, 1], expected, atol=0.2)
    assert stance_curves(force, (), WEIGHT).shape == (0, 101, 3)


def test_peaks_outside_the_range_are_not_counted(force, cop):
    weak = force.copy()
    weak[10:70] *= 0.5
    estimated = weak + np.array([0.0, 7.0, 0.0])
    limits = (0.9 * weak[110:170, 1].max(), 2.0 * weak[110:170, 1].max())
    counted = score_foot(weak, estimated, cop, cop, CYCLES, rate=RATE, body_weight=WEIGHT, peak_range=limits)
    assert (counted.peaks, counted.stances) == (1, 2)
    assert counted.peak_vertical == pytest.approx(1.0)
    beyond = score_foot(weak, estimated, cop, cop, CYCLES, rate=RATE, body_weight=WEIGHT, peak_range=(1e4, 2e4))
    assert beyond.peaks == 0
    assert np.isnan(beyond.peak_vertical)
    assert beyond.profile_vertical == counted.profile_vertical


def test_frames_without_a_stance_have_profile_errors_only(force, cop):
    result = score(force, force + 7.0, cop, cycles=(GaitCycle(10, 110, ()),))
    assert result.profile_vertical == pytest.approx(1.0)
    assert np.isnan([result.peak_vertical, result.impulse_vertical]).all()
