"""Whatever holds trials, listed and loaded the same way."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from b3d_files import EXAMPLE, MadeUpFile
from gaitdynamics.dataset.b3d_source import B3dRecording, study_of
from gaitdynamics.dataset.sources import open_source
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.trial import Surface, Trial
from opencap_files import write_session
from walking_with_forces import with_forces, write_folder


def test_data_folder(example_trial: Trial, tmp_path: Path) -> None:
    write_folder(tmp_path, with_forces(example_trial, 60), [("Arc", "s1", "walk1", "train", "walking")])
    for path in (tmp_path, tmp_path / "manifest.csv"):
        source = open_source(path)
        assert (source.kind, [r.label for r in source.recordings]) == ("data folder", ["Arc/s1/walk1"])


def test_folder_of_b3d_files(example_trial: Trial, tmp_path: Path) -> None:
    made_up = MadeUpFile(example_trial)
    made_up.add("walk", 40)
    made_up.add("walk", 30)
    for home in ("Carter2023_Formatted_No_Arm/P1", "Tan2021_Formatted_No_Arm/s2"):
        (tmp_path / home).mkdir(parents=True)
        made_up.write(tmp_path / home / f"{Path(home).name}.b3d")
    (tmp_path / "broken.b3d").write_bytes(b"no such file")
    source = open_source(tmp_path)
    assert [r.label for r in source.recordings] == [
        *("Carter2023/P1/walk", "Carter2023/P1/walk_2", "Tan2021/s2/walk", "Tan2021/s2/walk_2"),
    ]
    assert [part.path.name for part in source.unreadable] == ["broken.b3d"]
    assert "not a .b3d file" in source.unreadable[0].reason
    carter, tan = (pickle.loads(pickle.dumps(source.recordings[i])).load() for i in (1, 3))
    assert len(carter.time) == len(tan.time) == 30
    # Carter2023 takes the points of the raw plates, which are 0.1 m apart; others those of the pass, 1 m apart.
    assert carter.forces.cop[5, :, 0].tolist() == pytest.approx([0.2, 0.1])
    assert tan.forces.cop[5, :, 0].tolist() == [0.0, 1.0]


def test_one_b3d_file(example_trial: Trial, tmp_path: Path) -> None:
    made_up = MadeUpFile(example_trial)
    made_up.add("walk", 40)
    source = open_source(made_up.write(tmp_path / "anna.b3d"))
    assert [(r.study, r.subject, r.trial) for r in source.recordings] == [(tmp_path.name, "anna", "walk")]
    recording = source.recordings[0]
    assert isinstance(recording, B3dRecording)
    assert len(recording.load().time) == 40
    # A file that has changed is read again.
    longer = MadeUpFile(example_trial)
    longer.add("walk", 50)
    longer.write(recording.file)
    assert len(recording.load().time) == 50
    recording.file.unlink()
    with pytest.raises(FileFormatError, match="No such file"):
        recording.load()


def test_nothing_but_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "a.b3d").write_bytes(bytes(5))
    with pytest.raises(FileFormatError, match="no header"):
        open_source(tmp_path)


def test_study_of_a_file(tmp_path: Path) -> None:
    for place, study in (("x/Tan/s1/s1.b3d", "Tan"), ("Tan/s1.b3d", "Tan"), ("s1.b3d", tmp_path.name)):
        assert study_of(tmp_path / place, tmp_path) == study


def test_opencap_sessions(tmp_path: Path) -> None:
    write_session(tmp_path / "s1", ("walk1", "walk2"))
    write_session(tmp_path / "s2")
    (write_session(tmp_path / "s3") / "sessionMetadata.yaml").unlink()
    source = open_source(tmp_path)
    assert [r.label for r in source.recordings] == ["OpenCap/s1/walk1", "OpenCap/s1/walk2", "OpenCap/s2/walk1"]
    assert [part.path.name for part in source.unreadable] == ["s3"]
    trial = source.recordings[2].load()
    assert (trial.subject.mass_kg, trial.subject.height_m, trial.forces) == (68.5, 1.72, None)
    with pytest.raises(FileFormatError, match="metadata"):
        open_source(tmp_path / "s3")


def write_table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_table(example_trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    for name in ("walking.mot", "subject.osim"):
        (tmp_path / "anna" / name).write_bytes((EXAMPLE / name).read_bytes())
    source = open_source(
        write_table(
            tmp_path / "trials.csv",
            "Motion,model,mass,height,surface,speed,remark\n"
            "anna/walking.mot,anna/subject.osim,,,treadmill,1.2,\n"
            "anna/nowhere.mot,,70,1.8,overground,,lost\n",
        )
    )
    assert [r.label for r in source.recordings] == ["trials/anna/walking", "trials/anna/nowhere"]
    trial = source.recordings[0].load()
    assert trial.surface == Surface("treadmill", 1.2)
    assert np.array_equal(trial.values, example_trial.values)
    with pytest.raises(FileFormatError, match=r"nowhere\.mot"):
        source.recordings[1].load()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("model,mass\na,1\n", "no column 'motion'"),
        ("motion\n", "no row"),
        ("motion,mass,height\nx.mot,70,1.8\n,70,1.8\n", r"row 2, column 'motion'"),
        ("motion,mass,height\nx.mot,heavy,1.8\n", r"row 1, column 'mass_kg': 'heavy'"),
        ("motion,mass,height\nx.mot,70,nan\n", r"row 1, column 'height_m'"),
        ("motion,mass\nx.mot,70\n", "row 1: neither a model nor mass and height"),
        ("motion,model,surface\nx.mot,m.osim,grass\n", r"row 1, column 'surface': 'grass'"),
        ("motion,model,surface\nx.mot,m.osim,Treadmill\n", r"row 1, column 'speed_m_s'"),
        ("motion,model\na/x.mot,m.osim\nb/x.mot,m.osim\n", "row 2: .* is there twice"),
    ],
)
def test_mistakes_in_a_table(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(FileFormatError, match=place):
        open_source(write_table(tmp_path / "t.csv", text))


def test_what_holds_no_trials(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    for name, message in (("empty", "no trials"), ("notes.txt", "no list of trials"), ("nowhere", "no such file")):
        with pytest.raises(UserInputError, match=message):
            open_source(tmp_path / name)
