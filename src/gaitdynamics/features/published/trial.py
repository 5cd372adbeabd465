"""Between a `Trial` and the published columns: clock, coordinates of the published skeleton, heading, units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from gaitdynamics.columns import FULL_BODY, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, SIDES, canonical
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.published.clock import linear, model_clock, on_clock
from gaitdynamics.features.published.forces import normalise_forces, restore_forces
from gaitdynamics.features.published.rotations import Alignment, align, find_alignment, unalign
from gaitdynamics.features.published.schema import (
    BALL_JOINTS,
    DROPPED,
    KINETICS,
    PUBLISHED_63,
    RATE,
    columns_of_state,
    state_of_columns,
)
from gaitdynamics.features.published.skeleton import coordinate_signs, foot_origins
from gaitdynamics.features.published.velocity import SHORTEST
from gaitdynamics.trial import FootForces, Trial

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_TRANSLATION: Final = [FULL_BODY.index(name) for name in PELVIS_TRANSLATIONS]
_ROTATIONAL: Final = [i for i, name in enumerate(FULL_BODY) if name not in PELVIS_TRANSLATIONS]
_HORIZONTAL: Final = (PELVIS_TRANSLATIONS[0], PELVIS_TRANSLATIONS[2])
_YAW: Final = PELVIS_ROTATIONS[2]

#: Over a floor, who covers this distance [m] walks to where the path leads; less may be swaying.
_LEAST_WAY: Final = 0.5

#: Up to this sine between the walking direction and an axis of the ground (5 degrees), one horizontal translation is
#: known well enough without the other.
_LEAST_MIXING: Final = 0.087


@dataclass(frozen=True)
class PublishedColumns:
    """A trial in the columns of the published networks, and what is needed to come back.

    Attributes
    ----------
    time
        (N,) [s] at 100 Hz, on the trial's clock.
    values
        (N, 63), not scaled. Kinetic columns are zero where no forces were measured.
    missing
        (63,) True where a column is unknown: a coordinate was not measured, or no forces were. What stands there is a
        substitute, which no network may see.
    kinetics_valid
        (N, 2) where the forces of the right and left foot can be trusted.
    alignment
        How the ground was turned to the walking direction.
    heading
        What told the walking direction: the yaw of the pelvis, or where that was not measured the path of the pelvis
        over the floor, or, where that was not measured or leads nowhere, the convention that X is forward.
    pelvis
        (N, 3) [m] position of the pelvis in the aligned frame, as measured.
    height_m, mass_kg, belt_speed
        By which the columns were normalised [m, kg, m/s].
    """

    time: Array
    values: Array
    missing: Mask
    kinetics_valid: Mask
    alignment: Alignment
    heading: Literal["pelvis", "path", "axis"]
    pelvis: Array
    height_m: float
    mass_kg: float
    belt_speed: float


def columns_of_trial(trial: Trial, *, published: bool = False) -> PublishedColumns:
    """Describe a trial in the 63 columns.

    Parameters
    ----------
    trial
        Any rate; at least 16 frames at 100 Hz. Its model may be of another family: signs are brought to those of the
        published skeleton.
    published
        Resample linearly, zero what is missing, and find the heading as the published code does.

    Raises
    ------
    UserInputError
        The body height is not known, the trial is too short, or a coordinate of the model turns about another axis
        than its namesake of the published skeleton.

    Notes
    -----
    Differences from the published code: rotations are unwrapped, low-passed if the recording is faster, and resampled
    by a cubic spline, up to the last frame; there everything was interpolated linearly without a filter, and the end
    left out. (Kinetic columns are interpolated linearly here too: a spline rings at foot contact.) The walking
    direction follows from the yaw of the pelvis if that was measured, even where tilt or list were not; a substitute of
    the yaw is not used (`PublishedColumns.heading`). Both horizontal velocities are unknown where one translation is
    missing and people do not walk along an axis of the ground. For headings see `rotations.find_alignment`.
    """
    height = _height(trial)
    time = model_clock(trial.time, published=published)
    if len(time) < SHORTEST:
        raise UserInputError(
            f"{trial.name} has {len(time)} frames at {RATE:g} Hz", remedy=f"give a motion of at least {SHORTEST} frames"
        )
    absent = _absent(trial)
    unknown = PUBLISHED_63.unknown(absent)
    kinetics, valid = _kinetics(trial, time, height)
    motion = on_clock(_motion(trial), trial.time, time, turning=_ROTATIONAL, published=published)
    if published:
        motion[:, _zeroed(absent)] = 0.0
    state = np.concatenate([motion, kinetics], axis=1)
    alignment, heading = _heading(state, absent, trial, published=published)
    if not published and abs(np.sin(alignment.turn)) > _LEAST_MIXING and set(absent).intersection(_HORIZONTAL):
        unknown[PUBLISHED_63.indices(_HORIZONTAL)] = True
    aligned = align(state, alignment)
    values, _ = columns_of_state(aligned, height, trial.surface.belt_speed)
    if trial.forces is None:
        unknown[list(PUBLISHED_63.kinetic)] = True
    return PublishedColumns(
        time=time,
        values=values,
        missing=unknown,
        kinetics_valid=valid,
        alignment=alignment,
        heading=heading,
        pelvis=aligned[:, _TRANSLATION],
        height_m=height,
        mass_kg=trial.subject.mass_kg,
        belt_speed=trial.surface.belt_speed,
    )


def trial_of_columns(
    values: Array,
    source: PublishedColumns,
    trial: Trial,
    *,
    keep_measured: bool = True,
    keep_pelvis: bool = True,
    published: bool = False,
) -> Trial:
    """Bring columns back into the trial that they come from, on its own clock.

    Parameters
    ----------
    values
        (N, 63), not scaled: completed or changed columns.
    source
        What `columns_of_trial` gave for the trial.
    trial
        The trial. Its forces are dropped: they need not belong to the new motion.
    keep_measured
        Keep every coordinate that was measured as it is, and take only the others from the columns, also where a
        joint has both.
    keep_pelvis
        Keep the measured path of the pelvis even where the other coordinates are replaced. Set it to False where the
        speed was changed.
    published
        Replace all coordinates, the toes by zero, and integrate the pelvis' path as the published code does.

    Returns
    -------
    Trial
        Coordinates that are not among the 23 of the schema stay as they are, as does `missing`: what stands there is
        still a substitute.
    """
    known_path = keep_pelvis and not source.missing[: len(_TRANSLATION)].any()
    state = state_of_columns(
        values,
        source.height_m,
        source.belt_speed,
        origin=source.pelvis[0],
        pelvis=source.pelvis if known_path and not published else None,
        published=published,
    )
    motion = unalign(state, source.alignment)[:, : len(FULL_BODY)]
    motion[:, _ROTATIONAL] = np.unwrap(motion[:, _ROTATIONAL], axis=0)
    motion = motion * coordinate_signs(trial.subject.model)
    # The columns end up to one frame before the trial does; over that the spline continues.
    spline = make_interp_spline(source.time, motion, k=3, axis=0)
    motion = np.asarray(spline(trial.time))
    filled = set(_absent(trial)) if keep_measured and not published else set(FULL_BODY)
    if not published:
        filled -= set(DROPPED)
    result = trial.values.copy()
    for index, name in enumerate(trial.coordinates):
        if canonical(name) in filled:
            result[:, index] = motion[:, FULL_BODY.index(canonical(name))]
    return replace(trial, values=result, forces=None)


def forces_of_columns(
    values: Array,
    source: PublishedColumns,
    trial: Trial,
    *,
    floor_height: float | None = None,
    published: bool = False,
) -> FootForces:
    """Turn the kinetic columns into forces in the ground frame, on the trial's own clock.

    Parameters
    ----------
    values
        (N, 63), not scaled, or only their 12 kinetic columns.
    source
        What `columns_of_trial` gave for the trial.
    trial
        Gives the feet, to which the centres of pressure are relative.
    floor_height
        Height [m] of the centres of pressure; None takes it from the columns.
    published
        Keep small forces in swing, see `restore_forces`.

    Notes
    -----
    Differences from the published code: centres of pressure refer to the feet of the motion that was put in. There
    they refer to the reconstructed motion, whose pelvis leads by a frame and drifts; give this function the result of
    ``trial_of_columns(..., published=True)`` to have that.
    """
    kinetics = values[:, PUBLISHED_63.kinetic] if values.shape[1] != len(KINETICS) else values
    ground = source.alignment.to_ground(kinetics.reshape(len(kinetics), -1, 3)).reshape(len(kinetics), -1)
    resampled = linear(ground, source.time, trial.time)
    force, cop = restore_forces(
        resampled,
        foot_origins(trial),
        source.mass_kg,
        source.height_m,
        floor_height=floor_height,
        published=published,
    )
    return FootForces(trial.time, force, cop)


def _height(trial: Trial) -> float:
    if trial.subject.height_m is None:
        raise UserInputError(
            f"the body height of {trial.name} is not known, by which velocities are normalised",
            remedy="give the body height in metres",
        )
    return trial.subject.height_m


def _absent(trial: Trial) -> list[str]:
    """Names of the published coordinates that were not measured."""
    there = {canonical(name) for name, gone in zip(trial.coordinates, trial.missing, strict=True) if not gone}
    return [name for name in FULL_BODY if name not in there]


def _lost(absent: list[str]) -> list[str]:
    """Names of the coordinates that the columns do not know: a joint with three rotations is lost as a whole."""
    lost = set(absent)
    for parts in BALL_JOINTS.values():
        if lost.intersection(parts):
            lost.update(parts)
    return [name for name in FULL_BODY if name in lost]


def _heading(
    state: Array, absent: list[str], trial: Trial, *, published: bool
) -> tuple[Alignment, Literal["pelvis", "path", "axis"]]:
    """Find the walking direction from what was measured."""
    if published or _YAW not in absent:
        return find_alignment(state, published=published), "pelvis"
    if trial.surface.kind == "overground" and not set(absent).intersection(_HORIZONTAL):
        path = state[:, _TRANSLATION]
        forward, _, right = path[-1] - path[0]
        if np.hypot(forward, right) > _LEAST_WAY:
            return Alignment(float(np.arctan2(right, forward)), 0.0), "path"
    return Alignment(0.0, 0.0), "axis"


def _zeroed(absent: list[str]) -> list[int]:
    return [FULL_BODY.index(name) for name in _lost(absent)]


def _motion(trial: Trial) -> Array:
    """(T, 23) coordinates of the published skeleton, with its signs; zero for what the model does not have."""
    motion = np.zeros((len(trial.time), len(FULL_BODY)))
    for index, name in enumerate(trial.coordinates):
        if canonical(name) in FULL_BODY:
            motion[:, FULL_BODY.index(canonical(name))] = trial.values[:, index]
    return motion * coordinate_signs(trial.subject.model)


def _kinetics(trial: Trial, time: Array, height: float) -> tuple[Array, Mask]:
    """(N, 12) kinetic columns in the ground frame, and (N, 2) where they can be trusted."""
    forces = trial.forces
    if forces is None:
        return np.zeros((len(time), len(KINETICS))), np.zeros((len(time), len(SIDES)), dtype=bool)
    origins = foot_origins(trial)
    feet = linear(origins.reshape(len(origins), -1), trial.time, forces.time).reshape(-1, 2, 3)
    kinetics = normalise_forces(forces.force, forces.cop, feet, trial.subject.mass_kg, height)
    inside = (time >= forces.time[0] - 0.5 / RATE) & (time <= forces.time[-1] + 0.5 / RATE)
    valid = np.repeat(inside[:, None], len(SIDES), axis=1)
    if forces.valid is not None:
        nearest = np.round(np.interp(time, forces.time, np.arange(len(forces.time)))).astype(int)
        valid &= forces.valid[nearest]
    return linear(kinetics, forces.time, time), valid
