"""Writing a skeleton as an OpenSim 4 model file (`.osim`).

The counterpart of `gaitdynamics.files.osim`: bodies, joints, coordinates and couplers, nothing else.
Numbers are written in the shortest form that reads back to the same double, so reading the file gives the
same model.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.xml_documents import Document
from gaitdynamics.model import (
    GROUND,
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
)

#: Joints whose motion follows from their kind alone; every other kind is spelled out as a CustomJoint.
SIMPLE_JOINTS: Final = frozenset(
    {
        "WeldJoint",
        "PinJoint",
        "SliderJoint",
        "UniversalJoint",
        "GimbalJoint",
        "BallJoint",
        "FreeJoint",
        "PlanarJoint",
    }
)

_SPLINE_TAGS: Final = {
    "simm": "SimmSpline",
    "linear": "PiecewiseLinearFunction",
}


def write_osim(path: str | Path, model: Model) -> None:
    """Write a skeleton as an OpenSim 4 model.

    The same model always gives the same bytes. The file appears whole or not at all.

    Parameters
    ----------
    path
        File to write; an existing one is replaced.
    model
        The skeleton. Its `source` and `warnings` are about another file and are not written.

    Raises
    ------
    FileFormatError
        When the folder does not exist or cannot be written to.
    """
    write_text(path, osim_text(model))


def osim_text(model: Model) -> str:
    """Give the text of the file that `write_osim` writes."""
    document = Document("Model", model.name)
    _fill(document.element, model)
    return document.text()


def _fill(element: ET.Element, model: Model) -> None:
    ET.SubElement(element, "Ground", name=GROUND)
    _text(element, "gravity", _numbers(model.gravity))
    _text(element, "length_units", "meters")
    _text(element, "force_units", "N")
    _set(element, "BodySet", "bodyset", map(_body_element, model.bodies))
    _set(element, "JointSet", "jointset", map(_joint_element, model.joints))
    _set(element, "ConstraintSet", "constraintset", map(_coupler_element, model.couplers))


def _set(parent: ET.Element, tag: str, name: str, members: Iterable[ET.Element]) -> None:
    objects = ET.SubElement(ET.SubElement(parent, tag, name=name), "objects")
    objects.extend(members)


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text or None


def _numbers(values: Iterable[float]) -> str:
    # repr() of a float is the shortest decimal that reads back to the same double.
    return " ".join(repr(float(value)) for value in values)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _body_element(body: Body) -> ET.Element:
    element = ET.Element("Body", name=body.name)
    _text(element, "mass", _numbers([body.mass]))
    _text(element, "mass_center", _numbers(body.mass_center))
    _text(element, "inertia", _numbers(body.inertia))
    return element


def _joint_element(joint: Joint) -> ET.Element:
    simple = joint.kind in SIMPLE_JOINTS
    element = ET.Element(joint.kind if simple else "CustomJoint", name=joint.name)
    parent_name, child_name = f"{joint.parent}_offset", f"{joint.child}_offset"
    _text(element, "socket_parent_frame", parent_name)
    _text(element, "socket_child_frame", child_name)
    coordinates = ET.SubElement(element, "coordinates")
    coordinates.extend(_coordinate_element(coordinate) for coordinate in joint.coordinates)
    frames = ET.SubElement(element, "frames")
    frames.append(_frame_element(parent_name, joint.parent, joint.parent_frame))
    frames.append(_frame_element(child_name, joint.child, joint.child_frame))
    if not simple:
        transform = ET.SubElement(element, "SpatialTransform")
        for kind, axes in (("rotation", joint.rotations), ("translation", joint.translations)):
            assert len(axes) == 3, f"{joint.name} has {len(axes)} {kind} axes"
            transform.extend(_axis_element(f"{kind}{i}", axis) for i, axis in enumerate(axes, 1))
    return element


def _coordinate_element(coordinate: Coordinate) -> ET.Element:
    element = ET.Element("Coordinate", name=coordinate.name)
    _text(element, "default_value", _numbers([coordinate.default]))
    _text(element, "range", _numbers(coordinate.range))
    _text(element, "clamped", _flag(coordinate.clamped))
    _text(element, "locked", _flag(coordinate.locked))
    return element


def _frame_element(name: str, body: str, frame: Frame) -> ET.Element:
    element = ET.Element("PhysicalOffsetFrame", name=name)
    _text(element, "socket_parent", f"/{GROUND}" if body == GROUND else f"/bodyset/{body}")
    _text(element, "translation", _numbers(frame.translation))
    _text(element, "orientation", _numbers(frame.orientation))
    return element


def _axis_element(name: str, axis: Axis) -> ET.Element:
    element = ET.Element("TransformAxis", name=name)
    _text(element, "coordinates", axis.coordinate or "")
    _text(element, "axis", _numbers(axis.direction))
    element.append(_function_element(axis.function))
    return element


def _function_element(function: Function) -> ET.Element:
    match function:
        case Constant(value):
            element = ET.Element("Constant", name="function")
            _text(element, "value", _numbers([value]))
        case Linear(slope, intercept):
            element = ET.Element("LinearFunction", name="function")
            _text(element, "coefficients", _numbers([slope, intercept]))
        case Polynomial(coefficients):
            element = ET.Element("PolynomialFunction", name="function")
            _text(element, "coefficients", _numbers(coefficients))
        case Spline(x, y, kind):
            element = ET.Element(_SPLINE_TAGS[kind], name="function")
            _text(element, "x", _numbers(x))
            _text(element, "y", _numbers(y))
        case Scaled(inner, scale):
            element = ET.Element("MultiplierFunction", name="function")
            ET.SubElement(element, "function").append(_function_element(inner))
            _text(element, "scale", _numbers([scale]))
    return element


def _coupler_element(coupler: Coupler) -> ET.Element:
    element = ET.Element("CoordinateCouplerConstraint", name=f"{coupler.dependent}_coupler")
    _text(element, "isEnforced", "true")
    ET.SubElement(element, "coupled_coordinates_function").append(_function_element(coupler.function))
    _text(element, "independent_coordinate_names", coupler.independent)
    _text(element, "dependent_coordinate_name", coupler.dependent)
    _text(element, "scale_factor", _numbers([1.0]))
    return element
