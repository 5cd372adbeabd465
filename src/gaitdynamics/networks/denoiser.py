"""The published denoiser of motion windows: a transformer over time, modulated by the noise level.

Architecture of Tan et al. 2026 (GaitDynamics) as released, with the parameter names of its checkpoints. Feature-wise
linear modulation (FiLM, Perez et al. 2018) tells each block the noise level.

Differences from the paper: the released networks use GELU, not ReLU, see 63 channels, not 75, and have 512 channels,
8 blocks and 8 heads (`LARGE`) where the paper describes 256, 4 and 4 (`SMALL`).

Differences from the released code: each of its blocks also holds a cross-attention that is never called; its weights
are dropped on loading (`published_state.denoiser_from_published_state`). A network may be told which cells of the
window are known (`condition`), which the released ones are not.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitdynamics.networks.attention import RotarySelfAttention, RotaryTable
from gaitdynamics.networks.condition import Condition, ConditionName, FactsEmbedding, nothing_known, with_kinds


@dataclass(frozen=True)
class DenoiserConfig:
    """Architecture of a `Denoiser`.

    `channels` of a window, `width` inside, `blocks` in depth, attention `heads`, `feedforward` width, `dropout` share,
    and what the network is told of known cells: nothing, as the published ones, or by a `condition`.
    """

    channels: int = 63
    width: int = 512
    blocks: int = 8
    heads: int = 8
    feedforward: int = 1024
    dropout: float = 0.1
    condition: ConditionName = "none"


#: The network of the paper.
SMALL: Final = DenoiserConfig(width=256, blocks=4, heads=4)
#: The network released in its place since January 2026.
LARGE: Final = DenoiserConfig()


class NoiseLevelEmbedding(nn.Module):
    """Sines and cosines of the diffusion time, in geometric frequencies from 1 to 1/10000."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.register_buffer(
            "frequencies", torch.exp(torch.arange(half) * (-math.log(10000.0) / (half - 1))), persistent=False
        )
        self.frequencies: Tensor

    def forward(self, times: Tensor) -> Tensor:
        """Map times (N,) to (N, width)."""
        angle = times.to(self.frequencies)[:, None] * self.frequencies
        return torch.cat([angle.sin(), angle.cos()], dim=-1)


class FeatureModulation(nn.Module):
    """From the embedded noise level to a gain and an offset per channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Mish(), nn.Linear(width, 2 * width))

    def forward(self, level: Tensor) -> Tensor:
        """Map (N, width) to (N, 2, 1, width): gain (already 1 + scale) and offset."""
        scale, offset = self.block(level)[:, None].chunk(2, dim=-1)
        return torch.stack([1 + scale, offset], dim=1)


class DenoiserBlock(nn.Module):
    """Pre-normalised attention and feed-forward step, each modulated before it is added."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width = config.width
        self.self_attn = RotarySelfAttention(width, config.heads, config.dropout)
        self.linear1 = nn.Linear(width, config.feedforward)
        self.linear2 = nn.Linear(config.feedforward, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)
        self.film1 = FeatureModulation(width)
        self.film3 = FeatureModulation(width)
        self.dropout = config.dropout

    def modulation(self, level: Tensor) -> Tensor:
        """Gains and offsets of both steps, (N, 2 steps, 2, 1, width)."""
        return torch.stack([self.film1(level), self.film3(level)], dim=1)

    def forward(self, x: Tensor, modulation: Tensor, table: Tensor) -> Tensor:
        """Map (B, T, width) to the same shape, given `modulation` (B or 1, 2, 2, 1, width)."""
        gain, offset = modulation[:, 0].unbind(1)
        attended = self._drop(self.self_attn(self.norm1(x), table))
        x = torch.addcmul(x + offset, gain, attended)
        gain, offset = modulation[:, 1].unbind(1)
        hidden = self._drop(functional.gelu(self.linear1(self.norm3(x))))
        return torch.addcmul(x + offset, gain, self._drop(self.linear2(hidden)))

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training) if self.training else x


class _Stack(nn.Module):
    """Only there to give the blocks their published names."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.stack = nn.ModuleList(DenoiserBlock(config) for _ in range(config.blocks))


class Denoiser(nn.Module):
    """Estimate a clean window from a noisy one and its diffusion time.

    Parameters
    ----------
    config
        Architecture.
    """

    def __init__(self, config: DenoiserConfig = LARGE) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.time_mlp = nn.Sequential(NoiseLevelEmbedding(width), nn.Linear(width, 4 * width), nn.Mish())
        self.to_time_cond = nn.Sequential(nn.Linear(4 * width, width))
        told = config.condition != "none"
        self.input_projection = nn.Linear(config.channels * (3 if told else 1), width)
        self.facts = FactsEmbedding(width) if told else None
        self.seqTransDecoder = _Stack(config)
        self.final_layer = nn.Linear(width, config.channels)
        self.rotary_table = RotaryTable(width)

    def forward(self, x: Tensor, times: Tensor, condition: Condition | None = None) -> Tensor:
        """Estimate the clean windows.

        Parameters
        ----------
        x
            (B, T, C) noisy windows, normalised; cells that are given hold their clean values.
        times
            (B,) or (1,) diffusion times, 0 to 999.
        condition
            What is known; nothing by default. Only for a network that is made for it.

        Returns
        -------
        Tensor
            (B, T, C).
        """
        return self.denoise(x, self.modulation(times, condition.facts if condition else None), condition)

    def modulation(self, times: Tensor, facts: Tensor | None = None) -> Tensor:
        """All that the network needs to know of noise level and facts, (N, blocks, 2, 2, 1, width)."""
        level = self.to_time_cond(self.time_mlp(times))
        if self.facts is not None:
            if facts is None:
                facts = nothing_known(level[:, None]).facts
            level = level + self.facts(facts.to(level.dtype))
        return torch.stack([block.modulation(level) for block in self._blocks()], dim=1)

    def denoise(self, x: Tensor, modulation: Tensor, condition: Condition | None = None) -> Tensor:
        """Estimate the clean windows (B, T, C), given `modulation` of the time of each, or of one time."""
        if self.facts is not None:
            x = with_kinds(x, condition or nothing_known(x))
        elif condition is not None:
            raise ValueError("this network was not made to be told what is known")
        with _full_precision(x):
            h = self.input_projection(x)
        table = self.rotary_table(h)
        for i, block in enumerate(self._blocks()):
            h = block(h, modulation[:, i], table)
        with _full_precision(h):
            result: Tensor = self.final_layer(h.to(self.final_layer.weight.dtype))
        return result

    def _blocks(self) -> list[DenoiserBlock]:
        return [block for block in self.seqTransDecoder.stack if isinstance(block, DenoiserBlock)]


def _full_precision(x: Tensor) -> torch.autocast:
    """Keep the ends of the network out of automatic mixed precision: columns have more digits than bfloat16."""
    return torch.autocast(x.device.type, enabled=False)


#: Windows that go through the network at once where no gradients are wanted: more are not faster, and take memory.
_BATCH: Final = 16


class SteppedDenoiser:
    """A denoiser at given diffusion times, for samplers: `f(x, t) -> x0`.

    What depends on the time alone is computed once, here, for all times together. Dropout is off. Gradients with
    respect to `x` are available where the caller has them enabled.

    Parameters
    ----------
    network
        The network; a copy is kept, so later training does not change this.
    times
        All diffusion times that will be asked for.
    dtype
        Floating-point type to compute in; results have the type of the input.
    condition
        What is known of the windows; its facts are the same for all of them, (1, F).
    """

    def __init__(
        self,
        network: Denoiser,
        times: Sequence[int],
        dtype: torch.dtype = torch.float32,
        condition: Condition | None = None,
    ) -> None:
        device = network.input_projection.weight.device
        self._index = {int(t): i for i, t in enumerate(times)}
        frozen = copy.deepcopy(network).requires_grad_(requires_grad=False).eval()
        with torch.no_grad():
            announced = torch.as_tensor(list(self._index), device=device)
            self._modulation = frozen.modulation(announced, condition.facts if condition else None).to(dtype)
        self._network = frozen.to(dtype)
        self._dtype = dtype
        self._condition = condition

    def __call__(self, x: Tensor, t: int) -> Tensor:
        """Estimate the clean windows (B, T, C) from noisy ones at time `t`."""
        if t not in self._index:
            raise ValueError(f"diffusion time {t} was not announced; known are {sorted(self._index)}")
        i = self._index[t]
        size = len(x) if torch.is_grad_enabled() else _BATCH
        parts = [slice(start, start + size) for start in range(0, len(x), size)]
        done = [
            self._network.denoise(
                x[part].to(self._dtype),
                self._modulation[i : i + 1],
                self._condition.rows(part) if self._condition else None,
            ).to(x.dtype)
            for part in parts
        ]
        return torch.cat(done) if len(done) > 1 else done[0]
