"""Writing muscle forces of static optimisation, all files of one motion or none of them."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from gaitdynamics._version import __version__
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.storage import TIME, write_storage
from gaitdynamics.output_choices import FigureFormat, OutputChoices
from gaitdynamics.tasks.moments_report import Extremes
from gaitdynamics.tasks.muscles import LegMuscles, MusclesResult
from gaitdynamics.tasks.outputs import all_or_none, outdated_files, output_folder, refuse_foreign
from gaitdynamics.tasks.report_records import InputFile
from gaitdynamics.trial import Array

#: Raised whenever a field changes its meaning or goes away.
SCHEMA_VERSION: Final = 1

CONVENTIONS: Final = {
    "muscle_forces": "active force along the tendon [N], never negative; passive muscle force is not modelled",
    "reserves": (
        "moment of the joint that its muscles do not give [N.m], in the sign of the coordinate: joint moment of "
        "inverse dynamics minus sum of muscle force times moment arm"
    ),
    "reserve_share": "root mean square of the reserve over that of the joint moment",
    "method": (
        "static optimisation: least sum of squared activations at each instant by itself; strength from length and "
        "velocity with an inextensible tendon, as in OpenSim's StaticOptimization with muscle physiology"
    ),
    "origin": "muscle forces are model estimates that cannot be measured; not for clinical decisions",
}


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LegRecord(_Record):
    """One leg: RMS per coordinate [N.m], shares, and extremes of forces [N/kg] and activations."""

    side: str
    instants: int
    joint_moment_rms_nm: dict[str, float]
    reserve_rms_nm: dict[str, float]
    reserve_largest_nm: dict[str, float]
    reserve_share: dict[str, float]
    peak_force_n: dict[str, float]
    largest_activation: dict[str, float]
    hip_group_peaks_per_kg: dict[str, Extremes] | None


class MusclesReport(_Record):
    """Everything a reader needs to trust, repeat or reject muscle forces."""

    schema_version: int
    software: dict[str, str]
    motion: str
    inputs: list[InputFile]
    mass_kg: float
    rate_hz: float
    coordinate_cutoff_hz: float | None
    reserve_strength_nm: float
    legs: list[LegRecord]
    conventions: dict[str, str]
    warnings: list[str]
    files: list[str]


@dataclass(frozen=True)
class MusclesFiles:
    """Files of muscle forces of one motion, all in one folder."""

    forces: Path
    activations: Path
    moments: Path
    report: Path
    plot: Path
    figure: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """List them."""
        usual = self.forces, self.activations, self.moments, self.report, self.plot
        return usual if self.figure is None else (*usual, self.figure)


def muscles_files(folder: Path, stem: str, figures: FigureFormat | None = None) -> MusclesFiles:
    """Name the files of one motion."""
    plot = folder / f"{stem}_muscles.png"
    return MusclesFiles(
        forces=folder / f"{stem}_muscle_forces.sto",
        activations=folder / f"{stem}_muscle_activations.sto",
        moments=folder / f"{stem}_muscle_moments.sto",
        report=folder / f"{stem}_muscles.json",
        plot=plot,
        figure=OutputChoices(figures=figures).figure(plot),
    )


def write_muscles(result: MusclesResult, folder: Path, *, figures: FigureFormat | None = None) -> MusclesFiles:
    """Write forces, activations, moments, report and picture of one motion.

    Both legs are in one table, so they must have been solved at the same instants.

    Raises
    ------
    UserInputError
        The folder cannot be written to, or holds files of these names that are not ours.
    """
    from gaitdynamics.plotting.muscles import plot_muscles
    from gaitdynamics.plotting.style import save_figure

    with output_folder(folder):
        final = muscles_files(folder, result.moments.trial.name, figures)
        place = final.paths(), final.report, lambda text: MusclesReport.model_validate_json(text).files
        refuse_foreign(*place)
        with all_or_none(folder, outdated=outdated_files(*place)) as draft:
            frames = result.legs[0].frames
            assert all(np.array_equal(one.frames, frames) for one in result.legs)
            time = result.moments.time[frames, None]
            for path, title, columns in (
                (final.forces, "Muscle forces [N] and reserve moments [N.m]", _forces(result)),
                (final.activations, "Muscle activations", _activations(result)),
                (final.moments, "Joint moments, those of the muscles, and reserves [N.m]", _moments(result)),
            ):
                labels, values = zip(*columns.items(), strict=True)
                table = np.hstack([time, np.stack(values, axis=1)])
                write_storage(draft / path.name, [TIME, *labels], table, name=title, in_degrees=False)
            vector = None if final.figure is None else draft / final.figure.name
            save_figure(plot_muscles(result), draft / final.plot.name, vector)
            report = build_muscles_report(result, [path.name for path in final.paths()])
            write_text(draft / final.report.name, report.model_dump_json(indent=1) + "\n")
    return final


def _forces(result: MusclesResult) -> dict[str, Array]:
    # Reserves stand behind the muscles, as in OpenSim's own table.
    muscles = {name: one.force[:, i] for one in result.legs for i, name in enumerate(one.names)}
    reserves = {f"{name}_reserve": one.reserve[:, i] for one in result.legs for i, name in enumerate(one.coordinates)}
    return muscles | reserves


def _activations(result: MusclesResult) -> dict[str, Array]:
    return {name: one.activation[:, i] for one in result.legs for i, name in enumerate(one.names)}


def _moments(result: MusclesResult) -> dict[str, Array]:
    columns: dict[str, Array] = {}
    for one in result.legs:
        for i, name in enumerate(one.coordinates):
            columns[f"{name}_moment"] = one.moment[:, i]
            columns[f"{name}_muscles"] = one.muscle_moment[:, i]
            columns[f"{name}_reserve"] = one.reserve[:, i]
    return columns


def build_muscles_report(result: MusclesResult, files: list[str]) -> MusclesReport:
    """Gather the report of muscle forces."""
    trial = result.moments.trial
    return MusclesReport(
        schema_version=SCHEMA_VERSION,
        software={
            "gaitdynamics": __version__,
            "python": platform.python_version(),
            "opensim": version("opensim"),
            "platform": platform.platform(terse=True),
        },
        motion=trial.name,
        inputs=[
            InputFile(
                role=role, file=str(trial.provenance[f"{role}_file"]), sha256=str(trial.provenance[f"{role}_sha256"])
            )
            for role in ("motion", "model", "forces")
            if f"{role}_file" in trial.provenance and f"{role}_sha256" in trial.provenance
        ],
        mass_kg=trial.subject.mass_kg,
        rate_hz=result.rate,
        coordinate_cutoff_hz=result.moments.cutoff,
        reserve_strength_nm=result.reserve_strength,
        legs=[_leg_record(one, trial.subject.mass_kg) for one in result.legs],
        conventions=dict(CONVENTIONS),
        warnings=list(dict.fromkeys((*trial.warnings, *result.moments.warnings, *result.warnings))),
        files=files,
    )


def _leg_record(one: LegMuscles, mass: float) -> LegRecord:
    def by_coordinate(values: Array) -> dict[str, float]:
        return dict(zip(one.coordinates, values.tolist(), strict=True))

    return LegRecord(
        side=one.side,
        instants=len(one.frames),
        joint_moment_rms_nm=by_coordinate(np.sqrt(np.mean(one.moment**2, axis=0))),
        reserve_rms_nm=by_coordinate(np.sqrt(np.mean(one.reserve**2, axis=0))),
        reserve_largest_nm=by_coordinate(np.abs(one.reserve).max(axis=0)),
        reserve_share=one.reserve_share(),
        peak_force_n=dict(zip(one.names, one.force.max(axis=0).tolist(), strict=True)),
        largest_activation=dict(zip(one.names, one.activation.max(axis=0).tolist(), strict=True)),
        hip_group_peaks_per_kg=_group_peaks(one, mass),
    )


def _group_peaks(one: LegMuscles, mass: float) -> dict[str, Extremes] | None:
    groups = hip_groups(one)
    if groups is None:
        return None
    return {
        name: Extremes(maximum=float(curve.max()) / mass, minimum=float(curve.min()) / mass)
        for name, curve in groups.items()
    }


def hip_groups(one: LegMuscles) -> dict[str, Array] | None:
    """Give the forces of the hip muscle groups [N] by name; None where the model has other muscles."""
    from gaitdynamics.features.hip import MUSCLES

    try:
        return dict(zip(MUSCLES, one.groups().T, strict=True))
    except UserInputError:
        return None
