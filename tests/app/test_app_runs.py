"""The app as it is started, without a browser: real runs, the words of the command line, and its end."""

from __future__ import annotations

import io
import shutil
import signal
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the app needs the extra [app]")

from app_client import Client, started_app
from gaitdynamics import cli
from gaitdynamics.app.choices import Choices, Order, Upload
from gaitdynamics.app.worker import without_folders
from gaitdynamics.files.motion import read_trial
from gaitdynamics.files.storage import read_storage
from opencap_files import write_session

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"


def results(app: Client, job: str, folder: Path) -> Path:
    """Unpack the results of a job; give their folder."""
    answer = app.call("GET", f"/api/jobs/{job}/results.zip")
    assert answer.status == 200
    with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
        packed.extractall(folder)
    (inside,) = folder.iterdir()
    return inside


def bring(app: Client, *paths: Path) -> str:
    job = app.create()
    for path in paths:
        role = "model" if path.suffix == ".osim" else "motion"
        assert app.upload(job, path.read_bytes(), path.name, role).status == 200
    return job


def example_in(folder: Path, spoil: str = "") -> Path:
    """Put the example walk into a folder, one cell of it spoilt."""
    text = (EXAMPLE / "walking.mot").read_text(encoding="utf-8")
    rows = text.splitlines()
    if spoil:
        cells = rows[40].split("\t")
        cells[3] = spoil
        rows[40] = "\t".join(cells)
    path = folder / "walk.mot"
    path.write_text("\n".join([*rows, ""]), encoding="utf-8")
    return path


def test_the_example_gives_what_the_command_gives(app: Client, tmp_path: Path) -> None:
    job = app.create()
    app.run(job, example=True, surface="overground")
    told = app.wait(job)
    assert told["state"] == "done", told
    assert told["result"]["headline"] == "walking: overground, 68.0 kg, 1.30 m/s, 116 steps/min"
    assert told["result"]["files"][0]["kind"] == "report"
    ours = results(app, job, tmp_path / "app")
    assert cli.run(["demo", "--out", str(tmp_path / "demo")]) == 0
    for name in ("walking_grf.mot", "walking_grf_sd.sto", "walking_external_loads.xml"):
        assert (ours / name).read_bytes() == (tmp_path / "demo" / name).read_bytes()


def test_mistakes_are_told_in_the_words_of_the_command_line(
    app: Client, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    example_in(tmp_path, spoil="abc")
    shutil.copy(EXAMPLE / "subject.osim", tmp_path)
    cases: list[tuple[list[str], dict[str, object]]] = [
        (["--model", "subject.osim", "--overground"], {"surface": "overground"}),
        (["--model", "subject.osim"], {}),
        (["--model", "subject.osim", "--treadmill", "99"], {"surface": "treadmill", "belt_speed": 99}),
    ]
    job = bring(app, tmp_path / "walk.mot", tmp_path / "subject.osim")
    for options, choices in cases:
        assert cli.run(["forces", "walk.mot", *options]) == 2
        expected = capfd.readouterr().err.strip()
        app.run(job, **choices)
        told = app.wait(job)
        assert told["state"] == "failed"
        assert f"Error: {told['error']}" == expected
        assert str(tmp_path) not in told["error"]


def test_who_moved_has_to_be_told(app: Client, tmp_path: Path) -> None:
    job = bring(app, example_in(tmp_path))
    app.run(job, surface="overground")
    assert "who moved is not told" in app.wait(job)["error"]
    app.run(job, surface="overground", mass=70.0, height=1.75)
    told = app.wait(job)
    assert told["state"] == "done", told
    # The generic skeleton comes along, and the set-up names it.
    assert {"walk_model.osim", "walk_report.html"} <= {file["name"] for file in told["result"]["files"]}


def test_a_model_that_explodes_when_it_is_read_is_refused(app: Client, tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    bomb = tmp_path / "subject.osim"
    bomb.write_text(f'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY e0 "ha">{entities}]><m>&e11;</m>', encoding="utf-8")
    outside = tmp_path / "other.osim"
    outside.write_text(
        '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><m>&x;</m>', encoding="utf-8"
    )
    for model in (bomb, outside):
        job = bring(app, example_in(tmp_path), model)
        app.run(job, surface="overground")
        assert "not readable as XML" in app.wait(job)["error"]


def test_a_session_and_its_trials(app: Client, tmp_path: Path) -> None:
    folder = write_session(tmp_path / "OpenCapData", ("walk1", "walk2"))
    shutil.make_archive(str(tmp_path / "session"), "zip", tmp_path, "OpenCapData")
    job = bring(app, tmp_path / "session.zip")
    app.call("POST", f"/api/jobs/{job}/inspect")
    contents = app.wait(job)["contents"]
    assert contents == {"trials": ["walk1", "walk2"], "mass": 68.5, "height": 1.72, "has_model": True}
    app.run(job, surface="overground", trial=1)
    told = app.wait(job)
    assert told["result"]["headline"].startswith("walk2: overground, 68.5 kg")
    inside = results(app, job, tmp_path / "results")
    assert (inside / "walk2.mot").read_bytes() == (folder / "OpenSimData/Kinematics/walk2.mot").read_bytes()
    app.run(job, surface="overground", trial=7)
    assert "there is no motion number 8" in app.wait(job)["error"]


def test_a_b3d_file_gives_what_its_motion_gives(app: Client, data_folder: Path, tmp_path: Path) -> None:
    """The file in the data folder was written from a trial that lies beside it."""
    job = bring(app, data_folder / "b3d" / "Arnold2013_subject01.b3d")
    app.call("POST", f"/api/jobs/{job}/inspect")
    trials = app.wait(job)["contents"]["trials"]
    app.run(job, surface="treadmill", belt_speed=1.25, trial=0)
    told = app.wait(job)
    assert told["state"] == "done", told
    inside = results(app, job, tmp_path / "results")
    (name,) = {path.name.removesuffix("_grf.mot") for path in inside.glob("*_grf.mot")}
    assert name.startswith(trials[0][:4])
    subject = data_folder / "Arnold2013" / "subject01"
    original = read_trial(subject / "walk2_ik.mot", model=subject / "model.osim")
    taken = read_storage(inside / f"{name}.mot")
    assert len(taken.time) == len(original.time)
    for coordinate in ("hip_flexion_r", "knee_angle_l", "pelvis_ty"):
        np.testing.assert_allclose(taken.column(coordinate), original.column(coordinate), atol=1e-6)


def test_missing_knees_are_completed(app: Client, tmp_path: Path) -> None:
    table = read_storage(EXAMPLE / "walking.mot")
    keep = [i for i, label in enumerate(table.labels) if not label.startswith("knee")][:]
    rows = ["\t".join(f"{cell:.6f}" for cell in row) for row in table.data[:300, keep]]
    head = ["walk", "version=1", "inDegrees=yes", "endheader", "\t".join(table.labels[i] for i in keep)]
    (tmp_path / "partial.mot").write_text("\n".join([*head, *rows, ""]), encoding="utf-8")
    job = bring(app, tmp_path / "partial.mot", EXAMPLE / "subject.osim")
    app.run(job, task="complete", surface="overground", samples=2)
    told = app.wait(job)
    assert told["state"] == "done", told
    assert "knee_angle_r" in told["result"]["headline"]
    names = {file["name"] for file in told["result"]["files"]}
    assert {"partial_completed.mot", "partial_spread.sto", "forces/partial_grf.mot"} <= names


def test_memory_has_a_limit_and_the_end_leaves_nothing(tmp_path: Path) -> None:
    """A motion of millions of rows is more than 100 MB; then SIGTERM, with another run on its way."""
    pytest.importorskip("k3d", reason="the app needs the extra [app]")
    if sys.platform != "linux":
        pytest.skip("memory has a limit on Linux only")
    row = "\t".join(["0.5"] * 30)
    body = "\n".join(f"{i / 1000:.3f}\t{row}" for i in range(300_000))
    head = "\n".join(
        ["long", "version=1", "inDegrees=yes", "endheader", "time\t" + "\t".join(f"c{i}" for i in range(30))]
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with started_app(scratch, "--max-memory-mb", "100", "--max-upload-mb", "60") as app:
        job = app.create()
        app.upload(job, f"{head}\n{body}\n".encode())
        app.run(job, surface="overground", mass=70.0, height=1.7)
        told = app.wait(job)
        assert told["state"] == "failed"
        assert "more memory than the app allows" in told["error"] or "ended without a result" in told["error"]
        assert app.run(job, task="sway", example=True, surface="overground").status == 202
        assert app.process is not None
        app.process.send_signal(signal.SIGTERM)
        app.process.wait(30)
        assert not list(scratch.iterdir())
        app.process.returncode = 0  # ended as it should, before Ctrl-C


def test_what_a_killed_app_left_is_deleted_by_the_next(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the app needs the extra [app]")
    pytest.importorskip("fcntl", reason="needs the locks of Unix")
    from gaitdynamics.app.serving import PREFIX, lock_file, remove_left_behind

    dead, alive, foreign = (tmp_path / name for name in (f"{PREFIX}dead", f"{PREFIX}alive", "other"))
    for folder in (dead, alive, foreign):
        folder.mkdir()
        (folder / "running.lock").touch()
        (folder / "upload").touch()
    with (alive / "running.lock").open("w") as lock:
        assert lock_file(lock)
        remove_left_behind(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {alive.name, "other"}


def test_an_address_that_is_taken_and_options_that_are_none(app: Client, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["app", "--port", str(app.port)]) == 2
    assert "cannot listen at 127.0.0.1" in capfd.readouterr().err
    assert cli.run(["app", "--workers", "0"]) == 2
    assert "--workers 0 is not possible" in capfd.readouterr().err


def test_messages_do_not_tell_where_files_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "job-x"
    (folder / "results").mkdir(parents=True)
    message = f"{folder}/results/walk.mot, row 3: broken, see {folder}/uploads.mot"
    assert without_folders(message, str(folder)) == "walk.mot, row 3: broken, see uploads.mot"


def test_orders_and_uploads_are_data_only() -> None:
    order = Order(
        folder="f", what="run", uploads={"motion": Upload(suffix=".mot", stem="a")}, choices=Choices(), unpacked_bytes=1
    )
    assert Order.model_validate_json(order.model_dump_json()) == order
