"""The command `gaitdynamics kinetics`: from motion to joint moments and muscle forces in one step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from gaitdynamics.command_inputs import Choices, same_names, surface_of, use_one_thread
from gaitdynamics.errors import UserInputError
from gaitdynamics.output_choices import USUAL

if TYPE_CHECKING:
    from gaitdynamics.tasks.kinetics import Kinetics

Flag = Annotated[bool, Parameter(negative=())]

#: Cutoff frequencies [Hz] that make sense for gait.
_CUTOFFS = (2.0, 50.0)


def kinetics(
    *motions: Annotated[Path, Parameter(name="MOTION", required=True)],
    model: Path,
    overground: Flag = False,
    treadmill: float | Literal["auto"] | None = None,
    grf: Path | None = None,
    mass: float | None = None,
    height: float | None = None,
    muscles: Flag = False,
    hip_muscles: Flag = False,
    cutoff: float = 6.0,
    muscle_rate: float = 50.0,
    weights: str | None = None,
    out: Path = Path("results"),
    choices: Choices = USUAL,
) -> int:
    """Compute what drives motions: forces on the feet, joint moments and, with --muscles, muscle forces.

    Forces are estimated unless measured ones are given with --grf. Joint moments follow by inverse dynamics,
    muscle forces by static optimisation (needs the extra [opensim] and a model with muscles). Each step writes
    its files, report and picture.

    Parameters
    ----------
    motions
        Coordinates over time from OpenSim's Inverse Kinematics, OpenCap or another program (.mot, .sto).
    model
        Scaled OpenSim model of the person (.osim).
    overground
        The person moved over a floor.
    treadmill
        The person moved on a treadmill whose belt ran at this speed in m/s; 'auto' finds the speed from the feet.
    grf
        Measured ground reaction forces of the motion (.mot), or an ExternalLoads setup (.xml).
    mass
        Mass in kg, if it is not that of the model.
    height
        Height in m.
    muscles
        Go on to the forces of all leg muscles, by static optimisation.
    hip_muscles
        Go on to the forces of 14 hip muscles and muscle groups, by a network that learnt static optimisation; needs
        neither OpenSim nor muscles in the model.
    cutoff
        Cutoff frequency in Hz of the low-pass on the coordinates; 6 suits walking, running needs about twice that.
    muscle_rate
        Instants per second at which muscle forces are computed.
    weights
        Trained weights of the forces: a name, or a folder. Without it, those that come with the package.
    out
        Folder for the results.
    """
    from gaitdynamics.files.motion import read_trial
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.trial import Surface

    if grf is not None and len(motions) > 1:
        raise UserInputError("forces of one motion are given for several", remedy="give the motions one by one")
    if grf is not None and (choices.html or choices.glb):
        raise UserInputError(
            "a report page and an animated file are made of estimated forces, and measured ones are given",
            remedy="leave out --html and --glb, or leave out --grf",
        )
    choices.check()
    # Where forces are known, nothing depends on the surface.
    surface = Surface() if grf is not None else surface_of(overground, treadmill)
    if not _CUTOFFS[0] <= cutoff <= _CUTOFFS[1]:
        raise UserInputError(
            f"a cutoff frequency of {cutoff:g} Hz cannot be right",
            remedy=f"give {_CUTOFFS[0]:g} to {_CUTOFFS[1]:g} Hz; 6 is usual for walking",
        )
    if not 1.0 <= muscle_rate <= 1000.0:
        raise UserInputError(f"{muscle_rate:g} instants per second cannot be right", remedy="give 1 to 1000, or none")
    same_names(motions)
    failed = False
    with output_folder(out):
        use_one_thread()
        from gaitdynamics.tasks.forces import estimate_treadmill
        from gaitdynamics.tasks.kinetics import compute_kinetics

        for motion in motions:
            try:
                trial = read_trial(motion, model=model, mass_kg=mass, height_m=height, surface=surface)
                if treadmill == "auto" and grf is None:
                    trial, _ = estimate_treadmill(trial)
                with _progress(motion.name) as progress:
                    found = compute_kinetics(
                        trial,
                        grf=grf,
                        weights=weights,
                        muscles=muscles,
                        hip_muscles=hip_muscles,
                        cutoff=cutoff,
                        muscle_rate=muscle_rate,
                        progress=progress,
                    )
                paths = found.to_files(out, choices=choices)
            except UserInputError as error:
                failed = True
                print(f"Error: {error}", file=sys.stderr)
            else:
                _tell(found)
                print(f"Results in {out}:\n  {'  '.join(path.name for path in paths)}")
    return 2 if failed else 0


def _tell(found: Kinetics) -> None:
    name = found.moments.trial.name
    for warning in found.warnings:
        print(f"Warning: {name}: {warning}", file=sys.stderr)
    if found.muscles is not None:
        for leg in found.muscles.legs:
            shares = leg.telling_shares(found.moments.trial.subject.mass_kg)
            worst = max(shares, key=lambda name: shares[name], default=None)
            largest = "" if worst is None else f"; largest share of a reserve {100 * shares[worst]:.2f} % ({worst})"
            print(
                f"{name}: {'right' if leg.side == 'r' else 'left'} leg, {len(leg.names)} muscles at {len(leg.frames)} "
                f"instants{largest}"
            )


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{name}: muscle forces", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
