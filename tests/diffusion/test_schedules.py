import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gaitdynamics.diffusion.schedules import CLEAN, PAPER_SCHEDULE, Schedule, ScheduleConfig
from published_weights import published_vectors

BOTH = pytest.mark.parametrize("config", [ScheduleConfig(), PAPER_SCHEDULE])


def test_published_amplitudes():
    stored = published_vectors()["alphas_cumprod"]
    found = Schedule().alphas_cumprod
    for t, power in stored.items():
        assert float(found[int(t)]) == pytest.approx(power, rel=1e-6)


@pytest.mark.parametrize(
    ("config", "name"), [(ScheduleConfig(), "scaled_linear"), (PAPER_SCHEDULE, "squaredcos_cap_v2")]
)
def test_amplitudes_are_those_of_diffusers(config, name):
    diffusers = pytest.importorskip("diffusers")
    oracle = diffusers.DDIMScheduler(1000, config.beta_first, config.beta_last, beta_schedule=name)
    torch.testing.assert_close(Schedule(config).alphas_cumprod.float(), oracle.alphas_cumprod, rtol=2e-4, atol=1e-9)


@BOTH
def test_signal_falls_and_power_is_kept(config):
    schedule = Schedule(config)
    levels = [schedule.level(t) for t in range(CLEAN, 1000)]
    assert all(a.signal > b.signal for a, b in pairwise(levels))
    assert all(math.hypot(a.signal, a.noise) == pytest.approx(1) for a in levels)
    assert levels[0].log_ratio == math.inf


@BOTH
def test_noise_of_a_training_batch(config):
    schedule = Schedule(config)
    x0, gaussian = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    times = torch.tensor([0, 500, 999])
    noisy = schedule.add_noise(x0, gaussian, times)
    for i, t in enumerate(times.tolist()):
        level = schedule.level(t)
        torch.testing.assert_close(noisy[i], level.signal * x0[i] + level.noise * gaussian[i])


def test_published_times():
    times = Schedule().uniform_times(50)
    assert (times[:3], times[-2:], len(times)) == ((999, 979, 959), (39, 19), 50)


@given(st.integers(1, 1000))
def test_times_fall_from_the_last_one(count):
    times = Schedule().uniform_times(count)
    assert len(set(times)) == count
    assert times[0] == 999
    assert all(a > b for a, b in zip(times, (*times[1:], CLEAN), strict=True))


def test_impossible_requests_are_refused():
    with pytest.raises(ValueError, match="1001 steps"):
        Schedule().uniform_times(1001)
    with pytest.raises(ValueError, match="time 1000"):
        Schedule().level(1000)
    with pytest.raises(ValueError, match="linear"):
        Schedule(ScheduleConfig(name="linear"))
