"""Reading .osim files of both layouts: each joint kind against OpenSim reading the same text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import osim_documents as docs
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.files.osim import read_osim
from gaitdynamics.model import Constant, Coupler, Frame, Linear, Polynomial, Scaled, Spline
from opensim_oracle import Oracle, quiet_opensim
from osim_documents import LINEAR, SmallAxis, SmallJoint
from osim_examples import CONSTANT, JOINTS, KNEE, PINS, PLACED, POLYNOMIAL, SCALED, SPLINE, X, Z, coupler

Write = Callable[[str], Path]

LAYOUTS = {3: docs.version_3, 4: docs.version_4}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writing(text: str) -> Path:
        path = tmp_path / "small.osim"
        path.write_text(text)
        return path

    return writing


def assert_poses_are_those_of_opensim(path: Path, seed: int = 0) -> Skeleton:
    skeleton = Skeleton(read_osim(path))
    oracle = Oracle(path, skeleton.all_coordinates)
    values = np.random.default_rng(seed).uniform(-1.5, 1.5, (12, len(skeleton.coordinates)))
    pose = skeleton.pose(torch.tensor(values))
    full = skeleton.with_coupled(torch.tensor(values))[0].numpy()
    for frame, row in enumerate(full):
        oracle.place(row)
        position, rotation = oracle.pose(skeleton.body_names)
        np.testing.assert_allclose(pose.position[frame].numpy(), position, atol=1e-13)
        np.testing.assert_allclose(pose.rotation[frame].numpy(), rotation, atol=1e-13)
        center = skeleton.center_of_mass(pose)[frame].numpy()
        np.testing.assert_allclose(center, oracle.center_of_mass(), atol=1e-13)
    return skeleton


def chain(joint: SmallJoint) -> list[SmallJoint]:
    """Put a joint between two pins, so that it has a turned parent and carries something."""
    below = SmallJoint("PinJoint", "ground", "base", ("base_turn",), **PLACED)
    above = SmallJoint("PinJoint", "a", "tip", ("tip_turn",), **PLACED)
    return [below, replace(joint, parent="base", **PLACED), above]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", JOINTS)
def test_each_joint_kind_moves_as_in_opensim(write: Write, layout: int, kind: str) -> None:
    path = write(LAYOUTS[layout](chain(JOINTS[kind])))
    skeleton = assert_poses_are_those_of_opensim(path)
    assert skeleton.body_names == ("base", "a", "tip")


@pytest.mark.parametrize("kind", JOINTS)
def test_both_layouts_give_the_same_model(write: Write, kind: str) -> None:
    old = read_osim(write(docs.version_3(chain(JOINTS[kind]))))
    new = read_osim(write(docs.version_4(chain(JOINTS[kind]))))
    assert old == new


def test_every_number_arrives_where_it_belongs(write: Write) -> None:
    knee = replace(
        JOINTS["knee"],
        coordinate_extra="<default_value>0.3</default_value><range>-0.5 2</range><clamped>true</clamped>"
        "<locked>true</locked>",
        **PLACED,
    )
    model = read_osim(write(docs.version_4([knee], gravity="0 0 -9.7")))
    (body,), (joint,) = model.bodies, model.joints
    assert (model.name, model.source, model.gravity) == ("small", "small.osim", (0.0, 0.0, -9.7))
    assert (body.mass, body.mass_center, body.inertia) == (2.0, knee.center, knee.inertia)
    assert (joint.name, joint.kind, joint.parent, joint.child) == ("a_joint", "CustomJoint", "ground", "a")
    assert joint.parent_frame == Frame(knee.location_in_parent, knee.orientation_in_parent)
    assert joint.child_frame == Frame(knee.location, knee.orientation)
    (coordinate,) = joint.coordinates
    assert (coordinate.default, coordinate.range) == (0.3, (-0.5, 2.0))
    assert coordinate.clamped
    assert coordinate.locked
    spline = Spline((-1.0, -0.3, 0.2, 0.6, 1.4), (0.01, 0.04, -0.02, 0.03, 0.035))
    assert [a.function for a in joint.rotations] == [Linear(1.0), spline, Scaled(spline, 1.3)]
    assert joint.translations[0].function == Polynomial((0.1, -0.4, 0.3, 0.05))
    assert joint.translations[1].function == Spline((-1.0, 0.1, 1.0), (0.02, -0.03, 0.05), "linear")
    assert joint.translations[2].function == Constant(0.25)
    assert [a.coordinate for a in joint.translations] == ["u", "u", None]


def test_default_flags_of_a_coordinate_are_off_and_its_range_is_open(write: Write) -> None:
    (coordinate,) = read_osim(write(docs.version_4([JOINTS["pin"]]))).coordinates.values()
    assert (coordinate.locked, coordinate.clamped, coordinate.default) == (False, False, 0.0)
    assert coordinate.range == (-np.inf, np.inf)


@pytest.mark.parametrize("spelling", ["SimmSpline", "NaturalCubicSpline", "natCubicSpline"])
def test_old_names_of_the_spline_mean_the_same_spline(write: Write, spelling: str) -> None:
    axes = tuple(replace(a, function=a.function.replace("SimmSpline", spelling)) for a in KNEE)
    assert_poses_are_those_of_opensim(write(docs.version_3([replace(JOINTS["knee"], axes=axes)])))


def test_axis_without_function_holds_still_as_in_opensim(write: Write) -> None:
    axes = (*KNEE[:3], SmallAxis("u", X, ""), *KNEE[4:])
    skeleton = assert_poses_are_those_of_opensim(write(docs.version_4([replace(JOINTS["knee"], axes=axes)])))
    assert skeleton.model.joints[0].translations[0].function == Constant(0.0)


def test_scaled_constant_needs_no_coordinate(write: Write) -> None:
    constant = SCALED.replace(SPLINE.format(name=""), CONSTANT.format(name=""))
    axes = (*KNEE[:3], SmallAxis("", X, constant), *KNEE[4:])
    assert_poses_are_those_of_opensim(write(docs.version_3([replace(JOINTS["knee"], axes=axes)])))


@pytest.mark.parametrize("kind", ["pin", "slider", "planar", "free", "knee"])
def test_what_a_coordinate_measures_is_what_opensim_says(write: Write, kind: str) -> None:
    path = write(docs.version_4([JOINTS[kind]]))
    opensim = quiet_opensim()
    oracle = Oracle(path, read_osim(path).coordinates.keys())
    names = {
        opensim.Coordinate.Rotational: "rotational",
        opensim.Coordinate.Translational: "translational",
        opensim.Coordinate.Coupled: "coupled",
    }
    for mine, theirs in zip(read_osim(path).coordinates.values(), oracle.coordinates, strict=True):
        assert mine.motion == names[theirs.getMotionType()]


def test_coordinate_that_turns_and_shifts_by_splines_is_coupled(write: Write) -> None:
    axes = (SmallAxis("u", Z, SPLINE), *KNEE[1:])
    path = write(docs.version_4([replace(JOINTS["knee"], axes=axes)]))
    assert read_osim(path).coordinates["u"].motion == "coupled"
    oracle = Oracle(path, ["u"])
    assert oracle.coordinates[0].getMotionType() == oracle.opensim.Coordinate.Coupled


# Couplers


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("factor", [1.0, 2.5])
def test_coupled_coordinate_is_where_opensim_assembles_it(write: Write, layout: int, factor: float) -> None:
    # Tighter than its own default, to which OpenSim's assembler solves.
    tie = coupler("tie", "u", "v", POLYNOMIAL, f"<scale_factor>{factor}</scale_factor>")
    path = write(LAYOUTS[layout](PINS, tie))
    skeleton = Skeleton(read_osim(path))
    assert skeleton.coordinates == ("u", "w")
    oracle = Oracle(path, ["u", "v", "w"])
    oracle.model.set_assembly_accuracy(1e-12)
    state = oracle.model.initSystem()
    for u in (-0.8, 0.1, 1.2):
        oracle.coordinates[0].setValue(state, u, False)
        oracle.coordinates[0].setLocked(state, True)
        oracle.model.assemble(state)
        (full,) = skeleton.with_coupled(torch.tensor([u, 0.0], dtype=torch.float64))
        assert float(full[1]) == pytest.approx(oracle.coordinates[1].getValue(state), abs=1e-9)
        oracle.coordinates[0].setLocked(state, False)


def test_couplers_are_ordered_so_that_sources_come_first(write: Write) -> None:
    path = write(docs.version_4(PINS, coupler("late", "v", "w", LINEAR) + coupler("early", "u", "v", LINEAR)))
    model = read_osim(path)
    assert model.couplers == (Coupler("v", "u", Linear(1.0)), Coupler("w", "v", Linear(1.0)))
    full = Skeleton(model).with_coupled(torch.tensor([0.4], dtype=torch.float64))[0]
    np.testing.assert_array_equal(full.numpy(), [0.4, 0.4, 0.4])


@pytest.mark.parametrize("off", ["<isDisabled>true</isDisabled>", "<isEnforced>false</isEnforced>"])
def test_disabled_coupler_is_left_out(write: Write, off: str) -> None:
    assert not read_osim(write(docs.version_4(PINS, coupler("tie", "u", "v", extra=off)))).couplers


def test_constraint_that_is_not_applied_is_told(write: Write) -> None:
    model = read_osim(write(docs.version_4(PINS, '<PointConstraint name="hold" />')))
    assert model.warnings == ("constraint 'hold' (PointConstraint) is not applied",)


# Offset frames of the version 4 layout


def test_chain_of_offset_frames_is_followed_to_the_body(write: Write) -> None:
    first, second = PINS[0], SmallJoint("PinJoint", "a", "b", ("v",))
    body = docs.body_4(
        first,
        docs.offset_frame("mount", "/bodyset/a", (0.1, 0.2, -0.1), (0.3, 0.2, -0.6))
        + docs.offset_frame("arm", "/bodyset/a/mount", (0.0, -0.3, 0.05), (-0.5, 0.1, 0.2)),
    )
    far = docs.offset_frame("far", "/bodyset/a/arm", (0.02, 0.01, 0.3), (0.1, 0.9, 0.4))
    path = write(
        docs.version_4(
            [],
            body_text=[body, docs.body_4(second)],
            joint_text=[docs.joint_4(first), docs.joint_4(second, parent_frame="/far")],
            components=far,
        )
    )
    skeleton = assert_poses_are_those_of_opensim(path)
    assert skeleton.model.joints[1].parent == "a"


def test_frame_of_another_joint_with_the_same_name_is_not_mistaken(write: Write) -> None:
    """Both joints have a frame 'a_offset'; one hangs on the other."""
    first, second = replace(PINS[0], **PLACED), SmallJoint("PinJoint", "a", "b", ("v",))
    own = docs.offset_frame("a_offset", "/jointset/a_joint/a_offset", (0.0, -0.4, 0.0), (0.0, 0.5, 0.0))
    joint = docs.joint_4(second, parent_frame="a_offset").replace("<frames>", f"<frames>{own}")
    path = write(
        docs.version_4([], body_text=[docs.body_4(j) for j in (first, second)], joint_text=[docs.joint_4(first), joint])
    )
    assert_poses_are_those_of_opensim(path)


def test_frames_in_the_ground_and_relative_paths_are_found(write: Write) -> None:
    joint = replace(PINS[0], **PLACED)
    text = docs.version_4([joint]).replace("/bodyset/a<", "../../../bodyset/a<")
    text = text.replace("<socket_parent>/ground<", "<socket_parent>/ground/corner<").replace(
        '<Ground name="ground" />',
        '<Ground name="ground"><components>'
        + docs.offset_frame("corner", "/ground", (1.0, 2.0, 3.0), (0.4, -0.3, 0.2))
        + "</components></Ground>",
    )
    assert_poses_are_those_of_opensim(write(text))


def test_joint_on_bodies_directly_has_no_offset(write: Write) -> None:
    joint = docs.joint_4(PINS[0], parent_frame="/ground", child_frame="/bodyset/a")
    model = read_osim(write(docs.version_4([], body_text=[docs.body_4(PINS[0])], joint_text=[joint])))
    assert model.joints[0].parent_frame == Frame() == model.joints[0].child_frame


def test_joints_are_ordered_outwards_whatever_the_order_of_the_file(write: Write) -> None:
    model = read_osim(write(docs.version_4(PINS[::-1])))
    assert [joint.child for joint in model.joints] == ["a", "b", "c"]
    assert list(model.coordinates) == ["u", "v", "w"]
    assert_poses_are_those_of_opensim(write(docs.version_4(PINS[::-1])))
