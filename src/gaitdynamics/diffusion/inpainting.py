"""Filling the unknown cells of windows whose other cells are known.

At each noise level the known cells are overwritten by their values with noise of that level (replacement). That alone
lets unknown cells take too little notice of the known ones; repeating each step after going back up (RePaint,
Lugmayr et al. 2022, arXiv:2201.09865), with fresh noise in the steps, draws them from nearly the right distribution:
`FILLING_PLAN`. tests/diffusion/test_inpainting.py shows both against an exact solution.

Differences from the released code: the repetitions; known cells come back exactly as they were given; no dropout
while filling, where the released code leaves it on by mistake. `published=True` together with `PUBLISHED_PLAN` gives
the released sampler, dropout apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gaitdynamics.diffusion.guidance import Guidance
from gaitdynamics.diffusion.sampling import FILLING_PLAN, Denoise, NoiseSource, SamplingPlan, sample
from gaitdynamics.diffusion.schedules import Schedule


@dataclass(frozen=True, eq=False)
class KnownCells:
    """Values (B, T, C), where they are known (B, T, C, bool), and the noise to blur them with."""

    value: Tensor
    known: Tensor
    noise: NoiseSource

    def impose(self, x: Tensor, schedule: Schedule, t: int) -> Tensor:
        """Overwrite the known cells of `x`, noisy at time `t`."""
        level = schedule.level(t)
        return torch.where(self.known, level.signal * self.value + level.noise * self.noise(x.shape), x)


def inpaint(
    denoise: Denoise,
    value: Tensor,
    known: Tensor,
    schedule: Schedule,
    noise: NoiseSource,
    plan: SamplingPlan = FILLING_PLAN,
    *,
    guidance: Guidance | None = None,
    published: bool = False,
) -> Tensor:
    """Fill the unknown cells.

    Parameters
    ----------
    denoise
        Estimates the clean windows.
    value
        (B, T, C) windows, normalised; unknown cells may hold anything, NaN included.
    known
        (B, T, C) bool, true where the value is known.
    schedule
        Noise schedule that `denoise` was trained on.
    noise
        Source of Gaussian noise.
    plan
        Solver and times.
    guidance
        Target to steer towards.
    published
        Without guidance, return what the network made of the known cells, as the released code does, instead of their
        values.

    Returns
    -------
    Tensor
        (B, T, C) windows, all cells filled.
    """
    value = torch.where(known, value, 0.0)
    cells = KnownCells(value, known, noise)
    filled = sample(denoise, noise, value.shape, schedule, plan, constraint=cells, steering=guidance)
    return filled if published and guidance is None else torch.where(known, value, filled)
