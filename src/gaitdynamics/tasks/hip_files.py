"""Writing hip muscle forces and moments, all files of one motion or none of them."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from gaitdynamics._version import __version__
from gaitdynamics.features.hip import MUSCLES, TARGETS
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.storage import TIME, write_storage
from gaitdynamics.output_choices import FigureFormat, OutputChoices
from gaitdynamics.tasks.hip import FAR, FAR_SHARE, HipEstimate, HipSide
from gaitdynamics.tasks.outputs import all_or_none, outdated_files, output_folder, refuse_foreign

#: Raised whenever a field changes its meaning or goes away.
SCHEMA_VERSION: Final = 1

CONVENTIONS: Final = {
    "muscle_forces": "tension of a muscle or group of muscles [N], [N/kg]; "
    + "; ".join(f"{name}: {' + '.join(parts)}" for name, parts in MUSCLES.items() if len(parts) > 1),
    "joint_moments": (
        "internal (net joint) moments [N.m], [N.m/kg], in the names and signs of OpenSim's inverse dynamics: positive "
        "in the positive direction of the coordinate"
    ),
    "cycle": (
        "begins when the foot is farthest in front, about 0.045 s before contact; frames outside any whole cycle are "
        "not in the files"
    ),
    "left": "estimated as the right side of the mirrored motion",
    "far": f"|z| above {FAR:g} in more than {FAR_SHARE:.0%} of the samples; z by mean and SD of the training data",
    "origin": (
        "predictions of a network that was trained on results of static optimisation, which are estimates themselves; "
        "not for clinical decisions"
    ),
}


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HipSideRecord(_Record):
    """One side: its cycles [s], cadence [steps/min], mean over cycles of the extremes [N/kg or N.m/kg], inputs."""

    side: str
    cycles_s: list[tuple[float, float]]
    intervals_left_out: int
    cadence_steps_per_min: float
    peaks_per_kg: dict[str, dict[str, float]]
    inputs: list[dict[str, Any]]


class HipReport(_Record):
    """Everything a reader needs to trust, repeat or reject an estimate."""

    schema_version: int
    software: dict[str, str]
    motion: str
    motion_sha256: str
    rate_hz: float
    mass_kg: float | None
    cycles_from: str
    networks: dict[str, dict[str, Any]]
    sides: list[HipSideRecord]
    conventions: dict[str, str]
    warnings: list[str]
    files: list[str]


@dataclass(frozen=True)
class HipFiles:
    """Files of one motion: per side the values, and the values per kg; report and picture."""

    values: dict[str, Path]
    per_kg: dict[str, Path]
    report: Path
    plot: Path
    figure: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """List them."""
        usual = *self.values.values(), *self.per_kg.values(), self.report, self.plot
        return usual if self.figure is None else (*usual, self.figure)


def hip_files(folder: Path, estimate: HipEstimate, figures: FigureFormat | None = None) -> HipFiles:
    """Name the files of one motion."""
    plot = folder / f"{estimate.angles.name}_hip.png"
    stem, sides = estimate.angles.name, [side.side for side in estimate.sides]
    return HipFiles(
        values={side: folder / f"{stem}_hip_{side}.sto" for side in sides} if estimate.mass_kg is not None else {},
        per_kg={side: folder / f"{stem}_hip_{side}_per_kg.sto" for side in sides},
        report=folder / f"{stem}_hip.json",
        plot=plot,
        figure=OutputChoices(figures=figures).figure(plot),
    )


def write_hip(estimate: HipEstimate, folder: Path, *, figures: FigureFormat | None = None) -> HipFiles:
    """Write tables, report and picture of one motion; the picture in the format `figures` too, where one is named.

    Raises
    ------
    UserInputError
        The folder cannot be written to, or holds files of these names that are not ours.
    """
    from gaitdynamics.plotting.hip import plot_hip
    from gaitdynamics.plotting.style import save_figure

    with output_folder(folder):
        final = hip_files(folder, estimate, figures)
        place = final.paths(), final.report, lambda text: HipReport.model_validate_json(text).files
        refuse_foreign(*place)
        with all_or_none(folder, outdated=outdated_files(*place)) as draft:
            for side in estimate.sides:
                _write_table(draft / final.per_kg[side.side].name, estimate, side, 1.0)
                if estimate.mass_kg is not None:
                    _write_table(draft / final.values[side.side].name, estimate, side, estimate.mass_kg)
            vector = None if final.figure is None else draft / final.figure.name
            save_figure(plot_hip(estimate), draft / final.plot.name, vector)
            report = build_hip_report(estimate, [path.name for path in final.paths()])
            write_text(draft / final.report.name, report.model_dump_json(indent=1) + "\n")
    return final


def build_hip_report(estimate: HipEstimate, files: list[str]) -> HipReport:
    """Gather the report of an estimate."""
    return HipReport(
        schema_version=SCHEMA_VERSION,
        software={
            "gaitdynamics": __version__,
            "python": platform.python_version(),
            "torch": version("torch"),
            "platform": platform.platform(terse=True),
        },
        motion=estimate.angles.name,
        motion_sha256=estimate.angles.sha256,
        rate_hz=estimate.angles.rate,
        mass_kg=estimate.mass_kg,
        cycles_from=estimate.cycles_from,
        networks={
            task: {
                "name": known.name,
                "weights_sha256": known.weights_sha256,
                "unit": known.unit,
                "reported_errors": known.metrics,
            }
            for task, known in estimate.networks.items()
        },
        sides=[_side_record(estimate, side) for side in estimate.sides],
        conventions=dict(CONVENTIONS),
        warnings=list(estimate.warnings),
        files=files,
    )


def _side_record(estimate: HipEstimate, side: HipSide) -> HipSideRecord:
    start, rate = float(estimate.angles.time[0]), estimate.angles.rate
    peaks: dict[str, dict[str, float]] = {}
    for task, sequences in side.sequences.items():
        for label, values in zip(TARGETS[task].labels(side.side), np.moveaxis(sequences, -1, 0), strict=True):
            peaks[label] = {
                "maximum": float(values.max(axis=1).mean()),
                "minimum": float(values.min(axis=1).mean()),
            }
    return HipSideRecord(
        side=side.side,
        cycles_s=[(start + cycle.start / rate, start + cycle.stop / rate) for cycle in side.cycles],
        intervals_left_out=side.left_out,
        cadence_steps_per_min=estimate.cadence(side),
        peaks_per_kg=peaks,
        inputs=[
            {
                "angle": item.angle,
                "mean_z": item.mean_z,
                "largest_z": item.largest_z,
                "share_beyond": item.share,
                "far": item.far,
            }
            for item in side.inputs
        ],
    )


def _write_table(path: Path, estimate: HipEstimate, side: HipSide, scale: float) -> None:
    labels = [label for task in side.values for label in TARGETS[task].labels(side.side)]
    columns: list[NDArray[np.float64]] = [estimate.angles.time[side.frames, None]]
    columns += [values * scale for values in side.values.values()]
    titles = ", ".join(TARGETS[task].title for task in side.values)
    units = "per kg of body mass" if scale == 1.0 else "N and N.m"
    write_storage(path, [TIME, *labels], np.hstack(columns), name=f"{titles}, {units}", in_degrees=False)
