"""What the task of estimating forces gives back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gaitdynamics.output_choices import USUAL, OutputChoices
from gaitdynamics.trial import Array, FootForces, Mask, Trial

if TYPE_CHECKING:
    from gaitdynamics.tasks.moments import MomentsResult

#: Spelling of the force columns: OpenSim's examples (1_ground_force_vx) or OpenCap's (R_ground_force_vx).
GrfNaming = Literal["opensim", "opencap"]


@dataclass(frozen=True)
class WeightsInfo:
    """Which trained weights were used: their name, SHA-256 and a sentence on their origin."""

    name: str
    sha256: str
    description: str


@dataclass(frozen=True)
class OutputFiles:
    """Files written for one motion, all in one folder.

    `plot` is None when no picture was asked for, `model` when the user gave a model file of their own, `completed` when
    no coordinate was generated, `deviations` when the estimate has no standard deviations; then none is written. So is
    `motion`, the motion as it was taken, unless it comes from a file that OpenSim cannot read. `page`, `animation` and
    `figure` are there where they were asked for.
    """

    forces: Path
    external_loads: Path
    inverse_dynamics_setup: Path
    report: Path
    plot: Path | None = None
    model: Path | None = None
    completed: Path | None = None
    deviations: Path | None = None
    motion: Path | None = None
    page: Path | None = None
    animation: Path | None = None
    figure: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """List the files that exist."""
        extra = (self.model, self.completed, self.deviations, self.motion, self.page, self.animation, self.figure)
        optional = (self.plot, *extra)
        return (
            self.forces,
            self.external_loads,
            self.inverse_dynamics_setup,
            self.report,
            *(path for path in optional if path is not None),
        )


@dataclass(frozen=True)
class ForceEstimate:
    """Estimated ground reaction forces of one motion, and all that is needed to judge them.

    Attributes
    ----------
    trial
        The motion they were estimated from, completed where coordinates were generated (`trial.generated`).
    forces
        Forces on both feet at `trial.time`, ground frame; zero in swing; no free moment is predicted.
    contact
        (T, 2) True where the foot (right, left) is on the ground.
    floor_height
        Height of the floor in the ground frame [m].
    floor_note
        How the floor height was found.
    com_velocity
        (T, 3) velocity of the centre of mass relative to the surface [m/s].
    physics_force
        (T, 3) total external force on the body by Newton's law [N], in that motion.
    weights
        The trained weights.
    warnings
        What a reader of the numbers has to know.
    seed
        Seed of the random numbers, None where none were drawn.
    samples
        How many completions of the motion were drawn; the standard deviations of the forces hold how they spread.
    spread
        (T, C) standard deviation of the coordinates over them [rad or m]; None where there is but one.
    generator
        The network that completed the motion; None where nothing was missing.
    """

    trial: Trial
    forces: FootForces
    contact: Mask
    floor_height: float
    floor_note: str
    com_velocity: Array
    physics_force: Array
    weights: WeightsInfo
    warnings: tuple[str, ...] = ()
    seed: int | None = None
    samples: int = 1
    spread: Array | None = None
    generator: WeightsInfo | None = None

    def to_files(
        self,
        folder: str | Path,
        *,
        grf_naming: GrfNaming = "opensim",
        choices: OutputChoices = USUAL,
        moments: MomentsResult | None = None,
    ) -> OutputFiles:
        """Write forces, OpenSim set-up files, report and picture into `folder`, all or none.

        The completed motion and the standard deviations of the forces come along where there are any.

        Parameters
        ----------
        folder
            Made where it does not exist.
        grf_naming
            Spelling of the force columns.
        choices
            What to write besides: a report page, an animated file, vector figures.
        moments
            Joint moments for the report page, where they are at hand; otherwise it computes them.

        Raises
        ------
        UserInputError
            The folder cannot be written to, or holds files of these names that are not ours.
        MissingExtraError
            A file was chosen whose packages are not installed.
        """
        from gaitdynamics.tasks.outputs import write_estimate

        return write_estimate(self, Path(folder), grf_naming=grf_naming, choices=choices, moments=moments)
