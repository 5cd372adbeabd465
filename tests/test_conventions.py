"""The table of movements and signs in docs/conventions.md, row by row."""

from __future__ import annotations

import pytest
import torch

from gaitdynamics.body.generic import generic_model
from gaitdynamics.body.skeleton import Skeleton

X, Y, Z = 0, 1, 2

# coordinate, body, point of that body looked at (m, body frame), ground axis, sign of its shift.
MOVEMENTS = [
    ("pelvis_tilt", "pelvis", (0.1, 0.0, 0.0), Y, +1),  # front edge up
    ("pelvis_list", "pelvis", (0.0, 0.0, 0.1), Y, -1),  # right side drops
    ("pelvis_rotation", "pelvis", (0.0, 0.0, 0.1), X, +1),  # right side forward
    ("hip_flexion_r", "tibia_r", (0.0, 0.0, 0.0), X, +1),  # knee forward
    ("hip_flexion_l", "tibia_l", (0.0, 0.0, 0.0), X, +1),
    ("hip_adduction_r", "tibia_r", (0.0, 0.0, 0.0), Z, -1),  # knee towards the other leg
    ("hip_adduction_l", "tibia_l", (0.0, 0.0, 0.0), Z, +1),
    ("hip_rotation_r", "toes_r", (0.0, 0.0, 0.0), Z, -1),  # toes inward
    ("hip_rotation_l", "toes_l", (0.0, 0.0, 0.0), Z, +1),
    ("knee_angle_r", "talus_r", (0.0, 0.0, 0.0), X, -1),  # ankle backward
    ("knee_angle_l", "talus_l", (0.0, 0.0, 0.0), X, -1),
    ("ankle_angle_r", "toes_r", (0.0, 0.0, 0.0), Y, +1),  # toes up
    ("ankle_angle_l", "toes_l", (0.0, 0.0, 0.0), Y, +1),
    ("subtalar_angle_r", "calcn_r", (0.0, -0.1, 0.0), Z, -1),  # sole towards the other foot
    ("subtalar_angle_l", "calcn_l", (0.0, -0.1, 0.0), Z, +1),
    ("mtp_angle_r", "toes_r", (0.1, 0.0, 0.0), Y, -1),  # tip of the toes downward
    ("mtp_angle_l", "toes_l", (0.1, 0.0, 0.0), Y, -1),
    ("lumbar_extension", "torso", (0.0, 0.3, 0.0), X, -1),  # head backward
    ("lumbar_bending", "torso", (0.0, 0.3, 0.0), Z, +1),  # head to the right
    ("lumbar_rotation", "torso", (0.0, 0.0, 0.1), X, +1),  # right shoulder forward
]


@pytest.mark.parametrize(("coordinate", "body", "point", "axis", "sign"), MOVEMENTS)
def test_positive_coordinate_moves_the_body_as_documented(
    coordinate: str, body: str, point: tuple[float, float, float], axis: int, sign: int
) -> None:
    skeleton = Skeleton(generic_model())
    q = torch.zeros(2, len(skeleton.coordinates), dtype=torch.float64)
    q[1, skeleton.coordinates.index(coordinate)] = 0.1
    pose = skeleton.pose(q)
    i = skeleton.body_index(body)
    place = pose.position[:, i] + pose.rotation[:, i] @ torch.tensor(point, dtype=torch.float64)
    shift = place[1] - place[0]
    assert sign * float(shift[axis]) > 0.004  # of 10 cm by 0.1 rad: nearly half goes that way
