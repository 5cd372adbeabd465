import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gaitdynamics.errors import UserInputError
from gaitdynamics.networks.attention import RotaryTable, rotary_table, rotate
from gaitdynamics.networks.denoiser import LARGE, SMALL, Denoiser, DenoiserConfig, SteppedDenoiser
from gaitdynamics.networks.groundlink import GroundLink
from gaitdynamics.networks.published_state import (
    denoiser_from_published_state,
    groundlink_from_published_state,
    refinement_encoder_from_published_state,
    sugai_from_published_state,
)
from gaitdynamics.networks.refinement_encoder import RefinementEncoder
from gaitdynamics.networks.sugai import Sugai
from published_weights import (
    baseline_state,
    denoiser_state,
    deviations,
    effective_count,
    input_wave,
    parameter_count,
    refinement_state,
)

#: Columns of a window that are kinematic; the others are forces.
KINEMATIC = [*range(9), *range(21, 63)]

TINY = DenoiserConfig(channels=5, width=16, blocks=2, heads=2, feedforward=8)


def agrees(result, vector, scale):
    """Every stored number to 1e-4 of the vector's scale, its means to 1e-4 of themselves."""
    for what, stored, found in deviations(result, vector):
        tolerance = 1e-4 * (max(abs(stored), scale) if "probe" in what else abs(stored))
        assert found == pytest.approx(stored, abs=tolerance), what


@pytest.mark.parametrize(
    ("vector", "config", "total", "used"),
    [("diffusion_small", SMALL, 5_822_527, 4_769_855), ("diffusion_large", LARGE, 35_797_055, 27_392_063)],
)
def test_denoiser_is_the_published_one(vector, config, total, used):
    state = denoiser_state(config.width, config.blocks)
    assert (parameter_count(state), effective_count(state)) == (total, used)
    network = denoiser_from_published_state(state)
    assert network.config == config
    assert sum(p.numel() for p in network.parameters()) == used
    with torch.inference_mode():
        agrees(network(input_wave(2, 63), torch.tensor([0, 500])), vector, scale=1.0)


@pytest.mark.parametrize(
    ("vector", "build", "state", "count"),
    [
        ("refinement", refinement_encoder_from_published_state, refinement_state, 2_090_124),
        ("groundlink", groundlink_from_published_state, lambda: baseline_state("groundlink"), 983_936),
        ("sugai", sugai_from_published_state, lambda: baseline_state("sugai"), 322_716),
    ],
)
def test_force_networks_are_the_published_ones(vector, build, state, count):
    network = build(state())
    assert sum(p.numel() for p in network.parameters()) == count
    with torch.inference_mode():
        agrees(network(input_wave(2, 63)[..., KINEMATIC]), vector, scale=0.01)


@pytest.mark.parametrize("network", [Denoiser(TINY), RefinementEncoder(), GroundLink(), Sugai()])
def test_saved_names_are_the_published_ones(network):
    states = {
        Denoiser: lambda: denoiser_state(16, 2, channels=5, feedforward=8),
        RefinementEncoder: refinement_state,
        GroundLink: lambda: baseline_state("groundlink"),
        Sugai: lambda: baseline_state("sugai"),
    }
    published = states[type(network)]()
    expected = {n: t.shape for n, t in published.items() if "rotary" not in n and "multihead_attn" not in n}
    assert {n: t.shape for n, t in network.state_dict().items()} == expected


def test_a_distributed_prefix_is_taken_off():
    state = denoiser_state(64, 1, channels=5, feedforward=8)
    plain = denoiser_from_published_state(state)
    prefixed = denoiser_from_published_state({f"module.{name}": tensor for name, tensor in state.items()})
    x, t = input_wave(1, 5, frames=9), torch.tensor([7])
    torch.testing.assert_close(prefixed(x, t), plain(x, t), rtol=0, atol=0)


def test_the_wrong_network_is_refused():
    with pytest.raises(UserInputError, match=r"no parameter 'input_projection\.weight'"):
        denoiser_from_published_state(refinement_state())


def test_incomplete_weights_are_refused():
    state = refinement_state()
    del state["encoder_layers.3.norm2.bias"]
    with pytest.raises(UserInputError, match=r"encoder_layers\.3\.norm2\.bias"):
        refinement_encoder_from_published_state(state)


def randomised(config):
    torch.manual_seed(5)
    network = Denoiser(config)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network


def test_stepped_denoiser_gives_what_the_network_gives():
    network = randomised(TINY).eval()
    stepped = SteppedDenoiser(network, [999, 500, 0])
    x = input_wave(3, 5, frames=12)
    for t in (0, 500, 999):
        torch.testing.assert_close(stepped(x, t), network(x, torch.full((3,), t)), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="501 was not announced"):
        stepped(x, 501)


def test_stepped_denoiser_keeps_its_weights_and_has_no_dropout():
    network = randomised(TINY).train()
    stepped = SteppedDenoiser(network, [3])
    x = input_wave(1, 5, frames=12)
    before = stepped(x, 3)
    torch.nn.init.zeros_(network.final_layer.weight)
    torch.testing.assert_close(stepped(x, 3), before, rtol=0, atol=0)
    assert network.training
    assert not torch.equal(network(x, torch.tensor([3])), before)


def test_stepped_denoiser_passes_gradients_to_the_window_only():
    network = randomised(TINY)
    stepped = SteppedDenoiser(network, [3])
    with torch.inference_mode():  # tables cached here must not get in the way of gradients later
        stepped(input_wave(1, 5, frames=12), 3)
    x = input_wave(1, 5, frames=12).requires_grad_()
    stepped(x, 3).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in network.parameters())


def test_bfloat16_is_near_float32():
    network = randomised(TINY).eval()
    x = input_wave(2, 5, frames=12)
    exact, rough = (SteppedDenoiser(network, [40], dtype)(x, 40) for dtype in (torch.float32, torch.bfloat16))
    assert rough.dtype == torch.float32
    assert not torch.equal(rough, exact)
    assert (rough - exact).square().mean().sqrt() < 0.03 * exact.square().mean().sqrt()


def test_dropout_acts_in_training_only():
    network = randomised(TINY)
    x, t = input_wave(2, 5, frames=12), torch.tensor([4, 900])
    assert not torch.equal(network.train()(x, t), network.train()(x, t))
    torch.testing.assert_close(network.eval()(x, t), network.eval()(x, t), rtol=0, atol=0)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 80))
def test_rotated_products_depend_on_the_distance_in_time_only(i, j, shift):
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 1, 1, 16, generator=generator, dtype=torch.float64).expand(-1, 1, 150, -1)
    table = rotary_table(150, 16, torch.float64, torch.device("cpu"))
    rotated_query, rotated_key = rotate(query, table)[0], rotate(key, table)[0]
    torch.testing.assert_close(
        rotated_query[i] @ rotated_key[j], rotated_query[i + shift] @ rotated_key[j + shift], rtol=0, atol=1e-10
    )


def test_both_ways_of_rotating_agree():
    x = torch.randn(2, 30, 16, generator=torch.Generator().manual_seed(0))
    table = rotary_table(30, 16, torch.float32, torch.device("cpu"))
    by_pairs = rotate(x.to(torch.bfloat16), table.to(torch.bfloat16)).to(torch.float32)
    torch.testing.assert_close(by_pairs, rotate(x, table), rtol=0, atol=0.05)


def test_the_table_follows_length_and_type():
    tables = RotaryTable(8)
    assert tables(torch.zeros(1, 5, 8)).shape == (5, 4, 2)
    assert tables(torch.zeros(1, 7, 8, dtype=torch.float64)).dtype == torch.float64
    # The first pair turns by 1 rad per frame.
    torch.testing.assert_close(tables(torch.zeros(1, 5, 8))[1, 0], torch.tensor([math.cos(1), math.sin(1)]))


def test_the_recurrent_baseline_looks_back_only():
    network = Sugai().eval()
    x = input_wave(1, 51, frames=30)
    later = x.clone()
    later[:, 20:] += 1
    torch.testing.assert_close(network(later)[:, :20], network(x)[:, :20])
    assert not torch.allclose(network(later)[:, 20:], network(x)[:, 20:])


def test_the_convolutional_baseline_looks_twelve_frames_far():
    network = GroundLink().eval()
    x = input_wave(1, 51, frames=60)
    changed = x.clone()
    changed[:, 30] += 1
    moved = (network(changed) - network(x)).abs().amax(dim=(0, 2))
    assert (moved[18:43] > 0).all()
    torch.testing.assert_close(moved[:18].amax() + moved[43:].amax(), torch.tensor(0.0), rtol=0, atol=1e-6)
