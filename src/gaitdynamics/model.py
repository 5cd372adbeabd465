"""A description of a musculoskeletal model's skeleton, independent of any file format.

Files are parsed into these records; `gaitdynamics.body` turns them into tensors. Only what moves
mass is kept: bodies, joints, coordinates, couplers and gravity. Lengths in m, masses in kg, angles in rad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

#: Name of the root frame that carries no mass and does not move.
GROUND = "ground"

#: Standard acceleration of gravity [m/s^2].
STANDARD_GRAVITY = 9.80665

Vector3 = tuple[float, float, float]


@dataclass(frozen=True)
class Constant:
    """f(x) = value."""

    value: float


@dataclass(frozen=True)
class Linear:
    """f(x) = slope x + intercept."""

    slope: float
    intercept: float = 0.0


@dataclass(frozen=True)
class Polynomial:
    """f(x) = c[0] x^n + ... + c[n], highest power first (OpenSim's order)."""

    coefficients: tuple[float, ...]


@dataclass(frozen=True)
class Spline:
    """A cubic spline, or a broken line, through knots.

    `kind` is 'simm' for OpenSim's SimmSpline, which also reads its older names natCubicSpline and
    NaturalCubicSpline, or 'linear' for PiecewiseLinearFunction. Outside the knots the first and last slope
    continue.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    kind: Literal["simm", "linear"] = "simm"


@dataclass(frozen=True)
class Scaled:
    """f(x) = scale g(x) (OpenSim's MultiplierFunction)."""

    function: Function
    scale: float


Function = Constant | Linear | Polynomial | Spline | Scaled


@dataclass(frozen=True)
class Body:
    """A rigid segment.

    `mass_center` is in the body frame; `inertia` is about the centre of mass, in the body frame, as
    (xx, yy, zz, xy, xz, yz) [kg.m^2] with OpenSim's sign (off-diagonal elements of the inertia matrix).
    """

    name: str
    mass: float
    mass_center: Vector3
    inertia: tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Coordinate:
    """A generalised coordinate, and what its joint's file says of it.

    `motion` tells whether a value is in rad or m ('coupled' mixes both and counts as an angle).
    """

    name: str
    motion: Literal["rotational", "translational", "coupled"] = "rotational"
    default: float = 0.0
    range: tuple[float, float] = (float("-inf"), float("inf"))
    locked: bool = False
    clamped: bool = False


@dataclass(frozen=True)
class Axis:
    """One rotation or translation of a joint: about or along `direction`, by `function(coordinate)`.

    `coordinate` is None when the function does not depend on any (a constant).
    """

    direction: Vector3
    function: Function
    coordinate: str | None


@dataclass(frozen=True)
class Frame:
    """A frame fixed to a body: origin [m] and body-fixed X-Y-Z Euler angles [rad] in that body."""

    translation: Vector3 = (0.0, 0.0, 0.0)
    orientation: Vector3 = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Joint:
    """A joint as three successive rotations and three translations between two frames.

    The child frame is turned by the rotations in order (each about an axis already turned by those before),
    and shifted by the translations, whose directions are fixed in the parent frame. All of OpenSim's joint
    kinds are special cases; `kind` keeps the original name, because OpenSim reports the forces of Ball and
    Free joints about the parent frame's axes rather than about Euler axes.
    """

    name: str
    kind: str
    parent: str
    child: str
    parent_frame: Frame
    child_frame: Frame
    rotations: tuple[Axis, ...]
    translations: tuple[Axis, ...]
    coordinates: tuple[Coordinate, ...]


@dataclass(frozen=True)
class Coupler:
    """A coordinate that follows another one: dependent = function(independent)."""

    dependent: str
    independent: str
    function: Function


@dataclass(frozen=True)
class Model:
    """The skeleton of a person.

    Joints are ordered from the ground outwards: each parent is the child of an earlier joint, or the ground.
    """

    name: str
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...]
    couplers: tuple[Coupler, ...] = ()
    gravity: Vector3 = (0.0, -STANDARD_GRAVITY, 0.0)
    source: str | None = None
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def coordinates(self) -> Mapping[str, Coordinate]:
        """All coordinates by name, in the order of the joints."""
        return {c.name: c for joint in self.joints for c in joint.coordinates}

    @cached_property
    def mass(self) -> float:
        """Total mass [kg]."""
        return sum(body.mass for body in self.bodies)

    def body(self, name: str) -> Body:
        """Give the body of that name; KeyError when there is none."""
        for body in self.bodies:
            if body.name == name:
                return body
        raise KeyError(name)
