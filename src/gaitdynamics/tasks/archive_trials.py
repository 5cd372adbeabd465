"""The forces of one trial of an archive: read, estimated and written by whichever process it falls to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from gaitdynamics.dataset.people_table import AUTO, Facts
from gaitdynamics.dataset.recordings import FileRecording, Recording
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.engines.engine import Failure, attempt
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.gaps import MAX_GAP
from gaitdynamics.files.motion import UNSTATED_SURFACE, model_provenance, read_trial
from gaitdynamics.files.osim import read_osim
from gaitdynamics.model import Model
from gaitdynamics.output_choices import USUAL, OutputChoices
from gaitdynamics.tasks.results import GrfNaming, OutputFiles
from gaitdynamics.trial import Surface, Trial


@dataclass(frozen=True)
class EstimateSettings:
    """How all trials of an archive are estimated.

    Attributes
    ----------
    weights
        Name or folder of the trained weights; None for those that come with the package.
    grf_naming
        Spelling of the force columns.
    seed, samples
        Of the random numbers, and how many completions of a motion with gaps to draw.
    max_gap
        Longest gap in time that is filled [s].
    pictures
        Whether to draw a picture of each trial.
    choices
        What to write besides; with vector figures pictures are drawn too.
    """

    weights: str | None = None
    grf_naming: GrfNaming = "opensim"
    seed: int = 0
    samples: int = 1
    max_gap: float = MAX_GAP
    pictures: bool = False
    choices: OutputChoices = USUAL


@dataclass(frozen=True)
class ArchiveTrial:
    """One trial of an archive, and where its results go.

    Attributes
    ----------
    recording
        Of the source.
    facts
        What is told of it besides: it stands over what the source says.
    fallback
        What holds where neither says anything.
    folder, stem
        Where its results go, and how their names begin.
    settings
        How it is estimated.
    """

    recording: Recording
    facts: Facts
    fallback: Facts
    folder: Path
    stem: str
    settings: EstimateSettings


def estimate_archive_trials(works: Sequence[ArchiveTrial]) -> list[dict[str, Any] | Failure]:
    """Estimate some trials one after the other, each of which has figures or a failure of its own."""
    return [attempt(estimate_archive_trial, work) for work in works]


def estimate_archive_trial(work: ArchiveTrial) -> dict[str, Any]:
    """Read a trial, estimate its forces and write them.

    Returns
    -------
    dict
        What the table of the archive tells of it, see `tasks.archive_summary.FIGURES`, and the 'files' written.

    Raises
    ------
    UserInputError
        It cannot be used, and why.
    """
    from gaitdynamics.tasks.report import read_report, side_mean

    began = time.process_time()
    try:
        files = _estimate(work)
    except UserInputError as error:
        raise UserInputError(_in_one_line(error)) from error
    report = read_report(files.report)
    return {
        "seconds": report.motion.end_s - report.motion.start_s,
        "rate_hz": report.motion.rate_hz,
        "mass_kg": report.subject.mass_kg,
        "surface": report.surface.kind,
        "belt_speed_m_s": report.surface.belt_speed_m_s,
        "speed_m_s": report.gait.mean_speed_m_s,
        "cadence_steps_per_min": report.gait.cadence_steps_per_min,
        "peak_vertical_r_bw": side_mean(report, "peak_vertical_bw", "r"),
        "peak_vertical_l_bw": side_mean(report, "peak_vertical_bw", "l"),
        "difference_from_newton_vertical_bw": report.difference_from_newton.up_y_bw,
        "generated": list(report.motion.generated_coordinates),
        "warnings": list(report.warnings),
        "files": list(report.files),
        "processor_s": time.process_time() - began,
    }


def _estimate(work: ArchiveTrial) -> OutputFiles:
    from gaitdynamics.tasks.forces import estimate_forces, estimate_treadmill
    from gaitdynamics.tasks.outputs import write_estimate

    settings = work.settings
    trial, find_speed = _read(work)
    if find_speed:
        trial, _ = estimate_treadmill(trial)
    estimate = estimate_forces(trial, weights=settings.weights, seed=settings.seed, samples=settings.samples)
    return write_estimate(
        estimate,
        work.folder,
        grf_naming=settings.grf_naming,
        picture=settings.pictures or settings.choices.figures is not None,
        choices=settings.choices,
    )


def _in_one_line(error: UserInputError) -> str:
    """Tell what is wrong and where, without the path of the file, by which a trial is known already."""
    place = [
        error.file.name if error.file is not None else "",
        f"row {error.row}" if error.row is not None else "",
        f"column '{error.column}'" if error.column is not None else "",
    ]
    where = ", ".join(part for part in place if part)
    return f"{where}: {error.problem}" if where else error.problem


def _read(work: ArchiveTrial) -> tuple[Trial, bool]:
    """Read a motion with all that is known of it; and tell whether the speed of its belt is to be found."""
    recording = work.recording
    if isinstance(recording, TrialRecord | FileRecording):
        trial, surface = _from_files(work, recording)
    else:
        trial = recording.load()
        stated = None if UNSTATED_SURFACE in trial.warnings else trial.surface
        surface = work.facts.surface or stated or work.fallback.surface
        mass, height = work.facts.mass_kg, work.facts.height_m
        subject = trial.subject
        subject = replace(subject, mass_kg=mass or subject.mass_kg, height_m=height or subject.height_m)
        trial = replace(trial, subject=subject)
        if isinstance(surface, Surface):
            trial = replace(trial, surface=surface)
        if surface is not None:
            trial = replace(trial, warnings=tuple(note for note in trial.warnings if note != UNSTATED_SURFACE))
    return replace(trial, name=work.stem, forces=None), surface == AUTO


def _from_files(
    work: ArchiveTrial, recording: TrialRecord | FileRecording
) -> tuple[Trial, Surface | Literal["auto"] | None]:
    """Read a motion file, with the options of a single one; measured forces are not looked at."""
    of_source = Facts(recording.model_file, recording.mass_kg, recording.height_m, recording.surface)
    told = work.facts.over(of_source).over(work.fallback)
    trial = read_trial(
        recording.motion_file,
        model=None if told.model is None else _model(told.model),
        mass_kg=told.mass_kg,
        height_m=told.height_m,
        surface=Surface() if told.surface == AUTO else told.surface,
        allow_incomplete=True,
        max_gap=work.settings.max_gap,
    )
    if told.model is not None:
        trial = replace(trial, provenance={**trial.provenance, **model_provenance(told.model)})
    return trial, told.surface


def _model(path: Path) -> Model:
    """Read a model, or take it from the trial before, which is mostly one of the same person."""
    state = path.stat() if path.is_file() else None
    return _model_of_state(path, (state.st_size, state.st_mtime_ns) if state else None)


@lru_cache(maxsize=4)
def _model_of_state(path: Path, _state: tuple[int, int] | None) -> Model:
    return read_osim(path)
