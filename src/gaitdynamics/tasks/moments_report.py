"""The report of joint moments: peaks of each stance, and what is left over at the pelvis."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from gaitdynamics._version import __version__
from gaitdynamics.columns import SIDES
from gaitdynamics.stances import Interval
from gaitdynamics.tasks.moments import STANCE_THRESHOLD, MomentsResult
from gaitdynamics.tasks.report_records import InputFile, Software, SubjectRecord
from gaitdynamics.trial import Array

#: Raised whenever a field changes its meaning or goes away.
SCHEMA_VERSION = 1

#: Moments whose extremes are reported: field, coordinate without its side.
REPORTED = (
    ("hip_flexion", "hip_flexion"),
    ("hip_adduction", "hip_adduction"),
    ("knee_flexion", "knee_angle"),
    ("ankle_dorsiflexion", "ankle_angle"),
)

CONVENTIONS = {
    "moments": (
        "internal (net joint) moments, positive in the positive direction of the model's coordinate: in stance "
        "plantarflexors and knee extensors are negative where flexion is positive"
    ),
    "knee_adduction": (
        "external moment of the ground reaction force about the knee centre, about the walking direction; "
        "positive is adduction on both sides"
    ),
    "knee_adduction_peaks": "largest value in the first and in the second half of stance",
    "stance": f"vertical force of at least {STANCE_THRESHOLD:g} N; end_s is the first frame without",
    "complete": "the whole stance was recorded; peaks of others are partial",
    "residuals": "root mean square over the frames in which the forces of both feet are known",
}


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Extremes(_Record):
    """Largest and smallest value over a stance [N.m/kg]."""

    maximum: float
    minimum: float


class StancePeaks(_Record):
    """Peaks of one stance; moments in N.m/kg. Knee adduction peaks are None where the stance is cut."""

    side: Literal["r", "l"]
    start_s: float
    end_s: float
    complete: bool
    moments: dict[str, Extremes]
    knee_adduction_first_peak: float | None
    knee_adduction_second_peak: float | None
    knee_adduction_first_peak_percent_bw_bh: float | None
    knee_adduction_second_peak_percent_bw_bh: float | None


class Residuals(_Record):
    """Root mean square of forces and moments left over at the pelvis; None without trustworthy frames."""

    frames: int
    force_n: dict[str, float] | None
    force_percent_bw: dict[str, float] | None
    moment_nm: dict[str, float] | None


class MomentsReport(_Record):
    """Everything a reader needs to trust, repeat or reject joint moments."""

    schema_version: int
    software: Software
    inputs: list[InputFile]
    subject: SubjectRecord
    model_mass_kg: float
    motion: str
    cutoff_hz: float | None
    residuals: Residuals
    stances: list[StancePeaks]
    conventions: dict[str, str]
    warnings: list[str]
    files: list[str]


def build_moments_report(result: MomentsResult, files: Sequence[str] = ()) -> MomentsReport:
    """Gather the report of joint moments; `files` are the names of those written with it."""
    trial = result.trial
    subject = trial.subject
    return MomentsReport(
        schema_version=SCHEMA_VERSION,
        software=Software(
            gaitdynamics=__version__,
            python=platform.python_version(),
            torch=version("torch"),
            platform=platform.platform(terse=True),
        ),
        inputs=[
            InputFile(
                role=role,
                file=str(trial.provenance[f"{role}_file"]),
                sha256=str(trial.provenance[f"{role}_sha256"]),
            )
            for role in ("motion", "model", "forces")
            if f"{role}_file" in trial.provenance and f"{role}_sha256" in trial.provenance
        ],
        subject=SubjectRecord(
            model_name=subject.model.name,
            generic_skeleton=subject.generic,
            mass_kg=subject.mass_kg,
            height_m=subject.height_m,
            body_weight_n=trial.body_weight,
        ),
        model_mass_kg=subject.model.mass,
        motion=trial.name,
        cutoff_hz=result.cutoff,
        residuals=_residuals(result),
        stances=[measure_peaks(result, stance) for stance in result.stances()],
        conventions=CONVENTIONS,
        warnings=list(dict.fromkeys((*trial.warnings, *result.warnings))),
        files=list(files),
    )


def measure_peaks(result: MomentsResult, stance: Interval) -> StancePeaks:
    """Find the peaks of one stance."""
    frames = slice(stance.start, stance.stop)
    mass = result.trial.subject.mass_kg
    moments = {}
    for field, coordinate in REPORTED:
        values = result.column(f"{coordinate}_{stance.side}")[frames] / mass
        moments[field] = Extremes(maximum=float(values.max()), minimum=float(values.min()))
    start = float(result.time[stance.start])
    first, second = _halves(result.knee_adduction, stance)
    first_percent, second_percent = _halves(result.knee_adduction_percent, stance)
    return StancePeaks.model_validate(
        {
            "side": stance.side,
            "start_s": start,
            "end_s": start + (stance.stop - stance.start) / result.trial.rate,
            "complete": stance.complete,
            "moments": moments,
            "knee_adduction_first_peak": first,
            "knee_adduction_second_peak": second,
            "knee_adduction_first_peak_percent_bw_bh": first_percent,
            "knee_adduction_second_peak_percent_bw_bh": second_percent,
        }
    )


def _halves(curves: Array | None, stance: Interval) -> tuple[float, float] | tuple[None, None]:
    """Largest value of the first and of the second half; of a cut stance the halves are not known."""
    if curves is None or not stance.complete:
        return None, None
    curve = curves[stance.start : stance.stop, SIDES.index(stance.side)]
    first, second = np.split(curve, [(len(curve) + 1) // 2])
    return float(first.max()), float(second.max())


def _residuals(result: MomentsResult) -> Residuals:
    trusted = result.valid.all(axis=1)
    if not trusted.any():
        return Residuals(frames=0, force_n=None, force_percent_bw=None, moment_nm=None)
    rms = np.sqrt(np.mean(result.residuals[trusted] ** 2, axis=0))
    percent = 100.0 * rms[3:] / result.trial.body_weight
    return Residuals(
        frames=int(trusted.sum()),
        force_n=dict(zip("xyz", rms[3:].tolist(), strict=True)),
        force_percent_bw=dict(zip("xyz", percent.tolist(), strict=True)),
        moment_nm=dict(zip(("tilt", "list", "rotation"), rms[:3].tolist(), strict=True)),
    )
