import pytest
import torch

from gaitdynamics.diffusion.sampling import FAST_PLAN, PUBLISHED_PLAN, SamplingPlan, WindowNoise, sample
from gaitdynamics.diffusion.schedules import Schedule
from gaussian_windows import GaussianWindows, RandomNoise

SCHEDULE = Schedule()
WINDOWS = GaussianWindows(SCHEDULE)
SHAPE = torch.Size((32, *WINDOWS.shape))


def error(plan):
    """RMS distance from the end of the exact flow."""
    found = sample(WINDOWS, RandomNoise(3), SHAPE, SCHEDULE, plan)
    exact = WINDOWS.flow_to_clean(RandomNoise(3)(SHAPE), 999)
    return float((found - exact).square().mean().sqrt())


def oracle_sample(scheduler, steps):
    scheduler.set_timesteps(steps)
    x = RandomNoise(3)(SHAPE)
    for t in scheduler.timesteps:
        x = scheduler.step(WINDOWS(x, int(t)), t, x).prev_sample
    return x


@pytest.mark.parametrize("steps", [50, 10])
def test_ddim_is_that_of_diffusers(steps):
    diffusers = pytest.importorskip("diffusers")
    oracle = diffusers.DDIMScheduler(
        1000,
        1e-4,
        2e-2,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=True,
        prediction_type="sample",
        timestep_spacing="trailing",
    )
    found = sample(WINDOWS, RandomNoise(3), SHAPE, SCHEDULE, SamplingPlan("ddim", steps))
    # Its amplitudes are in single precision, of which division by a small signal at the start leaves four digits.
    torch.testing.assert_close(found, oracle_sample(oracle, steps), rtol=0, atol=2e-3)


@pytest.mark.parametrize("steps", [10, 20])
def test_dpm_solver_is_that_of_diffusers(steps):
    diffusers = pytest.importorskip("diffusers")
    oracle = diffusers.DPMSolverMultistepScheduler(
        1000,
        1e-4,
        2e-2,
        beta_schedule="scaled_linear",
        prediction_type="sample",
        timestep_spacing="trailing",
        algorithm_type="dpmsolver++",
        final_sigmas_type="zero",
    )
    found = sample(WINDOWS, RandomNoise(3), SHAPE, SCHEDULE, SamplingPlan("dpm_solver_2m", steps))
    torch.testing.assert_close(found, oracle_sample(oracle, steps), rtol=0, atol=2e-3)


def test_ddim_comes_nearer_to_the_flow_in_first_order():
    coarse, fine = error(SamplingPlan("ddim", 50)), error(SamplingPlan("ddim", 200))
    assert 3 < coarse / fine < 5


def test_dpm_solver_needs_fewer_steps():
    assert error(FAST_PLAN) < error(PUBLISHED_PLAN)
    assert error(SamplingPlan("dpm_solver_2m", 15)) < 0.4 * error(SamplingPlan("ddim", 15))


@pytest.mark.parametrize("plan", [SamplingPlan(steps=200, eta=1.0), SamplingPlan(steps=100, eta=0.5, repeats=2)])
def test_noise_on_the_way_keeps_the_distribution(plan):
    shape = torch.Size((1000, *WINDOWS.shape))
    components = sample(WINDOWS, RandomNoise(4), shape, SCHEDULE, plan).flatten(1) @ WINDOWS.axes
    strong = WINDOWS.power > 1
    ratio = components.square().mean(0)[strong] / WINDOWS.power[strong]
    # The variance of 1000 draws scatters by 4.5 %, its mean over components by 1 %; the steps lose a few per cent.
    assert float((ratio - 1).abs().max()) < 0.2
    assert float(ratio.mean()) == pytest.approx(1, abs=0.08)


def test_windows_do_not_depend_on_their_batch():
    def windows(*seeds):
        def denoise(x, t):
            return WINDOWS(x.double(), t).float()

        shape = torch.Size((len(seeds), *WINDOWS.shape))
        return sample(denoise, WindowNoise(seeds), shape, SCHEDULE, SamplingPlan(eta=1.0))

    together, alone = windows(7, 8, 9), windows(8)
    torch.testing.assert_close(together[1:2], alone)
    assert not torch.allclose(together[0], together[1])


def test_results_are_ordinary_tensors():
    result = sample(WINDOWS, RandomNoise(3), SHAPE, SCHEDULE, SamplingPlan(steps=2))
    assert not result.is_inference()
    assert not result.requires_grad


def test_impossible_plans_are_refused():
    with pytest.raises(ValueError, match="ddim"):
        SamplingPlan("dpm_solver_2m", eta=1.0)
    with pytest.raises(ValueError, match="at least once"):
        SamplingPlan(repeats=0)
    with pytest.raises(ValueError, match="2 seeds for 3 windows"):
        WindowNoise([1, 2])(torch.Size((3, 4, 5)))
