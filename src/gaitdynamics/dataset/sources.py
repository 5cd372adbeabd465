"""Opening whatever holds trials: a data folder, AddBiomechanics' files, OpenCap sessions, motions, or a table."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gaitdynamics.dataset.b3d_source import b3d_source
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.manifest import MANIFEST
from gaitdynamics.dataset.motion_folder import motion_files, motion_source
from gaitdynamics.dataset.recordings import FileRecording, Source, Unreadable
from gaitdynamics.dataset.table_source import table_source
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.opencap import find_sessions, read_session

_REMEDY: Final = (
    f"give a folder with {MANIFEST}, a .b3d file or a folder of them, an OpenCap session folder or a folder of them, "
    "a folder of motions and their models, or a .csv table with one row per motion (docs/data.md)"
)


def open_source(path: str | Path) -> Source:
    """Find out what a file or folder holds, and list its trials without reading any motion.

    Parameters
    ----------
    path
        A folder with `manifest.csv` (`dataset.catalogue`); a .b3d file, or a folder with such files at any depth; an
        OpenCap session (`files.opencap`), or a folder with sessions at any depth; a folder of motions and models at any
        depth (`dataset.motion_folder`); a table (`dataset.table_source`).

    Returns
    -------
    Source
        Parts of a folder that cannot be looked into are listed with the reason, and do not hinder the others.

    Raises
    ------
    UserInputError
        It holds no trials that can be listed, and why.
    """
    path = Path(path)
    if path.is_dir():
        return _open_folder(path)
    if not path.exists():
        raise UserInputError("no such file or folder", file=path, remedy=_REMEDY)
    if path.name == MANIFEST:
        return _open_folder(path.parent)
    kind = path.suffix.lower()
    if kind == ".b3d":
        return b3d_source(path, [path])
    if kind == ".csv":
        return table_source(path)
    raise UserInputError("this holds no list of trials", file=path, remedy=_REMEDY)


def _open_folder(folder: Path) -> Source:
    if (folder / MANIFEST).is_file():
        return Source(folder, "data folder", Catalogue.read(folder).records)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".b3d" and path.is_file())
    if files:
        return b3d_source(folder, files)
    sessions = find_sessions(folder)
    if sessions:
        return _opencap_source(folder, sessions)
    motions = motion_files(folder)
    if motions:
        return motion_source(folder, motions)
    raise UserInputError("no trials are found in this folder", file=folder, remedy=_REMEDY)


def _opencap_source(folder: Path, sessions: tuple[Path, ...]) -> Source:
    recordings: list[FileRecording] = []
    unreadable: list[Unreadable] = []
    first: UserInputError | None = None
    for home in sessions:
        try:
            session = read_session(home)
        except UserInputError as error:
            first = first or error
            unreadable.append(Unreadable(home, error.problem))
            continue
        for motion in session.motions:
            recordings.append(
                FileRecording(
                    study="OpenCap",
                    subject=home.absolute().name,
                    trial=motion.stem,
                    motion_file=motion,
                    model_file=session.model,
                    mass_kg=session.mass_kg,
                    height_m=session.height_m,
                )
            )
    if first is not None and not recordings:
        raise first
    kind = "OpenCap session" if len(sessions) == 1 else f"{len(sessions)} OpenCap sessions"
    return Source(folder, kind, tuple(recordings), tuple(unreadable))
