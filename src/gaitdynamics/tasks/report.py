"""The report of one force estimate: a typed JSON file, and a short table for the screen."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gaitdynamics import stances
from gaitdynamics._version import __version__
from gaitdynamics.tasks.report_records import (
    CONVENTIONS,
    SCHEMA_VERSION,
    UNCERTAINTY_MEANING,
    BySide,
    CompletionRecord,
    FloorRecord,
    ForceReport,
    GaitRecord,
    InputFile,
    MotionRecord,
    PhysicsRecord,
    Software,
    SubjectRecord,
    SurfaceRecord,
    UncertaintyRecord,
    WeightsRecord,
)
from gaitdynamics.tasks.results import ForceEstimate
from gaitdynamics.trial import Array, Mask, Trial
from gaitdynamics.uncertainty import LEVEL, interval_factor

if TYPE_CHECKING:
    from rich.table import Table


def measure(estimate: ForceEstimate) -> stances.GaitMeasures:
    """Give the gait measures of an estimate."""
    return stances.measure_gait(
        estimate.forces,
        estimate.contact,
        estimate.trial.body_weight,
        estimate.com_velocity,
        estimate.trial.surface.belt_speed,
    )


def build_report(
    estimate: ForceEstimate,
    *,
    grf_naming: str = "opensim",
    files: Sequence[str] = (),
    gait: stances.GaitMeasures | None = None,
) -> ForceReport:
    """Gather the report of an estimate.

    Parameters
    ----------
    estimate
        The result of the task.
    grf_naming
        Spelling of the force columns in the file.
    files
        Names of the files written with the report.
    gait
        What `measure` gives, where it has been computed already.
    """
    trial = estimate.trial
    if gait is None:
        gait = measure(estimate)
    right, left = gait.stance_fraction
    return ForceReport(
        schema_version=SCHEMA_VERSION,
        software=Software(
            gaitdynamics=__version__,
            python=platform.python_version(),
            torch=version("torch"),
            platform=platform.platform(terse=True),
        ),
        inputs=list(input_files(trial.provenance)),
        subject=SubjectRecord(
            model_name=trial.subject.model.name,
            generic_skeleton=trial.subject.generic,
            mass_kg=trial.subject.mass_kg,
            height_m=trial.subject.height_m,
            body_weight_n=trial.body_weight,
        ),
        surface=SurfaceRecord(kind=trial.surface.kind, belt_speed_m_s=trial.surface.belt_speed),
        motion=MotionRecord(
            name=trial.name,
            start_s=float(trial.time[0]),
            end_s=float(trial.time[-1]),
            frames=len(trial.time),
            rate_hz=trial.rate,
            missing_coordinates=[c for c, absent in zip(trial.coordinates, trial.missing, strict=True) if absent],
            generated_coordinates=list(trial.generated),
        ),
        weights=WeightsRecord(**asdict(estimate.weights)),
        completion=_completion(estimate),
        seed=estimate.seed,
        grf_naming=grf_naming,
        floor=FloorRecord(height_m=estimate.floor_height, found_by=estimate.floor_note),
        difference_from_newton=_difference_from_newton(estimate),
        uncertainty=_uncertainty(estimate),
        gait=GaitRecord(
            mean_speed_m_s=gait.mean_speed_m_s,
            cadence_steps_per_min=gait.cadence_steps_per_min,
            stance_fraction=BySide(r=right, l=left),
            double_support_fraction=gait.double_support_fraction,
            flight_fraction=gait.flight_fraction,
            symmetry_index_percent=gait.symmetry_index_percent,
            stances=list(gait.stances),
        ),
        conventions=CONVENTIONS,
        # The trial's own warnings come first; the estimate may repeat them.
        warnings=list(dict.fromkeys((*trial.warnings, *estimate.warnings))),
        files=list(files),
    )


def _completion(estimate: ForceEstimate) -> CompletionRecord | None:
    if estimate.generator is None:
        return None
    return CompletionRecord(
        network=WeightsRecord(**asdict(estimate.generator)),
        seed=estimate.seed or 0,
        samples=estimate.samples,
        gaps_s=gap_lengths(estimate.trial),
        spread=None if estimate.spread is None else mean_spread(estimate.trial, estimate.spread),
    )


def gap_lengths(trial: Trial) -> dict[str, float]:
    """Sum the gaps in time of each coordinate that has any [s]."""
    if trial.gaps is None:
        return {}
    counts = zip(trial.coordinates, trial.gaps.sum(axis=0), strict=True)
    return {name: round(float(count) / trial.rate, 4) for name, count in counts if count}


def mean_spread(trial: Trial, spread: Array) -> dict[str, float]:
    """Average the spread (T, C) of each coordinate that was generated, over the times at which it was [deg or m]."""
    found = {}
    for index, name in enumerate(trial.coordinates):
        rows = np.ones(len(spread), dtype=bool) if name in trial.generated else None
        if rows is None and trial.gaps is not None and trial.gaps[:, index].any():
            rows = trial.gaps[:, index]
        if rows is not None:
            turning = trial.subject.model.coordinates[name].motion != "translational"
            mean = float(spread[rows, index].mean())
            found[name] = round(float(np.degrees(mean)) if turning else mean, 5)
    return found


def _difference_from_newton(estimate: ForceEstimate) -> PhysicsRecord:
    total = estimate.forces.force.sum(axis=1)
    x, y, z = np.abs(total - estimate.physics_force).mean(axis=0) / estimate.trial.body_weight
    return PhysicsRecord(forward_x_bw=float(x), up_y_bw=float(y), right_z_bw=float(z))


def _uncertainty(estimate: ForceEstimate) -> UncertaintyRecord | None:
    forces, weight = estimate.forces, estimate.trial.body_weight
    if forces.force_sd is None or forces.cop_sd is None:
        return None
    force, cop = 100.0 * forces.force_sd / weight, 1000.0 * forces.cop_sd
    loaded = estimate.contact & (forces.force[..., 1] >= stances.COP_MINIMUM_BW * weight)

    def mean(deviation: Array, frames: Mask) -> BySide:
        right, left = (float(deviation[on, foot].mean()) if on.any() else None for foot, on in enumerate(frames.T))
        return BySide(r=right, l=left)

    return UncertaintyRecord(
        force_forward_x_percent_bw=mean(force[..., 0], estimate.contact),
        force_up_y_percent_bw=mean(force[..., 1], estimate.contact),
        force_right_z_percent_bw=mean(force[..., 2], estimate.contact),
        cop_forward_x_mm=mean(cop[..., 0], loaded),
        cop_right_z_mm=mean(cop[..., 2], loaded),
        level=LEVEL,
        factor=interval_factor(),
        meaning=UNCERTAINTY_MEANING,
    )


def input_files(provenance: Mapping[str, object]) -> Iterator[InputFile]:
    """Name the files that a trial comes from."""
    for role in ("motion", "model"):
        name, digest = provenance.get(f"{role}_file"), provenance.get(f"{role}_sha256")
        if name is not None and digest is not None:
            yield InputFile(role=role, file=str(name), sha256=str(digest))


def read_report(path: Path) -> ForceReport:
    """Read a report back; `pydantic.ValidationError` when the file is not one."""
    return ForceReport.model_validate_json(path.read_text(encoding="utf-8"))


#: Rows of the tables: field of `StanceMeasures`, its name there, its format.
MEASURES = (
    ("peak_vertical_bw", "peak vertical [BW]", "{:.2f}"),
    ("peak_braking_bw", "peak braking [BW]", "{:.3f}"),
    ("peak_propulsion_bw", "peak propulsion [BW]", "{:.3f}"),
    ("peak_medial_bw", "peak medial [BW]", "{:.3f}"),
    ("peak_lateral_bw", "peak lateral [BW]", "{:.3f}"),
    ("vertical_impulse_bw_s", "vertical impulse [BW.s]", "{:.3f}"),
    ("braking_impulse_bw_s", "braking impulse [BW.s]", "{:.4f}"),
    ("propulsion_impulse_bw_s", "propulsion impulse [BW.s]", "{:.4f}"),
    ("duration_s", "stance time [s]", "{:.3f}"),
    ("cop_progression_m", "CoP progression [m]", "{:.3f}"),
)


def side_mean(report: ForceReport, name: str, side: str) -> float | None:
    """Mean of a stance measure over the whole stances of one side; None without any."""
    values = [getattr(s, name) for s in report.gait.stances if s.side == side and s.complete]
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def headline(report: ForceReport) -> str:
    """Tell who moved how, in one line."""
    return f"{report.motion.name}: {summary(report)}"


def summary(report: ForceReport) -> str:
    """Tell how somebody moved, in one line without the name of the motion."""
    gait, surface = report.gait, report.surface
    belt = f" {round(surface.belt_speed_m_s, 2):g} m/s" if surface.kind == "treadmill" else ""
    cadence = gait.cadence_steps_per_min
    steps = "cadence unknown" if cadence is None else f"{cadence:.0f} steps/min"
    return f"{surface.kind}{belt}, {report.subject.mass_kg:.1f} kg, {gait.mean_speed_m_s:.2f} m/s, {steps}"


def summary_table(report: ForceReport) -> Table:
    """Lay out the report as a short table for a terminal, one column per foot."""
    from rich.table import Table
    from rich.text import Text

    counts = {side: sum(s.side == side and s.complete for s in report.gait.stances) for side in ("r", "l")}
    table = Table()
    table.add_column("mean of whole stances")
    table.add_column("right", justify="right")
    table.add_column("left", justify="right")
    table.add_row("whole stances", str(counts["r"]), str(counts["l"]))
    for name, label, form in MEASURES:
        cells = (side_mean(report, name, side) for side in ("r", "l"))
        # As Text, or rich would take [s] for a markup tag.
        table.add_row(Text(label), *("-" if cell is None else form.format(cell) for cell in cells))
    shares = (report.gait.stance_fraction.r, report.gait.stance_fraction.l)
    table.add_row(Text("stance [% of stride]"), *("-" if s is None else f"{100 * s:.1f}" for s in shares))
    return table
