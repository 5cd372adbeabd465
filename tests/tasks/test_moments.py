"""Joint moments: statics in closed form, virtual work, mirror and turn, and the files they are written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitdynamics import cli
from gaitdynamics.body.generic import generic_model
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import FULL_BODY
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.forces import write_forces
from gaitdynamics.files.osim_writer import write_osim
from gaitdynamics.files.storage import read_storage, write_storage
from gaitdynamics.tasks import moments_files
from gaitdynamics.tasks.moments import MomentsResult, compute_moments, knee_adduction
from gaitdynamics.tasks.moments_report import MomentsReport, build_moments_report
from gaitdynamics.trial import Array, FootForces, Subject, Surface, Trial

MODEL = generic_model()
WEIGHT = MODEL.mass * 9.80665
RATE = 100.0
CHANGES_SIGN = ("pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation")


def trial_of(values: Array, *, height_m: float | None = 1.7, mass_kg: float = MODEL.mass) -> Trial:
    return Trial(
        name="walk",
        time=2.0 + np.arange(len(values)) / RATE,
        coordinates=FULL_BODY,
        values=values,
        missing=np.zeros(len(FULL_BODY), dtype=bool),
        subject=Subject(MODEL, mass_kg, height_m),
        surface=Surface(),
    )


def standing(frames: int = 20, **angles: float) -> Array:
    """Upright with straight legs, pelvis 0.95 m high, except for the coordinates that are named."""
    pose = {"pelvis_ty": 0.95, **angles}
    return np.tile([pose.get(name, 0.0) for name in FULL_BODY], (frames, 1))


def moving(frames: int = 120, seed: int = 0, *, level: bool = False) -> Array:
    """All coordinates swing smoothly, faster and slower; `level` keeps the pelvis from tilting."""
    random = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / RATE
    size, pace, phase = (random.uniform(low, high, len(FULL_BODY)) for low, high in ((0.05, 0.3), (0.5, 2), (0, 6)))
    values = standing(frames) + size * np.sin(2 * np.pi * pace * time + phase)
    if level:
        values[:, [FULL_BODY.index("pelvis_tilt"), FULL_BODY.index("pelvis_list")]] = 0.0
    return values


def forces_of(trial: Trial, force: object, cop: object, free_moment: object = (0.0, 0.0)) -> FootForces:
    """Repeat constant forces (2, 3), points (2, 3) and free moments (2,) over the times of a trial."""
    frames = len(trial.time)
    force, cop, free = (np.array(x, dtype=float) for x in (force, cop, free_moment))
    repeat = [np.broadcast_to(x, (frames, *x.shape[-n:])).copy() for x, n in ((force, 2), (cop, 2), (free, 1))]
    return FootForces(trial.time, *repeat)


def walking_forces(trial: Trial, seed: int = 1) -> FootForces:
    """Steps of both feet by turns, with components in all directions and a free moment."""
    random = np.random.default_rng(seed)
    phase = (trial.time[:, None] - 2.0) * 2 * np.pi + np.array([0.0, np.pi])
    up = np.clip(np.sin(phase), 0.0, None)[..., None]
    force = WEIGHT * up * np.array([0.1, 1.1, 0.0]) + WEIGHT * up * random.uniform(-0.1, 0.1, (2, 3))
    cop = np.where(up > 0, [[0.1, 0.0, 0.12], [0.2, 0.0, -0.07]], 0.0)
    return FootForces(trial.time, force, cop, 5.0 * up[..., 0] * random.uniform(-1, 1, 2))


def joint_center(values: Array, joint: str) -> Array:
    skeleton = Skeleton(MODEL)
    return skeleton.pose(torch.as_tensor(values[:1])).joint_center[0, skeleton.joint_names.index(joint)].numpy()


def test_standing_over_the_centre_of_mass_leaves_no_residual() -> None:
    values = standing(hip_flexion_r=0.3, knee_angle_l=0.4, lumbar_bending=0.2)
    skeleton = Skeleton(MODEL)
    x, _, z = skeleton.center_of_mass(skeleton.pose(torch.as_tensor(values)))[0].tolist()
    trial = trial_of(values)
    result = compute_moments(trial, forces_of(trial, [[0, WEIGHT, 0], [0, 0, 0]], [[x, 0, z], [0, 0, 0]]))
    np.testing.assert_allclose(result.residuals, 0.0, atol=1e-8)


def test_ankle_and_hip_moments_of_standing_are_levers_times_forces() -> None:
    trial = trial_of(standing())
    ankle, hip = (joint_center(trial.values, name) for name in ("ankle_r", "hip_r"))
    cop = np.array([ankle[0] + 0.12, 0.0, ankle[2]])
    result = compute_moments(trial, forces_of(trial, [[0, 750, 0], [0, 0, 0]], [cop, [0, 0, 0]]))
    unloaded = compute_moments(trial, forces_of(trial, np.zeros((2, 3)), np.zeros((2, 3))))
    # The force dorsiflexes, plantarflexors hold: negative. The axis of the ankle is not quite transverse.
    held = (result.column("ankle_angle_r") - unloaded.column("ankle_angle_r")) / (750.0 * 0.12)
    assert np.all((held > -1.0) & (held < -0.95))
    # That of the hip is; below it hang the bodies of the leg.
    pose = Skeleton(MODEL).pose(torch.as_tensor(trial.values[:1]))
    centers = Skeleton(MODEL).body_centers(pose)[0].numpy()
    hanging = sum(
        body.mass * 9.80665 * (centers[i, 0] - hip[0])
        for i, body in enumerate(MODEL.bodies)
        if body.name.endswith("_r")
    )
    np.testing.assert_allclose(result.column("hip_flexion_r"), hanging - 750 * (cop[0] - hip[0]), atol=1e-8)


@pytest.mark.parametrize("side", ["r", "l"])
def test_every_moment_is_minus_the_work_of_the_force_per_angle(side: str) -> None:
    """With F at a point p of the foot, the moment that balances F is -F . dp/dq (virtual work)."""
    foot = "rl".index(side)
    trial = trial_of(np.tile(moving(1, seed=4), (8, 1)))
    skeleton = Skeleton(MODEL)
    calcn = skeleton.body_index(f"calcn_{side}")
    local, force = torch.tensor([0.1, -0.02, 0.01], dtype=torch.float64), np.array([60.0, 700.0, -40.0])

    def point(q: torch.Tensor) -> torch.Tensor:
        pose = skeleton.pose(q)
        return pose.position[calcn] + pose.rotation[calcn] @ local

    q = torch.as_tensor(trial.values[0])
    expected = dict(zip(FULL_BODY, -force @ torch.autograd.functional.jacobian(point, q).numpy(), strict=True))
    forces, cop = np.zeros((2, 3)), np.zeros((2, 3))
    cop[foot] = point(q).numpy()
    unloaded = compute_moments(trial, forces_of(trial, forces, cop))
    forces[foot] = force
    loaded = compute_moments(trial, forces_of(trial, forces, cop))
    for name in FULL_BODY:
        difference = loaded.column(name)[0] - unloaded.column(name)[0]
        assert difference == pytest.approx(expected[name], abs=1e-8), name
    assert abs(expected[f"knee_angle_{side}"]) > 1.0


def test_free_moment_acts_about_the_vertical() -> None:
    trial = trial_of(standing())
    force, cop = [[0, 400, 0], [0, 400, 0]], [[0.1, 0, 0.1], [0.1, 0, -0.1]]
    without, with_it = (compute_moments(trial, forces_of(trial, force, cop, moment)) for moment in ((0, 0), (7.0, 0)))
    np.testing.assert_allclose(with_it.column("hip_rotation_r") - without.column("hip_rotation_r"), -7.0)
    np.testing.assert_allclose(with_it.knee_adduction, without.knee_adduction)
    assert any("no free moment" in note for note in without.warnings)
    assert not any("no free moment" in note for note in with_it.warnings)


def mirrored(trial: Trial, forces: FootForces) -> tuple[Trial, FootForces]:
    """Exchange left and right at the plane Z = 0."""
    values = np.stack([trial.column(other_side(n)) * (-1.0 if n in CHANGES_SIGN else 1.0) for n in FULL_BODY], axis=1)
    flip = np.array([1.0, 1.0, -1.0])
    assert forces.free_moment is not None
    swapped = FootForces(
        trial.time, forces.force[:, ::-1] * flip, forces.cop[:, ::-1] * flip, -forces.free_moment[:, ::-1]
    )
    return trial.with_values(values), swapped


def other_side(name: str) -> str:
    return name[:-2] + {"_r": "_l", "_l": "_r"}.get(name[-2:], name[-2:])


@pytest.mark.parametrize("seed", [0, 1])
def test_mirrored_motion_has_the_moments_of_the_other_side(seed: int) -> None:
    trial = trial_of(moving(seed=seed))
    forces = walking_forces(trial)
    here, there = compute_moments(trial, forces), compute_moments(*mirrored(trial, forces))
    for name in FULL_BODY:
        sign = -1.0 if name in CHANGES_SIGN else 1.0
        np.testing.assert_allclose(there.column(name), sign * here.column(other_side(name)), atol=1e-7)
    np.testing.assert_allclose(there.knee_adduction, here.knee_adduction[:, ::-1], atol=1e-9)
    assert np.abs(here.knee_adduction).max(axis=0).min() > 0.1


@pytest.mark.parametrize("angle", [0.7, np.pi, -2.5])
def test_walking_another_way_changes_no_joint_moment(angle: float) -> None:
    trial = trial_of(moving(level=True))
    forces = walking_forces(trial)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    values = trial.values.copy()
    values[:, FULL_BODY.index("pelvis_rotation")] += angle
    place = [FULL_BODY.index(f"pelvis_t{axis}") for axis in "xyz"]
    values[:, place] = values[:, place] @ turn.T
    turned = replace(forces, force=forces.force @ turn.T, cop=forces.cop @ turn.T)
    here, there = compute_moments(trial, forces), compute_moments(trial.with_values(values), turned)
    np.testing.assert_allclose(there.knee_adduction, here.knee_adduction, atol=1e-8)
    for name in FULL_BODY:
        if not name.startswith("pelvis"):
            np.testing.assert_allclose(there.column(name), here.column(name), atol=1e-6)


def test_force_on_the_inner_side_of_the_knee_adducts_on_both_sides() -> None:
    knee = np.array([[[0.0, 0.5, 0.1], [0.0, 0.5, -0.1]]])
    cop = np.array([[[0.0, 0.0, 0.06], [0.0, 0.0, -0.05]]])
    force = np.array([[[0.0, 800.0, 0.0], [0.0, 800.0, 0.0]]])
    np.testing.assert_allclose(knee_adduction(force, cop, knee, np.zeros(1)), [[800 * 0.04, 800 * 0.05]])
    # A push towards the other leg at the ground turns the lower end of the shank that way.
    force = np.array([[[0.0, 0.0, -50.0], [0.0, 0.0, 50.0]]])
    np.testing.assert_allclose(knee_adduction(force, cop, knee, np.zeros(1)), [[50 * 0.5, 50 * 0.5]])


def test_knee_adduction_is_normalised_by_mass_and_by_weight_times_height() -> None:
    trial = trial_of(standing(), height_m=1.6, mass_kg=MODEL.mass)
    knee = joint_center(trial.values, "knee_r")
    forces = forces_of(trial, [[0, 800, 0], [0, 0, 0]], [[0, 0, knee[2] - 0.05], [0, 0, 0]])
    result = compute_moments(trial, forces)
    np.testing.assert_allclose(result.knee_adduction[:, 0], 40.0 / MODEL.mass, rtol=1e-9)
    assert result.knee_adduction_percent is not None
    np.testing.assert_allclose(result.knee_adduction_percent[:, 0], 100 * 40.0 / (WEIGHT * 1.6), rtol=1e-6)
    unknown = compute_moments(trial_of(standing(), height_m=None), forces)
    assert unknown.knee_adduction_percent is None
    assert any("height is not known" in note for note in unknown.warnings)


def test_uncertain_forces_have_the_moments_of_certain_ones() -> None:
    trial = trial_of(moving())
    forces = walking_forces(trial)
    unsure = replace(forces, force_sd=np.full_like(forces.force, 20.0), cop_sd=np.full_like(forces.cop, 0.01))
    here, there = compute_moments(trial, forces), compute_moments(trial, unsure)
    np.testing.assert_array_equal(here.values, there.values)
    assert here.warnings == there.warnings
    assert build_moments_report(here) == build_moments_report(there)


def test_columns_are_named_as_opensim_names_them() -> None:
    trial = trial_of(standing())
    names = compute_moments(trial, walking_forces(trial)).names
    assert names[:7] == (
        "pelvis_tilt_moment",
        "pelvis_list_moment",
        "pelvis_rotation_moment",
        "pelvis_tx_force",
        "pelvis_ty_force",
        "pelvis_tz_force",
        "hip_flexion_r_moment",
    )
    # Level by level: both hips and the back before any knee.
    assert names.index("lumbar_rotation_moment") < names.index("knee_angle_r_moment")
    assert names.index("knee_angle_l_moment") < names.index("ankle_angle_r_moment")
    assert len(set(names)) == len(MODEL.coordinates)


def test_doubtful_inputs_are_told() -> None:
    trial = trial_of(standing(), mass_kg=MODEL.mass + 8.0)
    notes = " ".join(compute_moments(trial, forces_of(trial, np.zeros((2, 3)), np.zeros((2, 3)))).warnings)
    assert f"the person {MODEL.mass + 8.0:.1f} kg" in notes
    assert "left over at the pelvis" in notes


def test_forces_at_other_times_and_motions_too_short_are_refused() -> None:
    trial = trial_of(standing())
    later = forces_of(trial, np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(UserInputError, match="not at the same times"):
        compute_moments(trial, replace(later, time=later.time + 0.004))
    with pytest.raises(UserInputError, match="not at the same times"):
        compute_moments(trial_of(standing(30)), later)
    short = trial_of(standing(5))
    with pytest.raises(UserInputError, match="at least six"):
        compute_moments(short, forces_of(short, np.zeros((2, 3)), np.zeros((2, 3))))


def example(frames: int = 240) -> MomentsResult:
    trial = trial_of(moving(frames))
    return compute_moments(trial, walking_forces(trial))


def test_peaks_of_the_report_are_those_of_the_curves() -> None:
    result = example()
    report = build_moments_report(result)
    assert [(s.side, s.complete) for s in report.stances] == [
        ("r", True), ("l", True), ("r", True), ("l", True), ("r", False),
    ]  # fmt: skip
    second = report.stances[2]
    frames = (result.time >= second.start_s - 1e-9) & (result.time < second.end_s - 1e-9)
    ankle = result.column("ankle_angle_r")[frames] / MODEL.mass
    assert second.moments["ankle_dorsiflexion"].minimum == pytest.approx(ankle.min())
    peaks = (second.knee_adduction_first_peak, second.knee_adduction_second_peak)
    assert max(p for p in peaks if p is not None) == pytest.approx(result.knee_adduction[frames, 0].max())
    # Of a stance that is cut, halves are not known.
    assert report.stances[-1].knee_adduction_first_peak is None
    rms = np.sqrt(np.mean(result.column("pelvis_ty") ** 2))
    assert report.residuals.force_n is not None
    assert report.residuals.force_n["y"] == pytest.approx(rms)


def test_stances_with_untrusted_forces_are_not_complete_and_count_in_no_residual() -> None:
    result = example()
    valid = np.ones((len(result.time), 2), dtype=bool)
    valid[:70, 1] = False
    doubtful = replace(result, forces=replace(result.forces, valid=valid))
    report = build_moments_report(doubtful)
    assert [s.complete for s in report.stances if s.side == "l"] == [False, True]
    assert report.residuals.frames == len(result.time) - 70
    nowhere = replace(result, forces=replace(result.forces, valid=~np.ones_like(valid)))
    assert build_moments_report(nowhere).residuals.force_n is None


@pytest.fixture
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    from gaitdynamics.plotting import style

    monkeypatch.setattr(style, "save_png", lambda figure, path: path.write_bytes(b"picture"))


def contents(folder: Path) -> Mapping[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_files_hold_the_result(tmp_path: Path) -> None:
    result = example()
    files = result.to_files(tmp_path / "new")
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(p.name for p in files.paths())
    moments = read_storage(files.moments)
    assert moments.labels == ("time", *result.names)
    assert moments.name == "Inverse Dynamics Generalized Forces"
    np.testing.assert_allclose(moments.data[:, 1:], result.values, rtol=1e-12)
    adduction = read_storage(files.knee_adduction)
    np.testing.assert_allclose(adduction.column("knee_adduction_l_Nm_per_kg"), result.knee_adduction[:, 1])
    assert "knee_adduction_r_percent_BW_BH" in adduction.labels
    report = MomentsReport.model_validate_json(files.report.read_text(encoding="utf-8"))
    assert set(report.files) == {p.name for p in files.paths()}
    assert files.plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("quick_pictures")
def test_own_files_are_replaced_and_those_of_others_are_not(tmp_path: Path) -> None:
    example().to_files(tmp_path)
    files = example(180).to_files(tmp_path)
    assert len(read_storage(files.moments).time) == 180
    other = tmp_path / "opensim"
    other.mkdir()
    (other / "walk_id.sto").write_text("by OpenSim")
    with pytest.raises(UserInputError, match="was not written by gaitdynamics"):
        example().to_files(other)
    assert contents(other) == {"walk_id.sto": b"by OpenSim"}


@pytest.mark.usefixtures("quick_pictures")
def test_failure_in_the_middle_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example().to_files(tmp_path)
    before = contents(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(moments_files, "write_text", fail)
    with pytest.raises(UserInputError, match="No space left"):
        example(180).to_files(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("quick_pictures")
def test_command_line_computes_the_same_from_files(tmp_path: Path) -> None:
    result = example()
    degrees = [1.0 if name.startswith("pelvis_t") and name != "pelvis_tilt" else 180 / np.pi for name in FULL_BODY]
    write_storage(
        tmp_path / "walk.mot",
        ["time", *FULL_BODY],
        np.column_stack([result.time, result.trial.values * degrees]),
        name="walk",
        in_degrees=True,
    )
    write_osim(tmp_path / "subject.osim", MODEL)
    write_forces(tmp_path / "walk_grf.mot", result.forces)
    inputs = [str(tmp_path / name) for name in ("walk.mot", "walk_grf.mot", "subject.osim")]
    out = tmp_path / "out"
    status = cli.run(["moments", inputs[0], "--grf", inputs[1], "--model", inputs[2], "--out", str(out)])
    assert status == cli.DONE
    moments = read_storage(out / "walk_id.sto")
    np.testing.assert_allclose(moments.data[:, 1:], result.values, atol=1e-6)
