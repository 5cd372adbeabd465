"""Kinematics: derivatives against finite differences, gradients, shapes, precision and symmetries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gaitdynamics.body.generic import generic_model
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.model import Axis, Constant, Coordinate, Frame, Joint, Linear, Model
from small_models import X, Z, lone_body, walker

MODELS = {"walker": walker, "generic": generic_model, "lone": lone_body}


def random_state(skeleton: Skeleton, frames: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (3, frames, len(skeleton.coordinates))
    q, qd, qdd = torch.rand(shape, generator=generator, dtype=torch.float64) * 2.0 - 1.0
    return 0.7 * q, 4.0 * qd, 40.0 * qdd


def rates_by_differences(skeleton: Skeleton, state: tuple[Tensor, Tensor, Tensor]) -> list[Tensor]:
    """Velocity, acceleration, angular velocity and acceleration from poses alone.

    The coordinates follow the parabola with the given rates; its poses are differenced to sixth order.
    """
    q, qd, qdd = state
    step = 2e-3
    times = step * torch.arange(-3, 4, dtype=torch.float64)
    path = q + qd * times[:, None, None] + 0.5 * qdd * times[:, None, None] ** 2
    pose = skeleton.pose(path)
    first = torch.tensor([-1, 9, -45, 0, 45, -9, 1], dtype=torch.float64) / (60 * step)
    second = torch.tensor([2, -27, 270, -490, 270, -27, 2], dtype=torch.float64) / (180 * step**2)

    def derive(weights: Tensor, values: Tensor) -> Tensor:
        return torch.tensordot(weights, values, dims=1)

    rotation = pose.rotation[3]
    spin = derive(first, pose.rotation) @ rotation.transpose(-1, -2)
    # d(omega x)/dt = R'' R^T + R' R'^T, whose second term is symmetric and so drops out of the axial vector.
    push = derive(second, pose.rotation) @ rotation.transpose(-1, -2)
    return [derive(first, pose.position), derive(second, pose.position), axial(spin), axial(push)]


def axial(matrix: Tensor) -> Tensor:
    skew = 0.5 * (matrix - matrix.transpose(-1, -2))
    return torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], dim=-1)


@pytest.mark.parametrize("name", MODELS)
def test_velocities_and_accelerations_are_the_derivatives_of_the_pose(name: str) -> None:
    skeleton = Skeleton(MODELS[name]())
    # Splines bend differently on each side of a knot; the parabolas here stay between knots.
    state = random_state(skeleton, 30)
    motion = skeleton.motion(*state)
    found = [motion.velocity, motion.acceleration, motion.angular_velocity, motion.angular_acceleration]
    for values, truth in zip(found, rates_by_differences(skeleton, state), strict=True):
        error = (values - truth).abs().amax(dim=(-1, -2)) / truth.abs().max()
        assert float(error.median()) < 1e-8
        assert float(torch.quantile(error, 0.8)) < 1e-6


@pytest.mark.parametrize("name", MODELS)
def test_pose_of_the_motion_is_the_pose(name: str) -> None:
    skeleton = Skeleton(MODELS[name]())
    q, qd, qdd = random_state(skeleton, 5)
    pose, moving = skeleton.pose(q), skeleton.motion(q, qd, qdd).pose
    for part in ("position", "rotation", "joint_center"):
        torch.testing.assert_close(getattr(pose, part), getattr(moving, part), rtol=0, atol=1e-13)


def test_velocity_is_linear_in_the_rates_by_the_axes_of_the_joints() -> None:
    """The axes that inverse dynamics projects on are the columns of the Jacobian."""
    skeleton = Skeleton(walker())
    q, qd, qdd = random_state(skeleton, 1)
    full_rate = skeleton.with_coupled(q, qd)[1]
    motion = skeleton.motion(q, qd, qdd)
    for joint, (parent, child) in enumerate(skeleton.joints):
        spin = motion.angular_velocity[0, child] - (motion.angular_velocity[0, parent] if parent >= 0 else 0.0)
        turning = [axis for axis in motion.axes[joint] if axis.turns]
        from_axes = sum((a.slope * full_rate[:, a.coordinate])[:, None] * a.direction for a in turning)
        torch.testing.assert_close(spin, from_axes[0], rtol=0, atol=1e-12)


def test_coupled_rates_follow_by_the_chain_rule() -> None:
    skeleton = Skeleton(walker())
    q, qd, qdd = random_state(skeleton, 8)
    step = 1e-4
    at = [skeleton.with_coupled(q + qd * t + 0.5 * qdd * t * t)[0] for t in (-step, 0.0, step)]
    full, rate, acceleration = skeleton.with_coupled(q, qd, qdd)
    torch.testing.assert_close(full, at[1], rtol=0, atol=0)
    torch.testing.assert_close(rate, (at[2] - at[0]) / (2 * step), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(acceleration, (at[2] - 2 * at[1] + at[0]) / step**2, rtol=1e-3, atol=1e-2)


def test_gradients_pass_through_pose_and_motion() -> None:
    skeleton = Skeleton(walker())
    state = [values.requires_grad_() for values in random_state(skeleton, 2)]
    q, qd, qdd = state

    def pose(q: Tensor) -> tuple[Tensor, ...]:
        found = skeleton.pose(q)
        return found.position, found.rotation, skeleton.center_of_mass(found)

    def rates(q: Tensor, qd: Tensor, qdd: Tensor) -> tuple[Tensor, ...]:
        found = skeleton.motion(q, qd, qdd)
        return found.velocity, found.angular_velocity, found.acceleration, found.angular_acceleration

    assert torch.autograd.gradcheck(pose, (q,), atol=1e-6)
    assert torch.autograd.gradcheck(rates, (q, qd, qdd), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("batch", [(), (1,), (4,), (2, 3), (2, 1, 3)])
def test_any_batch_gives_what_single_frames_give(batch: tuple[int, ...]) -> None:
    skeleton = Skeleton(walker())
    count = int(np.prod(batch, dtype=int))
    flat = random_state(skeleton, count)
    q, qd, qdd = (values.reshape(*batch, -1) for values in flat)
    motion = skeleton.motion(q, qd, qdd)
    bodies, joints = len(skeleton.body_names), len(skeleton.joint_names)
    assert motion.pose.position.shape == (*batch, bodies, 3)
    assert motion.pose.rotation.shape == (*batch, bodies, 3, 3)
    assert motion.pose.joint_center.shape == (*batch, joints, 3)
    assert skeleton.pose(q).position.shape == (*batch, bodies, 3)
    assert skeleton.center_of_mass(motion.pose).shape == (*batch, 3)
    assert all(a.direction.shape == (*batch, 3) and a.slope.shape == batch for axes in motion.axes for a in axes)
    for i in range(count):
        single = skeleton.motion(*(values[i] for values in flat))
        torch.testing.assert_close(motion.acceleration.reshape(count, bodies, 3)[i], single.acceleration)


def test_single_precision_stays_so_and_is_right_to_a_tenth_of_a_millimetre() -> None:
    model = generic_model()
    q = random_state(Skeleton(model), 20)[0]
    single = Skeleton(model, dtype=torch.float32).pose(q.float())
    assert single.position.dtype == single.rotation.dtype == single.joint_center.dtype == torch.float32
    torch.testing.assert_close(single.position.double(), Skeleton(model).pose(q).position, rtol=0, atol=1e-6)


@given(values=st.lists(st.floats(-6.0, 6.0), min_size=10, max_size=10))
def test_rotations_are_rotations_everywhere(values: list[float]) -> None:
    skeleton = Skeleton(walker())
    rotation = skeleton.pose(torch.tensor(values, dtype=torch.float64)).rotation
    eye = torch.eye(3, dtype=torch.float64).expand_as(rotation)
    torch.testing.assert_close(rotation @ rotation.transpose(-1, -2), eye, rtol=0, atol=1e-12)
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(4, dtype=torch.float64), rtol=0, atol=1e-12)


@settings(max_examples=25)
@given(shift=st.tuples(*[st.floats(-50, 50)] * 3), seed=st.integers(0, 99))
def test_moving_the_pelvis_moves_everything_and_changes_no_rate(shift: tuple[float, ...], seed: int) -> None:
    skeleton = Skeleton(walker())
    state = random_state(skeleton, 1, seed)
    by = torch.zeros(len(skeleton.coordinates), dtype=torch.float64)
    move = torch.tensor(shift, dtype=torch.float64)
    by[[skeleton.coordinates.index(name) for name in ("tx", "ty", "tz")]] = move
    here, there = skeleton.motion(*state), skeleton.motion(state[0] + by, *state[1:])
    torch.testing.assert_close(there.pose.position, here.pose.position + move, rtol=0, atol=1e-12)
    torch.testing.assert_close(there.pose.rotation, here.pose.rotation, rtol=0, atol=0)
    torch.testing.assert_close(there.acceleration, here.acceleration, rtol=0, atol=0)


#: Coordinates that change sign when right and left are exchanged; the others of the generic model keep it.
ODD = ("pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation")


@settings(max_examples=25)
@given(seed=st.integers(0, 999))
def test_mirrored_pose_is_the_mirror_image(seed: int) -> None:
    skeleton = Skeleton(generic_model())
    names = skeleton.coordinates
    state = random_state(skeleton, 1, seed)

    def other(name: str) -> str:
        if name.endswith(("_r", "_l")):
            return name[:-1] + ("l" if name.endswith("_r") else "r")
        return name

    swap = [names.index(other(name)) for name in names]
    sign = torch.tensor([-1.0 if name in ODD else 1.0 for name in names], dtype=torch.float64)
    motion = skeleton.motion(*state)
    mirrored = skeleton.motion(*(values[..., swap] * sign for values in state))
    flip = torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64)
    bodies = [skeleton.body_index(other(name)) for name in skeleton.body_names]
    for part in ("velocity", "acceleration"):
        torch.testing.assert_close(getattr(mirrored, part), getattr(motion, part)[:, bodies] * flip, rtol=0, atol=1e-9)
    torch.testing.assert_close(mirrored.pose.position, motion.pose.position[:, bodies] * flip, rtol=0, atol=1e-12)
    rotation = flip[:, None] * motion.pose.rotation[:, bodies] * flip
    torch.testing.assert_close(mirrored.pose.rotation, rotation, rtol=0, atol=1e-12)


def two_constant_turns() -> Model:
    """A joint whose turns do not commute: a moving one between two that stand still."""
    body = lone_body().bodies[0]
    joint = Joint(
        "joint",
        "CustomJoint",
        "ground",
        "pelvis",
        Frame(),
        Frame(),
        (Axis(X, Constant(np.pi / 2), None), Axis(Z, Linear(1.0), "u"), Axis(X, Constant(-np.pi / 2), None)),
        (),
        (Coordinate("u"),),
    )
    return Model("turns", (body,), (joint,))


def test_constant_turns_keep_their_place_in_the_chain() -> None:
    """Rx(90) Rz(u) Rx(-90) is Ry(-u)."""
    rotation = Skeleton(two_constant_turns()).pose(torch.tensor([0.3], dtype=torch.float64)).rotation[0]
    c, s = np.cos(-0.3), np.sin(-0.3)
    np.testing.assert_allclose(rotation.numpy(), [[c, 0, s], [0, 1, 0], [-s, 0, c]], atol=1e-15)


def test_names_and_indices() -> None:
    skeleton = Skeleton(walker())
    assert skeleton.joints == ((-1, 0), (0, 1), (1, 2), (1, 3))
    assert [skeleton.body_index(name) for name in skeleton.body_names] == [0, 1, 2, 3]
    assert set(skeleton.all_coordinates) - set(skeleton.coordinates) == {"beta"}
    with pytest.raises(KeyError, match="foot"):
        skeleton.body_index("foot")


def test_couplers_out_of_order_are_refused() -> None:
    model = walker()
    wrong = replace(model.couplers[0], dependent="knee", independent="hip_z")
    with pytest.raises(AssertionError, match="order"):
        Skeleton(replace(model, couplers=(*model.couplers, wrong)))
