"""OpenSim's Inverse Dynamics runs on the files as they are written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.files.storage import read_storage
from gaitdynamics.tasks.results import ForceEstimate, WeightsInfo


def measured_as_estimate(data_folder: Path) -> ForceEstimate:
    """Take a treadmill walk with its measured forces for an estimate."""
    (record,) = [r for r in Catalogue.read(data_folder) if r.label == "Arnold2013/subject01/walk2"]
    trial = record.load()
    assert trial.forces is not None
    where = {"motion_path": str(record.motion_file), "model_path": str(record.model_file)}
    trial = replace(trial, provenance={**trial.provenance, **where})
    frames = len(trial.time)
    return ForceEstimate(
        trial=trial,
        forces=replace(trial.forces, valid=None),
        contact=trial.forces.force[..., 1] > 0,
        floor_height=0.0,
        floor_note="measured",
        com_velocity=np.tile([1.25, 0.0, 0.0], (frames, 1)),
        physics_force=trial.forces.force.sum(axis=1),
        weights=WeightsInfo("none", "", "measured forces"),
    )


@pytest.mark.parametrize("grf_naming", ["opensim", "opencap"])
def test_inverse_dynamics_runs_on_the_setup_and_leaves_small_residuals(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grf_naming: str
) -> None:
    opensim = pytest.importorskip("opensim")
    estimate = measured_as_estimate(data_folder)
    files = estimate.to_files(tmp_path / "results", grf_naming=grf_naming)  # type: ignore[arg-type]
    # OpenSim looks the model up from where it runs, and the rest from where the setup is.
    monkeypatch.chdir(files.report.parent)
    assert opensim.InverseDynamicsTool(files.inverse_dynamics_setup.name).run()
    moments = read_storage(tmp_path / "results" / f"{estimate.trial.name}_id_opensim.sto")
    inner = slice(20, -20)
    # The six residuals at the pelvis are what force and motion do not explain: were the loads not read or on
    # the wrong foot, the vertical one would be about body weight.
    vertical = np.abs(moments.column("pelvis_ty_force"))[inner].mean()
    assert vertical < 0.06 * estimate.trial.body_weight
    tilt = np.abs(moments.column("pelvis_tilt_moment"))[inner].mean()
    assert tilt < 0.10 * estimate.trial.body_weight
    # And moments have the signs of docs/conventions.md: plantarflexors push, abductors hold the pelvis.
    late = estimate.contact[inner, 0] & ~estimate.contact[inner, 1]
    assert moments.column("ankle_angle_r_moment")[inner][late].min() < -0.8 * estimate.trial.subject.mass_kg
    assert np.median(moments.column("hip_adduction_r_moment")[inner][late]) < 0.0
