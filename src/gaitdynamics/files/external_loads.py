"""OpenSim's ExternalLoads setup (`.xml`): which columns of a force file act on which body."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from gaitdynamics.columns import FOOT_BODIES, FORCE_NAMINGS, SIDES
from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.xml_documents import Document, read_object, text_of
from gaitdynamics.model import GROUND

_SIDE_NAMES = {"r": "right", "l": "left"}
_UNSET = ("", "Unassigned")


@dataclass(frozen=True)
class ExternalLoad:
    """One force on one body.

    The identifiers are column labels without their last letter x, y or z; point and torque are None where
    the load has none. The frames are names of bodies, or 'ground'.
    """

    name: str
    applied_to_body: str
    force_identifier: str
    point_identifier: str | None
    torque_identifier: str | None
    force_expressed_in_body: str = GROUND
    point_expressed_in_body: str = GROUND
    applies: bool = True


@dataclass(frozen=True)
class ExternalLoads:
    """All loads of a setup, and the file with their columns."""

    loads: tuple[ExternalLoad, ...]
    datafile: Path


def write_external_loads(
    path: str | Path,
    *,
    datafile: str,
    naming: str = "opensim",
    bodies: Mapping[str, str] = FOOT_BODIES,
) -> None:
    """Write the setup for the forces of both feet, as `write_forces` names their columns, atomically.

    Parameters
    ----------
    path
        The `.xml` file.
    datafile
        Name of the force file relative to the folder of `path`, so that the folder can be moved.
    naming
        A key of `columns.FORCE_NAMINGS`.
    bodies
        Body of the model that bears the force of each side.

    Raises
    ------
    ValueError
        `datafile` is not relative, or the naming is not one that OpenSim can be told of.
    FileFormatError
        The place cannot be written.
    """
    if Path(datafile).is_absolute() or PureWindowsPath(datafile).is_absolute():
        raise ValueError("the force file must be named relative to the folder of the setup")
    document = Document("ExternalLoads", "ground_reaction")
    objects = ET.SubElement(document.element, "objects")
    for side in SIDES:
        force, point, torque = FORCE_NAMINGS[naming][side].identifiers()
        element = ET.SubElement(objects, "ExternalForce", name=_SIDE_NAMES[side])
        for tag, value in (
            ("applied_to_body", bodies[side]),
            ("force_expressed_in_body", GROUND),
            ("point_expressed_in_body", GROUND),
            ("force_identifier", force),
            ("point_identifier", point),
            ("torque_identifier", torque),
        ):
            ET.SubElement(element, tag).text = value
    ET.SubElement(document.element, "datafile").text = datafile
    write_text(path, document.text())


def read_external_loads(path: str | Path) -> ExternalLoads:
    """Read a setup; the name of the force file is resolved against the folder of the setup.

    Raises
    ------
    FileFormatError
        The file is missing or is not such a setup; the force file is not named or does not exist; a load has
        no body or no force identifier.
    """
    path = Path(path)
    element = read_object(path, "ExternalLoads")
    name = text_of(element, "datafile")
    if name in _UNSET:
        raise FileFormatError("no force file is named (<datafile>)", file=path, remedy="name it, relative to this file")
    # A setup written on Windows may name a file in a subfolder with a backslash.
    datafile = path.parent / name.replace("\\", "/")
    if not datafile.is_file():
        raise FileFormatError(
            f"the force file '{name}' (<datafile>) does not exist",
            file=path,
            remedy=f"put it where the setup says, which is '{datafile}', or correct <datafile>",
        )
    loads = tuple(_load(item, path) for item in element.iter("ExternalForce"))
    if not loads:
        raise FileFormatError("there is no <ExternalForce>", file=path, remedy="define one for each foot")
    return ExternalLoads(loads, datafile)


def _load(element: ET.Element, path: Path) -> ExternalLoad:
    name = element.get("name", "")

    def necessary(tag: str) -> str:
        value = text_of(element, tag)
        if value in _UNSET:
            raise FileFormatError(
                f"the external force '{name}' has no <{tag}>",
                file=path,
                remedy="complete the setup (in OpenSim: Tools > Inverse Dynamics > External Loads > Edit)",
            )
        return value

    def optional(tag: str) -> str | None:
        value = text_of(element, tag)
        return None if value in _UNSET else value

    applies, disabled = (text_of(element, tag).lower() for tag in ("appliesForce", "isDisabled"))
    return ExternalLoad(
        name,
        necessary("applied_to_body").rsplit("/", 1)[-1],
        necessary("force_identifier"),
        optional("point_identifier"),
        optional("torque_identifier"),
        (optional("force_expressed_in_body") or GROUND).rsplit("/", 1)[-1],
        (optional("point_expressed_in_body") or GROUND).rsplit("/", 1)[-1],
        applies=applies != "false" and disabled != "true",
    )
