"""Joint angles without a model: units, spellings, signs, and what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.errors import MissingCoordinatesError, UserInputError
from gaitdynamics.features.hip import ANGLES
from gaitdynamics.files.leg_angles import read_leg_angles
from gaitdynamics.files.storage import TIME, write_storage

WALK = Path(__file__).parents[2] / "examples" / "walking" / "walking.mot"


def write(path: Path, labels, values, *, in_degrees: bool = True) -> Path:
    write_storage(path, [TIME, *labels], values, name="Coordinates", in_degrees=in_degrees)
    return path


@pytest.fixture(scope="module")
def walk():
    return read_leg_angles(WALK, ANGLES)


def columns(walk) -> np.ndarray:
    return np.column_stack([walk.time, walk.values])


def test_degrees_and_radians_are_the_same_motion(walk, tmp_path):
    turned = np.column_stack([walk.time, np.radians(walk.values)])
    other = read_leg_angles(write(tmp_path / "r.mot", ANGLES, turned, in_degrees=False), ANGLES)
    np.testing.assert_allclose(other.values, walk.values, atol=1e-9)
    assert np.abs(walk.column("knee_angle_r")).max() > 40


def test_other_spellings_are_known(walk, tmp_path):
    labels = [f"/jointset/a/{name}/value" for name in ANGLES]
    labels[6] = "knee_flexion_r"
    other = read_leg_angles(write(tmp_path / "s.sto", labels, columns(walk)), ANGLES)
    np.testing.assert_array_equal(other.values, walk.values)


def test_knees_that_bend_to_negative_angles_are_turned(walk, tmp_path):
    values = columns(walk)
    values[:, [7, 9]] *= -1.0
    other = read_leg_angles(write(tmp_path / "g.mot", ANGLES, values), ANGLES)
    np.testing.assert_array_equal(other.values, walk.values)
    assert "its sign was changed" in other.warnings[-1]
    values[:, 7] *= -1.0
    with pytest.raises(UserInputError, match="same sign"):
        read_leg_angles(write(tmp_path / "o.mot", ANGLES, values), ANGLES)


def test_a_missing_angle_is_named_with_what_is_near(walk, tmp_path):
    labels = [name.replace("hip_rotation_l", "hip_rotatoin_l") for name in ANGLES]
    with pytest.raises(MissingCoordinatesError, match=r"hip_rotation_l \(nearest in the file: hip_rotatoin_l"):
        read_leg_angles(write(tmp_path / "m.mot", labels, columns(walk)), ANGLES)
