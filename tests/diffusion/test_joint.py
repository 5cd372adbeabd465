"""Sequences longer than a window: covered, averaged, differentiable, and sampled like one window."""

import itertools

import pytest
import torch

from gaitdynamics.diffusion.joint import JointWindows, denoise_jointly
from gaitdynamics.diffusion.sampling import FAST_PLAN, WindowNoise, sample
from gaitdynamics.diffusion.schedules import Schedule


@pytest.mark.parametrize("frames", [1, 40, 149, 150, 151, 250, 600, 6000])
def test_every_frame_is_covered_and_neighbours_overlap(frames):
    windows = JointWindows(frames, 150)
    starts = windows.starts
    assert starts[0] == 0
    assert starts[-1] + windows.length == frames
    assert all(b - a <= 100 for a, b in itertools.pairwise(starts))
    x = torch.randn(2, frames, 3)
    torch.testing.assert_close(windows.join(windows.split(x)), x)


def test_windows_of_one_sequence_follow_each_other():
    windows = JointWindows(250, 100, 0.5)
    x = torch.arange(2 * 250).reshape(2, 250, 1).float()
    parts = windows.split(x)
    count = len(windows.starts)
    assert parts.shape == (2 * count, 100, 1)
    for i, start in enumerate(windows.starts):
        assert torch.equal(parts[count + i], x[1, start : start + 100])


def test_frames_are_averaged_with_less_weight_at_the_ends():
    windows = JointWindows(15, 10, 0.5)
    assert windows.starts == (0, 5)
    parts = torch.stack([torch.zeros(10, 1), torch.ones(10, 1)])
    joined = windows.join(parts)[0, :, 0]
    assert (joined[:5] == 0.0).all()
    assert (joined[10:] == 1.0).all()
    assert (joined[5:10].diff() > 0.0).all()


def test_gradients_pass_through():
    windows = JointWindows(30, 10)
    x = torch.randn(1, 30, 2, requires_grad=True)
    denoise = denoise_jointly(lambda part, t: part**2, windows)
    (slope,) = torch.autograd.grad(denoise(x, 5).sum(), x)
    torch.testing.assert_close(slope, 2.0 * x.detach())


def test_a_denoiser_that_looks_at_single_frames_gives_what_it_gives_alone():
    """Where windows agree anyway, sampling jointly is sampling the whole sequence."""
    schedule = Schedule()

    def denoise(x, t):
        return torch.tanh(x) * 0.9**t

    shape = torch.Size((2, 400, 3))
    alone = sample(denoise, WindowNoise([1, 2]), shape, schedule, FAST_PLAN)
    jointly = sample(denoise_jointly(denoise, JointWindows(400, 150)), WindowNoise([1, 2]), shape, schedule, FAST_PLAN)
    torch.testing.assert_close(jointly, alone, rtol=1e-4, atol=1e-5)


def test_impossible_windows_are_refused():
    for arguments in ((0, 10), (10, 0), (10, 5, 1.0)):
        with pytest.raises(ValueError, match="overlap by less"):
            JointWindows(*arguments)
