"""The command `labels` on a few real trials: what it writes, how it goes on after a stop, what it leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaitdynamics import cli
from gaitdynamics.dataset.gait2hip import read_gait2hip
from gaitdynamics.files.storage import read_storage
from gaitdynamics.tasks.label_store import load_labels

#: A walk with whole cycles, one with a single step, and one whose model has no muscles.
CHOSEN = ("Rajagopal2016", "ZhejiangIMU", "Schreiber2019")


@pytest.fixture
def few(data_folder: Path, tmp_path: Path) -> Path:
    """A data folder with the first trial of each of some studies."""
    manifest = pd.read_csv(data_folder / "manifest.csv")
    first = manifest[manifest["study"].isin(CHOSEN)].groupby("study").head(1)
    folder = tmp_path / "data"
    folder.mkdir()
    first.to_csv(folder / "manifest.csv", index=False)
    for study in CHOSEN:
        (folder / study).symlink_to(data_folder / study)
    return folder


def test_labels_of_a_folder(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("opensim")
    out = tmp_path / "labels"
    arguments = ["labels", str(few), "--out", str(out)]
    assert cli.run(arguments) == 0
    page = capsys.readouterr().out
    assert "1 gait cycles of 2 trials" in page
    left_out = pd.read_csv(out / "left_out.csv").set_index("trial")["reason"]
    assert "no muscle acts on" in left_out[left_out.index.str.startswith("Schreiber2019")].iloc[0]
    assert left_out[left_out.index.str.startswith("ZhejiangIMU")].str.contains("instants only").all()
    forces, moments = read_gait2hip(out / "labels_MF.npz"), read_gait2hip(out / "labels_JM.npz")
    # Known of walking at the hip, in N/kg and N.m/kg; the cycle begins just before contact, extension moment first.
    assert forces.outputs.min() >= 0.0
    assert 5.0 < forces.outputs[0, :, 10].max() < 30.0
    assert moments.outputs[0, :40, 0].min() < -0.3
    assert moments.outputs[0, 80:110, 0].max() > 0.3
    quality = pd.read_csv(out / "quality.csv")
    assert quality["reserve_share"].max() < 0.01
    # Both files hold the angles of the motion.
    trial = next(t for t in load_labels(out) if t.study == "Rajagopal2016")
    motion = read_storage(few / trial.study / trial.subject / f"{trial.trial}_ik.mot")
    knee = "knee_angle_r" if str(np.load(out / "labels_MF.npz")["side"][0]) == "r" else "knee_angle_l"
    start = float(np.load(out / "labels_MF.npz")["start_s"][0])
    assert forces.angles[0, 0, 6] == pytest.approx(np.interp(start, motion.time, motion.column(knee)), abs=0.3)
    # Again: nothing is computed anew, and the same comes out.
    times = {file: file.stat().st_mtime_ns for file in (out / "trials").iterdir()}
    (out / "labels_MF.npz").unlink()
    assert cli.run(arguments) == 0
    assert times == {file: file.stat().st_mtime_ns for file in (out / "trials").iterdir()}
    np.testing.assert_array_equal(read_gait2hip(out / "labels_MF.npz").outputs, forces.outputs)
    # Other settings do not mix with these.
    assert cli.run([*arguments, "--rate", "80"]) == 2
    assert "other settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--rate", "1"), "--rate"), (("--samples", "3"), "3 samples"), (("--processes", "0"), "0 processes")],
)
def test_mistakes(arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["labels", str(tmp_path), *arguments, "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
