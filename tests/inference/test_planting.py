"""Feet are planted by changing what was generated, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.contact_rule import contact_by_rule
from gaitdynamics.features.footing import measure_footing
from gaitdynamics.inference.planting import plant_feet


@pytest.fixture(scope="module")
def walk(example_trial):
    return replace(example_trial, time=example_trial.time[:150], values=example_trial.values[:150])


def test_a_knee_that_is_off_is_brought_back(walk):
    knee = walk.coordinates.index("knee_angle_r")
    contact = contact_by_rule(body_state(walk))
    off = walk.values.copy()
    off[:, knee] += np.radians(6.0) * np.sin(8.0 * walk.time)
    cells = np.zeros(off.shape, dtype=bool)
    cells[:, knee] = True
    disturbed = walk.with_values(off)
    planted = plant_feet(disturbed, cells, contact)
    np.testing.assert_array_equal(planted.values[~cells], off[~cells])
    slides = [measure_footing(body_state(t), contact).slide for t in (walk, disturbed, planted)]
    assert slides[1] > 2.0 * slides[0]
    assert slides[2] < 0.7 * slides[1]
    down = contact[:, 0]
    errors = [np.abs(t.values[down, knee] - walk.values[down, knee]).mean() for t in (disturbed, planted)]
    assert errors[1] < 0.7 * errors[0]


def test_nothing_changes_where_nothing_was_generated_or_no_foot_is_down(walk):
    none = np.zeros(walk.values.shape, dtype=bool)
    down = np.ones((len(walk.time), 2), dtype=bool)
    assert plant_feet(walk, none, down) is walk
    assert plant_feet(walk, ~none, ~down) is walk


def test_changes_fade_out_at_the_ends_of_a_gap(walk):
    knee = walk.coordinates.index("knee_angle_r")
    cells = np.zeros(walk.values.shape, dtype=bool)
    cells[60:100, knee] = True
    off = walk.values.copy()
    off[60:100, knee] += 0.1
    disturbed = walk.with_values(off)
    planted = plant_feet(disturbed, cells, np.ones((len(walk.time), 2), dtype=bool))
    change = planted.values[:, knee] - off[:, knee]
    assert (change[:60] == 0.0).all()
    assert (change[100:] == 0.0).all()
    assert np.abs(change[60]) <= 0.5 * np.abs(change[60:100]).max()


def test_the_body_is_not_shaken_to_keep_its_feet_still(walk):
    """Planting may not ask for forces that nobody has: it adds little to the acceleration of the centre of mass."""
    rng = np.random.default_rng(0)
    free = [i for i, name in enumerate(walk.coordinates) if name.startswith(("pelvis", "hip", "knee", "ankle"))]
    off = walk.values.copy()
    for i in free:
        if walk.subject.model.coordinates[walk.coordinates[i]].motion != "translational":
            off[:, i] += np.radians(3.0) * np.sin(2.0 * np.pi * walk.time + rng.uniform(0.0, 6.0))
    cells = np.zeros(off.shape, dtype=bool)
    cells[:, free] = True
    disturbed = walk.with_values(off)
    planted = plant_feet(disturbed, cells, contact_by_rule(body_state(walk)))
    skeleton = Skeleton(walk.subject.model)
    path = [skeleton.center_of_mass(skeleton.pose(torch.from_numpy(t.values))).numpy() for t in (disturbed, planted)]
    added = np.diff(path[1] - path[0], n=2, axis=0) * walk.rate**2
    assert np.sqrt(np.square(added).sum(axis=1).mean()) < 0.08 * 9.81  # 0.16 g where accelerations are not held
