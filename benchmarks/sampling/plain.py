"""The published denoiser as one would first write it, with PyTorch's own modules: what ours is compared with."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gaitdynamics.networks.denoiser import Denoiser, DenoiserConfig


class _PlainBlock(nn.Module):
    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width = config.width
        self.self_attn = nn.MultiheadAttention(width, config.heads, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(width, config.feedforward), nn.Linear(config.feedforward, width)
        self.norm1, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.film1, self.film3 = (nn.ModuleDict({"block": _modulation(width)}) for _ in range(2))

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        h = self.norm1(x)
        turned = _rotate(h)
        attended, _ = self.self_attn(turned, turned, h, need_weights=False)
        x = x + _modulate(attended, self.film1["block"](level))
        h = self.linear2(nn.functional.gelu(self.linear1(self.norm3(x))))
        return x + _modulate(h, self.film3["block"](level))


class PlainDenoiser(nn.Module):
    """Computes what `Denoiser` computes, all of it anew in every step and for every window.

    Parameters
    ----------
    network
        Whose parameters are used.
    """

    def __init__(self, network: Denoiser) -> None:
        super().__init__()
        config = network.config
        self.width = config.width
        self.time_mlp = nn.Sequential(nn.Identity(), nn.Linear(config.width, 4 * config.width), nn.Mish())
        self.to_time_cond = nn.Sequential(nn.Linear(4 * config.width, config.width))
        self.input_projection = nn.Linear(config.channels, config.width)
        self.seqTransDecoder = nn.ModuleDict(
            {"stack": nn.ModuleList(_PlainBlock(config) for _ in range(config.blocks))}
        )
        self.final_layer = nn.Linear(config.width, config.channels)
        self.load_state_dict(network.state_dict())
        self.eval()

    def forward(self, x: Tensor, t: int) -> Tensor:
        """Estimate the clean windows (B, T, C) from noisy ones at time `t`."""
        half = self.width // 2
        angle = torch.full((len(x), 1), float(t)) * torch.exp(torch.arange(half) * (-math.log(10000.0) / (half - 1)))
        level = self.to_time_cond(self.time_mlp(torch.cat([angle.sin(), angle.cos()], dim=-1)))
        h = self.input_projection(x)
        for block in self.seqTransDecoder["stack"]:
            h = block(h, level)
        result: Tensor = self.final_layer(h)
        return result


def _modulation(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Mish(), nn.Linear(width, 2 * width))


def _modulate(x: Tensor, modulation: Tensor) -> Tensor:
    scale, offset = modulation[:, None].chunk(2, dim=-1)
    return (1 + scale) * x + offset


def _rotate(x: Tensor) -> Tensor:
    width = x.shape[-1]
    angle = torch.arange(x.shape[1])[:, None] * 10000.0 ** (-torch.arange(0, width, 2) / width)
    cos, sin = angle.cos().repeat_interleave(2, -1), angle.sin().repeat_interleave(2, -1)
    swapped = torch.stack([-x[..., 1::2], x[..., ::2]], dim=-1).flatten(-2)
    return x * cos + swapped * sin
