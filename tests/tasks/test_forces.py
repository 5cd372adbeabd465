"""The main job end to end on the shipped example: what must hold for any weights, and for ours."""

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.errors import UserInputError
from gaitdynamics.tasks.forces import estimate_forces, estimate_treadmill, physics_forces
from gaitdynamics.trial import Surface, Trial
from transformations import mirrored, moved


@pytest.fixture(scope="module")
def estimate(example_trial):
    return estimate_forces(example_trial)


def cut(trial: Trial, start: int, stop: int) -> Trial:
    return replace(trial, time=trial.time[start:stop], values=trial.values[start:stop])


def test_forces_carry_the_body(example_trial, estimate):
    total = estimate.forces.force.sum(1)
    assert total[:, 1].mean() / example_trial.body_weight == pytest.approx(1.0, abs=0.03)
    # Steady walking neither speeds up nor drifts sideways.
    assert np.abs(total[:, [0, 2]].mean(0)).max() / example_trial.body_weight < 0.01


def test_equal_input_gives_equal_output(example_trial, estimate):
    again = estimate_forces(example_trial)
    np.testing.assert_array_equal(again.forces.force, estimate.forces.force)
    np.testing.assert_array_equal(again.forces.cop, estimate.forces.cop)


@pytest.mark.parametrize("yaw", [0.5, np.pi, -1.6])
def test_turning_the_laboratory_turns_the_forces(example_trial, estimate, yaw):
    shift = np.array([2.0, 0.0, -5.0])
    other = estimate_forces(moved(example_trial, yaw, tuple(shift))).forces
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    np.testing.assert_allclose(other.force, estimate.forces.force @ turn.T, atol=0.5)
    both = (other.force[..., 1] > 20.0) & (estimate.forces.force[..., 1] > 20.0)
    expected = estimate.forces.cop @ turn.T + shift
    np.testing.assert_allclose(other.cop[both], expected[both], atol=1e-3)


def test_left_is_right_in_a_mirror(example_trial, estimate):
    other = estimate_forces(mirrored(example_trial)).forces
    flip = np.array([1.0, 1.0, -1.0])
    np.testing.assert_allclose(other.force[:, ::-1] * flip, estimate.forces.force, atol=0.5)


def test_time_keeps_its_clock_and_its_rate(example_trial):
    later = replace(example_trial, time=example_trial.time + 17.25)
    forces = estimate_forces(later).forces
    np.testing.assert_array_equal(forces.time, later.time)


@pytest.mark.parametrize("rate", [50.0, 120.0, 250.0])
def test_any_rate_gives_nearly_the_same_forces(example_trial, estimate, rate):
    from gaitdynamics.signals import resample

    time = np.arange(example_trial.time[0], example_trial.time[-1], 1.0 / rate)
    other = replace(example_trial, time=time, values=resample(example_trial.values, example_trial.time, time))
    forces = estimate_forces(other).forces
    assert len(forces.time) == len(time)
    expected = np.stack(
        [np.interp(time, example_trial.time, estimate.forces.force[:, side, 1]) for side in range(2)], -1
    )
    assert np.abs(forces.force[..., 1] - expected).mean() / example_trial.body_weight < 0.015


@pytest.mark.parametrize("frames", [31, 60, 149, 151, 400])
def test_short_trials_and_the_last_window(example_trial, estimate, frames):
    part = estimate_forces(cut(example_trial, 200, 200 + frames))
    assert np.isfinite(part.forces.force).all()
    whole = estimate.forces.force[200 : 200 + frames]
    if frames > 150:
        # The end of a trial is as good as its middle, but for what the ends of filters cost.
        error = np.abs(part.forces.force - whole)[-60:-20, :, 1] / example_trial.body_weight
        assert error.mean() < 0.05


def test_too_short_is_refused(example_trial):
    with pytest.raises(UserInputError, match="at least"):
        estimate_forces(cut(example_trial, 0, 20))


def test_no_jump_at_window_borders(example_trial, estimate):
    """Second differences at the borders of windows (every 75 frames) are no larger than elsewhere."""
    vertical = estimate.forces.force[..., 1]
    bend = np.abs(np.diff(vertical, 2, axis=0))
    borders = np.zeros(len(bend), dtype=bool)
    for border in range(75, len(bend), 75):
        borders[border - 2 : border + 2] = True
    assert bend[borders].mean() < 1.5 * bend[~borders].mean()


def test_a_wrong_surface_is_questioned(example_trial):
    on_belt = replace(example_trial, surface=Surface("treadmill", 1.3))
    assert any("stance feet" in note for note in estimate_forces(on_belt).warnings)


def test_a_right_surface_is_not_questioned(estimate):
    assert not any("stance feet" in note for note in estimate.warnings)


def test_an_unknown_belt_speed_is_found(example_trial):
    values = example_trial.values.copy()
    values[:, example_trial.coordinates.index("pelvis_tx")] -= 1.3 * (example_trial.time - example_trial.time[0])
    found, estimate = estimate_treadmill(replace(example_trial, values=values))
    assert found.surface.kind == "treadmill"
    assert found.surface.belt_speed == pytest.approx(1.3, abs=0.08)
    assert f"{estimate.speed:.3f}" in found.warnings[-1]


def test_physics_obeys_the_same_contract(example_trial):
    forces = physics_forces(example_trial)
    np.testing.assert_array_equal(forces.time, example_trial.time)
    assert np.isfinite(forces.force).all()
    swing = forces.force[..., 1] == 0.0
    assert (forces.force[swing] == 0.0).all()
    assert (forces.cop[swing] == 0.0).all()
    assert 0.3 < swing.mean() < 0.5
