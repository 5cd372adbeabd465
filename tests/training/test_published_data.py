"""Trials in the published columns: what is known, mirror images, the scale, and what is left out."""

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.body.stature import estimate_height
from gaitdynamics.dataset.mirroring import ACROSS, mirror_trial, other_side
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import columns_of_trial
from gaitdynamics.training.force_windows import without_trunk
from gaitdynamics.training.published_data import fit_scaler, mirror_columns, mirror_sample, sample_of


def cut(trial, frames):
    forces = trial.forces
    forces = replace(
        forces,
        time=forces.time[:frames],
        force=forces.force[:frames],
        cop=forces.cop[:frames],
        valid=forces.valid[:frames],
    )
    return replace(trial, time=trial.time[:frames], values=trial.values[:frames], forces=forces)


def columns_called(*parts):
    return [i for i, name in enumerate(PUBLISHED_63.names) if any(part in name for part in parts)]


def test_the_mirrored_trial_is_the_mirror_image_in_space(walk_with_forces):
    """What the next test rests on, by forward kinematics."""
    import torch

    skeleton = Skeleton(walk_with_forces.subject.model)
    here = skeleton.pose(torch.from_numpy(walk_with_forces.values)).position.numpy()
    there = skeleton.pose(torch.from_numpy(mirror_trial(walk_with_forces).values)).position.numpy()
    order = [skeleton.body_index(other_side(name)) for name in skeleton.body_names]
    np.testing.assert_allclose(there, here[:, order] * ACROSS, atol=1e-12)


def test_mirroring_columns_is_mirroring_the_trial(walk_with_forces):
    trial = walk_with_forces
    trial = replace(trial, missing=np.array([name == "subtalar_angle_r" for name in trial.coordinates]))
    here, there = columns_of_trial(trial), columns_of_trial(mirror_trial(trial))
    np.testing.assert_allclose(mirror_columns(here.values), there.values, atol=1e-9)
    assert not np.allclose(here.values, there.values, atol=1e-2)
    mirrored = mirror_sample(sample_of("ours", "walk", trial))
    np.testing.assert_array_equal(~mirrored.known.all(0), there.missing)


def test_mirroring_twice_changes_nothing(walk_with_forces):
    values = columns_of_trial(walk_with_forces).values
    np.testing.assert_array_equal(mirror_columns(mirror_columns(values)), values)


def test_unknown_are_joints_without_markers_and_forces_that_cannot_be_trusted(walk_with_forces):
    trial = without_trunk(walk_with_forces)
    valid = trial.forces.valid.copy()
    valid[200:, 1] = False
    sample = sample_of("ours", "walk", replace(trial, forces=replace(trial.forces, valid=valid)))
    expected = np.ones_like(sample.known)
    expected[:, columns_called("lumbar")] = False
    expected[200:, columns_called("calcn_l")] = False
    np.testing.assert_array_equal(sample.known, expected)
    assert sample.teaches_forces
    nothing = replace(trial, forces=replace(trial.forces, valid=np.zeros_like(valid)))
    assert not sample_of("ours", "walk", nothing).teaches_forces


def test_a_height_that_is_not_known_is_estimated(walk_with_forces):
    known = sample_of("ours", "walk", walk_with_forces)
    unknown = sample_of(
        "ours", "walk", replace(walk_with_forces, subject=replace(walk_with_forces.subject, height_m=None))
    )
    assert not known.height_estimated
    assert unknown.height_estimated
    ratio = walk_with_forces.subject.height_m / estimate_height(walk_with_forces.subject.model)
    np.testing.assert_allclose(unknown.values[:, :3], known.values[:, :3] * ratio, rtol=1e-9)


def test_what_cannot_be_learnt_from_is_refused_with_the_reason(walk_with_forces):
    with pytest.raises(UserInputError, match="shorter than 60 frames"):
        sample_of("ours", "walk", cut(walk_with_forces, 55))
    turning = walk_with_forces.values.copy()
    turning[:, walk_with_forces.coordinates.index("pelvis_rotation")] += np.linspace(0.0, np.pi / 2, len(turning))
    with pytest.raises(UserInputError, match=r"turns by 9\d degrees"):
        sample_of("ours", "walk", walk_with_forces.with_values(turning))


def test_the_scale_is_of_what_is_known_and_alike_on_both_sides(walk_with_forces):
    first = sample_of("ours", "first", walk_with_forces)
    spoiled = np.where(first.known, first.values, 1e6)
    unknown = first.known.copy()
    unknown[:, columns_called("lumbar", "calcn_l")] = False
    second = replace(first, values=np.where(unknown, spoiled, -1e6), known=unknown)
    scaler = fit_scaler([first, second])
    both = np.concatenate([first.values, mirror_columns(first.values)])
    scaled = scaler.to_scaled(both)
    varies = np.ptp(both, axis=0) > 1e-5
    np.testing.assert_allclose(scaled.min(0)[varies], -10.0, atol=1e-6)
    np.testing.assert_allclose(scaled.max(0)[varies], 10.0, atol=1e-6)


def test_a_column_known_nowhere_keeps_its_unit(walk_with_forces):
    sample = sample_of("ours", "walk", without_trunk(walk_with_forces))
    scaler = fit_scaler([sample])
    lumbar = columns_called("lumbar")
    np.testing.assert_array_equal(np.array(scaler.scale)[lumbar], 20.0)
