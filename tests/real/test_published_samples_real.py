"""Real trials in the published columns, as training sees them: what is known, and that the numbers are plausible."""

import numpy as np
import pytest

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.model import STANDARD_GRAVITY
from gaitdynamics.training.published_data import sample_of

VERTICAL = PUBLISHED_63.indices(["calcn_r_force_vy", "calcn_l_force_vy"])
LUMBAR = [i for i, name in enumerate(PUBLISHED_63.names) if name.startswith("lumbar")]
FORWARD = PUBLISHED_63.index("pelvis_tx")


def first(folder, study, activity, split="train"):
    return next(iter(Catalogue.read(folder).select(split=split, study=study, activity=activity)))


@pytest.mark.parametrize(
    ("study", "activity", "trunk", "height_known"),
    [
        ("Fukuchi2017", "running", False, True),
        ("ZhejiangIMU", "walking", False, True),
        ("Schreiber2019", "walking", True, True),
        ("Rajagopal2016", "walking", True, False),
    ],
)
def test_what_is_known_and_how_large_it_is(data_folder, study, activity, trunk, height_known):
    record = first(data_folder, study, activity)
    trial = record.load()
    sample = sample_of(record.study, record.label, trial)
    assert sample.known[:, LUMBAR].all() == trunk
    assert sample.known[:, LUMBAR].any() == trunk
    assert sample.height_estimated != height_known
    known = sample.known[:, VERTICAL]
    trusted = np.array([trial.forces.valid.mean(axis=0)])
    np.testing.assert_allclose(known.mean(axis=0), trusted[0], atol=0.03)
    peak = sample.values[:, VERTICAL][known].max() / STANDARD_GRAVITY
    assert (1.8 if activity == "running" else 0.9) < peak < (3.5 if activity == "running" else 1.7)
    if record.speed is not None:
        height = record.height_m or 1.75
        assert sample.values[:, FORWARD].mean() * height == pytest.approx(record.speed, rel=0.15)
