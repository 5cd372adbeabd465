"""Disturbances of the refiner's features against the same change made to the motion."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gaitdynamics.features.body_state import HEEL, TOE, body_state
from gaitdynamics.features.foot_frame import OUTLINE
from gaitdynamics.features.heading import from_heading
from gaitdynamics.features.refiner_schema import COLUMNS, TOTAL_FORCE, refiner_features
from gaitdynamics.features.targets import force_targets
from gaitdynamics.training import disturbances
from gaitdynamics.training.force_windows import Batch
from walking_with_forces import with_forces


@pytest.fixture(scope="module")
def trial(example_trial):
    return with_forces(example_trial, 220)


def batch_of(state, forces) -> Batch:
    features, targets = refiner_features(state), force_targets(state, forces)
    arrays = (features, targets.force, targets.cop, targets.contact, targets.valid)
    return Batch(*(torch.from_numpy(x).transpose(0, 1)[None] for x in arrays))


def test_moved_landmarks_are_those_of_a_body_whose_feet_were_marked_elsewhere(trial, monkeypatch):
    """Heel and toe joint of both feet moved in the state of the body, features and targets computed anew."""
    shift = np.array([[0.02, -0.015], [-0.01, 0.03]])  # right and left foot; forward and inward, in leg lengths
    state = body_state(trial)
    landmark = state.landmark.copy()
    for foot, to_the_right in enumerate((-1.0, 1.0)):
        vector = np.array([shift[foot, 0], 0.0, to_the_right * shift[foot, 1]]) * state.leg_length
        moved = from_heading(np.repeat(vector[None], len(state.time), 0), state.heading)
        landmark[:, foot, HEEL] += moved
        landmark[:, foot, TOE] += moved
    expected = batch_of(replace(state, landmark=landmark), trial.forces)

    monkeypatch.setattr(disturbances.torch, "randn", lambda *_, **__: torch.from_numpy(shift[None]).float())
    original = batch_of(state, trial.forces)
    found = disturbances.move_landmarks(original, 1.0)

    # The implied centre of pressure is cut off where it runs away; elsewhere everything agrees.
    error = (found.features - expected.features).abs()
    far = [i for i, name in enumerate(COLUMNS) if "implied_cop" in name]
    near = [i for i in range(len(COLUMNS)) if i not in far]
    assert error[..., near].max() < 1e-6
    assert (error[..., far] < 1e-6).float().mean() > 0.95
    # Targets are kept inside the outline of the foot; those that are not at its edge agree.
    low, high = torch.tensor(OUTLINE).T
    inside = ((expected.cop > low) & (expected.cop < high) & (original.cop > low) & (original.cop < high)).all(-1)
    stands = (original.contact > 0) & inside
    assert stands.sum() > 50
    torch.testing.assert_close(found.cop[stands], expected.cop[stands], rtol=0, atol=1e-5)
    assert (found.cop - original.cop).abs()[stands].mean() > 0.03


def test_the_swing_of_the_vertical_force_grows_about_body_weight():
    features = torch.randn(5, 2, 80, len(COLUMNS), generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    changed = disturbances.swing_factor(features, 0.1)
    up = range(TOTAL_FORCE.start + 1, TOTAL_FORCE.stop, 3)
    ratio = (changed[..., up] - 1.0) / (features[..., up] - 1.0)
    torch.testing.assert_close(ratio, ratio[:, :1, :1, :1].expand_as(ratio), rtol=1e-3, atol=1e-3)
    assert 0.0 < ratio[:, 0, 0, 0].std() < 0.3
    parts = [i for i, name in enumerate(COLUMNS) if name.endswith("_force_up")]
    torch.testing.assert_close(changed[..., parts].mean(2), features[..., parts].mean(2), rtol=1e-4, atol=1e-4)
    rest = [i for i in range(len(COLUMNS)) if i not in (*up, *parts)]
    torch.testing.assert_close(changed[..., rest], features[..., rest], rtol=0, atol=0)


def test_calibration_noise_is_constant_over_a_window():
    features = torch.zeros(4, 2, 50, len(COLUMNS))
    torch.manual_seed(0)
    noise = disturbances.calibration_noise(features, torch.ones(len(COLUMNS)))
    torch.testing.assert_close(noise, noise[:, :, :1].expand_as(noise))
    assert 0.8 < noise[:, :, 0].std() < 1.2
