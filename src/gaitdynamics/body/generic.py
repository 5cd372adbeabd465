"""The skeleton for a person of whom only height and mass are known.

Where the generic skeleton's numbers come from is written in `gaitdynamics/assets/SOURCES.md`.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files
from typing import Final

from gaitdynamics.files.osim import read_osim
from gaitdynamics.model import (
    Axis,
    Body,
    Constant,
    Coordinate,
    Coupler,
    Frame,
    Function,
    Joint,
    Linear,
    Model,
    Polynomial,
    Scaled,
    Spline,
    Vector3,
)

#: Body height [m] of the person whom the packaged skeleton describes; the skeleton itself cannot hold it.
GENERIC_HEIGHT_M: Final = 1.70


def generic_model() -> Model:
    """Read the packaged skeleton: 23 free coordinates, no arms, 1.70 m, 75 kg."""
    with as_file(files("gaitdynamics.assets") / "generic.osim") as path:
        return read_osim(path)


def scaled_generic(height_m: float, mass_kg: float) -> Model:
    """Make a skeleton for a person from height and mass alone.

    All segments keep the proportions of an average adult, so leg length is off by some 3 % (one standard
    deviation between people), and by more in children.

    Parameters
    ----------
    height_m
        Body height [m].
    mass_kg
        Body mass [kg].

    Returns
    -------
    Model
        The packaged skeleton, uniformly scaled.
    """
    scaled = scale_model(generic_model(), length=height_m / GENERIC_HEIGHT_M, mass_kg=mass_kg)
    return replace(scaled, name="generic_scaled")


def scale_model(model: Model, *, length: float, mass_kg: float) -> Model:
    """Scale a skeleton uniformly in size, and in mass without changing the shares of the segments.

    Angles stay, every length is multiplied by `length`, every mass by the same ratio, and every moment of
    inertia by the ratio of masses times `length` squared.

    Parameters
    ----------
    model
        The skeleton to scale.
    length
        Ratio of new to old lengths.
    mass_kg
        Total mass of the result [kg].
    """
    mass = mass_kg / model.mass
    moves = {name for name, c in model.coordinates.items() if c.motion == "translational"}

    def unit(coordinate: str | None) -> float:
        return length if coordinate in moves else 1.0

    return replace(
        model,
        bodies=tuple(_scale_body(body, length, mass) for body in model.bodies),
        joints=tuple(_scale_joint(joint, length, moves) for joint in model.joints),
        couplers=tuple(
            Coupler(
                c.dependent,
                c.independent,
                _scale_function(c.function, unit(c.dependent), unit(c.independent)),
            )
            for c in model.couplers
        ),
    )


def _times(vector: Vector3, factor: float) -> Vector3:
    return vector[0] * factor, vector[1] * factor, vector[2] * factor


def _scale_body(body: Body, length: float, mass: float) -> Body:
    xx, yy, zz, xy, xz, yz = (moment * mass * length**2 for moment in body.inertia)
    return Body(body.name, body.mass * mass, _times(body.mass_center, length), (xx, yy, zz, xy, xz, yz))


def _scale_joint(joint: Joint, length: float, moves: set[str]) -> Joint:
    def frame(old: Frame) -> Frame:
        return Frame(_times(old.translation, length), old.orientation)

    def axis(old: Axis, output: float) -> Axis:
        argument = length if old.coordinate in moves else 1.0
        return replace(old, function=_scale_function(old.function, output, argument))

    def coordinate(old: Coordinate) -> Coordinate:
        if old.name not in moves:
            return old
        low, high = old.range
        return replace(old, default=old.default * length, range=(low * length, high * length))

    return replace(
        joint,
        parent_frame=frame(joint.parent_frame),
        child_frame=frame(joint.child_frame),
        rotations=tuple(axis(a, 1.0) for a in joint.rotations),
        translations=tuple(axis(a, length) for a in joint.translations),
        coordinates=tuple(coordinate(c) for c in joint.coordinates),
    )


def _scale_function(function: Function, output: float, argument: float) -> Function:
    """Give g with g(x) = output f(x / argument)."""
    match function:
        case Constant(value):
            return Constant(value * output)
        case Linear(slope, intercept):
            # A metre of a translation stays a metre: output and argument cancel exactly.
            return Linear(slope * (output / argument), intercept * output)
        case Polynomial(coefficients):
            degree = len(coefficients) - 1
            return Polynomial(tuple(c * output / argument ** (degree - i) for i, c in enumerate(coefficients)))
        case Spline(x, y, kind):
            return Spline(tuple(v * argument for v in x), tuple(v * output for v in y), kind)
        case Scaled(inner, scale):
            return Scaled(_scale_function(inner, output, argument), scale)
