"""Windows of published columns: which are drawn, that unknown cells are empty, and that losses leave them out."""

import numpy as np
import pytest
import torch

from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.networks.denoiser import Denoiser, DenoiserConfig
from gaitdynamics.training.draws import StudyDraws
from gaitdynamics.training.published_data import PublishedSample, mirror_columns
from gaitdynamics.training.published_losses import (
    KINEMATIC,
    KINETIC,
    denoiser_loss,
    kinetics_loss,
    validate_denoiser,
    validate_kinetics,
)
from gaitdynamics.training.published_windows import PublishedWindows, fixed_windows, outside_range

WIDTH = len(PUBLISHED_63.columns)
SCALER = ColumnScaler(PUBLISHED_63.names, (2.0,) * WIDTH, (0.5,) * WIDTH)


def sample(study: str, frames: int, seed: int = 0) -> PublishedSample:
    rng = np.random.default_rng(seed)
    known = np.ones((frames, WIDTH), dtype=bool)
    known[:, PUBLISHED_63.index("lumbar_0")] = study != "a"
    known[: frames // 3, KINETIC[:6]] = False
    return PublishedSample(study, f"{study}/{seed}", rng.normal(size=(frames, WIDTH)), known)


@pytest.fixture
def samples():
    return [sample("a", 70), sample("a", 400, 1), sample("b", 160, 2)]


@pytest.fixture
def windows(samples):
    return PublishedWindows(samples, SCALER, batch=5, seed=3)


def test_a_batch_depends_on_its_number_only(windows):
    first, again = windows.draw(4), windows.draw(4)
    assert all(torch.equal(one.nan_to_num(), other.nan_to_num()) for one, other in zip(first, again, strict=True))
    assert windows.draw(5).values.shape != first.values.shape or not torch.equal(windows.draw(5).values, first.values)


def test_windows_are_parts_of_trials_or_of_their_mirror_images(windows, samples):
    mirrored = 0
    for index in range(3):
        batch = windows.draw(index)
        assert batch.values.shape == batch.known.shape
        assert batch.values.shape[1] in (60, 100, 150)
        for values, known in zip(batch.values.numpy(), batch.known.numpy(), strict=True):
            first = (values[0] - 0.5) / 2.0
            rows = [(s, mirror) for s in samples for mirror in (False, True)]
            found = [
                mirror
                for s, mirror in rows
                for row in (mirror_columns(s.values) if mirror else s.values)
                if np.allclose(row[known[0] > 0], first[known[0] > 0], atol=1e-5)
            ]
            assert len(found) == 1
            mirrored += found[0]
    assert 0 < mirrored < 15


def test_unknown_cells_are_zero(windows):
    for index in range(4):
        values, known, _ = windows.draw(index)
        assert (values[known == 0] == 0.0).all()
        assert (values[known == 1] != 0.0).all()


def test_lengths_that_no_trial_has_are_not_drawn():
    short = StudyDraws([sample("a", 80), sample("b", 120, 1)], 3, 0)
    assert set(short.lengths) == {60, 100}
    assert {cut.part.stop - cut.part.start for k in range(20) for cut in short.cuts(k)[0]} == {60, 100}
    with pytest.raises(ValueError, match="no sample has 60 frames"):
        StudyDraws([sample("a", 59)], 3, 0)


def tiny() -> Denoiser:
    torch.manual_seed(2)
    return Denoiser(DenoiserConfig(width=32, blocks=1, heads=2, feedforward=32, dropout=0.0))


def test_the_denoiser_is_judged_by_known_cells_only(windows):
    """Error of an estimate that is off by one where known, and by far more elsewhere."""
    batch = windows.draw(0)

    def estimate(noisy, times):
        return torch.where(batch.known > 0, batch.values + 1.0, 1e4)

    assert float(denoiser_loss(estimate, batch, Schedule())["loss"]) == pytest.approx(1.0, rel=1e-5)
    for measure, expected in (("mse", 4.0), ("l1", 2.0)):
        said = torch.where(batch.known > 0, batch.values - 2.0, 1e4)[..., KINETIC]
        terms = kinetics_loss(lambda x, said=said: said, batch, measure)
        assert float(terms["loss"]) == pytest.approx(expected, rel=1e-5)


def test_a_batch_without_a_trusted_force_gives_no_loss(windows):
    batch = windows.draw(0)
    known = batch.known.clone()
    known[..., KINETIC] = 0.0
    network = torch.nn.Linear(len(KINEMATIC), len(KINETIC))
    loss = kinetics_loss(network, batch._replace(known=known), "mse")["loss"]
    loss.backward()
    assert loss == 0.0
    assert torch.isfinite(network.weight.grad).all()


def test_validation_of_the_denoiser_repeats_itself_and_falls_with_noise(samples):
    batches = fixed_windows(samples, SCALER, most=64)
    assert sorted(batch.values.shape[1] for batch in batches) == [70, 150]
    assert sum(len(batch.values) for batch in batches) == 4  # 70, 2 x 150 of 400, 150 of 160
    assert sum(len(batch.values) for batch in fixed_windows(samples, SCALER, most=2)) == 2
    network = tiny().eval()
    first = validate_denoiser(network, batches, Schedule())
    torch.manual_seed(99)
    assert validate_denoiser(network, batches, Schedule()) == first

    class Cheat(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(()))

        def forward(self, noisy, times):
            return noisy

    seen = validate_denoiser(Cheat(), batches, Schedule())
    assert seen["mse_t50"] < seen["mse_t400"] < seen["mse_t800"]
    assert seen["mse"] == pytest.approx(np.mean([v for k, v in seen.items() if k != "mse"]), abs=1e-4)


def test_kinetics_errors_are_in_percent_of_body_weight_over_trusted_frames(samples):
    """A network that says zero, scaled back, against values that are two N/kg more where trusted."""

    class Zero(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(()))

        def forward(self, x):
            return torch.zeros(*x.shape[:-1], len(KINETIC))

    said = (0.0 - 0.5) / 2.0
    values = samples[1].values.copy()
    values[:, KINETIC] = np.where(samples[1].known[:, KINETIC], said + 2.0, 1e5)
    made = PublishedSample("a", "made", values, samples[1].known)
    errors = validate_kinetics(Zero(), [made], SCALER)
    expected = pytest.approx(100.0 * 2.0 / 9.80665, abs=1e-3)
    assert errors["mean"] == {"vertical": expected, "fore_aft": expected, "medio_lateral": expected}


def test_cells_beyond_the_range_of_a_kept_scale_are_counted(samples):
    values = np.zeros((100, WIDTH))
    values[:25, 4] = 6.0  # 2 x 6 + 0.5 > 10
    values[:50, 5] = 6.0
    known = np.ones_like(values, dtype=bool)
    known[:50, 5] = False
    shares = outside_range([PublishedSample("a", "x", values, known)], SCALER, 10.0)
    assert shares[4] == pytest.approx(0.25)
    assert shares[5] == 0.0
