"""The commands `modify` and `speed`: files, their repetition, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaitdynamics import cli
from gaitdynamics.files.forces import read_forces
from gaitdynamics.files.motion import read_trial
from gaitdynamics.files.storage import read_storage, write_storage
from gaitdynamics.inference import motion_network
from gaitdynamics.tasks import what_if_files
from small_networks import small_network

EXAMPLE = Path(__file__).parents[1] / "examples" / "walking"
MODEL = ["--model", str(EXAMPLE / "subject.osim"), "--height", "1.72", "--overground"]


@pytest.fixture(scope="module")
def short_walk(tmp_path_factory):
    """The first 2.4 s of the example."""
    table = read_storage(EXAMPLE / "walking.mot")
    path = tmp_path_factory.mktemp("walk") / "walk.mot"
    labels = [label for label in table.labels if label != "time"]
    rows = np.column_stack([table.time, *(table.column(label) for label in labels)])[:240]
    write_storage(path, ["time", *labels], rows, name="Coordinates", in_degrees=bool(table.in_degrees))
    return path


@pytest.fixture(autouse=True)
def network(monkeypatch, example_trial):
    made = small_network(example_trial, constant=True)
    monkeypatch.setattr(motion_network, "load_motion_network", lambda weights=None: made)


def test_modify_writes_all_that_goes_with_the_motion(short_walk, tmp_path, capsys):
    arguments = ["modify", str(short_walk), *MODEL, "--scale", "lumbar_bending=2", "--out", str(tmp_path)]
    assert cli.run(arguments) == 0
    assert "Newton's residual" in capsys.readouterr().out
    report = json.loads((tmp_path / "walk_modified_report.json").read_text())
    assert sorted(report["files"]) == sorted(path.name for path in tmp_path.iterdir())
    assert report["asked"]["changes"][0]["coordinate"] == "lumbar_bending"
    assert report["after"]["refiner"]["newton"]["total"] < 25.0
    before = read_trial(short_walk, model=EXAMPLE / "subject.osim")
    after = read_trial(tmp_path / "walk_modified.mot", model=EXAMPLE / "subject.osim")
    assert np.ptp(after.column("lumbar_bending")) > 1.5 * np.ptp(before.column("lumbar_bending"))
    forces = read_forces(tmp_path / "walk_modified_grf.mot", after.time)
    assert forces.force[..., 1].sum(1).mean() == pytest.approx(after.body_weight, rel=0.1)
    # Again, over its own files.
    assert cli.run(arguments) == 0


def test_files_of_others_are_left_alone(short_walk, tmp_path, capsys):
    (tmp_path / "walk_modified_grf.mot").write_text("measured")
    arguments = ["modify", str(short_walk), *MODEL, "--scale", "lumbar_bending=2", "--out", str(tmp_path)]
    assert cli.run(arguments) == 2
    assert "was not written by gaitdynamics" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["walk_modified_grf.mot"]


def test_speed_writes_a_motion_per_speed_and_one_table(short_walk, tmp_path):
    assert cli.run(["speed", str(short_walk), *MODEL, "--to", "1.3", "1.1", "--out", str(tmp_path)]) == 0
    report = what_if_files.WhatIfReport.model_validate_json((tmp_path / "walk_speeds_report.json").read_text())
    assert sorted(report.files) == sorted(path.name for path in tmp_path.iterdir())
    table = pd.read_csv(tmp_path / "walk_speeds.csv")
    assert table["speed_asked"].to_list()[1:] == [1.1, 1.3]
    assert table["stride_length"].iloc[1] < table["stride_length"].iloc[2]
    assert (tmp_path / "walk_1.30mps.mot").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["modify", "--scale", "lumbar_bending=x"], "is not a change"),
        (["modify", "--scale", "lumbar_bending=nan"], "is not a change"),
        (["modify", "--scale", "no_such=2"], "no coordinate 'no_such'"),
        (["modify", "--scale", "lumbar_bending=2", "--set", "lumbar_bending=3"], "changed twice"),
        (["modify", "--scale", "lumbar_bending=2", "--margin", "3"], "margin"),
        (["modify"], "nothing is to be changed"),
        (["speed", "--to", "4.0"], "another gait"),
        (["speed", "--to", "1.2", "--margin", "-1"], "margin"),
        (["speed", "--to", "50"], "not possible"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(short_walk, tmp_path, capsys, arguments, said):
    command, *rest = arguments
    out = tmp_path / "out"
    assert cli.run([command, str(short_walk), *MODEL, *rest, "--out", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()
