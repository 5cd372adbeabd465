"""Joint moments against OpenSim's own Inverse Dynamics, file against file, and the knee adduction of walking."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.files.external_loads import write_external_loads
from gaitdynamics.files.forces import read_forces, write_forces
from gaitdynamics.files.inverse_dynamics import write_inverse_dynamics_setup
from gaitdynamics.files.motion import read_trial
from gaitdynamics.files.storage import read_storage
from gaitdynamics.tasks.moments import MomentsResult, compute_moments
from gaitdynamics.tasks.moments_report import StancePeaks, build_moments_report
from gaitdynamics.trial import Surface


def record_of(data_folder: Path, label: str) -> TrialRecord:
    (record,) = [r for r in Catalogue.read(data_folder) if r.label == label]
    return record


# Treadmill and floor, arms, subtalar angles absent or present, a model of another scaling program.
@pytest.mark.parametrize(
    "label",
    [
        "Arnold2013/subject01/walk2",
        "Arnold2013/subject04/walk2",
        "Uhlrich2023/subject04/walking1",
        "Uhlrich2023/subject04/walkingTS1",
        "GaitEventsMoissenet/subject03/walk_1",
    ],
)
def test_moments_agree_with_opensim_on_the_same_files(data_folder: Path, tmp_path: Path, label: str) -> None:
    opensim = pytest.importorskip("opensim")
    record = record_of(data_folder, label)
    trial = read_trial(record.motion_file, model=record.model_file, surface=Surface())
    write_forces(tmp_path / "grf.mot", read_forces(record.forces_file, trial.time))
    write_external_loads(tmp_path / "loads.xml", datafile="grf.mot")
    write_inverse_dynamics_setup(
        tmp_path / "setup.xml",
        model_file=str(record.model_file.resolve()),
        coordinates_file=str(record.motion_file.resolve()),
        external_loads_file="loads.xml",
        time_range=(float(trial.time[0]), float(trial.time[-1])),
        output_file="opensim.sto",
    )
    with chdir(tmp_path):
        opensim.Logger.setLevelString("Error")
        assert opensim.InverseDynamicsTool("setup.xml").run()
    result = compute_moments(trial, read_forces(tmp_path / "loads.xml", trial.time))
    ours = read_storage(result.to_files(tmp_path / "results").moments)
    theirs = read_storage(tmp_path / "opensim.sto")
    assert ours.labels == theirs.labels
    np.testing.assert_allclose(ours.time, theirs.time, atol=1e-6)
    rms = np.sqrt(np.mean((ours.data - theirs.data) ** 2, axis=0))[1:]
    far = {name: value for name, value in zip(result.names, rms, strict=True) if value > 0.5}
    assert not far
    # The agreement is of numbers that are not small themselves.
    assert np.abs(theirs.column("ankle_angle_r_moment")).max() > 20.0


def moments_of(data_folder: Path, label: str) -> MomentsResult:
    trial = record_of(data_folder, label).load()
    assert trial.forces is not None
    return compute_moments(trial, trial.forces)


def whole_stances(result: MomentsResult) -> list[StancePeaks]:
    return [s for s in build_moments_report(result).stances if s.complete]


@pytest.mark.parametrize("subject", ["subject01", "subject02", "subject04", "subject19"])
def test_knee_adduction_of_walking_has_two_humps_on_both_sides(data_folder: Path, subject: str) -> None:
    result = moments_of(data_folder, f"Arnold2013/{subject}/walk2")
    for foot, side in enumerate("rl"):
        curves = [
            np.interp(np.linspace(0, 1, 101), np.linspace(0, 1, s.stop - s.start), curve)
            for s in result.stances()
            if s.side == side and s.complete
            for curve in [result.knee_adduction[s.start : s.stop, foot]]
        ]
        mean = np.mean(curves, axis=0)
        first, valley, second = mean[:50].max(), mean[35:70].min(), mean[50:].max()
        assert mean[20:81].min() > 0.05  # positive through single support
        assert 0.25 < first < 1.0
        assert 0.15 < second < 0.8
        assert valley < min(first, second) - 0.02
        # In swing nothing acts on the foot.
        airborne = result.forces.force[:, foot, 1] == 0.0
        assert airborne.any()
        np.testing.assert_allclose(result.knee_adduction[airborne, foot], 0.0, atol=1e-9)
    assert result.knee_adduction_percent is None  # heights are unknown in this study


def test_gait_changes_known_to_lower_knee_adduction_lower_it(data_folder: Path) -> None:
    """Toe-in lowers the first peak, toe-out the second, trunk sway both (review: Simic et al. 2011)."""

    def left_peaks(*trials: str) -> tuple[float, float]:
        peaks = []
        for trial in trials:
            for s in whole_stances(moments_of(data_folder, f"Uhlrich2023/subject04/{trial}")):
                pair = (
                    s.knee_adduction_first_peak_percent_bw_bh,
                    s.knee_adduction_second_peak_percent_bw_bh,
                )
                assert None not in pair
                if s.side == "l":
                    peaks.append(pair)
        first, second = np.array(peaks, dtype=float).mean(axis=0)
        return float(first), float(second)

    normal = left_peaks("walking1", "walking2")
    assert 2.0 < normal[0] < 4.0  # %BW.BH
    assert left_peaks("walkingTI1", "walkingTI2")[0] < 0.8 * normal[0]
    assert left_peaks("walkingTS1", "walkingTS2")[0] < 0.6 * normal[0]
    assert left_peaks("walkingTO1", "walkingTO2")[1] < normal[1]
