"""Reading and writing on real trials, with OpenSim itself as the judge where it is installed."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.columns import LUMBAR
from gaitdynamics.files.external_loads import write_external_loads
from gaitdynamics.files.forces import read_forces, write_forces
from gaitdynamics.files.inverse_dynamics import write_inverse_dynamics_setup
from gaitdynamics.files.motion import read_trial
from gaitdynamics.files.storage import read_storage, write_storage
from gaitdynamics.trial import Surface

#: In the forces of the data folder a foot carries this much of body weight at least once per trial.
CARRIED = 0.5


def one_trial_per_study(folder: Path) -> list[dict[str, str]]:
    """First and last trial of each study."""
    with (folder / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    first = {row["study"]: row for row in reversed(rows)}
    last = {row["study"]: row for row in rows}
    return list({row["folder"] + row["trial"]: row for row in (*first.values(), *last.values())}.values())


def test_trials_of_every_study_read_without_false_alarm(data_folder: Path) -> None:
    rows = one_trial_per_study(data_folder)
    assert len({row["study"] for row in rows}) >= 10
    for row in rows:
        home = data_folder / row["folder"]
        height = float(row["height_m"]) if row["height_m"] else None
        trial = read_trial(
            home / f"{row['trial']}_ik.mot",
            model=home / "model.osim",
            mass_kg=float(row["mass_kg"]),
            height_m=height,
            surface=Surface(),
        )
        assert len(trial.time) == int(row["frames"])
        assert trial.rate == pytest.approx(float(row["rate_hz"]), rel=1e-3)
        gone = {name for name, missing in zip(trial.coordinates, trial.missing, strict=True) if missing}
        assert set(row["missing"].split()) & set(trial.coordinates) <= gone
        assert all("default stands" in w or "held upright" in w for w in trial.warnings), trial.warnings
        forces = read_forces(home / f"{row['trial']}_grf.mot", trial.time)
        assert forces.free_moment is not None
        assert forces.force[..., 1].max() > CARRIED * trial.body_weight


def test_forces_survive_writing(data_folder: Path, tmp_path: Path) -> None:
    for row in one_trial_per_study(data_folder):
        original = read_forces(data_folder / row["folder"] / f"{row['trial']}_grf.mot")
        write_forces(tmp_path / "grf.mot", original, naming="opencap")
        found = read_forces(tmp_path / "grf.mot")
        np.testing.assert_array_equal(found.force, original.force)
        np.testing.assert_array_equal(found.cop, original.cop)


def inverse_dynamics(folder: Path, forces_file: str, naming: str, name: str, span: tuple[float, float]) -> Path:
    """Run OpenSim's tool on the setup files that this package writes."""
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("Error")
    write_external_loads(folder / f"{name}_loads.xml", datafile=forces_file, naming=naming)
    write_inverse_dynamics_setup(
        folder / f"{name}_setup.xml",
        model_file="model.osim",
        coordinates_file="walk_ik.mot",
        external_loads_file=f"{name}_loads.xml",
        time_range=span,
        output_file=f"{name}.sto",
    )
    assert opensim.InverseDynamicsTool(str(folder / f"{name}_setup.xml")).run()
    return folder / f"{name}.sto"


@pytest.fixture
def walk(data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of one walking trial with model, motion and forces; OpenSim is started in it."""
    monkeypatch.chdir(tmp_path)
    home = data_folder / "OpenSimGait2354" / "subject01"
    for source, target in (
        ("model.osim", "model.osim"),
        ("walk1_ik.mot", "walk_ik.mot"),
        ("walk1_grf.mot", "grf.mot"),
    ):
        shutil.copy(home / source, tmp_path / target)
    return tmp_path


def test_inverse_dynamics_agrees_on_the_original_and_the_written_forces(walk: Path) -> None:
    pytest.importorskip("opensim")
    forces = read_forces(walk / "grf.mot")
    write_forces(walk / "written.mot", forces)
    time = read_storage(walk / "walk_ik.mot").time
    span = (float(time[30]), float(time[70]))
    original = read_storage(inverse_dynamics(walk, "grf.mot", "opencap", "original", span))
    written = read_storage(inverse_dynamics(walk, "written.mot", "opensim", "written", span))
    assert written.labels == original.labels
    # The horizontal components of the measured free torque are not kept (they are zero by definition).
    np.testing.assert_allclose(written.data, original.data, rtol=0, atol=1e-6)
    # The forces were applied at all: without them the pelvis would have to hold the body up.
    residual = np.abs(written.column("pelvis_ty_force")).mean()
    assert residual < 0.2 * forces.force[..., 1].sum(axis=1).mean()


def test_opensim_reads_our_tables(walk: Path) -> None:
    opensim = pytest.importorskip("opensim")
    table = read_storage(walk / "walk_ik.mot")
    write_storage(walk / "again.mot", table.labels, table.data, name=table.name, in_degrees=True)
    theirs = opensim.TimeSeriesTable(str(walk / "again.mot"))
    assert tuple(theirs.getColumnLabels()) == table.labels[1:]
    np.testing.assert_array_equal(theirs.getMatrix().to_numpy(), table.data[:, 1:])
    assert theirs.getTableMetaDataString("inDegrees") == "yes"


def test_torso_is_upright_by_opensims_own_kinematics(data_folder: Path) -> None:
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("Error")
    home = data_folder / "Fukuchi2017" / "subject01"
    trial = read_trial(home / "run250_ik.mot", model=home / "model.osim", surface=Surface("treadmill", 2.5))
    assert all(trial.is_missing(name) for name in LUMBAR)
    model = opensim.Model(str(home / "model.osim"))
    state = model.initSystem()
    pelvis_tilt = np.degrees(np.ptp(trial.column("pelvis_tilt")))
    assert pelvis_tilt > 2.0
    for frame in range(0, 1000, 97):
        for name, value in zip(trial.coordinates, trial.values[frame], strict=True):
            coordinate = model.getCoordinateSet().get(name)
            if not coordinate.getLocked(state):
                coordinate.setValue(state, float(value), False)
        model.realizePosition(state)
        torso = model.getBodySet().get("torso").getTransformInGround(state).R()
        up = [torso.get(i, 1) for i in range(3)]
        np.testing.assert_allclose(up, (0.0, 1.0, 0.0), atol=1e-9)
