"""Sequences longer than a window, denoised as one: overlapping windows whose estimates are averaged at every step.

A sampler then works on the whole sequence (B, N, C) as on a single window, with solvers, known cells and guidance
unchanged: neighbours agree in each step, so nothing has to be faded together in the end (as MultiDiffusion does for
panoramas; Bar-Tal et al. 2023, arXiv:2302.08113). The published code cuts a sequence into windows that know nothing of
each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import torch
from torch import Tensor

from gaitdynamics.diffusion.sampling import Denoise

#: Share of a window that its neighbour sees too, at least.
OVERLAP: Final = 1 / 3


@dataclass(frozen=True)
class JointWindows:
    """Windows that cover a sequence, evenly spread.

    Parameters
    ----------
    frames
        Length N of the sequence.
    window
        Length of windows; a shorter sequence is one window of its own length.
    overlap
        Least share of a window that it has in common with the next one, below one.
    """

    frames: int
    window: int
    overlap: float = OVERLAP

    def __post_init__(self) -> None:
        if self.frames < 1 or self.window < 1 or not 0.0 <= self.overlap < 1.0:
            raise ValueError("a sequence and windows have frames, and windows overlap by less than themselves")

    @property
    def length(self) -> int:
        """Frames per window."""
        return min(self.window, self.frames)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First frames of the W windows; the last one ends with the sequence."""
        over = self.frames - self.length
        count = math.ceil(over / max(1.0, self.length * (1.0 - self.overlap)))
        return tuple(round(over * i / count) for i in range(count + 1)) if count else (0,)

    @cached_property
    def _rows(self) -> Tensor:
        return torch.tensor(self.starts)[:, None] + torch.arange(self.length)

    @cached_property
    def _weights(self) -> Tensor:
        """(length, 1), rising from and falling to the ends, nowhere zero: at its ends a window knows least."""
        ramp = torch.arange(1, self.length + 1)
        return torch.minimum(ramp, ramp.flip(0)).float()[:, None]

    def split(self, x: Tensor) -> Tensor:
        """Cut sequences (B, N, C) into windows (B W, length, C), those of one sequence one after the other."""
        if len(self.starts) == 1:
            return x
        return x[:, self._rows.to(x.device)].flatten(0, 1)

    def join(self, windows: Tensor) -> Tensor:
        """Average windows (B W, length, C) to sequences (B, N, C); gradients pass through."""
        if len(self.starts) == 1:
            return windows
        count = len(self.starts)
        batch, channels = len(windows) // count, windows.shape[-1]
        weights = self._weights.to(windows)
        rows = self._rows.flatten().to(windows.device)
        weighted = (windows * weights).reshape(batch, count * self.length, channels)
        total = windows.new_zeros(batch, self.frames, channels).index_add(1, rows, weighted)
        share = windows.new_zeros(self.frames, 1).index_add(0, rows, weights.repeat(count, 1))
        return total / share


def denoise_jointly(denoise: Denoise, windows: JointWindows) -> Denoise:
    """Make of a denoiser of windows one of whole sequences.

    Parameters
    ----------
    denoise
        Estimates clean windows (B W, length, C).
    windows
        How sequences are covered.

    Returns
    -------
    Denoise
        Estimates clean sequences (B, N, C).
    """

    def whole(x: Tensor, t: int) -> Tensor:
        return windows.join(denoise(windows.split(x), t))

    return whole
