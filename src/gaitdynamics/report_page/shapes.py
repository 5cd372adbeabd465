"""Solid shapes for the bodies of any skeleton, sized by the model's own joint centres.

Every shape is the convex hull of a few balls: two make a limb, three or more a pelvis, a trunk or a foot. They show
where segments are and how they turn, not what a person looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from gaitdynamics.columns import FOOT_BODIES, LUMBAR, canonical
from gaitdynamics.model import GROUND, Joint, Model
from gaitdynamics.trial import Array

#: Side of a segment, by which it is coloured; 'c' is neither right nor left.
PartSide = Literal["r", "l", "c"]
#: A ball: centre in the body frame [m], and radius [m].
Ball = tuple[Array, float]

#: Points on a ball: enough for a round look, few enough for any browser.
_BALL_POINTS: Final = 96
#: Length [m] of the longest limb segment of an adult, by which widths that joint centres do not give are scaled.
_ADULT_THIGH: Final = 0.41
#: Thickness of a limb: share of its length, within bounds [m], and how much thinner its far end is.
_THICKNESS, _THINNEST, _THICKEST, _TAPER = 0.09, 0.016, 0.05, 0.72


@dataclass(frozen=True)
class Solid:
    """A closed surface fixed to one body.

    Attributes
    ----------
    body
        Index of the body.
    name
        Its name.
    side
        'r', 'l' or 'c'.
    vertices
        (V, 3) in the body frame [m].
    faces
        (F, 3) corners of triangles, counter-clockwise as seen from outside.
    """

    body: int
    name: str
    side: PartSide
    vertices: NDArray[np.float32]
    faces: NDArray[np.uint32]


def hull(balls: Sequence[Ball]) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Wrap balls in their convex hull: vertices (V, 3) and faces (F, 3), seen from outside counter-clockwise."""
    points = np.concatenate([centre + radius * _unit_ball() for centre, radius in balls])
    found = ConvexHull(points)
    faces = found.simplices.copy()
    corner = points[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    inside_out = np.sum(normal * found.equations[:, :3], axis=1) < 0.0
    faces[inside_out] = faces[inside_out][:, ::-1]
    used, numbered = np.unique(faces, return_inverse=True)
    return points[used].astype(np.float32), numbered.reshape(faces.shape).astype(np.uint32)


@lru_cache(maxsize=1)
def _unit_ball() -> Array:
    """Spread points evenly over the unit sphere (Fibonacci's spiral), (N, 3)."""
    i = np.arange(_BALL_POINTS) + 0.5
    height, turn = 1.0 - 2.0 * i / _BALL_POINTS, np.pi * (1.0 + 5.0**0.5) * i
    ring = np.sqrt(1.0 - height**2)
    return np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], axis=1)


def side_of(name: str) -> PartSide:
    """Tell the side of a body from its name, as OpenSim's models spell it."""
    if name.endswith("_r"):
        return "r"
    return "l" if name.endswith("_l") else "c"


def solids_of(model: Model, far_ends: dict[str, Array]) -> list[Solid]:
    """Shape all bodies of a model.

    Parameters
    ----------
    model
        The skeleton.
    far_ends
        By joint name, where the joint's centre is in the frame of its parent body, (3,) [m].
    """
    builder = _Builder(model, far_ends)
    solids = []
    for index, body in enumerate(model.bodies):
        for balls in builder.balls(body.name):
            solids.append(Solid(index, body.name, side_of(body.name), *hull(balls)))
    return solids


class _Builder:
    """Knows which joints hold which body, and what size the person is."""

    def __init__(self, model: Model, far_ends: dict[str, Array]) -> None:
        self.model = model
        self.inner = {joint.child: joint for joint in model.joints}
        self.outer = {
            body.name: [(joint, far_ends[joint.name]) for joint in model.joints if joint.parent == body.name]
            for body in model.bodies
        }
        limbs = [
            float(np.linalg.norm(end - self.near_end(name)))
            for name, ends in self.outer.items()
            if side_of(name) != "c"
            for _, end in ends
        ]
        #: Size of the person relative to an adult.
        self.size = max(limbs, default=_ADULT_THIGH) / _ADULT_THIGH

    def near_end(self, body: str) -> Array:
        """Centre of the joint that holds the body, in its own frame (3,) [m]."""
        return np.asarray(self.inner[body].child_frame.translation)

    def balls(self, body: str) -> list[list[Ball]]:
        """List the shapes of one body, each as the balls that it wraps; none for a body without extent."""
        if self.inner[body].parent == GROUND:
            return self._pelvis(body)
        if _turns_trunk(self.inner[body]):
            return self._trunk(body)
        if body in FOOT_BODIES.values():
            return self._foot(body)
        if self.inner[body].parent in FOOT_BODIES.values() and not self.outer[body]:
            return self._toes(body)
        return self._limb(body)

    def _limb(self, body: str) -> list[list[Ball]]:
        near, outer = self.near_end(body), self.outer[body]
        # A body that carries no other reaches as far beyond its centre of mass as that is from its joint.
        far = [end for _, end in outer] or [2.0 * np.asarray(self.model.body(body).mass_center) - near]
        shapes = []
        for end in far:
            length = float(np.linalg.norm(end - near))
            if length > 1e-3:
                radius = float(np.clip(_THICKNESS * length, _THINNEST * self.size, _THICKEST * self.size))
                shapes.append([(near, radius), (end, _TAPER * radius)])
        return shapes

    def _pelvis(self, body: str) -> list[list[Ball]]:
        ends = [end for _, end in self.outer[body]]
        if len(ends) < 2:
            return self._limb(body)
        return [[(end, 0.055 * self.size) for end in ends]]

    def _trunk(self, body: str) -> list[list[Ball]]:
        s, near = self.size, self.near_end(body)
        outer = self.outer[body]
        arms = [end for joint, end in outer if side_of(joint.child) != "c"]
        middle = np.asarray(self.model.body(body).mass_center)
        if any(not arms and side_of(joint.child) == "c" for joint, _ in outer):
            return self._limb(body)  # a spine of several bodies: this one ends where the next begins
        shoulder = np.array([middle[0], near[1] + 0.40 * s, 0.0])
        if arms:
            shoulder = np.mean(arms, axis=0) * np.array([1.0, 1.0, 0.0])
        half = max((abs(float(end[2])) for end in arms), default=0.17 * s)
        waist = near + _point(0.0, 0.03 * s)
        chest = 0.72 * shoulder + 0.28 * waist
        trunk = [
            *_beside(waist, 0.050 * s, 0.070 * s),
            *_beside(chest, 0.075 * s, 0.085 * s),
            *_beside(shoulder, half - 0.03 * s, 0.035 * s),
        ]
        if any("head" in b.name.lower() or "skull" in b.name.lower() for b in self.model.bodies):
            return [trunk]
        neck = [(shoulder, 0.055 * s), (shoulder + _point(0.015 * s, 0.12 * s), 0.048 * s)]
        low, high = shoulder + _point(0.025 * s, 0.165 * s), shoulder + _point(0.020 * s, 0.215 * s)
        return [trunk, neck, [(low, 0.072 * s), (high, 0.084 * s)]]

    def _foot(self, body: str) -> list[list[Ball]]:
        s = self.size
        ends = [end for _, end in self.outer[body]]
        ball = ends[0] if ends else _point(0.18 * s, 0.0)
        heel = _point(0.018 * s, 0.016 * s)
        sole = [*_beside(heel, 0.012 * s, 0.024 * s), *_beside(ball, 0.028 * s, 0.016 * s)]
        return [[*sole, (self.near_end(body), 0.030 * s)]]

    def _toes(self, body: str) -> list[list[Ball]]:
        s, near = self.size, self.near_end(body)
        tip = near + _point(0.055 * s, -0.004 * s)
        return [[*_beside(near, 0.028 * s, 0.0155 * s), *_beside(tip, 0.020 * s, 0.011 * s)]]


def _point(forward: float, up: float) -> Array:
    return np.array([forward, up, 0.0])


def _beside(middle: Array, half: float, radius: float) -> list[Ball]:
    """Make a ball on either side of a point, `half` [m] to the right and to the left of it."""
    across = np.array([0.0, 0.0, half])
    return [(middle - across, radius), (middle + across, radius)]


def _turns_trunk(joint: Joint) -> bool:
    """Tell whether a joint is that between pelvis and trunk."""
    return any(canonical(coordinate.name) in LUMBAR for coordinate in joint.coordinates)
