"""The protobuf messages of AddBiomechanics' .b3d files, described in code.

Numbers and types are those of the format (nimblephysics, `SubjectOnDisk.proto`, version 4). Codes are plain integers
here, so that codes of later versions are kept and not refused, and texts are bytes, so that a name in another encoding
does not make a file unreadable; both look the same in a file. Fields that are not listed are skipped by protobuf.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

_PACKAGE: Final = "gaitdynamics.b3d"

#: Field name: (number, type); a star means repeated, a capital letter another message.
_Fields = Mapping[str, tuple[int, str]]

TRIAL_PROCESSING: Final = "PassOfTrial"
TRIAL_HEADER: Final = "TrialHeader"
PROCESSING: Final = "Pass"
HEADER: Final = "Header"
PROCESSING_FRAME: Final = "PassFrame"
SENSOR_FRAME: Final = "SensorFrame"

#: What a frame of a processing pass holds, each a packed array of doubles. Per contact body: wrench in the ground as
#: (moment about the origin, force), and the same force with its point of application and free torque.
PROCESSING_FIELDS: Final[Mapping[str, int]] = {
    "pos": 1,
    "vel": 2,
    "acc": 3,
    "tau": 4,
    "ground_contact_wrench": 5,
    "ground_contact_center_of_pressure": 6,
    "ground_contact_torque": 7,
    "ground_contact_force": 8,
    "com_pos": 9,
    "com_vel": 10,
    "com_acc": 11,
    "root_frame_residual": 12,
    "root_frame_ground_contact_wrench": 14,
    "root_frame_joint_centers": 15,
    "world_frame_joint_centers": 16,
    "root_frame_com_acc": 17,
    "root_frame_ground_contact_center_of_pressure": 18,
    "root_frame_ground_contact_torques": 19,
    "root_frame_ground_contact_force": 20,
    "root_frame_spatial_velocity": 21,
    "root_frame_spatial_acceleration": 22,
    "root_frame_root_pos_history": 23,
    "root_frame_root_euler_history": 24,
}

#: What a frame of raw measurements holds, each a packed array of doubles.
SENSOR_FIELDS: Final[Mapping[str, int]] = {
    "custom_values": 1,
    "marker_obs": 2,
    "acc_obs": 3,
    "gyro_obs": 4,
    "emg_obs": 5,
    "exo_obs": 6,
    "raw_force_plate_cop": 7,
    "raw_force_plate_torque": 8,
    "raw_force_plate_force": 9,
}

_MESSAGES: Final[Mapping[str, _Fields]] = {
    TRIAL_PROCESSING: {
        "type": (1, "int32"),
        "dof_positions_observed": (2, "bool*"),
        "dof_velocities_finite_differenced": (3, "bool*"),
        "dof_acceleration_finite_differenced": (4, "bool*"),
        "marker_rms": (5, "float*"),
        "marker_max": (6, "float*"),
        "linear_residual": (7, "float*"),
        "angular_residual": (8, "float*"),
        "joints_max_velocity": (9, "float*"),
        "lowpass_cutoff_frequency": (10, "float"),
        "lowpass_filter_order": (11, "int32"),
        "force_plate_cutoff": (12, "float*"),
    },
    TRIAL_HEADER: {
        "name": (1, "bytes"),
        "missing_grf_reason": (2, "int32*"),
        "trial_length": (3, "int32"),
        "trial_timestep": (4, "double"),
        "processing_pass_header": (5, f"{TRIAL_PROCESSING}*"),
        "trial_tag": (6, "bytes*"),
        "num_force_plates": (7, "int32"),
        "force_plate_corners": (8, "double*"),
        "marker_names_guessed": (9, "bool"),
        "original_name": (10, "bytes"),
        "split_index": (11, "int32"),
        "trial_type": (17, "int32"),
    },
    PROCESSING: {"pass_type": (1, "int32"), "model_osim_text": (2, "bytes")},
    HEADER: {
        "num_dofs": (1, "int32"),
        "num_trials": (2, "int32"),
        "raw_sensor_frame_size": (3, "int32"),
        "processing_pass_frame_size": (4, "int32"),
        "passes": (5, f"{PROCESSING}*"),
        "ground_contact_body": (6, "bytes*"),
        "custom_value_name": (7, "bytes*"),
        "custom_value_length": (8, "int32*"),
        "trial_header": (9, f"{TRIAL_HEADER}*"),
        "version": (10, "int32"),
        "href": (11, "bytes"),
        "notes": (12, "bytes"),
        "biological_sex": (13, "bytes"),
        "height_m": (14, "double"),
        "mass_kg": (15, "double"),
        "age_years": (16, "int32"),
        "marker_name": (17, "bytes*"),
        "acc_name": (18, "bytes*"),
        "gyro_name": (19, "bytes*"),
        "emg_name": (20, "bytes*"),
        "emg_dim": (21, "int32"),
        "exo_dof_index": (22, "int32*"),
        "subject_tag": (23, "bytes*"),
        "num_joints": (24, "int32"),
    },
    PROCESSING_FRAME: {name: (number, "double*") for name, number in PROCESSING_FIELDS.items()},
    SENSOR_FRAME: {name: (number, "double*") for name, number in SENSOR_FIELDS.items()},
}


def new_message(name: str) -> Any:  # the classes are made at run time, so their fields have no static types
    """Make an empty message; `name` is one of the constants of this module."""
    return _classes()[name]()


@cache
def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="gaitdynamics/b3d.proto", package=_PACKAGE, syntax="proto3")
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for name, (number, kind) in fields.items():
            base = kind.removesuffix("*")
            field = message.field.add(name=name, number=number)
            field.label = field.LABEL_REPEATED if kind.endswith("*") else field.LABEL_OPTIONAL
            if base in _MESSAGES:
                field.type = field.TYPE_MESSAGE
                field.type_name = f".{_PACKAGE}.{base}"
            else:
                field.type = field.Type.Value(f"TYPE_{base.upper()}")
    # A pool of its own: another program's description of the same format does not meet this one.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }
