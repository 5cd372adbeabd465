"""Physics-informed refinement: a convolutional network that shares a known total between two ends.

The network does not invent forces. Each frame comes with the total force that Newton's law demands, at several
bandwidths; the network chooses the bandwidth, divides the total between the two feet and the air, and adds what
physics misses. Both feet go through the same weights, each from its own point of view.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class RefinerConfig:
    """Architecture of a `Refiner`.

    `features` input channels per view, `bandwidths` totals given, `width` channels, `dilations` of the residual
    blocks, `kernel` taps per convolution, `dropout` share of channels, `outline` limits of the two point
    coordinates ((low, high), (low, high)).
    """

    features: int
    bandwidths: int
    width: int = 96
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    kernel: int = 5
    dropout: float = 0.1
    outline: tuple[tuple[float, float], tuple[float, float]] = ((-0.2, 1.55), (-0.3, 0.4))


@dataclass(frozen=True)
class RefinerOutput:
    """What comes out, per view.

    `force` (B, 2, T, 3) in units of the total; `extra` (B, 2, T, 3) the part of it that is not a share of the
    total; `contact` (B, 2, T) logit; `point` (B, 2, T, 2).
    """

    force: Tensor
    extra: Tensor
    contact: Tensor
    point: Tensor


class _Block(nn.Module):
    """Pre-normalised residual convolution over time; edges are continued by their last value."""

    def __init__(self, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Conv1d(width, 2 * width, kernel, dilation=dilation)
        self.narrow = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout1d(dropout)
        self.pad = dilation * (kernel - 1) // 2

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width, T) to the same shape."""
        y = self.norm(x.transpose(1, 2)).transpose(1, 2)
        # "replicate" works for any length, "reflect" needs more frames than padding.
        y = nn.functional.pad(y, (self.pad, self.pad), mode="replicate")
        y = nn.functional.glu(self.widen(y), dim=1)
        result: Tensor = x + self.dropout(self.narrow(y))
        return result


class Refiner(nn.Module):
    """Divide a total force between two feet and refine it.

    Parameters
    ----------
    config
        Architecture.

    Notes
    -----
    Exchanging the two views of the input exchanges the two views of the output.
    """

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.register_buffer("mean", torch.zeros(config.features))
        self.register_buffer("scale", torch.ones(config.features))
        self.mean: Tensor
        self.scale: Tensor
        self.enter = nn.Conv1d(config.features, width, 1)
        self.blocks = nn.ModuleList(
            _Block(width, config.kernel, dilation, config.dropout) for dilation in config.dilations
        )
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, config.bandwidths + 1 + 3 + 1 + 2)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, features: Tensor, total: Tensor) -> RefinerOutput:
        """Estimate.

        Parameters
        ----------
        features
            (B, 2, T, C) both views, in their own units; normalising is part of the network.
        total
            (B, 2, T, K, 3) total force per bandwidth, in the axes of each view.
        """
        batch, views, frames, channels = features.shape
        x = (features - self.mean) / self.scale
        x = self.enter(x.reshape(batch * views, frames, channels).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        y = self.leave(self.norm(x.transpose(1, 2))).reshape(batch, views, frames, -1)
        k = self.config.bandwidths
        band, share, extra, contact, point = y.split([k, 1, 3, 1, 2], dim=-1)
        # Both views must agree on the bandwidth, and their shares with that of the air (logit 0) sum to one.
        weight = torch.softmax(band.mean(1, keepdim=True), dim=-1)
        mixed = (total * weight[..., None]).sum(-2)
        shares = torch.softmax(torch.cat([share, torch.zeros_like(share[:, :1])], dim=1), dim=1)[:, :views]
        gate = torch.sigmoid(contact)
        force = gate * (shares * mixed + extra)
        (along_low, along_high), (across_low, across_high) = self.config.outline
        low = point.new_tensor([along_low, across_low])
        span = point.new_tensor([along_high - along_low, across_high - across_low])
        return RefinerOutput(force, gate * extra, contact[..., 0], low + span * torch.sigmoid(point))
