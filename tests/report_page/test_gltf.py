from __future__ import annotations

import numpy as np
import pygltflib
import pytest

from gaitdynamics.report_page.gltf import write_glb
from gaitdynamics.report_page.scene import scene_of
from gaitdynamics.report_page.stage import METRES_PER_BODY_WEIGHT


@pytest.fixture(scope="module")
def scene(walk_estimate):
    e = walk_estimate
    return scene_of(e.trial, e.forces, e.contact, floor_height=e.floor_height)


@pytest.fixture(scope="module")
def glb(scene, tmp_path_factory):
    return pygltflib.GLTF2().load(str(write_glb(tmp_path_factory.mktemp("glb") / "walk.glb", scene)))


def values(glb, accessor: int) -> np.ndarray:
    found = glb.accessors[accessor]
    view = glb.bufferViews[found.bufferView]
    kind = {pygltflib.FLOAT: "<f4", pygltflib.UNSIGNED_INT: "<u4"}[found.componentType]
    width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[found.type]
    array = np.frombuffer(glb.binary_blob(), kind, found.count * width, view.byteOffset)
    return array if width == 1 else array.reshape(-1, width)


def track(glb, name: str, path: str) -> np.ndarray:
    node = next(i for i, n in enumerate(glb.nodes) if n.name == name)
    animation = glb.animations[0]
    channel = next(c for c in animation.channels if (c.target.node, c.target.path) == (node, path))
    return values(glb, animation.samplers[channel.sampler].output)


def test_bodies_move_as_in_the_scene(glb, scene) -> None:
    time = values(glb, glb.animations[0].samplers[0].input)
    np.testing.assert_allclose(time, scene.time - scene.time[0], atol=1e-6)
    for solid in scene.solids:
        np.testing.assert_allclose(track(glb, solid.name, "translation"), scene.position[:, solid.body], atol=1e-6)
        np.testing.assert_allclose(track(glb, solid.name, "rotation"), scene.quaternion[:, solid.body], atol=1e-6)


def test_arrows_stand_on_the_centre_of_pressure_and_point_along_the_force(glb, scene) -> None:
    from scipy.spatial.transform import Rotation

    on = scene.force[:, 0, 1] > 0.2
    force, foot = scene.force[on, 0], track(glb, "force_r", "translation")[on]
    np.testing.assert_allclose(foot, scene.cop[on, 0], atol=1e-6)
    up = Rotation.from_quat(track(glb, "force_r", "rotation")[on]).apply([0.0, 1.0, 0.0])
    np.testing.assert_allclose(up, force / np.linalg.norm(force, axis=1, keepdims=True), atol=1e-5)
    tip = track(glb, "force_r_head", "translation")[on]
    np.testing.assert_allclose(tip - foot, METRES_PER_BODY_WEIGHT * force, atol=1e-5)
    assert track(glb, "force_r", "scale")[~(scene.force[:, 0, 1] > 0)].max() < 1e-5


def test_the_file_is_whole(glb) -> None:
    """Bounds that the format requires are right, and no index points beyond its vertices."""
    assert glb.buffers[0].byteLength == len(glb.binary_blob())
    for mesh in glb.meshes:
        part = mesh.primitives[0]
        points = values(glb, part.attributes.POSITION)
        np.testing.assert_allclose(glb.accessors[part.attributes.POSITION].min, points.min(axis=0))
        np.testing.assert_allclose(glb.accessors[part.attributes.POSITION].max, points.max(axis=0))
        assert values(glb, part.indices).max() == len(points) - 1
        normals = values(glb, part.attributes.NORMAL)
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-5)


def test_equal_scenes_give_equal_files(scene, tmp_path) -> None:
    one, two = (write_glb(tmp_path / name, scene).read_bytes() for name in ("a.glb", "b.glb"))
    assert one == two
