"""Which column of a motion is which coordinate of a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitdynamics.columns import canonical
from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.storage import TIME
from gaitdynamics.model import Model

#: OpenSim 4 names the columns of state files by their path: /jointset/hip_r/hip_flexion_r/value
_STATE_PATH = re.compile(r"(?:.*/)?([^/]+)/value", re.IGNORECASE)
_DEPENDENT = "_beta"


@dataclass(frozen=True)
class Columns:
    """The columns of a motion, sorted.

    Attributes
    ----------
    labels
        Label of the column of each coordinate that was found, by the model's name.
    renamed
        Those labels that differ from the model's name (letter case apart), with that name.
    ignored
        Labels that are no free coordinate of the model; neither speeds nor coordinates that follow another.
    """

    labels: dict[str, str]
    renamed: dict[str, str]
    ignored: tuple[str, ...]


def free_coordinates(model: Model) -> tuple[str, ...]:
    """Name the coordinates that do not follow another one, in model order; locked ones are among them."""
    followers = {coupler.dependent for coupler in model.couplers}
    return tuple(name for name in model.coordinates if name not in followers)


def short_name(label: str) -> str:
    """Give the name of the coordinate in a label that may be the path of a state."""
    path_of_state = _STATE_PATH.fullmatch(label)
    return path_of_state.group(1) if path_of_state else label


def match_columns(labels: Sequence[str], model: Model, path: Path | None = None) -> Columns:
    """Find the column of each free coordinate of the model.

    A label matches by the model's own name, in any letter case, as a path of a state, or by an alias
    (`columns.ALIASES`) of the file's or the model's spelling.

    Raises
    ------
    FileFormatError
        Two columns are the same coordinate.
    """
    free = free_coordinates(model)
    by_name = {name.lower(): name for name in free}
    by_canonical = {canonical(name): name for name in free}
    followers = {coupler.dependent.lower() for coupler in model.couplers}
    found: dict[str, str] = {}
    renamed: dict[str, str] = {}
    ignored: list[str] = []
    for label in labels:
        short = short_name(label)
        key = short.lower()
        if key == TIME or key in followers or key.endswith((_DEPENDENT, "/speed")):
            continue
        name = by_name.get(key) or by_canonical.get(canonical(short))
        if name is None:
            ignored.append(label)
            continue
        if name in found:
            raise FileFormatError(
                f"this column and '{found[name]}' are both the coordinate '{name}'",
                file=path,
                column=label,
                remedy="keep one of them",
            )
        found[name] = label
        if key != name.lower():
            renamed[label] = name
    return Columns(found, renamed, tuple(ignored))
