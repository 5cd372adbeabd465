"""The substitute for an unmeasured trunk, against rotations composed here by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from gaitdynamics.columns import LUMBAR, PELVIS_ROTATIONS
from gaitdynamics.model import Axis, Coordinate, Frame, Joint, Linear, Model, Polynomial, Scaled, Vector3
from gaitdynamics.posture import hold_torso_upright

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
RATE = 100.0
angle = st.floats(-0.6, 0.6)


def joint(
    name: str,
    parent: str,
    child: str,
    names: tuple[str, ...],
    axes: tuple[Vector3, ...],
    frames: tuple[Frame, Frame] = (Frame(), Frame()),
    function: object = None,
) -> Joint:
    turning = tuple(Axis(d, function or Linear(1.0), c) for d, c in zip(axes, names, strict=True))
    coordinates = tuple(Coordinate(c) for c in names)
    return Joint(name, "CustomJoint", parent, child, *frames, turning, (), coordinates)


def rotation(model_joint: Joint, angles: dict[str, np.ndarray], slope: float = 1.0) -> Rotation:
    total = Rotation.from_euler("XYZ", model_joint.parent_frame.orientation)
    for axis in model_joint.rotations:
        turn = slope * angles[axis.coordinate][:, None] * np.asarray(axis.direction)
        total = total * Rotation.from_rotvec(turn)
    return total * Rotation.from_euler("XYZ", model_joint.child_frame.orientation).inv()


@given(
    tilt=angle,
    bend=angle,
    heading=st.floats(-9.0, 9.0),
    order=st.sampled_from(list(permutations(range(3)))),
    signs=st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3),
    tipped=st.tuples(angle, angle, angle),
    slope=st.sampled_from([1.0, -1.0, 2.0]),
)
def test_torso_is_upright_and_faces_where_the_pelvis_heads(
    tilt: float,
    bend: float,
    heading: float,
    order: tuple[int, ...],
    signs: tuple[float, ...],
    tipped: Vector3,
    slope: float,
) -> None:
    axes = tuple(tuple(signs[i] * np.array((Z, X, Y)[i])) for i in order)
    names = tuple(LUMBAR[i] for i in order)
    # Frames that cancel in the neutral pose, as in models whose joint frames are tipped.
    frames = (Frame(orientation=tipped), Frame(orientation=tipped))
    function = Scaled(Linear(1.0), slope) if slope == 2.0 else Polynomial((slope, 0.0))
    pelvis = joint("hip", "ground", "pelvis", PELVIS_ROTATIONS, (Z, X, Y))
    back = joint("back", "pelvis", "torso", names, axes, frames, function)
    model = Model("m", (), (pelvis, back))
    phase = 2 * np.pi * np.arange(201) / RATE
    angles = {
        "pelvis_tilt": tilt * np.sin(phase),
        "pelvis_list": bend * np.cos(phase),
        "pelvis_rotation": np.full_like(phase, heading),
    }
    lumbar = hold_torso_upright(model, angles, RATE)
    assert lumbar is not None
    assert set(lumbar) == set(LUMBAR)
    torso = rotation(pelvis, angles) * rotation(back, lumbar, slope)
    np.testing.assert_allclose(torso.apply(Y), np.tile(Y, (201, 1)), atol=1e-9)
    # The pelvis swings about its heading once a second; the torso keeps the mean of that.
    forward = torso.apply(X)[100]
    pelvis_forward = rotation(pelvis, angles).apply(X)
    mean = np.unwrap(np.arctan2(-pelvis_forward[:, 2], pelvis_forward[:, 0])).mean()
    assert np.cos(np.arctan2(-forward[2], forward[0]) - mean) > np.cos(0.02)


def test_swing_of_the_pelvis_stays_below() -> None:
    model = Model(
        "m",
        (),
        (
            joint("hip", "ground", "pelvis", PELVIS_ROTATIONS, (Z, X, Y)),
            joint("back", "pelvis", "torso", LUMBAR, (Z, X, Y)),
        ),
    )
    time = np.arange(600) / RATE
    swing = 0.1 * np.sin(2 * np.pi * time)
    turn = 0.3 * time  # a wide curve
    zero = np.zeros_like(time)
    angles = {"pelvis_tilt": zero, "pelvis_list": zero, "pelvis_rotation": turn + swing}
    lumbar = hold_torso_upright(model, angles, RATE)
    assert lumbar is not None
    inner = slice(100, -100)
    np.testing.assert_allclose(lumbar["lumbar_rotation"][inner], -swing[inner], atol=2e-3)


def test_models_without_such_a_torso_are_declined() -> None:
    zero = np.zeros(50)
    angles = dict.fromkeys(PELVIS_ROTATIONS, zero)
    pelvis = joint("hip", "ground", "pelvis", PELVIS_ROTATIONS, (Z, X, Y))
    slanted = (Z, (0.6, 0.0, 0.8), Y)
    two = joint("back", "pelvis", "torso", LUMBAR[:2], (Z, X))
    elsewhere = joint("back", "head", "torso", LUMBAR, (Z, X, Y))
    bent = joint("back", "pelvis", "torso", LUMBAR, (Z, X, Y), function=Polynomial((1.0, 1.0, 0.0)))
    oblique = joint("back", "pelvis", "torso", LUMBAR, slanted)
    for joints in ((pelvis,), (pelvis, two), (pelvis, elsewhere), (pelvis, bent), (pelvis, oblique)):
        assert hold_torso_upright(Model("m", (), joints), angles, RATE) is None
