"""Noise schedules: how much of a clean window is left, and how much noise is in, at each diffusion time.

At time t the noisy window is `signal(t) * x0 + noise(t) * gaussian` with `signal**2 + noise**2 = 1`
(Ho et al. 2020, doi:10.48550/arXiv.2006.11239).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

#: The time after the last step, when the window is clean.
CLEAN: Final = -1


@dataclass(frozen=True)
class Level:
    """Amplitudes of signal and noise at one time."""

    signal: float
    noise: float

    @property
    def log_ratio(self) -> float:
        """Half the logarithm of the signal-to-noise ratio; infinite when clean."""
        return math.log(self.signal / self.noise) if self.noise else math.inf


@dataclass(frozen=True)
class ScheduleConfig:
    """A noise schedule by name; to be kept with the weights that were trained on it.

    Parameters
    ----------
    name
        "scaled_linear": the square root of the noise added per step grows linearly, from `sqrt(beta_first)` to
        `sqrt(beta_last)`; the released networks use it.
        "cosine": the signal falls as a cosine (Nichol and Dhariwal 2021, doi:10.48550/arXiv.2102.09672), with
        `cosine_offset` and at most `beta_limit` noise per step; the paper names it.
    steps
        Number of diffusion times.
    """

    name: Literal["scaled_linear", "cosine"] = "scaled_linear"
    steps: int = 1000
    beta_first: float = 1e-4
    beta_last: float = 2e-2
    cosine_offset: float = 0.008
    beta_limit: float = 0.999


#: What the released networks were trained on.
PUBLISHED_SCHEDULE: Final = ScheduleConfig()
#: What the paper describes.
PAPER_SCHEDULE: Final = ScheduleConfig(name="cosine")


class Schedule:
    """Signal and noise at each diffusion time.

    Parameters
    ----------
    config
        Which schedule.

    Attributes
    ----------
    alphas_cumprod
        (steps,) float64: power of the signal at each time.
    """

    def __init__(self, config: ScheduleConfig = PUBLISHED_SCHEDULE) -> None:
        self.config = config
        self.alphas_cumprod = torch.cumprod(1 - _betas(config), dim=0)
        self._at_hand = self.alphas_cumprod  # where noise is added, so that training does not copy it in each step

    def level(self, t: int) -> Level:
        """Amplitudes at time `t`, which may be `CLEAN`."""
        if t == CLEAN:
            return Level(1.0, 0.0)
        if not 0 <= t < self.config.steps:
            raise ValueError(f"diffusion time {t} is not in 0..{self.config.steps - 1}")
        power = float(self.alphas_cumprod[t])
        return Level(math.sqrt(power), math.sqrt(1 - power))

    def add_noise(self, x0: Tensor, gaussian: Tensor, times: Tensor) -> Tensor:
        """Noisy windows of a training batch.

        Parameters
        ----------
        x0, gaussian
            (B, T, C) clean windows and unit noise.
        times
            (B,) diffusion time of each.
        """
        if self._at_hand.device != times.device:
            self._at_hand = self.alphas_cumprod.to(times.device)
        power = self._at_hand[times][:, None, None]
        return power.sqrt().to(x0) * x0 + (1 - power).sqrt().to(x0) * gaussian

    def uniform_times(self, count: int) -> tuple[int, ...]:
        """Evenly spaced times, falling from the last one, as the released sampler takes them.

        1000 times in 50 steps give 999, 979, ..., 19, after which the window is clean.
        """
        if not 1 <= count <= self.config.steps:
            raise ValueError(f"{count} steps asked for, 1 to {self.config.steps} are possible")
        return tuple(self.config.steps * part // count - 1 for part in range(count, 0, -1))


def _betas(config: ScheduleConfig) -> Tensor:
    """Power of the noise added in each step, (steps,) float64."""
    if config.name == "scaled_linear":
        ends = math.sqrt(config.beta_first), math.sqrt(config.beta_last)
        return torch.linspace(*ends, config.steps, dtype=torch.float64) ** 2
    if config.name == "cosine":
        phase = torch.linspace(0, 1, config.steps + 1, dtype=torch.float64)
        power = torch.cos((phase + config.cosine_offset) / (1 + config.cosine_offset) * math.pi / 2) ** 2
        return (1 - power[1:] / power[:-1]).clamp(max=config.beta_limit)
    raise ValueError(f"no noise schedule is called '{config.name}'; there are 'scaled_linear' and 'cosine'")
