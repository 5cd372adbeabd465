"""Muscle forces on real trials: OpenSim's own static optimisation and moment arms, and the whole command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics import cli
from gaitdynamics.body.opensim_muscles import OpenSimMuscles
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.files.storage import read_storage
from gaitdynamics.tasks.hip_muscles import estimate_hip_muscles
from gaitdynamics.tasks.moments import MomentsResult, compute_moments
from gaitdynamics.tasks.muscles import compute_muscles
from static_optimisation_oracle import opensim_static_optimisation

#: A treadmill walk, and overground walking of a child.
TRIALS = ("Arnold2013/subject01/walk2", "GaitEventsMoissenet/subject02")


@pytest.fixture(scope="module", autouse=True)
def opensim() -> None:
    pytest.importorskip("opensim")


def moments_of(data_folder: Path, label: str) -> MomentsResult:
    record = next(r for r in Catalogue.read(data_folder) if r.label.startswith(label))
    trial = record.load()
    assert trial.forces is not None
    return compute_moments(trial, trial.forces)


@pytest.mark.parametrize("label", TRIALS)
def test_moment_arms_are_those_of_opensim(data_folder: Path, label: str) -> None:
    """Its own moment arm follows couplings: at the knee it is ours there and at the patella, which the knee drives."""
    import opensim

    record = next(r for r in Catalogue.read(data_folder) if r.label.startswith(label))
    names = ("hip_flexion_l", "hip_adduction_l", "hip_rotation_l", "knee_angle_l", "ankle_angle_l", "knee_angle_l_beta")
    posture = dict(zip(names, (0.4, -0.12, 0.1, 0.7, 0.15, 0.7), strict=True))
    muscles = OpenSimMuscles(record.model_file, names)
    arms, strength = muscles.at(posture, {"knee_angle_l": 2.0, "knee_angle_l_beta": 2.0})
    arms[:, 3] += arms[:, 5]
    model = opensim.Model(str(record.model_file))
    state = model.initSystem()
    for name, value in posture.items():
        model.getCoordinateSet().get(name).setValue(state, value, False)
    model.getCoordinateSet().get("knee_angle_l").setSpeedValue(state, 2.0)
    model.getCoordinateSet().get("knee_angle_l_beta").setSpeedValue(state, 2.0)
    model.realizeVelocity(state)
    assert len(muscles.names) == 40
    for row, name in enumerate(muscles.names):
        muscle = model.getMuscles().get(name)
        for column in range(5):
            truth = muscle.computeMomentArm(state, model.getCoordinateSet().get(names[column]))
            assert arms[row, column] == pytest.approx(truth, abs=1e-9)
        assert strength[row] == pytest.approx(muscle.calcInextensibleTendonActiveFiberForce(state, 1.0), rel=1e-9)


@pytest.mark.parametrize("label", TRIALS)
def test_forces_are_those_of_opensims_static_optimisation(data_folder: Path, tmp_path: Path, label: str) -> None:
    """Within the tolerance of its optimiser, which ours does not need."""
    moments = moments_of(data_folder, label)
    trial = moments.trial
    start = len(trial.time) // 2
    span = (float(trial.time[start]), float(trial.time[start + 10]))
    frames, table = opensim_static_optimisation(trial, moments.forces, tmp_path, span=span, step=5)
    chosen = np.array(frames)
    result = compute_muscles(moments, frames={"r": chosen, "l": chosen})
    for leg in result.legs:
        theirs = np.stack([table.column(name) for name in leg.names], axis=1)
        difference = np.sqrt(np.mean((leg.force - theirs) ** 2))
        assert difference < 1.0 + 0.03 * np.sqrt(np.mean(theirs**2))
        reserves = np.stack([table.column(f"{name}_reserve") for name in leg.coordinates], axis=1)
        assert np.abs(leg.reserve - reserves).max() < 0.05


def test_our_network_gives_what_static_optimisation_gives(data_folder: Path) -> None:
    """On a person of another study than those it learnt from, from the same joint moments."""
    moments = moments_of(data_folder, TRIALS[0])
    frames = np.arange(20, 520, 10)
    optimised = compute_muscles(moments, frames={"r": frames, "l": frames})
    estimated = estimate_hip_muscles(moments)
    for leg in optimised.legs:
        truth, predicted = leg.groups(), estimated.forces[leg.side][frames]
        assert 1.0 - np.square(predicted - truth).sum() / np.square(truth - truth.mean()).sum() > 0.85


def test_kinetics_ends_with_muscles_that_sum_to_the_joint_moments(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the motion alone; what the files say, not what is in memory."""
    folder = data_folder / "Arnold2013" / "subject01"
    given = ["--model", str(folder / "model.osim"), "--treadmill", "1.25", "--muscles", "--muscle-rate", "20"]
    assert cli.run(["kinetics", str(folder / "walk2_ik.mot"), *given, "--out", str(tmp_path)]) == 0
    assert "40 muscles at 108 instants" in capsys.readouterr().out
    report = json.loads((tmp_path / "walk2_ik_muscles.json").read_text())
    assert {path.name for path in tmp_path.iterdir()} >= set(report["files"])
    moments = read_storage(tmp_path / "walk2_ik_id.sto")
    shared = read_storage(tmp_path / "walk2_ik_muscle_moments.sto")
    muscles = read_storage(tmp_path / "walk2_ik_muscle_forces.sto")
    chosen = np.searchsorted(moments.time, shared.time - 1e-6)
    for leg in report["legs"]:
        side = leg["side"]
        for name in (f"hip_flexion_{side}", f"hip_adduction_{side}", f"hip_rotation_{side}", f"ankle_angle_{side}"):
            wanted = moments.column(f"{name}_moment")[chosen]
            left = wanted - shared.column(f"{name}_muscles")
            np.testing.assert_allclose(left, shared.column(f"{name}_reserve"), atol=1e-5)
            np.testing.assert_allclose(muscles.column(f"{name}_reserve"), shared.column(f"{name}_reserve"), atol=1e-9)
            assert np.abs(left).max() <= leg["reserve_largest_nm"][name] + 1e-5
            assert leg["reserve_share"][name] < 0.01
        # The knee's moment holds the patella's.
        knee = moments.column(f"knee_angle_{side}_moment")[chosen]
        assert np.abs(knee - shared.column(f"knee_angle_{side}_moment")).max() < 1.0
        # Known of walking: calf and hip abductors carry the most, and calf muscles rest in early swing.
        assert leg["peak_force_n"][f"soleus_{side}"] > 1000.0
        assert 5.0 < leg["hip_group_peaks_per_kg"]["glmed"]["maximum"] < 30.0
