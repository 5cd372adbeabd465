"""Writing all files of one motion, all or none of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gaitdynamics.errors import UserInputError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.coordinates import write_motion
from gaitdynamics.files.external_loads import write_external_loads
from gaitdynamics.files.forces import write_deviations, write_forces
from gaitdynamics.files.inverse_dynamics import write_inverse_dynamics_setup
from gaitdynamics.files.osim_writer import write_osim
from gaitdynamics.output_choices import USUAL, OutputChoices
from gaitdynamics.stances import GaitMeasures
from gaitdynamics.tasks.report import build_report, measure, read_report
from gaitdynamics.tasks.results import ForceEstimate, GrfNaming, OutputFiles
from gaitdynamics.trial import Trial

if TYPE_CHECKING:
    from gaitdynamics.tasks.moments import MomentsResult


#: Endings of files that show numbers of others.
_SHOWING: Final = frozenset({".html", ".glb", ".pdf", ".svg"})


def output_files(
    folder: Path,
    stem: str,
    *,
    with_model: bool,
    with_motion: bool = False,
    from_archive: bool = False,
    choices: OutputChoices = USUAL,
) -> OutputFiles:
    """Name the files of one motion, with standard deviations of the forces.

    Parameters
    ----------
    with_model
        Whether the user has no model file that a set-up could name.
    with_motion
        Whether coordinates were generated, so that the user has no motion file that a set-up could name.
    from_archive
        Whether the motion comes from a file of many, which a set-up could not name either.
    choices
        What is written besides.
    """
    plot = folder / f"{stem}_forces.png"
    return OutputFiles(
        forces=folder / f"{stem}_grf.mot",
        external_loads=folder / f"{stem}_external_loads.xml",
        inverse_dynamics_setup=folder / f"{stem}_id_setup.xml",
        report=folder / f"{stem}_report.json",
        plot=plot,
        model=folder / f"{stem}_model.osim" if with_model else None,
        completed=folder / f"{stem}_completed.mot" if with_motion else None,
        deviations=folder / f"{stem}_grf_sd.sto",
        motion=folder / f"{stem}_motion.mot" if from_archive and not with_motion else None,
        page=choices.page(folder, stem),
        animation=choices.animation(folder, stem),
        figure=choices.figure(plot),
    )


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """Make sure, before anything is computed, that a folder can be written to.

    A folder that was made for this and is still empty at the end is removed again.

    Raises
    ------
    UserInputError
        It cannot be made, is a file, or is not writable.
    """
    made = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserInputError(
            f"results cannot be written there ({error.strerror})",
            file=folder,
            remedy="name a folder of your own with --out",
        ) from error
    try:
        yield folder
    finally:
        for path in made:
            if any(path.iterdir()):
                break
            path.rmdir()


def check_replaceable(
    folder: Path, stem: str, *, with_model: bool, with_motion: bool = False, choices: OutputChoices = USUAL
) -> None:
    """Refuse to overwrite what this package has not written: a measured `<stem>_grf.mot`, for instance.

    Standard deviations count even where none will be written: those of others would pass for ours beside the forces.

    Raises
    ------
    UserInputError
        A file of that name exists and is not listed in a report of ours beside it.
    """
    names = output_files(folder, stem, with_model=with_model, with_motion=with_motion, choices=choices)
    refuse_foreign(names.paths(), names.report, lambda _: read_report(names.report).files)


def refuse_foreign(paths: Iterable[Path], report: Path, files_of: Callable[[str], Sequence[str]]) -> None:
    """Refuse to overwrite what is not listed in a report of ours beside it.

    Parameters
    ----------
    paths
        Files that would be written.
    report
        The report, which need not exist.
    files_of
        Gives the files that a report lists, from its text; ValueError or OSError where it is none of ours.

    Raises
    ------
    UserInputError
        One of them exists and is not listed.
    """
    ours = _listed(report, files_of)
    for path in paths:
        if path.exists() and path.name not in ours:
            raise UserInputError(
                "the file exists and was not written by gaitdynamics; it is left as it is",
                file=path,
                remedy="name another folder with --out, or move the file away",
            )


def outdated_files(paths: Iterable[Path], report: Path, files_of: Callable[[str], Sequence[str]]) -> list[str]:
    """Name the pages, animated files and figures of an earlier run of ours that are not written again.

    They would show other numbers than the new files beside them. Motions and models are not named: others may use them.

    Parameters
    ----------
    paths
        Files that will be written.
    report, files_of
        As in `refuse_foreign`.
    """
    gone = _listed(report, files_of) - {path.name for path in paths}
    return sorted(name for name in gone if Path(name).suffix in _SHOWING)


def _listed(report: Path, files_of: Callable[[str], Sequence[str]]) -> set[str]:
    """Names that a report of ours lists, without any that would lead out of its folder; none where it is not ours."""
    try:
        names = files_of(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    return {name for name in names if Path(name).name == name}


@contextmanager
def all_or_none(folder: Path, *, outdated: Sequence[str] = ()) -> Iterator[Path]:
    """Lend a draft folder; its files move into `folder` together when the block ends without error.

    If anything fails, an interruption by the user included, `folder` is as it was before.

    Parameters
    ----------
    outdated
        Names of files in `folder` that go at the same moment.

    Raises
    ------
    UserInputError
        The files cannot be written.
    """
    try:
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
    except OSError as error:
        raise UserInputError(f"results cannot be written there ({error.strerror})", file=folder) from error
    try:
        yield draft
        made = sorted(draft.iterdir())
        # What is replaced goes with the draft, in one removal.
        replaced = draft / ".replaced"
        replaced.mkdir()
        _move_together(made, folder, replaced, outdated)
    except OSError as error:
        raise UserInputError(f"results cannot be written there ({error.strerror})", file=folder) from error
    finally:
        _remove(draft)


def _remove(folder: Path) -> None:
    """Remove a folder, also when the user interrupts just then."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _move_together(files: Sequence[Path], folder: Path, replaced: Path, outdated: Sequence[str]) -> None:
    """Move files into a folder, and outdated ones out of it; on failure put back what was there."""
    moved: list[Path] = []
    try:
        for name in outdated:
            if (folder / name).exists():
                (folder / name).replace(replaced / name)
                moved.append(folder / name)
        for file in files:
            target = folder / file.name
            if target.exists():
                target.replace(replaced / file.name)
            moved.append(target)
            file.replace(target)
    except BaseException:
        for target in moved:
            target.unlink(missing_ok=True)
            if (replaced / target.name).exists():
                (replaced / target.name).replace(target)
        raise


def write_estimate(
    estimate: ForceEstimate,
    folder: Path,
    *,
    grf_naming: GrfNaming = "opensim",
    picture: bool = True,
    choices: OutputChoices = USUAL,
    moments: MomentsResult | None = None,
) -> OutputFiles:
    """Write forces, OpenSim set-up files, report and picture of one motion.

    The motion where it was completed, and the standard deviations of the forces where there are any, come along.

    Parameters
    ----------
    estimate
        The result of the task.
    folder
        Made where it does not exist.
    grf_naming
        Spelling of the force columns.
    picture
        Whether to draw the picture, which takes several times as long as all the rest.
    choices
        What to write besides.
    moments
        Joint moments for the report page, where they are at hand.

    Raises
    ------
    UserInputError
        The folder cannot be written to, or holds files of these names that are not ours.
    MissingExtraError
        A file was chosen whose packages are not installed.
    """
    choices.check()
    trial = estimate.trial
    with output_folder(folder):
        # A model made in memory, the generic one above all, is in no file yet.
        with_model = "model_file" not in trial.provenance
        with_motion = bool(trial.generated)
        check_replaceable(folder, trial.name, with_model=with_model, with_motion=with_motion, choices=choices)
        names = output_files(
            folder,
            trial.name,
            with_model=with_model,
            with_motion=with_motion,
            from_archive=_from_archive(trial),
            choices=choices,
        )
        uncertain = estimate.forces.force_sd is not None and estimate.forces.cop_sd is not None
        final = replace(names, deviations=names.deviations if uncertain else None)
        if not picture:
            final = replace(final, plot=None, figure=None)
        outdated = outdated_files(final.paths(), final.report, lambda _: read_report(names.report).files)
        if not uncertain and names.deviations is not None:
            # Standard deviations of an earlier run do not belong to forces without any.
            outdated.append(names.deviations.name)
        with all_or_none(folder, outdated=outdated) as draft:
            _write_all(estimate, draft, final, grf_naming, moments)
    return final


def _write_all(
    estimate: ForceEstimate, draft: Path, final: OutputFiles, grf_naming: GrfNaming, moments: MomentsResult | None
) -> None:
    trial, folder = estimate.trial, final.report.parent
    write_forces(draft / final.forces.name, estimate.forces, naming=grf_naming)
    if final.deviations is not None:
        write_deviations(draft / final.deviations.name, estimate.forces, naming=grf_naming)
    write_external_loads(draft / final.external_loads.name, datafile=final.forces.name, naming=grf_naming)
    if final.model is not None:
        write_osim(draft / final.model.name, trial.subject.model)
    written = final.completed or final.motion
    if written is not None:
        write_motion(draft / written.name, trial)
    write_inverse_dynamics_setup(
        draft / final.inverse_dynamics_setup.name,
        model_file=final.model.name if final.model else _input_file(trial, "model", folder),
        coordinates_file=written.name if written else _input_file(trial, "motion", folder),
        external_loads_file=final.external_loads.name,
        time_range=(float(trial.time[0]), float(trial.time[-1])),
        # Not the name of our own joint moments, so that both can stand in one folder and be compared.
        output_file=f"{trial.name}_id_opensim.sto",
    )
    gait = measure(estimate)
    if final.plot is not None:
        _draw(estimate, gait, draft / final.plot.name, None if final.figure is None else draft / final.figure.name)
    names = [path.name for path in final.paths()]
    report = build_report(estimate, grf_naming=grf_naming, files=names, gait=gait)
    write_text(draft / final.report.name, report.model_dump_json(indent=1) + "\n")
    if final.page is not None or final.animation is not None:
        from gaitdynamics.tasks.html_report import write_animation, write_report_page

        if final.page is not None:
            write_report_page(draft / final.page.name, estimate, moments=moments, report=report)
        if final.animation is not None:
            write_animation(draft / final.animation.name, estimate)


def _draw(estimate: ForceEstimate, gait: GaitMeasures, picture: Path, figure: Path | None) -> None:
    from gaitdynamics.plotting.forces import plot_forces
    from gaitdynamics.plotting.style import save_figure
    from gaitdynamics.tasks.feet import foot_frames

    trial = estimate.trial
    frames = foot_frames(trial)
    drawn = plot_forces(trial, estimate.forces, estimate.contact, estimate.com_velocity, gait, frames)
    save_figure(drawn, picture, figure)


def _from_archive(trial: Trial) -> bool:
    """Tell whether a motion comes from a file that holds many of them, such as .b3d."""
    return "motion_file" not in trial.provenance and "b3d_file" in trial.provenance


def _input_file(trial: Trial, role: str, folder: Path) -> str:
    """Name the motion or model file as seen from the results, so that both can be moved together.

    Where only a name is known, because the trial was made in memory, the file is expected beside the results.
    """
    path = trial.provenance.get(f"{role}_path")
    if path is None:
        return str(trial.provenance.get(f"{role}_file") or f"{trial.name}_{role}")
    try:
        return Path(os.path.relpath(str(path), folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return Path(str(path)).absolute().as_posix()
