"""Write trials of one person as AddBiomechanics' .b3d file, with one processing pass, of kinematics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import FOOT_BODIES, SIDES
from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.atomic import atomic_path, file_sha256
from gaitdynamics.files.b3d_messages import HEADER, PROCESSING_FRAME, new_message
from gaitdynamics.files.osim_writer import osim_text
from gaitdynamics.signals import differentiate
from gaitdynamics.trial import FootForces, Trial

Array = NDArray[np.float64]

#: Version of the format that is written.
VERSION: Final = 4

#: Reasons of the format: the force is there; the foot is not (wholly) on a plate.
_THERE, _NOT_OVER_PLATE = 0, 5

#: Frames that are serialised at once.
_BLOCK: Final = 1000

#: Values that a `Trial` does not have and that readers of the format count on: NaN, in these numbers per frame, or per
#: frame and contact body ('b'), coordinate ('d') or joint ('j').
_UNKNOWN: Final[dict[str, int | str]] = {
    "tau": "d",
    "com_pos": 3,
    "com_vel": 3,
    "com_acc": 3,
    "root_frame_residual": 6,
    "root_frame_ground_contact_wrench": "6b",
    "root_frame_joint_centers": "3j",
    "world_frame_joint_centers": "3j",
    "root_frame_com_acc": 3,
    "root_frame_ground_contact_center_of_pressure": "3b",
    "root_frame_ground_contact_torques": "3b",
    "root_frame_ground_contact_force": "3b",
    "root_frame_spatial_velocity": 6,
    "root_frame_spatial_acceleration": 6,
    "root_frame_root_pos_history": 15,
    "root_frame_root_euler_history": 15,
}


def write_b3d(
    path: str | Path, trials: Sequence[Trial], *, model_text: str | None = None, notes: str = "", href: str = ""
) -> None:
    """Write trials of one person, atomically.

    Coordinates, forces, points of application and free moments are kept to the last bit. What the format does not hold
    is lost: when the recording began, the surface, and validity of each foot apart (a frame is marked as missing where
    either foot's force is not valid). Speeds and accelerations are those of a spline through the coordinates; joint
    moments, centres of mass and whatever else a trial does not have are NaN.

    Parameters
    ----------
    path
        The file; an existing one is replaced.
    trials
        At least one, all of the same subject; forces, where there are any, on the rows of the motion.
    model_text
        Content of the `.osim` file of the person; by default that of the file from which the first trial's model was
        read, or the skeleton alone where that is not there any more.
    notes, href
        On the data and where they come from.

    Raises
    ------
    ValueError
        There is no trial, they are not of one person, or forces are on other rows.
    FileFormatError
        The place cannot be written.
    """
    _check(trials)
    header = _header(trials, model_text if model_text is not None else _model_text(trials[0]), notes, href)
    header.processing_pass_frame_size = next(_frames(trials[0])).shape[1]
    header.raw_sensor_frame_size = 0  # there are no raw measurements, and an empty message has no bytes
    content = header.SerializeToString()
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        stream.write(len(content).to_bytes(8, "little", signed=True))
        stream.write(content)
        for trial in trials:
            for block in _frames(trial):
                assert block.shape[1] == header.processing_pass_frame_size
                stream.write(block.tobytes())


def _check(trials: Sequence[Trial]) -> None:
    if not trials:
        raise ValueError("a .b3d file takes at least one trial")
    first = trials[0]
    for trial in trials:
        same = (trial.coordinates, trial.subject.mass_kg, trial.subject.height_m, trial.subject.model)
        if same != (first.coordinates, first.subject.mass_kg, first.subject.height_m, first.subject.model):
            raise ValueError(f"trials '{first.name}' and '{trial.name}' are not of the same person")
        forces = trial.forces
        if forces is not None and (len(forces.time) != len(trial.time) or not np.allclose(forces.time, trial.time)):
            raise ValueError(f"the forces of trial '{trial.name}' are not on the rows of its motion")


def _model_text(trial: Trial) -> str:
    path = Path(str(trial.provenance.get("model_path", "")))
    try:
        if path.is_file() and file_sha256(path) == trial.provenance.get("model_sha256"):
            return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, FileFormatError):
        pass
    return osim_text(trial.subject.model)


def _header(trials: Sequence[Trial], model_text: str, notes: str, href: str) -> Any:
    first = trials[0]
    header = new_message(HEADER)
    header.version = VERSION
    header.num_dofs = len(first.coordinates)
    header.num_joints = len(_moving_joints(first))
    header.num_trials = len(trials)
    header.passes.add(model_osim_text=model_text.encode())
    header.ground_contact_body.extend(FOOT_BODIES[side].encode() for side in SIDES)
    header.mass_kg = first.subject.mass_kg
    header.height_m = first.subject.height_m or 0.0
    header.notes, header.href = notes.encode(), href.encode()
    header.biological_sex, header.age_years = b"unknown", -1
    for trial in trials:
        frames, count = trial.values.shape
        name = trial.name.encode()
        head = header.trial_header.add(name=name, original_name=name, trial_length=frames)
        head.trial_timestep = 1.0 / trial.rate
        head.missing_grf_reason.extend(_reasons(trial))
        done = head.processing_pass_header.add()
        done.dof_positions_observed.extend((~trial.missing).tolist())
        done.dof_velocities_finite_differenced.extend([True] * count)
        done.dof_acceleration_finite_differenced.extend([True] * count)
        unknown = [float("nan")] * frames
        for field in ("marker_rms", "marker_max", "linear_residual", "angular_residual", "joints_max_velocity"):
            getattr(done, field).extend(unknown)
    return header


def _reasons(trial: Trial) -> list[int]:
    frames = len(trial.time)
    if trial.forces is None:
        return [_NOT_OVER_PLATE] * frames
    valid = np.ones((frames, len(SIDES)), dtype=np.bool_) if trial.forces.valid is None else trial.forces.valid
    reasons: list[int] = np.where(np.all(valid, axis=1), _THERE, _NOT_OVER_PLATE).tolist()
    return reasons


def _frames(trial: Trial) -> Iterator[NDArray[np.uint8]]:
    """Yield the serialised frames of the pass, block by block: (frames of the block, bytes of a frame)."""
    known = _known(trial)
    # Messages that are written one after the other are read as one, and an array of doubles ends its message. So the
    # places of all numbers are known, and only they differ from frame to frame.
    template, places = b"", {}
    for name, values in known.items():
        template += _serialised(name, values[0].tolist())
        places[name] = slice(len(template) - 8 * values.shape[1], len(template))
    per = {"b": len(SIDES), "d": trial.values.shape[1], "j": len(_moving_joints(trial))}
    for name, size in _UNKNOWN.items():
        number = size if isinstance(size, int) else int(size[:-1] or 1) * per[size[-1]]
        template += _serialised(name, [float("nan")] * number)
    frame = np.frombuffer(template, dtype=np.uint8)
    for first in range(0, len(trial.time), _BLOCK):
        block = np.tile(frame, (min(_BLOCK, len(trial.time) - first), 1))
        for name, place in places.items():
            values = np.ascontiguousarray(known[name][first : first + _BLOCK], dtype="<f8")
            block[:, place] = values.view(np.uint8)
        yield block


def _known(trial: Trial) -> dict[str, Array]:
    """Give (T, n) of each field that follows from a trial."""
    _, speed, acceleration = differentiate(trial.values, trial.rate)
    nothing = np.zeros((len(trial.time), len(SIDES), 3))
    forces = trial.forces or FootForces(trial.time, nothing, nothing)
    torque = np.zeros_like(nothing)
    if forces.free_moment is not None:
        torque[..., 1] = forces.free_moment
    fields = {
        "pos": trial.values,
        "vel": speed,
        "acc": acceleration,
        "ground_contact_wrench": np.concatenate([np.cross(forces.cop, forces.force) + torque, forces.force], axis=-1),
        "ground_contact_center_of_pressure": forces.cop,
        "ground_contact_torque": torque,
        "ground_contact_force": forces.force,
    }
    return {name: values.reshape(len(trial.time), -1) for name, values in fields.items()}


def _serialised(field: str, values: Sequence[float]) -> bytes:
    message = new_message(PROCESSING_FRAME)
    getattr(message, field).extend(values)
    return bytes(message.SerializeToString())


def _moving_joints(trial: Trial) -> list[str]:
    """Name the joints that have a coordinate of their own; the kneecap follows the knee and is none in this format."""
    free = set(trial.coordinates)
    return [joint.name for joint in trial.subject.model.joints if free & {c.name for c in joint.coordinates}]
