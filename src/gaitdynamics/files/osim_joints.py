"""Read the joints of an OpenSim model, of both layouts, into axes between two frames."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Literal

import numpy as np

from gaitdynamics.files import osim_elements as fields
from gaitdynamics.files.osim_frames import OffsetFrames
from gaitdynamics.files.osim_functions import read_function
from gaitdynamics.model import Axis, Constant, Coordinate, Function, Joint, Linear, Scaled, Vector3

_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)

#: Rotation and translation axes of the joint kinds with a fixed meaning, in the order of their coordinates.
_FIXED_AXES: dict[str, tuple[tuple[Vector3, ...], tuple[Vector3, ...]]] = {
    "PinJoint": ((_Z,), ()),
    "SliderJoint": ((), (_X,)),
    "UniversalJoint": ((_X, _Y), ()),
    "GimbalJoint": ((_X, _Y, _Z), ()),
    "BallJoint": ((_X, _Y, _Z), ()),
    "PlanarJoint": ((_Z,), (_X, _Y)),
    "FreeJoint": ((_X, _Y, _Z), (_X, _Y, _Z)),
    "WeldJoint": ((), ()),
}

#: Element names of the joints that can be read.
JOINT_TAGS = (*_FIXED_AXES, "CustomJoint")

Axes = tuple[Axis, ...]


def read_joint(element: ET.Element, frames: OffsetFrames, child: str | None = None) -> Joint:
    """Turn a joint element into its record.

    Parameters
    ----------
    element
        The joint.
    frames
        The offset frames of its model.
    child
        Name of the body that holds the joint (version 3 layout); None in the version 4 layout, where the joint
        names its frames itself.

    Raises
    ------
    ValueError
        The kind is not supported, or its parts are missing or wrong.
    """
    if element.tag not in JOINT_TAGS:
        raise ValueError(f"a {element.tag} is not supported ({', '.join(JOINT_TAGS)} are)")
    if fields.flag(element, "reverse"):
        raise ValueError("reversed joints are not supported; save the model again in OpenSim 4")
    if child is None:
        owner = f"/jointset/{element.get('name', '')}"
        parent, parent_frame = frames.attached(fields.text(element, "socket_parent_frame"), owner)
        child, child_frame = frames.attached(fields.text(element, "socket_child_frame"), owner)
    else:
        parent = fields.text(element, "parent_body")
        parent_frame = fields.frame(element, "location_in_parent", "orientation_in_parent")
        child_frame = fields.frame(element, "location", "orientation")
    holder = element.find("coordinates")
    if holder is None:
        holder = element.find("CoordinateSet/objects")
    entries = [] if holder is None else holder.findall("Coordinate")
    names = [entry.get("name", "") for entry in entries]
    if element.tag == "CustomJoint":
        rotations, translations = _custom_axes(element, names)
    else:
        rotations, translations = _fixed_axes(element.tag, names)
    return Joint(
        name=element.get("name", child),
        kind=element.tag,
        parent=parent,
        child=child,
        parent_frame=parent_frame,
        child_frame=child_frame,
        rotations=rotations,
        translations=translations,
        coordinates=tuple(_coordinate(entry, rotations, translations) for entry in entries),
    )


def _fixed_axes(kind: str, names: Sequence[str]) -> tuple[Axes, Axes]:
    rotations, translations = _FIXED_AXES[kind]
    directions = [*rotations, *translations]
    if len(names) != len(directions):
        raise ValueError(f"a {kind} has {len(directions)} coordinates, here are {len(names)}")
    axes = [Axis(d, Linear(1.0), n) for d, n in zip(directions, names, strict=True)]
    return tuple(axes[: len(rotations)]), tuple(axes[len(rotations) :])


def _custom_axes(element: ET.Element, names: Sequence[str]) -> tuple[Axes, Axes]:
    transform = element.find("SpatialTransform")
    if transform is None:
        raise ValueError("a CustomJoint without <SpatialTransform>")
    found = {axis.get("name", ""): axis for axis in transform.findall("TransformAxis")}

    def read(group: str) -> Axes:
        labels = [f"{group}{i}" for i in (1, 2, 3)]
        missing = [label for label in labels if label not in found]
        if missing:
            raise ValueError(f"a CustomJoint without the axis '{missing[0]}'")
        return tuple(_custom_axis(found[label], names) for label in labels)

    return read("rotation"), read("translation")


def _custom_axis(element: ET.Element, names: Sequence[str]) -> Axis:
    label = element.get("name")
    used = fields.text(element, "coordinates").split()
    if len(used) > 1:
        raise ValueError(f"axis '{label}' depends on several coordinates")
    if used and used[0] not in names:
        raise ValueError(f"axis '{label}' uses '{used[0]}', no coordinate of this joint")
    # Version 3 wraps the function in an element of that name, version 4 gives it that name.
    holder = element.find("function")
    inside = list(holder) if holder is not None else [c for c in element if c.tag not in ("coordinates", "axis")]
    # Without a function OpenSim holds the axis still.
    function = read_function(inside[0]) if inside else Constant(0.0)
    direction = np.array(fields.vector(element, "axis"))
    length = float(np.linalg.norm(direction))
    if length == 0.0:
        raise ValueError(f"axis '{label}' has no direction")
    # Dividing a unit axis by its rounded norm would only disturb the last digits.
    direction = direction if abs(length - 1.0) < 1e-12 else direction / length
    if used and not _is_constant(function):
        return Axis(fields.triple(direction), function, used[0])
    if not _is_constant(function):
        raise ValueError(f"axis '{label}' has a {inside[0].tag} but no coordinate to put into it")
    return Axis(fields.triple(direction), function, None)


def _is_constant(function: Function) -> bool:
    while isinstance(function, Scaled):
        function = function.function
    return isinstance(function, Constant)


def _coordinate(element: ET.Element, rotations: Axes, translations: Axes) -> Coordinate:
    name = element.get("name", "")
    low, high = fields.numbers(element, "range", 2, default=(-np.inf, np.inf))
    return Coordinate(
        name=name,
        motion=_motion(name, rotations, translations),
        default=fields.number(element, "default_value", 0.0),
        range=(low, high),
        locked=fields.flag(element, "locked"),
        clamped=fields.flag(element, "clamped"),
    )


def _motion(name: str, rotations: Axes, translations: Axes) -> Literal["rotational", "translational", "coupled"]:
    """Tell what a coordinate measures: OpenSim takes it for an angle when one axis turns by just that angle."""
    turning = [axis for axis in rotations if axis.coordinate == name]
    if any(isinstance(a.function, Linear) and abs(a.function.slope) == 1.0 for a in turning):
        return "rotational"
    shifting = [axis for axis in translations if axis.coordinate == name]
    return "coupled" if turning and shifting else "rotational" if turning else "translational"
