"""Session folders of OpenCap: where the motions and the model lie, and who was filmed.

::

    sessionMetadata.yaml               mass_kg, height_m
    OpenSimData/Kinematics/*.mot       one motion per recording
    OpenSimData/Model/**/*.osim        the scaled model
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gaitdynamics.errors import FileFormatError

METADATA: Final = "sessionMetadata.yaml"
DATA: Final = "OpenSimData"

#: A top-level line 'key: value' of YAML; nested and empty values do not match.
_SCALAR: Final = re.compile(r"^([A-Za-z_]\w*):[ \t]+(.*?)[ \t]*$")
_COMMENT: Final = re.compile(r"\s+#.*$")


@dataclass(frozen=True)
class OpenCapSession:
    """One session: its folder, the person's mass [kg] and height [m], the scaled model, and the motions by name."""

    folder: Path
    mass_kg: float
    height_m: float
    model: Path
    motions: tuple[Path, ...]


def find_sessions(folder: Path) -> tuple[Path, ...]:
    """Find all session folders at and below a folder, in the order of their names."""
    return tuple(sorted(path.parent for path in folder.rglob(DATA) if path.is_dir()))


def read_session(folder: str | Path) -> OpenCapSession:
    """Read what a session folder says of itself.

    Raises
    ------
    FileFormatError
        Metadata, mass, height, motions or a single scaled model are missing.
    """
    folder = Path(folder)
    facts = read_metadata(folder / METADATA)
    motions = tuple(sorted((folder / DATA / "Kinematics").glob("*.mot")))
    if not motions:
        raise FileFormatError(
            f"there are no motions in {DATA}/Kinematics",
            file=folder,
            remedy="download the session with its OpenSim data",
        )
    mass, height = (_number(facts, key, folder / METADATA) for key in ("mass_kg", "height_m"))
    return OpenCapSession(folder, mass, height, _model(folder), motions)


def read_metadata(path: Path) -> dict[str, str]:
    """Read the plain top-level entries of a session's metadata, as text.

    Only lines `key: value` at the margin are read, which is how OpenCap writes everything about the person; nested
    entries (cameras, checkerboard) are passed over, so that no YAML library is needed.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(
            "the session's metadata cannot be read", file=path, remedy="download the whole session folder"
        ) from error
    found = {}
    for line in lines:
        match = _SCALAR.match(_COMMENT.sub("", line))
        if match:
            found[match[1]] = match[2].strip("'\"")
    return found


def _number(facts: dict[str, str], key: str, path: Path) -> float:
    text = facts.get(key, "")
    try:
        return float(text)
    except ValueError:
        what = f"'{key}' is '{text}', a number was expected" if key in facts else f"there is no '{key}'"
        raise FileFormatError(what, file=path, remedy=f"write a line '{key}: ' with the number") from None


def _model(folder: Path) -> Path:
    """Choose the scaled model; a session can hold the generic one and one without kneecaps too."""
    found = sorted((folder / DATA / "Model").rglob("*.osim"))
    scaled = [path for path in found if path.stem.endswith("_scaled")] or found
    if len(scaled) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise FileFormatError(
            f"exactly one scaled model is needed in {DATA}/Model, found: {names}",
            file=folder,
            remedy="leave one .osim file there, the one with which the motions were made",
        )
    return scaled[0]
