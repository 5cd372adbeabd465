"""The generic skeleton and its scaling: OpenSim, scaling laws, mirror symmetry, the script that made it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitdynamics.body.generic import GENERIC_HEIGHT_M, generic_model, scale_model, scaled_generic
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import FULL_BODY
from gaitdynamics.files.osim import read_osim
from gaitdynamics.files.osim_writer import write_osim
from gaitdynamics.model import (
    Axis,
    Body,
    Constant,
    Coordinate,
    Coupler,
    Frame,
    Joint,
    Linear,
    Model,
    Polynomial,
    Scaled,
    Spline,
)

TRANSLATIONS = [i for i, name in enumerate(FULL_BODY) if name in ("pelvis_tx", "pelvis_ty", "pelvis_tz")]
#: What mirroring at the sagittal plane does to the trunk's coordinates; those of the legs change sides.
CHANGES_SIGN = ("pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation")


def some_pose(seed: int) -> torch.Tensor:
    """Random coordinates (23,) within what a walker does."""
    pose = np.random.default_rng(seed).uniform(-0.4, 0.4, len(FULL_BODY))
    for name in ("knee_angle_r", "knee_angle_l"):
        pose[FULL_BODY.index(name)] = abs(pose[FULL_BODY.index(name)]) * 4.0
    return torch.from_numpy(pose)


def other_side(name: str) -> str:
    return name[:-2] + {"_r": "_l", "_l": "_r"}.get(name[-2:], name[-2:])


def odd_model() -> Model:
    """One of every function, a coupler between a length and an angle, kinds of joints, an infinite range."""
    spline = Spline((0.0, 0.7, 1.1, 2.0), (0.01, 0.02, -0.03, 1.0 / 3.0))
    swing = Joint(
        "swing",
        "CustomJoint",
        "slab",
        "rod",
        Frame((0.1, -0.2, 0.3), (0.3, -0.1, 1e-17)),
        Frame((0.0, 0.1, 0.0), (0.0, 0.0, 0.5)),
        (
            Axis((0.0, 0.0, 1.0), Linear(1.0), "swing"),
            Axis((0.6, 0.0, 0.8), Polynomial((0.1, -0.2, 0.0)), "swing"),
            Axis((0.0, 1.0, 0.0), Constant(0.2), None),
        ),
        (
            Axis((1.0, 0.0, 0.0), Scaled(spline, 1.1), "swing"),
            Axis((0.0, 1.0, 0.0), Linear(1.0, 0.05), "glide"),
            Axis((0.0, 0.0, 1.0), Spline((0.0, 1.0), (0.0, 0.1), "linear"), "swing"),
        ),
        (
            Coordinate("swing", "rotational", 0.1, (-1.0, float("inf")), True, False),
            Coordinate("glide", "translational", 0.2, (-0.5, 0.5), False, True),
        ),
    )
    slide = Joint(
        "slide",
        "SliderJoint",
        "ground",
        "slab",
        Frame(),
        Frame((0.0, 0.02, 0.0), (0.0, 0.0, 0.0)),
        (),
        (Axis((1.0, 0.0, 0.0), Linear(1.0), "slide"),),
        (Coordinate("slide", "translational", 0.3, (-2.0, 2.0)),),
    )
    return Model(
        "odd",
        (
            Body("slab", 2.0 / 3.0, (0.0, 0.1, 0.0), (0.1, 0.2, 0.25, 0.01, -0.02, 0.03)),
            Body("rod", 1.1, (0.01, 0.0, 0.0), (0.3, 0.02, 0.3, 0.0, 0.0, 0.0)),
        ),
        (slide, swing),
        (Coupler("glide", "swing", Polynomial((0.05, 0.1, 0.2))),),
        gravity=(0.0, -9.81, 0.0),
    )


def test_coordinates_are_the_full_body_in_order_and_free() -> None:
    model = generic_model()
    assert tuple(model.coordinates) == FULL_BODY
    assert not model.couplers
    assert not any(c.locked for c in model.coordinates.values())
    assert all(c.range[0] < c.default < c.range[1] for c in model.coordinates.values())


def test_total_mass_is_75_kg_and_every_inertia_is_possible() -> None:
    model = generic_model()
    assert model.mass == pytest.approx(75.0, rel=1e-14)
    for body in model.bodies:
        xx, yy, zz, xy, xz, yz = body.inertia
        principal = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        assert principal[0] > 0
        assert principal[0] + principal[1] > principal[2], f"{body.name} violates the triangle inequality"


def test_standing_pose_stands_on_the_floor_with_the_center_of_mass_at_its_usual_height() -> None:
    skeleton = Skeleton(generic_model())
    pose = torch.zeros(len(FULL_BODY), dtype=torch.float64)
    pose[FULL_BODY.index("pelvis_ty")] = generic_model().coordinates["pelvis_ty"].default
    found = skeleton.pose(pose)
    assert float(found.position[skeleton.body_index("calcn_r"), 1]) == pytest.approx(0.01, abs=1e-4)
    # Standing people: 0.55 (women) to 0.56 (men) of body height, arms hanging.
    height = float(skeleton.center_of_mass(found)[1]) / GENERIC_HEIGHT_M
    assert height == pytest.approx(0.55, abs=0.01)


def test_packaged_file_is_what_the_script_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "tools")
    import make_generic_model

    assert replace(generic_model(), source=None) == make_generic_model.make_model()


def test_lumped_torso_agrees_with_point_masses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Oracle for the parallel axis theorem: two bars of four point masses each, computed point by point."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "tools")
    from generic_segments import Lump, combine

    points = np.random.default_rng(1).normal(size=(8, 3))
    masses = np.arange(1.0, 9.0)

    def lump(chosen: slice) -> Lump:
        m, p = masses[chosen], points[chosen]
        center = m @ p / m.sum()
        r = p - center
        return Lump(m.sum(), center, sum(w * (x @ x * np.eye(3) - np.outer(x, x)) for w, x in zip(m, r, strict=True)))

    joined, direct = combine([lump(slice(0, 4)), lump(slice(4, 8))]), lump(slice(0, 8))
    assert joined.mass == pytest.approx(direct.mass)
    np.testing.assert_allclose(joined.center, direct.center, rtol=1e-12)
    np.testing.assert_allclose(joined.inertia, direct.inertia, rtol=1e-12)


@settings(max_examples=25)
@given(height=st.floats(0.9, 2.3), mass=st.floats(12.0, 180.0), seed=st.integers(0, 1000))
def test_scaling_laws(height: float, mass: float, seed: int) -> None:
    """Masses go with mass, inertias with mass and length squared, all distances with length."""
    small, large = generic_model(), scaled_generic(height, mass)
    length, weight = height / GENERIC_HEIGHT_M, mass / small.mass
    assert large.mass == pytest.approx(mass, rel=1e-12)
    for before, after in zip(small.bodies, large.bodies, strict=True):
        assert after.mass == pytest.approx(before.mass * weight, rel=1e-12)
        np.testing.assert_allclose(after.inertia, np.array(before.inertia) * weight * length**2, rtol=1e-12)

    a, b = Skeleton(small), Skeleton(large)
    pose = some_pose(seed)
    stretched = pose.clone()
    stretched[TRANSLATIONS] *= length
    before, after = a.pose(pose), b.pose(stretched)
    torch.testing.assert_close(after.position, before.position * length, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(after.rotation, before.rotation, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(a.center_of_mass(before) * length, b.center_of_mass(after), rtol=1e-9, atol=1e-12)


@given(length=st.floats(0.5, 2.0), swing=st.floats(-1.0, 1.5), slide=st.floats(-1.0, 1.0))
@settings(max_examples=25)
def test_scaling_keeps_shape_with_every_function_and_coupler(length: float, swing: float, slide: float) -> None:
    model = odd_model()
    large = scale_model(model, length=length, mass_kg=model.mass)
    # glide is coupled to swing; only slide is a free length
    before = Skeleton(model).pose(torch.tensor([slide, swing], dtype=torch.float64))
    after = Skeleton(large).pose(torch.tensor([slide * length, swing], dtype=torch.float64))
    torch.testing.assert_close(after.position, before.position * length, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(after.rotation, before.rotation, rtol=1e-9, atol=1e-12)


def test_scaling_by_one_changes_nothing() -> None:
    model = generic_model()
    assert scale_model(model, length=1.0, mass_kg=model.mass) == model


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_mirrored_pose_gives_mirrored_body(seed: int) -> None:
    """Exchanging the sides mirrors every centre of mass at the sagittal plane."""
    skeleton = Skeleton(generic_model())
    pose = some_pose(seed)
    mirrored = torch.stack(
        [pose[FULL_BODY.index(other_side(name))] * (-1.0 if name in CHANGES_SIGN else 1.0) for name in FULL_BODY]
    )
    own, other = (skeleton.body_centers(skeleton.pose(p)) for p in (pose, mirrored))
    flip = torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)
    for name in skeleton.body_names:
        here, there = skeleton.body_index(name), skeleton.body_index(other_side(name))
        torch.testing.assert_close(other[there], own[here] * flip, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("model", [odd_model(), scaled_generic(1.613, 58.7)], ids=["odd", "generic"])
def test_written_model_reads_back_equal(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "model.osim"
    write_osim(path, model)
    assert replace(read_osim(path), source=model.source) == model
    first = path.read_bytes()
    write_osim(path, model)
    assert path.read_bytes() == first
    assert [file.name for file in tmp_path.iterdir()] == ["model.osim"]


@pytest.mark.parametrize("height", [None, 1.55])
def test_opensim_agrees(height: float | None, tmp_path: Path) -> None:
    """OpenSim loads the file and finds the same bodies in the same places."""
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("Off")
    model = generic_model() if height is None else scaled_generic(height, 61.0)
    path = tmp_path / "model.osim"
    write_osim(path, model)
    theirs = opensim.Model(str(path))
    state = theirs.initSystem()
    assert theirs.getTotalMass(state) == pytest.approx(model.mass, rel=1e-12)
    assert tuple(c.getName() for c in theirs.getCoordinateSet()) == FULL_BODY
    pose = some_pose(3)
    for name, value in zip(FULL_BODY, pose.tolist(), strict=True):
        theirs.getCoordinateSet().get(name).setValue(state, value, False)
    theirs.realizePosition(state)
    skeleton = Skeleton(model)
    ours = skeleton.pose(pose)
    for name in skeleton.body_names:
        expected = theirs.getBodySet().get(name).getPositionInGround(state).to_numpy()
        np.testing.assert_allclose(ours.position[skeleton.body_index(name)].numpy(), expected, atol=1e-9)
    center = theirs.calcMassCenterPosition(state).to_numpy()
    np.testing.assert_allclose(skeleton.center_of_mass(ours).numpy(), center, atol=1e-9)


def test_opensim_reads_every_function_and_joint(tmp_path: Path) -> None:
    opensim = pytest.importorskip("opensim")
    opensim.Logger.setLevelString("Off")
    path = tmp_path / "odd.osim"
    write_osim(path, odd_model())
    theirs = opensim.Model(str(path))
    state = theirs.initSystem()
    coordinates = theirs.getCoordinateSet()
    for name, value in (("slide", 0.4), ("swing", 0.8)):
        coordinates.get(name).setLocked(state, False)
        coordinates.get(name).setValue(state, value, False)
    # Satisfying the coupler may move every coordinate, so the pose compared is the one OpenSim arrives at.
    theirs.assemble(state)
    theirs.realizePosition(state)
    found = {name: coordinates.get(name).getValue(state) for name in ("slide", "swing", "glide")}
    assert found["glide"] == pytest.approx(0.05 * found["swing"] ** 2 + 0.1 * found["swing"] + 0.2, abs=1e-6)
    skeleton = Skeleton(odd_model())
    ours = skeleton.pose(torch.tensor([found["slide"], found["swing"]], dtype=torch.float64))
    for name in skeleton.body_names:
        expected = theirs.getBodySet().get(name).getPositionInGround(state).to_numpy()
        np.testing.assert_allclose(ours.position[skeleton.body_index(name)].numpy(), expected, atol=1e-6)
