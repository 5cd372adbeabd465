"""Optimisers and learning rates of a run."""

import pytest
import torch
from torch import nn

from gaitdynamics.training.settings import LoopSettings, make_optimizer


def settings(**changes):
    return LoopSettings(**{"steps": 200, "batch": 1, "learning_rate": 0.01, "weight_decay": 0.0, **changes})


def rates(**changes):
    optimizer, schedule = make_optimizer([nn.Parameter(torch.ones(2))], settings(**changes))
    found = []
    for _ in range(200):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_learning_rates_rise_and_fall_as_said():
    assert set(rates(decay="none")) == {0.01}
    cosine = rates(decay="cosine")
    assert cosine[0] == pytest.approx(0.01 / 20)
    assert max(cosine) == pytest.approx(0.01, rel=0.05)
    assert cosine.index(max(cosine)) == 19
    assert cosine[-1] < 1e-4 * 0.01
    assert cosine[100] == pytest.approx(0.005)
    cycle = rates(decay="one_cycle")
    assert cycle.index(max(cycle)) in (19, 20)
    assert cycle[-1] < 1e-3 * 0.01


def test_adan_is_that_of_the_paper():
    """Against the update rule of Xie et al. 2022, written out: momenta of the gradient and of its differences."""
    pytest.importorskip("pytorch_optimizer")
    rate, decay, (b1, b2, b3) = 0.03, 0.02, (0.98, 0.92, 0.99)
    torch.manual_seed(0)
    gradients = torch.randn(6, 4, dtype=torch.float64)
    parameter = nn.Parameter(torch.ones(4, dtype=torch.float64))
    made = settings(optimizer="adan", learning_rate=rate, weight_decay=decay, decay="none")
    optimizer, _ = make_optimizer([parameter], made)
    x = torch.ones(4, dtype=torch.float64)
    m = v = n = torch.zeros(4, dtype=torch.float64)
    before = gradients[0]
    for k, gradient in enumerate(gradients, start=1):
        difference, before = gradient - before, gradient
        m = b1 * m + (1 - b1) * gradient
        v = b2 * v + (1 - b2) * difference
        n = b3 * n + (1 - b3) * (gradient + b2 * difference) ** 2
        root = (n / (1 - b3**k)).sqrt() + 1e-8
        x = (x - rate * (m / (1 - b1**k) + b2 * v / (1 - b2**k)) / root) / (1 + rate * decay)
        parameter.grad = gradient.clone()
        optimizer.step()
    torch.testing.assert_close(parameter.detach(), x, rtol=1e-9, atol=1e-12)
