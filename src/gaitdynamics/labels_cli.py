"""The commands `gaitdynamics labels` and `train muscles`: muscle forces of one's own trials, and what learns them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from gaitdynamics.errors import UserInputError


def labels(
    data_folder: Path,
    *,
    out: Path,
    split: str | None = None,
    forces: Literal["measured", "estimated"] = "measured",
    weights: str | None = None,
    rate: float = 60.0,
    seconds: float = 8.0,
    samples: int = 180,
    processes: int = 1,
) -> None:
    """Label trials with joint moments and hip muscle forces, in the layout of Gait2Hip-60.

    Inverse dynamics and static optimisation with the muscles of each person's model (needs the extra [opensim]).
    A run that was stopped goes on when the same command is given again. What is left out is listed with its
    reason.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv, laid out as docs/data.md tells.
    out
        Folder for the labels.
    split
        Sides of the split, separated by commas; all by default.
    forces
        Forces on the feet: measured, or estimated from the motion.
    weights
        Trained weights of the estimate: a name, or a folder.
    rate
        Instants per second that are solved at least.
    seconds
        Of each leg of a trial at most so many seconds are solved.
    samples
        Length of the sequences.
    processes
        Number of processes that share the trials.
    """
    from pydantic import ValidationError
    from rich.console import Console

    from gaitdynamics.dataset.catalogue import Catalogue
    from gaitdynamics.tasks.label_store import build_labels
    from gaitdynamics.tasks.labels import LabelSettings
    from gaitdynamics.tasks.outputs import output_folder

    try:
        settings = LabelSettings(forces=forces, weights=weights, rate=rate, seconds=seconds)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserInputError(f"--{first['loc'][0]} {first['input']}: {first['msg']}") from error
    if not 8 <= samples <= 500:
        raise UserInputError(f"sequences of {samples} samples cannot be made", remedy="give 8 to 500 with --samples")
    if processes < 1:
        raise UserInputError(f"{processes} processes cannot share the trials", remedy="give at least 1")
    catalogue = Catalogue.read(data_folder)
    if split is not None:
        catalogue = catalogue.select(split=[name.strip() for name in split.split(",") if name.strip()])
    with output_folder(out):
        made = build_labels(
            catalogue, out, settings, processes=processes, samples=samples, console=Console(stderr=True)
        )
    print(made.page)
    print(
        f"{made.cycles} gait cycles of {made.labelled} trials in {out}; {made.refused} cycles refused (quality.csv), "
        f"{made.left_out} trials without labels (left_out.csv)"
    )


def train_muscles(*, data: Path, out: Path, epochs: int = 60, seed: int = 0) -> None:
    """Train the network of hip muscle forces that stands in for static optimisation.

    It learns from the people of the split 'train'; the epoch is chosen on those of 'val'.

    Parameters
    ----------
    data
        Folder that 'gaitdynamics labels' made, with measured forces.
    out
        Folder for the weights.
    epochs
        Number of epochs.
    seed
        Seed of the random numbers.
    """
    from pydantic import ValidationError
    from rich.console import Console

    from gaitdynamics.command_inputs import use_one_thread
    from gaitdynamics.tasks.muscle_training import train_muscle_network
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.training.muscles import MuscleTraining

    try:
        settings = MuscleTraining(epochs=epochs, seed=seed)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserInputError(f"--{first['loc'][0]} {first['input']}: {first['msg']}") from error
    use_one_thread()
    with output_folder(out):
        made = train_muscle_network(data, out, settings, console=Console(stderr=True))
    print(f"{made.parameters:,} parameters, best epoch {made.training['best_epoch']}: weights in {out}")
