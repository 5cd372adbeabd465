"""From a motion to what moves it: forces on the feet, joint moments and, with OpenSim, muscle forces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gaitdynamics.files.forces import read_forces
from gaitdynamics.output_choices import USUAL, OutputChoices
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.tasks.hip_muscles import HipMusclesResult, estimate_hip_muscles
from gaitdynamics.tasks.moments import CUTOFF, MomentsResult, compute_moments
from gaitdynamics.tasks.muscles import MUSCLE_RATE, MusclesResult, compute_muscles
from gaitdynamics.tasks.results import ForceEstimate
from gaitdynamics.trial import Trial


@dataclass(frozen=True)
class Kinetics:
    """The chain of one motion; `forces` is None where measured forces were given, the last two where not asked for."""

    forces: ForceEstimate | None
    moments: MomentsResult
    muscles: MusclesResult | None = None
    hip_muscles: HipMusclesResult | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of any of the numbers has to know, each once."""
        notes = (
            *self.moments.trial.warnings,
            *(() if self.forces is None else self.forces.warnings),
            *self.moments.warnings,
            *(() if self.muscles is None else self.muscles.warnings),
            *(() if self.hip_muscles is None else self.hip_muscles.warnings),
        )
        return tuple(dict.fromkeys(notes))

    def to_files(self, folder: str | Path, *, choices: OutputChoices = USUAL) -> tuple[Path, ...]:
        """Write the files of each step, those of a step together, and list them.

        Parameters
        ----------
        folder
            Made where it does not exist.
        choices
            What to write besides; page and animated file need estimated forces.

        Raises
        ------
        UserInputError
            The folder cannot be written to, or holds files of these names that are not ours.
        """
        paths: list[Path] = []
        if self.forces is not None:
            paths += self.forces.to_files(folder, choices=choices, moments=self.moments).paths()
        for step in (self.moments, self.muscles, self.hip_muscles):
            if step is not None:
                paths += step.to_files(folder, figures=choices.figures).paths()
        return tuple(paths)


def compute_kinetics(
    trial: Trial,
    *,
    grf: Path | None = None,
    weights: str | Path | None = None,
    muscles: bool = False,
    hip_muscles: bool = False,
    cutoff: float = CUTOFF,
    muscle_rate: float = MUSCLE_RATE,
    progress: Callable[[int, int], None] | None = None,
) -> Kinetics:
    """Estimate the forces on the feet, and from them joint moments by inverse dynamics and muscle forces.

    Parameters
    ----------
    trial
        The motion, of a person with a scaled model.
    grf
        Measured forces, in place of an estimate.
    weights
        Of the estimate; None for those that come with the package.
    muscles
        Whether to go on to muscle forces by static optimisation; needs the extra `[opensim]`.
    hip_muscles
        Whether to estimate hip muscle forces by our network, which needs no OpenSim.
    cutoff
        Cutoff frequency of the low-pass on the coordinates [Hz].
    muscle_rate
        Instants per second at which muscle forces are computed.
    progress
        Told how many of the instants are solved, and of how many.

    Raises
    ------
    MissingExtraError
        Muscle forces are asked for and OpenSim is not installed; told before anything is computed.
    UserInputError
        The motion, the model or the forces cannot be used.
    """
    if muscles:
        from gaitdynamics.body.opensim_muscles import load_opensim

        load_opensim("computing muscle forces")
    estimate = None
    if grf is None:
        estimate = estimate_forces(trial, weights=weights)
        trial, forces = replace(estimate.trial, forces=None), estimate.forces
    else:
        forces = read_forces(grf, trial.time)
    moments = compute_moments(trial, forces, cutoff=cutoff)
    found = compute_muscles(moments, rate=muscle_rate, progress=progress) if muscles else None
    return Kinetics(estimate, moments, found, estimate_hip_muscles(moments) if hip_muscles else None)
