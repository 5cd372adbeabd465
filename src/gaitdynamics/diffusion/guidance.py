"""Steering a sample towards a target by gradients through the network (Tan et al. 2026, synthesis tasks).

The target may be a motion that no one performed, so it is followed loosely: deviations within a tolerance cost
nothing.

Differences from the released code: the tolerance of a known column is its own (there a loop variable left over gives
it that of the last column); inner steps end early where no deviation exceeds its tolerance, which changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gaitdynamics.diffusion.sampling import Denoise


@dataclass(frozen=True, eq=False)
class Guidance:
    """A target with tolerances.

    Parameters
    ----------
    target
        (B, T, C) window to follow, normalised.
    tolerance
        Deviation without cost, normalised; any shape that broadcasts against the target, such as (C,).
    weight
        Cost per unit of deviation beyond; any shape that broadcasts. Zero leaves a cell free.
    inner_steps
        Gradient steps before each sampling step.
    rate
        Shift of the noisy window per unit of gradient.
    times
        Least and greatest diffusion time at which to steer; all by default.
    """

    target: Tensor
    tolerance: Tensor
    weight: Tensor
    inner_steps: int = 5
    rate: float = 0.02
    times: tuple[int, int] = (0, 1000)

    def cost(self, estimate: Tensor) -> Tensor:
        """Weighted sum of the deviations beyond tolerance, over all cells of the batch (scalar)."""
        beyond = ((estimate - self.target).abs() - self.tolerance).relu()
        return (beyond * self.weight).sum()

    def cost_slope(self, estimate: Tensor) -> Tensor:
        """Differentiate the cost with respect to the estimate, (B, T, C)."""
        deviation = estimate - self.target
        return torch.where(deviation.abs() > self.tolerance, deviation.sign() * self.weight, 0.0)

    def steer(self, denoise: Denoise, x: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """Shift noisy windows so that the estimate comes nearer to the target.

        Parameters
        ----------
        denoise
            Estimates the clean windows, with gradients.
        x
            (B, T, C) noisy windows at time `t`.
        t
            Diffusion time.

        Returns
        -------
        tuple of Tensor
            The shifted windows and the estimate made from them, both (B, T, C).
        """
        least, greatest = self.times
        for _ in range(self.inner_steps if least <= t <= greatest else 0):
            with torch.enable_grad():
                x = x.detach().requires_grad_()
                estimate = denoise(x, t)
            slope = self.cost_slope(estimate.detach())
            if not slope.any():
                return x.detach(), estimate.detach()
            (gradient,) = torch.autograd.grad(estimate, x, grad_outputs=slope)
            x = x.detach() - self.rate * gradient
        return x, denoise(x, t)


def share_of_range(target: Tensor, share: float) -> Tensor:
    """Tolerance as a share of each column's range over all frames of all windows.

    Parameters
    ----------
    target
        (B, T, C).
    share
        Share of the range, 0.1 for the trunk sway and 0.3 for the running speed of the paper.

    Returns
    -------
    Tensor
        (C,).
    """
    return share * (target.amax(dim=(0, 1)) - target.amin(dim=(0, 1)))
