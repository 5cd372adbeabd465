"""A Mamba block in plain PyTorch (Gu & Dao 2023, doi:10.48550/arXiv.2312.00752); parameters named as there."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitdynamics.networks.selective_scan import selective_scan

#: Range of the time steps with which an untrained block begins, as in the cited work.
_FIRST_STEPS = (1e-3, 1e-1)
#: Sequences that a processor maps at once: what is computed of these few stays in its cache.
_AT_ONCE = 16


class Mamba(nn.Module):
    """Selective state space behind a short causal convolution, gated.

    Parameters
    ----------
    width
        Channels of input and output.
    states
        Numbers of state per inner channel.
    kernel
        Frames that the convolution sees.
    expand
        Inner channels per channel.
    """

    def __init__(self, width: int, *, states: int = 16, kernel: int = 4, expand: int = 2) -> None:
        super().__init__()
        inner, self.states, self.rank = expand * width, states, math.ceil(width / 16)
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, kernel, groups=inner)
        self.x_proj = nn.Linear(inner, self.rank + 2 * states, bias=False)
        self.dt_proj = nn.Linear(self.rank, inner)
        self.A_log = nn.Parameter(torch.arange(1.0, states + 1.0).log().repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, width, bias=False)
        nn.init.uniform_(self.dt_proj.weight, -(self.rank**-0.5), self.rank**-0.5)
        low, high = map(math.log, _FIRST_STEPS)
        steps = torch.empty(inner).uniform_(low, high).exp()
        with torch.no_grad():
            self.dt_proj.bias.copy_(steps + torch.log(-torch.expm1(-steps)))  # inverse of softplus

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, width) to (B, T, width); no frame depends on later ones."""
        if x.device.type == "cpu" and not torch.is_grad_enabled() and len(x) > _AT_ONCE:
            return torch.cat([self._map(part) for part in torch.split(x, _AT_ONCE)])
        return self._map(x)

    def _map(self, x: Tensor) -> Tensor:
        x, gate = self.in_proj(x).chunk(2, dim=-1)
        x = functional.silu(self._convolve(x))
        dt, b, c = self.x_proj(x).split([self.rank, self.states, self.states], dim=-1)
        dt = functional.softplus(self.dt_proj(dt))
        y = selective_scan(x, dt, -torch.exp(self.A_log), b, c) + self.D * x
        result: Tensor = self.out_proj(y * functional.silu(gate))
        return result

    def _convolve(self, x: Tensor) -> Tensor:
        """Convolve (B, T, inner) along time, each channel by itself.

        Channels stay last, as all that follows needs them: the library's convolution would turn them round twice.
        """
        taps = self.conv1d.weight[:, 0].t()
        padded = functional.pad(x, (0, 0, len(taps) - 1, 0))
        assert self.conv1d.bias is not None
        y: Tensor = self.conv1d.bias
        for k, tap in enumerate(taps):
            y = torch.addcmul(y, padded[:, k : k + x.shape[1]], tap)
        return y
