"""What the quality rules measure of a trial: one number, or one per frame, or None where it cannot be measured.

Everything is measured on the trial's own clock and, where forces are concerned, only in frames in which the force of
that foot is valid.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.body.skeleton import skeleton_of
from gaitdynamics.columns import FULL_BODY, LUMBAR, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, SIDES, canonical
from gaitdynamics.features.heading import pelvis_yaw
from gaitdynamics.features.posed import pose_of
from gaitdynamics.features.published.rotations import euler_to_matrix, matrix_to_six
from gaitdynamics.features.published.schema import BALL_JOINTS, HINGES, RATE
from gaitdynamics.features.published.skeleton import coordinate_signs, foot_origins
from gaitdynamics.joint_angles import joint_of, rotation_of
from gaitdynamics.trial import Mask, Trial

Array = NDArray[np.float64]

#: A foot with more vertical force than this [N] is in stance, when distances of the centre of pressure are counted.
STANCE_FORCE: Final = 50.0

#: Beyond this distance [m] from the foot a centre of pressure is not believed.
FARTHEST_COP: Final = 0.3

#: Lengths are rounded to so many digits: the rate is that of times as they are written.
_DIGITS: Final = 6


def frames_at_model_rate(trial: Trial) -> float:
    """Count the frames that the trial has at 100 Hz."""
    return round(len(trial.time) * RATE / trial.rate, _DIGITS)


def duration(trial: Trial) -> float:
    """Give the duration [s], each frame standing for one step of the clock."""
    return round(len(trial.time) / trial.rate, _DIGITS)


def trunk_rotation(trial: Trial) -> float | None:
    """Mean angle [deg], without sign, by which the trunk is turned on the pelvis; None where it was not measured."""
    turned = _measured(trial, (LUMBAR[2],))
    return None if turned is None else abs(float(np.degrees(turned.mean())))


def heading_range(trial: Trial) -> float | None:
    """Range [deg] of the pelvis' yaw, unwrapped; None where the pelvis does not turn about three plain axes."""
    rotation = _pelvis_rotation(trial)
    return None if rotation is None else float(np.degrees(np.ptp(pelvis_yaw(rotation))))


def heading_range_published(trial: Trial) -> float | None:
    """Range [deg] of the pelvis' yaw between -180 and 180 degrees: who faces -X seems to turn by 360 degrees."""
    rotation = _pelvis_rotation(trial)
    if rotation is None:
        return None
    return float(np.degrees(np.ptp(np.arctan2(-rotation[:, 0, 2], rotation[:, 2, 2]))))


def far_cop_share(trial: Trial) -> float | None:
    """Share [%] of the stance frames of a foot in which its centre of pressure is far from it, of the worse foot.

    None where no foot is in stance or no force was measured, or the model has no toes.

    Notes
    -----
    Differences from the published code: the distance is that from the nearest point between heel and toe joint. From
    the heel alone, 0.3 m is reached by the tip of a large shoe at push-off.
    """
    if trial.forces is None:
        return None
    distance = cop_distances(trial)
    stance = _stance(trial)
    if distance is None or not stance.any():
        return None
    own = distance[:, range(len(SIDES)), range(len(SIDES))]
    shares = ((own > FARTHEST_COP) & stance).sum(0) / np.maximum(stance.sum(0), 1)
    return 100.0 * float(shares.max())


def cop_distances(trial: Trial) -> Array | None:
    """Distance (T, 2, 2) [m] of each centre of pressure from the right and from the left foot.

    That is from the nearest point between heel and toe joint. None where the model has no toes.
    """
    assert trial.forces is not None
    skeleton = skeleton_of(trial.subject.model)
    names = [f"{body}_{side}" for body in ("calcn", "toes") for side in SIDES]
    if any(name not in skeleton.body_names for name in names):
        return None
    points = pose_of(trial).position[:, [skeleton.body_index(n) for n in names]].numpy()
    heel, foot = points[:, None, :2], points[:, None, 2:] - points[:, None, :2]
    from_heel = trial.forces.cop[:, :, None] - heel
    along = (from_heel * foot).sum(-1, keepdims=True) / (foot**2).sum(-1, keepdims=True)
    return np.asarray(np.linalg.norm(from_heel - np.clip(along, 0.0, 1.0) * foot, axis=-1))


def far_cop_share_published(trial: Trial) -> float | None:
    """Share [%] of all frames in which the centre of pressure is far from the heel, counted as the published code does.

    The three axes are looked at one by one, a third of a frame is counted for each that is too far, and the share is
    that of all frames of the trial, those of swing included; of the worse foot.
    None where no foot is in stance or no force was measured.
    """
    if trial.forces is None:
        return None
    stance = _stance(trial)
    if not stance.any():
        return None
    offset = trial.forces.cop - foot_origins(trial)
    far = ((np.abs(offset) > FARTHEST_COP) & stance[..., None]).sum((0, 2)) / 3.0
    return 100.0 * float(far.max()) / len(trial.time)


def contact_bodies(trial: Trial) -> float | None:
    """Count the bodies on which the file has forces; None where it does not tell."""
    bodies = trial.provenance.get("contact_bodies")
    return float(len(bodies)) if isinstance(bodies, list | tuple) else None


def longest_valid_run(trial: Trial) -> float | None:
    """Most frames at 100 Hz in a row in which the forces of both feet are valid; None without measured forces."""
    if trial.forces is None:
        return None
    valid = valid_frames_of(trial).all(1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], valid.astype(int), [0]])))
    return float((edges[1::2] - edges[::2]).max(initial=0)) * RATE / trial.rate


def joint_speed(trial: Trial) -> Array:
    """Fastest angular speed (T,) [deg/s] of any measured joint, from each frame to the next.

    The pelvis in the ground, the hips and the trunk turn about an axis of their own in each step; knee, ankle and
    subtalar joint change one angle.
    """
    speed = np.zeros(len(trial.time))
    for names in BALL_JOINTS.values():
        angles = _measured(trial, names)
        if angles is not None:
            # Matrices that are turned by an angle against each other differ by the sine of half of it.
            step = np.linalg.norm(np.diff(euler_to_matrix(angles), axis=0), axis=(1, 2)) / np.sqrt(8.0)
            speed[:-1] = np.maximum(speed[:-1], 2.0 * np.arcsin(np.minimum(step, 1.0)))
    for name in HINGES:
        angle = _measured(trial, (name,))
        if angle is not None:
            # A jump by 360 degrees is no movement.
            speed[:-1] = np.maximum(speed[:-1], np.abs(np.diff(np.unwrap(angle[:, 0]))))
    return np.degrees(speed * trial.rate)


def joint_speed_published(trial: Trial) -> Array:
    """Fastest rise (T,) [deg/s] of a knee, ankle or subtalar angle, or of an element of a rotation, as published.

    Elements are the first two rows of the rotation matrices of pelvis, hips and trunk; their rise per second is taken
    for rad/s. Only rises count, falls do not.
    """
    columns = [
        matrix_to_six(euler_to_matrix(angles))
        for names in BALL_JOINTS.values()
        if (angles := _measured(trial, names)) is not None
    ]
    columns += [angle for name in HINGES if (angle := _measured(trial, (name,))) is not None]
    speed = np.zeros(len(trial.time))
    speed[:-1] = np.diff(np.concatenate(columns, axis=1), axis=0).max(1)
    return np.degrees(speed * trial.rate)


def pelvis_acceleration_published(trial: Trial) -> Array:
    """Largest signed second difference (T,) [m/s^2] of the pelvis' position along the axes of the ground."""
    position = _measured(trial, PELVIS_TRANSLATIONS)
    acceleration = np.zeros(len(trial.time))
    if position is not None and len(position) > 2:
        acceleration[:-2] = np.diff(position, n=2, axis=0).max(1) * trial.rate**2
    return acceleration


def empty_ends(trial: Trial) -> Array:
    """Mark (T,) with 1 the first and the last frame where no force is measured on either foot, else 0."""
    marks = np.zeros(len(trial.time))
    if trial.forces is not None:
        for end in (0, -1):
            marks[end] = float(not trial.forces.force[end].any() or not trial.forces.cop[end].any())
    return marks


def valid_frames_of(trial: Trial) -> Mask:
    """Give (T, 2) where the measured force of each foot is valid.

    Raises
    ------
    ValueError
        Forces are missing, or not on the rows of the motion.
    """
    forces = trial.forces
    if forces is None or len(forces.time) != len(trial.time) or not np.allclose(forces.time, trial.time):
        raise ValueError("quality rules need measured forces on the rows of the motion")
    return np.ones((len(trial.time), len(SIDES)), dtype=np.bool_) if forces.valid is None else forces.valid


def _measured(trial: Trial, names: tuple[str, ...]) -> Array | None:
    """Stack some coordinates (T, n) [rad, m] with the signs of the published skeleton; None if one is not measured."""
    places = {canonical(name): index for index, name in enumerate(trial.coordinates)}
    if any(name not in places or trial.missing[places[name]] for name in names):
        return None
    signs = coordinate_signs(trial.subject.model)[[FULL_BODY.index(name) for name in names]]
    return trial.values[:, [places[name] for name in names]] * signs


def _pelvis_rotation(trial: Trial) -> Array | None:
    joint = joint_of(trial.subject.model, PELVIS_ROTATIONS)
    if joint is None:
        return None
    rotation = rotation_of(joint, {n.name: trial.column(n.name) for n in joint.coordinates})
    return None if rotation is None else np.asarray(rotation.as_matrix())


def _stance(trial: Trial) -> Mask:
    """Mark (T, 2) where the foot is in stance and its force valid."""
    valid = valid_frames_of(trial)
    assert trial.forces is not None
    return (trial.forces.force[..., 1] > STANCE_FORCE) & valid
