"""From a trial of a .b3d file to a `Trial`: skeleton, coordinates, forces of both feet, and which of them to trust."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import FOOT_BODIES, REQUIRED, SIDES, canonical
from gaitdynamics.errors import FileFormatError, MissingCoordinatesError, UserInputError
from gaitdynamics.files.b3d import B3dFile, B3dTrial
from gaitdynamics.files.coordinate_labels import free_coordinates
from gaitdynamics.files.forces import check_force_conventions
from gaitdynamics.files.motion import UNSTATED_SURFACE
from gaitdynamics.files.osim import read_osim_text
from gaitdynamics.files.plausibility import check_height, check_knees, check_mass, check_pelvis, require_feet
from gaitdynamics.files.substitutes import substitute_missing
from gaitdynamics.model import Model
from gaitdynamics.trial import FootForces, Mask, Subject, Surface, Trial

Array = NDArray[np.float64]

#: More changes between 'missing' and 'not missing' than this come from a known fault of AddBiomechanics.
MOST_MISSING_RUNS: Final = 30

#: Fewer frames hold no movement.
_FEWEST_FRAMES: Final = 10

_FIELDS: Final = (
    *("pos", "ground_contact_force", "ground_contact_center_of_pressure", "ground_contact_torque"),
    "ground_contact_wrench",
)


@dataclass(frozen=True)
class B3dReading:
    """What to take from a .b3d file, and what to believe.

    Attributes
    ----------
    which
        Index of the processing pass. The first one, of kinematics alone, is what the paper reads: later passes bend
        the motion so that it fits the forces.
    missing
        'stated': a force is valid where the file does not mark it as missing. 'published': the same, but where the
        marks of a trial change more than 30 times all its frames count as valid, as in the published code, which so
        avoids a fault of AddBiomechanics.
    cop
        'pass': points of application of the processing pass. 'plates': those of the raw force plates, for studies in
        which those of the pass are broken (Carter2023).
    """

    which: int = 0
    missing: Literal["stated", "published"] = "stated"
    cop: Literal["pass", "plates"] = "pass"


def read_b3d_model(file: B3dFile, which: int = 0) -> Model:
    """Read the skeleton of a processing pass.

    Raises
    ------
    FileFormatError
        There is none, it cannot be read, or it has not the number of coordinates that the frames have.
    """
    model = read_osim_text(file.model_text(which), file.path)
    require_feet(model, file.path)
    free = free_coordinates(model)
    if len(free) != file.coordinate_count:
        raise FileFormatError(
            f"its frames have {file.coordinate_count} coordinates, its model has {len(free)}: {', '.join(free)}",
            file=file.path,
            remedy="export the file again; which number is which coordinate cannot be told",
        )
    return model


def read_b3d_trial(
    file: B3dFile,
    index: int,
    *,
    model: Model | None = None,
    surface: Surface | None = None,
    reading: B3dReading | None = None,
) -> Trial:
    """Read one trial.

    Parameters
    ----------
    file
        The opened file.
    index
        Of the trial.
    model
        From `read_b3d_model`, where it was read already.
    surface
        What was walked on, which the format does not tell. By default the floor, with a warning.
    reading
        What to take and to believe.

    Returns
    -------
    Trial
        On a clock that starts at zero. Coordinates without markers are `missing`: the trunk is then held upright,
        others keep what is in the file. `forces` are those on `calcn_r` and `calcn_l`, None where these are no contact
        bodies; frames in which another body is in contact too are not valid.

    Raises
    ------
    FileFormatError
        A frame cannot be read, holds coordinates that are no numbers, or the trial has no such pass.
    ConventionError
        The numbers cannot be metres, radians and newtons in a frame with Y up.
    MissingCoordinatesError
        A coordinate of the pelvis, hip, knee or ankle was not observed.
    UserInputError
        The person's mass or height is none, or the trial is too short, or lacks the plates that are asked for.

    Notes
    -----
    Differences from the published code: the rate is that of the file's time step (there it is cut to whole hertz), and
    frames that are marked as missing stay so, however often the marks change, unless `reading` says otherwise.
    """
    reading = reading or B3dReading()
    of = file.trials[index]
    if of.frames < _FEWEST_FRAMES:
        raise UserInputError(
            f"trial '{of.name}' has {of.frames} frames, at least {_FEWEST_FRAMES} are needed", file=file.path
        )
    model = model or read_b3d_model(file, reading.which)
    subject, notes = _subject(file, model)
    values = file.read(index, _FIELDS, which=reading.which)
    coordinates = free_coordinates(model)
    q = values["pos"]
    _check_coordinates(file, of, q, coordinates, model, subject.height_m)
    missing = _unobserved(file, of, reading.which, coordinates)
    notes += substitute_missing(
        model, coordinates, q, missing, 1.0 / of.timestep, resting="not seen by markers, the values of the file stand"
    )
    time: Array = np.arange(of.frames, dtype=np.float64) * of.timestep
    forces, force_notes = _forces(file, of, time, values, reading)
    if surface is None:
        surface = Surface()
        notes.append(UNSTATED_SURFACE)
    return Trial(
        name=of.name,
        time=time,
        coordinates=coordinates,
        values=q,
        missing=missing,
        subject=subject,
        surface=surface,
        forces=forces,
        provenance={
            "b3d_file": file.path.name,
            "b3d_path": str(file.path.absolute()),
            "b3d_trial": index,
            "b3d_pass": of.passes[reading.which],
            "contact_bodies": list(file.contact_bodies),
            "original_name": of.original_name,
            "model": model.name,
            "rotation_unit": "radians",
        },
        warnings=(*model.warnings, *file.warnings, *notes, *force_notes),
    )


def _subject(file: B3dFile, model: Model) -> tuple[Subject, list[str]]:
    notes = []
    mass = file.mass_kg
    if mass is None:
        mass = model.mass
        notes.append(f"the file does not tell the body mass: that of the model, {mass:.1f} kg, was taken")
    check_mass(mass, "the body mass", file.path)
    if file.height_m is not None:
        check_height(file.height_m)
    return Subject(model, mass, file.height_m), notes


def _check_coordinates(
    file: B3dFile, of: B3dTrial, q: Array, coordinates: tuple[str, ...], model: Model, height_m: float | None
) -> None:
    if q.shape[1] != len(coordinates):
        raise FileFormatError(
            f"trial '{of.name}' has {q.shape[1]} coordinates, the header says {len(coordinates)}", file=file.path
        )
    bad = np.argwhere(~np.isfinite(q))
    if bad.size:
        frame, column = bad[0]
        raise FileFormatError(
            f"{q[frame, column]} in frame {frame + 1} of trial '{of.name}'",
            file=file.path,
            column=coordinates[column],
            remedy="leave the trial out, or process it again",
        )
    found = {canonical(name): q[:, i] for i, name in enumerate(coordinates)}
    check_pelvis(found, height_m, file.path)
    check_knees(found, model, {canonical(name): name for name in coordinates}, file.path)


def _unobserved(file: B3dFile, of: B3dTrial, which: int, coordinates: tuple[str, ...]) -> NDArray[np.bool_]:
    """Mark the coordinates that no marker tells of; none where the file does not say."""
    observed = of.observed[which]
    missing = ~observed if len(observed) == len(coordinates) else np.zeros(len(coordinates), dtype=np.bool_)
    lacking = [name for name, gone in zip(coordinates, missing, strict=True) if gone and canonical(name) in REQUIRED]
    if lacking:
        raise MissingCoordinatesError(lacking, (), file.path, remedy=f"leave trial '{of.name}' out")
    return missing


def _forces(
    file: B3dFile, of: B3dTrial, time: Array, values: dict[str, Array], reading: B3dReading
) -> tuple[FootForces | None, list[str]]:
    bodies = file.contact_bodies
    if not all(body in bodies for body in FOOT_BODIES.values()):
        return None, [f"no forces: the bodies in contact are {', '.join(bodies) or 'none'}, not those of both feet"]
    notes: list[str] = []
    parts = [values[name] for name in _FIELDS[1:4]]
    wrench = values["ground_contact_wrench"]
    if wrench.shape[1] == 6 * len(bodies) and wrench.any() and not parts[0].any():
        force, cop, torque = _from_wrench(wrench.reshape(of.frames, len(bodies), 6))
        notes.append("forces were taken from the wrenches of the contact bodies, their own fields are empty")
    elif not any(part.shape[1] for part in parts):
        return None, ["no forces are in the file"]
    elif any(part.shape[1] != 3 * len(bodies) for part in parts):
        raise FileFormatError(
            f"trial '{of.name}' has {parts[0].shape[1]} values of contact force for {len(bodies)} bodies",
            file=file.path,
        )
    else:
        force, cop, torque = (part.reshape(of.frames, len(bodies), 3) for part in parts)
    feet = [bodies.index(FOOT_BODIES[side]) for side in SIDES]
    others = [i for i in range(len(bodies)) if i not in feet]
    valid, more = _valid(of, reading.missing)
    notes += more
    if others:
        touched = force[:, others].any(axis=(1, 2))
        valid[touched] = False
        names = ", ".join(bodies[i] for i in others)
        notes.append(
            f"in {touched.sum()} frames there are forces on {names} too: those of the feet are not valid there"
        )
    force, cop, moment = force[:, feet], cop[:, feet], torque[:, feet, 1]
    if reading.cop == "plates":
        cop = _cop_of_plates(file, of)
    return _clean(FootForces(time, force, cop, moment, valid), file.path, notes), notes


def _from_wrench(wrench: Array) -> tuple[Array, Array, Array]:
    """Find force, point on the floor (y = 0) and free torque of wrenches (..., 6): moment about the origin, force."""
    moment, force = wrench[..., :3], wrench[..., 3:]
    up = np.where(force[..., 1] > 0.0, force[..., 1], np.inf)
    cop = np.stack([moment[..., 2] / up, np.zeros_like(up), -moment[..., 0] / up], axis=-1)
    free = np.zeros_like(moment)
    free[..., 1] = np.where(np.isfinite(up), moment[..., 1] - np.cross(cop, force)[..., 1], 0.0)
    return force, cop, free


def _valid(of: B3dTrial, rule: Literal["stated", "published"]) -> tuple[Mask, list[str]]:
    """Tell (T, 2) where forces can be trusted; the format has one mark per frame for both feet."""
    if not len(of.missing_reason):
        return np.ones((of.frames, 2), dtype=np.bool_), ["the file does not say where forces are missing"]
    missing = of.missing_reason != 0
    runs = 1 + np.count_nonzero(np.diff(missing))
    notes = []
    if runs > MOST_MISSING_RUNS:
        taken = "all frames were taken as valid" if rule == "published" else "they were believed"
        notes.append(f"the marks of missing forces change {runs - 1} times: {taken}")
        if rule == "published":
            missing = np.zeros_like(missing)
    return np.repeat(~missing[:, None], len(SIDES), axis=1), notes


def _cop_of_plates(file: B3dFile, of: B3dTrial) -> Array:
    """Points of application (T, 2, 3) of the raw plates: of two, the second is under the right foot."""
    if of.plates not in (1, 2):
        raise UserInputError(
            f"trial '{of.name}' has {of.plates} force plates: which foot was on which cannot be told",
            file=file.path,
            remedy="leave the trial out",
        )
    cop, _, _ = file.read_plates(of.index)
    return cop[:, [1, 0]] if of.plates == 2 else cop[:, [0, 0]]


def _clean(forces: FootForces, path: Path, notes: list[str]) -> FootForces:
    """Empty what is no number, put the point of no force at zero, and check units and axes."""
    assert forces.free_moment is not None
    assert forces.valid is not None
    broken = ~(np.isfinite(forces.force).all(-1) & np.isfinite(forces.cop).all(-1) & np.isfinite(forces.free_moment))
    swing = broken | np.all(forces.force == 0.0, axis=-1)
    if broken.any():
        notes.append(f"{broken.any(1).sum()} frames with forces that are no numbers are not valid")
    clean = replace(
        forces,
        force=np.where(broken[..., None], 0.0, forces.force),
        cop=np.where(swing[..., None], 0.0, forces.cop),
        free_moment=np.where(swing, 0.0, forces.free_moment),
        valid=forces.valid & ~broken,
    )
    check_force_conventions(clean, path)
    return clean
