"""Joint moments by inverse dynamics, and the knee adduction moment, from a motion and the forces on the feet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gaitdynamics.columns import FOOT_BODIES, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, SIDES, canonical
from gaitdynamics.errors import UserInputError
from gaitdynamics.model import GROUND, Joint, Linear, Model
from gaitdynamics.output_choices import FigureFormat
from gaitdynamics.signals import differentiate
from gaitdynamics.stances import Interval, find_stances
from gaitdynamics.trial import Array, FootForces, Mask, Trial

if TYPE_CHECKING:
    from torch import Tensor

    from gaitdynamics.body.motion import Motion
    from gaitdynamics.body.skeleton import Skeleton
    from gaitdynamics.tasks.moments_files import MomentsFiles

#: Low-pass on the coordinates [Hz], OpenSim's custom for walking.
CUTOFF = 6.0
#: Vertical force [N] from which a foot counts as on the ground, the usual threshold of force plates.
STANCE_THRESHOLD = 20.0
#: Shorter contacts [s] are noise of the plates.
SHORTEST_STANCE = 0.1
#: Relative difference between the body mass and the masses of the model that is worth telling.
MASS_DIFFERENCE = 0.01
#: Vertical force left over at the pelvis [body weights, RMS] beyond which forces and motion hardly belong
#: together: fast running, of which 6 Hz cut off the impacts, leaves up to 0.35 with measured forces.
LARGEST_RESIDUAL = 0.5


@dataclass(frozen=True)
class MomentsResult:
    """Joint moments of one motion.

    Attributes
    ----------
    trial, forces
        What they were computed from.
    time
        (T,) [s], the times of the trial.
    names
        Of the A columns, as OpenSim's Inverse Dynamics names and orders them: `hip_flexion_r_moment`,
        `pelvis_tx_force`.
    values
        (T, A) generalised forces, positive in the positive direction of their coordinate: [N.m] of rotations,
        [N] of translations. A coupled coordinate has the force on itself, not that on its source.
    knee_adduction
        (T, 2) external knee adduction moment, right and left [N.m/kg]; positive is adduction on both sides.
    knee_adduction_percent
        The same in percent of body weight times body height; None when the height is not known.
    cutoff
        Cutoff frequency of the low-pass on the coordinates [Hz]; None when they were taken as they are.
    warnings
        What a reader of the numbers has to know, besides the warnings of the trial.
    """

    trial: Trial
    forces: FootForces
    time: Array
    names: tuple[str, ...]
    values: Array
    knee_adduction: Array
    knee_adduction_percent: Array | None
    cutoff: float | None
    warnings: tuple[str, ...] = ()

    def column(self, coordinate: str) -> Array:
        """Give the moment or force of one coordinate over time, (T,) [N.m or N].

        Parameters
        ----------
        coordinate
            Rajagopal name, whatever the spelling in the model: 'hip_flexion_r', 'pelvis_tx'.

        Raises
        ------
        KeyError
            The model has no such coordinate.
        """
        for i, name in enumerate(self.names):
            if canonical(name.rsplit("_", 1)[0]) == coordinate:
                return self.values[:, i]
        raise KeyError(coordinate)

    @property
    def residuals(self) -> Array:
        """What motion and forces leave unexplained at the pelvis, (T, 6); zero for consistent data.

        Moments about its tilt, list and rotation axes [N.m], then forces along X, Y and Z [N].
        """
        return np.stack([self.column(name) for name in (*PELVIS_ROTATIONS, *PELVIS_TRANSLATIONS)], axis=1)

    @property
    def valid(self) -> Mask:
        """(T, 2) where the force of that foot can be trusted; the moments of its leg cannot elsewhere."""
        if self.forces.valid is None:
            return np.ones((len(self.time), len(SIDES)), dtype=np.bool_)
        return self.forces.valid

    def stances(self) -> list[Interval]:
        """List the stances in order; `complete` only where the whole stance has trustworthy forces."""
        rate = self.trial.rate
        return [
            Interval(s.side, s.start, s.stop, s.complete and bool(self._valid_of(s).all()))
            for s in find_stances(self.forces.force[..., 1] >= STANCE_THRESHOLD)
            if (s.stop - s.start) / rate >= SHORTEST_STANCE
        ]

    def _valid_of(self, stance: Interval) -> Mask:
        return self.valid[stance.start : stance.stop, SIDES.index(stance.side)]

    def to_files(self, folder: str | Path, *, figures: FigureFormat | None = None) -> MomentsFiles:
        """Write moments, knee adduction moment, report and picture into `folder`, all or none.

        Parameters
        ----------
        folder
            Made where it does not exist.
        figures
            Format in which to write the picture too, for papers.

        Raises
        ------
        UserInputError
            The folder cannot be written to, or holds files of these names that are not ours.
        """
        from gaitdynamics.tasks.moments_files import write_moments

        return write_moments(self, Path(folder), figures=figures)


def compute_moments(trial: Trial, forces: FootForces, *, cutoff: float | None = CUTOFF) -> MomentsResult:
    """Compute joint moments and the knee adduction moment.

    Coordinates are low-passed and differentiated as OpenSim's Inverse Dynamics does; forces are used as they
    are, as there. The masses are those of the model.

    Parameters
    ----------
    trial
        The motion.
    forces
        Measured or estimated forces at the times of the trial.
    cutoff
        Cutoff frequency of the low-pass on the coordinates [Hz]; None for none.

    Raises
    ------
    UserInputError
        Forces and motion are not at the same times, or the motion is too short, or the model lacks a knee.

    Notes
    -----
    Knee adduction moment: cross product of the lever arm with the ground reaction force, its component about
    the walking direction (Tan et al. 2026, Downstream Task 2). See `knee_adduction`.
    """
    import torch

    from gaitdynamics.body.dynamics import ExternalForce, inverse_dynamics
    from gaitdynamics.body.skeleton import Skeleton

    _check_times(trial, forces)
    skeleton = Skeleton(trial.subject.model)
    assert skeleton.coordinates == trial.coordinates
    motion = skeleton.motion(*map(torch.as_tensor, differentiate(trial.values, trial.rate, cutoff)))
    torque = np.zeros_like(forces.force)
    if forces.free_moment is not None:
        torque[..., 1] = forces.free_moment

    def tensor(values: Array, foot: int) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values[:, foot]))

    external = [
        ExternalForce(FOOT_BODIES[side], tensor(forces.force, foot), tensor(forces.cop, foot), tensor(torque, foot))
        for foot, side in enumerate(SIDES)
    ]
    values = inverse_dynamics(skeleton, motion, external).numpy()
    order = _opensim_order(trial.subject.model)
    adduction = _knee_adduction(trial, forces, skeleton, motion) / trial.subject.mass_kg
    height = trial.subject.height_m
    gravity = trial.body_weight / trial.subject.mass_kg
    result = MomentsResult(
        trial=trial,
        forces=forces,
        time=trial.time,
        names=tuple(order),
        values=values[:, [skeleton.all_coordinates.index(name) for name in order.values()]],
        knee_adduction=adduction,
        knee_adduction_percent=None if height is None else 100.0 * adduction / (gravity * height),
        cutoff=cutoff,
    )
    return replace(result, warnings=tuple(_warnings(result)))


def _check_times(trial: Trial, forces: FootForces) -> None:
    same = len(trial.time) == len(forces.time)
    if not same or np.abs(forces.time - trial.time).max() > 0.01 / trial.rate:
        raise UserInputError(
            "forces and motion are not at the same times",
            remedy="read the forces at the times of the motion: read_forces(path, trial.time)",
        )
    if len(trial.time) < 6:
        raise UserInputError(
            f"the motion has {len(trial.time)} rows, accelerations take at least six",
            remedy="export a longer part of the recording, at its full rate",
        )


def knee_adduction(force: Array, cop: Array, knee: Array, heading: Array) -> Array:
    """External knee adduction moment by the cross product of lever arm and force.

    Parameters
    ----------
    force, cop
        (T, 2, 3) ground reaction force [N] and centre of pressure [m] of the right and the left foot.
    knee
        (T, 2, 3) knee joint centres [m].
    heading
        (T,) walking direction [rad], see `features.heading`.

    Returns
    -------
    (T, 2) [N.m], positive is adduction on both sides: the force turns the shank's lower end towards the other
    leg, as it does when it passes on the inner side of the knee.

    Notes
    -----
    With X the walking direction, Y up and Z right, c the knee centre, p the centre of pressure, and F the force:
    left (c - p)_y F_z - (c - p)_z F_y, right the negative of that.

    Differences from the paper: its formula with r = p - c, the lever arm as it is defined there, is the negative
    of this on the left side; its published code uses c - p as here. The knee centre is the origin of the joint's
    frame on the shank, from the model itself and not from polynomials that hold for one model only.
    """
    from gaitdynamics.features.heading import to_heading

    arm = to_heading(knee - cop, heading)
    grf = to_heading(force, heading)
    about_forward = arm[..., 1] * grf[..., 2] - arm[..., 2] * grf[..., 1]
    return np.asarray(about_forward * np.array([-1.0, 1.0]))


def _knee_adduction(trial: Trial, forces: FootForces, skeleton: Skeleton, motion: Motion) -> Array:
    """Knee adduction moment (T, 2) [N.m] of the smoothed motion."""
    from gaitdynamics.features.heading import smooth_heading

    model = trial.subject.model
    pelvis = skeleton.body_index(_joint_of(model, "pelvis_rotation").child)
    heading = smooth_heading(motion.pose.rotation[:, pelvis].numpy(), trial.rate)
    joints = [skeleton.joint_names.index(_joint_of(model, f"knee_angle_{side}").name) for side in SIDES]
    return knee_adduction(forces.force, forces.cop, motion.pose.joint_center[:, joints].numpy(), heading)


def _joint_of(model: Model, coordinate: str) -> Joint:
    for joint in model.joints:
        if any(canonical(c.name) == coordinate for c in joint.coordinates):
            return joint
    raise UserInputError(
        f"the model '{model.name}' has no coordinate '{coordinate}'",
        file=model.source,
        remedy="use a full-body gait model, scaled to the person",
    )


def _opensim_order(model: Model) -> dict[str, str]:
    """Coordinate of each column of OpenSim's Inverse Dynamics, by the name of the column, in its order.

    The order is from the ground outwards, level by level.
    """
    level = {GROUND: 0}
    for joint in model.joints:
        level[joint.child] = level[joint.parent] + 1
    joints = sorted(model.joints, key=lambda joint: level[joint.child])
    return {f"{c.name}_{_kind(joint, c.name)}": c.name for joint in joints for c in joint.coordinates}


def _kind(joint: Joint, coordinate: str) -> str:
    # A coordinate that is itself no angle, since it turns its joint by a curved function, counts as a force.
    turns = any(a.coordinate == coordinate and isinstance(a.function, Linear) for a in joint.rotations)
    return "moment" if turns else "force"


def _warnings(result: MomentsResult) -> list[str]:
    subject, forces = result.trial.subject, result.forces
    notes = []
    if abs(subject.mass_kg / subject.model.mass - 1.0) > MASS_DIFFERENCE:
        notes.append(
            f"the model weighs {subject.model.mass:.1f} kg, the person {subject.mass_kg:.1f} kg: moments were "
            "computed with the masses of the model, and divided by that of the person where they are per kg"
        )
    if subject.generic:
        notes.append("the skeleton is generic: its joint moments are for a first look only")
    if subject.height_m is None:
        notes.append(
            "the body height is not known: the knee adduction moment is given in N.m/kg, not in percent of "
            "body weight times height"
        )
    if forces.free_moment is None or not forces.free_moment.any():
        notes.append("the forces have no free moment: moments about vertical axes lack its part")
    trusted = result.valid.all(axis=1)
    if trusted.any():
        left_over = float(np.sqrt(np.mean(result.residuals[trusted, 4] ** 2))) / result.trial.body_weight
        if left_over > LARGEST_RESIDUAL:
            notes.append(
                f"a vertical force of {100 * left_over:.0f} % of body weight (RMS) is left over at the pelvis: do "
                "forces and motion belong together, on the same clock?"
            )
    return notes
