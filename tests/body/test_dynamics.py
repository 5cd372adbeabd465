"""Dynamics: closed forms, conservation laws, virtual work and energy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gaitdynamics.body.dynamics import ExternalForce, body_wrenches, inverse_dynamics, total_wrench
from gaitdynamics.body.generic import generic_model
from gaitdynamics.body.motion import Motion
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.model import Model
from small_models import lone_body, pendulum, walker

WEIGHTLESS = (0.0, 0.0, 0.0)
ROOT = ("tilt", "list", "rotation", "tx", "ty", "tz")


def tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def random_state(skeleton: Skeleton, frames: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape = (3, frames, len(skeleton.coordinates))
    q, qd, qdd = torch.rand(shape, generator=generator, dtype=torch.float64) * 2.0 - 1.0
    return 0.7 * q, 4.0 * qd, 40.0 * qdd


def uncoupled_walker(gravity: tuple[float, float, float] = (0.0, -9.80665, 0.0)) -> Skeleton:
    return Skeleton(replace(walker(), couplers=(), gravity=gravity))


def center_velocity(skeleton: Skeleton, motion: Motion) -> Tensor:
    arm = (motion.pose.rotation @ skeleton.mass_center[..., None])[..., 0]
    return motion.velocity + torch.linalg.cross(motion.angular_velocity, arm)


def momenta(skeleton: Skeleton, motion: Motion) -> tuple[Tensor, Tensor]:
    """Linear momentum, and angular momentum about the ground's origin, (..., 3) each."""
    linear = skeleton.mass[:, None] * center_velocity(skeleton, motion)
    rotation = motion.pose.rotation
    inertia = rotation @ skeleton.inertia @ rotation.transpose(-1, -2)
    spin = (inertia @ motion.angular_velocity[..., None])[..., 0]
    centers = skeleton.body_centers(motion.pose)
    return linear.sum(-2), (spin + torch.linalg.cross(centers, linear)).sum(-2)


def energy(skeleton: Skeleton, motion: Motion) -> Tensor:
    """Kinetic and potential energy (...)."""
    velocity = center_velocity(skeleton, motion)
    own = (motion.pose.rotation.transpose(-1, -2) @ motion.angular_velocity[..., None])[..., 0]
    turning = (own * (skeleton.inertia @ own[..., None])[..., 0]).sum(-1)
    moving = (skeleton.mass * (velocity**2).sum(-1)).sum(-1)
    fallen = (skeleton.body_centers(motion.pose) @ skeleton.gravity * skeleton.mass).sum(-1)
    return 0.5 * (moving + turning.sum(-1)) - fallen


# Closed forms


def test_free_fall_demands_no_wrench() -> None:
    skeleton = Skeleton(lone_body())
    q, qd = torch.zeros(2, 1, 6, dtype=torch.float64)
    q[..., :3] = tensor(0.3, -0.2, 0.9)
    qd[..., 3:] = tensor(1.0, 2.0, -3.0)
    qdd = torch.zeros_like(q)
    qdd[..., skeleton.coordinates.index("ty")] = -9.80665
    force, moment = total_wrench(skeleton, skeleton.motion(q, qd, qdd))
    np.testing.assert_allclose(force.numpy(), 0.0, atol=1e-14)
    np.testing.assert_allclose(moment.numpy(), 0.0, atol=1e-14)


def test_standing_still_demands_the_weight_under_the_centre_of_mass() -> None:
    skeleton = Skeleton(generic_model())
    q = random_state(skeleton, 3)[0]
    rest = torch.zeros_like(q)
    motion = skeleton.motion(q, rest, rest)
    force, moment = total_wrench(skeleton, motion)
    weight = tensor(0.0, skeleton.model.mass * 9.80665, 0.0).expand(3, 3)
    torch.testing.assert_close(force, weight, rtol=0, atol=1e-10)
    center = skeleton.center_of_mass(motion.pose)
    torch.testing.assert_close(moment, torch.linalg.cross(center, weight), rtol=0, atol=1e-10)


@given(q=st.floats(-3, 3), qd=st.floats(-10, 10), qdd=st.floats(-50, 50))
def test_torque_of_a_pendulum(q: float, qd: float, qdd: float) -> None:
    """(I + m l^2) q'' + m g l sin q, whatever the speed."""
    length, mass, inertia = 0.4, 2.5, 0.07
    skeleton = Skeleton(pendulum(length, mass, inertia))
    torque = inverse_dynamics(skeleton, skeleton.motion(tensor(q), tensor(qd), tensor(qdd)))
    expected = (inertia + mass * length**2) * qdd + mass * 9.80665 * length * np.sin(q)
    assert float(torque[0]) == pytest.approx(expected, abs=1e-11)


def test_pivot_of_a_turning_pendulum_carries_the_centripetal_force() -> None:
    skeleton = Skeleton(pendulum(0.4, 2.5, 0.07))
    force, moment = total_wrench(skeleton, skeleton.motion(tensor(0.0), tensor(5.0), tensor(0.0)))
    expected = [0.0, 2.5 * (9.80665 + 0.4 * 25.0), 0.0]
    np.testing.assert_allclose(force.numpy(), expected, atol=1e-12)
    pivot = np.array([0.3, 1.0, -0.2])
    np.testing.assert_allclose(moment.numpy(), np.cross(pivot, expected), atol=1e-12)


@pytest.mark.parametrize("nutation", [0.2, 0.9, -0.5])
def test_torque_free_symmetric_top_precesses_by_itself(nutation: float) -> None:
    """Steady precession needs no torque at the spin (A - C) / C times the precession's share along the axis."""
    across, along, precession = 0.3, 0.5, 4.0
    model = lone_body(inertia=(across, along, across, 0.0, 0.0, 0.0))
    skeleton = Skeleton(replace(model, gravity=WEIGHTLESS))
    # Tilt turns about the ground's Z, list inclines the figure axis Y from the XY plane, rotation spins about Y.
    spin = (across - along) / along * precession * np.sin(nutation)
    q, qdd = tensor(0.7, nutation, -0.4, 0.0, 0.0, 0.0), torch.zeros(6, dtype=torch.float64)

    def torque(spin: float) -> Tensor:
        qd = tensor(precession, 0.0, spin, 0.0, 0.0, 0.0)
        return body_wrenches(skeleton, skeleton.motion(q, qd, qdd))[1][0]

    np.testing.assert_allclose(torque(spin).numpy(), 0.0, atol=1e-14)
    # With any other spin the gyroscopic torque is its excess angular momentum carried around.
    excess = along * 2.0 * precession * np.cos(nutation)
    assert float(torque(spin + 2.0).norm()) == pytest.approx(excess, rel=1e-12)


# Conservation


def mass_matrix(skeleton: Skeleton, q: Tensor) -> Tensor:
    """Generalised inertia (A, A): inverse dynamics is linear in the accelerations."""
    count = len(q)
    still = torch.zeros(count + 1, count, dtype=q.dtype)
    accelerations = torch.cat([torch.zeros(1, count, dtype=q.dtype), torch.eye(count, dtype=q.dtype)])
    forces = inverse_dynamics(skeleton, skeleton.motion(q.expand_as(still), still, accelerations))
    return (forces[1:] - forces[0]).T


def test_mass_matrix_is_symmetric_and_positive() -> None:
    skeleton = uncoupled_walker()
    for q in random_state(skeleton, 5)[0]:
        matrix = mass_matrix(skeleton, q)
        torch.testing.assert_close(matrix, matrix.T, rtol=0, atol=1e-11)
        assert float(torch.linalg.eigvalsh(matrix)[0]) > 0.0


def test_torque_free_multibody_keeps_momentum_and_energy() -> None:
    """Let go in weightlessness, the walker tumbles for 0.2 s by its equations of motion alone."""
    skeleton = uncoupled_walker(WEIGHTLESS)
    q, qd, zero = (values[0] for values in random_state(skeleton, 1, seed=4))
    zero = torch.zeros_like(zero)

    def rate(state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        bias = inverse_dynamics(skeleton, skeleton.motion(*state, zero))
        return state[1], torch.linalg.solve(mass_matrix(skeleton, state[0]), -bias)

    def ahead(state: tuple[Tensor, Tensor], by: tuple[Tensor, Tensor], step: float) -> tuple[Tensor, Tensor]:
        return state[0] + step * by[0], state[1] + step * by[1]

    def conserved(state: tuple[Tensor, Tensor]) -> Tensor:
        motion = skeleton.motion(*state, zero)
        return torch.cat([*momenta(skeleton, motion), energy(skeleton, motion)[None]])

    # The knee's splines have kinks in their third derivative; 1 rad/s keeps it between two knots.
    state, step = (q, qd * 0.25), 1e-3
    before = conserved(state)
    for _ in range(200):
        k1 = rate(state)
        k2 = rate(ahead(state, k1, step / 2))
        k3 = rate(ahead(state, k2, step / 2))
        k4 = rate(ahead(state, k3, step))
        slope = tuple((a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(k1, k2, k3, k4, strict=True))
        state = ahead(state, (slope[0], slope[1]), step)
    assert float((state[0] - q).abs().max()) > 0.1  # it has moved
    assert float(before.abs().min()) > 0.05  # and there was something to keep
    torch.testing.assert_close(conserved(state), before, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("model", [walker(), generic_model(), lone_body()], ids=lambda m: m.name)
def test_wrench_is_the_rate_of_momentum(model: Model) -> None:
    skeleton = Skeleton(model)
    q, qd, qdd = random_state(skeleton, 12)
    step = 1e-5

    def momentum_at(t: float) -> tuple[Tensor, Tensor]:
        return momenta(skeleton, skeleton.motion(q + qd * t + 0.5 * qdd * t * t, qd + qdd * t, qdd))

    motion = skeleton.motion(q, qd, qdd)
    weight = model.mass * skeleton.gravity
    about = torch.linalg.cross(skeleton.center_of_mass(motion.pose), weight.expand(12, 3))
    force, moment = total_wrench(skeleton, motion)
    (p0, h0), (p1, h1) = momentum_at(-step), momentum_at(step)
    scale = float(moment.abs().max())
    torch.testing.assert_close(force, (p1 - p0) / (2 * step) - weight, rtol=0, atol=1e-7 * scale)
    torch.testing.assert_close(moment, (h1 - h0) / (2 * step) - about, rtol=0, atol=1e-7 * scale)


# Generalised forces


@pytest.mark.parametrize("skeleton", [uncoupled_walker(), Skeleton(generic_model())], ids=["walker", "generic"])
def test_power_of_the_generalised_forces_is_the_rate_of_energy(skeleton: Skeleton) -> None:
    q, qd, qdd = random_state(skeleton, 12)
    step = 1e-5

    def energy_at(t: float) -> Tensor:
        return energy(skeleton, skeleton.motion(q + qd * t + 0.5 * qdd * t * t, qd + qdd * t, qdd))

    power = (inverse_dynamics(skeleton, skeleton.motion(q, qd, qdd)) * qd).sum(-1)
    rate = (energy_at(step) - energy_at(-step)) / (2 * step)
    torch.testing.assert_close(power, rate, rtol=1e-6, atol=1e-4)


def test_power_balance_holds_with_a_coupled_coordinate_counted_on_its_own() -> None:
    skeleton = Skeleton(walker())
    q, qd, qdd = random_state(skeleton, 6)
    rates = skeleton.with_coupled(q, qd)[1]
    power = (inverse_dynamics(skeleton, skeleton.motion(q, qd, qdd)) * rates).sum(-1)
    step = 1e-5
    ahead, back = (
        energy(skeleton, skeleton.motion(q + qd * t + 0.5 * qdd * t * t, qd + qdd * t, qdd)) for t in (step, -step)
    )
    torch.testing.assert_close(power, (ahead - back) / (2 * step), rtol=1e-6, atol=1e-4)


def test_forces_on_the_root_are_the_total_wrench() -> None:
    """Its translations carry the total force; its rotations the moment about their axes through its origin."""
    skeleton = Skeleton(walker())
    motion = skeleton.motion(*random_state(skeleton, 9))
    force, moment = total_wrench(skeleton, motion)
    result = inverse_dynamics(skeleton, motion)
    root = [skeleton.all_coordinates.index(name) for name in ROOT]
    torch.testing.assert_close(result[:, root[3:]], force, rtol=0, atol=1e-9)
    about = moment - torch.linalg.cross(motion.pose.position[:, 0], force)
    for place, axis in zip(root[:3], [a for a in motion.axes[0] if a.turns], strict=True):
        torch.testing.assert_close(result[:, place], (about * axis.direction).sum(-1), rtol=0, atol=1e-9)


def test_total_wrench_put_on_any_body_leaves_nothing_at_the_root() -> None:
    skeleton = Skeleton(walker())
    motion = skeleton.motion(*random_state(skeleton, 4))
    force, moment = total_wrench(skeleton, motion)
    load = ExternalForce("shank", force, torch.zeros_like(force), moment)
    result = inverse_dynamics(skeleton, motion, [load])
    root = [skeleton.all_coordinates.index(name) for name in ROOT]
    np.testing.assert_allclose(result[:, root].numpy(), 0.0, atol=1e-9)


@settings(max_examples=15)
@given(seed=st.integers(0, 99), body=st.sampled_from(["pelvis", "thigh", "shank", "patella"]))
def test_external_loads_act_by_virtual_work(seed: int, body: str) -> None:
    """A force changes the generalised forces by minus its power per unit rate: the Jacobian's transpose."""
    skeleton = uncoupled_walker()
    q, qd, qdd = random_state(skeleton, 1, seed)
    motion = skeleton.motion(q, qd, qdd)
    index = skeleton.body_index(body)
    point = motion.pose.position[:, index] + tensor(0.1, -0.3, 0.05)
    force, torque = tensor(30.0, -700.0, 20.0)[None], tensor(4.0, -5.0, 6.0)[None]
    load = ExternalForce(body, force, point, torque)
    change = inverse_dynamics(skeleton, motion, [load]) - inverse_dynamics(skeleton, motion)

    rates = torch.eye(q.shape[-1], dtype=q.dtype)
    moving = skeleton.motion(q.expand_as(rates), rates, torch.zeros_like(rates))
    omega = moving.angular_velocity[:, index]
    velocity = moving.velocity[:, index] + torch.linalg.cross(omega, tensor(0.1, -0.3, 0.05).expand_as(omega))
    power = (velocity * force).sum(-1) + (omega * torque).sum(-1)
    torch.testing.assert_close(change[0], -power, rtol=0, atol=1e-9)


def test_two_loads_on_one_body_add_up_and_no_torque_is_none() -> None:
    skeleton = Skeleton(walker())
    motion = skeleton.motion(*random_state(skeleton, 3))
    point = motion.pose.position[:, 2]
    force = torch.ones_like(point)
    one = ExternalForce("shank", force, point)
    double = ExternalForce("shank", 2.0 * force, point, torch.zeros_like(force))
    torch.testing.assert_close(
        inverse_dynamics(skeleton, motion, [one, one]), inverse_dynamics(skeleton, motion, [double])
    )


def test_load_on_a_body_that_is_not_there_is_refused() -> None:
    skeleton = Skeleton(walker())
    motion = skeleton.motion(*random_state(skeleton, 1))
    zero = torch.zeros(1, 3, dtype=torch.float64)
    with pytest.raises(KeyError, match="foot"):
        inverse_dynamics(skeleton, motion, [ExternalForce("foot", zero, zero)])


def test_gradients_pass_through_the_wrench() -> None:
    skeleton = Skeleton(lone_body())
    state = [values.requires_grad_() for values in random_state(skeleton, 1)]

    def wrench(q: Tensor, qd: Tensor, qdd: Tensor) -> tuple[Tensor, ...]:
        motion = skeleton.motion(q, qd, qdd)
        return *total_wrench(skeleton, motion), inverse_dynamics(skeleton, motion)

    assert torch.autograd.gradcheck(wrench, state, atol=1e-4, rtol=1e-5)
