"""Find the body behind a reference of the version 4 layout, through any chain of offset frames.

In that layout a joint names two frames by a path within the model, absolute (`/bodyset/femur_r`) or relative
to the joint (`femur_r_offset`). Frames may sit in joints, in bodies or in the model, and on each other.
"""

from __future__ import annotations

import posixpath
import warnings
import xml.etree.ElementTree as ET

import numpy as np
from scipy.spatial.transform import Rotation

from gaitdynamics.files import osim_elements as fields
from gaitdynamics.model import GROUND, Frame


class OffsetFrames:
    """All offset frames of a model.

    Parameters
    ----------
    model
        The <Model> element.
    """

    def __init__(self, model: ET.Element) -> None:
        self._bodies = {body.get("name", "") for body in model.findall("BodySet/objects/Body")} | {GROUND}
        self._frames: dict[str, ET.Element] = {}
        self._collect(model, "")

    def _collect(self, element: ET.Element, path: str) -> None:
        for child in element:
            if child.tag.endswith("Set"):
                self._collect(child, f"{path}/{child.tag.lower()}")
            elif child.tag in ("objects", "components", "frames"):  # holders, no part of a path
                self._collect(child, path)
            elif child.get("name"):
                own = f"{path}/{child.get('name')}"
                if child.tag == "PhysicalOffsetFrame":
                    self._frames[own] = child
                self._collect(child, own)

    def attached(self, reference: str, owner: str) -> tuple[str, Frame]:
        """Follow a reference to the body that carries the frame.

        Parameters
        ----------
        reference
            What a <socket_...> element holds.
        owner
            Path of the component that refers.

        Returns
        -------
        body
            Name of the body, or of the ground.
        frame
            The frame in that body.

        Raises
        ------
        ValueError
            The reference leads nowhere, or in a circle.
        """
        links: list[Frame] = []
        visited: list[str] = []
        path = self._resolve(reference, owner)
        while path in self._frames:
            if path in visited:
                raise ValueError(f"the offset frames at '{reference}' form a loop")
            visited.append(path)
            links.append(fields.frame(self._frames[path], "translation", "orientation"))
            path = self._resolve(fields.text(self._frames[path], "socket_parent"), path)
        return path, _combined(links)

    def _resolve(self, reference: str, owner: str) -> str:
        """Give the path of a frame, or the name of a body."""
        if not reference:
            raise ValueError("a frame is not named")
        path = posixpath.normpath(posixpath.join(owner, reference))
        if path in self._frames:
            return path
        name = posixpath.basename(path)
        if name in self._bodies:
            return name
        # Early versions of this layout name a frame without saying where it is.
        for candidate in self._frames:
            if posixpath.basename(candidate) == name:
                return candidate
        raise ValueError(f"'{reference}' is neither a body nor a frame of this model")


def _combined(links: list[Frame]) -> Frame:
    """Combine frames that hang on each other, the outermost first."""
    # One link is the rule; keeping its numbers as written avoids a rounding through matrices.
    if len(links) < 2:
        return links[0] if links else Frame()
    rotation, translation = Rotation.identity(), np.zeros(3)
    for link in links:
        own = Rotation.from_euler("XYZ", link.orientation)
        translation = np.array(link.translation) + own.apply(translation)
        rotation = own * rotation
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the angles are not unique, any of them will do
        angles = rotation.as_euler("XYZ")
    return Frame(fields.triple(translation), fields.triple(angles))
