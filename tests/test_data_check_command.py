"""`gaitdynamics data check`, as a user meets it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from gaitdynamics import cli
from gaitdynamics.files.b3d_writer import write_b3d
from gaitdynamics.tasks import data_check
from gaitdynamics.trial import Trial
from opencap_files import write_session
from walking_with_forces import with_forces


def run(*arguments: object) -> int:
    return cli.run(["data", "check", *map(str, arguments)])


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "check.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_file_with_a_mistake_in_it(example_trial: Trial, tmp_path: Path, capsys) -> None:
    trial = with_forces(example_trial, 220)
    assert trial.forces is not None
    weak = replace(trial, name="weak", forces=replace(trial.forces, force=0.7 * trial.forces.force))
    write_b3d(tmp_path / "anna.b3d", [replace(trial, name="good"), weak])
    out = tmp_path / "deep" / "out"
    assert run(tmp_path / "anna.b3d", "--out", out) == 0
    said = capsys.readouterr().out
    assert "2 trials, 2 with measured forces; 1 with findings" in said
    assert "1 x gain, for example" in said
    good, bad = rows(out)
    assert (good["trial"], good["findings"], good["rate_hz"]) == ("good", "", "100")
    assert bad["findings"].startswith("gain: forces are 0.7 times")
    assert float(bad["gain"]) == pytest.approx(0.7, abs=0.02)
    assert (out / "check.png").read_bytes().startswith(b"\x89PNG")


def test_trials_that_cannot_be_read(tmp_path: Path, capsys) -> None:
    home = write_session(tmp_path / "data" / "s1", ("walk1", "walk2"))
    (home / "OpenSimData" / "Kinematics" / "walk2.mot").write_text("endheader\n")
    (write_session(tmp_path / "data" / "s2") / "sessionMetadata.yaml").unlink()
    out = tmp_path / "out"
    assert run(tmp_path / "data", "--out", out) == 0
    said = capsys.readouterr().out
    assert "1 x unreadable, for example OpenCap/s1/walk2" in said
    assert "cannot be looked into" in said
    found = rows(out)
    assert [r["findings"].partition(":")[0] for r in found] == ["", "unreadable", "unreadable"]
    assert "walk2.mot" in found[1]["unreadable"]
    assert found[2]["trial"].endswith("s2")


def test_nothing_can_be_read(tmp_path: Path, capsys) -> None:
    home = write_session(tmp_path / "s1")
    (home / "OpenSimData" / "Kinematics" / "walk1.mot").write_text("endheader\n")
    assert run(home, "--out", tmp_path / "out") == 2
    assert len(rows(tmp_path / "out")) == 1
    assert not (tmp_path / "out" / "check.png").exists()
    (tmp_path / "cut.b3d").write_bytes(bytes([9, 0, 0, 0, 0, 0, 0, 0, 1]))
    assert run(tmp_path / "cut.b3d", "--out", tmp_path / "other") == 2
    assert "byte 0" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_the_page_shows_those_with_most_to_say(example_trial: Trial, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(data_check, "MOST_PICTURES", 2)
    trial = with_forces(example_trial, 120)
    assert trial.forces is not None
    factors = [1.0, 0.5, 0.98, 1.0, 0.7]
    trials = [
        replace(trial, name=f"t{i}", forces=replace(trial.forces, force=factor * trial.forces.force))
        for i, factor in enumerate(factors)
    ]
    write_b3d(tmp_path / "anna.b3d", trials)
    from gaitdynamics.dataset.sources import open_source

    found = data_check.check_source(open_source(tmp_path / "anna.b3d"))
    assert [audit.trial for audit in found.audits if audit.vertical is not None] == ["t1", "t4"]
    assert len(found.audits) == 5
