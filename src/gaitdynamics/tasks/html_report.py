"""The report of a force estimate as a page: moving skeleton, curves and numbers in one HTML file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from gaitdynamics.columns import SIDES
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.plotting.centre_of_pressure import interval_under_foot, loaded_frames, path_under_foot
from gaitdynamics.report_page.contents import PageContents, Sole, Stance
from gaitdynamics.report_page.curves import Curve, Panel, angle_panels, force_panels, moment_panels
from gaitdynamics.report_page.page import render_page
from gaitdynamics.report_page.scene import Scene, scene_of
from gaitdynamics.stances import find_stances
from gaitdynamics.tasks.feet import foot_frames
from gaitdynamics.tasks.moments import MomentsResult, compute_moments
from gaitdynamics.tasks.moments_report import MomentsReport, build_moments_report
from gaitdynamics.tasks.page_stances import stance_panels
from gaitdynamics.tasks.page_tables import number_tables, origin_tables
from gaitdynamics.tasks.report import build_report, summary
from gaitdynamics.tasks.report_records import ForceReport
from gaitdynamics.tasks.results import ForceEstimate
from gaitdynamics.trial import Array, FootForces

#: So much of a long motion is shown moving and as curves [s], for browsers have to hold it; tables are of all of it.
LONGEST_SHOWN: Final = 120.0


@dataclass(frozen=True)
class Compared:
    """A second motion, shown as a ghost and as dotted curves.

    Attributes
    ----------
    estimate
        Its forces.
    moments
        Its joint moments; None to compute them.
    label, other_label
        What the motion of the page and this one are called: 'after' and 'before'.
    """

    estimate: ForceEstimate
    moments: MomentsResult | None = None
    label: str = "after"
    other_label: str = "before"


def report_page(
    estimate: ForceEstimate,
    *,
    moments: MomentsResult | None = None,
    compare: Compared | None = None,
    report: ForceReport | None = None,
) -> str:
    """Write everything about an estimate as one page.

    Parameters
    ----------
    estimate
        Forces of a motion, as `estimate_forces` gives them.
    moments
        Its joint moments where they are at hand; otherwise they are computed, and left out where that cannot be.
    compare
        Another motion to show beside it.
    report
        The report of the estimate where it has been built already.

    Returns
    -------
    str
        HTML that needs no other file, server or network. It opens from disk, in a mail, or in an `iframe`.

    Raises
    ------
    MissingExtraError
        The packages that draw are not installed: `pip install 'gaitdynamics[report]'`.

    Notes
    -----
    Of motions longer than `LONGEST_SHOWN` the beginning is shown; the tables count all of it.
    """
    report = build_report(estimate) if report is None else report
    moments = _moments_of(estimate) if moments is None else moments
    moments_report = None if moments is None else build_moments_report(moments)
    trial = estimate.trial
    shown = _shown(estimate)
    notes = []
    if len(shown.trial.time) < len(trial.time):
        notes.append(
            f"Moving picture and curves show the first {LONGEST_SHOWN:g} s of {np.ptp(trial.time):.0f} s; the tables "
            "are of the whole motion."
        )
    shown_moments = None if moments is None else _cut_moments(moments, len(shown.trial.time))
    other = None if compare is None else _OtherMotion.of(compare)
    labels = ("this motion", "") if compare is None else (compare.label, compare.other_label)
    return render_page(
        PageContents(
            title=f"{trial.name}: forces and motion",
            subtitle=summary(report),
            scene=_scene(shown),
            time=shown.trial.time,
            panels=tuple(_panels(shown, shown_moments, other)),
            stances=tuple(_stances(shown)),
            stance_panels=tuple(stance_panels(shown, shown_moments)),
            soles=tuple(_soles(shown)),
            tables=(
                *number_tables(report, moments_report, None if other is None else other.reports, labels),
                *origin_tables(report),
            ),
            warnings=_warnings(report, moments_report),
            label=labels[0],
            other=None if other is None else _scene(other.shown),
            other_label=labels[1],
            notes=tuple(notes),
        )
    )


def write_report_page(
    path: str | Path,
    estimate: ForceEstimate,
    *,
    moments: MomentsResult | None = None,
    compare: Compared | None = None,
    report: ForceReport | None = None,
) -> Path:
    """Write the page of `report_page` to a file, whole or not at all."""
    write_text(path, report_page(estimate, moments=moments, compare=compare, report=report))
    return Path(path)


def write_animation(path: str | Path, estimate: ForceEstimate) -> Path:
    """Write skeleton and forces as animated glTF (binary), of the part of the motion that a page shows.

    Raises
    ------
    MissingExtraError
        pygltflib is not installed: `pip install 'gaitdynamics[report]'`.
    """
    from gaitdynamics.report_page.gltf import write_glb

    return write_glb(path, _scene(_shown(estimate)))


@dataclass(frozen=True)
class _OtherMotion:
    """The part of the second motion that is shown, and its numbers."""

    shown: ForceEstimate
    moments: MomentsResult | None
    reports: tuple[ForceReport, MomentsReport | None]

    @classmethod
    def of(cls, compare: Compared) -> _OtherMotion:
        moments = compare.moments or _moments_of(compare.estimate)
        shown = _shown(compare.estimate)
        return cls(
            shown,
            None if moments is None else _cut_moments(moments, len(shown.trial.time)),
            (build_report(compare.estimate), None if moments is None else build_moments_report(moments)),
        )


def _moments_of(estimate: ForceEstimate) -> MomentsResult | None:
    """Compute joint moments; None for a model or a motion that has none, such as one of a few frames."""
    try:
        return compute_moments(replace(estimate.trial, forces=None), estimate.forces)
    except UserInputError:
        return None


def _warnings(report: ForceReport, moments: MomentsReport | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*report.warnings, *(() if moments is None else moments.warnings))))


def _shown(estimate: ForceEstimate) -> ForceEstimate:
    """Cut an estimate to the part that is shown."""
    time = estimate.trial.time
    frames = int(np.searchsorted(time, time[0] + LONGEST_SHOWN + 1e-6))
    if frames >= len(time):
        return estimate
    trial = estimate.trial
    trial = replace(
        trial,
        time=time[:frames],
        values=trial.values[:frames],
        gaps=None if trial.gaps is None else trial.gaps[:frames],
        forces=None if trial.forces is None else _cut_forces(trial.forces, frames),
    )
    return replace(
        estimate,
        trial=trial,
        forces=_cut_forces(estimate.forces, frames),
        contact=estimate.contact[:frames],
        com_velocity=estimate.com_velocity[:frames],
        physics_force=estimate.physics_force[:frames],
        spread=None if estimate.spread is None else estimate.spread[:frames],
    )


def _cut_forces(forces: FootForces, frames: int) -> FootForces:
    def cut(values: Array | None) -> Array | None:
        return None if values is None else values[:frames]

    return FootForces(
        forces.time[:frames],
        forces.force[:frames],
        forces.cop[:frames],
        cut(forces.free_moment),
        None if forces.valid is None else forces.valid[:frames],
        cut(forces.force_sd),
        cut(forces.cop_sd),
    )


def _cut_moments(moments: MomentsResult, frames: int) -> MomentsResult:
    if frames >= len(moments.time):
        return moments
    percent = moments.knee_adduction_percent
    return replace(
        moments,
        forces=_cut_forces(moments.forces, frames),
        time=moments.time[:frames],
        values=moments.values[:frames],
        knee_adduction=moments.knee_adduction[:frames],
        knee_adduction_percent=None if percent is None else percent[:frames],
    )


def _scene(estimate: ForceEstimate) -> Scene:
    return scene_of(estimate.trial, estimate.forces, estimate.contact, floor_height=estimate.floor_height)


def _panels(shown: ForceEstimate, moments: MomentsResult | None, other: _OtherMotion | None) -> list[Panel]:
    trial = shown.trial
    theirs = None if other is None else other.shown
    panels = force_panels(
        trial,
        shown.forces,
        shown.contact,
        None if theirs is None else (theirs.trial.time, theirs.forces, theirs.trial.body_weight),
    )
    panels += _cop_panels(shown)
    panels += angle_panels(trial, shown.spread, None if theirs is None else theirs.trial)
    if moments is not None:
        panels += moment_panels(moments, None if other is None else other.moments)
    return panels


def _cop_panels(shown: ForceEstimate) -> list[Panel]:
    """Draw centres of pressure under the feet over time, with their intervals [cm]."""
    feet = foot_frames(shown.trial)
    curves: tuple[list[Curve], list[Curve]] = ([], [])
    for side in SIDES:
        # Columns: across, along, and the half-widths of their intervals.
        found = np.full((len(shown.trial.time), 4), np.nan)
        for stance in find_stances(shown.contact):
            if stance.side == side:
                frames = loaded_frames(shown.forces, stance, shown.trial)
                found[frames, :2] = path_under_foot(shown.forces, stance, shown.trial, feet)
                half = interval_under_foot(shown.forces, stance, shown.trial, feet)
                if half is not None:
                    found[frames, 2:] = half
        for axis, lines in enumerate(curves):
            values, half = found[:, axis], found[:, 2 + axis]
            known = bool(np.isfinite(half).any())
            low, high = (values - half, values + half) if known else (None, None)
            lines.append(Curve(side, values, low, high))
    titles = ("To the right of the heel bone's origin", "Forward of the heel bone's origin")
    return [
        Panel("cop_over_time", title, "cm", tuple(c)) for title, c in reversed(list(zip(titles, curves, strict=True)))
    ]


def _stances(shown: ForceEstimate) -> list[Stance]:
    """Stances on the clock of the page, which begins at zero with the first frame."""
    time = shown.trial.time - shown.trial.time[0]
    return [
        Stance(s.side, float(time[s.start]), float(time[min(s.stop, len(time) - 1)]))
        for s in find_stances(shown.contact)
    ]


def _soles(shown: ForceEstimate) -> list[Sole]:
    """Paths of the centres of pressure under both feet, stance after stance."""
    feet = foot_frames(shown.trial)
    soles = []
    for side in SIDES:
        times, paths = [], []
        for stance in find_stances(shown.contact):
            if stance.side == side:
                frames = loaded_frames(shown.forces, stance, shown.trial)
                if len(frames):
                    times += [shown.trial.time[frames], shown.trial.time[frames[-1:]]]
                    paths += [path_under_foot(shown.forces, stance, shown.trial, feet), np.full((1, 2), np.nan)]
        if times:
            soles.append(Sole(side, np.concatenate(times), np.concatenate(paths)))
    return soles
