"""Low-rank adapters: nothing changes before training, and nothing but a low-rank difference after it."""

import pytest
import torch
from pydantic import ValidationError

from gaitdynamics.networks.denoiser import Denoiser, DenoiserConfig
from gaitdynamics.networks.refinement_encoder import RefinementEncoder, RefinementEncoderConfig
from gaitdynamics.training.lora import ADAPTED, Adapters, LowRank, adapt, merge

RANK = 3


def denoiser():
    return Denoiser(DenoiserConfig(channels=12, width=16, blocks=2, heads=2, feedforward=24, dropout=0.0))


def encoder():
    config = RefinementEncoderConfig(channels_in=9, channels_out=4, width=16, layers=2, heads=2, feedforward=24)
    return RefinementEncoder(config)


@pytest.fixture(params=["denoiser", "encoder"])
def network(request):
    torch.manual_seed(0)
    return (denoiser if request.param == "denoiser" else encoder)().eval()


def output(network):
    torch.manual_seed(1)
    if isinstance(network, Denoiser):
        return network(torch.randn(2, 20, 12), torch.tensor([3, 700]))
    return network(torch.randn(2, 20, 9))


def trained(network, steps=4):
    """A few steps towards nothing in particular."""
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        (output(network) - 1.0).square().mean().backward()
        optimizer.step()
    return network


def test_before_training_nothing_changes(network):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    said = output(network)
    adapt(network, Adapters(rank=RANK))
    torch.testing.assert_close(output(network), said, rtol=0, atol=0)
    merge(network)
    after = network.state_dict()
    assert sorted(after) == sorted(before)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_only_low_rank_differences_are_trained(network):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    adapt(network, Adapters(rank=RANK))
    assert all("low" in name or ".0." in name for name, p in network.named_parameters() if p.requires_grad)
    trained(network)
    merge(network)
    adapted = 0
    for name, tensor in network.state_dict().items():
        difference = tensor - before[name]
        if name.endswith(ADAPTED):
            adapted += 1
            spectrum = torch.linalg.svdvals(difference.double())
            assert spectrum[0] > 1e-3
            assert (spectrum[RANK:] < 1e-5 * spectrum[0]).all()
            assert spectrum[1] > 1e-5 * spectrum[0]
        else:
            assert torch.equal(tensor, before[name]), name
    assert adapted == 1 + 2 * 4


def test_the_merged_network_says_what_the_adapted_one_says(network):
    adapt(network, Adapters(rank=RANK, alpha=5.0))
    trained(network)
    said = output(network)
    merge(network)
    torch.testing.assert_close(output(network), said, rtol=1e-5, atol=1e-5)
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert "parametri" not in " ".join(network.state_dict())


def test_what_an_adapter_adds_is_the_scaled_product():
    weight = torch.randn(5, 7)
    low_rank = LowRank(weight, Adapters(rank=2, alpha=6.0))
    torch.nn.init.normal_(low_rank.up)
    torch.testing.assert_close(low_rank(weight), weight + 3.0 * low_rank.up @ low_rank.down)
    assert low_rank.up.shape == (5, 2)
    assert low_rank.down.shape == (2, 7)


def test_a_rank_below_one_is_refused():
    with pytest.raises(ValidationError):
        Adapters(rank=0)
