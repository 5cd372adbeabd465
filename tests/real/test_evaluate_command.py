"""`gaitdynamics evaluate forces` on a small folder of real trials."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from gaitdynamics import cli
from gaitdynamics.evaluation.moment_metrics import JOINTS


@pytest.fixture
def small_folder(data_folder: Path, tmp_path: Path) -> Path:
    """One overground walk of one person, in the layout of the whole folder."""
    with (data_folder / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    row = next(r for r in rows if r["study"] == "Schreiber2019")
    folder = tmp_path / "data"
    (folder / row["folder"]).parent.mkdir(parents=True)
    (folder / row["folder"]).symlink_to(data_folder / row["folder"])
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerow({**row, "split": "val"})
    return folder


def test_tables_figures_and_settings_are_written(
    small_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["evaluate", "forces", str(small_folder), "--split", "val", "--methods", "physics"]
    assert cli.run([*arguments, "--out", str(out)]) == 0
    names = {p.name for p in out.iterdir()}
    assert {
        "summary.md",
        "results.csv",
        "errors.png",
        "moments.png",
        "examples_walking_physics.png",
        "configuration.json",
    } <= names
    settings = json.loads((out / "configuration.json").read_text())
    assert (settings["split"], settings["methods"]) == ("val", {"physics": None})
    with (out / "results.csv").open() as stream:
        scored = list(csv.DictReader(stream))
    assert {row["method"] for row in scored} == {"physics"}
    # Newton's law alone is within a few percent of body weight of the plates on a straight walk.
    assert all(0.0 < float(row["profile_vertical"]) < 15.0 for row in scored)
    # The ground may push the leg wrongly, but not by more than walking itself takes; and both legs have moments.
    assert all(0.0 < float(row[f"moment_{joint}"]) < 0.8 for row in scored for joint in JOINTS)
    # Forces that come from Newton's law obey it nearly where a foot is on the ground; the plates do so less.
    main = [row for row in scored if row["protocol"] == "both_feet"]
    assert {row["side"] for row in main} == {"r", "l"}
    assert all(float(row["newton_vertical"]) < float(row["newton_measured_vertical"]) < 12.0 for row in main)
    assert "physics" in capsys.readouterr().out


def test_unknown_split_is_told(small_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["evaluate", "forces", str(small_folder), "--split", "exam", "--methods", "physics"]
    assert cli.run([*arguments, "--out", str(out)]) == 2
    assert "choose among: val" in capsys.readouterr().err
    assert not out.exists()
