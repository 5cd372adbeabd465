"""Folders of motions and models in no particular layout: every motion with the one model beside or above it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gaitdynamics.dataset.recordings import FileRecording, Source, Unreadable

#: Endings of files that may be motions.
_MOTIONS: Final = (".mot", ".sto")

#: Longest beginning of a file [bytes] in which its labels are looked for.
_HEAD: Final = 65536

#: What labels of forces and of results of other tools hold, and those of a motion do not.
_NO_MOTION: Final = ("ground_force_", "ground_moment_", "ground_torque_", "_moment", "_activation")

#: What some label of a motion holds: of the pelvis or of a leg.
_MOTION: Final = ("pelvis_", "hip_flexion", "knee_angle", "ankle_angle")


def motion_files(folder: Path) -> tuple[Path, ...]:
    """Find the motions at and below a folder, in the order of their paths.

    Files with labels of forces are no motions, nor are files in which no coordinate of pelvis or legs is named.
    """
    found = (path for path in folder.rglob("*") if path.suffix.lower() in _MOTIONS and path.is_file())
    return tuple(path for path in sorted(found) if _is_motion(path))


def motion_source(folder: Path, motions: Sequence[Path]) -> Source:
    """List motions as trials.

    Parameters
    ----------
    folder
        The folder that was asked for.
    motions
        All motions at or below it.

    Returns
    -------
    Source
        The model is the one .osim file in the nearest folder, from that of the motion up to `folder`, that has any;
        none where there are none, and a motion beside several is listed as unreadable. The subject is the folder of
        the motion, seen from `folder`, the study the name of `folder`.
    """
    recordings: list[FileRecording] = []
    unreadable: list[Unreadable] = []
    models: dict[Path, tuple[Path, ...]] = {}
    for motion in motions:
        found = _models(motion.parent, folder, models)
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            unreadable.append(
                Unreadable(motion, f"several models lie beside it, and which is its own is not told: {names}")
            )
            continue
        subject = motion.parent.relative_to(folder).as_posix()
        recordings.append(
            FileRecording(
                study=folder.absolute().name,
                subject=folder.absolute().name if subject == "." else subject,
                trial=motion.stem,
                motion_file=motion,
                model_file=found[0] if found else None,
            )
        )
    return Source(folder, "folder of motions", tuple(recordings), tuple(unreadable))


def _is_motion(path: Path) -> bool:
    """Look for the names of coordinates in the beginning of a file; one that cannot be read may well be a motion."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD).decode("utf-8", errors="replace").lower()
    except OSError:
        return True
    return any(part in head for part in _MOTION) and not any(part in head for part in _NO_MOTION)


def _models(home: Path, top: Path, known: dict[Path, tuple[Path, ...]]) -> tuple[Path, ...]:
    """Give the models in the nearest folder that has any, from `home` up to `top`."""
    if home not in known:
        here = tuple(sorted(path for path in home.iterdir() if path.suffix.lower() == ".osim" and path.is_file()))
        known[home] = here if here or home == top else _models(home.parent, top, known)
    return known[home]
