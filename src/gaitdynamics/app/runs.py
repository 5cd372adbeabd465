"""The five things that can be found out about a motion, each as the command of that name does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from gaitdynamics.app.choices import Choices, Task
from gaitdynamics.command_inputs import check_person, surface_of
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.gaps import MAX_GAP
from gaitdynamics.files.motion import read_trial
from gaitdynamics.inference.motion_network import load_motion_network
from gaitdynamics.output_choices import OutputChoices
from gaitdynamics.plotting.what_if import SPEED_PANELS
from gaitdynamics.tasks.completion import complete_motion
from gaitdynamics.tasks.completion_files import write_completion
from gaitdynamics.tasks.forces import estimate_forces, estimate_treadmill
from gaitdynamics.tasks.kinetics import compute_kinetics
from gaitdynamics.tasks.modification import Change, Modification, modify_motion
from gaitdynamics.tasks.report import headline, read_report
from gaitdynamics.tasks.results import ForceEstimate
from gaitdynamics.tasks.speeds import SpeedChange, change_speeds
from gaitdynamics.tasks.what_if_files import write_modification, write_speeds
from gaitdynamics.trial import Surface, Trial

#: Tells how far a run is: in words, and as a share of 1 where that is known.
Tell = Callable[[str, float | None], None]

_WRITING: Final = "Drawing and writing"
#: What is written besides the files of a command: the page to look at, a file for slides, figures for papers.
_ALSO: Final = OutputChoices(html=True, glb=True, figures="pdf")


@dataclass(frozen=True)
class Inputs:
    """Files of a run, in the folder of its results, and who moved: mass [kg] and height [m] where they are told."""

    folder: Path
    motion: Path
    model: Path | None
    mass: float | None
    height: float | None


@dataclass(frozen=True)
class Findings:
    """What a page says about the files that a run has written: a sentence, warnings, and a table of few rows."""

    headline: str
    warnings: Sequence[str]
    table: tuple[tuple[str, ...], ...] = ()


def _read(inputs: Inputs, choices: Choices, *, complete: bool = False) -> Trial:
    """Read the motion; what is amiss in the form is told in the words of the commands."""
    surface = _surface(choices)
    check_person(inputs.model, inputs.mass, inputs.height)
    trial = read_trial(
        inputs.motion,
        model=inputs.model,
        mass_kg=inputs.mass,
        height_m=inputs.height,
        surface=surface,
        allow_incomplete=complete,
        max_gap=MAX_GAP if complete else None,
    )
    return estimate_treadmill(trial)[0] if choices.surface == "auto" else trial


def _surface(choices: Choices) -> Surface:
    belts: Mapping[str | None, float | Literal["auto"] | None] = {"treadmill": choices.belt_speed, "auto": "auto"}
    return surface_of(choices.surface == "overground", belts.get(choices.surface))


def forces(inputs: Inputs, choices: Choices, tell: Tell) -> Findings:
    """Estimate forces; what is missing from the motion is generated first."""
    trial = _read(inputs, choices, complete=True)
    tell("Estimating forces", None)
    return _write_forces(estimate_forces(trial), inputs.folder, tell)


def _write_forces(estimate: ForceEstimate, folder: Path, tell: Tell) -> Findings:
    tell(_WRITING, None)
    report = read_report(estimate.to_files(folder, choices=_ALSO).report)
    return Findings(headline(report), report.warnings)


def hip(inputs: Inputs, choices: Choices, tell: Tell) -> Findings:
    """Go on from forces to joint moments and hip muscle forces (`gaitdynamics kinetics --hip-muscles`)."""
    trial = _read(inputs, choices)
    tell("Estimating forces, joint moments and hip muscle forces", None)
    found = compute_kinetics(trial, hip_muscles=True)
    assert found.forces is not None, "forces are estimated where none are given"
    tell(_WRITING, None)
    found.to_files(inputs.folder, choices=_ALSO)
    report = read_report(inputs.folder / f"{trial.name}_report.json")
    return Findings(headline(report), found.warnings)


def complete(inputs: Inputs, choices: Choices, tell: Tell) -> Findings:
    """Generate what is missing, several times, and estimate the forces of the completed motion."""
    trial = _read(inputs, choices, complete=True)
    tell("Generating what is missing", None)
    result = complete_motion(trial, samples=choices.samples)
    write_completion(result, inputs.folder, choices=OutputChoices(figures=_ALSO.figures))
    tell("Estimating forces of the completed motion", 0.5)
    estimate = estimate_forces(trial, samples=choices.samples)
    # In a folder of their own: the completed motion goes with both, and each report lists its own files.
    found = _write_forces(estimate, inputs.folder / "forces", tell)
    made = ", ".join(result.trial.generated)
    what = f"generated: {made}" if made else "nothing was missing" if trial.gaps is None else "gaps in time were filled"
    return Findings(f"{found.headline}; {what}", (*result.warnings, *found.warnings))


def sway(inputs: Inputs, choices: Choices, tell: Tell) -> Findings:
    """Change the sideways bending of the trunk, and compare knee adduction moments (`gaitdynamics modify`)."""
    trial = _read(inputs, choices)
    tell("Generating the motion with changed trunk sway", None)
    result = modify_motion(trial, [Change("lumbar_bending", scale=choices.sway)], load_motion_network())
    tell(_WRITING, None)
    write_modification(result, inputs.motion.stem, inputs.folder, choices=_ALSO)
    told = f"{trial.name}: sideways bending of the trunk times {choices.sway:g}"
    return Findings(told, result.after.trial.warnings, _sway_rows(result))


def _sway_rows(result: Modification) -> tuple[tuple[str, ...], ...]:
    """Compare the peaks of the knee adduction moments, mean over whole stances."""
    rows: list[tuple[str, ...]] = [("knee adduction moment [%BW.BH]", "before", "after")]
    for side, name in (("r", "right"), ("l", "left")):
        curves = [motion.refiner.knee_adduction(side) for motion in (result.before, result.after)]
        for peak in ("first", "second"):
            means = (np.mean([getattr(curve, peak) for curve in of]) if of else np.nan for of in curves)
            rows.append((f"{name}, {peak} peak", *(_number(float(mean)) for mean in means)))
    return tuple(rows)


def speed(inputs: Inputs, choices: Choices, tell: Tell) -> Findings:
    """Let the person walk or run at other speeds (`gaitdynamics speed`); a page for each."""
    if not choices.speeds:
        raise UserInputError("no speed is given", remedy="give speeds in m/s, such as 3.0 3.4 3.8")
    trial = _read(inputs, choices)
    speeds = sorted(set(choices.speeds))
    done: list[float] = []

    def advance(one: float) -> None:
        done.append(one)
        tell(f"{len(done)} of {len(speeds)} speeds are done", len(done) / len(speeds))

    tell(f"Generating the motion at {len(speeds)} speed{'s' if len(speeds) > 1 else ''}", 0.0)
    result = change_speeds(trial, speeds, load_motion_network(), progress=advance)
    tell(_WRITING, None)
    write_speeds(result, inputs.motion.stem, inputs.folder, choices=_ALSO)
    warnings = [note for variant in result.variants for note in variant.motion.trial.warnings]
    if not result.measures.cycles:
        warnings.append("the motion holds no whole stride of the right foot: strides cannot be compared")
    told = f"{trial.name}: {result.seed_speed:.2f} m/s as measured, and generated at other speeds"
    return Findings(told, warnings, _speed_rows(result))


def _speed_rows(result: SpeedChange) -> tuple[tuple[str, ...], ...]:
    """Compare the strides of the right foot."""
    asked = [f"{variant.speed:.2f} m/s" for variant in result.variants]
    of = [result.measures, *(variant.measures for variant in result.variants)]
    named = (("speed", "mean speed [m/s]"), *SPEED_PANELS)
    rows = [(label, *(_number(getattr(measures, field)) for measures in of)) for field, label in named]
    return (("strides of the right foot", "as measured", *asked), *rows)


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "-"


TASKS: Final[Mapping[Task, Callable[[Inputs, Choices, Tell], Findings]]] = {
    "forces": forces,
    "hip": hip,
    "complete": complete,
    "sway": sway,
    "speed": speed,
}
