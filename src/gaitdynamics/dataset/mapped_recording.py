"""A recording of any source, with what a study map knows of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gaitdynamics.dataset.belt import find_belt_speed
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.trial import Surface, Trial


@dataclass(frozen=True)
class MappedRecording:
    """A recording whose side of the split is known.

    Attributes
    ----------
    recording
        Of a source.
    split, activity
        Side of the split; 'walking', 'running', 'other', or '' where it is not known.
    surface
        'treadmill' for one whose speed is to be found; None leaves the surface as the source has it.
    mass_kg
        Body mass that stands over that of the source, [kg]; None where the source is right.
    """

    recording: Recording
    split: str
    activity: str
    surface: Literal["overground", "treadmill"] | None = None
    mass_kg: float | None = None

    @property
    def study(self) -> str:
        """Of which study, or which archive."""
        return self.recording.study

    @property
    def subject(self) -> str:
        """Whose."""
        return self.recording.subject

    @property
    def trial(self) -> str:
        """Name of the trial, unique for the subject."""
        return self.recording.trial

    @property
    def label(self) -> str:
        """Study, subject and trial, as 'study/subject/trial'."""
        return self.recording.label

    def load(self) -> Trial:
        """Read it; raises as the recording, or UserInputError where the speed of the belt cannot be told.

        Notes
        -----
        Differences from the published code: there only forces are divided by the corrected mass, and the trial keeps
        the one of the file.
        """
        trial = self.recording.load()
        if self.mass_kg is not None:
            trial = replace(trial, subject=replace(trial.subject, mass_kg=self.mass_kg))
        if self.surface == "overground":
            return replace(trial, surface=Surface())
        if self.surface == "treadmill":
            return replace(trial, surface=Surface("treadmill", find_belt_speed(trial)))
        return trial
