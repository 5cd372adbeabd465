"""The commands that ask what if: `gaitdynamics modify`, `speed`, and `evaluate sway`, `speed` and `motion`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from cyclopts import Parameter
from rich.console import Console

from gaitdynamics.columns import canonical
from gaitdynamics.command_inputs import DEFAULT_OUT, NOBODY, Choices, Who, use_one_thread
from gaitdynamics.errors import UserInputError
from gaitdynamics.output_choices import USUAL

if TYPE_CHECKING:
    from gaitdynamics.evaluation.knee_adduction import StanceCurve
    from gaitdynamics.tasks.modification import Change
    from gaitdynamics.trial import Trial

Pairs = Annotated[tuple[str, ...], Parameter(negative=())]


def modify(
    motion: Path,
    *,
    scale: Pairs = (),
    shift: Pairs = (),
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = (),
    margin: float = 0.10,
    person: Who = NOBODY,
    out: Path = DEFAULT_OUT,
    weights: str | None = None,
    balance: bool | None = None,
    seed: int = 0,
    choices: Choices = USUAL,
) -> int:
    """Change coordinates of a motion and see what follows: the whole motion, forces, and knee adduction moments.

    Each change names a coordinate and a number, as in --scale lumbar_bending=2.5; several may be given.

    Parameters
    ----------
    motion
        Coordinates over time (.mot, .sto).
    scale
        NAME=FACTOR: the coordinate times the factor.
    shift
        NAME=DEGREES: the coordinate plus that angle.
    set_
        NAME=DEGREES: the coordinate held at that angle.
    margin
        Share of its range of motion by which each other coordinate may leave the measured motion at no cost.
    out
        Folder for the results.
    weights
        Folder of a pair with a diffusion network, or the name of packaged weights.
    balance
        Whether feet are kept where they are and the motion is corrected so that the ground can carry it; by default
        where only the trunk is changed.
    seed
        Seed of the noise.
    """
    changes = _changes(scale, shift, set_)
    if not changes:
        raise UserInputError("nothing is to be changed", remedy="give a change, such as --scale lumbar_bending=2.5")
    if not 0.0 <= margin <= 1.0:
        raise UserInputError(f"a margin of {margin:g} is not possible", remedy="give --margin 0 to 1")
    person.check()
    choices.check()
    from gaitdynamics.inference.motion_network import load_motion_network
    from gaitdynamics.tasks.modification import modify_motion
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.tasks.what_if_files import check_ours, modification_files, write_modification

    with output_folder(out):
        check_ours(modification_files(out, motion.stem, choices))
        use_one_thread()
        trial = person.read(motion)
        network = load_motion_network(weights)
        result = modify_motion(trial, changes, network, margin=margin, balanced=balance, seed=seed)
        files = write_modification(result, motion.stem, out, choices=choices)
    _tell_warnings(motion, result.after.trial)
    for side, name in (("r", "right"), ("l", "left")):
        peaks = [_mean_peaks(m.refiner.knee_adduction(side)) for m in (result.before, result.after)]
        print(f"{name} knee adduction moment, first and second peak [%BW.BH]: {peaks[0]} -> {peaks[1]}")
    residuals = [k.newton.total for k in (result.before.refiner, result.after.refiner, result.after.diffusion) if k]
    print(
        "Newton's residual [%BW]: measured {:.1f}, generated {:.1f}, diffusion's own forces {:.1f}".format(*residuals)
    )
    _tell_files(out, files)
    return 0


def speed(
    motion: Path,
    *,
    to: Annotated[tuple[float, ...], Parameter(negative=(), consume_multiple=True)],
    margin: float = 0.30,
    person: Who = NOBODY,
    out: Path = DEFAULT_OUT,
    weights: str | None = None,
    seed: int = 0,
    choices: Choices = USUAL,
) -> int:
    """Let a person walk or run at other speeds: a motion and forces for each, one table and one picture.

    Parameters
    ----------
    motion
        Coordinates over time (.mot, .sto).
    to
        Speeds in m/s, one or several.
    margin
        Share of its range of motion by which each angle may leave the measured one at no cost.
    out
        Folder for the results.
    weights
        Folder of a pair with a diffusion network, or the name of packaged weights.
    seed
        Seed of the noise, the same at all speeds.
    """
    if not to:
        raise UserInputError("no speed is given", remedy="give speeds in m/s, as in --to 3.0 3.4 3.8")
    if not 0.0 <= margin <= 1.0:
        raise UserInputError(f"a margin of {margin:g} is not possible", remedy="give --margin 0 to 1")
    speeds = sorted(set(to))
    person.check()
    choices.check()
    from rich.progress import Progress

    from gaitdynamics.inference.motion_network import load_motion_network
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.tasks.speeds import change_speeds
    from gaitdynamics.tasks.what_if_files import check_ours, speed_files, speed_table, write_speeds

    console = Console(stderr=True)
    with output_folder(out):
        check_ours(speed_files(out, motion.stem, speeds, choices))
        use_one_thread()
        trial = person.read(motion)
        network = load_motion_network(weights)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
            bar = bars.add_task(motion.name, total=len(speeds))
            result = change_speeds(
                trial, speeds, network, margin=margin, seed=seed, progress=lambda _: bars.advance(bar)
            )
        files = write_speeds(result, motion.stem, out, choices=choices)
    _tell_warnings(motion, result.variants[-1].motion.trial)
    print(speed_table(result).to_string(index=False, float_format=lambda x: f"{x:.2f}"))
    _tell_files(out, files)
    return 0


def evaluate_sway(
    data_folder: Path,
    *,
    split: str = "test_unseen_study",
    weights: str | None = None,
    out: Path = DEFAULT_OUT / "sway",
) -> int:
    """Compare knee adduction moments of generated trunk sway with those measured when people sway (paper, Task 2).

    Parameters
    ----------
    data_folder
        Folder with manifest.csv. People count who walk normally in some trials; those with trials of condition
        'trunk_sway' give the measured change.
    split
        Side of the split.
    weights
        Folder of a pair with a diffusion network, or the name of packaged weights.
    out
        Folder for tables and figures.
    """
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.tasks.sway_evaluation import evaluate_sway as evaluate

    use_one_thread()
    with output_folder(out):
        page = evaluate(data_folder, out, split=split, weights=weights, console=Console(stderr=True))
    print(page)
    print(f"Tables and figures in {out}")
    return 0


def evaluate_speed(
    data_folder: Path,
    *,
    split: str = "test_unseen_study",
    study: str = "Hamner2013",
    seed_speed: float = 4.0,
    to: Annotated[tuple[float, ...], Parameter(negative=(), consume_multiple=True)] = (3.0, 3.4, 3.8, 4.2, 4.6, 5.0),
    weights: str | None = None,
    motions: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    layout: Literal["humanml22", "smpl24"] = "humanml22",
    fps: float = 20.0,
    out: Path = DEFAULT_OUT / "speed",
) -> int:
    """Compare generated running at other speeds with the same people's measured running (paper, Task 3).

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    split
        Side of the split.
    study
        Runners at several speeds each.
    seed_speed
        Of the trials to start from, in m/s.
    to
        Speeds in m/s.
    weights
        Folder of a pair with a diffusion network, or the name of packaged weights.
    motions
        Joint positions of another motion generator (.npy), for the same figure; may be given several times.
    layout
        Of those joints.
    fps
        Frames per second of those motions.
    out
        Folder for tables and figures.
    """
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.tasks.speed_evaluation import Others, evaluate_speed

    use_one_thread()
    with output_folder(out):
        page = evaluate_speed(
            data_folder,
            out,
            split=split,
            study=study,
            seed_speed=seed_speed,
            targets=to,
            weights=weights,
            others=Others(motions, layout, fps),
            console=Console(stderr=True),
        )
    print(page)
    print(f"Tables and figures in {out}")
    return 0


def evaluate_motion(
    *joints: Annotated[Path, Parameter(name="JOINTS", required=True)],
    layout: Literal["humanml22", "smpl24"],
    fps: float,
    side: Literal["right", "left"] = "right",
    out: Path = DEFAULT_OUT / "motion",
) -> int:
    """Measure gait in joint positions of any motion generator: stride length, peak knee flexion, failed generations.

    Parameters
    ----------
    joints
        Joint positions in metres, Y up (.npy): (frames, joints, 3), or several motions of that shape.
    layout
        Of the joints: HumanML3D's 22 or SMPL's 24.
    fps
        Frames per second.
    side
        Foot by which cycles are found.
    out
        Folder for the tables.
    """
    if not 5.0 <= fps <= 1000.0:
        raise UserInputError(f"{fps:g} frames per second are not possible", remedy="give --fps 5 to 1000")
    from gaitdynamics.evaluation.joint_motion import measure_joint_motions
    from gaitdynamics.evaluation.joint_motion_report import write_joint_gait
    from gaitdynamics.files.joint_positions import read_joint_positions
    from gaitdynamics.tasks.outputs import output_folder

    with output_folder(out):
        read = [read_joint_positions(path, layout, fps) for path in joints]
        gaits = [gait for one in read for gait in measure_joint_motions(one, side=side[0])]
        print(write_joint_gait(gaits, out))
    print(f"Tables in {out}")
    return 0


def _changes(scale: tuple[str, ...], shift: tuple[str, ...], hold: tuple[str, ...]) -> list[Change]:
    from gaitdynamics.tasks.modification import Change

    said: dict[str, dict[str, float]] = {}
    for option, texts in (("scale", scale), ("shift", shift), ("hold", hold)):
        for text in texts:
            name, number = _pair(text, "set" if option == "hold" else option)
            given = said.setdefault(canonical(name), {})
            if option in given or ("scale" in given and option == "hold"):
                raise UserInputError(f"'{name}' is changed twice", remedy="give one --scale or --set for a coordinate")
            given[option] = number if option == "scale" else float(np.radians(number))
    return [Change(name, **given) for name, given in said.items()]


def _pair(text: str, option: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if not name or not np.isfinite(value):
        raise UserInputError(
            f"--{option} {text} is not a change", remedy=f"give a coordinate and a number: --{option} lumbar_bending=2"
        )
    return name.strip(), value


def _mean_peaks(curves: list[StanceCurve]) -> str:
    if not curves:
        return "no whole stance"
    first, second = np.mean([(c.first, c.second) for c in curves], axis=0)
    return f"{first:.2f}, {second:.2f}"


def _tell_warnings(motion: Path, trial: Trial) -> None:
    for warning in dict.fromkeys(trial.warnings):
        print(f"Warning: {motion.name}: {warning}", file=sys.stderr)


def _tell_files(out: Path, files: list[Path]) -> None:
    print(f"Results in {out}:")
    print("  " + "  ".join(path.name for path in files))
