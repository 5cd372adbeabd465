"""The commands about hip muscle forces: `gaitdynamics hip`, `train hip` and `evaluate hip`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from gaitdynamics.command_inputs import Figures, same_names
from gaitdynamics.errors import UserInputError

if TYPE_CHECKING:
    from gaitdynamics.tasks.hip import HipEstimate

Network = Literal["transformer", "mamba", "lstm"]

_DEFAULT_OUT = Path("results")


def hip(
    *motions: Annotated[Path, Parameter(name="MOTION", required=True)],
    mass: float | None = None,
    grf: Path | None = None,
    network: Network | None = None,
    weights: Path | None = None,
    side: Literal["right", "left", "both"] = "both",
    out: Path = _DEFAULT_OUT,
    figures: Figures = None,
) -> int:
    """Estimate hip muscle forces and hip moments of one or several motions, from the joint angles of the legs alone.

    For each motion and side tables for OpenSim (.sto) are written, for each motion a report and a picture.

    Parameters
    ----------
    motions
        Coordinates over time from OpenSim's Inverse Kinematics, OpenCap or another program (.mot, .sto).
    mass
        Mass in kg. Without it there are values per kg only.
    grf
        Ground reaction forces of the motion, measured or from 'gaitdynamics forces', by which gait cycles are found.
        Without them the joint angles tell.
    network
        Which of the networks in the folder of weights; that with the smallest published errors unless told.
    weights
        Folder of weights that 'gaitdynamics weights import' or 'train hip' made.
    side
        Sides to estimate.
    out
        Folder for the results.
    """
    from gaitdynamics.files.plausibility import check_mass
    from gaitdynamics.tasks.outputs import output_folder

    if mass is not None:
        check_mass(mass, "the body mass")
    if grf is not None and len(motions) > 1:
        raise UserInputError("forces of one motion are given for several", remedy="give the motions one by one")
    same_names(motions)
    sides = {"right": ("r",), "left": ("l",), "both": ("r", "l")}[side]
    with output_folder(out):
        if weights is not None and not weights.is_dir():
            raise UserInputError("no such folder", file=weights, remedy="name the folder of weights with --weights")
        import torch

        from gaitdynamics.inference.hip_checkpoint import find_hip
        from gaitdynamics.tasks.hip import estimate_hip
        from gaitdynamics.tasks.hip_files import write_hip

        torch.set_num_threads(1)
        networks = find_hip(weights, network)
        failed = False
        for motion in motions:
            try:
                estimate = estimate_hip(motion, networks, sides=sides, mass_kg=mass, grf=grf)
                files = write_hip(estimate, out, figures=figures)
            except UserInputError as error:
                failed = True
                print(f"Error: {error}", file=sys.stderr)
            else:
                _tell(estimate)
                print(f"Results in {out}:\n  {'  '.join(path.name for path in files.paths())}")
    return 2 if failed else 0


def _tell(estimate: HipEstimate) -> None:
    name = estimate.angles.name
    for side in estimate.sides:
        print(
            f"{name}: {'right' if side.side == 'r' else 'left'} side, {len(side.cycles)} gait cycles, "
            f"{estimate.cadence(side):.0f} steps/min"
        )
    for warning in estimate.warnings:
        print(f"Warning: {name}: {warning}", file=sys.stderr)


def train_hip(
    *,
    data: Path,
    network: Network,
    out: Path,
    samples: int = 180,
    epochs: int = 300,
    seed: int = 2025,
    resume: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Train a network of hip muscle forces or moments by the protocol of Gait2Hip-60, and test it once.

    Parameters
    ----------
    data
        Data in the layout of Gait2Hip-60 (.npz); its outputs tell the task.
    network
        Which network.
    out
        Folder for weights, folds and tables.
    samples
        Length of the sequences; those of the data are thinned out.
    epochs
        Most epochs of a fold.
    seed
        Seed of the random numbers. The people held out do not depend on it.
    resume
        Keep the folds that an interrupted run in --out has finished.
    """
    from pydantic import ValidationError
    from rich.console import Console

    from gaitdynamics.dataset.gait2hip import read_gait2hip
    from gaitdynamics.tasks import hip_training as training
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.training.hip import HipTraining

    try:
        settings = HipTraining(network=network, samples=samples, epochs=epochs, seed=seed)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserInputError(f"--{first['loc'][0]} {first['input']}: {first['msg']}") from error
    with output_folder(out):
        training.train_hip(read_gait2hip(data), out, settings, resume=resume, console=Console(stderr=True))
        print((out / "test.md").read_text(encoding="utf-8"))
    print(f"Weights in {out}: use them with: gaitdynamics hip MOTION.mot --weights {out}")


def evaluate_hip(
    *data: Annotated[Path, Parameter(name="DATA")],
    weights: Path | None = None,
    network: Network | None = None,
    external: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    out: Path = _DEFAULT_OUT / "hip",
) -> None:
    """Compare estimated hip muscle forces and moments with those of data files, on people never trained on.

    Parameters
    ----------
    data
        Data in the layout of Gait2Hip-60 (.npz) that the networks come from; the people held out count. May be left
        out where there is --external.
    weights
        Folder of weights that 'gaitdynamics weights import' or 'train hip' made.
    network
        Which of the networks in the folder of weights.
    external
        Data of other people, patients for example, on whom the networks are tested without retraining; may be given
        several times.
    out
        Folder for the tables.
    """
    from gaitdynamics.inference.hip_checkpoint import find_hip
    from gaitdynamics.tasks import hip_evaluation
    from gaitdynamics.tasks.outputs import output_folder

    if not data and not external:
        raise UserInputError(
            "no data to compare with", remedy="give DATA, on whose held-out people networks are tested, or --external"
        )
    with output_folder(out):
        for page in hip_evaluation.evaluate_hip(data, find_hip(weights, network), out, external=external):
            print(page)
    print(f"Tables in {out}")


def fetch_data(name: Literal["gait2hip60"], *, out: Path) -> None:
    """Fetch a published data set, with its checksums compared; what is there already is not fetched again.

    Parameters
    ----------
    name
        Of the data set.
    out
        Folder for its files.
    """
    from gaitdynamics.tasks.data_sets import fetch_data_set
    from gaitdynamics.tasks.outputs import output_folder

    with output_folder(out):
        for path in fetch_data_set(name, out):
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, MD5 as published")
