import pytest
import torch

from gaitdynamics.networks.refiner import Refiner, RefinerConfig


@pytest.fixture
def network():
    torch.manual_seed(0)
    net = Refiner(RefinerConfig(features=11, bandwidths=2, width=16, dilations=(1, 2)))
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return net.eval()


def inputs(frames=40, batch=3):
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(batch, 2, frames, 11, generator=generator)
    total = torch.randn(batch, 1, frames, 2, 3, generator=generator).expand(-1, 2, -1, -1, -1)
    return features, total


def test_exchanging_the_views_exchanges_the_results(network):
    features, total = inputs()
    one, other = network(features, total), network(features.flip(1), total.flip(1))
    torch.testing.assert_close(other.force, one.force.flip(1))
    torch.testing.assert_close(other.contact, one.contact.flip(1))
    torch.testing.assert_close(other.point, one.point.flip(1))


@pytest.mark.parametrize("frames", [1, 3, 30, 151])
def test_any_length(network, frames):
    out = network(*inputs(frames))
    assert out.force.shape == (3, 2, frames, 3)
    assert out.point.shape == (3, 2, frames, 2)
    assert torch.isfinite(out.force).all()


def test_points_stay_inside_the_outline(network):
    point = network(*inputs()).point
    (low_a, high_a), (low_b, high_b) = network.config.outline
    assert ((point[..., 0] > low_a) & (point[..., 0] < high_a)).all()
    assert ((point[..., 1] > low_b) & (point[..., 1] < high_b)).all()


def test_an_untrained_network_shares_the_total_in_three():
    """Zero heads: right, left and air get a third each, and contact is undecided."""
    net = Refiner(RefinerConfig(features=11, bandwidths=2, width=16, dilations=(1,))).eval()
    features, total = inputs()
    expected = 0.5 * total.mean(-2) / 3
    torch.testing.assert_close(net(features, total).force, expected)


def test_frames_far_apart_do_not_touch(network):
    """Receptive field: 2 x (1 + 2) frames on each side with kernels of five."""
    features, total = inputs(60)
    changed = features.clone()
    changed[:, :, 40] += 1.0
    difference = (network(changed, total).force - network(features, total).force).abs().amax((0, 1, 3))
    touched = torch.nonzero(difference > 0).flatten()
    assert touched.min() == 40 - 6
    assert touched.max() == 40 + 6
