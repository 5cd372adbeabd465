"""The state of a moving body on a common clock: landmarks, velocities and Newton's total force.

This is where physics enters the models. Everything is in the ground frame and physical units; what the floor
and the belt do is known here too, so that later steps see the motion relative to what is walked on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from gaitdynamics.body.dynamics import body_wrenches, sum_of_wrenches
from gaitdynamics.body.skeleton import Skeleton, skeleton_of
from gaitdynamics.columns import LUMBAR, SIDES
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.heading import face_forward, from_heading, smooth_heading
from gaitdynamics.signals import differentiate, low_pass, resample
from gaitdynamics.trial import Trial

Array = NDArray[np.float64]

#: Rate on which models work [Hz].
RATE: Final = 100.0

#: Low-pass cutoffs [Hz] at which Newton's total force is computed. None is best for all: 3 Hz is what noisy angles
#: leave, 6 Hz suits slow walking, 15 Hz keeps the impact of running; a model may weigh them.
CUTOFFS: Final = (3.0, 6.0, 10.0, 15.0)

#: Bodies of one leg whose origins are the landmarks, from the hip down. In all supported model families the
#: origin of the calcaneus lies at the heel and that of the toes at the metatarso-phalangeal joint.
LANDMARKS: Final = ("femur", "tibia", "talus", "calcn", "toes")
HIP, KNEE, ANKLE, HEEL, TOE = range(5)

#: Parts of the body whose share of the total force is known apart: both legs (right, left), pelvis, all above it.
LEGS, PELVIS, UPPER_BODY = (0, 1), 2, 3
_LEG_BODIES: Final = ("femur", "patella", "tibia", "talus", "calcn", "toes")
#: Bandwidth at which they are given: index into `CUTOFFS`.
_PART_BAND: Final = CUTOFFS.index(10.0)

#: Frames whose whole-body motion is held at once.
_CHUNK: Final = 2000


@dataclass(frozen=True)
class BodyState:
    """A trial on the clock of the models.

    Attributes
    ----------
    time
        (N,) [s], at `RATE`, starting with the trial.
    landmark, landmark_velocity
        (N, 2, 5, 3) [m], [m/s]: side, `LANDMARKS`, axis. Velocities are relative to the surface walked on.
    landmark_acceleration
        (N, 2, 5, 3) [m/s^2].
    com, com_velocity
        (N, 3) whole-body centre of mass [m] and its velocity relative to the surface [m/s].
    trunk
        (N, 3) centre of mass of the trunk [m].
    force, moment
        (N, K, 3) Newton's total external force [N] and moment about the ground origin [N.m], per cutoff.
    part_force
        (N, 4, 3) [N] what each part of the body (`LEGS`, `PELVIS`, `UPPER_BODY`) contributes to the total external
        force at 10 Hz: its mass times acceleration minus gravity.
    heading
        (N,) slowly varying walking direction as yaw about Y [rad].
    leg_length, foot_length
        Hip to ankle along the segments and heel to toe joint [m], mean of both sides.
    body_weight
        [N].
    trunk_missing
        Whether the trunk was not measured, but held upright.
    """

    time: Array
    landmark: Array
    landmark_velocity: Array
    landmark_acceleration: Array
    com: Array
    com_velocity: Array
    trunk: Array
    force: Array
    moment: Array
    part_force: Array
    heading: Array
    leg_length: float
    foot_length: float
    body_weight: float
    trunk_missing: bool

    def part(self, frames: slice) -> BodyState:
        """Cut out some frames; lengths, weight and marks stay."""
        values = ((f.name, getattr(self, f.name)) for f in fields(self))
        series: dict[str, Any] = {name: x[frames] for name, x in values if isinstance(x, np.ndarray)}
        return replace(self, **series)


def body_state(trial: Trial) -> BodyState:
    """Compute the state of the body from a trial.

    Parameters
    ----------
    trial
        Any rate; at least 0.3 s.

    Returns
    -------
    BodyState
        On a clock of `RATE` that starts with the trial and ends within one step of its end.

    Notes
    -----
    Mass is the subject's, not the model's: forces of the model are scaled by their ratio, which is the same
    as scaling all segment masses.
    """
    skeleton = skeleton_of(trial.subject.model)
    bodies = _Bodies.of(skeleton)
    time, values = _on_model_clock(trial)
    # Filters act on angles, which are only well behaved for a person who faces forward; all vectors turn back.
    values, yaw = face_forward(trial.subject.model, trial.coordinates, values)
    scale = trial.subject.mass_kg / trial.subject.model.mass
    force, moment, parts = [], [], np.empty(0)
    for band, cutoff in enumerate(CUTOFFS):
        # The last, widest band also serves for the kinematic quantities.
        track = _follow(skeleton, bodies, *differentiate(values, RATE, cutoff))
        if band == _PART_BAND:
            parts = scale * track["parts"]
        force.append(scale * track["force"])
        moment.append(scale * track["moment"])
    heading = smooth_heading(track["pelvis"], RATE)
    belt = _belt_velocity(trial, heading)
    steps = np.linalg.norm(np.diff(track["landmark"], axis=2), axis=-1).mean((0, 1))
    back = np.full(len(time), yaw)
    return BodyState(
        time=time,
        landmark=from_heading(track["landmark"], back),
        landmark_velocity=from_heading(track["velocity"] - belt, back),
        landmark_acceleration=from_heading(track["acceleration"], back),
        com=from_heading(track["com"], back),
        com_velocity=from_heading(np.gradient(track["com"], 1.0 / RATE, axis=0) - belt, back),
        trunk=from_heading(track["trunk"], back),
        force=from_heading(np.stack(force, 1), back),
        moment=from_heading(np.stack(moment, 1), back),
        part_force=from_heading(parts, back),
        heading=heading + yaw,
        leg_length=float(steps[HIP] + steps[KNEE]),
        foot_length=float(steps[HEEL]),
        body_weight=trial.body_weight,
        trunk_missing=trial.is_missing(*LUMBAR),
    )


@dataclass(frozen=True)
class _Bodies:
    """Indices of the bodies that are followed: landmarks per side, trunk, pelvis, and the bodies of each part."""

    landmark: list[list[int]]
    trunk: int
    pelvis: int
    parts: list[list[int]]

    @classmethod
    def of(cls, skeleton: Skeleton) -> _Bodies:
        names = [f"{name}_{side}" for side in SIDES for name in LANDMARKS] + ["torso", "pelvis"]
        missing = [name for name in names if name not in skeleton.body_names]
        if missing:
            raise UserInputError(
                f"the model has no body {', '.join(missing)}; it has {', '.join(skeleton.body_names)}",
                file=skeleton.model.source,
                remedy="use a model of the Rajagopal, gait2392 or LaiUhlrich family",
            )
        index = [skeleton.body_index(name) for name in names]
        legs = [
            [i for i, name in enumerate(skeleton.body_names) if name in {f"{part}_{side}" for part in _LEG_BODIES}]
            for side in SIDES
        ]
        above = [i for i in range(len(skeleton.body_names)) if i not in (*legs[0], *legs[1], index[-1])]
        parts = [*legs, [index[-1]], above]
        return cls([index[: len(LANDMARKS)], index[len(LANDMARKS) : -2]], index[-2], index[-1], parts)


def _follow(skeleton: Skeleton, bodies: _Bodies, q: Array, qd: Array, qdd: Array) -> dict[str, Array]:
    """Follow landmarks, centres of mass and total wrench over time, in chunks so that memory stays small."""
    parts: dict[str, list[Array]] = {}
    for start in range(0, len(q), _CHUNK):
        part = slice(start, start + _CHUNK)
        motion = skeleton.motion(*(torch.from_numpy(x[part]) for x in (q, qd, qdd)))
        of_body, about_centers = body_wrenches(skeleton, motion)
        centers = skeleton.body_centers(motion.pose)
        force, moment = sum_of_wrenches(centers, of_body, about_centers)
        found = {
            "force": force,
            "moment": moment,
            "parts": torch.stack([of_body[:, part].sum(1) for part in bodies.parts], dim=1),
            "landmark": motion.pose.position[:, bodies.landmark],
            "velocity": motion.velocity[:, bodies.landmark],
            "acceleration": motion.acceleration[:, bodies.landmark],
            "com": skeleton.center_of_mass(motion.pose),
            "trunk": centers[:, bodies.trunk],
            "pelvis": motion.pose.rotation[:, bodies.pelvis],
        }
        for name, value in found.items():
            parts.setdefault(name, []).append(value.numpy())
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def _on_model_clock(trial: Trial) -> tuple[Array, Array]:
    """Resample the coordinates to `RATE`; removes first what the new rate cannot carry."""
    frames = int(np.floor((trial.time[-1] - trial.time[0]) * RATE + 1e-6)) + 1
    time = trial.time[0] + np.arange(frames) / RATE
    if abs(trial.rate - RATE) < 1e-3 and frames == len(trial.time):
        return time, trial.values
    values = low_pass(trial.values, trial.rate, 0.45 * RATE) if trial.rate > RATE else trial.values
    return time, resample(values, trial.time, time)


def _belt_velocity(trial: Trial, heading: Array) -> Array:
    """Velocity of the surface (3,) [m/s]: a belt runs against the mean walking direction."""
    mean = np.arctan2(np.sin(heading).mean(), np.cos(heading).mean())
    return -trial.surface.belt_speed * np.array([np.cos(mean), 0.0, -np.sin(mean)])
