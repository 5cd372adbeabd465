"""The scene as objects of k3d: made here once, moved by the page at every picture."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import SIDES
from gaitdynamics.errors import MissingExtraError
from gaitdynamics.plotting.style import SIDE_COLORS
from gaitdynamics.report_page.scene import Scene
from gaitdynamics.trial import Array

#: Length of an arrow of one body weight [m].
METRES_PER_BODY_WEIGHT: Final = 0.5
#: Bones are paler than the arrows of their side.
BONE: Final = {"r": "#f0d3c3", "l": "#c3d7ea", "c": "#dcd7ce"}
GHOST: Final = "#6d6d6d"
#: Share of the light that passes a ghost's surface.
_GHOST_OPACITY: Final = 0.28
#: Side of a tile of the floor [m], and how many of them there are along and across the way.
TILE: Final = 0.5
_ALONG, _ACROSS = 14, 8
_TILE_COLORS: Final = (0xEFEDE8, 0xD6D3CB)
#: Sides of an arrow's shaft.
_ROUND: Final = 20


@dataclass(frozen=True)
class Stage:
    """What the page needs of k3d.

    Attributes
    ----------
    snapshot
        The objects in k3d's own binary format.
    cast
        Numbers of the objects by their part: 'bodies' and 'ghost' as pairs (object, body), 'arrows' and 'ghost_arrows'
        as (shaft, head) of the right and the left foot, 'trails' right and left, 'floor'.
    """

    snapshot: bytes
    cast: dict[str, Any]


def build_stage(scene: Scene, other: Scene | None = None) -> Stage:
    """Make the objects of one motion, and of another as its ghost.

    Raises
    ------
    MissingExtraError
        k3d is not installed.
    """
    try:
        import k3d
    except ImportError as error:
        raise MissingExtraError("k3d", "report", "writing a report page") from error
    logging.getLogger("k3d").setLevel(logging.ERROR)
    plot = k3d.plot(
        grid_visible=False,
        camera_auto_fit=False,
        menu_visibility=False,
        axes_helper=0,
        background_color=0xFFFFFF,
        camera_fov=32.0,
        lighting=1.6,
        colorbar_object_id=0,
    )

    def add(drawn: Any) -> int:
        # Numbers of our own: those of k3d are addresses, and the same motion is to give the same page.
        nonlocal plot
        drawn.id = len(plot.objects) + 1
        plot += drawn
        return int(drawn.id)

    def mesh(vertices: NDArray[Any], faces: NDArray[Any], color: int, opacity: float = 1.0, flat: bool = False) -> int:
        points, corners = vertices.astype(np.float32), faces.astype(np.uint32)
        return add(k3d.mesh(points, corners, color=color, opacity=opacity, flat_shading=flat))

    def person(shown: Scene, ghost: bool) -> list[tuple[int, int]]:
        opacity = _GHOST_OPACITY if ghost else 1.0
        return [
            (mesh(s.vertices, s.faces, _number(GHOST if ghost else BONE[s.side]), opacity), s.body)
            for s in shown.solids
        ]

    def arrows(ghost: bool) -> list[tuple[int, int]]:
        thick = 0.6 if ghost else 1.0
        opacity = 0.5 if ghost else 1.0
        return [
            (
                mesh(*arrow_shaft(0.015 * thick), _number(GHOST if ghost else SIDE_COLORS[side]), opacity),
                mesh(*arrow_head(0.038 * thick), _number(GHOST if ghost else SIDE_COLORS[side]), opacity),
            )
            for side in SIDES
        ]

    cast: dict[str, Any] = {
        "floor": [mesh(*_tiles(odd), color, flat=True) for odd, color in enumerate(_TILE_COLORS)],
        "bodies": person(scene, False),
        "arrows": arrows(False),
        "trails": [],
    }
    for foot, side in enumerate(SIDES):
        spots, _ = trail(scene, foot)
        color = _number(SIDE_COLORS[side])
        cast["trails"].append(add(k3d.points(spots.astype(np.float32), point_size=0.016, shader="flat", color=color)))
    if other is not None:
        cast["ghost"], cast["ghost_arrows"] = person(other, True), arrows(True)
    return Stage(plot.get_binary_snapshot(), cast)


def trail(scene: Scene, foot: int) -> tuple[Array, Array]:
    """Centres of pressure on the surface, which moves along on a treadmill.

    Returns
    -------
    spots
        (N, 3) [m] where they were at the beginning of the motion; at least one.
    time
        (N,) [s] when.
    """
    on = scene.force[:, foot, 1] > 0.0
    if not on.any():
        return np.full((1, 3), -1e3), scene.time[:1]
    time = scene.time[on]
    ahead = np.array([np.cos(scene.heading), 0.0, -np.sin(scene.heading)])
    return scene.cop[on, foot] + scene.belt_speed * (time - scene.time[0])[:, None] * ahead, time


def _number(color: str) -> int:
    return int(color.removeprefix("#"), 16)


def _tiles(odd: int) -> tuple[Array, NDArray[np.intp]]:
    """Lay every other tile of the floor around the origin at height 0, X along the way."""
    corners: list[tuple[int, int]] = []
    faces: list[tuple[int, int, int]] = []
    for i in range(-_ALONG // 2, _ALONG // 2):
        for j in range(-_ACROSS // 2, _ACROSS // 2):
            if (i + j) % 2 == odd:
                first = len(corners)
                corners += [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)]
                faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    flat = TILE * np.array(corners, dtype=np.float64)
    return np.stack([flat[:, 0], np.zeros(len(flat)), flat[:, 1]], axis=1), np.array(faces)


def arrow_shaft(radius: float) -> tuple[Array, NDArray[np.intp]]:
    """Make a tube of length 1 from the origin up."""
    ring = _ring(radius)
    low, high = ring, ring + np.array([0.0, 1.0, 0.0])
    i = np.arange(_ROUND)
    j = (i + 1) % _ROUND
    faces = np.concatenate([np.stack([i, i + _ROUND, j], 1), np.stack([j, i + _ROUND, j + _ROUND], 1)])
    return np.concatenate([low, high]), faces


def arrow_head(radius: float) -> tuple[Array, NDArray[np.intp]]:
    """Make a cone around the Y axis, its tip at the origin."""
    height = 2.6 * radius
    points = np.concatenate([_ring(radius) - [0.0, height, 0.0], [[0.0, 0.0, 0.0], [0.0, -height, 0.0]]])
    i = np.arange(_ROUND)
    j = (i + 1) % _ROUND
    tip, middle = np.full(_ROUND, _ROUND), np.full(_ROUND, _ROUND + 1)
    return points, np.concatenate([np.stack([i, tip, j], 1), np.stack([i, j, middle], 1)])


def _ring(radius: float) -> Array:
    turn = np.linspace(0.0, 2.0 * np.pi, _ROUND, endpoint=False)
    return radius * np.stack([np.cos(turn), np.zeros(_ROUND), np.sin(turn)], axis=1)
