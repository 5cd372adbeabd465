"""From a motion file and a model to a `Trial`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, REQUIRED, SIDES, canonical, leg
from gaitdynamics.errors import ConventionError, MissingCoordinatesError, UserInputError
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.files.coordinate_labels import Columns, free_coordinates, match_columns, short_name
from gaitdynamics.files.gaps import bridge_gaps
from gaitdynamics.files.osim import read_osim
from gaitdynamics.files.plausibility import (
    MASS_TOLERANCE,
    check_height,
    check_knees,
    check_mass,
    check_pelvis,
    decide_degrees,
    require_feet,
)
from gaitdynamics.files.storage import Table, read_storage
from gaitdynamics.files.substitutes import substitute_missing
from gaitdynamics.model import Model
from gaitdynamics.trial import Mask, Subject, Surface, Trial

Array = NDArray[np.float64]

#: Shorter motions [s] hold no step.
SHORTEST_MOTION = 0.3

#: Said of a motion of which nobody told what was walked on.
UNSTATED_SURFACE = "the surface was not stated: overground was assumed; say so if it was a treadmill"

#: A motion can be completed from any of these joints, if all its coordinates are there and not all of them constant.
_STARTING_POINTS = (
    PELVIS_ROTATIONS,
    PELVIS_TRANSLATIONS,
    *(joint for side in SIDES for joint in (leg(side)[:3], leg(side)[3:4], leg(side)[4:5])),
)

#: How much a label must look like the name of an absent coordinate to be taken for that name, misspelt.
_MISSPELT = 0.8


def read_trial(
    motion: str | Path,
    *,
    model: str | Path | Model | None = None,
    mass_kg: float | None = None,
    height_m: float | None = None,
    surface: Surface | None = None,
    allow_incomplete: bool = False,
    max_gap: float | None = None,
) -> Trial:
    """Read a motion and the person who made it.

    Parameters
    ----------
    motion
        `.mot` or `.sto` file of coordinates, or of states.
    model
        The scaled skeleton: an `.osim` file or what was read from one. Without it a generic skeleton is
        scaled from height and mass, which are then both needed.
    mass_kg
        Body mass [kg]; by default that of the model.
    height_m
        Body height [m].
    surface
        What was walked on. By default the floor, with a warning, because a treadmill cannot be told from a
        person walking on the spot.
    allow_incomplete
        Take a motion in which needed coordinates are absent too, for a task that completes it
        (`inference.completion`). At least one joint of the legs, or the pelvis' position or orientation, must be there
        as a whole and move; trunk angles that are there are then kept even where others are not.
    max_gap
        Take gaps in time (NaN cells) of up to this length [s], for such a task too; None takes none.

    Returns
    -------
    Trial
        Every coordinate of the model that follows no other one, in model order. One that is not in the file
        is marked `missing` and has the model's default value; the lumbar angles, if any of the three is
        absent, are all three those that hold the torso upright (`posture.hold_torso_upright`). What the warnings say of
        such substitutes is also in the provenance, as `substitute_warnings`, for whoever replaces them. Straight lines
        bridge gaps in time; where they are is in `gaps`.

    Raises
    ------
    FileFormatError
        A file cannot be read, see `read_storage` and `read_osim`.
    ConventionError
        The numbers cannot be in the stated units, or in a frame with Y up, or belong to another model.
    MissingCoordinatesError
        A coordinate of the pelvis, hip, knee or ankle is not there, and may not be absent; or an unused column has
        nearly its name.
    UserInputError
        Mass, height or model cannot be used, or the motion is too short, or holds too little to be completed from, or
        a gap is too long.
    """
    path = Path(motion)
    person = _read_person(model, mass_kg, height_m)
    table, gaps = read_storage(path, gaps=max_gap is not None), None
    if max_gap is not None:
        table, gaps = bridge_gaps(table, max_gap)
    _check_duration(table, path)
    skeleton = person.subject.model
    columns = match_columns(table.labels, skeleton, path)
    _check_required(columns, skeleton, path, allow_incomplete=allow_incomplete)

    found = {canonical(name): table.column(label) for name, label in columns.labels.items()}
    absent = [name for name in free_coordinates(skeleton) if name not in columns.labels]
    if any(canonical(name) in REQUIRED for name in absent):
        _check_starting_point(found, path)
    in_degrees, unit_warning = decide_degrees(table.in_degrees, found, path)
    check_pelvis(found, height_m, path)
    coordinates = free_coordinates(skeleton)
    missing = np.array([name not in columns.labels for name in coordinates])
    values = _values(table, columns, skeleton, in_degrees=in_degrees)
    names = {canonical(name): name for name in columns.labels}
    check_knees({key: values[:, coordinates.index(name)] for key, name in names.items()}, skeleton, names, path)
    notes = [*person.warnings, *table.warnings]
    if unit_warning:
        notes.append(unit_warning)
    substitute_notes = substitute_missing(
        skeleton, coordinates, values, missing, _rate(table), keep_measured=allow_incomplete
    )
    notes += substitute_notes
    if surface is None:
        surface = Surface()
        notes.append(UNSTATED_SURFACE)
    provenance: dict[str, object] = {
        "motion_file": path.name,
        "motion_path": str(path.absolute()),
        "motion_sha256": file_sha256(path),
        **person.provenance,
        "rotation_unit": "degrees" if in_degrees else "radians",
        "rotation_unit_from": "header" if table.in_degrees is not None else "size of the numbers",
        "renamed_columns": columns.renamed,
        "ignored_columns": list(columns.ignored),
        "substituted_coordinates": [n for n, gone in zip(coordinates, missing, strict=True) if gone],
        "substitute_warnings": substitute_notes,
    }
    return Trial(
        name=path.stem,
        time=table.time.copy(),
        coordinates=coordinates,
        values=values,
        missing=missing,
        subject=person.subject,
        surface=surface,
        provenance=provenance,
        warnings=tuple(notes),
        gaps=None if gaps is None else _gaps(table, gaps, columns, coordinates),
    )


def _gaps(table: Table, gaps: Mask, columns: Columns, coordinates: tuple[str, ...]) -> Mask | None:
    """Bring the gaps of a table's columns to the coordinates of the model, (T, C); None where there are none."""
    found = np.zeros((len(table.time), len(coordinates)), dtype=np.bool_)
    for index, name in enumerate(coordinates):
        if name in columns.labels:
            found[:, index] = gaps[:, table.labels.index(columns.labels[name])]
    return found if found.any() else None


@dataclass(frozen=True)
class _Person:
    subject: Subject
    warnings: tuple[str, ...]
    provenance: Mapping[str, object]


def _read_person(model: str | Path | Model | None, mass_kg: float | None, height_m: float | None) -> _Person:
    """Read or scale the skeleton, and check what is said of the person."""
    if mass_kg is not None:
        check_mass(mass_kg, "the body mass")
    if height_m is not None:
        check_height(height_m)
    if model is None:
        return _generic_person(mass_kg, height_m)
    file = None if isinstance(model, Model) else Path(model)
    skeleton = model if isinstance(model, Model) else read_osim(model)
    require_feet(skeleton, file)
    check_mass(skeleton.mass, "the mass of the model", file)
    notes = list(skeleton.warnings)
    if mass_kg is not None and abs(mass_kg / skeleton.mass - 1.0) > MASS_TOLERANCE:
        notes.append(
            f"the body mass of {mass_kg:g} kg differs from the model's {skeleton.mass:.1f} kg by more than "
            f"{MASS_TOLERANCE:.0%}: is it the model of this person?"
        )
    mass = skeleton.mass if mass_kg is None else mass_kg
    provenance: dict[str, object] = {"model": skeleton.name}
    if file is not None:
        provenance |= model_provenance(file)
    return _Person(Subject(skeleton, mass, height_m), tuple(notes), provenance)


def model_provenance(file: Path) -> dict[str, object]:
    """Tell which model file a trial was read with."""
    return {"model_file": file.name, "model_path": str(file.absolute()), "model_sha256": file_sha256(file)}


def _generic_person(mass_kg: float | None, height_m: float | None) -> _Person:
    if mass_kg is None or height_m is None:
        raise UserInputError(
            "without a model both body mass and body height are needed",
            remedy="give mass and height, or the scaled .osim model of the person",
        )
    # The body room is only needed here, and brings torch with it.
    from gaitdynamics.body.generic import scaled_generic

    skeleton = scaled_generic(height_m, mass_kg)
    note = "no model was given: a generic skeleton was scaled from height and mass"
    return _Person(Subject(skeleton, mass_kg, height_m, generic=True), (note,), {"model": skeleton.name})


def _check_duration(table: Table, path: Path) -> None:
    duration = float(table.time[-1] - table.time[0])
    if duration < SHORTEST_MOTION - 1e-6:  # clocks are rounded
        raise UserInputError(
            f"the motion lasts {duration:.3g} s ({len(table.time)} rows), the least is {SHORTEST_MOTION:g} s",
            file=path,
            remedy="export a longer part of the recording; is the time in seconds?",
        )


def _check_required(columns: Columns, model: Model, path: Path, *, allow_incomplete: bool) -> None:
    """Check that what no substitute can stand for is there, as far as the model has it at all, and is used."""
    needed = [name for name in free_coordinates(model) if canonical(name) in REQUIRED]
    missing = [name for name in needed if name not in columns.labels]
    # Columns that are another coordinate already are no candidates.
    if missing and not allow_incomplete:
        raise MissingCoordinatesError(missing, columns.ignored, path)
    short = [short_name(label) for label in columns.ignored]
    misspelt = [name for name in missing if get_close_matches(name, short, n=1, cutoff=_MISSPELT)]
    if misspelt:
        raise MissingCoordinatesError(
            misspelt,
            columns.ignored,
            path,
            remedy="name the column as the coordinate; if it is something else, delete it: then the other is generated",
        )
    # Leaving it out would leave that joint stiff, in the default pose of a coordinate of another name.
    unused = [label for label in columns.ignored if canonical(short_name(label)) in REQUIRED]
    if unused:
        raise ConventionError(
            "the model has no such coordinate; it has " + ", ".join(free_coordinates(model)),
            file=path,
            column=unused[0],
            remedy="give the model with which the motion was made, or name the column as the model's coordinate",
        )


def _check_starting_point(found: Mapping[str, Array], path: Path) -> None:
    """Check that a motion with gaps holds enough to be completed from; `found` is by Rajagopal name."""
    for joint in _STARTING_POINTS:
        if all(name in found for name in joint) and any(np.ptp(found[name]) > 0.0 for name in joint):
            return
    raise UserInputError(
        "too little is in the file to complete the motion from: no whole joint of the legs that moves, nor the pelvis",
        file=path,
        remedy="give at least one knee or ankle, the three angles of a hip, or three coordinates of the pelvis "
        "(pelvis_tilt, _list and _rotation, or pelvis_tx, _ty and _tz)",
    )


def _values(table: Table, columns: Columns, model: Model, *, in_degrees: bool) -> Array:
    """(T, C) [rad or m] of all free coordinates, the model's default where there is no column."""
    values = np.empty((len(table.time), len(free_coordinates(model))))
    for i, name in enumerate(free_coordinates(model)):
        coordinate = model.coordinates[name]
        if name not in columns.labels:
            values[:, i] = coordinate.default
            continue
        column = table.column(columns.labels[name])
        angle = coordinate.motion != "translational"
        values[:, i] = np.radians(column) if in_degrees and angle else column
    return values


def _rate(table: Table) -> float:
    return float((len(table.time) - 1) / (table.time[-1] - table.time[0]))
