"""Model files that cannot be used are refused with what is wrong, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import osim_documents as docs
from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.osim import read_osim
from osim_documents import LINEAR, SmallAxis, SmallJoint
from osim_examples import JOINTS, KNEE, PINS, X, coupler


def bad_files() -> dict[str, tuple[str, Sequence[str]]]:
    """What is wrong -> the file, and what its message must tell."""
    pin, knee = JOINTS["pin"], JOINTS["knee"]
    good = docs.version_4([pin])
    loop = docs.version_4(
        [PINS[0]],
        joint_text=[docs.joint_4(PINS[0]), docs.joint_4(SmallJoint("PinJoint", "ground", "a", ("x",)))],
    )
    gcv = "<GCVSpline{name}><half_order>3</half_order><x>0 1</x><y>0 1</y></GCVSpline>"

    def axis(number: int, changed: SmallAxis) -> SmallJoint:
        return replace(knee, axes=(*KNEE[:number], changed, *KNEE[number + 1 :]))

    circle = docs.offset_frame("p", "/q") + docs.offset_frame("q", "/p")
    return {
        "not xml": ("time\t1 2 3", ["XML"]),
        "wrong root": ("<OpenSimDocument><ForceSet/></OpenSimDocument>", ["not an OpenSim model", "ForceSet"]),
        "no bodies": (docs.version_4([]), ["no bodies"]),
        "joint kind": (good.replace("PinJoint", "ScrewJoint"), ["a_joint", "ScrewJoint"]),
        "function in version 4": (docs.version_4([axis(1, SmallAxis("u", X, gcv))]), ["a_joint", "GCVSpline"]),
        "function in version 3": (docs.version_3([axis(3, SmallAxis("u", X, gcv))]), ["a_joint", "GCVSpline"]),
        "function in a coupler": (docs.version_4(PINS, coupler("tie", "u", "v", gcv)), ["tie", "GCVSpline"]),
        "two joints on a body": (loop, ["'a'", "loop"]),
        "ring of joints": (
            docs.version_4([replace(PINS[0], parent="b"), PINS[1]]),
            ["ground", "a_joint (on b)"],
        ),
        "floating body": (docs.version_4(PINS, joint_text=[docs.joint_4(j) for j in PINS[:2]]), ["joint: c"]),
        "reversed": (docs.version_3([pin]).replace("<reverse>false", "<reverse>true"), ["a_joint", "reversed"]),
        "frames in a circle": (
            docs.version_4([], body_text=[docs.body_4(pin)], joint_text=[docs.joint_4(pin, "/p")], components=circle),
            ["a_joint", "/p", "loop"],
        ),
        "frame nowhere": (docs.version_4([pin]).replace("/bodyset/a<", "/bodyset/z<"), ["a_joint", "/bodyset/z"]),
        "frame not named": (
            good.replace("<socket_parent_frame>ground_offset</socket_parent_frame>", ""),
            ["a_joint", "not named"],
        ),
        "too few coordinates": (docs.version_4([replace(pin, coordinates=())]), ["a_joint", "1 coordinate"]),
        "foreign coordinate": (docs.version_4([axis(0, SmallAxis("zz", X, LINEAR))]), ["rotation1", "zz"]),
        "two coordinates": (docs.version_4([axis(0, SmallAxis("u u", X, LINEAR))]), ["rotation1", "several"]),
        "function of nothing": (docs.version_4([axis(4, SmallAxis("", X, LINEAR))]), ["translation2", "Linear"]),
        "no direction": (docs.version_4([axis(2, SmallAxis("u", (0.0, 0.0, 0.0), LINEAR))]), ["rotation3"]),
        "missing axis": (
            docs.version_4([knee]).replace('"translation2"', '"other"'),
            ["a_joint", "translation2"],
        ),
        "no transform": (docs.version_4([replace(knee, axes=())]), ["a_joint", "SpatialTransform"]),
        "spline not increasing": (
            docs.version_4([knee]).replace("-1 -0.3 0.2 0.6 1.4", "-1 0.3 0.2 0.6 1.4"),
            ["SimmSpline", "increasing"],
        ),
        "word in a spline": (docs.version_4([knee]).replace("0.6 1.4", "0.6 many"), ["a_joint", "<x>", "SimmSpline"]),
        "word for a mass": (good.replace("<mass>2.0", "<mass>heavy"), ["body 'a'", "<mass>", "heavy"]),
        "negative mass": (good.replace("<mass>2.0", "<mass>-2.0"), ["body 'a'", "negative"]),
        "short inertia": (good.replace("<inertia>0.03 ", "<inertia>"), ["body 'a'", "6 numbers"]),
        "word in gravity": (good.replace("-9.80665", "down"), ["<gravity>", "down"]),
        "word in a scale factor": (
            docs.version_4(PINS, coupler("tie", "u", "v", LINEAR, "<scale_factor>x</scale_factor>")),
            ["tie", "scale_factor"],
        ),
        "coupler of a stranger": (docs.version_4(PINS, coupler("tie", "u", "stranger")), ["coupler 'tie'"]),
        "couplers in a circle": (
            docs.version_4(PINS, coupler("one", "u", "v") + coupler("two", "v", "u")),
            ["depend on each other", "u, v"],
        ),
        "coupled twice": (
            docs.version_4(PINS, coupler("one", "u", "v") + coupler("two", "w", "v")),
            ["'v'", "2 couplers"],
        ),
        "bodies of one name": (docs.version_4(PINS, body_text=[docs.body_4(j) for j in (*PINS, pin)]), ["'a'"]),
        "coordinates of one name": (docs.version_4([PINS[0], replace(PINS[1], coordinates=("u",))]), ["'u'"]),
    }


@pytest.mark.parametrize("case", bad_files())
def test_bad_file_is_refused_saying_what_and_where(tmp_path: Path, case: str) -> None:
    text, told = bad_files()[case]
    path = tmp_path / "small.osim"
    path.write_text(text)
    with pytest.raises(FileFormatError) as caught:
        read_osim(path)
    assert caught.value.file == path
    assert caught.value.remedy
    for words in told:
        assert words in str(caught.value)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no such file"):
        read_osim(tmp_path / "nowhere.osim")
