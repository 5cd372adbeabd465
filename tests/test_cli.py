"""The command line as a user meets it: statuses, messages, files. The estimate itself is a known one here."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gaitdynamics import cli
from gaitdynamics._version import __version__
from gaitdynamics.body.generic import generic_model
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.inverse_dynamics import read_inverse_dynamics_setup
from gaitdynamics.files.osim_writer import write_osim
from gaitdynamics.files.storage import read_storage, write_storage
from gaitdynamics.tasks.report import read_report, side_mean
from gaitdynamics.trial import Trial
from synthetic_walk import estimate

MADE = ("_grf.mot", "_external_loads.xml", "_id_setup.xml", "_report.json", "_forces.png")


@pytest.fixture(autouse=True)
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes a second and is tested with the pictures themselves."""
    from gaitdynamics.plotting import style

    monkeypatch.setattr(style, "save_png", lambda figure, path: path.write_bytes(b"picture"))


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Folder with a model and two motions that can be read, and one that cannot."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    write_osim(folder / "subject.osim", generic_model())
    trial = estimate().trial
    angles = [not c.startswith("pelvis_t") or c == "pelvis_tilt" for c in trial.coordinates]
    values = np.where(angles, np.degrees(trial.values), trial.values)
    values[:, trial.coordinates.index("pelvis_ty")] = 0.95
    for name in ("walk", "walk2"):
        write_storage(
            folder / f"{name}.mot",
            ["time", *trial.coordinates],
            np.column_stack([trial.time, values]),
            name=name,
            in_degrees=True,
        )
    (folder / "broken.mot").write_text("this is not a motion\n")
    return folder


@pytest.fixture
def known_estimate(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """Put the closed-form walk in the place of the estimate; lists the trials it was asked for."""
    asked: list[Trial] = []

    def estimate_forces(trial: Trial, *, weights: str | Path | None = None, seed: int = 0, samples: int = 1) -> object:
        asked.append(trial)
        return replace(estimate(trial.name), trial=trial, seed=seed)

    monkeypatch.setattr("gaitdynamics.tasks.forces.estimate_forces", estimate_forces)
    return asked


def forces(inputs: Path, *names: str, more: tuple[str, ...] = ("--overground",)) -> list[str]:
    motions = [str(inputs / f"{name}.mot") for name in names]
    return ["forces", *motions, "--model", str(inputs / "subject.osim"), *more]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["forces"], "MOTION"),
        (["forces", "walk.mot", "--model", "s.osim"], "either --overground, or --treadmill"),
        (["forces", "walk.mot", "--overground", "--treadmill", "1"], "both --overground and --treadmill"),
        (["forces", "walk.mot", "--treadmill", "fast"], "fast"),
        (["forces", "walk.mot", "--model", "s.osim", "--treadmill", "-1.2"], "belt speed of -1.2 m/s"),
        (["forces", "walk.mot", "--model", "s.osim", "--treadmill", "nan"], "belt speed of nan m/s"),
        (["forces", "walk.mot", "--overground"], "--mass in kg and --height in m"),
        (["forces", "walk.mot", "--overground", "--grf-naming", "vicon"], "vicon"),
        (["forces", "walk.mot", "--overgrund"], "--overground"),
        (["walk"], "walk"),
        (["moments", "walk.mot", "--model", "s.osim"], "--grf"),
        (["evaluate", "forces", ".", "--methods", "guess"], "there is no method 'guess'"),
        (["evaluate", "forces", "."], "no manifest.csv"),
        (["train", "refiner", "--data", "."], "--out"),
    ],
)
def test_wrong_arguments_are_told_and_leave_with_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(arguments) == 2
    said = capsys.readouterr()
    assert message in " ".join((said.out + said.err).replace("│", " ").split())
    assert "Traceback" not in said.err
    assert list(tmp_path.iterdir()) == []


def test_one_motion_gives_files_table_and_status_0(
    inputs: Path, known_estimate: list[Trial], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    more = ("--treadmill", "1.25", "--mass", "70", "--height", "1.8", "--seed", "5", "--out", str(out))
    assert cli.run(forces(inputs, "walk", more=more)) == 0
    assert {p.name for p in out.iterdir()} == {f"walk{end}" for end in MADE}
    report = read_report(out / "walk_report.json")
    assert report.surface.belt_speed_m_s == 1.25
    assert (report.subject.mass_kg, report.subject.height_m, report.seed) == (70.0, 1.8, 5)
    assert {i.role: i.file for i in report.inputs} == {"motion": "walk.mot", "model": "subject.osim"}
    said = capsys.readouterr()
    assert "120 steps/min" in said.out
    assert "walk_grf.mot" in said.out


def test_without_a_model_the_generic_skeleton_is_written_too(
    inputs: Path, known_estimate: list[Trial], tmp_path: Path
) -> None:
    out = tmp_path / "results"
    arguments = ["forces", str(inputs / "walk.mot"), "--mass", "70", "--height", "1.75", "--overground"]
    assert cli.run([*arguments, "--out", str(out)]) == 0
    assert {p.name for p in out.iterdir()} == {f"walk{end}" for end in (*MADE, "_model.osim")}


def test_one_failing_motion_leaves_the_others_and_status_2(
    inputs: Path, known_estimate: list[Trial], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    arguments = forces(inputs, "walk", "broken", "absent", "walk2", more=("--overground", "--out", str(out)))
    assert cli.run(arguments) == 2
    assert {p.name for p in out.iterdir()} == {f"{n}{end}" for n in ("walk", "walk2") for end in MADE}
    said = capsys.readouterr()
    assert said.out.count("failed") == 2
    assert "broken.mot" in said.err
    assert "absent.mot" in said.err
    assert "Traceback" not in said.err


def test_only_failing_motions_leave_no_folder(inputs: Path, known_estimate: list[Trial], tmp_path: Path) -> None:
    more = ("--overground", "--out", str(tmp_path / "a" / "b"))
    assert cli.run(forces(inputs, "broken", more=more)) == 2
    assert not (tmp_path / "a").exists()


def test_interruption_keeps_what_is_finished_and_leaves_with_130(
    inputs: Path,
    known_estimate: list[Trial],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from gaitdynamics.plotting import style

    save = style.save_png

    def interrupted_at_the_second(figure: object, path: Path) -> None:
        if path.name.startswith("walk2"):
            raise KeyboardInterrupt
        save(figure, path)  # type: ignore[arg-type]

    monkeypatch.setattr(style, "save_png", interrupted_at_the_second)
    out = tmp_path / "results"
    more = ("--overground", "--out", str(out))
    assert cli.run(forces(inputs, "walk", "walk2", "broken", more=more)) == 130
    assert {p.name for p in out.iterdir()} == {f"walk{end}" for end in MADE}
    said = capsys.readouterr()
    assert said.out.count("not done") == 2
    assert "Traceback" not in said.err


def test_unwritable_place_is_told_before_anything_is_computed(
    inputs: Path, known_estimate: list[Trial], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert cli.run(forces(inputs, "walk", more=("--overground", "--out", str(out)))) == 2
        assert "cannot be written" in capsys.readouterr().err
    assert known_estimate == []


def test_measured_forces_beside_the_motion_are_not_overwritten(
    inputs: Path, known_estimate: list[Trial], capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "walk_grf.mot").write_text("measured")
    assert cli.run(forces(inputs, "walk2", "walk", more=("--overground", "--out", str(inputs)))) == 2
    assert "walk_grf.mot" in capsys.readouterr().err
    assert (inputs / "walk_grf.mot").read_text() == "measured"
    assert known_estimate == []


def test_motions_of_the_same_name_are_refused(
    inputs: Path, known_estimate: list[Trial], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--overground", "--out", str(tmp_path / "results"))
    assert cli.run(forces(inputs, "walk", "walk", more=more)) == 2
    assert "same names" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_mistake_inside_the_estimate_is_told_without_traceback(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise UserInputError("no such weights", remedy="name others")

    monkeypatch.setattr("gaitdynamics.tasks.forces.estimate_forces", refuse)
    assert cli.run(forces(inputs, "walk", more=("--overground", "--out", str(tmp_path / "r")))) == 2
    assert capsys.readouterr().err.strip() == "Error: no such weights\n  Remedy: name others"


def test_own_mistakes_keep_their_traceback(inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("gaitdynamics.tasks.forces.estimate_forces", fail)
    with pytest.raises(ZeroDivisionError):
        cli.run(forces(inputs, "walk", more=("--overground", "--out", str(tmp_path / "r"))))


def test_version_and_help_as_a_program_without_heavy_packages() -> None:
    code = (
        "import sys; from gaitdynamics.cli import run; status = run(sys.argv[1:]); "
        "heavy = {'torch', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules); "
        "print(sorted(heavy)); sys.exit(status)"
    )
    for arguments, text in ((["--version"], __version__), (["forces", "--help"], "--treadmill")):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0
        assert text in done.stdout
        assert done.stdout.splitlines()[-1] == "[]"


def test_program_leaves_with_the_status_of_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gaitdynamics", "forces", "walk.mot", "--model", "s.osim"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Error: the surface is not told")


def test_moments_of_estimated_forces(inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = estimate("walk", generic=False, folder=inputs).to_files(tmp_path / "forces")
    out = tmp_path / "moments"
    arguments = ["moments", str(inputs / "walk.mot"), "--model", str(inputs / "subject.osim")]
    assert cli.run([*arguments, "--grf", str(files.forces), "--out", str(out)]) == 0
    assert "walk_id.sto" in {p.name for p in out.iterdir()}
    assert "walk_id.sto" in capsys.readouterr().out
    # The set-up leads to the same forces, and so to the same moments.
    again = tmp_path / "again"
    assert cli.run([*arguments, "--grf", str(files.external_loads), "--out", str(again)]) == 0
    assert (again / "walk_id.sto").read_bytes() == (out / "walk_id.sto").read_bytes()


def test_moments_without_usable_forces_leave_nothing(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["moments", str(inputs / "walk.mot"), "--model", str(inputs / "subject.osim")]
    out = tmp_path / "moments"
    assert cli.run([*arguments, "--grf", str(inputs / "absent.mot"), "--out", str(out)]) == 2
    assert "absent.mot" in capsys.readouterr().err
    assert not out.exists()


def test_training_is_given_the_settings_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gaitdynamics.training import refiner
    from gaitdynamics.training.devices import Devices

    asked: list[object] = []

    def train(
        data: Path, out: Path, settings: object, *, init: Path | None, resume: bool, devices: object, console: object
    ) -> SimpleNamespace:
        assert init is None
        asked.extend([data, out, settings, resume, devices])
        return SimpleNamespace(name="small")

    monkeypatch.setattr(refiner, "train_refiner", train)
    arguments = ["train", "refiner", "--data", "data", "--out", str(tmp_path / "w"), "--steps", "7", "--resume"]
    assert cli.run([*arguments, "--seed", "3", "--devices", "2"]) == 0
    assert asked == [Path("data"), tmp_path / "w", refiner.RefinerTraining(steps=7, seed=3), True, Devices(devices=2)]


def test_demo_estimates_a_plausible_walk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the packaged weights: bounds are those of healthy walking at the example's 1.3 m/s."""
    assert cli.run(["demo", "--out", str(tmp_path / "demo")]) == 0
    assert {p.name for p in (tmp_path / "demo").iterdir()} == {f"walking{end}" for end in (*MADE, "_grf_sd.sto")}
    report = read_report(tmp_path / "demo" / "walking_report.json")
    assert report.gait.mean_speed_m_s == pytest.approx(1.3, abs=0.05)
    assert report.gait.cadence_steps_per_min == pytest.approx(116.0, abs=3.0)
    assert report.gait.flight_fraction == 0.0
    assert report.uncertainty is not None
    for deviation in (report.uncertainty.force_up_y_percent_bw, report.uncertainty.cop_forward_x_mm):
        assert deviation.r is not None
        assert 1.0 < deviation.r < 50.0
    for side in ("r", "l"):
        peak = side_mean(report, "peak_vertical_bw", side)
        assert peak is not None
        assert 1.0 < peak < 1.4
        share = getattr(report.gait.stance_fraction, side)
        assert 0.57 < share < 0.68
    assert "walking_grf.mot" in capsys.readouterr().out


def test_moments_of_the_demo_in_its_own_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From forces to joint moments as the guide tells; bounds are those of healthy walking."""
    example = Path(__file__).parents[1] / "examples" / "walking"
    out = tmp_path / "demo"
    assert cli.run(["demo", "--out", str(out)]) == 0
    arguments = ["moments", str(example / "walking.mot"), "--grf", str(out / "walking_grf.mot")]
    for _ in range(2):  # the second time its own files are replaced
        assert cli.run([*arguments, "--model", str(example / "subject.osim"), "--out", str(out)]) == 0
    moment_files = {"walking_id.sto", "walking_knee_adduction.sto", "walking_moments.json", "walking_moments.png"}
    assert {p.name for p in out.iterdir()} == {f"walking{end}" for end in (*MADE, "_grf_sd.sto")} | moment_files
    assert "Traceback" not in capsys.readouterr().err
    moments = read_storage(out / "walking_id.sto")
    inner = slice(50, -50)
    for side in ("r", "l"):
        ankle = moments.column(f"ankle_angle_{side}_moment")[inner] / 68.0
        assert -2.2 < ankle.min() < -0.9
        assert ankle.max() < 0.5
    # Forces that obey Newton's law leave little to the pelvis, 667 N weigh on it otherwise.
    assert np.abs(moments.column("pelvis_ty_force")[inner]).mean() < 0.06 * 667.0
    # What OpenSim writes from our set-up has another name, so that it can stand beside ours.
    setup = read_inverse_dynamics_setup(out / "walking_id_setup.xml")
    assert setup.output_file == "walking_id_opensim.sto"
    assert setup.coordinates_file is not None
    assert setup.coordinates_file.samefile(example / "walking.mot")
