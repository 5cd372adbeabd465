"""The commands about data folders, as a user meets them: statuses, messages, files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gaitdynamics import cli
from gaitdynamics.dataset.window_store import WindowStore
from gaitdynamics.trial import Trial
from walking_with_forces import with_forces, write_folder

pytest.importorskip("pyarrow")

ROWS = [
    ("Arc", "s1", "walk1", "train", "walking"),
    ("Arc", "s1", "walk2", "train", "walking"),
    ("Bow", "s1", "walk1", "val", "walking"),
]


@pytest.fixture(scope="module")
def folder(example_trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_folder(tmp_path_factory.mktemp("data"), with_forces(example_trial, 160), ROWS)
    motion = folder / "Arc/s1/walk2_ik.mot"
    motion.write_text(motion.read_text().replace("knee_angle_r", "knee_of_nobody"))
    short = with_forces(example_trial, 100)
    write_folder(folder, short, [("Bow", "s1", "walk1", "val", "walking")])
    write_manifest(folder)
    return folder


def write_manifest(folder: Path) -> None:
    lines = ["study,subject,trial,split,activity,condition,folder"]
    lines += [f"{','.join(row)},normal,{row[0]}/{row[1]}" for row in ROWS]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")


def run(*arguments: object) -> int:
    return cli.run(["data", *map(str, arguments)])


def test_report_lists_every_trial_and_rule(folder: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "deep" / "report"
    assert run("report", folder, "--out", out) == 0
    assert str(out / "quality.md") in capsys.readouterr().out.replace("\n", "")
    with (out / "quality.csv").open() as stream:
        rows = {(r["study"], r["trial"], r["rule"]): r for r in csv.DictReader(stream)}
    assert len(rows) == 2 * 5 + 1
    length = rows["Bow", "walk1", "length"]
    assert (length["value"], length["threshold"], length["unit"]) == ("1", "1.5", "s")
    assert (length["removes_trial"], length["removed_frames"]) == ("True", "100")
    assert rows["Arc", "walk1", "length"]["removes_trial"] == "False"
    assert "knee_angle_r" in rows["Arc", "walk2", "readable"]["reason"]
    text = (out / "quality.md").read_text()
    assert "3 trials, of which 2 are removed by some rule" in text
    assert "| length | 2 | 1 | 100 of 260 (38.5 %) | 1 |" in text
    assert "| Bow | length | 1 | 1 | 100 of 100 (100.0 %) |" in text
    assert "| Bow/s1/walk1 | length | trial | duration: 1 s, at least 1.5 s is kept |" in text


def test_report_of_one_side_and_without_a_rule(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert run("report", folder, "--split", "val", "--rules", "published", "--without", "length", "--out", out) == 0
    text = (out / "quality.md").read_text()
    assert "1 trials" in text
    assert "| length |" not in text
    assert "| valid_window | 1 | 1 |" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--without", "yaw"), "have no yaw"),
        (("--split", "nowhere"), "'nowhere'"),
        (("--rules", "strict"), "strict"),
    ],
)
def test_mistakes_leave_nothing(folder: Path, tmp_path: Path, capsys, arguments, message) -> None:
    assert run("report", folder, "--out", tmp_path / "report", *arguments) == 2
    said = capsys.readouterr()
    assert message in said.out + said.err
    assert not (tmp_path / "report").exists()


def test_prepare_makes_a_store_once(folder: Path, tmp_path: Path, capsys) -> None:
    place = tmp_path / "store"
    assert run("prepare", folder, "--out", place) == 0
    assert "1 trials are left out" in capsys.readouterr().out
    store = WindowStore.open(place)
    assert [(e.label, e.split, e.frames) for e in store.entries if e.variant == "as_measured"] == [
        ("Arc/s1/walk1", "train", 160),
        ("Bow/s1/walk1", "val", 100),
    ]
    assert "knee_angle_r" in store.reasons["Arc/s1/walk2"]
    assert run("prepare", folder, "--out", place) == 0
    assert "was there already" in capsys.readouterr().out
    assert run("prepare", folder, "--out", place, "--rules", "paper") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run("prepare", folder, "--out", place, "--rules", "paper", "--without", "length", "--overwrite") == 0
    assert WindowStore.open(place).description.settings["rules"] == "paper"
    assert run("prepare", folder, "--out", place, "--workers", "0") == 2
