"""The tables of a report page: the numbers of the JSON reports, written for reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from gaitdynamics.report_page.contents import Table
from gaitdynamics.tasks.moments_report import MomentsReport
from gaitdynamics.tasks.report import MEASURES, side_mean
from gaitdynamics.tasks.report_records import ForceReport

_DASH = "\N{EN DASH}"
_ARROW = " \N{RIGHTWARDS ARROW} "
_SIDES = ("r", "l")
_NAMES = {"r": "right", "l": "left"}


def number_tables(
    report: ForceReport,
    moments: MomentsReport | None,
    other: tuple[ForceReport, MomentsReport | None] | None = None,
    labels: tuple[str, str] = ("", ""),
) -> list[Table]:
    """Lay out gait, stances and knee adduction moments.

    Parameters
    ----------
    report, moments
        Of the motion; no moments where there are none.
    other
        The same of the motion that it is compared with: each cell then reads other, arrow, this.
    labels
        What this motion and the other one are called.
    """
    before, before_moments = (None, None) if other is None else other
    tables = [_gait(report, before), _means(report, before)]
    if moments is not None:
        tables.append(_knee_adduction(moments, before_moments))
    if other is not None:
        note = f"{labels[1]}{_ARROW}{labels[0]}. "
        tables = [replace(table, note=note + table.note) for table in tables]
    return [*tables, _every_stance(report)]


def _pair(before: str | None, now: str) -> str:
    return now if before is None else f"{before}{_ARROW}{now}"


def _written(value: float | None, form: str) -> str:
    return _DASH if value is None else form.format(value)


def _gait(report: ForceReport, before: ForceReport | None) -> Table:
    def values(one: ForceReport) -> list[tuple[str, str]]:
        gait = one.gait
        rows = [
            ("speed [m/s]", f"{gait.mean_speed_m_s:.2f}"),
            ("cadence [steps/min]", _written(gait.cadence_steps_per_min, "{:.0f}")),
            ("double support [% of time]", f"{100.0 * gait.double_support_fraction:.1f}"),
            ("flight [% of time]", f"{100.0 * gait.flight_fraction:.1f}"),
            ("duration [s]", f"{one.motion.end_s - one.motion.start_s:.2f}"),
            ("difference from Newton, vertical [BW]", f"{one.difference_from_newton.up_y_bw:.3f}"),
        ]
        for side in _SIDES:
            share = getattr(gait.stance_fraction, side)
            rows.insert(2 + _SIDES.index(side), (f"stance, {_NAMES[side]} [% of stride]", _percent(share)))
        return rows

    now, then = values(report), None if before is None else values(before)
    rows = [(name, _pair(None if then is None else then[i][1], cell)) for i, (name, cell) in enumerate(now)]
    return Table("Gait", ("", "whole motion"), tuple(rows))


def _percent(share: float | None) -> str:
    return _DASH if share is None else f"{100.0 * share:.1f}"


def _means(report: ForceReport, before: ForceReport | None) -> Table:
    rows = [("whole stances", *(str(_count(report, side)) for side in _SIDES), "")]
    symmetry = report.gait.symmetry_index_percent
    for name, label, form in MEASURES:
        cells = [
            _pair(
                None if before is None else _written(side_mean(before, name, side), form),
                _written(side_mean(report, name, side), form),
            )
            for side in _SIDES
        ]
        rows.append((label, *cells, _written(symmetry[name], "{:+.1f}") if name in symmetry else ""))
    head = ("", "right", "left", "symmetry [%]")
    if before is not None:  # the cells are long then, and symmetry of a difference says little
        return Table("Mean of whole stances", head[:3], tuple(row[:3] for row in rows))
    return Table("Mean of whole stances", head, tuple(rows), _SYMMETRY)


_SYMMETRY = "Symmetry index: mean right minus mean left over half their sum; 0 is symmetric."


def _count(report: ForceReport, side: str) -> int:
    return sum(stance.side == side and stance.complete for stance in report.gait.stances)


def _knee_adduction(moments: MomentsReport, before: MomentsReport | None) -> Table:
    rows = []
    for half in ("first", "second"):
        for field, unit, form in (
            (f"knee_adduction_{half}_peak", "N.m/kg", "{:.2f}"),
            (f"knee_adduction_{half}_peak_percent_bw_bh", "% BW.BH", "{:.2f}"),
        ):
            cells = [
                _pair(
                    None if before is None else _written(_peak_mean(before, field, side), form),
                    _written(_peak_mean(moments, field, side), form),
                )
                for side in _SIDES
            ]
            if any(cell.strip(_DASH + _ARROW) for cell in cells):
                rows.append((f"{half} peak [{unit}]", *cells))
    note = "External, positive is adduction; mean of whole stances, first and second half of stance."
    return Table("Knee adduction moment", ("", "right", "left"), tuple(rows), note)


def _peak_mean(moments: MomentsReport, field: str, side: str) -> float | None:
    values = [getattr(s, field) for s in moments.stances if s.side == side and s.complete]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _every_stance(report: ForceReport) -> Table:
    head = ("side", "start [s]", *(label for _, label, _ in MEASURES), "")
    rows = [
        (
            _NAMES[stance.side],
            f"{stance.start_s:.2f}",
            *(_written(getattr(stance, name), form) for name, _, form in MEASURES),
            "" if stance.complete else "cut",
        )
        for stance in report.gait.stances
    ]
    return Table("Every stance", head, tuple(rows), fold=True)


def origin_tables(report: ForceReport) -> list[Table]:
    """Tell where the numbers come from and what they mean, folded."""
    return [
        Table("Where these numbers come from", ("", ""), tuple(_origins(report)), fold=True),
        Table("What they mean", ("", ""), tuple(_conventions(report)), fold=True),
    ]


def _origins(report: ForceReport) -> Iterable[tuple[str, str]]:
    for one in report.inputs:
        yield f"{one.role} file", f"{one.file} (SHA-256 {one.sha256})"
    subject, surface, motion = report.subject, report.surface, report.motion
    height = "" if subject.height_m is None else f", {subject.height_m:.2f} m"
    generic = ", a generic skeleton scaled to the person" if subject.generic_skeleton else ""
    yield "person", f"{subject.mass_kg:.1f} kg{height}; model {subject.model_name}{generic}"
    belt = f" at {surface.belt_speed_m_s:.2f} m/s" if surface.kind == "treadmill" else ""
    yield "surface", surface.kind + belt
    yield "floor", f"at {report.floor.height_m:.3f} m: {report.floor.found_by}"
    yield "motion", f"{motion.frames} frames at {motion.rate_hz:.5g} Hz, {motion.start_s:.2f} to {motion.end_s:.2f} s"
    yield from _listed("coordinates not measured", motion.missing_coordinates)
    yield from _listed("of these generated", motion.generated_coordinates)
    if report.completion is not None:
        yield "completed by", f"{report.completion.network.name}, {report.completion.samples} sample(s)"
    yield "force network", f"{report.weights.name} (SHA-256 {report.weights.sha256}): {report.weights.description}"
    software = report.software
    yield "software", f"gaitdynamics {software.gaitdynamics}, Python {software.python}, torch {software.torch}"


def _listed(name: str, values: Sequence[str]) -> Iterable[tuple[str, str]]:
    if values:
        yield name, ", ".join(values)


def _conventions(report: ForceReport) -> Iterable[tuple[str, str]]:
    for name, meaning in report.conventions.items():
        yield name.replace("_", " "), meaning
    if report.uncertainty is not None:
        yield f"{100.0 * report.uncertainty.level:g} % interval", report.uncertainty.meaning
