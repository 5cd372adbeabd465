import pytest
import torch

from gaitdynamics.diffusion.guidance import Guidance, share_of_range
from gaitdynamics.diffusion.inpainting import inpaint
from gaitdynamics.diffusion.sampling import FILLING_PLAN, PUBLISHED_PLAN, SamplingPlan
from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.networks.denoiser import SteppedDenoiser
from gaitdynamics.networks.published_state import denoiser_from_published_state
from gaussian_windows import GaussianWindows, RandomNoise
from published_weights import denoiser_state, deviations, input_wave

SCHEDULE = Schedule()
WINDOWS = GaussianWindows(SCHEDULE, channels=8)

KINEMATIC = [*range(9), *range(21, 63)]
KNEES = [3, 6, 57, 60]


def known_cells():
    """Kinematic columns but the knees' are known in 140 frames."""
    known = torch.zeros(1, 150, 63, dtype=torch.bool)
    known[:, :140, [c for c in KINEMATIC if c not in KNEES]] = True
    return known


@pytest.fixture(scope="module")
def published():
    """Small published network with synthetic weights, the value of the vectors and what is known of it."""
    network = denoiser_from_published_state(denoiser_state(256, 4))
    return SteppedDenoiser(network, PUBLISHED_PLAN.times(SCHEDULE)), input_wave(1, 63), known_cells()


def agrees(result, vector, bound=1e-4):
    for what, stored, found in deviations(result, vector):
        tolerance = bound * (max(abs(stored), 1.0) if "probe" in what else abs(stored))
        assert found == pytest.approx(stored, abs=tolerance), what


def test_filling_as_published(published):
    denoise, value, known = published
    agrees(
        inpaint(denoise, value, known, SCHEDULE, torch.zeros, PUBLISHED_PLAN, published=True),
        "ddim_inpaint_zero_noise",
    )


@pytest.mark.xfail(strict=False, reason="single precision gives the stored numbers to 1e-4 on some processors only")
def test_guided_filling_as_published(published):
    denoise, value, known = published
    guidance = Guidance(value, share_of_range(value, 0.1), known.any(-1, keepdim=True).float())
    agrees(
        inpaint(denoise, value, known, SCHEDULE, torch.zeros, PUBLISHED_PLAN, guidance=guidance, published=True),
        "ddim_guided_zero_noise",
    )


def test_guided_filling_is_near_the_published_on_every_processor():
    """In double precision, which every processor rounds alike.

    Single precision, in which the stored numbers were made, is not enough for 250 gradient steps that switch on and off
    where deviations cross their tolerance: it differs between processors by up to 6e-4, and the stored numbers are 5e-4
    from the exact ones.
    """
    network = denoiser_from_published_state(denoiser_state(256, 4)).double()
    denoise = SteppedDenoiser(network, PUBLISHED_PLAN.times(SCHEDULE))
    value, known = input_wave(1, 63).double(), known_cells()
    guidance = Guidance(value, share_of_range(value, 0.1), known.any(-1, keepdim=True).double())

    def zeros(shape):
        return torch.zeros(shape, dtype=torch.float64)

    agrees(
        inpaint(denoise, value, known, SCHEDULE, zeros, PUBLISHED_PLAN, guidance=guidance, published=True),
        "ddim_guided_zero_noise",
        bound=1e-3,
    )


@pytest.mark.parametrize("plan", [FILLING_PLAN, SamplingPlan("dpm_solver_2m", 12), SamplingPlan(steps=5)])
def test_known_cells_come_back_and_unknown_ones_do_not_matter(plan):
    value = WINDOWS.draw(3)
    known = torch.rand(value.shape, generator=torch.Generator().manual_seed(0)) < 0.5
    filled = inpaint(WINDOWS, value, known, SCHEDULE, RandomNoise(2), plan)
    assert torch.equal(filled[known], value[known])
    spoiled = torch.where(known, value, torch.nan)
    torch.testing.assert_close(inpaint(WINDOWS, spoiled, known, SCHEDULE, RandomNoise(2), plan), filled)


def filled_against_exact(plan):
    """RMS distance of filled channels from their conditional mean; the same of exact draws."""
    value = WINDOWS.draw(64)
    known = torch.ones(WINDOWS.shape, dtype=torch.bool)
    known[:, :2] = False
    mean, covariance = WINDOWS.conditional(value, known)
    filled = inpaint(WINDOWS, value, known.expand_as(value), SCHEDULE, RandomNoise(5), plan)
    rms = (filled.flatten(1)[:, ~known.flatten()] - mean).square().mean().sqrt()
    return float(rms), float(covariance.diagonal().mean().sqrt())


def test_filling_draws_from_the_conditional_distribution():
    found, exact = filled_against_exact(FILLING_PLAN)
    assert found == pytest.approx(exact, rel=0.2)


def test_replacement_alone_takes_too_little_notice_of_known_cells():
    found, exact = filled_against_exact(PUBLISHED_PLAN)
    assert found > 2 * exact
