"""Session folders of OpenCap, and what can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.opencap import find_sessions, read_metadata, read_session
from opencap_files import METADATA, write_session


def test_session(tmp_path: Path) -> None:
    folder = write_session(tmp_path / "OpenCapData_1", ("walk2", "walk1"))
    session = read_session(folder)
    assert (session.mass_kg, session.height_m) == (68.5, 1.72)
    assert [path.stem for path in session.motions] == ["walk1", "walk2"]
    assert session.model.name == "LaiUhlrich2022_scaled.osim"


def test_metadata_of_the_person_only(tmp_path: Path) -> None:
    path = tmp_path / "sessionMetadata.yaml"
    path.write_text("﻿" + METADATA, encoding="utf-8")
    facts = read_metadata(path)
    assert facts["subjectID"] == "anna"
    assert facts["mass_kg"] == "68.5"
    assert "Cam0" not in facts
    assert "checkerBoard" not in facts


def test_sessions_at_any_depth(tmp_path: Path) -> None:
    homes = [write_session(tmp_path / name) for name in ("a/x", "a/y", "b")]
    assert find_sessions(tmp_path) == tuple(homes)
    assert find_sessions(homes[0]) == (homes[0],)


def test_generic_model_beside_the_scaled_one(tmp_path: Path) -> None:
    session = write_session(tmp_path / "s")
    models = session / "OpenSimData" / "Model"
    (models / "LaiUhlrich2022.osim").write_text("<x/>")
    assert read_session(session).model.stem == "LaiUhlrich2022_scaled"
    (models / "LaiUhlrich2022" / "other_scaled.osim").write_text("<x/>")
    with pytest.raises(FileFormatError, match=r"LaiUhlrich2022_scaled\.osim, other_scaled\.osim"):
        read_session(session)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("mass_kg: 68.5", "weight: 68.5", "no 'mass_kg'"), ("height_m: 1.72", "height_m: tall", "'tall'")],
)
def test_facts_that_are_missing(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = write_session(tmp_path / "s", metadata=METADATA.replace(f"\n{old}", f"\n{new}"))
    with pytest.raises(FileFormatError, match=message):
        read_session(folder)


def test_files_that_are_missing(tmp_path: Path) -> None:
    folder = write_session(tmp_path / "s")
    (folder / "OpenSimData" / "Kinematics" / "walk1.mot").unlink()
    with pytest.raises(FileFormatError, match="no motions"):
        read_session(folder)
    (folder / "sessionMetadata.yaml").unlink()
    with pytest.raises(FileFormatError, match="metadata"):
        read_session(folder)
