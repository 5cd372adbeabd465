"""Body height from the skeleton: exact for the packaged one, and near what was recorded for real people."""

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.body.generic import GENERIC_HEIGHT_M, generic_model, scaled_generic
from gaitdynamics.body.stature import estimate_height
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.osim import read_osim


def test_a_uniformly_scaled_skeleton_has_the_height_it_was_scaled_to():
    assert estimate_height(generic_model()) == pytest.approx(GENERIC_HEIGHT_M)
    assert estimate_height(scaled_generic(1.42, 35.0)) == pytest.approx(1.42)


def test_a_model_without_a_trunk_is_refused():
    model = generic_model()
    kept = tuple(body for body in model.bodies if body.name != "torso")
    joints = tuple(joint for joint in model.joints if joint.child != "torso")
    with pytest.raises(UserInputError, match="no body torso"):
        estimate_height(replace(model, bodies=kept, joints=joints))


def test_real_heights_are_met_within_a_few_centimetres(data_folder):
    catalogue = Catalogue.read(data_folder)
    heights = {r.model_file: r.height_m for r in catalogue if r.split in ("train", "val") and r.height_m}
    error = np.array([estimate_height(read_osim(file)) - height for file, height in list(heights.items())[::3]])
    assert len(error) > 15
    assert abs(error.mean()) < 0.01
    assert np.abs(error).mean() < 0.04
    assert np.abs(error).max() < 0.15
