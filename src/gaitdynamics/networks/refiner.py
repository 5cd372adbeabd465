"""Physics-informed refinement: a convolutional network that shares a known total between two ends.

The network does not invent forces. Each frame comes with the total force that Newton's law demands, at several
bandwidths; the network chooses bandwidth and delay, divides the whole total between the two feet, and adds what
rigid-body physics misses. Both feet go through the same weights, each from its own point of view. It also says how far
off it may be.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class RefinerConfig:
    """Architecture of a `Refiner`.

    `features` input channels per view, `bandwidths` totals given, `delays` by how many frames (0 to delays - 1) the
    total may come later than the motion suggests, `width` channels, `dilations` of the residual blocks, `kernel` taps
    per convolution, `dropout` share of channels, `outline` limits of the two point coordinates ((low, high), (low,
    high)), `members` networks whose mean is the estimate.

    For ablations: `hidden` input channels that are not shown, `shares_total` whether the total is divided at all,
    `sided` whether the networks are told which of the two ends is which.
    """

    features: int
    bandwidths: int
    width: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    kernel: int = 5
    dropout: float = 0.1
    outline: tuple[tuple[float, float], tuple[float, float]] = ((-0.2, 1.55), (-0.3, 0.4))
    delays: int = 3
    members: int = 1
    hidden: tuple[int, ...] = ()
    shares_total: bool = True
    sided: bool = False


@dataclass(frozen=True)
class RefinerOutput:
    """What comes out, per view.

    `force` (B, 2, T, 3) in units of the total; `extra` (B, 2, T, 3) the part of it that is not a share of the
    total; `contact` (B, 2, T) logit; `point` (B, 2, T, 2); `force_scale` (B, 2, T, 3) and `point_scale` (B, 2, T, 2)
    standard deviations in the same units as `force` and `point`.
    """

    force: Tensor
    extra: Tensor
    contact: Tensor
    point: Tensor
    force_scale: Tensor
    point_scale: Tensor


#: Logarithm of the standard deviations of an untrained network: 5 % of the unit.
_FIRST_DOUBT = -3.0
#: Smallest standard deviation, in the unit of the quantity.
_SMALLEST_DOUBT = 1e-3
#: Shares of frames without any contact up to which there is no flight, and from which there surely is.
_NO_FLIGHT, _FLIGHT = 0.02, 0.08


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


class RefinerMember(nn.Module):
    """One network: what it makes of normalised features and the total.

    Parameters
    ----------
    config
        Architecture.
    """

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.enter = nn.Conv1d(config.features, width, 1)
        self.side = nn.Parameter(torch.zeros(2, width)) if config.sided else None
        self.blocks = nn.ModuleList(
            _Block(width, config.kernel, dilation, config.dropout) for dilation in config.dilations
        )
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, 3 * config.bandwidths * config.delays + 1 + 3 + 1 + 2)
        self.doubt = nn.Linear(width, 3 + 2)
        for head, start in ((self.leave, 0.0), (self.doubt, _FIRST_DOUBT)):
            nn.init.zeros_(head.weight)
            nn.init.constant_(head.bias, start)

    def forward(self, features: Tensor, total: Tensor) -> RefinerOutput:
        """Estimate from normalised features (B, 2, T, C) and the total with its delayed copies (B, 2, T, K, 3)."""
        batch, views, frames, channels = features.shape
        x = self.enter(features.reshape(batch * views, frames, channels).transpose(1, 2))
        if self.side is not None:
            x = x + self.side.repeat(batch, 1)[..., None]
        for block in self.blocks:
            x = block(x)
        hidden = self.norm(x.transpose(1, 2)).reshape(batch, views, frames, -1)
        choices = total.shape[-2]
        band, share, extra, contact, point = self.leave(hidden).split([3 * choices, 1, 3, 1, 2], dim=-1)
        gate = torch.sigmoid(contact)
        extra = gate * extra
        force = extra
        if self.config.shares_total:
            # Both views must agree on bandwidth and delay.
            weight = torch.softmax(band.mean(1, keepdim=True).reshape(batch, 1, frames, choices, 3), dim=-2)
            # With any foot down all of the total is theirs; in flight nobody has it.
            down = 1.0 - (1.0 - gate).prod(1, keepdim=True)
            force = torch.softmax(share, dim=1) * down * (total * weight).sum(-2) + extra
        (along_low, along_high), (across_low, across_high) = self.config.outline
        low = point.new_tensor([along_low, across_low])
        span = point.new_tensor([along_high - along_low, across_high - across_low])
        # The doubt is read off what the estimate is made from, and does not bend it.
        doubt = _SMALLEST_DOUBT + torch.exp(self.doubt(hidden.detach()))
        return RefinerOutput(
            force=force,
            extra=extra,
            contact=contact[..., 0],
            point=low + span * torch.sigmoid(point),
            force_scale=doubt[..., :3],
            point_scale=doubt[..., 3:],
        )


class Refiner(nn.Module):
    """Divide a total force between two feet and refine it: the mean of a few networks of one architecture.

    Parameters
    ----------
    config
        Architecture.

    Notes
    -----
    Exchanging the two views of the input exchanges the two views of the output, unless the networks are `sided`.

    The variance of the mean is that which the networks state, on average, plus the variance between them (deep
    ensembles, Lakshminarayanan et al. 2017, arXiv:1612.01474).
    """

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.features))
        self.register_buffer("scale", torch.ones(config.features))
        # Factors on the standard deviations, found on people who were not trained on: where one end or the other
        # always has contact, and where both leave it at times.
        self.register_buffer("widening", torch.ones(2, 5))
        self.mean: Tensor
        self.scale: Tensor
        self.widening: Tensor
        self.members = nn.ModuleList(RefinerMember(config) for _ in range(config.members))

    def forward(self, features: Tensor, total: Tensor) -> RefinerOutput:
        """Estimate.

        Parameters
        ----------
        features
            (B, 2, T, C) both views, in their own units; normalising is part of the network.
        total
            (B, 2, T, K, 3) total force per bandwidth, in the axes of each view.
        """
        outputs = [member(*self.prepared(features, total)) for member in self.members]
        gate = torch.stack([torch.sigmoid(output.contact) for output in outputs]).mean(0)
        widening = self._widening(gate)
        force, force_scale = _mixture([(output.force, output.force_scale) for output in outputs])
        point, point_scale = _mixture([(output.point, output.point_scale) for output in outputs])
        return RefinerOutput(
            force=force,
            extra=torch.stack([output.extra for output in outputs]).mean(0),
            contact=torch.logit(gate),
            point=point,
            force_scale=force_scale * widening[..., :3],
            point_scale=point_scale * widening[..., 3:],
        )

    def prepared(self, features: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
        """Normalise the features, and put delayed copies of the total (B, 2, T, K * delays, 3) beside it."""
        x = (features - self.mean) / self.scale
        if self.config.hidden:
            x[..., self.config.hidden] = 0.0
        frames = torch.arange(total.shape[2], device=total.device)
        return x, torch.cat([total[:, :, (frames - d).clamp(min=0)] for d in range(self.config.delays)], dim=-2)

    def _widening(self, gate: Tensor) -> Tensor:
        """Give the factors (B, 1, 1, 5): of steady contact, of flight, or between them where flight is short."""
        share = flight_share(gate)
        part = ((share - _NO_FLIGHT) / (_FLIGHT - _NO_FLIGHT)).clamp(0.0, 1.0)[:, None, None, None]
        return torch.lerp(self.widening[0], self.widening[1], part)


def flight_share(gate: Tensor) -> Tensor:
    """Share of the frames in which neither end has contact, (B,), of probabilities of contact (B, 2, T)."""
    return (1.0 - gate).prod(1).mean(-1)


def _mixture(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of a mixture of equal parts with these means and deviations."""
    means, deviations = (torch.stack(tensors) for tensors in zip(*parts, strict=True))
    return means.mean(0), (deviations.square().mean(0) + means.var(0, correction=0)).sqrt()
