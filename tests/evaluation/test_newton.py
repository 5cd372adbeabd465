"""Newton's law against forces whose gain and offset are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.evaluation.newton import newton_score, plate_gain
from gaitdynamics.features.newton import demanded_force
from gaitdynamics.trial import FootForces, Trial


@pytest.fixture(scope="module")
def demanded(example_trial) -> np.ndarray:
    return demanded_force(example_trial)


def plates(trial: Trial, demanded: np.ndarray, gain: float, valid: np.ndarray | None = None) -> Trial:
    """Let the right foot carry 30 %, the left 70 % of what the motion demands, read with a gain."""
    force = gain * demanded[:, None] * np.array([0.3, 0.7])[:, None]
    return replace(trial, forces=FootForces(trial.time, force, np.zeros_like(force), valid=valid))


def test_what_the_motion_demands_carries_the_weight(example_trial, demanded):
    assert demanded.shape == (len(example_trial.time), 3)
    assert demanded[:, 1].mean() == pytest.approx(example_trial.body_weight, rel=0.02)


def test_forces_that_obey_newton_have_no_residual_and_others_theirs(example_trial, demanded):
    weight = example_trial.body_weight
    valid = np.ones((len(demanded), 2), bool)
    valid[:100, 0] = False
    forces = plates(example_trial, demanded, 1.0).forces
    exact = newton_score(forces, demanded, valid, weight)
    assert (exact.frames, exact.vertical, exact.total) == (len(demanded) - 100, pytest.approx(0), pytest.approx(0))
    pushed = forces.force.copy()
    pushed[:, 0] += 0.01 * weight * np.array([4.0, 3.0, 0.0])
    pushed[:100] = 1e6  # not valid on both feet, so it does not count
    score = newton_score(replace(forces, force=pushed), demanded, valid, weight)
    assert (score.vertical, score.total) == (pytest.approx(3.0), pytest.approx(5.0))
    nothing = newton_score(forces, demanded, np.zeros_like(valid), weight)
    assert nothing.frames == 0
    assert np.isnan(nothing.vertical)


def test_the_gain_of_the_plates_is_found(example_trial, demanded):
    trials = [plates(example_trial, demanded, gain) for gain in (1.02, 1.10)]
    gain = plate_gain(trials)
    assert (gain.mean, gain.sd, gain.trials) == (pytest.approx(1.06), pytest.approx(0.04), 2)
    blind = plates(example_trial, demanded, 1.5, valid=np.zeros((len(demanded), 2), bool))
    assert plate_gain([*trials, blind]).trials == 2
    assert plate_gain([blind]).mean == 1.0
