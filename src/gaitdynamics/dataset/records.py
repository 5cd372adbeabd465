"""What is known of a trial before its motion is read, and how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gaitdynamics.files.forces import read_forces
from gaitdynamics.files.motion import read_trial
from gaitdynamics.trial import Array, Mask, Surface, Trial

#: Tolerance when a frame is compared with the ends of an interval [s]: times are written with few decimals.
TIME_TOLERANCE = 1e-6

#: (start, end) [s].
Interval = tuple[float, float]


@dataclass(frozen=True)
class TrialRecord:
    """What is known of a trial before its motion is read.

    Attributes
    ----------
    study, subject, trial
        Where it comes from; unique together.
    split
        Side of the split, such as 'train', 'val', 'test_held_out_subject', 'test_unseen_study'.
    activity, condition
        What was done ('walking', 'running', 'other') and how ('normal', 'fast', ...).
    surface
        Floor, or treadmill with its belt speed.
    mass_kg, height_m
        Of the person; the height is None where it is unknown.
    speed
        Mean speed over the floor or belt [m/s], None where it is unknown.
    valid_r, valid_l
        Intervals (start, end) [s] in which the measured force of that foot is complete.
    model_file, motion_file, forces_file
        Paths of the files.
    """

    study: str
    subject: str
    trial: str
    split: str
    activity: str
    condition: str
    surface: Surface
    mass_kg: float
    height_m: float | None
    speed: float | None
    valid_r: tuple[Interval, ...]
    valid_l: tuple[Interval, ...]
    model_file: Path
    motion_file: Path
    forces_file: Path

    @property
    def person(self) -> str:
        """Study and subject, as 'study/subject'."""
        return f"{self.study}/{self.subject}"

    @property
    def label(self) -> str:
        """Study, subject and trial, as 'study/subject/trial'."""
        return f"{self.person}/{self.trial}"

    def load(self) -> Trial:
        """Read motion and measured forces.

        Returns
        -------
        Trial
            With `forces`, whose `valid` mask is True in the frames inside the valid intervals of that foot.

        Raises
        ------
        UserInputError
            When a file cannot be used.
        """
        trial = read_trial(
            self.motion_file,
            model=self.model_file,
            mass_kg=self.mass_kg,
            height_m=self.height_m,
            surface=self.surface,
        )
        forces = read_forces(self.forces_file, trial.time)
        valid = valid_frames(trial.time, self.valid_r, self.valid_l)
        if forces.valid is not None:
            valid &= forces.valid
        return replace(trial, forces=replace(forces, valid=valid))


def valid_frames(time: Array, *intervals: Sequence[Interval]) -> Mask:
    """Mark the frames that lie inside any interval of each foot, ends included.

    Parameters
    ----------
    time
        (T,) [s].
    *intervals
        For each foot, right then left, its intervals (start, end) [s].

    Returns
    -------
    Mask
        (T, number of feet).
    """
    mask = np.zeros((len(time), len(intervals)), dtype=np.bool_)
    for foot, of_foot in enumerate(intervals):
        for start, end in of_foot:
            mask[:, foot] |= (time >= start - TIME_TOLERANCE) & (time <= end + TIME_TOLERANCE)
    return mask
