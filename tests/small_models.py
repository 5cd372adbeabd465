"""Small skeletons with closed forms, and one with everything in it, for tests of the body room."""

from __future__ import annotations

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
    Vector3,
)

X: Vector3 = (1.0, 0.0, 0.0)
Y: Vector3 = (0.0, 1.0, 0.0)
Z: Vector3 = (0.0, 0.0, 1.0)


def _moves(name: str) -> Coordinate:
    return Coordinate(name, "translational")


def pelvis_joint(child: str = "pelvis") -> Joint:
    """Six degrees of freedom as gait models have them: tilt, list, rotation, and three translations."""
    names = ("tilt", "list", "rotation", "tx", "ty", "tz")
    return Joint(
        "ground_pelvis",
        "CustomJoint",
        "ground",
        child,
        Frame(),
        Frame(),
        tuple(Axis(d, Linear(1.0), n) for d, n in zip((Z, X, Y), names[:3], strict=True)),
        tuple(Axis(d, Linear(1.0), n) for d, n in zip((X, Y, Z), names[3:], strict=True)),
        (*(Coordinate(n) for n in names[:3]), *(_moves(n) for n in names[3:])),
    )


def lone_body(mass: float = 3.0, inertia: tuple[float, ...] = (0.2, 0.3, 0.4, 0.01, -0.02, 0.03)) -> Model:
    """One body free in space, its centre of mass off its origin."""
    xx, yy, zz, xy, xz, yz = inertia
    return Model("lone", (Body("pelvis", mass, (0.1, -0.2, 0.05), (xx, yy, zz, xy, xz, yz)),), (pelvis_joint(),))


def pendulum(length: float, mass: float, inertia: float) -> Model:
    """A physical pendulum about Z, hanging down at zero."""
    joint = Joint(
        "pivot",
        "PinJoint",
        "ground",
        "bob",
        Frame((0.3, 1.0, -0.2)),
        Frame(),
        (Axis(Z, Linear(1.0), "swing"),),
        (),
        (Coordinate("swing"),),
    )
    return Model("pendulum", (Body("bob", mass, (0.0, -length, 0.0), (0.1, 0.1, inertia, 0, 0, 0)),), (joint,))


def walker() -> Model:
    """A pelvis, a thigh on a ball, a shank on a knee with every kind of function, and a coupled patella."""
    hip = Joint(
        "hip",
        "GimbalJoint",
        "pelvis",
        "thigh",
        Frame((0.02, -0.06, 0.08), (0.1, -0.2, 0.3)),
        Frame((0.01, 0.02, 0.0), (0.05, 0.0, -0.1)),
        tuple(Axis(d, Linear(1.0), n) for d, n in zip((X, Y, Z), ("hip_x", "hip_y", "hip_z"), strict=True)),
        (),
        tuple(Coordinate(n) for n in ("hip_x", "hip_y", "hip_z")),
    )
    knots = (-1.5, -0.8, -0.1, 0.5, 1.2, 2.0)
    spline = Spline(knots, (0.05, -0.02, 0.03, 0.08, -0.04, 0.06))
    knee = Joint(
        "knee",
        "CustomJoint",
        "thigh",
        "shank",
        Frame((0.0, -0.4, 0.0), (0.0, 0.1, 0.0)),
        Frame((0.0, 0.03, 0.01), (0.0, 0.0, 0.2)),
        (
            Axis(X, Linear(-1.0, 0.1), "knee"),
            Axis((0.0, 0.6, 0.8), spline, "knee"),
            Axis((0.8, 0.0, -0.6), Scaled(Polynomial((0.1, -0.2, 0.05, 0.0)), 1.5), "knee"),
        ),
        (
            Axis(X, spline, "knee"),
            Axis(Y, Polynomial((0.01, 0.02, -0.03)), "knee"),
            Axis(Z, Constant(0.015), None),
        ),
        (Coordinate("knee"),),
    )
    patella = Joint(
        "kneecap",
        "CustomJoint",
        "thigh",
        "patella",
        Frame((0.04, -0.38, 0.0)),
        Frame(),
        (Axis(Z, Linear(-1.0), "beta"), Axis(X, Constant(0.2), None), Axis(Y, Constant(0.0), None)),
        (Axis(X, spline, "beta"), Axis(Y, Linear(0.05), "beta"), Axis(Z, Constant(0.0), None)),
        (Coordinate("beta", "coupled"),),
    )
    bodies = (
        Body("pelvis", 11.0, (-0.07, 0.01, 0.0), (0.1, 0.08, 0.06, 0.004, -0.003, 0.002)),
        Body("thigh", 9.0, (0.0, -0.17, 0.01), (0.13, 0.03, 0.14, 0.005, 0.0, -0.004)),
        Body("shank", 3.7, (0.0, -0.19, 0.0), (0.05, 0.005, 0.051, 0.0, 0.001, 0.0)),
        Body("patella", 0.1, (0.002, 0.0, 0.0), (1e-4, 1e-4, 1e-4, 0.0, 0.0, 0.0)),
    )
    tie = Coupler("beta", "knee", Spline((-2.0, -1.0, 0.0, 1.0, 2.0), (-1.8, -0.9, 0.05, 0.9, 1.7)))
    return Model("walker", bodies, (pelvis_joint(), hip, knee, patella), (tie,))
