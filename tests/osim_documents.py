"""Small OpenSim models as text, in the version 3 and version 4 layouts, for tests of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Vector = tuple[float, float, float]
ZERO: Vector = (0.0, 0.0, 0.0)

LINEAR = "<LinearFunction{name}><coefficients>1 0</coefficients></LinearFunction>"
ZERO_FUNCTION = "<Constant{name}><value>0</value></Constant>"


@dataclass(frozen=True)
class SmallAxis:
    """One TransformAxis: coordinate name or '', direction, and a function with a place for its name."""

    coordinate: str
    direction: Vector
    function: str = ZERO_FUNCTION


@dataclass(frozen=True)
class SmallJoint:
    """A joint with the body that it carries, in words that both layouts share."""

    kind: str
    parent: str
    child: str
    coordinates: Sequence[str] = ()
    location_in_parent: Vector = ZERO
    orientation_in_parent: Vector = ZERO
    location: Vector = ZERO
    orientation: Vector = ZERO
    axes: Sequence[SmallAxis] = ()
    coordinate_extra: str = ""
    mass: float = 2.0
    center: Vector = (0.02, -0.1, 0.03)
    inertia: tuple[float, ...] = field(default=(0.03, 0.02, 0.025, 0.001, -0.002, 0.0015))


def _words(numbers: Sequence[float]) -> str:
    return " ".join(repr(float(n)) for n in numbers)


def _axes(joint: SmallJoint, version: int) -> str:
    if not joint.axes:
        return ""
    names = ["rotation1", "rotation2", "rotation3", "translation1", "translation2", "translation3"]
    parts = []
    for name, axis in zip(names, joint.axes, strict=True):
        if version == 3:
            function = f"<function>{axis.function.format(name='')}</function>"
        else:
            function = axis.function.format(name=' name="function"')
        parts.append(
            f'<TransformAxis name="{name}"><coordinates>{axis.coordinate}</coordinates>'
            f"<axis>{_words(axis.direction)}</axis>{function}</TransformAxis>"
        )
    return f"<SpatialTransform>{''.join(parts)}</SpatialTransform>"


def _coordinates(joint: SmallJoint) -> str:
    return "".join(f'<Coordinate name="{name}">{joint.coordinate_extra}</Coordinate>' for name in joint.coordinates)


def version_3(joints: Sequence[SmallJoint], constraints: str = "", gravity: str = "0 -9.80665 0") -> str:
    """Give a model in the version 3 layout: joints inside bodies."""
    bodies = ['<Body name="ground"><mass>0</mass></Body>']
    for joint in joints:
        xx, yy, zz, xy, xz, yz = joint.inertia
        inertia = "".join(
            f"<inertia_{axes}>{value!r}</inertia_{axes}>"
            for axes, value in (("xx", xx), ("yy", yy), ("zz", zz), ("xy", xy), ("xz", xz), ("yz", yz))
        )
        coordinates = _coordinates(joint)
        held = f"<CoordinateSet><objects>{coordinates}</objects></CoordinateSet>" if coordinates else ""
        bodies.append(
            f'<Body name="{joint.child}"><mass>{joint.mass!r}</mass>'
            f"<mass_center>{_words(joint.center)}</mass_center>{inertia}"
            f'<Joint><{joint.kind} name="{joint.child}_joint"><parent_body>{joint.parent}</parent_body>'
            f"<location_in_parent>{_words(joint.location_in_parent)}</location_in_parent>"
            f"<orientation_in_parent>{_words(joint.orientation_in_parent)}</orientation_in_parent>"
            f"<location>{_words(joint.location)}</location>"
            f"<orientation>{_words(joint.orientation)}</orientation>{held}{_axes(joint, 3)}"
            f"<reverse>false</reverse></{joint.kind}></Joint></Body>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<OpenSimDocument Version="30000"><Model name="small">'
        f"<gravity>{gravity}</gravity><BodySet><objects>{''.join(bodies)}</objects></BodySet>"
        f"<ConstraintSet><objects>{constraints}</objects></ConstraintSet></Model></OpenSimDocument>"
    )


def _socket(body: str) -> str:
    return "/ground" if body == "ground" else f"/bodyset/{body}"


def joint_4(joint: SmallJoint, parent_frame: str = "", child_frame: str = "") -> str:
    """Give one joint of the version 4 layout, with its two offset frames or other frames by path."""
    frames = ""
    if not parent_frame:
        parent_frame = f"{joint.parent}_offset"
        frames += offset_frame(
            parent_frame, _socket(joint.parent), joint.location_in_parent, joint.orientation_in_parent
        )
    if not child_frame:
        child_frame = f"{joint.child}_offset"
        frames += offset_frame(child_frame, _socket(joint.child), joint.location, joint.orientation)
    return (
        f'<{joint.kind} name="{joint.child}_joint">'
        f"<socket_parent_frame>{parent_frame}</socket_parent_frame>"
        f"<socket_child_frame>{child_frame}</socket_child_frame>"
        f"<coordinates>{_coordinates(joint)}</coordinates><frames>{frames}</frames>{_axes(joint, 4)}"
        f"</{joint.kind}>"
    )


def offset_frame(name: str, parent: str, translation: Vector = ZERO, orientation: Vector = ZERO) -> str:
    """Give a PhysicalOffsetFrame."""
    return (
        f'<PhysicalOffsetFrame name="{name}"><socket_parent>{parent}</socket_parent>'
        f"<translation>{_words(translation)}</translation><orientation>{_words(orientation)}</orientation>"
        "</PhysicalOffsetFrame>"
    )


def body_4(joint: SmallJoint, components: str = "") -> str:
    """Give one body of the version 4 layout; `components` are frames fixed in it."""
    return (
        f'<Body name="{joint.child}"><components>{components}</components><mass>{joint.mass!r}</mass>'
        f"<mass_center>{_words(joint.center)}</mass_center><inertia>{_words(joint.inertia)}</inertia></Body>"
    )


def version_4(
    joints: Sequence[SmallJoint],
    constraints: str = "",
    gravity: str = "0 -9.80665 0",
    joint_text: Sequence[str] | None = None,
    body_text: Sequence[str] | None = None,
    components: str = "",
) -> str:
    """Give a model in the version 4 layout: joints beside bodies, offset frames in joints.

    `joint_text` and `body_text` stand in for what would be written for `joints`; `components` are frames that
    belong to the model itself.
    """
    bodies = "".join(body_text if body_text is not None else [body_4(joint) for joint in joints])
    held = "".join(joint_text if joint_text is not None else [joint_4(joint) for joint in joints])
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<OpenSimDocument Version="40000"><Model name="small">'
        f'<components>{components}</components><Ground name="ground" />'
        f"<gravity>{gravity}</gravity><BodySet><objects>{bodies}</objects></BodySet>"
        f"<JointSet><objects>{held}</objects></JointSet>"
        f"<ConstraintSet><objects>{constraints}</objects></ConstraintSet></Model></OpenSimDocument>"
    )
