"""Changes of a trial that keep physics true: slower and faster, a noisy or slower sensor, joints without markers.

All functions give a new `Trial`. What is random takes its seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from gaitdynamics.body.dynamics import total_wrench
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import LUMBAR, SIDES, canonical
from gaitdynamics.features.foot_frame import OUTLINE, foot_frame
from gaitdynamics.features.heading import face_forward, from_heading
from gaitdynamics.features.targets import CONTACT_FORCE
from gaitdynamics.posture import hold_torso_upright
from gaitdynamics.signals import differentiate, low_pass, resample
from gaitdynamics.trial import FootForces, Mask, Surface, Trial

Array = NDArray[np.float64]

#: Bandwidth [Hz] of the accelerations from which the change of the forces is computed; it serves walking and running.
BANDWIDTH: Final = 10.0

#: Share of the new rate at which a recording is low-passed before it is sampled more slowly.
_ANTI_ALIAS: Final = 0.45

#: Waves of which the noise of a joint is made; their sum is then close to normally distributed.
_WAVES: Final = 16


def newton_wrench(trial: Trial, cutoff: float | None = BANDWIDTH) -> tuple[Array, Array, Array, Array]:
    """Find what the motion demands of the ground, the part against gravity and that for accelerations apart.

    Parameters
    ----------
    trial
        Of at least six frames.
    cutoff
        Of the low-pass before differentiating [Hz]; None differentiates the motion as it is.

    Returns
    -------
    gravity_force, gravity_moment, inertial_force, inertial_moment
        (T, 3) each, [N] and [N.m] about the origin of the ground frame. Their sums are the whole wrench.
    """
    skeleton = Skeleton(trial.subject.model)
    values, yaw = face_forward(trial.subject.model, trial.coordinates, trial.values)
    q, qd, qdd = (torch.from_numpy(x) for x in differentiate(values, trial.rate, cutoff))
    scale = trial.subject.mass_kg / trial.subject.model.mass
    zero = torch.zeros_like(q)
    at_rest = total_wrench(skeleton, skeleton.motion(q, zero, zero))
    moving = total_wrench(skeleton, skeleton.motion(q, qd, qdd))
    parts = (*at_rest, *(m - r for m, r in zip(moving, at_rest, strict=True)))
    back = np.full(len(trial.time), yaw)
    force_0, moment_0, force, moment = (from_heading(scale * part.numpy(), back) for part in parts)
    return force_0, moment_0, force, moment


def change_tempo(trial: Trial, factor: float, *, cutoff: float | None = BANDWIDTH) -> Trial:
    """Let the same movement take `factor` times as long, with the forces that it then takes.

    Poses stay, velocities divide by the factor and accelerations by its square. Hence the wrench that the ground must
    exert is W = W_gravity + W_inertial / factor^2, and the measured one changes by (1 / factor^2 - 1) W_inertial:

    - the change of the force goes to the feet in proportion to their measured vertical forces, so that the sum is that
      of Newton's law plus whatever the measurement missed it by before;
    - the centres of pressure of both feet shift by one horizontal vector, so that the moments about the horizontal
      axes are right, with one foot down exactly at its centre of pressure;
    - the free moments, where they were measured, take what is left of the moment about the vertical.

    A belt runs slower by the same factor.

    Parameters
    ----------
    trial
        With measured forces on the rows of its motion.
    factor
        Above one slower, below one faster.
    cutoff
        Of the low-pass before differentiating [Hz], on the clock of the recording; None for none.

    Returns
    -------
    Trial
        With the same frames on a longer or shorter clock, thus at another rate. Its forces are marked not valid
        where they cannot be: see below.

    Raises
    ------
    ValueError
        There are no forces on the rows of the motion, or the factor is not positive.

    Notes
    -----
    Not in the paper. Limits:

    - A person who really walked slower would also move otherwise; only factors near one (0.9 to 1.1) are lifelike.
    - What no ground can do is marked not valid in both feet: a force in the air (nobody falls more slowly, so no flight
      phase can be stretched), a foot that would have to pull, a centre of pressure that would leave the outline of its
      foot.
    - In double support the sum is right; the share of each foot is as measured, although people would change it.
    - Where one foot's measurement is not valid the total is not known; such frames become not valid.
    - The sole may slip: whether the floor is rough enough for the new forces is not looked at.
    """
    forces = trial.forces
    if forces is None or len(forces.time) != len(trial.time) or not np.allclose(forces.time, trial.time):
        raise ValueError("forces on the rows of the motion are needed")
    if not factor > 0.0:
        raise ValueError("the factor must be positive")
    if factor == 1.0:
        return trial
    _, _, inertial_force, inertial_moment = newton_wrench(trial, cutoff)
    gain = 1.0 / factor**2 - 1.0
    time = trial.time[0] + factor * (trial.time - trial.time[0])
    changed, possible = _changed_forces(forces, gain * inertial_force, gain * inertial_moment)
    possible &= _under_feet(trial, changed) & (_vertical(forces).sum(1) > CONTACT_FORCE)
    valid = np.ones((len(time), 2), dtype=np.bool_) if forces.valid is None else forces.valid
    whole = valid.all(1) & possible
    surface = Surface(trial.surface.kind, trial.surface.belt_speed / factor)
    kept = replace(changed, time=time, valid=np.repeat(whole[:, None], 2, axis=1))
    return replace(trial, time=time, surface=surface, forces=kept)


def _vertical(forces: FootForces) -> Array:
    return np.maximum(forces.force[..., 1], 0.0)


def _changed_forces(forces: FootForces, force: Array, moment: Array) -> tuple[FootForces, Mask]:
    """Add a wrench (T, 3), (T, 3) to measured forces; also tells (T,) where no foot has to pull."""
    load = _vertical(forces)
    whole = load.sum(1, keepdims=True)
    share = np.divide(load, whole, out=np.zeros_like(load), where=whole > 0.0)
    new = forces.force + share[..., None] * force[:, None]
    # Moments of the old forces about the origin plus the change is what the new forces must exert.
    wanted = np.cross(forces.cop, forces.force).sum(1) + moment
    lacking = wanted - np.cross(forces.cop, new).sum(1)
    vertical = new[..., 1].sum(1)
    firm = vertical > CONTACT_FORCE
    safe = np.where(firm, vertical, 1.0)
    # A shift (dx, 0, dz) of every point of application changes M_x by -dz F_y and M_z by dx F_y.
    shift = np.stack([lacking[:, 2] / safe, np.zeros_like(safe), -lacking[:, 0] / safe], axis=-1)
    down = (new[..., 1] > 0.0) & (load > 0.0)
    cop = np.where(down[..., None], forces.cop + np.where(firm[:, None], shift, 0.0)[:, None], 0.0)
    free = forces.free_moment
    if free is not None:
        left = wanted[:, 1] - np.cross(cop, new).sum(1)[:, 1]
        free = np.where(down, free + share * left[:, None], 0.0)
    pulls = (new[..., 1] < 0.0) & (load > 0.0)
    new = np.where(down[..., None], new, 0.0)
    return FootForces(forces.time, new, cop, free, forces.valid), firm & ~pulls.any(1)


def _under_feet(trial: Trial, forces: FootForces) -> Mask:
    """Tell (T,) where every centre of pressure lies under its foot."""
    skeleton = Skeleton(trial.subject.model)
    bodies = [skeleton.body_index(f"{body}_{side}") for body in ("calcn", "toes") for side in SIDES]
    position = skeleton.pose(torch.from_numpy(trial.values)).position[:, bodies].numpy()
    # Heights play no part in foot coordinates.
    along, across = foot_frame(position[:, :2], position[:, 2:], 0.0).from_ground(forces.cop)
    inside = (along >= OUTLINE[0][0]) & (along <= OUTLINE[0][1])
    inside &= (across >= OUTLINE[1][0]) & (across <= OUTLINE[1][1])
    unloaded = forces.force[..., 1] <= CONTACT_FORCE
    return np.asarray((inside | unloaded).all(1))


def add_joint_noise(trial: Trial, degrees: float, *, cutoff: float, seed: int) -> Trial:
    """Add smooth noise to every angle that was measured, as the drift of markers on skin does.

    Parameters
    ----------
    trial
        Its forces stay: the noise is one of the measurement of the motion, not of the motion.
    degrees
        Root mean square of the noise of each angle [deg].
    cutoff
        The noise has no content above this frequency [Hz]. Accelerations grow with its square: 1 degree at 2 Hz
        is up to 2.8 rad/s^2.
    seed
        Of the random numbers.

    Notes
    -----
    Not in the paper. A sum of waves of random frequency and phase: band-limited at any rate, without ends of a filter,
    and the same over time for another rate of the same trial.
    """
    rng = np.random.default_rng(seed)
    model = trial.subject.model
    noise = np.zeros_like(trial.values)
    elapsed = trial.time - trial.time[0]
    for index, name in enumerate(trial.coordinates):
        frequency = rng.uniform(0.0, cutoff, _WAVES)
        phase = rng.uniform(0.0, 2.0 * np.pi, _WAVES)
        if model.coordinates[name].motion == "translational" or trial.missing[index]:
            continue
        waves = np.cos(2.0 * np.pi * frequency * elapsed[:, None] + phase)
        noise[:, index] = np.radians(degrees) * np.sqrt(2.0 / _WAVES) * waves.sum(1)
    return trial.with_values(trial.values + noise)


def change_rate(trial: Trial, rate: float) -> Trial:
    """Sample the motion at another rate, as another camera would.

    Parameters
    ----------
    trial
        Its forces keep their own clock.
    rate
        New sampling rate [Hz].

    Returns
    -------
    Trial
        From the first frame on; the last one lies within one new step of the old end. What a lower rate cannot carry
        is removed first.

    Notes
    -----
    Not in the paper. Angles that jump by 360 degrees are unwrapped.
    """
    frames = int(np.floor((trial.time[-1] - trial.time[0]) * rate + 1e-6)) + 1
    time = trial.time[0] + np.arange(frames) / rate
    values = trial.values.copy()
    model = trial.subject.model
    turning = [i for i, name in enumerate(trial.coordinates) if model.coordinates[name].motion == "rotational"]
    values[:, turning] = np.unwrap(values[:, turning], axis=0)
    if rate < trial.rate:
        values = low_pass(values, trial.rate, _ANTI_ALIAS * rate)
    return replace(trial, time=time, values=resample(values, trial.time, time))


def without_coordinates(trial: Trial, names: Sequence[str]) -> Trial:
    """Forget coordinates, as if no marker had told them.

    Parameters
    ----------
    trial
        Its forces stay.
    names
        By any known spelling. With one lumbar angle all three are forgotten.

    Returns
    -------
    Trial
        With the same substitutes that reading a motion without them gives: the model's default, and lumbar angles that
        hold the torso upright.

    Raises
    ------
    KeyError
        The trial does not have a coordinate of that name.
    """
    places = {canonical(name): index for index, name in enumerate(trial.coordinates)}
    gone = {places[canonical(name)] for name in names}
    lumbar = {places[name] for name in LUMBAR if name in places}
    if lumbar & gone:
        gone |= lumbar
    values, missing = trial.values.copy(), trial.missing.copy()
    for index in gone:
        values[:, index] = trial.subject.model.coordinates[trial.coordinates[index]].default
        missing[index] = True
    if lumbar & gone:
        angles = {name: values[:, index] for index, name in enumerate(trial.coordinates)}
        for name, column in (hold_torso_upright(trial.subject.model, angles, trial.rate) or {}).items():
            values[:, trial.coordinates.index(name)] = column
    return replace(trial, values=values, missing=missing)
