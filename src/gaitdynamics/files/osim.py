"""Read the skeleton of an OpenSim model (`.osim`) of the version 3 and version 4 layouts, without OpenSim.

Bodies, joints with all their functions, coordinates, couplers, offset frames and gravity are read; muscles,
geometry, markers and contact are left where they are. The result is a `gaitdynamics.model.Model`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files import osim_elements as fields
from gaitdynamics.files.osim_frames import OffsetFrames
from gaitdynamics.files.osim_functions import read_function
from gaitdynamics.files.osim_joints import read_joint
from gaitdynamics.model import GROUND, STANDARD_GRAVITY, Body, Coupler, Joint, Model, Scaled

_RESAVE = "open the model in OpenSim 4 and save it again"


def read_osim(path: str | Path) -> Model:
    """Read the skeleton of an OpenSim model.

    Parameters
    ----------
    path
        The `.osim` file, layout version 3 (joints inside bodies) or 4 (joints beside bodies).

    Returns
    -------
    Model
        Joints ordered from the ground outwards; coordinates in that order.

    Raises
    ------
    FileFormatError
        The file is missing, not XML, not an OpenSim model, or uses a joint or function that is not supported
        (which one and where is said).
    """
    path = Path(path)
    return _read_root(_parse(path), path)


def read_osim_text(text: str, source: str | Path) -> Model:
    """Read the skeleton of an OpenSim model from the text of its file; raises as `read_osim`.

    Parameters
    ----------
    text
        Content of an `.osim` file.
    source
        The file in which the text was found.
    """
    source = Path(source)
    try:
        root = ET.fromstring(text.lstrip("\ufeff"))
    except (ET.ParseError, ValueError) as error:
        raise FileFormatError(f"the model in it is not readable as XML ({error})", file=source) from error
    return _read_root(root, source)


def _read_root(root: ET.Element, path: Path) -> Model:
    element = root if root.tag == "Model" else root.find("Model")
    if element is None:
        inside = root[0].tag if root.tag == "OpenSimDocument" and len(root) else root.tag
        raise FileFormatError(
            f"not an OpenSim model (it holds <{inside}>)",
            file=path,
            remedy="give the scaled .osim file of the subject",
        )
    try:
        return _Reader(element).model(path)
    except FileFormatError:
        raise
    except ValueError as error:
        raise FileFormatError(str(error), file=path, remedy=_RESAVE) from error


def _parse(path: Path) -> ET.Element:
    if not path.is_file():
        raise FileFormatError("no such file", file=path, remedy="check the path of the model")
    try:
        return ET.parse(path).getroot()
    except (ET.ParseError, UnicodeDecodeError, ValueError) as error:
        raise FileFormatError(
            f"not readable as XML ({error})", file=path, remedy="give an OpenSim model (.osim)"
        ) from error
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", file=path) from error


class _Reader:
    """Reads one <Model> element; a ValueError names the part of the model that is wrong."""

    def __init__(self, element: ET.Element) -> None:
        self.element = element
        self.warnings: list[str] = []

    def model(self, path: Path) -> Model:
        bodies = self._bodies()
        joints = _outward(self._joints())
        _check_names(bodies, joints)
        couplers = self._couplers({c.name for joint in joints for c in joint.coordinates})
        return Model(
            name=self.element.get("name") or path.stem,
            bodies=tuple(bodies),
            joints=tuple(joints),
            couplers=tuple(couplers),
            gravity=fields.vector(self.element, "gravity", default=(0.0, -STANDARD_GRAVITY, 0.0)),
            source=path.name,
            warnings=tuple(self.warnings),
        )

    def _objects(self, set_tag: str) -> list[ET.Element]:
        group = self.element.find(f"{set_tag}/objects")
        return [] if group is None else list(group)

    def _bodies(self) -> list[Body]:
        found = []
        for element in self._objects("BodySet"):
            if element.tag == "Body" and element.get("name") != GROUND:
                with _naming("body", element):
                    found.append(_body(element))
        if not found:
            raise ValueError("the model has no bodies")
        return found

    def _joints(self) -> list[Joint]:
        elements: list[tuple[ET.Element, str | None]] = [(joint, None) for joint in self._objects("JointSet")]
        if not elements:  # version 3: every body holds its own joint
            elements = [
                (joint, body.get("name"))
                for body in self._objects("BodySet")
                for holder in body.findall("Joint")
                for joint in holder
            ]
        frames = OffsetFrames(self.element)
        found = []
        for element, child in elements:
            with _naming("joint", element):
                found.append(read_joint(element, frames, child))
        return found

    def _couplers(self, coordinates: set[str]) -> list[Coupler]:
        found = []
        for element in self._objects("ConstraintSet"):
            if fields.flag(element, "isDisabled") or not fields.flag(element, "isEnforced", default=True):
                continue
            if element.tag != "CoordinateCouplerConstraint":
                self.warnings.append(f"constraint '{element.get('name')}' ({element.tag}) is not applied")
                continue
            with _naming("coupler", element):
                found.append(_coupler(element, coordinates))
        return _sources_first(found)


@contextmanager
def _naming(what: str, element: ET.Element) -> Iterator[None]:
    """Put the name of the part that is being read before whatever is wrong with it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{what} '{element.get('name')}': {error}") from error


def _body(element: ET.Element) -> Body:
    if element.find("inertia") is not None:
        inertia = fields.numbers(element, "inertia", 6)
    else:
        inertia = tuple(fields.number(element, f"inertia_{axes}", 0.0) for axes in ("xx", "yy", "zz", "xy", "xz", "yz"))
    mass = fields.number(element, "mass", 0.0)
    if mass < 0:
        raise ValueError(f"its mass {mass} kg is negative")
    xx, yy, zz, xy, xz, yz = inertia
    center = fields.vector(element, "mass_center", default=(0.0, 0.0, 0.0))
    return Body(element.get("name", ""), mass, center, (xx, yy, zz, xy, xz, yz))


def _coupler(element: ET.Element, coordinates: set[str]) -> Coupler:
    sources = fields.text(element, "independent_coordinate_names").split()
    dependent = fields.text(element, "dependent_coordinate_name")
    if len(sources) != 1 or not {sources[0], dependent} <= coordinates:
        raise ValueError("it does not tie one coordinate of the model to another one")
    holder = element.find("coupled_coordinates_function")
    if holder is None or len(holder) == 0:
        raise ValueError("it has no function")
    function = read_function(holder[0])
    factor = fields.number(element, "scale_factor", 1.0)
    return Coupler(dependent, sources[0], function if factor == 1.0 else Scaled(function, factor))


def _sources_first(couplers: Sequence[Coupler]) -> list[Coupler]:
    """Order couplers so that each finds the value of its source computed."""
    waiting, ordered = list(couplers), list[Coupler]()
    for name, count in Counter(c.dependent for c in couplers).items():
        if count > 1:
            raise ValueError(f"coordinate '{name}' is tied by {count} couplers")
    while waiting:
        open_ends = {coupler.dependent for coupler in waiting}
        ready = [coupler for coupler in waiting if coupler.independent not in open_ends]
        if not ready:
            raise ValueError(f"couplers that depend on each other: {', '.join(sorted(open_ends))}")
        ordered += ready
        waiting = [coupler for coupler in waiting if coupler not in ready]
    return ordered


def _outward(joints: Iterable[Joint]) -> list[Joint]:
    """Order joints so that each parent body is placed before its children, keeping file order otherwise."""
    placed, ordered, waiting = {GROUND}, list[Joint](), list(joints)
    while waiting:
        ready = [joint for joint in waiting if joint.parent in placed]
        if not ready:
            names = ", ".join(f"{j.name} (on {j.parent})" for j in waiting)
            raise ValueError(f"joints that do not lead to the ground: {names}")
        # Taking one at a time keeps a depth-first file in its own order.
        joint = ready[0]
        if joint.child in placed:
            raise ValueError(f"body '{joint.child}' has two joints (a loop)")
        ordered.append(joint)
        placed.add(joint.child)
        waiting.remove(joint)
    return ordered


def _check_names(bodies: Sequence[Body], joints: Sequence[Joint]) -> None:
    carried = {joint.child for joint in joints}
    floating = [body.name for body in bodies if body.name not in carried]
    if floating:
        raise ValueError(f"bodies without a joint: {', '.join(floating)}")
    for what, names in (
        ("bodies", [body.name for body in bodies]),
        ("coordinates", [c.name for joint in joints for c in joint.coordinates]),
    ):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f"several {what} are named '{twice[0]}'")
