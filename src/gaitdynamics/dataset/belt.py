"""The speed of a treadmill, from loaded feet: for archives that do not tell what was walked on."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.body.skeleton import skeleton_of
from gaitdynamics.columns import SIDES
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.floor import belt_of_stances
from gaitdynamics.features.posed import pose_of
from gaitdynamics.signals import low_pass
from gaitdynamics.trial import Trial

Array = NDArray[np.float64]

#: A foot with more vertical force than this is on the belt [N/kg]; as in the published code, 41 % of body weight.
_LOADED: Final = 4.0

#: Cutoff of the paths of the feet [Hz], as in the published code.
_CUTOFF: Final = 10.0

#: Looked at from a belt of about the right speed, the part of the foot that stands shows as the slower one.
_ROUNDS: Final = 3

#: Feet that stand move less than this [m/s] from one frame to the next, however they were measured.
_LEAST_SPEED: Final = -0.25


def find_belt_speed(trial: Trial) -> float:
    """Find the speed [m/s] at which loaded feet move backward, along the heading of the pelvis.

    Raises
    ------
    UserInputError
        No forces were measured, no foot is loaded for long enough, or loaded feet move forward.

    Notes
    -----
    Differences from the published code: one speed for the trial, the median over stance phases of the slower of heel
    and toe joint in mid stance. There the toe joints' speed, interpolated over swing and different in every frame, is
    taken off, which reads the belts of running some 8 % too slow.
    """
    if trial.forces is None:
        raise UserInputError(
            "the speed of the treadmill cannot be found, for no forces were measured",
            remedy="give the belt speed: in a table of trials, or as a data folder (docs/data.md)",
        )
    contact = trial.forces.force[..., 1] > _LOADED * trial.subject.mass_kg
    if trial.forces.valid is not None:
        contact &= trial.forces.valid
    forward = _forward_velocity(trial)
    speed, stances = 0.0, 0
    for _ in range(_ROUNDS):
        estimate = belt_of_stances(forward + speed, contact, speed)
        stances = estimate.stances
        if stances == 0:
            break
        speed = estimate.speed
    if stances == 0 or speed < _LEAST_SPEED:
        what = "no foot is loaded for long enough" if stances == 0 else f"loaded feet move forward, {-speed:.2f} m/s"
        raise UserInputError(f"the speed of the treadmill cannot be found: {what}")
    return max(0.0, speed)


def _forward_velocity(trial: Trial) -> Array:
    """Give the velocity (T, 2, 2) [m/s] of heel and toe joint of each foot along the heading of the pelvis."""
    skeleton = skeleton_of(trial.subject.model)
    try:
        points = [skeleton.body_index(f"{body}_{side}") for side in SIDES for body in ("calcn", "toes")]
        pelvis = skeleton.body_index("pelvis")
    except KeyError as error:
        raise UserInputError(f"the speed of the treadmill cannot be found: the model has no {error.args[0]}") from None
    pose = pose_of(trial)
    position = low_pass(pose.position[:, points].numpy(), trial.rate, _CUTOFF)
    ahead = pose.rotation[:, pelvis, :, 0].numpy().mean(0)
    ahead[1] = 0.0
    ahead /= np.linalg.norm(ahead)
    velocity = np.gradient(position, 1.0 / trial.rate, axis=0)
    return np.asarray((velocity @ ahead).reshape(-1, len(SIDES), 2))
