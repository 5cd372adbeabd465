"""The way from noise to a clean window, by any solver, with places for known cells and guidance to act.

The seam to a network is `Denoise`: a callable f(x, t) that estimates the clean windows from noisy ones at one time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import torch
from torch import Tensor

from gaitdynamics.diffusion.schedules import CLEAN, Level, Schedule
from gaitdynamics.diffusion.solvers import STEPS, PastEstimate, SolverName

#: f(x, t) -> x0: noisy windows (B, T, C) and their one diffusion time to estimated clean windows (B, T, C).
Denoise = Callable[[Tensor, int], Tensor]

#: Gaussian noise of unit variance in a given shape (B, T, C).
NoiseSource = Callable[[torch.Size], Tensor]


@dataclass(frozen=True)
class SamplingPlan:
    """Which solver takes how many steps, evenly spaced in diffusion time.

    Parameters
    ----------
    solver
        "ddim", or "dpm_solver_2m", which needs fewer steps.
    steps
        Number of steps.
    eta
        Share of fresh noise in each step, 0 to 1 (Song et al. 2021, eq. 16); with "ddim" only.
    repeats
        How often each step is taken: after each time but the last, noise leads back up to the level before. It is
        what lets unknown cells follow known ones (`inpainting`); without a constraint it only costs time.
    """

    solver: SolverName = "ddim"
    steps: int = 50
    eta: float = 0.0
    repeats: int = 1

    def __post_init__(self) -> None:
        if self.eta and self.solver != "ddim":
            raise ValueError(f"fresh noise in each step (eta = {self.eta}) is possible with 'ddim' only")
        if self.repeats < 1:
            raise ValueError(f"each step must be taken at least once, not {self.repeats} times")

    def times(self, schedule: Schedule) -> tuple[int, ...]:
        """Diffusion times at which the network is asked, falling."""
        return schedule.uniform_times(self.steps)


#: As in the released code.
PUBLISHED_PLAN: Final = SamplingPlan()

#: As near to the exact flow as 50 steps of the published plan, where no cells are known.
FAST_PLAN: Final = SamplingPlan("dpm_solver_2m", steps=15)

#: For unknown cells that fit the known ones; it asks the network 46 times. An exact denoiser needs the repeats
#: (tests/diffusion); with a trained one they were no gain so far (benchmarks/published_differences).
FILLING_PLAN: Final = SamplingPlan(steps=10, eta=1.0, repeats=5)


class Constraint(Protocol):
    """Something that is known about the window and imposed on it at each noise level."""

    def impose(self, x: Tensor, schedule: Schedule, t: int) -> Tensor:
        """Return `x`, noisy at time `t`, with what is known put in."""


class Steering(Protocol):
    """Something that shifts the noisy window before each step."""

    def steer(self, denoise: Denoise, x: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """Return the shifted `x` and the estimate of the clean window made from it."""


class WindowNoise:
    """Gaussian noise with a seed for each window, so that a result does not depend on how windows were batched.

    Parameters
    ----------
    seeds
        One per window.
    device
        Where the noise is put; it is always drawn on the processor, so that all devices give the same.
    """

    def __init__(self, seeds: Sequence[int], device: torch.device | str = "cpu") -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._device = device

    def __call__(self, shape: torch.Size) -> Tensor:
        """Draw noise (B, T, C), B being the number of seeds."""
        if shape[0] != len(self._generators):
            raise ValueError(f"{len(self._generators)} seeds for {shape[0]} windows")
        drawn = [torch.randn(shape[1:], generator=generator) for generator in self._generators]
        return torch.stack(drawn).to(self._device)


def sample(
    denoise: Denoise,
    noise: NoiseSource,
    shape: torch.Size,
    schedule: Schedule,
    plan: SamplingPlan = PUBLISHED_PLAN,
    *,
    constraint: Constraint | None = None,
    steering: Steering | None = None,
) -> Tensor:
    """Turn noise into clean windows.

    Parameters
    ----------
    denoise
        Estimates the clean windows.
    noise
        Source of the noise to start from, and of all that is added on the way.
    shape
        (B, T, C) of the windows.
    schedule
        Noise schedule that `denoise` was trained on.
    plan
        Solver and times.
    constraint
        Imposed after each step but the last.
    steering
        Applied before each step.

    Returns
    -------
    Tensor
        (B, T, C) estimate of the last step.
    """
    times = plan.times(schedule)
    # Inference mode would forbid the gradients that steering needs.
    with torch.inference_mode(mode=steering is None), torch.no_grad():
        x = noise(shape)
        past: PastEstimate | None = None
        for t, t_next in zip(times, (*times[1:], CLEAN), strict=True):
            now, then = schedule.level(t), schedule.level(t_next)
            for repeat in range(plan.repeats if t_next != CLEAN else 1):
                if repeat:
                    x = _back_up(x, then, now, noise)
                x, estimate = (x, denoise(x, t)) if steering is None else steering.steer(denoise, x, t)
                x = _step(plan, x, estimate, now, then, past, noise)
                if constraint is not None and t_next != CLEAN:
                    x = constraint.impose(x, schedule, t_next)
            past = PastEstimate(now, estimate)
    return x.clone()  # an ordinary tensor again, that gradients and in-place changes may use


def _step(
    plan: SamplingPlan,
    x: Tensor,
    estimate: Tensor,
    now: Level,
    then: Level,
    past: PastEstimate | None,
    noise: NoiseSource,
) -> Tensor:
    """One step of the plan's solver, with the plan's share of fresh noise."""
    fresh = plan.eta * then.noise / now.noise * math.sqrt(1 - (now.signal / then.signal) ** 2)
    if fresh == 0:
        return STEPS[plan.solver](x, estimate, now, then, past)
    kept = Level(then.signal, math.sqrt(then.noise**2 - fresh**2))
    return STEPS[plan.solver](x, estimate, now, kept, past) + fresh * noise(x.shape)


def _back_up(x: Tensor, now: Level, then: Level, noise: NoiseSource) -> Tensor:
    """Add noise to windows at level `now` until they are at the noisier level `then`."""
    share = then.signal / now.signal
    return share * x + math.sqrt(1 - share**2) * noise(x.shape)
