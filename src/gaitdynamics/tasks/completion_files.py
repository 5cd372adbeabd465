"""Writing a completed motion: all files or none of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from gaitdynamics._version import __version__
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.coordinates import write_motion
from gaitdynamics.files.osim_writer import write_osim
from gaitdynamics.files.storage import TIME, write_storage
from gaitdynamics.output_choices import USUAL, OutputChoices
from gaitdynamics.tasks.completion import CompletedMotion
from gaitdynamics.tasks.outputs import all_or_none, outdated_files, output_folder
from gaitdynamics.tasks.report import gap_lengths, input_files, mean_spread
from gaitdynamics.tasks.report_records import InputFile, WeightsRecord
from gaitdynamics.trial import Trial


@dataclass(frozen=True)
class CompletionFiles:
    """Files of one completed motion; `samples` and `spread` only where several samples were drawn."""

    motion: Path
    report: Path
    plot: Path
    model: Path | None = None
    spread: Path | None = None
    samples: tuple[Path, ...] = ()
    page: Path | None = None
    animation: Path | None = None
    figure: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """List them."""
        extra = self.model, self.spread, self.page, self.animation, self.figure
        optional = (path for path in extra if path is not None)
        return self.motion, self.report, self.plot, *optional, *self.samples


class CompletionReport(BaseModel):
    """What was generated, by what, and how sure it is.

    `spread` is the standard deviation over the samples of each generated coordinate, averaged over the times at which
    it was generated [deg or m]. `slide_m_s` is the median speed over the surface of the stiller end of a foot that is
    down, `sink_m` how deep feet are in the floor (`features.footing`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["completion"] = "completion"
    gaitdynamics: str
    inputs: list[InputFile]
    network: WeightsRecord | None
    seed: int
    samples: int
    generated_coordinates: list[str]
    gaps_s: dict[str, float]
    spread: dict[str, float] | None
    slide_m_s: float | None
    sink_m: float | None
    warnings: list[str]
    files: list[str]


def completion_files(
    folder: Path, stem: str, *, samples: int, with_model: bool, choices: OutputChoices = USUAL
) -> CompletionFiles:
    """Name the files of one motion, of which so many samples are drawn."""
    several = samples > 1
    plot = folder / f"{stem}_completion.png"
    return CompletionFiles(
        motion=folder / f"{stem}_completed.mot",
        report=folder / f"{stem}_completion.json",
        plot=plot,
        model=folder / f"{stem}_model.osim" if with_model else None,
        spread=folder / f"{stem}_spread.sto" if several else None,
        samples=tuple(folder / f"{stem}_sample{i:02d}.mot" for i in range(1, samples + 1)) if several else (),
        page=choices.page(folder, f"{stem}_completed"),
        animation=choices.animation(folder, f"{stem}_completed"),
        figure=choices.figure(plot),
    )


def check_completion_replaceable(
    folder: Path, stem: str, *, samples: int, with_model: bool, choices: OutputChoices = USUAL
) -> None:
    """Refuse to overwrite what `complete` has not written; raises UserInputError."""
    names = completion_files(folder, stem, samples=samples, with_model=with_model, choices=choices)
    try:
        ours = set(_files_of(names.report.read_text(encoding="utf-8")))
    except (OSError, ValidationError, UnicodeDecodeError):
        ours = set()
    for path in names.paths():
        if path.exists() and path.name not in ours:
            raise UserInputError(
                "the file exists and was not written by 'gaitdynamics complete'; it is left as it is",
                file=path,
                remedy="name another folder with --out, or move the file away",
            )


def _files_of(report: str) -> list[str]:
    return CompletionReport.model_validate_json(report).files


def write_completion(result: CompletedMotion, folder: Path, *, choices: OutputChoices = USUAL) -> CompletionFiles:
    """Write the completed motion, its report and its picture; with several samples also these and their spread.

    Parameters
    ----------
    result
        The result of the task.
    folder
        Made where it does not exist.
    choices
        What to write besides. Page and animated file show the forces of the completed motion too.

    Raises
    ------
    UserInputError
        The folder cannot be written to, or holds files of these names that are not ours; or forces are to be shown of a
        motion that still lacks what they need.
    """
    from gaitdynamics.plotting.completion import plot_completion
    from gaitdynamics.plotting.style import save_figure

    trial = result.trial
    with_model = "model_file" not in trial.provenance
    count = len(result.samples) or 1
    with output_folder(folder):
        check_completion_replaceable(folder, trial.name, samples=count, with_model=with_model, choices=choices)
        final = completion_files(folder, trial.name, samples=count, with_model=with_model, choices=choices)
        with all_or_none(folder, outdated=outdated_files(final.paths(), final.report, _files_of)) as draft:
            write_motion(draft / final.motion.name, trial)
            for path, sample in zip(final.samples, result.samples, strict=True):
                write_motion(draft / path.name, sample)
            if final.spread is not None:
                _write_spread(draft / final.spread.name, trial, result.spread)
            if final.model is not None:
                write_osim(draft / final.model.name, trial.subject.model)
            vector = None if final.figure is None else draft / final.figure.name
            save_figure(plot_completion(result), draft / final.plot.name, vector)
            _write_motion_pictures(result, draft, final)
            report = completion_report(result, [path.name for path in final.paths()])
            write_text(draft / final.report.name, report.model_dump_json(indent=1) + "\n")
    return final


def _write_motion_pictures(result: CompletedMotion, draft: Path, final: CompletionFiles) -> None:
    if final.page is None and final.animation is None:
        return
    from gaitdynamics.tasks.forces import estimate_completed
    from gaitdynamics.tasks.html_report import write_animation, write_report_page

    several = len(result.samples) > 1
    estimate = replace(
        estimate_completed(result.trial),
        samples=len(result.samples) or 1,
        spread=result.spread if several else None,
        generator=result.generator,
        seed=result.seed,
    )
    if final.page is not None:
        write_report_page(draft / final.page.name, estimate)
    if final.animation is not None:
        write_animation(draft / final.animation.name, estimate)


def completion_report(result: CompletedMotion, files: list[str]) -> CompletionReport:
    """Gather the report."""
    trial, footing = result.trial, result.footing
    several = len(result.samples) > 1
    return CompletionReport(
        gaitdynamics=__version__,
        inputs=list(input_files(trial.provenance)),
        network=None if result.generator is None else WeightsRecord(**asdict(result.generator)),
        seed=result.seed,
        samples=len(result.samples) or 1,
        generated_coordinates=list(trial.generated),
        gaps_s=gap_lengths(trial),
        spread=mean_spread(trial, result.spread) if several else None,
        slide_m_s=None if footing is None or np.isnan(footing.slide) else round(footing.slide, 4),
        sink_m=None if footing is None else round(footing.sink, 4),
        warnings=list(result.warnings),
        files=files,
    )


def _write_spread(path: Path, trial: Trial, spread: np.ndarray) -> None:
    """Write standard deviations in the unit of the motion's file."""
    in_degrees = trial.provenance.get("rotation_unit") == "degrees"
    values = spread.copy()
    if in_degrees:
        model = trial.subject.model
        turning = [model.coordinates[name].motion != "translational" for name in trial.coordinates]
        values[:, turning] = np.degrees(values[:, turning])
    labels = [TIME, *(f"{name}_sd" for name in trial.coordinates)]
    write_storage(
        path, labels, np.column_stack([trial.time, values]), name="Standard deviations", in_degrees=in_degrees
    )
