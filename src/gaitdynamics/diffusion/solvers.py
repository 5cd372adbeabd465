"""One step from a noise level to a lower one, given the estimate of the clean window.

All are steps along the same ordinary differential equation, the probability flow, that has no randomness of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from torch import Tensor

from gaitdynamics.diffusion.schedules import Level

SolverName = Literal["ddim", "dpm_solver_2m"]


@dataclass(frozen=True, eq=False)
class PastEstimate:
    """Estimate of the clean window made one step before, and the level it was made at."""

    level: Level
    estimate: Tensor


#: Step: noisy window, its estimate, level now, level wanted, the estimate before (None in the first step).
Step = Callable[[Tensor, Tensor, Level, Level, PastEstimate | None], Tensor]


def ddim_step(x: Tensor, estimate: Tensor, now: Level, then: Level, past: PastEstimate | None = None) -> Tensor:
    """First order: keep the estimate and the noise that it implies (Song et al. 2021, arXiv:2010.02502, eta = 0).

    Parameters
    ----------
    x
        (B, T, C) noisy window at level `now`.
    estimate
        (B, T, C) estimate of the clean window from it.
    now, then
        Levels of `x` and of the result.
    past
        Not used.
    """
    del past
    keep = then.noise / now.noise
    return keep * x + (then.signal - keep * now.signal) * estimate


def dpm_solver_2m_step(
    x: Tensor, estimate: Tensor, now: Level, then: Level, past: PastEstimate | None = None
) -> Tensor:
    """Second order: DPM-Solver++(2M), extrapolating the estimate over the step (Lu et al. 2022, arXiv:2211.01095).

    The first step, and the last one to the clean window, are of first order.

    Parameters
    ----------
    x, estimate, now, then
        As for `ddim_step`.
    past
        Estimate of the step before.
    """
    if past is None or then.noise == 0:
        return ddim_step(x, estimate, now, then)
    width = then.log_ratio - now.log_ratio
    width_before = now.log_ratio - past.level.log_ratio
    ahead = estimate + (0.5 * width / width_before) * (estimate - past.estimate)
    return (then.noise / now.noise) * x - then.signal * math.expm1(-width) * ahead


STEPS: Final[dict[SolverName, Step]] = {"ddim": ddim_step, "dpm_solver_2m": dpm_solver_2m_step}
