"""Checks that numbers can be what the file says: degrees or radians, metres, Y up, kilograms.

The bounds are wide enough for children, sitting, squatting, jumping and running; they catch wrong units
and wrong axes, not unusual people.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import FOOT_BODIES, PELVIS_TRANSLATIONS, SIDES
from gaitdynamics.errors import ConventionError, UserInputError
from gaitdynamics.model import Model

Array = NDArray[np.float64]

#: Angles that never wrap round and move in every gait: their size tells degrees from radians. Those of the pelvis and
#: the trunk do not: a few degrees of list and a turn by a few radians are the same numbers.
_TELLTALES = ("hip_flexion", "knee_angle", "ankle_angle")
#: No hip, knee or ankle turns further than this [rad]; one that reads more is in degrees.
_LARGEST_ANGLE = 3.5
#: In degrees, hip, knee and ankle all staying below this mean standing still ...
_SMALLEST_MOVEMENT = 3.2
#: ... unless the knee moves by this much: then it is radians (0.2 rad = 11 degrees).
_KNEE_MOVES = 0.2

#: A pelvis that far [m] from the origin on the median is in mm or cm (only forward can be farther).
_FARTHEST_PELVIS = 10.0
#: Median height of the pelvis [m] where body height is not known, and as a fraction of body height. Sitting
#: people have 0.36, standing ones 0.55, those who jump off a box up to 0.70.
_PELVIS_HEIGHT = (0.35, 1.5)
_PELVIS_FRACTION = (0.25, 0.85)

MASS_RANGE = (10.0, 300.0)
HEIGHT_RANGE = (0.5, 2.5)
#: A stated mass this much off the model's draws a warning.
MASS_TOLERANCE = 0.20


def decide_degrees(stated: bool | None, values: Mapping[str, Array], path: Path) -> tuple[bool, str | None]:
    """Decide whether rotations are in degrees; the size of the numbers only decides where the file is silent.

    Parameters
    ----------
    stated
        What the header says.
    values
        (T,) columns as they stand in the file, under their Rajagopal names.
    path
        The file, for the message.

    Returns
    -------
    in_degrees, warning
        The warning is None where the header said it.

    Raises
    ------
    ConventionError
        The numbers cannot be in the unit that is stated, or none is stated and there is no hip, knee or ankle to tell.
    """
    names = [f"{name}_{side}" for name in _TELLTALES for side in SIDES]
    moving = [values[name] for name in names if name in values]
    largest = max((float(np.abs(column).max()) for column in moving), default=0.0)
    knees = max((float(np.ptp(values[n])) for n in names if n.startswith("knee") and n in values), default=0.0)
    if stated is None and not moving:
        raise ConventionError(
            "the header does not say inDegrees, and without hip, knee or ankle angles it cannot be told",
            file=path,
            remedy="write inDegrees=yes (degrees) or inDegrees=no (radians) in the header",
        )
    if stated is None:
        in_degrees = largest > _LARGEST_ANGLE
        unit = "degrees" if in_degrees else "radians"
        return in_degrees, f"the header does not say inDegrees; taken as {unit} by the size of the numbers"
    if stated and largest < _SMALLEST_MOVEMENT and knees > _KNEE_MOVES:
        raise ConventionError(
            f"the header says degrees, but the knee moves by {knees:.2g} and no hip, knee or ankle angle "
            f"exceeds {largest:.2g}: these are radians",
            file=path,
            remedy="write inDegrees=no in the header",
        )
    if not stated and largest > _LARGEST_ANGLE:
        raise ConventionError(
            f"the header says radians, but hip, knee or ankle angles reach {largest:.0f}: these are degrees",
            file=path,
            remedy="write inDegrees=yes in the header",
        )
    return stated, None


def check_pelvis(values: Mapping[str, Array], height_m: float | None, path: Path) -> None:
    """Check that the pelvis is above the floor, in metres and with Y up.

    Parameters
    ----------
    values
        (T,) columns under their Rajagopal names; of the pelvis translations, those that are there are checked.
    height_m
        Body height [m] where known.
    path
        The file, for the message.

    Raises
    ------
    ConventionError
        It is not.
    """
    _, up_name, right_name = PELVIS_TRANSLATIONS
    up, right = (float(np.median(values[name])) if name in values else None for name in (up_name, right_name))
    for name, place, where in ((up_name, up, "at a height of"), (right_name, right, "to the right by")):
        if place is not None and abs(place) > _FARTHEST_PELVIS:
            raise ConventionError(
                f"the pelvis is {where} {place:.0f}: not metres",
                file=path,
                column=name,
                remedy="write the pelvis translations in metres, not in millimetres or centimetres",
            )
    if up is None:
        return
    low, high = _PELVIS_HEIGHT
    if height_m is not None:
        low, high = (fraction * height_m for fraction in _PELVIS_FRACTION)
    if low <= up <= high:
        return
    sideways = right is not None and low <= abs(right) <= high
    raise ConventionError(
        f"the pelvis is {up:.2f} m above the floor ({low:.2f} to {high:.2f} m is possible)"
        + (f" while pelvis_tz is {right:.2f} m: looks Z-up" if sideways else ": looks Z-up, or off the floor"),
        file=path,
        column=up_name,
        remedy="export in a frame with X forward, Y up, Z right, and the floor at height zero",
    )


def check_knees(values: Mapping[str, Array], model: Model, names: Mapping[str, str], path: Path) -> None:
    """Check that the knees bend the way the model's do.

    Parameters
    ----------
    values
        (T,) [rad] under their Rajagopal names.
    model
        The skeleton.
    names
        Rajagopal name to the model's name.
    path
        The file, for the message.

    Raises
    ------
    ConventionError
        They bend the other way: the motion belongs to another model.
    """
    for name in (f"knee_angle_{side}" for side in SIDES):
        if name not in values:
            continue
        low, high = model.coordinates[names[name]].range
        least, most = np.percentile(values[name], [5, 95])
        forward = low > -0.5 and high > 1.0 and least < -0.5 and most < 0.3
        backward = high < 0.5 and low < -1.0 and most > 0.5 and least > -0.3
        if forward or backward:
            raise ConventionError(
                f"the knee goes from {np.degrees(least):.0f} to {np.degrees(most):.0f} degrees, in the model "
                f"it can go from {np.degrees(low):.0f} to {np.degrees(high):.0f}",
                file=path,
                column=names[name],
                remedy="give the model with which the motion was made (knee flexion has another sign there)",
            )


def check_mass(mass_kg: float, what: str, file: Path | None = None) -> None:
    """Raise UserInputError when a body mass [kg] is none; `what` says whose it is."""
    low, high = MASS_RANGE
    if not low <= mass_kg <= high:
        grams = " (is this in grams?)" if low <= mass_kg / 1000 <= high else ""
        raise UserInputError(
            f"{what} is {mass_kg:g} kg{grams}",
            file=file,
            remedy=f"give the body mass in kilograms, between {low:g} and {high:g}",
        )


def check_height(height_m: float) -> None:
    """Raise UserInputError when a body height [m] is none."""
    low, high = HEIGHT_RANGE
    if not low <= height_m <= high:
        units = (("cm", 100.0), ("mm", 1000.0))
        looks = next((f", looks like {unit}" for unit, per in units if low <= height_m / per <= high), "")
        raise UserInputError(
            f"the body height is {height_m:g} m{looks}",
            remedy=f"give the body height in metres, between {low:g} and {high:g}",
        )


def require_feet(model: Model, file: Path | None = None) -> None:
    """Raise UserInputError when the model lacks a body on which the ground acts."""
    bodies = [body.name for body in model.bodies]
    missing = [name for name in FOOT_BODIES.values() if name not in bodies]
    if missing:
        raise UserInputError(
            f"the model has no body {' and '.join(missing)}; its bodies are {', '.join(bodies)}",
            file=file,
            remedy="give a full-body or leg model whose feet have these names",
        )
