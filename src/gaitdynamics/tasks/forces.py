"""The main job: ground reaction forces and centres of pressure of both feet from motion alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import torch

from gaitdynamics.columns import LUMBAR, REQUIRED, canonical
from gaitdynamics.errors import MissingCoordinatesError, UserInputError
from gaitdynamics.features.body_state import CUTOFFS, BodyState, body_state
from gaitdynamics.features.contact_rule import contact_by_rule
from gaitdynamics.features.floor import BeltEstimate, estimate_belt_speed, estimate_floor
from gaitdynamics.features.physics_split import split_by_rule
from gaitdynamics.features.published.trial import forces_of_columns
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.files.motion import SHORTEST_MOTION
from gaitdynamics.inference.checkpoint import MODEL_FILE, RefinerDescription, load_refiner
from gaitdynamics.inference.completion import Completion
from gaitdynamics.inference.motion_network import MotionNetwork, load_motion_network, motion_network
from gaitdynamics.inference.published_checkpoint import PublishedWeights, is_published_pair, load_published
from gaitdynamics.inference.published_pair import refine_columns
from gaitdynamics.inference.refinement import apply_contact, calibrate_feet, refine
from gaitdynamics.inference.samples import complete_with_samples
from gaitdynamics.networks.refiner import Refiner
from gaitdynamics.tasks.results import ForceEstimate, WeightsInfo
from gaitdynamics.trial import FootForces, Mask, Surface, Trial

#: A declared speed of the surface is questioned when stance feet disagree with it by more than this [m/s] ...
_SPEED_DOUBT: Final = 0.15
#: ... and by more than this many standard errors.
_SPEED_ERRORS: Final = 4.0

#: How often a belt speed found from the feet is refined; a third round changes it by less than 0.02 m/s in walking
#: and slow running.
_BELT_ROUNDS: Final = 2

#: Beyond this speed [m/s] people run.
_RUNNING: Final = 2.0

#: Which of Newton's totals is reported: index into `body_state.CUTOFFS`.
_BAND: Final = CUTOFFS.index(10.0)


def estimate_forces(
    trial: Trial, *, weights: str | Path | None = None, seed: int = 0, samples: int = 1
) -> ForceEstimate:
    """Estimate forces and centres of pressure under both feet.

    Parameters
    ----------
    trial
        A motion of any length from 0.3 s and any rate. Where coordinates are missing that no substitute can stand for,
        or have gaps in time, the motion is completed first; with a published pair wherever any is missing.
    weights
        Name of packaged weights, or folder of a checkpoint or of a pair; None takes those that come with the package. A
        pair completes motions by its own diffusion network, others by the packaged one.
    seed
        Seed of the random numbers. Only completing a motion draws any.
    samples
        How many completions to draw. The estimate is that of the one in their middle; how they spread adds to the
        standard deviations of the forces.

    Returns
    -------
    ForceEstimate
        On the trial's own clock, of the completed motion.

    Raises
    ------
    UserInputError
        The trial is too short, too little is known to complete it from, or the weights do not exist.

    Notes
    -----
    Differences from the paper: forces are not guessed from angles alone. Newton's law gives their sum; a network
    learns how it divides between the feet and what rigid-body physics misses.
    """
    torch.manual_seed(seed)
    duration = float(trial.time[-1] - trial.time[0])
    if duration < SHORTEST_MOTION - 1e-6:
        raise UserInputError(
            f"{trial.name} lasts {duration:.2f} s", remedy=f"give a motion of at least {SHORTEST_MOTION} s"
        )
    pair = _loaded_pair(str(weights)) if is_pair(weights) else None
    if pair is None and not needs_completion(trial):
        return _estimate(trial, None, weights, seed)
    network = motion_network(pair.denoiser, pair.description) if pair else packaged_motion_network()
    completed = complete_with_samples(trial, network, seed=seed, samples=samples)
    motions = (completed.middle, *completed.samples)
    middle, *others = (_estimate(motion.trial, motion if pair else None, weights, seed) for motion in motions)
    generator = WeightsInfo(network.name, network.sha256, network.description)
    return replace(
        middle,
        forces=_with_spread(middle.forces, [o.forces for o in others]),
        samples=len(others) or 1,
        spread=completed.spread if others else None,
        generator=generator if completed.kinetics is not None else None,
    )


def estimate_completed(trial: Trial, *, weights: str | Path | None = None) -> ForceEstimate:
    """Estimate the forces of a motion in which all that was absent has been generated already, without another draw.

    Raises
    ------
    MissingCoordinatesError
        Something that forces cannot do without is still absent.
    """
    return _estimate(trial, None, weights, 0)


def _estimate(trial: Trial, completion: Completion | None, weights: str | Path | None, seed: int) -> ForceEstimate:
    """Estimate the forces of a motion that lacks nothing any more; with a pair, of a `completion` of it."""
    _refuse_gaps(trial)
    # All that follows belongs to one body in one motion, the completed one.
    state = body_state(trial)
    floor = estimate_floor(state)
    if completion is not None:
        forces, contact, used, notes = _by_published_pair(_loaded_pair(str(weights)), completion, floor.height)
    else:
        network, description = _loaded(None if weights is None else str(weights))
        refined = calibrate_feet(refine(network, state), state, floor.height)
        forces, contact = apply_contact(refined, state, trial.time, floor.height)
        used = WeightsInfo(description.name, description.weights_sha256, description.description)
        notes = ()
    total = np.stack([np.interp(trial.time, state.time, state.force[:, _BAND, k]) for k in range(3)], axis=-1)
    velocity = np.stack([np.interp(trial.time, state.time, state.com_velocity[:, k]) for k in range(3)], axis=-1)
    return ForceEstimate(
        trial=trial,
        forces=forces,
        contact=contact,
        floor_height=floor.height,
        floor_note=floor.note,
        com_velocity=velocity,
        physics_force=total,
        weights=used,
        warnings=(*trial.warnings, *notes, *_doubts(trial, state, contact)),
        seed=seed,
    )


def _with_spread(forces: FootForces, others: Sequence[FootForces]) -> FootForces:
    """Add to the variance of the forces how they vary over samples of the motion."""
    if not others:
        return forces
    force = np.std([other.force for other in others], axis=0, ddof=1)
    # A point of application counts where there is one.
    down = np.stack([other.force[..., 1] > 0.0 for other in others])[..., None]
    count = np.maximum(down.sum(0), 1)
    points = np.stack([other.cop for other in others])
    mean = np.where(down, points, 0.0).sum(0) / count
    cop = np.sqrt(np.where(down, (points - mean) ** 2, 0.0).sum(0) / np.maximum(count - 1, 1))
    before = (0.0 if sd is None else sd for sd in (forces.force_sd, forces.cop_sd))
    force_sd, cop_sd = (np.hypot(old, new) for old, new in zip(before, (force, cop), strict=True))
    return replace(forces, force_sd=force_sd, cop_sd=cop_sd)


def needs_completion(trial: Trial) -> bool:
    """Tell whether a motion lacks what the foot-view network needs and no substitute can stand for.

    That is a coordinate of `columns.REQUIRED`, any time within a gap, or a part of the trunk's angles: a torso of which
    nothing is known is held upright instead.
    """
    lumbar = [gone for name, gone in zip(trial.coordinates, trial.missing, strict=True) if canonical(name) in LUMBAR]
    return bool(_gaps(trial)) or trial.gaps is not None or (any(lumbar) and not all(lumbar))


@lru_cache(maxsize=4)
def _loaded(weights: str | None) -> tuple[Refiner, RefinerDescription]:
    """Load once per process: a batch of motions shares one network."""
    return load_refiner(weights)


@lru_cache(maxsize=2)
def _loaded_pair(folder: str) -> PublishedWeights:
    return load_published(Path(folder))


@lru_cache(maxsize=2)
def packaged_motion_network() -> MotionNetwork:
    """Load the diffusion network that comes with the package, once per process."""
    return load_motion_network()


def is_pair(weights: str | Path | None) -> bool:
    """Tell whether weights are a pair in the published layout, which completes motions by a network of its own."""
    return weights is not None and is_published_pair(Path(weights))


def weights_identity(weights: str | Path | None) -> str:
    """Give the SHA-256 that tells weights apart: that of the parameters, or of the description of a pair.

    Raises
    ------
    UserInputError
        No such weights.
    """
    if is_pair(weights):
        return file_sha256(Path(str(weights)) / MODEL_FILE)
    return _loaded(None if weights is None else str(weights))[1].weights_sha256


def _by_published_pair(
    pair: PublishedWeights, motion: Completion, floor_height: float
) -> tuple[FootForces, Mask, WeightsInfo, tuple[str, ...]]:
    """Estimate with the published refinement network; the centre of pressure belongs to the feet of `motion`."""
    kinetics = refine_columns(pair, motion.columns.values, motion.filled)
    forces = forces_of_columns(kinetics, motion.columns, motion.trial, floor_height=floor_height)
    description = pair.description
    used = WeightsInfo(description.name, description.refinement.weights_sha256, description.description)
    return forces, forces.force[..., 1] > 0.0, used, description.notes


def _gaps(trial: Trial) -> list[str]:
    """Name the coordinates without which nothing can be estimated and that were neither measured nor generated."""
    return [
        name
        for name, gone in zip(trial.coordinates, trial.missing, strict=True)
        if gone and canonical(name) in REQUIRED and name not in trial.generated
    ]


def _refuse_gaps(trial: Trial) -> None:
    gaps = _gaps(trial)
    if gaps:
        raise MissingCoordinatesError(gaps, ())


def physics_forces(trial: Trial) -> FootForces:
    """Estimate forces by Newton's law and a simple rule for the share of each foot; the learning-free baseline.

    Returns
    -------
    FootForces
        On the trial's own clock.
    """
    _refuse_gaps(trial)
    state = body_state(trial)
    forces = split_by_rule(state, estimate_floor(state).height)
    if len(forces.time) == len(trial.time) and np.allclose(forces.time, trial.time, atol=1e-6):
        return replace(forces, time=trial.time)
    # The nearest sample: a mean of a foot's point and the zero of its swing would be nowhere.
    nearest = np.clip(np.round(np.interp(trial.time, state.time, np.arange(len(state.time)))).astype(int), 0, None)
    return FootForces(trial.time, forces.force[nearest], forces.cop[nearest])


def estimate_treadmill(trial: Trial) -> tuple[Trial, BeltEstimate]:
    """Find the belt speed from the feet, for a trial that was walked on a treadmill of unknown speed.

    Returns
    -------
    trial
        The same motion on a belt of the estimated speed, with a warning that states it and its uncertainty.
    estimate
        The speed.

    Raises
    ------
    UserInputError
        No stance phase was found, the feet move forward in stance, or coordinates are missing on which the feet depend.
    """
    gaps = _gaps(trial)
    if gaps:
        raise UserInputError(
            f"{trial.name}: the belt speed cannot be told from the feet without {', '.join(gaps)}",
            remedy="give the speed in m/s instead of 'auto'",
        )
    state = body_state(replace(trial, surface=Surface("overground")))
    estimate = estimate_belt_speed(state, contact_by_rule(state, still=False), 0.0)
    if estimate.stances == 0:
        raise UserInputError(
            f"{trial.name}: no foot stays on the ground long enough to tell the belt speed",
            remedy="give the speed in m/s instead of 'auto'",
        )
    if estimate.speed < -_SPEED_DOUBT:
        raise UserInputError(
            f"{trial.name}: the feet in stance move forward, at {-estimate.speed:.2f} m/s: no belt under a person who "
            "walks forward does that",
            remedy="give --overground if it was a floor; walking backward on a treadmill cannot be handled",
        )
    speed = max(0.0, estimate.speed)
    # Seen from the floor every foot rides with the belt; only seen from a belt of about the right speed does the part
    # of the foot that stands, heel or toe, show as the slower one, and a foot that swings low as one that moves.
    for _ in range(_BELT_ROUNDS):
        state = body_state(replace(trial, surface=Surface("treadmill", speed)))
        refined = estimate_belt_speed(state, contact_by_rule(state), speed)
        if refined.stances == 0:
            break
        estimate, speed = refined, max(0.0, refined.speed)
    note = f"belt speed estimated from the feet: {speed:.3f} m/s, standard error {estimate.standard_error:.3f} m/s"
    if speed > _RUNNING:
        note += "; at such speeds feet roll and read it too slow, so declare it where it is known"
    surface = Surface("treadmill", speed)
    return replace(trial, surface=surface, warnings=(*trial.warnings, note)), estimate


def _doubts(trial: Trial, state: BodyState, contact: Mask) -> list[str]:
    """List what a careful reader should know about this estimate."""
    notes = []
    nearest = np.clip(np.round(np.interp(state.time, trial.time, np.arange(len(trial.time)))).astype(int), 0, None)
    belt = estimate_belt_speed(state, contact[nearest], trial.surface.belt_speed)
    error = belt.speed - trial.surface.belt_speed
    certain = not np.isfinite(belt.standard_error) or abs(error) > _SPEED_ERRORS * belt.standard_error
    if belt.stances and abs(error) > _SPEED_DOUBT and certain:
        declared = "the floor" if trial.surface.kind == "overground" else f"{trial.surface.belt_speed:.2f} m/s"
        notes.append(
            f"stance feet move as on a belt of {belt.speed:.2f} m/s (standard error {belt.standard_error:.2f}), "
            f"declared was {declared}: check --overground / --treadmill"
        )
    turn = float(np.degrees(np.ptp(state.heading)))
    if turn > 45.0:
        notes.append(f"the walking direction changes by {turn:.0f} degrees: little was learnt from turning")
    if not contact.any():
        notes.append("no foot was found on the ground")
    elif not contact.any(0).all():
        notes.append("only one foot was found on the ground: is this walking or running?")
    vertical = float(state.force[:, _BAND, 1].mean() / state.body_weight)
    if trial.time[-1] - trial.time[0] > 2.0 and abs(vertical - 1.0) > 0.1:
        notes.append(f"Newton's mean vertical force is {vertical:.2f} body weights: is the motion cut or scaled?")
    return notes
