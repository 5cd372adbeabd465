"""What all sources of trials have in common: recordings that are known by name and loaded one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from gaitdynamics.files.forces import read_forces
from gaitdynamics.files.motion import read_trial
from gaitdynamics.trial import Surface, Trial


class Recording(Protocol):
    """A trial before it is read. Recordings are small, can be pickled, and are loaded independently of each other."""

    @property
    def study(self) -> str:
        """Of which study, or which archive."""
        ...

    @property
    def subject(self) -> str:
        """Whose."""
        ...

    @property
    def trial(self) -> str:
        """Name of the trial, unique for the subject."""
        ...

    @property
    def label(self) -> str:
        """Study, subject and trial, as 'study/subject/trial'."""
        ...

    def load(self) -> Trial:
        """Read it; raises UserInputError where it cannot be used."""
        ...


@dataclass(frozen=True)
class Unreadable:
    """A part of a source, a file or a session, of which not even the trials are known, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Source:
    """Where trials come from.

    Attributes
    ----------
    path
        File or folder.
    kind
        What it is, in words.
    recordings
        In a lasting order.
    unreadable
        Parts that could not be looked into.
    """

    path: Path
    kind: str
    recordings: tuple[Recording, ...]
    unreadable: tuple[Unreadable, ...] = field(default=())


@dataclass(frozen=True)
class FileRecording:
    """A recording in files of its own.

    Attributes
    ----------
    study, subject, trial
        Its name.
    motion_file, model_file, forces_file
        Without a model a generic one is scaled from mass and height; forces may not have been measured.
    mass_kg, height_m
        None where unknown.
    surface
        None where unknown; then the floor is assumed, with a warning.
    """

    study: str
    subject: str
    trial: str
    motion_file: Path
    model_file: Path | None = None
    forces_file: Path | None = None
    mass_kg: float | None = None
    height_m: float | None = None
    surface: Surface | None = None

    @property
    def label(self) -> str:
        """Study, subject and trial, as 'study/subject/trial'."""
        return f"{self.study}/{self.subject}/{self.trial}"

    def load(self) -> Trial:
        """Read motion, and forces where there are any; raises as `read_trial` and `read_forces`."""
        trial = read_trial(
            self.motion_file,
            model=self.model_file,
            mass_kg=self.mass_kg,
            height_m=self.height_m,
            surface=self.surface,
        )
        if self.forces_file is None:
            return trial
        return replace(trial, forces=read_forces(self.forces_file, trial.time))
