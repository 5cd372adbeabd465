"""Uploaded files that hold motions, of whatever kind, seen in one way: list them, and take one out."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from gaitdynamics.app.archives import unpack_session
from gaitdynamics.app.choices import Contents, Upload
from gaitdynamics.app.uploads import clean_stem
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.b3d import B3dFile
from gaitdynamics.files.b3d_trials import read_b3d_trial
from gaitdynamics.files.opencap import OpenCapSession, read_session
from gaitdynamics.files.storage import TIME, write_storage

_Thing = TypeVar("_Thing")


class Motions(Protocol):
    """A file with one motion or several."""

    def contents(self) -> Contents:
        """Tell what it holds."""
        ...

    def extract(self, index: int, folder: Path, *, with_model: bool) -> tuple[Path, Path | None]:
        """Put one motion into a folder, and its model where there is one and it is wanted; give both paths."""
        ...


def open_motions(path: Path, upload: Upload, *, most_bytes: int) -> Motions:
    """Open an uploaded file.

    Parameters
    ----------
    path
        Where it is stored.
    upload
        Its ending and the name that messages and results bear.
    most_bytes
        Of all that is unpacked from an archive.

    Raises
    ------
    UserInputError
        It cannot be read.
    """
    if upload.suffix == ".b3d":
        return _Subject(path, upload.stem)
    if upload.suffix == ".zip":
        return _Session(path, upload.stem, most_bytes)
    return _Single(path, upload)


class _Single:
    """One motion file."""

    def __init__(self, path: Path, upload: Upload) -> None:
        self._path, self._upload = path, upload

    def contents(self) -> Contents:
        return Contents(trials=(self._upload.stem,))

    def extract(self, index: int, folder: Path, *, with_model: bool) -> tuple[Path, Path | None]:
        motion = folder / f"{self._upload.stem}{self._upload.suffix}"
        shutil.copy(self._path, motion)
        return motion, None


class _Session:
    """A zipped OpenCap session; unpacked beside the archive, once."""

    def __init__(self, path: Path, stem: str, most_bytes: int) -> None:
        home = Path(tempfile.mkdtemp(prefix="session-", dir=path.parent))
        folder = unpack_session(path, home, most_bytes, shown=f"{stem}.zip")
        self._session: OpenCapSession = read_session(folder)

    def contents(self) -> Contents:
        session = self._session
        return Contents(
            trials=tuple(motion.stem for motion in session.motions),
            mass=session.mass_kg,
            height=session.height_m,
            has_model=True,
        )

    def extract(self, index: int, folder: Path, *, with_model: bool) -> tuple[Path, Path | None]:
        motion = _chosen(self._session.motions, index)
        model = Path(shutil.copy(self._session.model, folder)) if with_model else None
        return Path(shutil.copy(motion, folder)), model


class _Subject:
    """AddBiomechanics' file of one person."""

    def __init__(self, path: Path, stem: str) -> None:
        self._shown = f"{stem}.b3d"
        try:
            self._file = B3dFile(path)
        except FileFormatError as error:
            raise FileFormatError(error.problem, file=self._shown, remedy=error.remedy) from error

    def contents(self) -> Contents:
        return Contents(
            trials=tuple(trial.name for trial in self._file.trials),
            mass=self._file.mass_kg,
            height=self._file.height_m,
            has_model=True,
        )

    def extract(self, index: int, folder: Path, *, with_model: bool) -> tuple[Path, Path | None]:
        """Write the first processing pass as a motion file, without coordinates that no marker told of."""
        chosen = _chosen(self._file.trials, index)
        trial = read_b3d_trial(self._file, chosen.index)
        motion = folder / f"{clean_stem(chosen.name, f'trial{index + 1}')}.mot"
        seen = ~trial.missing
        labels = [TIME, *(name for name, there in zip(trial.coordinates, seen, strict=True) if there)]
        table = np.column_stack([trial.time, trial.values[:, seen]])
        write_storage(motion, labels, table, name="Coordinates", in_degrees=False)
        if not with_model:
            return motion, None
        model = folder / "model.osim"
        write_text(model, self._file.model_text(0))
        return motion, model


def _chosen(things: tuple[_Thing, ...], index: int) -> _Thing:
    if index >= len(things):
        raise UserInputError(
            f"there is no motion number {index + 1}, the file holds {len(things)}", remedy="choose one of the list"
        )
    return things[index]
