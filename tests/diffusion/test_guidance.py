import torch

from gaitdynamics.diffusion.guidance import Guidance, share_of_range
from gaitdynamics.diffusion.sampling import SamplingPlan, sample
from gaitdynamics.diffusion.schedules import Schedule
from gaussian_windows import GaussianWindows, RandomNoise

SCHEDULE = Schedule()
WINDOWS = GaussianWindows(SCHEDULE)
SHAPE = torch.Size((4, *WINDOWS.shape))
PLAN = SamplingPlan(steps=20)


def guidance(**changes):
    target = WINDOWS.draw(4)
    return Guidance(**{"target": target, "tolerance": share_of_range(target, 0.1), "weight": torch.ones(6), **changes})


def test_tolerance_is_a_share_of_each_columns_range():
    window = torch.tensor([[[0.0, 5.0], [4.0, 5.0]], [[-1.0, 5.0], [2.0, 5.0]]])
    torch.testing.assert_close(share_of_range(window, 0.1), torch.tensor([0.5, 0.0]))


def test_slope_is_the_derivative_of_the_cost():
    goal = guidance(weight=torch.tensor([1.0, 2.0, 0.0, 1.0, 0.5, 1.0], dtype=torch.float64))
    estimate = WINDOWS.draw(4, seed=9).requires_grad_()
    goal.cost(estimate).backward()
    torch.testing.assert_close(goal.cost_slope(estimate.detach()), estimate.grad)


def test_one_step_goes_down_the_gradient_through_the_denoiser():
    goal = guidance(inner_steps=1, rate=0.01)
    x = RandomNoise(1)(SHAPE).requires_grad_()
    goal.cost(WINDOWS(x, 400)).backward()
    shifted, estimate = goal.steer(WINDOWS, x.detach(), 400)
    torch.testing.assert_close(shifted, (x - 0.01 * x.grad).detach())
    torch.testing.assert_close(estimate, WINDOWS(shifted, 400))


def test_guided_windows_come_nearer_to_the_target():
    goal = guidance()
    free = sample(WINDOWS, RandomNoise(1), SHAPE, SCHEDULE, PLAN)
    guided = sample(WINDOWS, RandomNoise(1), SHAPE, SCHEDULE, PLAN, steering=goal)
    assert goal.cost(guided) < 0.2 * goal.cost(free)


def test_nothing_is_shifted_where_all_is_tolerated_or_outside_the_times():
    free = sample(WINDOWS, RandomNoise(1), SHAPE, SCHEDULE, PLAN)
    for goal in (guidance(tolerance=torch.tensor(1e9)), guidance(times=(1001, 2000))):
        guided = sample(WINDOWS, RandomNoise(1), SHAPE, SCHEDULE, PLAN, steering=goal)
        torch.testing.assert_close(guided, free, rtol=0, atol=1e-12)


def test_a_target_within_tolerance_costs_one_estimate_per_step():
    asked = []

    def denoise(x, t):
        asked.append(t)
        return WINDOWS(x, t)

    sample(denoise, RandomNoise(1), SHAPE, SCHEDULE, PLAN, steering=guidance(tolerance=torch.tensor(1e9)))
    assert asked == list(PLAN.times(SCHEDULE))
