from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.report_page.packing import as_int16, pack, unpack
from gaitdynamics.report_page.scene import scene_of
from gaitdynamics.report_page.shapes import hull
from gaitdynamics.report_page.stage import trail
from gaitdynamics.trial import Surface


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Volume inside a closed surface by the divergence theorem; negative where faces look inward."""
    a, b, c = np.moveaxis(vertices[faces].astype(float), 1, 0)
    return float(np.sum(a * np.cross(b, c)) / 6.0)


@pytest.fixture(scope="module")
def scene(walk_estimate):
    e = walk_estimate
    return scene_of(e.trial, e.forces, e.contact, floor_height=e.floor_height)


def test_a_hull_is_closed_and_seen_from_outside() -> None:
    vertices, faces = hull([(np.array([0.1, 0.2, 0.3]), 0.05)])
    edges = {tuple(sorted(pair)) for f in faces.tolist() for pair in ((f[0], f[1]), (f[1], f[2]), (f[2], f[0]))}
    assert len(vertices) - len(edges) + len(faces) == 2
    # Flat faces between points of a ball cut off a little of it.
    assert 0.92 < volume(vertices, faces) / (4 / 3 * np.pi * 0.05**3) < 1.0


def test_all_solids_of_a_person_look_outward(scene) -> None:
    assert {s.name for s in scene.solids} >= {"pelvis", "femur_r", "tibia_l", "calcn_r", "toes_l", "torso"}
    assert all(volume(s.vertices, s.faces) > 0 for s in scene.solids)


def test_limbs_reach_from_joint_to_joint(scene, walk_estimate) -> None:
    """The knee centre of the skeleton lies inside thigh and shank at every moment."""
    trial = walk_estimate.trial
    skeleton = Skeleton(trial.subject.model)
    pose = skeleton.pose(torch.as_tensor(trial.values[::2]))
    knee = pose.joint_center[:, skeleton.joint_names.index("knee_r")].numpy()
    for name in ("femur_r", "tibia_r"):
        solid = next(s for s in scene.solids if s.name == name)
        turn = Rotation.from_quat(scene.quaternion[:, solid.body])
        local = turn.inv().apply(knee - scene.position[:, solid.body])
        nearest = np.linalg.norm(solid.vertices[None] - local[:, None], axis=-1)
        assert nearest.min(axis=1).max() < 0.06
        assert np.abs(local - local.mean(axis=0)).max() < 0.02


def test_bodies_are_where_the_skeleton_puts_them(scene, walk_estimate) -> None:
    trial = walk_estimate.trial
    assert np.diff(scene.time) == pytest.approx(0.02)
    frame = 137
    pose = Skeleton(trial.subject.model).pose(torch.as_tensor(trial.values[2 * frame]))
    np.testing.assert_allclose(scene.position[frame], pose.position.numpy(), atol=1e-12)
    turned = Rotation.from_quat(scene.quaternion[frame]).as_matrix()
    np.testing.assert_allclose(turned, pose.rotation.numpy(), atol=1e-9)


def test_orientations_do_not_jump(scene) -> None:
    assert np.sum(scene.quaternion[1:] * scene.quaternion[:-1], axis=-1).min() > 0.9


def test_forces_are_in_body_weights_and_only_in_contact(scene, walk_estimate) -> None:
    e = walk_estimate
    np.testing.assert_allclose(
        scene.force[e.contact[::2]], e.forces.force[::2][e.contact[::2]] / e.trial.body_weight, atol=1e-12
    )
    assert not scene.force[~e.contact[::2]].any()


def test_the_head_is_where_heads_are(scene) -> None:
    assert scene.height == pytest.approx(1.72, abs=0.12)


def test_a_foot_that_rides_on_the_belt_leaves_its_trail_in_one_place(walk_estimate) -> None:
    """On a belt the centre of pressure goes backward with it; on the belt's surface it creeps forward as on a floor."""
    e = walk_estimate
    belt = 1.3
    time = e.trial.time - e.trial.time[0]
    moved = replace(e.forces, cop=e.forces.cop - (belt * time)[:, None, None] * [1.0, 0.0, 0.0])
    trial = replace(e.trial, surface=Surface("treadmill", belt))
    on_belt = replace(scene_of(trial, moved, e.contact), heading=0.0)
    on_floor = scene_of(e.trial, e.forces, e.contact)
    np.testing.assert_allclose(trail(on_belt, 0)[0], trail(on_floor, 0)[0], atol=1e-9)


def test_packed_arrays_come_back() -> None:
    rng = np.random.default_rng(0)
    arrays = {"a": rng.normal(size=(7, 3)), "b": np.arange(5, dtype=np.int16), "c": np.array([1, 2, 255], np.uint8)}
    facts, found = unpack(pack({"name": "</script> \N{GREEK SMALL LETTER ALPHA}"}, arrays))
    assert facts == {"name": "</script> \N{GREEK SMALL LETTER ALPHA}"}
    np.testing.assert_array_equal(found["a"], arrays["a"].astype(np.float32))
    np.testing.assert_array_equal(found["b"], arrays["b"])
    np.testing.assert_array_equal(found["c"], arrays["c"])


def test_two_bytes_hold_a_body_to_a_tenth_of_a_millimetre() -> None:
    values = np.random.default_rng(1).uniform(-2.0, 2.0, 1000)
    stored, unit = as_int16(values)
    assert np.abs(stored * unit - values).max() < 1e-4
