"""Errors per person and over people, beside numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gaitdynamics.dataset.gait2hip import HipData
from gaitdynamics.evaluation.hip_metrics import errors, over_people, person_errors, write_hip_table
from gaitdynamics.features.hip import TARGETS


def test_all_samples_and_outputs_count_alike():
    truth = np.array([[[0.0, 10.0], [2.0, 12.0]]])
    found = errors(truth + np.array([1.0, -3.0]), truth)
    assert found["RMSE"] == pytest.approx(np.sqrt(5.0))
    assert found["MAE"] == pytest.approx(2.0)
    # About the mean of all four values, 6, not about that of each output.
    assert found["R2"] == pytest.approx(1.0 - 20.0 / 104.0)
    assert np.isnan(errors(np.ones(3), np.zeros(3))["R2"])


def made() -> HipData:
    truth = np.random.default_rng(0).normal(size=(6, 20, 3))
    who, how = np.array(["a", "a", "a", "b", "b", "b"]), np.array(["fast", "slow", "slow", "fast", "med", "med"])
    return HipData(np.zeros((6, 20, 10)), truth, who, how, TARGETS["joint_moments"], "d.npz", "")


def test_people_count_alike_however_many_trials_they_have(tmp_path):
    data = made()
    predicted = data.outputs + np.array([1.0, 1.0, 1.0, 3.0, 3.0, 3.0])[:, None, None]
    per_person = person_errors(predicted, data)
    table = over_people(per_person).set_index("cadence")
    assert list(table.index) == ["all", "slow", "med", "fast"]
    assert table.loc["all", "MAE"] == pytest.approx(2.0)
    assert table.loc["all", "MAE_sd"] == pytest.approx(np.sqrt(2.0))
    assert table.loc["slow", "MAE"] == pytest.approx(1.0)
    assert table.loc["slow", "people"] == 1
    assert table.loc["all", "trials"] == 6
    page = write_hip_table(tmp_path, "test", "A title", "N.m/kg", per_person)
    assert "| all | 2 | 6 | 2.000 \N{PLUS-MINUS SIGN} 1.414 |" in page
    assert (tmp_path / "test.csv").read_text().splitlines()[0] == "person,cadence,trials,RMSE,MAE,R2"
