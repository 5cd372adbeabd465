from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.errors import UserInputError
from gaitdynamics.files.forces import read_forces
from gaitdynamics.files.osim import read_osim
from gaitdynamics.files.storage import read_storage
from gaitdynamics.tasks import outputs
from gaitdynamics.tasks.batch import BatchSettings, check_batch
from gaitdynamics.tasks.report import read_report
from gaitdynamics.trial import Surface
from synthetic_walk import estimate, uncertain


@pytest.fixture(autouse=True)
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes a second and is tested with the pictures themselves."""
    from gaitdynamics.plotting import style

    monkeypatch.setattr(style, "save_png", lambda figure, path: path.write_bytes(b"picture"))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_all_files_are_written_and_agree_with_the_estimate(tmp_path: Path) -> None:
    result = estimate()
    files = result.to_files(tmp_path / "new" / "folder", grf_naming="opencap")
    assert sorted(p.name for p in files.forces.parent.iterdir()) == sorted(p.name for p in files.paths())
    forces = read_forces(files.forces)
    np.testing.assert_allclose(forces.time, result.forces.time)
    np.testing.assert_allclose(forces.force, result.forces.force)
    np.testing.assert_allclose(forces.cop, result.forces.cop)
    assert forces.free_moment is not None
    assert not forces.free_moment.any()
    # The loads lead to the same forces.
    np.testing.assert_allclose(read_forces(files.external_loads).force, result.forces.force)
    assert files.model is not None
    assert read_osim(files.model).mass == pytest.approx(result.trial.subject.mass_kg)
    report = read_report(files.report)
    assert set(report.files) == {p.name for p in files.paths()}
    assert report.grf_naming == "opencap"


@pytest.mark.parametrize(("naming", "right", "left"), [("opensim", "", "1_"), ("opencap", "R_", "L_")])
def test_standard_deviations_stand_beside_the_forces(tmp_path: Path, naming, right: str, left: str) -> None:
    result = uncertain(estimate())
    files = result.to_files(tmp_path, grf_naming=naming)
    assert files.deviations == tmp_path / "walk_grf_sd.sto"
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in files.paths()}
    assert files.deviations.name in read_report(files.report).files
    table, forces = read_storage(files.deviations), read_storage(files.forces)
    np.testing.assert_array_equal(table.time, forces.time)
    assert list(table.labels) == ["time", *(f"{label}_sd" for label in forces.labels[1:] if "torque" not in label)]
    for foot, prefix in enumerate((right, left)):
        for component, axis in enumerate("xyz"):
            force, cop = (table.column(f"{prefix}ground_force_{kind}{axis}_sd") for kind in "vp")
            np.testing.assert_array_equal(force, result.forces.force_sd[:, foot, component])
            np.testing.assert_array_equal(cop, result.forces.cop_sd[:, foot, component])


def test_without_standard_deviations_there_is_no_file_of_them_not_even_an_earlier_one(tmp_path: Path) -> None:
    uncertain(estimate()).to_files(tmp_path)
    files = estimate(seconds=4.0).to_files(tmp_path)
    assert files.deviations is None
    assert (
        {p.name for p in tmp_path.iterdir()} == {p.name for p in files.paths()} == set(read_report(files.report).files)
    )


def test_standard_deviations_of_others_stop_a_batch_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "walk_grf_sd.sto").write_text("measured at great cost")
    with pytest.raises(UserInputError, match="was not written by gaitdynamics"):
        check_batch([Path("walk.mot")], BatchSettings(tmp_path, Surface(), model=Path("subject.osim")))
    for result in (estimate(), uncertain(estimate())):
        with pytest.raises(UserInputError, match="was not written by gaitdynamics"):
            result.to_files(tmp_path)
    assert snapshot(tmp_path) == {"walk_grf_sd.sto": b"measured at great cost"}


def test_setup_points_to_the_inputs_from_the_folder_of_results(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    files = estimate(generic=False, folder=inputs).to_files(tmp_path / "a" / "results")
    assert files.model is None
    setup = ET.parse(files.inverse_dynamics_setup).getroot()
    found = {tag: setup.findtext(f".//{tag}", "") for tag in ("model_file", "coordinates_file")}
    for name, file in (("model_file", "subject.osim"), ("coordinates_file", "walk.mot")):
        assert not Path(found[name]).is_absolute()
        assert (files.report.parent / found[name]).resolve() == (inputs / file).resolve()
    assert setup.findtext(".//external_loads_file") == files.external_loads.name


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        ("write_deviations", OSError(28, "No space left on device")),
        ("write_osim", OSError(28, "No space left on device")),
        ("write_text", OSError(28, "No space left on device")),
        ("write_text", KeyboardInterrupt()),
    ],
)
def test_failure_in_the_middle_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, error: BaseException
) -> None:
    uncertain(estimate()).to_files(tmp_path)
    before = snapshot(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(outputs, failing, fail)
    with pytest.raises((UserInputError, KeyboardInterrupt)):
        uncertain(estimate(seconds=4.0)).to_files(tmp_path)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("later", [estimate, lambda seconds: uncertain(estimate(seconds=seconds))])
def test_failure_while_moving_puts_the_old_files_back(later, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uncertain(estimate()).to_files(tmp_path)
    before = snapshot(tmp_path)
    real = os.replace
    moves: list[Path] = []

    def replace(self: Path, target: Path) -> Path:
        if self.parent.name.startswith(".draft-") and target.parent == tmp_path:
            moves.append(target)
            if len(moves) == 3:
                raise KeyboardInterrupt
        real(self, target)
        return Path(target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        later(seconds=4.0).to_files(tmp_path)
    assert len(moves) == 3
    assert snapshot(tmp_path) == before


def test_results_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    estimate().to_files(tmp_path)
    files = estimate(seconds=4.0).to_files(tmp_path)
    assert len(read_forces(files.forces).time) == 400


def test_files_of_others_are_not_overwritten(tmp_path: Path) -> None:
    measured = tmp_path / "walk_grf.mot"
    measured.write_text("measured at great cost")
    with pytest.raises(UserInputError, match="was not written by gaitdynamics"):
        estimate().to_files(tmp_path)
    assert snapshot(tmp_path) == {"walk_grf.mot": b"measured at great cost"}


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(UserInputError, match="cannot be written"):
        estimate().to_files(tmp_path / "results")


def test_folder_made_for_nothing_is_removed(tmp_path: Path) -> None:
    def give_up() -> None:
        with outputs.output_folder(tmp_path / "a" / "b"):
            assert (tmp_path / "a" / "b").is_dir()
            raise UserInputError("nothing came of it")

    with pytest.raises(UserInputError):
        give_up()
    assert list(tmp_path.iterdir()) == []
