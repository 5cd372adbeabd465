"""Estimating the forces of several motions, each on its own: one that fails leaves the others alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gaitdynamics.errors import UserInputError
from gaitdynamics.files.gaps import MAX_GAP
from gaitdynamics.output_choices import USUAL, OutputChoices
from gaitdynamics.tasks.outputs import check_replaceable
from gaitdynamics.tasks.report import read_report, side_mean
from gaitdynamics.tasks.report_records import ForceReport
from gaitdynamics.tasks.results import GrfNaming, OutputFiles
from gaitdynamics.trial import Surface

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class BatchSettings:
    """What holds for all motions of a batch.

    Attributes
    ----------
    folder
        Where results are written.
    surface
        What was walked on.
    find_belt_speed
        Whether the speed of the treadmill is unknown and to be found from the feet.
    model
        The scaled `.osim` model; None for a skeleton made from mass and height.
    mass_kg, height_m
        Of the person; None to take them from the model.
    weights
        Name or folder of the trained weights; None for those that come with the package.
    grf_naming
        Spelling of the force columns.
    seed, samples
        Of the random numbers, and how many completions of a motion with gaps to draw.
    max_gap
        Longest gap in time that is filled [s].
    choices
        What is written besides the usual files.
    """

    folder: Path
    surface: Surface
    model: Path | None = None
    mass_kg: float | None = None
    height_m: float | None = None
    weights: str | None = None
    grf_naming: GrfNaming = "opensim"
    seed: int = 0
    find_belt_speed: bool = False
    samples: int = 1
    max_gap: float = MAX_GAP
    choices: OutputChoices = USUAL


@dataclass(frozen=True)
class Outcome:
    """What became of one motion: its files and report, or the reason why there are none."""

    motion: Path
    files: OutputFiles | None = None
    report: ForceReport | None = None
    error: UserInputError | None = None

    @property
    def done(self) -> bool:
        """Whether the results were written."""
        return self.error is None


def check_batch(motions: Sequence[Path], settings: BatchSettings) -> None:
    """Find out before anything is computed whether the results could be written.

    Raises
    ------
    UserInputError
        Two motions would write the same files, or files of others would be overwritten.
    MissingExtraError
        Files were chosen whose packages are not installed.
    """
    settings.choices.check()
    completes = _always_completes(settings)
    stems: dict[str, Path] = {}
    for motion in motions:
        other = stems.setdefault(motion.stem, motion)
        if other is not motion:
            raise UserInputError(
                f"its results would have the same names as those of {other}",
                file=motion,
                remedy="give each motion once, and motions of the same name in runs with different --out",
            )
        # Whether something will be generated is known only when the motion has been read.
        check_replaceable(
            settings.folder,
            motion.stem,
            with_model=settings.model is None,
            with_motion=completes,
            choices=settings.choices,
        )


def estimate_batch(motions: Sequence[Path], settings: BatchSettings) -> Iterator[Outcome]:
    """Estimate and write the forces of each motion in turn.

    Yields
    ------
    Outcome
        One per motion, in order, when its files are in place or it is known why there are none.
    """
    from gaitdynamics.files.motion import read_trial
    from gaitdynamics.tasks.forces import estimate_forces, estimate_treadmill

    for motion in motions:
        try:
            trial = read_trial(
                motion,
                model=settings.model,
                mass_kg=settings.mass_kg,
                height_m=settings.height_m,
                surface=settings.surface,
                allow_incomplete=True,
                max_gap=settings.max_gap,
            )
            if settings.find_belt_speed:
                trial, _ = estimate_treadmill(trial)
            estimate = estimate_forces(trial, weights=settings.weights, seed=settings.seed, samples=settings.samples)
            files = estimate.to_files(settings.folder, grf_naming=settings.grf_naming, choices=settings.choices)
        except UserInputError as error:
            yield Outcome(motion, error=error)
        else:
            yield Outcome(motion, files=files, report=read_report(files.report))


def _always_completes(settings: BatchSettings) -> bool:
    if settings.weights is None:
        return False  # without torch, so that mistakes are told at once
    from gaitdynamics.tasks.forces import is_pair

    return is_pair(settings.weights)


def status_table(motions: Sequence[Path], outcomes: Sequence[Outcome]) -> Table:
    """Lay out for a terminal what became of each motion; those after the last outcome were not begun."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Motions", title_justify="left")
    for heading in ("motion", "status", "speed [m/s]", "steps/min", "peak r/l [BW]", "reason"):
        table.add_column(Text(heading), justify="right" if "[" in heading or "/min" in heading else "left")
    for i, motion in enumerate(motions):
        outcome = outcomes[i] if i < len(outcomes) else None
        if outcome is None:
            cells = ["not done", "", "", "", "interrupted"]
        elif outcome.error is not None:
            cells = ["failed", "", "", "", outcome.error.problem]
        else:
            cells = ["done", *_figures(outcome.report), ""]
        # Text objects, because names of files may hold what rich takes for markup.
        table.add_row(Text(motion.name), *(Text(cell) for cell in cells))
    return table


def _figures(report: ForceReport | None) -> tuple[str, str, str]:
    assert report is not None, "a motion that is done has a report"
    cadence = report.gait.cadence_steps_per_min
    peaks = (side_mean(report, "peak_vertical_bw", side) for side in ("r", "l"))
    return (
        f"{report.gait.mean_speed_m_s:.2f}",
        "-" if cadence is None else f"{cadence:.0f}",
        " / ".join("-" if peak is None else f"{peak:.2f}" for peak in peaks),
    )
