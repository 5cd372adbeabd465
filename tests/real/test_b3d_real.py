"""Files in AddBiomechanics' format against the motion and force files that hold the same trials."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.files.b3d import B3dFile
from gaitdynamics.files.b3d_trials import read_b3d_model, read_b3d_trial
from gaitdynamics.files.forces import read_forces
from gaitdynamics.files.motion import read_trial


@pytest.fixture(scope="module")
def folder(data_folder: Path) -> Path:
    if not (data_folder / "b3d").is_dir():
        pytest.skip("the data folder has no b3d files")
    return data_folder


@pytest.mark.parametrize("person", ["Arnold2013/subject01", "Hamner2013/subject04", "Uhlrich2023/subject04"])
def test_same_as_the_files_it_was_made_from(folder: Path, person: str) -> None:
    file = B3dFile(folder / "b3d" / f"{person.replace('/', '_')}.b3d")
    model = read_b3d_model(file)
    assert file.warnings == ()
    assert file.trials
    for of in file.trials:
        found = read_b3d_trial(file, of.index, model=model)
        home = folder / person
        motion = read_trial(home / f"{of.name}_ik.mot", model=home / "model.osim", mass_kg=file.mass_kg)
        forces = read_forces(home / f"{of.name}_grf.mot", motion.time)
        assert found.coordinates == motion.coordinates
        assert np.array_equal(found.missing, motion.missing)
        assert np.allclose(found.values, motion.values, atol=1e-12)
        assert found.time[-1] == pytest.approx(motion.time[-1] - motion.time[0], abs=1e-9)
        assert found.forces is not None
        assert forces.free_moment is not None
        assert np.allclose(found.forces.force, forces.force, atol=1e-9)
        assert np.allclose(found.forces.cop, forces.cop, atol=1e-12)
        assert np.allclose(found.forces.free_moment, forces.free_moment, atol=1e-9)


def test_sample_of_the_format(folder: Path) -> None:
    """It has forces in its wrenches only; its centre of mass tells that coordinates are in the right order."""
    file = B3dFile(folder / "b3d" / "results.b3d")
    model = read_b3d_model(file)
    skeleton = Skeleton(model)
    for of in file.trials:
        trial = read_b3d_trial(file, of.index, model=model)
        com = file.read(of.index, ["com_pos"])["com_pos"]
        ours = skeleton.center_of_mass(skeleton.pose(torch.from_numpy(trial.values))).numpy()
        # The file's first frame has no centre of mass; the kneecaps' place explains the millimetre.
        assert np.abs(com - ours)[1:].max() < 0.0015
        cop, force, _ = file.read_plates(of.index)
        assert trial.forces is not None
        assert np.array_equal(trial.forces.force, force)
        loaded = force[:, 0, 1] > 100.0
        assert np.abs(trial.forces.cop - cop)[loaded, 0][:, [0, 2]].max() < 0.003
