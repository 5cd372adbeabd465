"""The command line. Heavy packages are imported inside the commands, so that help and mistakes are quick."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from gaitdynamics._version import __version__
from gaitdynamics.app_cli import app_command
from gaitdynamics.archive_cli import ArchiveOptions, facts_of_options, forces_of_archive, is_archive
from gaitdynamics.command_inputs import (
    DEFAULT_OUT,
    NOBODY,
    Choices,
    Figures,
    Person,
    Who,
    example_files,
    use_one_thread,
)
from gaitdynamics.data_cli import data as data_commands
from gaitdynamics.engines.choice import EngineName
from gaitdynamics.errors import GaitError
from gaitdynamics.generative_cli import check_samples, complete, evaluate_completion, generate
from gaitdynamics.hip_cli import evaluate_hip, fetch_data, hip, train_hip
from gaitdynamics.kinetics_cli import kinetics
from gaitdynamics.labels_cli import labels, train_muscles
from gaitdynamics.output_choices import USUAL
from gaitdynamics.prepare_cli import prepare
from gaitdynamics.train_cli import train
from gaitdynamics.weights_cli import weights
from gaitdynamics.what_if_cli import evaluate_motion, evaluate_speed, evaluate_sway, modify, speed

if TYPE_CHECKING:
    from gaitdynamics.tasks.batch import BatchSettings, Outcome

#: Exit statuses: all done; a mistake in the input, or a motion that failed; stopped by Ctrl-C.
DONE, MISTAKE, INTERRUPTED = 0, 2, 130

app = App(
    name="gaitdynamics",
    help="Ground reaction forces of human gait from motion alone.",
    version=f"gaitdynamics {__version__}",
    help_format="rst",
    # Interruptions have an exit status of their own, in `main`.
    suppress_keyboard_interrupt=False,
)
evaluate = App(name="evaluate", help="Compare estimates with measurements.")
app.command(evaluate)
app.command(train)
app.command(weights)
app.command(data_commands)
app.command(prepare)
app.command(hip)
app.command(kinetics)
app.command(labels)
app.command(complete)
app.command(modify)
app.command(speed)
app.command(generate)
app.command(app_command, name="app")
train.command(train_hip, name="hip")
train.command(train_muscles, name="muscles")
evaluate.command(evaluate_hip, name="hip")
evaluate.command(evaluate_completion, name="completion")
evaluate.command(evaluate_sway, name="sway")
evaluate.command(evaluate_speed, name="speed")
evaluate.command(evaluate_motion, name="motion")
data_commands.command(fetch_data, name="fetch")

Flag = Annotated[bool, Parameter(negative=())]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    # Loading torch and matplotlib makes objects by the hundred thousand, which stay: looking through them for waste at
    # the usual pace takes a tenth of the time of a short command.
    gc.set_threshold(100_000, 50, 100)
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status.

    Parameters
    ----------
    arguments
        Without the name of the program; None for those of the process.
    """
    try:
        status = app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return MISTAKE  # said on the screen already
    except GaitError as error:
        _say(f"Error: {error}")
        return MISTAKE
    except KeyboardInterrupt:
        _say("Interrupted; what was finished before is complete.")
        return INTERRUPTED
    return status if isinstance(status, int) else DONE


def _say(text: str) -> None:
    # Plain text: paths may hold what rich takes for markup, and must not be wrapped.
    print(text, file=sys.stderr)


@app.command
def forces(
    *motions: Annotated[Path, Parameter(name="MOTION", required=True)],
    person: Who = NOBODY,
    out: Path = DEFAULT_OUT,
    weights: str | None = None,
    grf_naming: Literal["opensim", "opencap"] = "opensim",
    samples: int = 1,
    max_gap: float = 0.5,
    seed: int = 0,
    engine: EngineName | None = None,
    workers: int | None = None,
    address: str | None = None,
    table: Path | None = None,
    pictures: Flag = False,
    choices: Choices = USUAL,
) -> int:
    """Estimate the ground reaction forces of one or several motions, or of a whole archive.

    Say how the person moved, with either --overground or --treadmill, and who it was: with --model, or with
    --mass and --height. For each motion, files for OpenSim's Inverse Dynamics, a report and a picture are
    written.

    An archive is a folder (with manifest.csv, of .b3d files, of OpenCap sessions, or of motions with their models), a
    .b3d file, or a table of trials (.csv). What is told of the person and the surface then holds for trials of which
    the archive says nothing. Every trial gets results or a reason, in summary.csv; the same command goes on where it
    was stopped.

    Parameters
    ----------
    motions
        Coordinates over time from OpenSim's Inverse Kinematics, OpenCap or another program (.mot, .sto). Or one
        archive.
    out
        Folder for the results.
    weights
        Trained weights: a name, or a folder. Without it, those that come with the package. Coordinates that are absent
        from the motion, or have gaps in time, are generated, and the completed motion is written too: by the diffusion
        network of a pair, or by the one that comes with the package.
    grf_naming
        Names of the force columns: as in OpenSim's examples (ground_force_vx, 1_ground_force_vx) or as in
        OpenCap's (R_ground_force_vx, L_ground_force_vx).
    samples
        How many times to generate what is absent. Intervals then tell how far the samples spread.
    max_gap
        Longest gap in time, of NaN cells, that is filled, in s.
    seed
        Seed of the random numbers, which generating absent coordinates draws.
    engine
        Who works on an archive: local processes, or a cluster of ray. Local unless told.
    workers
        Processes or tasks at a time, for an archive; one per core unless told.
    address
        Of a running cluster of ray, such as auto or ray://host:10001. Without it, ray is started on this machine.
    table
        What is known of the people in an archive (.csv): subject, and any of study, trial, model, mass_kg, height_m,
        surface, speed_m_s.
    pictures
        Draw a picture of each trial of an archive too, which takes several times as long as all the rest.
    """
    check_samples(samples, max_gap)
    options = ArchiveOptions(engine, workers, address, table, pictures)
    if is_archive(motions, options):
        from gaitdynamics.tasks.archive_trials import EstimateSettings

        use_one_thread()
        how = EstimateSettings(weights, grf_naming, seed, samples, max_gap, pictures, choices)
        told = facts_of_options(person)
        return forces_of_archive(motions[0], out, options, how, told)
    person.check()
    from gaitdynamics.tasks.batch import BatchSettings, check_batch
    from gaitdynamics.tasks.outputs import output_folder

    settings = BatchSettings(
        folder=out,
        surface=person.surface,
        model=person.model,
        mass_kg=person.mass,
        height_m=person.height,
        weights=weights,
        grf_naming=grf_naming,
        seed=seed,
        find_belt_speed=person.treadmill == "auto",
        samples=samples,
        max_gap=max_gap,
        choices=choices,
    )
    with output_folder(out):
        check_batch(motions, settings)
        use_one_thread()
        return _run_batch(motions, settings)


def _run_batch(motions: Sequence[Path], settings: BatchSettings) -> int:
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from gaitdynamics.tasks.batch import estimate_batch

    outcomes: list[Outcome] = []
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    interrupted = False
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(motions[0].name, total=len(motions))
        try:
            for outcome in estimate_batch(motions, settings):
                outcomes.append(outcome)
                following = motions[min(len(outcomes), len(motions) - 1)]
                progress.update(bar, advance=1, description=following.name)
        except KeyboardInterrupt:
            interrupted = True
    _show(motions, outcomes, settings.folder)
    if interrupted:
        _say("Interrupted; what is listed as done is complete.")
        return INTERRUPTED
    return DONE if all(outcome.done for outcome in outcomes) else MISTAKE


def _show(motions: Sequence[Path], outcomes: Sequence[Outcome], folder: Path) -> None:
    from gaitdynamics.tasks.batch import status_table
    from gaitdynamics.tasks.report import headline, summary_table

    console = Console()
    if len(motions) > 1:
        console.print(status_table(motions, outcomes))
    for outcome in outcomes:
        if outcome.error is not None:
            _say(f"Error: {outcome.error}")
        elif outcome.report is not None:
            if len(motions) == 1:
                print(headline(outcome.report))
                console.print(summary_table(outcome.report))
            for warning in outcome.report.warnings:
                _say(f"Warning: {outcome.motion.name}: {warning}")
    if any(outcome.done for outcome in outcomes):
        print(f"Results in {folder}:")
        for outcome in outcomes:
            if outcome.files is not None:
                print("  " + "  ".join(path.name for path in outcome.files.paths()))


@app.command
def moments(
    motion: Path,
    *,
    grf: Path,
    model: Path,
    mass: float | None = None,
    height: float | None = None,
    out: Path = DEFAULT_OUT,
    figures: Figures = None,
) -> int:
    """Compute joint moments by inverse dynamics.

    Parameters
    ----------
    motion
        Coordinates over time (.mot, .sto).
    grf
        Ground reaction forces, estimated or measured (.mot), or an ExternalLoads setup (.xml).
    model
        Scaled OpenSim model of the person (.osim).
    mass
        Mass in kg by which moments are divided, if it is not that of the model.
    height
        Height in m; with it the knee adduction moment is also given in percent of body weight times height.
    out
        Folder for the results.
    """
    from gaitdynamics.files.forces import read_forces
    from gaitdynamics.files.motion import read_trial
    from gaitdynamics.tasks.moments import compute_moments
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.trial import Surface

    use_one_thread()
    with output_folder(out):
        # Where the forces are known, joint moments do not depend on the surface.
        trial = read_trial(motion, model=model, mass_kg=mass, height_m=height, surface=Surface())
        result = compute_moments(trial, read_forces(grf, trial.time))
        files = result.to_files(out, figures=figures)
    for warning in (*trial.warnings, *result.warnings):
        _say(f"Warning: {motion.name}: {warning}")
    print(f"Results in {out}:")
    print("  " + "  ".join(path.name for path in files.paths()))
    return DONE


@evaluate.command(name="forces")
def evaluate_forces(
    data_folder: Path,
    *,
    split: str = "test",
    methods: str = "physics,refiner",
    weights: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    processes: int = 1,
    out: Path = DEFAULT_OUT / "evaluation",
) -> int:
    """Compare estimated with measured forces over a folder of trials.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv, laid out as docs/guide.md tells.
    split
        Side of the split: train, val, test, or the name of one test side.
    methods
        Names, separated by commas.
    weights
        NAME=FOLDER for one more method of that name, with these trained weights; may be given several times. A folder
        or name without NAME= takes the place of the weights that come with the package.
    processes
        Number of processes that share the trials.
    out
        Folder for tables and figures.
    """
    from gaitdynamics.tasks.force_evaluation import evaluate_folder
    from gaitdynamics.tasks.outputs import output_folder

    names = [name.strip() for name in methods.split(",") if name.strip()]
    use_one_thread()
    with output_folder(out):
        files = evaluate_folder(
            data_folder,
            out,
            split=split,
            methods=names,
            weights=weights,
            processes=processes,
            console=Console(stderr=True),
        )
    print((out / "summary.md").read_text(encoding="utf-8"))
    print(f"{len(files)} files in {out}")
    return DONE


@app.command
def demo(*, out: Path = DEFAULT_OUT / "demo") -> int:
    """Estimate the forces of the example walk that comes with the package.

    Parameters
    ----------
    out
        Folder for the results.
    """
    motion, model = example_files()
    return forces(motion, person=Person(model=model, overground=True), out=out)


if __name__ == "__main__":
    main()
