"""AddBiomechanics' files as a source: one .b3d file per person, in folders per study."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from gaitdynamics.dataset.recordings import Source, Unreadable
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.b3d import B3dFile
from gaitdynamics.files.b3d_trials import B3dReading, read_b3d_model, read_b3d_trial
from gaitdynamics.model import Model
from gaitdynamics.trial import Trial

#: Studies in which the points of application of the processing passes are broken and those of the raw plates are not.
PLATE_COP_STUDIES: Final = frozenset({"Carter2023"})

#: How AddBiomechanics names the folders of the studies it standardised.
_STUDY_FOLDER: Final = re.compile(r"(.+?)_Formatted_(?:No|With)_Arm", re.IGNORECASE)


@dataclass(frozen=True)
class B3dRecording:
    """A trial of a .b3d file, by its place in it, and how it is to be read."""

    study: str
    subject: str
    trial: str
    file: Path
    index: int
    reading: B3dReading = field(default=B3dReading())

    @property
    def label(self) -> str:
        """Study, subject and trial, as 'study/subject/trial'."""
        return f"{self.study}/{self.subject}/{self.trial}"

    def load(self) -> Trial:
        """Read the trial; raises as `read_b3d_trial`."""
        state = self.file.stat() if self.file.is_file() else None
        key = (state.st_size, state.st_mtime_ns) if state else (0, 0)
        file, model = _opened(self.file, self.reading.which, key)
        return read_b3d_trial(file, self.index, model=model, reading=self.reading)


# The trials of a person come one after the other. A file that has changed has another key.
@lru_cache(maxsize=2)
def _opened(path: Path, which: int, _key: tuple[int, int]) -> tuple[B3dFile, Model]:
    file = B3dFile(path)
    return file, read_b3d_model(file, which)


def b3d_source(path: Path, files: Sequence[Path]) -> Source:
    """List the trials of .b3d files.

    Parameters
    ----------
    path
        The file or folder that was asked for.
    files
        All files at or below it.

    Returns
    -------
    Source
        The study is the folder named as AddBiomechanics does ('Carter2023_Formatted_No_Arm'), else the folder two
        levels above the file, as far as it lies in `path`; the subject is the stem of the file. Trials of one name are
        numbered.

    Raises
    ------
    UserInputError
        No file can be read; the reason is that of the first one.
    """
    recordings: list[B3dRecording] = []
    unreadable: list[Unreadable] = []
    first: UserInputError | None = None
    for file in files:
        try:
            trials = B3dFile(file).trials
        except UserInputError as error:
            first = first or error
            unreadable.append(Unreadable(file, error.problem))
            continue
        study = study_of(file, path)
        reading = B3dReading(cop="plates" if study in PLATE_COP_STUDIES else "pass")
        names: dict[str, int] = {}
        for trial in trials:
            count = names[trial.name] = names.get(trial.name, 0) + 1
            name = trial.name if count == 1 else f"{trial.name}_{count}"
            recordings.append(B3dRecording(study, file.stem, name, file, trial.index, reading))
    if first is not None and len(unreadable) == len(files):
        raise first
    kind = "AddBiomechanics file" if path.is_file() else f"{len(files)} AddBiomechanics files"
    return Source(path, kind, tuple(recordings), tuple(unreadable))


def study_of(file: Path, root: Path) -> str:
    """Name the study that a file belongs to by the folders that it lies in; `root` is the folder asked for."""
    for name in reversed(file.absolute().parent.parts):
        match = _STUDY_FOLDER.fullmatch(name)
        if match:
            return match[1]
    home = root.parent if root.is_file() else root
    folders = file.relative_to(home).parts[:-1]
    return folders[max(0, len(folders) - 2)] if folders else home.absolute().name
