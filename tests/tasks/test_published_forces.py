"""Forces by a pair of networks in the published layout. The parameters are made up, so only what must hold for any
parameters is tested here; that the networks compute what the published code computes is tested beside its numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitdynamics import cli
from gaitdynamics.columns import LUMBAR, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, SIDES
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.errors import MissingCoordinatesError, UserInputError
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.skeleton import foot_origins
from gaitdynamics.features.published.trial import columns_of_trial
from gaitdynamics.files.inverse_dynamics import read_inverse_dynamics_setup
from gaitdynamics.files.motion import read_trial
from gaitdynamics.files.storage import Table, read_storage, write_storage
from gaitdynamics.inference.filling import fill_cells
from gaitdynamics.inference.motion_network import load_motion_network
from gaitdynamics.inference.published_checkpoint import import_published, is_published_pair, load_published
from gaitdynamics.inference.published_pair import refine_columns
from gaitdynamics.tasks import forces as task
from gaitdynamics.tasks.batch import BatchSettings, estimate_batch
from gaitdynamics.tasks.forces import estimate_forces, estimate_treadmill, is_pair, physics_forces
from gaitdynamics.tasks.report import read_report
from gaitdynamics.training.force_windows import without_trunk
from gaitdynamics.trial import Surface, Trial
from opensim_oracle import Oracle, quiet_opensim
from published_files import save_pair, save_published
from published_weights import denoiser_state, refinement_state

PLAN_STEPS = 3


@pytest.fixture(scope="module", params=["one scale", "two scales"])
def pair(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    save_published(folder / "d.pt", denoiser_state(256, 4), seed=0)
    save_published(folder / "r.pt", refinement_state(), seed=0 if request.param == "one scale" else 1)
    import_published(folder / "d.pt", folder / "r.pt", folder / "imported")
    return folder / "imported"


def cut(trial, frames):
    return replace(trial, time=trial.time[:frames], values=trial.values[:frames])


def test_the_folder_says_what_it_is(pair, tmp_path):
    assert is_published_pair(pair)
    assert not is_published_pair(tmp_path)


def test_one_window_is_what_the_network_says_of_it(pair, example_trial):
    """Scaled by its own scaler, through the refinement network, and back: done here by hand."""
    trial = cut(example_trial, 150)
    columns = columns_of_trial(trial)
    weights = load_published(pair)
    kinetics = refine_columns(weights, columns.values)
    kinematic, kinetic = list(PUBLISHED_63.kinematic), list(PUBLISHED_63.kinetic)
    scaler = weights.refinement_scaler
    scaled = torch.from_numpy(scaler.to_scaled(columns.values)[None, :, kinematic].astype(np.float32))
    with torch.inference_mode():
        said = weights.refinement(scaled)[0].double().numpy()
    expected = (said - np.array(scaler.bias)[kinetic]) / np.array(scaler.scale)[kinetic]
    np.testing.assert_allclose(kinetics, expected, rtol=1e-4, atol=1e-4)
    kept = fill_cells(load_motion_network(pair), columns.values, columns.missing)[0]
    np.testing.assert_array_equal(kept[:, kinematic], columns.values[:, kinematic])


def test_a_network_that_learnt_with_zeros_gets_zeros_for_what_was_filled(pair, example_trial):
    columns = columns_of_trial(cut(example_trial, 150))
    weights = load_published(pair)
    knee = ("knee_angle_r", "knee_angle_r_vel")
    refinement = weights.description.refinement.model_copy(update={"zeroed": knee})
    zeros = replace(weights, description=weights.description.model_copy(update={"refinement": refinement}))
    filled = PUBLISHED_63.unknown(["knee_angle_r"])
    other = columns.values.copy()
    other[:, filled] += 0.3
    assert not np.allclose(refine_columns(weights, other, filled), refine_columns(weights, columns.values, filled))
    np.testing.assert_array_equal(refine_columns(zeros, other, filled), refine_columns(zeros, columns.values, filled))
    assert not np.allclose(refine_columns(zeros, columns.values, filled), refine_columns(zeros, columns.values))
    # It never missed an ankle.
    ankle = PUBLISHED_63.unknown(["ankle_angle_r"])
    np.testing.assert_array_equal(refine_columns(zeros, other, ankle), refine_columns(zeros, other))


def test_forces_obey_the_contract(pair, example_trial):
    estimate = estimate_forces(example_trial, weights=pair)
    forces = estimate.forces
    np.testing.assert_array_equal(forces.time, example_trial.time)
    assert np.isfinite(forces.force).all()
    assert np.isfinite(forces.cop).all()
    assert (forces.force[~estimate.contact] == 0.0).all()
    assert (forces.force[..., 1] >= 0.0).all()
    assert estimate.weights.name == load_published(pair).description.name


def test_a_missing_trunk_is_filled_and_the_same_seed_fills_the_same(pair, example_trial, monkeypatch):
    trial = without_trunk(cut(example_trial, 200))
    assert trial is not None
    columns = columns_of_trial(trial)
    network = load_motion_network(pair)
    from gaitdynamics.diffusion.sampling import SamplingPlan

    plan = SamplingPlan(steps=PLAN_STEPS)
    one, again, other = (
        fill_cells(network, columns.values, columns.missing, seeds=[seed], plan=plan)[0] for seed in (1, 1, 2)
    )
    lumbar = [i for i, name in enumerate(PUBLISHED_63.names) if name.startswith("lumbar")]
    rest = [c for c in PUBLISHED_63.kinematic if c not in lumbar]
    np.testing.assert_array_equal(one[:, rest], columns.values[:, rest])
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one[:, lumbar], other[:, lumbar])
    assert not np.allclose(one[:, lumbar], columns.values[:, lumbar])


def test_the_estimate_says_what_was_filled(pair, example_trial):
    trial = without_trunk(cut(example_trial, 120))
    notes = estimate_forces(trial, weights=pair).warnings
    said = "coordinates that were generated, not measured: lumbar_extension, lumbar_bending, lumbar_rotation"
    assert said in notes


HIPS = tuple(f"hip_{part}_{side}" for side in SIDES for part in ("flexion", "adduction", "rotation"))
GROUPS = {
    "knees": ("knee_angle_r", "knee_angle_l"),
    "left knee": ("knee_angle_l",),
    "hips": HIPS,
    "part of a hip": HIPS[1:2],
    "ankles": tuple(f"{name}_angle_{side}" for name in ("ankle", "subtalar") for side in SIDES),
    "trunk": LUMBAR,
    "part of the trunk": LUMBAR[:2],
    "pelvis rotations": PELVIS_ROTATIONS,
    "pelvis translations": PELVIS_TRANSLATIONS,
    "pelvis": PELVIS_ROTATIONS + PELVIS_TRANSLATIONS,
    "forward only": PELVIS_TRANSLATIONS[:1],
    "all but the knees": PELVIS_ROTATIONS + PELVIS_TRANSLATIONS + HIPS + LUMBAR,
}
EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A pair of a tiny diffusion and a refinement network."""
    folder = tmp_path_factory.mktemp("tiny")
    import_published(*save_pair(folder / "files"), folder / "imported")
    return folder / "imported"


@pytest.fixture
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    from gaitdynamics.plotting import style

    monkeypatch.setattr(style, "save_png", lambda figure, path: path.write_bytes(b"picture"))


def written_without(path: Path, table: Table, names: tuple[str, ...], frames: int = 201) -> Path:
    """Write the first frames of a motion, some columns left out."""
    kept = [i for i, label in enumerate(table.labels) if label not in names]
    labels = [table.labels[i] for i in kept]
    write_storage(path, labels, table.data[:frames, kept], name="cut", in_degrees=bool(table.in_degrees))
    return path


def check_completed(given: Path, model: Path, files, names: tuple[str, ...]) -> None:
    """The completed file: measured numbers as they were, all others there, and everything else refers to it."""
    before, after = read_storage(given), read_storage(files.completed)
    assert after.in_degrees == before.in_degrees
    assert set(names) <= set(after.labels)
    for label in before.labels:
        np.testing.assert_array_equal(after.column(label), before.column(label), err_msg=label)
    setup = read_inverse_dynamics_setup(files.inverse_dynamics_setup)
    assert setup.coordinates_file.resolve() == files.completed.resolve()
    report = read_report(files.report)
    assert set(report.motion.generated_coordinates) == set(names)
    assert files.completed.name in report.files
    # The pair says nothing of its errors.
    assert files.deviations is None
    assert report.uncertainty is None
    assert not list(files.report.parent.glob("*_sd.sto"))
    assert any("generated, not measured" in warning for warning in report.warnings)
    completed = read_trial(files.completed, model=model, surface=Surface())
    assert not set(names) & {n for n, gone in zip(completed.coordinates, completed.missing, strict=True) if gone}
    _check_reach(completed, files.forces)


def _check_reach(completed: Trial, forces_file: Path) -> None:
    """The made-up kinetics put the centre of pressure 5 cm from the heel, wherever that is after completion."""
    from gaitdynamics.files.forces import read_forces

    forces = read_forces(forces_file, completed.time)
    assert np.isfinite(forces.force).all()
    assert (forces.force[..., 1] > 100.0).all()
    reach = forces.cop - foot_origins(completed)
    np.testing.assert_allclose(np.linalg.norm(reach[..., [0, 2]], axis=-1), 0.05, atol=1e-5)


@pytest.fixture
def steady_kinetics(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of the refinement: both feet carry 5 N/kg, 5 cm in front of the heel of a person of 1.7 m."""

    def refine(weights: object, values: np.ndarray, filled: np.ndarray) -> np.ndarray:
        return np.tile([0.0, 5.0, 0.0, 0.05 * 5.0 / 1.7, 0.0, 0.0] * 2, (len(values), 1))

    monkeypatch.setattr(task, "refine_columns", refine)


def settings(folder: Path, weights: Path, model: Path, **more: object) -> BatchSettings:
    return BatchSettings(
        folder=folder,
        surface=Surface(),
        model=model,
        height_m=1.7,
        weights=str(weights),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("names", GROUPS.values(), ids=GROUPS)
@pytest.mark.usefixtures("quick_pictures", "steady_kinetics")
def test_any_coordinates_may_be_absent_from_the_example(tiny, tmp_path, names) -> None:
    motion = written_without(tmp_path / "walk.mot", read_storage(EXAMPLE / "walking.mot"), names)
    (outcome,) = estimate_batch([motion], settings(tmp_path, tiny, EXAMPLE / "subject.osim"))
    assert outcome.error is None, outcome.error
    check_completed(motion, EXAMPLE / "subject.osim", outcome.files, names)


@pytest.mark.parametrize("group", ["knees", "pelvis", "all but the knees"])
@pytest.mark.usefixtures("quick_pictures", "steady_kinetics")
def test_any_coordinates_may_be_absent_from_a_real_motion(tiny, tmp_path, data_folder, group) -> None:
    (record,) = [r for r in Catalogue.read(data_folder) if r.label == "Rajagopal2016/subject01/walk"]
    table = read_storage(record.motion_file)
    names = tuple(name for name in GROUPS[group] if name in table.labels)
    motion = written_without(tmp_path / "walk.mot", table, names, frames=150)
    (outcome,) = estimate_batch([motion], settings(tmp_path, tiny, record.model_file))
    assert outcome.error is None, outcome.error
    known = read_trial(motion, model=record.model_file, surface=Surface(), allow_incomplete=True)
    assert read_report(outcome.files.report).motion.missing_coordinates == [
        n for n, gone in zip(known.coordinates, known.missing, strict=True) if gone
    ]
    generated = read_report(outcome.files.report).motion.generated_coordinates
    check_completed(motion, record.model_file, outcome.files, tuple(generated))
    assert set(names) <= set(generated)


@pytest.mark.usefixtures("quick_pictures")
def test_opensim_takes_the_completed_motion_with_the_forces(tiny, tmp_path, monkeypatch) -> None:
    """Inverse Dynamics runs on the set-up, and the feet are where ours are."""
    opensim = quiet_opensim()
    names = (*GROUPS["pelvis"], "knee_angle_r")
    motion = written_without(tmp_path / "walk.mot", read_storage(EXAMPLE / "walking.mot"), names, frames=61)
    model = EXAMPLE / "subject.osim"
    (outcome,) = estimate_batch([motion], settings(tmp_path, tiny, model))
    monkeypatch.chdir(tmp_path)
    assert opensim.InverseDynamicsTool(outcome.files.inverse_dynamics_setup.name).run()
    assert len(read_storage(tmp_path / "walk_id_opensim.sto").time) == 61
    table = opensim.TimeSeriesTable(str(outcome.files.completed))
    completed = read_trial(outcome.files.completed, model=model, surface=Surface())
    assert tuple(table.getColumnLabels()) == completed.coordinates
    assert table.getTableMetaDataAsString("inDegrees") == "yes"
    turning = np.array([name not in PELVIS_TRANSLATIONS for name in completed.coordinates])
    oracle = Oracle(model, completed.coordinates)
    ours = foot_origins(completed)
    for frame in (0, 30, 60):
        row = table.getRowAtIndex(frame).to_numpy()
        oracle.place(np.where(turning, np.radians(row), row))
        np.testing.assert_allclose(oracle.pose(["calcn_r", "calcn_l"])[0], ours[frame], atol=1e-6)


def test_everything_in_an_estimate_belongs_to_the_completed_motion(tiny, example_trial) -> None:
    trial = cut(example_trial, 200)
    gone = np.isin(trial.coordinates, [*GROUPS["pelvis"], "knee_angle_r"])
    partial = replace(trial, missing=gone)
    one, again, other = (estimate_forces(partial, weights=tiny, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.trial.values, again.trial.values)
    np.testing.assert_array_equal(one.forces.cop, again.forces.cop)
    assert not np.allclose(one.trial.values[:, gone], other.trial.values[:, gone])
    assert not np.allclose(one.trial.values[:, gone], trial.values[:, gone])
    np.testing.assert_array_equal(one.trial.values[:, ~gone], trial.values[:, ~gone])
    # The same motion, now measured as far as anybody knows, has the same Newton's force, velocity and floor.
    whole = estimate_forces(replace(one.trial, missing=0 * gone > 0, generated=()), weights=tiny)
    np.testing.assert_array_equal(whole.physics_force, one.physics_force)
    np.testing.assert_array_equal(whole.com_velocity, one.com_velocity)
    assert whole.floor_height == one.floor_height
    np.testing.assert_allclose(whole.forces.force, one.forces.force, atol=1e-9)
    np.testing.assert_allclose(whole.forces.cop, one.forces.cop, atol=1e-9)
    # An estimate can be made of it by any means now.
    assert np.isfinite(estimate_forces(one.trial).forces.force).all()


def test_who_cannot_generate_refuses_gaps(tiny, example_trial) -> None:
    assert is_pair(tiny)
    assert not is_pair(None)
    assert not is_pair("refiner-3")
    partial = replace(example_trial, missing=np.isin(example_trial.coordinates, ["knee_angle_r", "hip_rotation_l"]))
    with pytest.raises(MissingCoordinatesError, match="gaitdynamics complete") as caught:
        physics_forces(partial)
    assert set(caught.value.missing) == {"knee_angle_r", "hip_rotation_l"}
    with pytest.raises(UserInputError, match="belt speed cannot be told from the feet without"):
        estimate_treadmill(partial)


@pytest.mark.usefixtures("quick_pictures")
def test_each_motion_of_a_run_is_completed_or_refused_on_its_own(tiny, tmp_path, capsys) -> None:
    table = read_storage(EXAMPLE / "walking.mot")
    little = tuple(name for name in table.labels[1:] if not name.startswith(("lumbar", "subtalar")))
    motions = {"whole": (), "little": little, "knees": GROUPS["knees"]}
    paths = [written_without(tmp_path / f"{name}.mot", table, names) for name, names in motions.items()]
    person = ["--model", str(EXAMPLE / "subject.osim"), "--height", "1.7", "--overground"]
    out = ["--out", str(tmp_path / "out")]
    assert cli.run(["forces", *map(str, paths), *person, *out, "--weights", str(tiny)]) == cli.MISTAKE
    said = capsys.readouterr()
    assert "too little is in the file" in said.err
    assert "knees_completed.mot" in said.out
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert "knees_completed.mot" in made
    assert "whole_completed.mot" not in made
    assert not any(name.startswith("little") for name in made)
    # Other weights leave completing to the packaged network.
    assert cli.run(["forces", str(paths[2]), *person, "--out", str(tmp_path / "own")]) == cli.DONE
    assert "coordinates that were generated, not measured: knee" in capsys.readouterr().err


@pytest.mark.usefixtures("quick_pictures")
def test_a_foreign_completed_motion_is_not_overwritten(tiny, tmp_path) -> None:
    table = read_storage(EXAMPLE / "walking.mot")
    motion = written_without(tmp_path / "walk.mot", table, GROUPS["knees"])
    mine = tmp_path / "walk_completed.mot"
    mine.write_text("measured at great cost")
    (outcome,) = estimate_batch([motion], settings(tmp_path, tiny, EXAMPLE / "subject.osim"))
    assert "was not written by gaitdynamics" in str(outcome.error)
    assert mine.read_text() == "measured at great cost"
    assert {path.name for path in tmp_path.iterdir()} == {"walk.mot", "walk_completed.mot"}
