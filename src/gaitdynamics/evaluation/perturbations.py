"""Motions as worse recordings would give them: pure functions from a trial to a trial of the same moments in time.

Measured forces stay as they are, at their own times.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gaitdynamics.body.generic import scaled_generic
from gaitdynamics.columns import FULL_BODY, LUMBAR, canonical
from gaitdynamics.files.coordinate_labels import free_coordinates
from gaitdynamics.posture import hold_torso_upright
from gaitdynamics.signals import low_pass, resample
from gaitdynamics.trial import Array, Trial


class NotApplicableError(Exception):
    """The trial does not have what the perturbation takes away, or lacks a fact that it needs."""


def at_rate(trial: Trial, rate: float) -> Trial:
    """Give the motion as a system of another sampling rate [Hz] would record it.

    Before frames are left out, what the new rate cannot carry is filtered away (at 0.45 of it).
    """
    frames = int(np.floor((trial.time[-1] - trial.time[0]) * rate + 1e-6)) + 1
    time = trial.time[0] + np.arange(frames) / rate
    values = low_pass(trial.values, trial.rate, 0.45 * rate) if rate < trial.rate else trial.values
    return replace(trial, time=time, values=resample(values, trial.time, time), forces=None)


def smoothed(trial: Trial, cutoff: float) -> Trial:
    """Low-pass all coordinates [Hz], with the filter that inverse dynamics uses."""
    return trial.with_values(low_pass(trial.values, trial.rate, cutoff))


def with_noise(trial: Trial, sd_deg: float, *, band: float | None, seed: int) -> Trial:
    """Add normal noise to every measured rotation, of the joints and of the pelvis, independently.

    Parameters
    ----------
    trial
        The motion.
    sd_deg
        Standard deviation of what is added [degrees].
    band
        Cutoff [Hz] at which the noise is low-passed, after which it is scaled to the standard deviation; None for white
        noise up to half the sampling rate.
    seed
        Of the random numbers; with the name of the trial it fixes them.
    """
    generator = np.random.default_rng([seed, *trial.name.encode()])
    noise = generator.standard_normal(trial.values.shape)
    if band is not None:
        # Drawn longer at both ends, so that the filter's own ends are cut off.
        pad = round(trial.rate)
        long = generator.standard_normal((len(noise) + 2 * pad, noise.shape[1]))
        filtered = low_pass(long, trial.rate, band)
        noise = (filtered / filtered.std(axis=0))[pad : pad + len(noise)]
    model = trial.subject.model
    turns = np.array([model.coordinates[name].motion != "translational" for name in trial.coordinates])
    return trial.with_values(trial.values + np.radians(sd_deg) * noise * (turns & ~trial.missing))


def with_mass(trial: Trial, factor: float) -> Trial:
    """State a body mass that is wrong by a factor."""
    return replace(trial, subject=replace(trial.subject, mass_kg=factor * trial.subject.mass_kg))


def on_generic_model(trial: Trial) -> Trial:
    """Put the same angles and pelvis position on a skeleton scaled from height and mass alone.

    Raises
    ------
    NotApplicableError
        The height is not known.
    """
    height, mass = trial.subject.height_m, trial.subject.mass_kg
    if height is None:
        raise NotApplicableError("the body height is not known")
    model = scaled_generic(height, mass)
    names = free_coordinates(model)
    own = {canonical(name): i for i, name in enumerate(trial.coordinates)}
    values = np.tile([model.coordinates[name].default for name in names], (len(trial.time), 1))
    missing = np.ones(len(names), dtype=np.bool_)
    for column, name in enumerate(names):
        if canonical(name) in own:
            values[:, column] = trial.values[:, own[canonical(name)]]
            missing[column] = trial.missing[own[canonical(name)]]
    subject = replace(trial.subject, model=model, generic=True)
    return replace(trial, subject=subject, coordinates=names, values=values, missing=missing)


def without_trunk(trial: Trial) -> Trial:
    """Take the lumbar angles away, as in a recording without a trunk; the substitute is that of a missing trunk.

    Raises
    ------
    NotApplicableError
        The trunk was not measured anyway, or the model has none to hold upright.
    """
    columns = [i for i, name in enumerate(trial.coordinates) if canonical(name) in LUMBAR]
    if not columns or trial.missing[columns].all():
        raise NotApplicableError("the trunk was not measured")
    angles: dict[str, Array] = dict(zip(trial.coordinates, trial.values.T, strict=True))
    upright = hold_torso_upright(trial.subject.model, angles, trial.rate)
    if upright is None:
        raise NotApplicableError("the model has no trunk that could be held upright")
    values, missing = trial.values.copy(), trial.missing.copy()
    for name, angle in upright.items():
        values[:, trial.coordinates.index(name)] = angle
    missing[columns] = True
    return replace(trial, values=values, missing=missing)


def without_arms(trial: Trial) -> Trial:
    """Take the angles of the arms away: what is beyond legs, pelvis and trunk rests at the model's default.

    Raises
    ------
    NotApplicableError
        No arm was measured anyway.
    """
    arms = np.array([canonical(name) not in FULL_BODY for name in trial.coordinates]) & ~trial.missing
    if not arms.any():
        raise NotApplicableError("no arm was measured")
    resting = np.array([trial.subject.model.coordinates[name].default for name in trial.coordinates])
    return replace(trial, values=np.where(arms, resting, trial.values), missing=trial.missing | arms)
