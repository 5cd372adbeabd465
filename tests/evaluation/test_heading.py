"""The walking direction against explicit rotation matrices and known turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from gaitdynamics.evaluation.heading import circular_median, heading
from gaitdynamics.features.heading import to_heading


def aligned(vectors, trial):
    return to_heading(vectors, np.full(len(vectors), heading(trial)))


@pytest.mark.parametrize("yaw", [-3.1, -1.2, 0.0, 0.4, 3.1])
def test_heading_of_an_upright_pelvis_is_its_rotation(make_trial, yaw):
    trial = make_trial(np.zeros((9, 2, 3)), pelvis=(0.0, 0.0, yaw))
    assert heading(trial) == pytest.approx(yaw)


angle = st.floats(-0.6, 0.6)


@given(tilt=angle, list_=angle, rotation=st.floats(-3.0, 3.0))
def test_heading_is_the_horizontal_direction_of_the_pelvis_axis(make_trial, tilt, list_, rotation):
    trial = make_trial(np.zeros((5, 2, 3)), pelvis=(tilt, list_, rotation))
    pelvis = Rotation.from_euler("ZXY", [tilt, list_, rotation]).as_matrix()
    right = aligned(np.array([[pelvis @ [0.0, 0.0, 1.0]]]), trial)
    assert right[0, 0, 0] == pytest.approx(0.0, abs=1e-12)
    assert right[0, 0, 2] > 0


def test_turning_the_whole_scene_changes_no_aligned_force(make_trial):
    rng = np.random.default_rng(3)
    force = rng.normal(size=(40, 2, 3))
    straight = make_trial(force, pelvis=(0.1, -0.05, 0.2))
    turn = Rotation.from_euler("Y", 2.5).as_matrix()
    pelvis = turn @ Rotation.from_euler("ZXY", [0.1, -0.05, 0.2]).as_matrix()
    angles = Rotation.from_matrix(pelvis).as_euler("ZXY")
    turned = make_trial(force @ turn.T, pelvis=tuple(angles))
    assert turned.forces is not None
    assert straight.forces is not None
    np.testing.assert_allclose(
        aligned(turned.forces.force, turned),
        aligned(straight.forces.force, straight),
        atol=1e-12,
    )


def test_circular_median_across_the_half_turn():
    angles = np.deg2rad([179.0, -179.0, 178.0, -178.0, -178.0])
    assert np.rad2deg(circular_median(angles)) % 360 == pytest.approx(181.0)


def test_circular_median_is_the_ordinary_median_where_there_is_no_wrap():
    angles = np.array([0.1, 0.2, 0.25, 0.3, 1.4])
    assert circular_median(angles) == pytest.approx(0.25)
