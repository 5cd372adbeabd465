"""The scene as animated glTF (binary): what slides, 3-D viewers and modelling programs open."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import SIDES
from gaitdynamics.errors import MissingExtraError
from gaitdynamics.files.atomic import write_bytes
from gaitdynamics.plotting.style import SIDE_COLORS
from gaitdynamics.report_page.scene import Scene
from gaitdynamics.report_page.stage import BONE, METRES_PER_BODY_WEIGHT, arrow_head, arrow_shaft
from gaitdynamics.trial import Array

_PURPOSE: Final = "writing animated glTF"
_FLOOR: Final = "#e6e3dc"
#: Thickness of an arrow's shaft and head [m].
_SHAFT, _HEAD = 0.015, 0.038
#: How far the floor reaches beyond the way of the pelvis [m].
_MARGIN: Final = 1.5
#: What is not there has this size: some viewers refuse zero.
_HIDDEN: Final = 1e-6


def check_gltf_library() -> None:
    """Find out whether pygltflib is installed; MissingExtraError where it is not."""
    if find_spec("pygltflib") is None:
        raise MissingExtraError("pygltflib", "report", _PURPOSE)


def write_glb(path: str | Path, scene: Scene) -> Path:
    """Write a scene: bodies as animated nodes, arrows of force, and the floor.

    Parameters
    ----------
    path
        Of the file, written whole or not at all.
    scene
        The motion; glTF's frame is ours, Y up, in metres. Its clock begins at zero with the first frame.

    Raises
    ------
    MissingExtraError
        pygltflib is not installed.
    FileFormatError
        The file cannot be written.
    """
    check_gltf_library()
    builder = _Builder(scene)
    builder.add_floor()
    builder.add_bodies()
    builder.add_arrows()
    write_bytes(path, builder.binary())
    return Path(path)


class _Builder:
    """Collects nodes, meshes and animation channels around one block of bytes."""

    def __init__(self, scene: Scene) -> None:
        import pygltflib

        self.kit = pygltflib
        self.scene = scene
        self.block = bytearray()
        self.file = pygltflib.GLTF2(
            asset=pygltflib.Asset(version="2.0", generator="gaitdynamics"),
            scenes=[pygltflib.Scene(nodes=[])],
            scene=0,
            animations=[pygltflib.Animation(name="motion")],
        )
        self.times = self._accessor((scene.time - scene.time[0]).astype(np.float32), bounds=True)
        self.materials: dict[str, int] = {}

    def add_bodies(self) -> None:
        scene = self.scene
        for body in sorted({solid.body for solid in scene.solids}):
            mine = [solid for solid in scene.solids if solid.body == body]
            vertices, faces = _joined([(solid.vertices, solid.faces) for solid in mine])
            node = self._node(mine[0].name, vertices, faces, BONE[mine[0].side])
            self._animate(node, "translation", scene.position[:, body])
            self._animate(node, "rotation", scene.quaternion[:, body])

    def add_arrows(self) -> None:
        for foot, side in enumerate(SIDES):
            force, on = self.scene.force[:, foot], self.scene.force[:, foot, 1] > 0.0
            if not on.any():
                continue
            # In swing an arrow waits, too small to be seen, where it was or will be.
            point = self.scene.cop[_nearest(on), foot]
            length = METRES_PER_BODY_WEIGHT * np.linalg.norm(force, axis=1)
            turn = _from_vertical(force[_nearest(on)])
            straight = np.maximum(length - 2.6 * _HEAD, _HIDDEN)
            up = force / np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-12)
            width = np.where(on, 1.0, _HIDDEN)
            shaft = self._node(f"force_{side}", *arrow_shaft(_SHAFT), SIDE_COLORS[side])
            self._animate(shaft, "translation", point)
            self._animate(shaft, "rotation", turn)
            self._animate(shaft, "scale", np.stack([width, np.where(on, straight, _HIDDEN), width], axis=1))
            head = self._node(f"force_{side}_head", *arrow_head(_HEAD), SIDE_COLORS[side])
            self._animate(head, "translation", point + length[:, None] * up)
            self._animate(head, "rotation", turn)
            small = np.where(on, np.clip(length / (2.6 * _HEAD), _HIDDEN, 1.0), _HIDDEN)
            self._animate(head, "scale", np.tile(small[:, None], (1, 3)))

    def add_floor(self) -> None:
        low, high = self.scene.travel.min(axis=0) - _MARGIN, self.scene.travel.max(axis=0) + _MARGIN
        y = self.scene.floor_height - 0.003
        corners = [(low[0], y, low[2]), (low[0], y, high[2]), (high[0], y, high[2]), (high[0], y, low[2])]
        self._node("floor", np.array(corners), np.array([(0, 1, 2), (0, 2, 3)]), _FLOOR)

    def binary(self) -> bytes:
        self.file.buffers = [self.kit.Buffer(byteLength=len(self.block))]
        self.file.set_binary_blob(bytes(self.block))
        return b"".join(self.file.save_to_bytes())

    def _node(self, name: str, vertices: NDArray[Any], faces: NDArray[Any], color: str) -> int:
        kit = self.kit
        primitive = kit.Primitive(
            attributes=kit.Attributes(
                POSITION=self._accessor(vertices.astype(np.float32), bounds=True, target=kit.ARRAY_BUFFER),
                NORMAL=self._accessor(_normals(vertices, faces), target=kit.ARRAY_BUFFER),
            ),
            indices=self._accessor(faces.reshape(-1).astype(np.uint32), target=kit.ELEMENT_ARRAY_BUFFER),
            material=self._material(color),
        )
        self.file.meshes.append(kit.Mesh(name=name, primitives=[primitive]))
        self.file.nodes.append(kit.Node(name=name, mesh=len(self.file.meshes) - 1))
        self.file.scenes[0].nodes.append(len(self.file.nodes) - 1)
        return len(self.file.nodes) - 1

    def _animate(self, node: int, path: str, values: Array) -> None:
        kit, animation = self.kit, self.file.animations[0]
        output = self._accessor(values.astype(np.float32))
        animation.samplers.append(kit.AnimationSampler(input=self.times, output=output, interpolation="LINEAR"))
        target = kit.AnimationChannelTarget(node=node, path=path)
        animation.channels.append(kit.AnimationChannel(sampler=len(animation.samplers) - 1, target=target))

    def _accessor(self, values: NDArray[Any], *, bounds: bool = False, target: int | None = None) -> int:
        kit = self.kit
        kinds = {1: kit.SCALAR, 2: f"VEC{values.shape[-1]}"}
        whole = values.dtype == np.uint32
        start = len(self.block)
        self.block += np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()
        view = kit.BufferView(buffer=0, byteOffset=start, byteLength=len(self.block) - start, target=target)
        self.file.bufferViews.append(view)
        accessor = kit.Accessor(
            bufferView=len(self.file.bufferViews) - 1,
            componentType=kit.UNSIGNED_INT if whole else kit.FLOAT,
            count=len(values),
            type=kinds[values.ndim],
        )
        if bounds:
            accessor.min, accessor.max = (np.atleast_1d(f(values, axis=0)).tolist() for f in (np.min, np.max))
        self.file.accessors.append(accessor)
        return len(self.file.accessors) - 1

    def _material(self, color: str) -> int:
        if color not in self.materials:
            shade = self.kit.PbrMetallicRoughness(
                baseColorFactor=[*_linear(color), 1.0], metallicFactor=0.0, roughnessFactor=0.8
            )
            self.file.materials.append(self.kit.Material(name=color, pbrMetallicRoughness=shade, doubleSided=True))
            self.materials[color] = len(self.file.materials) - 1
        return self.materials[color]


def _linear(color: str) -> list[float]:
    """Turn a colour as written for screens into light, of which glTF wants the amounts."""
    screen = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    light = np.where(screen <= 0.04045, screen / 12.92, ((screen + 0.055) / 1.055) ** 2.4)
    return [float(value) for value in light]


def _joined(parts: list[tuple[NDArray[Any], NDArray[Any]]]) -> tuple[NDArray[Any], NDArray[Any]]:
    first = np.cumsum([0, *(len(vertices) for vertices, _ in parts[:-1])])
    faces = [corners + start for (_, corners), start in zip(parts, first, strict=True)]
    return np.concatenate([vertices for vertices, _ in parts]), np.concatenate(faces)


def _normals(vertices: NDArray[Any], faces: NDArray[Any]) -> NDArray[np.float32]:
    """Mean direction of the faces around each vertex, by their area (V, 3)."""
    corner = vertices[faces].astype(np.float64)
    area = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.zeros((len(vertices), 3))
    for k in range(3):
        np.add.at(total, faces[:, k], area)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 0.0, total / np.maximum(length, 1e-30), [0.0, 1.0, 0.0]).astype(np.float32)


def _nearest(on: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Index of the nearest frame that is on, of each frame (F,)."""
    known = np.flatnonzero(on)
    middle = 0.5 * (known[1:] + known[:-1])
    return known[np.searchsorted(middle, np.arange(len(on)))]


def _from_vertical(direction: Array) -> Array:
    """Quaternions (F, 4) x, y, z, w of the shortest turn from +Y to each direction (F, 3)."""
    unit = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    turn = np.stack([unit[:, 2], np.zeros(len(unit)), -unit[:, 0], 1.0 + unit[:, 1]], axis=1)
    return np.asarray(turn / np.linalg.norm(turn, axis=1, keepdims=True))
