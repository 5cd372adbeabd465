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
    torch.testing.assert_close(other.force_scale, one.force_scale.flip(1))


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


def test_an_untrained_network_shares_the_total_in_halves():
    """Zero heads: contact of each foot is undecided, so that one in four times none is down."""
    net = Refiner(RefinerConfig(features=11, bandwidths=2, width=16, dilations=(1,), delays=1)).eval()
    features, total = inputs()
    torch.testing.assert_close(net(features, total).force, 0.75 * 0.5 * total.mean(-2))


def test_feet_that_are_down_bear_all_of_the_total(network):
    """Without extra force the two feet together have the total, however it is divided."""
    with torch.no_grad():
        choices = 3 * 2 * network.config.delays
        leave = network.members[0].leave
        leave.weight[choices + 1 : choices + 5] = 0.0
        leave.bias[choices + 1 : choices + 4] = 0.0
        leave.bias[choices + 4] = 20.0
    features, total = inputs()
    total = total[..., :1, :].expand(-1, -1, -1, 2, -1)[:, :, :1].expand(-1, -1, 40, -1, -1)
    out = network(features, total)
    torch.testing.assert_close(out.force.sum(1), total[:, 0, :, 0])
    assert (out.force[:, 0] - out.force[:, 1]).abs().max() > 0.1


def test_the_total_may_come_late():
    net = Refiner(RefinerConfig(features=11, bandwidths=2, width=16, dilations=(1,), delays=3)).eval()
    with torch.no_grad():
        band = net.members[0].leave.bias[:18].view(3, 2, 3)
        band[2] = 50.0
        net.members[0].leave.bias[18 + 4] = 20.0
    features, total = inputs()
    force = net(features, total).force.sum(1)
    torch.testing.assert_close(force[:, 2:], total[:, 0, :-2].mean(-2))
    torch.testing.assert_close(force[:, 0], total[:, 0, 0].mean(-2))


def test_doubts_are_positive_and_do_not_bend_the_estimate(network):
    out = network(*inputs())
    assert (out.force_scale > 0).all()
    assert (out.point_scale > 0).all()
    (out.force_scale.sum() + out.point_scale.sum()).backward()
    touched = {name for name, p in network.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert touched == {"members.0.doubt.weight", "members.0.doubt.bias"}
    with torch.no_grad():
        network.widening.mul_(2.0)
    torch.testing.assert_close(network(*inputs()).force_scale, 2.0 * out.force_scale)


def test_frames_far_apart_do_not_touch(network):
    """Receptive field: 2 x (1 + 2) frames on each side with kernels of five."""
    features, total = inputs(60)
    changed = features.clone()
    changed[:, :, 40] += 1.0
    difference = (network(changed, total).force - network(features, total).force).abs().amax((0, 1, 3))
    touched = torch.nonzero(difference > 0).flatten()
    assert touched.min() == 40 - 6
    assert touched.max() == 40 + 6


def ensemble(members: int, **changes) -> Refiner:
    torch.manual_seed(7)
    net = Refiner(RefinerConfig(11, 2, width=16, dilations=(1,), members=members, **changes))
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return net.eval()


def test_an_ensemble_is_the_mean_and_doubts_what_its_members_differ_by():
    net = ensemble(3)
    alone = []
    for member in net.members:
        one = ensemble(1)
        one.members[0] = member
        alone.append(one(*inputs()))
    out = net(*inputs())
    force = torch.stack([o.force for o in alone])
    torch.testing.assert_close(out.force, force.mean(0))
    torch.testing.assert_close(out.point, torch.stack([o.point for o in alone]).mean(0))
    gate = torch.stack([torch.sigmoid(o.contact) for o in alone]).mean(0)
    torch.testing.assert_close(torch.sigmoid(out.contact), gate)
    stated = torch.stack([o.force_scale for o in alone]).square().mean(0)
    torch.testing.assert_close(out.force_scale.square(), stated + force.var(0, correction=0))


def test_intervals_are_widened_by_whether_there_is_flight():
    net = ensemble(1)
    features, total = inputs()
    plain = net(features, total).force_scale
    net.widening[0], net.widening[1] = 2.0, 3.0
    with torch.no_grad():
        net.members[0].leave.weight[-3] = 0.0
        for contact, factor in ((9.0, 2.0), (-9.0, 3.0)):
            net.members[0].leave.bias[-3] = contact
            torch.testing.assert_close(net(features, total).force_scale, factor * plain)


def test_hidden_columns_are_not_seen_and_an_unshared_total_has_no_part():
    features, total = inputs()
    changed = features.clone()
    changed[..., 4] += 1.0
    net = ensemble(1, hidden=(4,), shares_total=False)
    torch.testing.assert_close(net(changed, 2.0 * total).force, net(features, total).force, rtol=0, atol=0)
    seen = ensemble(1)
    assert (seen(changed, total).force - seen(features, total).force).abs().max() > 1e-3


def test_a_sided_network_tells_the_ends_apart():
    features, total = inputs()
    net = ensemble(1, sided=True)
    one, other = net(features, total).force, net(features.flip(1), total.flip(1)).force.flip(1)
    assert (one - other).abs().max() > 1e-3
