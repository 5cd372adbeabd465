"""Judging completions over a data folder, by the command."""

import csv

import pytest

from gaitdynamics import cli
from walking_with_forces import with_forces, write_folder

ROWS = [
    ("Arc", "s1", "walk1", "train", "walking"),
    ("Bow", "s2", "walk1", "val", "walking"),
    ("Bow", "s3", "walk1", "test_unseen_study", "walking"),
]


@pytest.fixture(scope="module")
def results(example_trial, tmp_path_factory):
    folder = write_folder(tmp_path_factory.mktemp("data"), with_forces(example_trial, 220), ROWS)
    out = tmp_path_factory.mktemp("out")
    code = cli.run(["evaluate", "completion", str(folder), "--split", "val", "--longest", "1.5", "--out", str(out)])
    assert code == 0
    return out


def rows_of(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_only_the_asked_split_is_judged(results):
    motions = rows_of(results / "motions.csv")
    assert {(row["study"], row["subject"]) for row in motions} == {("Bow", "s2")}
    assert rows_of(results / "failures.csv") == []
    assert "val" in (results / "summary.md").read_text(encoding="utf-8").splitlines()[0]


def test_hidden_knees_come_nearer_than_medians_and_what_is_measured_is_exact(results):
    """The median comes from the very same walk, so nothing but its course over time is left to be found."""
    error = {
        (row["mask"], row["method"]): float(row["angle_deg"])
        for row in rows_of(results / "motions.csv")
        if row["angle_deg"]
    }
    assert error["knees", "diffusion"] < 0.5 * error["knees", "median"]
    assert error["hips", "diffusion"] < error["hips", "median"]


def test_a_folder_without_weights_is_refused(results, tmp_path, capsys):
    command = ["evaluate", "completion", str(tmp_path), "--weights", "nameless", "--out", str(tmp_path / "out")]
    assert cli.run(command) == 2
    assert "write --weights NAME=FOLDER" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
