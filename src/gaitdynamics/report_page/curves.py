"""What is drawn over time: forces, joint angles and joint moments, each panel with its curves of both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from gaitdynamics.columns import SIDES, canonical
from gaitdynamics.trial import Array, FootForces, Mask, Trial
from gaitdynamics.uncertainty import interval_factor

if TYPE_CHECKING:
    from gaitdynamics.tasks.moments import MomentsResult

#: Where a curve comes from: this motion, force plates, or the motion it is compared with.
Origin = Literal["this", "measured", "other"]

#: Components of force: axis, title.
_FORCES: Final = ((1, "Vertical"), (0, "Fore-aft (forward +)"), (2, "Sideways (right +)"))
#: Joint angles of a leg, in the sign of the Rajagopal coordinates.
_LEG_ANGLES: Final = (
    ("hip_flexion", "Hip flexion +"),
    ("hip_adduction", "Hip adduction +"),
    ("hip_rotation", "Hip internal rotation +"),
    ("knee_angle", "Knee (coordinate +)"),
    ("ankle_angle", "Ankle dorsiflexion +"),
    ("subtalar_angle", "Subtalar inversion +"),
)
_MIDDLE_ANGLES: Final = (
    ("pelvis_tilt", "Pelvis tilt (backward +)"),
    ("pelvis_list", "Pelvis list (right down +)"),
    ("pelvis_rotation", "Pelvis rotation (to the left +)"),
    ("lumbar_extension", "Trunk extension +"),
    ("lumbar_bending", "Trunk bending (to the right +)"),
    ("lumbar_rotation", "Trunk rotation (to the left +)"),
)
_MOMENTS: Final = (
    ("hip_flexion", "Hip flexion +"),
    ("hip_adduction", "Hip adduction +"),
    ("hip_rotation", "Hip internal rotation +"),
    ("knee_angle", "Knee (coordinate +)"),
    ("ankle_angle", "Ankle dorsiflexion +"),
)


@dataclass(frozen=True)
class Curve:
    """One line over time.

    Attributes
    ----------
    side
        'r', 'l' or 'c' for neither.
    values
        (T,) in the unit of the panel, NaN where nothing is drawn.
    low, high
        (T,) ends of its interval; None for none.
    origin
        Where it comes from.
    time
        (T,) [s] where it is not that of the page.
    """

    side: str
    values: Array
    low: Array | None = None
    high: Array | None = None
    origin: Origin = "this"
    time: Array | None = None


@dataclass(frozen=True)
class Panel:
    """Axes over time: `group` names the tab on which they stand."""

    group: Literal["forces", "cop_over_time", "angles", "moments"]
    title: str
    unit: str
    curves: tuple[Curve, ...]


def force_panels(
    trial: Trial, forces: FootForces, contact: Mask, other: tuple[Array, FootForces, float] | None = None
) -> list[Panel]:
    """Draw forces in percent of body weight.

    Parameters
    ----------
    trial
        The motion; its measured forces are drawn too.
    forces
        Estimated forces at its times.
    contact
        (T, 2) frames in which intervals mean something.
    other
        Times, forces and body weight [N] of the motion that this one is compared with.
    """
    weight = trial.body_weight
    panels = []
    for axis, title in _FORCES:
        curves = []
        if other is not None:
            time, theirs, their_weight = other
            curves += [
                Curve(side, 100.0 * theirs.force[:, i, axis] / their_weight, origin="other", time=time)
                for i, side in enumerate(SIDES)
            ]
        for foot, side in enumerate(SIDES):
            values = 100.0 * forces.force[:, foot, axis] / weight
            low = high = None
            if forces.force_sd is not None:
                half = 100.0 * interval_factor() * forces.force_sd[:, foot, axis] / weight
                floor = 0.0 if axis == 1 else -np.inf  # the ground never pulls
                low = np.where(contact[:, foot], np.maximum(values - half, floor), np.nan)
                high = np.where(contact[:, foot], values + half, np.nan)
            curves.append(Curve(side, values, low, high))
        if trial.forces is not None:
            curves += [Curve(side, values, origin="measured") for side, values in _measured(trial, trial.forces, axis)]
        panels.append(Panel("forces", title, "% body weight", tuple(curves)))
    return panels


def _measured(trial: Trial, forces: FootForces, axis: int) -> Iterator[tuple[str, Array]]:
    for foot, side in enumerate(SIDES):
        values = 100.0 * forces.force[:, foot, axis] / trial.body_weight
        yield side, values if forces.valid is None else np.where(forces.valid[:, foot], values, np.nan)


def angle_panels(trial: Trial, spread: Array | None = None, other: Trial | None = None) -> list[Panel]:
    """Draw joint angles [deg] in the sign of the model's coordinates: titles tell Rajagopal's, where models agree.

    Parameters
    ----------
    trial
        The motion.
    spread
        (T, C) standard deviations over samples of a completed motion [rad]; their interval is shaded.
    other
        The motion to compare with.
    """
    panels = []
    for names, title in (
        *(([(f"{name}_{side}", side) for side in SIDES], title) for name, title in _LEG_ANGLES),
        *(([(name, "c")], title) for name, title in _MIDDLE_ANGLES),
    ):
        curves = []
        for name, side in names:
            if other is not None and (place := _place(other, name)) is not None:
                curves.append(Curve(side, np.degrees(other.values[:, place]), origin="other", time=other.time))
        for name, side in names:
            if (place := _place(trial, name)) is not None:
                values = np.degrees(trial.values[:, place])
                low = high = None
                if spread is not None and spread[:, place].any():
                    half = interval_factor() * np.degrees(spread[:, place])
                    low, high = values - half, values + half
                curves.append(Curve(side, values, low, high))
        if any(curve.origin == "this" for curve in curves):
            panels.append(Panel("angles", title, "deg", tuple(curves)))
    return panels


def _place(trial: Trial, name: str) -> int | None:
    """Index of a coordinate that was measured or generated; None for one that is only a substitute."""
    for index, own in enumerate(trial.coordinates):
        if canonical(own) == name:
            return None if trial.missing[index] and own not in trial.generated else index
    return None


def moment_panels(result: MomentsResult, other: MomentsResult | None = None) -> list[Panel]:
    """Draw joint moments per body mass [N.m/kg], and the external knee adduction moment."""
    panels = []
    for name, title in _MOMENTS:
        curves = [*_moment_curves(other, name, "other"), *_moment_curves(result, name, "this")]
        if any(curve.origin == "this" for curve in curves):
            panels.append(Panel("moments", title, "N.m/kg", tuple(curves)))
    adduction = []
    for one, origin in ((other, "other"), (result, "this")):
        if one is not None:
            masked = np.where(one.valid, one.knee_adduction, np.nan)
            time = one.time if origin == "other" else None
            adduction += [Curve(s, masked[:, i], origin=_origin(origin), time=time) for i, s in enumerate(SIDES)]
    return [*panels, Panel("moments", "Knee adduction + (external)", "N.m/kg", tuple(adduction))]


def _moment_curves(result: MomentsResult | None, name: str, origin: str) -> Iterator[Curve]:
    if result is None:
        return
    for foot, side in enumerate(SIDES):
        try:
            values = result.column(f"{name}_{side}") / result.trial.subject.mass_kg
        except KeyError:
            continue
        time = result.time if origin == "other" else None
        yield Curve(side, np.where(result.valid[:, foot], values, np.nan), origin=_origin(origin), time=time)


def _origin(name: str) -> Origin:
    return "other" if name == "other" else "this"
