"""The published networks on a real walk: near inverse dynamics in shape, sign and size, on both sides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.features.hip import TARGETS
from gaitdynamics.inference.hip_checkpoint import find_hip
from gaitdynamics.inference.hip_published import import_hip
from gaitdynamics.tasks.hip import estimate_hip
from gaitdynamics.tasks.moments import compute_moments


@pytest.fixture(scope="module")
def weights(hip_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hip") / "weights"
    import_hip(sorted(hip_files.glob("*.pt")), folder)
    return folder


@pytest.fixture(scope="module")
def walk(data_folder: Path):
    record = next(r for r in Catalogue.read(data_folder).select(study="Arnold2013") if r.trial == "walk2")
    trial = record.load()
    assert trial.forces is not None
    return record, compute_moments(trial, trial.forces)


@pytest.mark.parametrize("network", ["transformer", "mamba", "lstm"])
def test_moments_are_near_inverse_dynamics(network, weights, walk):
    record, measured = walk
    estimate = estimate_hip(record.motion_file, find_hip(weights, network), mass_kg=record.mass_kg)
    assert len(estimate.sides) == 2
    for side in estimate.sides:
        for index, name in enumerate(TARGETS["joint_moments"].names):
            predicted = side.values["joint_moments"][:, index]
            truth = measured.column(f"{name}_{side.side}")[side.frames] / record.mass_kg
            assert np.corrcoef(predicted, truth)[0, 1] > 0.7, (side.side, name)
            assert 0.3 < np.ptp(predicted) / np.ptp(truth) < 1.2, (side.side, name)


def test_muscles_work_when_they_should(weights, walk):
    """Iliopsoas around toe-off, gluteus medius in stance, hamstrings at the end of swing; left and right alike."""
    record, _ = walk
    estimate = estimate_hip(record.motion_file, find_hip(weights), mass_kg=record.mass_kg)
    names = TARGETS["muscle_forces"].names
    curves = {s.side: s.sequences["muscle_forces"].mean(0) for s in estimate.sides}
    for curve in curves.values():
        peak = dict(zip(names, 100 * curve.argmax(axis=0) / 179, strict=True))
        assert 40 < peak["iliopsoas"] < 60
        assert 10 < peak["glmed"] < 30
        assert 85 < peak["hamstring"] <= 100
        assert 2.0 < curve[:, names.index("glmed")].max() < 25.0
    for index, name in enumerate(names):
        if max(curve[:, index].max() for curve in curves.values()) < 1.0:
            continue  # of the weak ones, little but noise is left
        assert np.corrcoef(curves["r"][:, index], curves["l"][:, index])[0, 1] > 0.8, name
