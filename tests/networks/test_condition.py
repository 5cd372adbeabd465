"""Denoisers that are told what is known: what they see of it, and that others are not changed by it."""

import pytest
import torch

from gaitdynamics.networks.condition import FACTS, Condition, nothing_known, with_kinds
from gaitdynamics.networks.denoiser import Denoiser, DenoiserConfig, SteppedDenoiser

CONFIG = DenoiserConfig(channels=5, width=16, blocks=1, heads=2, feedforward=16, condition="cells-1")


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Denoiser(CONFIG).eval()


def some(x, facts=(1.0, 1.7, 0.0)):
    generator = torch.Generator().manual_seed(3)
    kind = torch.randint(3, x.shape, generator=generator)
    return Condition(kind == 1, kind == 2, torch.tensor([facts]))


def test_kinds_of_cells_stand_beside_the_window():
    x = torch.randn(2, 7, 5)
    condition = some(x)
    seen = with_kinds(x, condition)
    assert seen.shape == (2, 7, 15)
    assert (seen[..., :5][condition.absent] == 0.0).all()
    torch.testing.assert_close(seen[..., :5][~condition.absent], x[~condition.absent])
    assert torch.equal(seen[..., 5:10].bool(), condition.given)
    assert torch.equal(seen[..., 10:].bool(), condition.absent)


def test_absent_cells_do_not_leak(network):
    x = torch.randn(2, 7, 5)
    condition = some(x)
    with torch.inference_mode():
        first = network(x, torch.tensor([300]), condition)
        other = network(torch.where(condition.absent, 7.0, x), torch.tensor([300]), condition)
    assert torch.equal(first, other)


def test_facts_matter_and_unknown_ones_are_unknown(network):
    x = torch.randn(2, 7, 5)
    times = torch.tensor([300])
    with torch.inference_mode():
        told = network(x, times, some(x))
        other = network(x, times, some(x, (2.0, 1.7, 0.0)))
        unknown = network(x, times, some(x, (torch.nan,) * len(FACTS)))
        alone = network(x, times, nothing_known(x))
    assert not torch.allclose(told, other)
    assert not torch.allclose(told, unknown)
    assert torch.isfinite(unknown).all()
    assert torch.equal(alone, network(x, times))


def test_the_sampler_sees_the_same_network_whatever_the_batch(network):
    x = torch.randn(37, 7, 5)
    condition = some(x)
    stepped = SteppedDenoiser(network, [300, 10], condition=condition)
    with torch.inference_mode():
        direct = network(x, torch.tensor([300]), condition)
        torch.testing.assert_close(stepped(x, 300), direct, rtol=1e-5, atol=1e-6)
    noisy = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(stepped(noisy, 300).sum(), noisy)
    assert slope.abs().sum() > 0.0


def test_a_network_of_the_published_format_cannot_be_told():
    plain = Denoiser(DenoiserConfig(channels=5, width=16, blocks=1, heads=2, feedforward=16))
    x = torch.randn(1, 4, 5)
    with pytest.raises(ValueError, match="not made to be told"):
        plain(x, torch.tensor([1]), nothing_known(x))
    assert not any(name.startswith("facts") for name in plain.state_dict())
