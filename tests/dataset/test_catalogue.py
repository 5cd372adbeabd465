"""The catalogue of a small data folder made by hand: what is found, and what is said where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.dataset import Catalogue
from gaitdynamics.dataset.records import valid_frames
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.trial import Surface

HEAD = "study,subject,trial,split,activity,condition,folder"
ROWS = (
    "Arc,s1,walk1,train,walking,normal,Arc/s1",
    "Arc,s1,walk2,train,walking,,Arc/s1",
    "Arc,s2,run1,val,running,fast,Arc/s2",
    "Arc,s3,walk1,test_held_out_subject,walking,normal,Arc/s3",
    "Bow,s1,run1,test_unseen_study,running,normal,Bow/s1",
    "Bow,s1,squat,test_unseen_study,other,normal,Bow/s1",
)
FACTS = {
    "activity": "walking",
    "surface": "overground",
    "belt_speed_m_s": None,
    "speed_m_s": 1.2,
    "valid_r": [[0.0, 1.0], [2.0, 3.0]],
    "valid_l": [],
}
SUBJECT = {"mass_kg": 70.0, "height_m": None}


def write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "manifest.csv").write_text("\n".join((HEAD, *ROWS)) + "\n", encoding="utf-8")
    for row in ROWS:
        trial, home = row.split(",")[2], tmp_path / row.split(",")[-1]
        home.mkdir(parents=True, exist_ok=True)
        for name in ("model.osim", f"{trial}_ik.mot", f"{trial}_grf.mot"):
            (home / name).touch()
        write_json(home / "subject.json", SUBJECT)
        write_json(home / f"{trial}.json", FACTS)
    return tmp_path


def test_records_hold_the_facts_of_the_files(folder: Path) -> None:
    write_json(folder / "Bow/s1/subject.json", SUBJECT | {"mass_kg": 61, "height_m": 1.7})
    write_json(folder / "Bow/s1/run1.json", FACTS | {"surface": "treadmill", "belt_speed_m_s": 3, "speed_m_s": None})
    catalogue = Catalogue.read(folder)
    assert [record.label for record in catalogue] == ["/".join(row.split(",")[:3]) for row in ROWS]
    first, run = catalogue.records[0], catalogue.records[4]
    assert (first.mass_kg, first.height_m, first.speed, first.surface) == (70.0, None, 1.2, Surface())
    assert first.valid_r == ((0.0, 1.0), (2.0, 3.0))
    assert first.valid_l == ()
    assert (run.mass_kg, run.height_m, run.speed) == (61.0, 1.7, None)
    assert run.surface == Surface("treadmill", 3.0)
    assert (run.split, run.activity, run.condition) == ("test_unseen_study", "running", "normal")
    assert run.motion_file == folder / "Bow/s1/run1_ik.mot"
    assert run.forces_file == folder / "Bow/s1/run1_grf.mot"
    assert run.model_file == folder / "Bow/s1/model.osim"


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, 6),
        ({"split": "test"}, 3),
        ({"split": ("train", "val")}, 3),
        ({"split": "test_unseen_study", "activity": "running"}, 1),
        ({"study": "Arc", "activity": "walking"}, 3),
        ({"study": "Bow", "activity": "walking"}, 0),
    ],
)
def test_select_keeps_what_matches_every_criterion(folder: Path, criteria: dict[str, str], expected: int) -> None:
    assert len(Catalogue.read(folder).select(**criteria)) == expected


@pytest.mark.parametrize("criterion", ["split", "study", "activity"])
def test_select_refuses_a_name_that_occurs_nowhere(folder: Path, criterion: str) -> None:
    with pytest.raises(UserInputError, match=r"'nowhere'[\s\S]*choose among"):
        Catalogue.read(folder).select(**{criterion: "nowhere"})


def test_test_means_nothing_where_there_is_no_test_side(folder: Path) -> None:
    train = Catalogue.read(folder).select(split="train")
    with pytest.raises(UserInputError, match="choose among: train"):
        train.select(split="test")


def test_folder_without_manifest(folder: Path) -> None:
    (folder / "manifest.csv").unlink()
    with pytest.raises(FileFormatError, match=r"no manifest\.csv[\s\S]*Remedy"):
        Catalogue.read(folder)


def test_manifest_without_a_column(folder: Path) -> None:
    manifest = folder / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("split", "side", 1))
    with pytest.raises(FileFormatError, match="column\\(s\\) missing: split"):
        Catalogue.read(folder)


def test_manifest_with_an_empty_cell_tells_row_and_column(folder: Path) -> None:
    manifest = folder / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("run1,val", "run1,"))
    with pytest.raises(FileFormatError, match="row 3, column 'split'"):
        Catalogue.read(folder)


def test_manifest_with_a_short_row_tells_row_and_column(folder: Path) -> None:
    manifest = folder / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",fast,Arc/s2", ",fast"))
    with pytest.raises(FileFormatError, match="row 3, column 'folder'"):
        Catalogue.read(folder)


def test_trial_listed_twice(folder: Path) -> None:
    with (folder / "manifest.csv").open("a") as stream:
        stream.write(ROWS[1] + "\n")
    with pytest.raises(FileFormatError, match=r"row 7: trial 'walk2' is listed twice \(first in row 2\)"):
        Catalogue.read(folder)


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "Arc/s2/run1_grf.mot").unlink()
    (folder / "Bow/s1/model.osim").unlink()
    with pytest.raises(FileFormatError, match=r"2 file\(s\).*Arc/s2/run1_grf\.mot, Bow/s1/model\.osim"):
        Catalogue.read(folder)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("subject.json", {"mass_kg": None}, "mass_kg"),
        ("subject.json", {"mass_kg": -1.0}, "mass_kg"),
        ("subject.json", SUBJECT | {"height_m": "tall"}, "'height_m' is 'tall'"),
        ("walk1.json", FACTS | {"surface": "grass"}, "'surface' is 'grass'"),
        ("walk1.json", FACTS | {"surface": "treadmill"}, "belt_speed_m_s"),
        ("walk1.json", FACTS | {"valid_r": None}, "'valid_r' is None"),
        ("walk1.json", FACTS | {"valid_l": [[2.0, 1.0]]}, "'valid_l'"),
        ("walk1.json", FACTS | {"valid_l": [2.0, 3.0]}, "'valid_l'"),
    ],
)
def test_unusable_facts_name_file_and_key(folder: Path, file: str, content: dict[str, object], message: str) -> None:
    write_json(folder / "Arc/s1" / file, content)
    with pytest.raises(FileFormatError, match=message) as raised:
        Catalogue.read(folder)
    assert raised.value.file == folder / "Arc/s1" / file


def test_broken_json_names_its_file(folder: Path) -> None:
    (folder / "Arc/s1/walk1.json").write_text("{")
    with pytest.raises(FileFormatError, match=r"walk1\.json.*JSON"):
        Catalogue.read(folder)


def test_one_person_on_two_sides_is_refused(folder: Path) -> None:
    write_json(folder / "Bow/s1/subject.json", SUBJECT | {"same_person_as": "Arc/s1"})
    with pytest.raises(UserInputError, match="Bow/s1 in test; Arc/s1 in train"):
        Catalogue.read(folder)


def test_two_names_joined_through_a_third_are_one_person(folder: Path) -> None:
    write_json(folder / "Bow/s1/subject.json", SUBJECT | {"same_person_as": "Elsewhere/p9"})
    write_json(folder / "Arc/s1/subject.json", SUBJECT | {"same_person_as": ["Elsewhere/p9"]})
    with pytest.raises(UserInputError, match="more than one side"):
        Catalogue.read(folder)


def test_one_person_under_two_names_on_the_same_side_is_fine(folder: Path) -> None:
    write_json(folder / "Bow/s1/subject.json", SUBJECT | {"same_person_as": "Arc/s3"})
    write_json(folder / "Arc/s3/subject.json", SUBJECT | {"same_person_as": "Bow/s1"})
    assert len(Catalogue.read(folder)) == len(ROWS)


def test_subject_with_trials_on_two_sides_is_refused(folder: Path) -> None:
    manifest = folder / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("walk2,train", "walk2,val"))
    with pytest.raises(UserInputError, match="Arc/s1 in train; Arc/s1 in val"):
        Catalogue.read(folder)


def test_valid_frames_include_the_ends_of_each_interval() -> None:
    time = np.arange(11) / 10 + 0.1
    mask = valid_frames(time, ((0.1, 0.3), (0.9, 9.0)), ((0.31, 0.39),))
    assert np.flatnonzero(mask[:, 0]).tolist() == [0, 1, 2, 8, 9, 10]
    assert not mask[:, 1].any()
