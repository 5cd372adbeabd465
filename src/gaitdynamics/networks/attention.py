"""Self-attention over time whose queries and keys carry their place in time by rotation.

Rotary position embedding (Su et al. 2021, doi:10.1016/j.neucom.2023.127063), in the published networks' way: the
layer's input is rotated over its full width, before the projections and not per head, and the values come from the
input that was not rotated.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: How many times slower than the first pair the last one turns, nearly; as in the cited work.
_BASE = 10000.0


def rotary_frequencies(width: int) -> Tensor:
    """Angle per frame of each pair of channels [rad], (width / 2,), float64."""
    return _BASE ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def rotary_table(frames: int, width: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Cosines and sines of all frames and pairs.

    Returns
    -------
    Tensor
        (frames, width / 2, 2); its last axis is (cos, sin).
    """
    angle = torch.arange(frames, dtype=torch.float64)[:, None] * rotary_frequencies(width)
    # Angles are made in float64 on the processor: at frame 150 float32 would already cost two digits.
    return torch.stack([angle.cos(), angle.sin()], dim=-1).to(device=device, dtype=dtype)


def rotate(x: Tensor, table: Tensor) -> Tensor:
    """Rotate adjacent pairs of channels by the angle of their frame.

    Parameters
    ----------
    x
        (B, T, width).
    table
        (T, width / 2, 2) from `rotary_table`.
    """
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    # Complex multiplication is one pass over memory; it needs both in one of these precisions.
    if x.dtype == table.dtype and x.dtype in (torch.float32, torch.float64):
        turned = torch.view_as_complex(pairs.contiguous()) * torch.view_as_complex(table)
        return torch.view_as_real(turned).flatten(-2)
    (a, b), (cos, sin) = pairs.unbind(-1), table.unbind(-1)
    return torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(-2)


class RotaryTable(nn.Module):
    """Keeps the table of the last length asked for; it holds no parameters and nothing of it is saved."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self._table: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Table for (B, T, width), in the type and place of `x`."""
        table = self._table
        if table is None or (len(table), table.dtype, table.device) != (x.shape[1], x.dtype, x.device):
            # Made outside of inference mode: a table kept from there could not serve gradients later.
            with torch.inference_mode(mode=False):
                self._table = table = rotary_table(x.shape[1], self.width, x.dtype, x.device)
        return table


class RotarySelfAttention(nn.Module):
    """Multi-head self-attention on rotated queries and keys; parameters named as `torch.nn.MultiheadAttention`.

    Parameters
    ----------
    width
        Channels; a multiple of `heads`.
    heads
        Attention heads.
    dropout
        Share of attention weights dropped in training.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if width % heads or width % 2:
            raise ValueError(f"width {width} must be even and a multiple of heads {heads}")
        self.heads = heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, table: Tensor) -> Tensor:
        """Attend over all frames.

        Parameters
        ----------
        x
            (B, T, width).
        table
            (T, width / 2, 2) from `rotary_table`.

        Returns
        -------
        Tensor
            (B, T, width).
        """
        batch, frames, width = x.shape
        turned = functional.linear(rotate(x, table), self.in_proj_weight[: 2 * width], self.in_proj_bias[: 2 * width])
        value = functional.linear(x, self.in_proj_weight[2 * width :], self.in_proj_bias[2 * width :])
        # (B, T, n * width) -> (B, n * heads, T, width / heads)
        query, key = turned.view(batch, frames, 2 * self.heads, -1).transpose(1, 2).chunk(2, dim=1)
        attended = functional.scaled_dot_product_attention(
            query,
            key,
            value.view(batch, frames, self.heads, -1).transpose(1, 2),
            dropout_p=self.dropout if self.training else 0.0,
        )
        result: Tensor = self.out_proj(attended.transpose(1, 2).flatten(-2))
        return result
