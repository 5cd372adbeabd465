"""A small network of muscle forces at one instant: layers of weights, and outputs that are never negative."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class MuscleNetworkConfig:
    """Number of inputs and outputs, width and number of hidden layers."""

    channels_in: int
    channels_out: int
    width: int = 256
    layers: int = 3


class MuscleNetwork(nn.Module):
    """Maps (..., channels_in), scaled, to (..., channels_out) at least zero.

    Parameters
    ----------
    config
        Its sizes.

    Notes
    -----
    Static optimisation knows one instant only, so neither does its stand-in need any other.
    """

    def __init__(self, config: MuscleNetworkConfig) -> None:
        super().__init__()
        self.config = config
        sizes = [config.channels_in, *[config.width] * config.layers]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.head = nn.Linear(sizes[-1], config.channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """Give forces."""
        for number, layer in enumerate(self.hidden):
            y = functional.silu(layer(x))
            x = y if number == 0 else x + y
        return functional.softplus(self.head(x))
