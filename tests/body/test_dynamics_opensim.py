"""Inverse dynamics of each joint kind against OpenSim, and where OpenSim departs from its own kinematics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import osim_documents as docs
from gaitdynamics.body.dynamics import inverse_dynamics
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.files.osim import read_osim
from opensim_oracle import Oracle
from osim_documents import LINEAR, SmallAxis, SmallJoint

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
HALF = "<LinearFunction{name}><coefficients>0.5 0.1</coefficients></LinearFunction>"
SPLINE = "<SimmSpline{name}><x>-1 -0.3 0.2 0.6 1.4</x><y>0.1 0.4 -0.2 0.3 0.35</y></SimmSpline>"
CONSTANT = "<Constant{name}><value>0.25</value></Constant>"
PLACED = {
    "location_in_parent": (0.11, -0.07, 0.05),
    "orientation_in_parent": (0.3, -0.5, 0.7),
    "location": (-0.04, 0.21, 0.02),
    "orientation": (-0.2, 0.4, 0.1),
}


def custom(rotations: Sequence[SmallAxis], coordinates: Sequence[str]) -> SmallJoint:
    shifts = (SmallAxis("u", X, SPLINE), SmallAxis("u", Y, HALF), SmallAxis("", Z, CONSTANT))
    return SmallJoint("CustomJoint", "ground", "a", coordinates, axes=(*rotations, *shifts))


JOINTS = {
    "pin": SmallJoint("PinJoint", "ground", "a", ("u",)),
    "slider": SmallJoint("SliderJoint", "ground", "a", ("u",)),
    "universal": SmallJoint("UniversalJoint", "ground", "a", ("u", "v")),
    "planar": SmallJoint("PlanarJoint", "ground", "a", ("u", "v", "w")),
    "gimbal": SmallJoint("GimbalJoint", "ground", "a", ("u", "v", "w")),
    "custom, three coordinates": custom(
        (SmallAxis("u", Z, LINEAR), SmallAxis("v", X, LINEAR), SmallAxis("w", Y, LINEAR)), ("u", "v", "w")
    ),
    "custom, one coordinate": custom(
        (SmallAxis("u", Z, LINEAR), SmallAxis("u", X, SPLINE), SmallAxis("", Y, CONSTANT)), ("u",)
    ),
}


def make(path: Path, joints: Sequence[SmallJoint]) -> tuple[Skeleton, Oracle]:
    path.write_text(docs.version_4(joints))
    skeleton = Skeleton(read_osim(path))
    return skeleton, Oracle(path, skeleton.all_coordinates)


def random_rows(count: int, seed: int = 1) -> NDArray[np.float64]:
    """Coordinates, rates and accelerations (3, 6, count)."""
    rows = np.random.default_rng(seed).uniform(-1.0, 1.0, (3, 6, count))
    return rows * np.array([1.2, 4.0, 30.0])[:, None, None]


@pytest.mark.parametrize("kind", JOINTS)
def test_generalised_forces_are_those_of_opensim(tmp_path: Path, kind: str) -> None:
    below = SmallJoint("PinJoint", "ground", "base", ("base_turn",), **PLACED)
    above = SmallJoint("PinJoint", "a", "tip", ("tip_turn",), **PLACED)
    joints = [below, replace(JOINTS[kind], parent="base", **PLACED), above]
    skeleton, oracle = make(tmp_path / "small.osim", joints)
    order = oracle.speed_order()
    rows = random_rows(len(skeleton.coordinates))
    forces = inverse_dynamics(skeleton, skeleton.motion(*torch.tensor(rows))).numpy()
    for frame in range(rows.shape[1]):
        oracle.place(rows[0, frame], rows[1, frame])
        truth = oracle.generalised_forces(rows[2, frame], order)
        np.testing.assert_allclose(forces[frame], truth, atol=1e-10)


@pytest.mark.parametrize("kind", ["BallJoint", "FreeJoint"])
def test_forces_of_ball_and_free_joints_are_moments_about_the_parents_axes(tmp_path: Path, kind: str) -> None:
    names = ("u", "v", "w", "x", "y", "z")[: 3 if kind == "BallJoint" else 6]
    skeleton, oracle = make(tmp_path / "small.osim", [SmallJoint(kind, "ground", "a", names)])
    order = oracle.speed_order()
    rows = random_rows(len(names))
    motion = skeleton.motion(*torch.tensor(rows))
    forces = inverse_dynamics(skeleton, motion).numpy()
    # There OpenSim's speeds are the angular velocity, not the rates of the angles.
    speeds, accelerations = rows[1].copy(), rows[2].copy()
    speeds[:, :3] = motion.angular_velocity[:, 0].numpy()
    accelerations[:, :3] = motion.angular_acceleration[:, 0].numpy()
    for frame in range(rows.shape[1]):
        oracle.place(rows[0, frame], speeds[frame])
        truth = oracle.generalised_forces(accelerations[frame], order)
        np.testing.assert_allclose(forces[frame], truth, atol=1e-10)


# Where OpenSim departs from its own kinematics: see the notes on dynamics in the documentation. Its positions
# are the common ground; their numerical derivatives are the truth that both engines are held against.

STILL = SmallAxis("", X, "<Constant{name}><value>0</value></Constant>")
TURNED = SmallAxis("", X, CONSTANT)
FIRST, SECOND, THIRD = SmallAxis("u", Z, LINEAR), SmallAxis("u", X, HALF), SmallAxis("u", Y, HALF)
ROTATIONS = {
    "all three move": (FIRST, SECOND, THIRD),
    "first and third move": (FIRST, STILL, THIRD),
    "third stands still": (FIRST, SECOND, replace(STILL, direction=Y)),
    "third is turned for good": (FIRST, SECOND, replace(TURNED, direction=Y)),
    "second is turned for good": (FIRST, TURNED, THIRD),
}
VALUE, SPEED = np.array([0.4]), np.array([2.0])


def derivatives_of_opensims_positions(oracle: Oracle) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Velocity and acceleration of the body's origin at constant speed, by sixth-order differences."""
    step = 5e-3
    positions = []
    for i in range(-3, 4):
        oracle.place(VALUE + SPEED * i * step)
        positions.append(oracle.pose(["a"])[0][0])
    first = np.array([-1, 9, -45, 0, 45, -9, 1]) / (60 * step)
    second = np.array([2, -27, 270, -490, 270, -27, 2]) / (180 * step**2)
    return first @ np.array(positions), second @ np.array(positions)


@pytest.mark.parametrize("case", ROTATIONS)
def test_our_rates_are_the_derivatives_of_opensims_positions(tmp_path: Path, case: str) -> None:
    skeleton, oracle = make(tmp_path / "small.osim", [replace(custom(ROTATIONS[case], ("u",)), **PLACED)])
    velocity, acceleration = derivatives_of_opensims_positions(oracle)
    motion = skeleton.motion(*map(torch.tensor, (VALUE, SPEED, 0.0 * SPEED)))
    np.testing.assert_allclose(motion.velocity[0].numpy(), velocity, atol=1e-8)
    np.testing.assert_allclose(motion.acceleration[0].numpy(), acceleration, atol=1e-6)


@pytest.mark.parametrize("case", ROTATIONS)
def test_opensims_own_rates_are_pinned_down(tmp_path: Path, case: str) -> None:
    """So that a version of OpenSim without these departures is noticed.

    Its accelerations are off where one coordinate drives all three rotations, as in the knee of the Rajagopal
    model; its velocities are off where a rotation that moves comes after one that is turned for good.
    """
    oracle = make(tmp_path / "small.osim", [replace(custom(ROTATIONS[case], ("u",)), **PLACED)])[1]
    velocity, acceleration = derivatives_of_opensims_positions(oracle)
    oracle.place(VALUE, SPEED)
    velocity_error = float(np.abs(oracle.velocities(["a"])[0][0] - velocity).max())
    acceleration_error = float(np.abs(oracle.station_bias("a") - acceleration).max())
    right_velocity = case != "second is turned for good"
    right_acceleration = right_velocity and case != "all three move"
    assert velocity_error < 1e-8 if right_velocity else velocity_error > 0.01
    assert acceleration_error < 1e-6 if right_acceleration else acceleration_error > 0.01
