"""Windows of a Gaussian process whose best denoiser, flow and conditional distribution are known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gaitdynamics.diffusion.schedules import Schedule


@dataclass
class GaussianWindows:
    """Windows (frames, channels): a few smooth factors mixed into all channels, plus a little of their own.

    Calling it is the best possible denoiser f(x, t).
    """

    schedule: Schedule
    frames: int = 24
    channels: int = 6
    factors: int = 3
    own: float = 0.5

    def __post_init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        t = torch.arange(self.frames, dtype=torch.float64)
        smooth = torch.exp(-0.5 * ((t[:, None] - t) / 8) ** 2) + 1e-4 * torch.eye(self.frames, dtype=torch.float64)
        mixing = torch.randn(self.channels, self.factors, generator=generator, dtype=torch.float64)
        mixing = 4 * mixing / mixing.norm(dim=1, keepdim=True)
        shared = mixing @ mixing.T + self.own**2 * torch.eye(self.channels, dtype=torch.float64)
        self.covariance = torch.kron(smooth, shared)
        self.power, self.axes = torch.linalg.eigh(self.covariance)

    @property
    def shape(self) -> tuple[int, int]:
        """Frames and channels."""
        return self.frames, self.channels

    def draw(self, count: int, seed: int = 1) -> Tensor:
        """Clean windows (count, frames, channels)."""
        generator = torch.Generator().manual_seed(seed)
        gaussian = torch.randn(count, self.power.numel(), generator=generator, dtype=torch.float64)
        return ((gaussian * self.power.sqrt()) @ self.axes.T).unflatten(-1, self.shape)

    def __call__(self, x: Tensor, t: int) -> Tensor:
        """Conditional mean of clean windows, given noisy ones."""
        level = self.schedule.level(t)
        gain = level.signal * self.power / (level.signal**2 * self.power + level.noise**2)
        return self._scaled(x, gain)

    def flow_to_clean(self, x: Tensor, t: int) -> Tensor:
        """End of the probability flow that passes `x` at time `t`: each principal component keeps its quantile."""
        level = self.schedule.level(t)
        return self._scaled(x, (self.power / (level.signal**2 * self.power + level.noise**2)).sqrt())

    def conditional(self, value: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (B, unknown) and covariance of the unknown cells, given the known ones (frames, channels)."""
        k, u = known.flatten(), ~known.flatten()
        gain = torch.linalg.solve(self.covariance[k][:, k], self.covariance[k][:, u])
        return value.flatten(1)[:, k] @ gain, self.covariance[u][:, u] - self.covariance[u][:, k] @ gain

    def _scaled(self, x: Tensor, gain: Tensor) -> Tensor:
        return ((x.flatten(1) @ self.axes * gain) @ self.axes.T).view_as(x)


class RandomNoise:
    """Seeded noise in float64."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, shape: torch.Size) -> Tensor:
        return torch.randn(shape, generator=self.generator, dtype=torch.float64)
