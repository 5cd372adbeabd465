import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from gaitdynamics.features.heading import from_heading, pelvis_yaw, smooth_heading, to_heading

angles = st.floats(-10.0, 10.0)


@given(arrays(np.float64, (7, 2, 3), elements=st.floats(-5, 5)), arrays(np.float64, 7, elements=angles))
def test_turning_back_undoes_turning(vectors, heading):
    np.testing.assert_allclose(from_heading(to_heading(vectors, heading), heading), vectors, atol=1e-12)


@given(angles)
def test_forward_of_the_person_becomes_x(yaw):
    forward = Rotation.from_euler("Y", yaw).apply([1.0, 0.0, 0.0])
    np.testing.assert_allclose(to_heading(forward[None], np.array([yaw])), [[1.0, 0.0, 0.0]], atol=1e-12)


def test_yaw_is_continuous_when_facing_backwards():
    """A person who faces -X and swings the pelvis passes +-180 degrees in every step."""
    time = np.arange(500) / 100.0
    yaw = np.pi + 0.1 * np.sin(2 * np.pi * time)
    rotation = Rotation.from_euler("ZXY", np.column_stack([0.2 + 0 * yaw, 0.05 + 0 * yaw, yaw])).as_matrix()
    found = pelvis_yaw(rotation)
    assert np.abs(np.diff(found)).max() < 0.02
    smooth = smooth_heading(rotation, 100.0)
    assert np.ptp(smooth[100:-100]) < 0.01
    assert np.ptp(smooth) < 0.15  # the ends see half a stride less
    # The list of 0.05 rad shifts the horizontal projection by a second-order amount only.
    assert abs(np.cos(smooth_heading(rotation, 100.0)).mean() + 1.0) < 1e-3


def test_heading_of_a_steady_turn_follows_it():
    time = np.arange(600) / 100.0
    yaw = 0.3 * time
    rotation = Rotation.from_euler("Y", yaw[:, None]).as_matrix()
    inner = slice(120, -120)
    np.testing.assert_allclose(smooth_heading(rotation, 100.0)[inner], yaw[inner], atol=1e-6)
