"""What a conditional denoiser is given in training: nothing that nobody measured, and now and then each joint less."""

import numpy as np
import pytest
import torch

from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.networks.condition import FACTS
from gaitdynamics.networks.denoiser import Denoiser, DenoiserConfig
from gaitdynamics.training.known_cells import GROUPS, draw_condition
from gaitdynamics.training.published_losses import KINETIC, conditional_loss, validate_conditional
from gaitdynamics.training.published_windows import PublishedBatch

WIDTH = len(PUBLISHED_63.names)
TRUNK = PUBLISHED_63.indices(GROUPS["lumbar"])


def batch(count: int = 256, frames: int = 60) -> PublishedBatch:
    """Windows of which every second lacks the trunk, and of which a foot's force is sometimes not trusted."""
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(count, frames, WIDTH, generator=generator)
    known = torch.ones_like(values)
    known[::2, :, TRUNK] = 0.0
    known[:, :20, KINETIC[:6]] = 0.0
    facts = torch.tensor([[0.8, 1.7, 0.0]]).expand(count, -1)
    return PublishedBatch(values * known, known, facts)


def tiny() -> Denoiser:
    torch.manual_seed(2)
    return Denoiser(DenoiserConfig(width=32, blocks=1, heads=2, feedforward=32, dropout=0.0, condition="cells-1"))


def test_every_column_belongs_to_one_group():
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(PUBLISHED_63.names)


def test_only_known_cells_are_given_and_all_unknown_ones_are_absent():
    torch.manual_seed(0)
    windows = batch()
    given, absent, facts = draw_condition(windows)
    known = windows.known.bool()
    assert not (given & ~known).any()
    assert (absent | known).all()
    assert not (given & absent).any()
    assert facts.shape == (256, len(FACTS))
    assert 0.3 < float(facts.isnan().float().mean()) < 0.5


def test_all_kinds_of_gaps_are_drawn():
    torch.manual_seed(0)
    windows = batch(1000)
    given, absent, _ = draw_condition(windows)
    wanted = windows.known.bool() & ~given & ~absent
    whole = wanted[:, 20:].all(1)
    for names in GROUPS.values():
        columns = PUBLISHED_63.indices(names)
        # A group goes missing as a whole, in a good part of the windows but not in all.
        share = whole[:, columns].all(-1).float().mean()
        assert 0.15 < share < 0.9
    nothing_given = (~given).all(2).all(1).float().mean()
    assert 0.15 < nothing_given < 0.4
    some_frames = (wanted.any(1) & given.any(1)).any(1).float().mean()
    assert 0.15 < some_frames < 0.4
    right, left = (whole[:, PUBLISHED_63.index(f"knee_angle_{side}")] for side in "rl")
    assert (right & ~left).any()
    assert (right & left).any()


def test_what_nobody_measured_neither_teaches_nor_leaks():
    """Other numbers in unknown cells change neither loss nor gradient."""
    windows = batch(16)
    network = tiny()

    def slope(values):
        network.zero_grad()
        torch.manual_seed(5)
        loss = conditional_loss(network, windows._replace(values=values), Schedule())["loss"]
        loss.backward()
        return loss, network.input_projection.weight.grad.clone()

    first = slope(windows.values)
    other = slope(torch.where(windows.known > 0, windows.values, 50.0))
    for one, two in zip(first, other, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)


def test_a_perfect_estimate_costs_nothing_and_windows_count_alike():
    windows = batch(64)
    offsets = []

    def off_by_one(noisy, times, condition):
        offset = torch.where(condition.given, noisy - windows.values, 0.0)
        assert not condition.absent.all()
        # One number per window and column.
        spread = torch.where(condition.given, offset, torch.nan).nanmean(1, keepdim=True)
        assert torch.allclose(offset[condition.given], spread.expand_as(offset)[condition.given], atol=1e-5)
        offsets.append(offset)
        return torch.where(condition.given, noisy, windows.values) + 1.0

    terms = conditional_loss(off_by_one, windows, Schedule())
    assert float(terms["filled"]) == pytest.approx(1.0, abs=0.05)
    assert 0.5 < float(terms["given"]) <= 1.0 + 1e-5
    assert 0.05 < float(offsets[0][offsets[0] != 0.0].std()) < 0.3

    def perfect(noisy, times, condition):
        return torch.where(condition.given, noisy, windows.values)

    assert float(conditional_loss(perfect, windows, Schedule())["loss"]) == 0.0


def test_errors_that_jump_count_more_than_those_that_last():
    windows = batch(64)
    sign = torch.tensor([1.0, -1.0]).repeat(30)[None, :, None]

    def loss(error):
        torch.manual_seed(3)
        return float(conditional_loss(lambda noisy, *_: windows.values + error, windows, Schedule())["loss"])

    assert loss(0.1 * sign) > 5.0 * loss(0.1 * torch.ones_like(sign))


def test_validation_hides_what_it_says():
    windows = batch(4, 90)
    seen = []

    class Copy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(()))

        def forward(self, noisy, times, condition=None):
            if condition is not None:
                seen.append(condition)
            return torch.where(windows.known > 0, windows.values, 1e3)

    found = validate_conditional(Copy(), [windows], Schedule())
    assert all(value == 0.0 for value in found.values())
    assert found.keys() >= {"score", "mse", "mse_hips", "mse_gap", "mse_forces"}
    assert not any((condition.given & (windows.known == 0)).any() for condition in seen)
    assert not any(condition.given[..., KINETIC].any() for condition in seen)
    hips = PUBLISHED_63.indices([*GROUPS["hip_r"], *GROUPS["hip_l"]])
    assert not seen[0].given[..., hips].any()
    assert np.isclose(float(seen[0].given[1].float().mean()), (WIDTH - len(hips) - len(KINETIC)) / WIDTH)
