"""A pelvis of unknown height is set where the feet stand on the floor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.floor import estimate_floor
from gaitdynamics.features.standing import stand_on_floor
from gaitdynamics.trial import Trial


def lifted(trial: Trial, by: np.ndarray | float) -> Trial:
    values = trial.values.copy()
    values[:, trial.coordinates.index("pelvis_ty")] += by
    return trial.with_values(values)


@pytest.mark.parametrize("start", [0.0, 0.37])
@pytest.mark.parametrize("seconds", [0.5, 1.6, 10.0])
def test_a_constant_height_is_found(example_trial: Trial, seconds: float, start: float) -> None:
    frames = slice(round(100 * start), round(100 * (start + seconds)) + 1)
    trial = replace(example_trial, time=example_trial.time[frames], values=example_trial.values[frames])
    afloat = stand_on_floor(lifted(trial, 3.0))
    np.testing.assert_allclose(afloat.values, stand_on_floor(trial).values, atol=1e-9)
    assert estimate_floor(body_state(afloat)).from_feet == pytest.approx(0.0, abs=1e-3)
    # The feet of this walk come down to the same level within a centimetre, so that its shape stays.
    change = afloat.column("pelvis_ty") - trial.column("pelvis_ty")
    assert np.ptp(change) < 0.01
    others = [i for i, name in enumerate(trial.coordinates) if name != "pelvis_ty"]
    np.testing.assert_array_equal(afloat.values[:, others], trial.values[:, others])


def test_a_drift_is_taken_away(example_trial: Trial) -> None:
    time = example_trial.time
    expected = stand_on_floor(example_trial).column("pelvis_ty")
    drift = -0.06 * time + 0.1 * np.sin(2 * np.pi * time / 8.0)
    found = stand_on_floor(lifted(example_trial, drift)).column("pelvis_ty")
    assert np.abs(found - expected).max() < 0.02
    assert np.ptp(drift) > 0.5
