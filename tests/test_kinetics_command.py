"""The command `kinetics` as a user meets it, without OpenSim: the steps up to joint moments, and what it refuses."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from gaitdynamics import cli
from gaitdynamics.files.storage import read_storage
from gaitdynamics.tasks.moments_files import moments_files

EXAMPLE = Path(__file__).parents[1] / "examples" / "walking"
MODEL = ("--model", str(EXAMPLE / "subject.osim"))
MOTION = str(EXAMPLE / "walking.mot")


def test_it_writes_forces_and_joint_moments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["kinetics", MOTION, *MODEL, "--overground", "--hip-muscles", "--out", str(tmp_path)]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert {"walking_grf.mot", "walking_report.json", "walking_id.sto", "walking_moments.png"} <= names
    # The network needs no muscles in the model; the walk is symmetric, and so are its muscles.
    muscles = read_storage(tmp_path / "walking_hip_muscles.sto")
    assert len(muscles.labels) == 1 + 2 * 14
    assert muscles.data[:, 1:].min() >= 0.0
    peaks = [muscles.column(f"glmed_{side}").max() for side in "rl"]
    assert peaks[0] == pytest.approx(peaks[1], rel=0.1)
    assert 200.0 < peaks[0] < 2000.0
    report = json.loads((tmp_path / "walking_hip_muscles.json").read_text())
    assert report["network"] == "muscles-1"
    assert report["peaks_n_per_kg"]["glmed_r"] == pytest.approx(peaks[0] / report["mass_kg"], rel=1e-6)
    # The same forces, now as measured ones: the same moments, and no estimate.
    again = tmp_path / "again"
    # Without the flag there are no muscles.
    given = ["--grf", str(tmp_path / "walking_grf.mot")]
    assert cli.run(["kinetics", MOTION, *MODEL, *given, "--out", str(again)]) == 0
    assert {path.name for path in again.iterdir()} == {path.name for path in moments_files(again, "walking").paths()}
    first, second = ((folder / "walking_id.sto").read_text().splitlines() for folder in (tmp_path, again))
    numbers = [[float(x) for x in lines[-500].split()] for lines in (first, second)]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the surface is not told"),
        (("--overground", "--treadmill", "1.2"), "both --overground and --treadmill"),
        (("--overground", "--cutoff", "0"), "cutoff frequency of 0 Hz"),
        (("--overground", "--muscle-rate", "0"), "0 instants per second"),
        (("--grf", "missing.mot"), "missing.mot"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert cli.run(["kinetics", MOTION, *MODEL, *arguments, "--out", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_a_model_without_muscles_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("opensim")
    out = tmp_path / "out"
    assert cli.run(["kinetics", MOTION, *MODEL, "--overground", "--muscles", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "no muscle acts on hip_flexion_r" in error
    assert "subject.osim" in error
    assert not out.exists()


def test_without_opensim_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "opensim":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    out = tmp_path / "out"
    assert cli.run(["kinetics", MOTION, *MODEL, "--overground", "--muscles", "--out", str(out)]) == 2
    assert "pip install 'gaitdynamics[opensim]'" in capsys.readouterr().err
    assert not out.exists()
