"""ExternalLoads and Inverse Dynamics setups: what they say, and what is said when they are incomplete."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.external_loads import ExternalLoad, read_external_loads, write_external_loads
from gaitdynamics.files.inverse_dynamics import read_inverse_dynamics_setup, write_inverse_dynamics_setup


@pytest.fixture
def loads_file(tmp_path: Path) -> Path:
    (tmp_path / "walk_grf.mot").touch()
    path = tmp_path / "walk_loads.xml"
    write_external_loads(path, datafile="walk_grf.mot")
    return path


def test_loads_round_trip(loads_file: Path) -> None:
    loads = read_external_loads(loads_file)
    assert loads.datafile == loads_file.parent / "walk_grf.mot"
    assert loads.loads == (
        ExternalLoad("right", "calcn_r", "ground_force_v", "ground_force_p", "ground_torque_"),
        ExternalLoad("left", "calcn_l", "1_ground_force_v", "1_ground_force_p", "1_ground_torque_"),
    )


def test_loads_for_other_bodies_and_naming(tmp_path: Path) -> None:
    (tmp_path / "g & h.mot").touch()
    path = tmp_path / "loads.xml"
    write_external_loads(path, datafile="g & h.mot", naming="opencap", bodies={"r": "foot_r", "l": "foot_l"})
    right, left = read_external_loads(path).loads
    assert (right.applied_to_body, right.force_identifier) == ("foot_r", "R_ground_force_v")
    assert (left.applied_to_body, left.torque_identifier) == ("foot_l", "L_ground_torque_")


def test_loads_hold_nothing_that_opensim_removed(loads_file: Path) -> None:
    root = ET.parse(loads_file).getroot()
    assert root.find(".//external_loads_model_kinematics_file") is None
    assert [e.text for e in root.iter("datafile")] == ["walk_grf.mot"]
    for tag in ("force_expressed_in_body", "point_expressed_in_body"):
        assert [e.text for e in root.iter(tag)] == ["ground", "ground"]


def test_datafile_must_be_relative(tmp_path: Path) -> None:
    for name in ("/data/grf.mot", "C:\\data\\grf.mot"):
        with pytest.raises(ValueError, match="relative"):
            write_external_loads(tmp_path / "x.xml", datafile=name)
    with pytest.raises(ValueError, match="prefix"):
        write_external_loads(tmp_path / "x.xml", datafile="grf.mot", naming="side_last")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("walk_grf.mot", "other.mot", "'other.mot' .* does not exist"),
        ("<datafile>walk_grf.mot</datafile>", "", "no force file is named"),
        ("<force_identifier>1_ground_force_v</force_identifier>", "", "'left' has no <force_identifier>"),
        (
            "<applied_to_body>calcn_r</applied_to_body>",
            "<applied_to_body/>",
            "'right' has no <applied_to_body>",
        ),
        ("ExternalForce", "PrescribedForce", "no <ExternalForce>"),
        ("ExternalLoads", "Model", "holds <Model> where <ExternalLoads>"),
        ("</OpenSimDocument>", "", "not readable as XML"),
    ],
)
def test_incomplete_loads(loads_file: Path, old: str, new: str, said: str) -> None:
    text = loads_file.read_text()
    assert old in text
    loads_file.write_text(text.replace(old, new))
    with pytest.raises(FileFormatError, match=said):
        read_external_loads(loads_file)


def test_no_such_setup(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no such file"):
        read_external_loads(tmp_path / "none.xml")


def test_loads_that_are_switched_off_and_windows_paths(loads_file: Path) -> None:
    (loads_file.parent / "forces").mkdir()
    (loads_file.parent / "forces" / "g.mot").touch()
    text = loads_file.read_text().replace("walk_grf.mot", "forces\\g.mot")
    text = text.replace("<applied_to_body>calcn_r", "<isDisabled>true</isDisabled><applied_to_body>/bodyset/calcn_r")
    loads_file.write_text(text)
    loads = read_external_loads(loads_file)
    assert loads.datafile.is_file()
    assert [load.applies for load in loads.loads] == [False, True]
    assert loads.loads[0].applied_to_body == "calcn_r"


def write_setup(path: Path, **changes: object) -> Path:
    given = {
        "model_file": "subject.osim",
        "coordinates_file": "walk.mot",
        "external_loads_file": "loads.xml",
        "time_range": (0.1, 1 / 3),
    }
    write_inverse_dynamics_setup(path, **(given | changes))  # type: ignore[arg-type]
    return path


def test_inverse_dynamics_round_trip(tmp_path: Path) -> None:
    setup = read_inverse_dynamics_setup(write_setup(tmp_path / "id.xml", output_file="m.sto"))
    assert setup.model_file == tmp_path / "subject.osim"
    assert setup.coordinates_file == tmp_path / "walk.mot"
    assert setup.external_loads_file == tmp_path / "loads.xml"
    assert setup.results_directory == tmp_path
    assert setup.time_range == (0.1, 1 / 3)
    assert setup.cutoff == 6.0
    assert setup.forces_to_exclude == ("Muscles",)
    assert setup.output_file == "m.sto"


def test_no_filter_and_empty_range(tmp_path: Path) -> None:
    assert read_inverse_dynamics_setup(write_setup(tmp_path / "id.xml", cutoff=0.0)).cutoff is None
    with pytest.raises(ValueError, match="empty"):
        write_setup(tmp_path / "id.xml", time_range=(1.0, 1.0))


def test_a_setup_of_defaults_and_a_broken_one(tmp_path: Path) -> None:
    path = tmp_path / "id.xml"
    path.write_text("<OpenSimDocument><InverseDynamicsTool/></OpenSimDocument>")
    setup = read_inverse_dynamics_setup(path)
    assert setup.model_file is None
    assert setup.time_range == (-math.inf, math.inf)
    path.write_text("<InverseDynamicsTool><time_range>0</time_range></InverseDynamicsTool>")
    with pytest.raises(FileFormatError, match=r"<time_range> should hold 2 number\(s\), not '0'"):
        read_inverse_dynamics_setup(path)
