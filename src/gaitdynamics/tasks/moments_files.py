"""Writing joint moments, all files of one motion or none of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaitdynamics.columns import SIDES
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.storage import TIME, write_storage
from gaitdynamics.output_choices import FigureFormat, OutputChoices
from gaitdynamics.tasks.moments import MomentsResult
from gaitdynamics.tasks.moments_report import MomentsReport, build_moments_report
from gaitdynamics.tasks.outputs import all_or_none, outdated_files, output_folder, refuse_foreign

#: Name line of OpenSim's own files of joint moments.
OPENSIM_TITLE = "Inverse Dynamics Generalized Forces"


@dataclass(frozen=True)
class MomentsFiles:
    """Files of joint moments of one motion, all in one folder."""

    moments: Path
    knee_adduction: Path
    report: Path
    plot: Path
    figure: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """List them."""
        usual = self.moments, self.knee_adduction, self.report, self.plot
        return usual if self.figure is None else (*usual, self.figure)


def moments_files(folder: Path, stem: str, figures: FigureFormat | None = None) -> MomentsFiles:
    """Name the files of one motion."""
    plot = folder / f"{stem}_moments.png"
    return MomentsFiles(
        moments=folder / f"{stem}_id.sto",
        knee_adduction=folder / f"{stem}_knee_adduction.sto",
        report=folder / f"{stem}_moments.json",
        plot=plot,
        figure=OutputChoices(figures=figures).figure(plot),
    )


def write_moments(result: MomentsResult, folder: Path, *, figures: FigureFormat | None = None) -> MomentsFiles:
    """Write moments, knee adduction moment, report and picture of one motion.

    Parameters
    ----------
    result
        The result of the task.
    folder
        Made where it does not exist.
    figures
        Format in which to write the picture too, for papers.

    Raises
    ------
    UserInputError
        The folder cannot be written to, or holds files of these names that are not ours.
    """
    from gaitdynamics.plotting.moments import plot_moments
    from gaitdynamics.plotting.style import save_figure

    with output_folder(folder):
        final = moments_files(folder, result.trial.name, figures)
        place = final.paths(), final.report, lambda text: MomentsReport.model_validate_json(text).files
        refuse_foreign(*place)
        with all_or_none(folder, outdated=outdated_files(*place)) as draft:
            write_storage(
                draft / final.moments.name,
                [TIME, *result.names],
                np.column_stack([result.time, result.values]),
                name=OPENSIM_TITLE,
                in_degrees=False,
            )
            _write_knee_adduction(draft / final.knee_adduction.name, result)
            vector = None if final.figure is None else draft / final.figure.name
            save_figure(plot_moments(result), draft / final.plot.name, vector)
            report = build_moments_report(result, [path.name for path in final.paths()])
            write_text(draft / final.report.name, report.model_dump_json(indent=1) + "\n")
    return final


def _write_knee_adduction(path: Path, result: MomentsResult) -> None:
    labels = [TIME, *(f"knee_adduction_{side}_Nm_per_kg" for side in SIDES)]
    columns = [result.time, result.knee_adduction]
    if result.knee_adduction_percent is not None:
        labels += [f"knee_adduction_{side}_percent_BW_BH" for side in SIDES]
        columns.append(result.knee_adduction_percent)
    write_storage(path, labels, np.column_stack(columns), name="Knee adduction moment", in_degrees=False)
