"""The convolutional baseline of the paper: GroundLink (Han et al. 2023, doi:10.1145/3610548.3618247), re-sized.

Shape and parameter names of Tan et al. 2026 (GaitDynamics) as released.

Differences from GroundLink: 51 kinematic channels in and 12 force channels out, no final softplus.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

_KERNEL = 7


class GroundLink(nn.Module):
    """Four convolutions over time, then three linear maps per frame.

    Parameters
    ----------
    channels_in, channels_out
        Channels of a window.
    widths
        Channels after each convolution.
    dropout
        Share dropped before each linear map.
    """

    def __init__(
        self,
        channels_in: int = 51,
        channels_out: int = 12,
        widths: tuple[int, ...] = (128, 128, 256, 256),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        convolutions: list[nn.Module] = []
        for wide_in, wide_out in pairwise((channels_in, *widths)):
            convolution = nn.Conv1d(wide_in, wide_out, _KERNEL, padding=_KERNEL // 2, padding_mode="replicate")
            # The identity keeps the published numbering, in which a dropout of probability zero comes first.
            convolutions += [nn.Identity(), convolution, nn.ELU()]
        self.cnn_layers = nn.Sequential(*convolutions)
        width = widths[-1]
        linear: list[nn.Module] = [nn.Identity()]
        for _ in range(2):
            linear += [nn.Dropout(dropout), nn.Linear(width, width), nn.ELU()]
        self.fc_layers = nn.Sequential(*linear, nn.Dropout(dropout), nn.Linear(width, channels_out, bias=False))
        self._initialise()

    def _initialise(self) -> None:
        for layers in (self.cnn_layers, self.fc_layers):
            for layer, after in pairwise(layers):
                if isinstance(layer, nn.Conv1d | nn.Linear) and isinstance(after, nn.ELU):
                    nn.init.xavier_normal_(layer.weight, gain=math.sqrt(2.0))
                    if layer.bias is not None:
                        nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, channels_in) to (B, T, channels_out)."""
        result: Tensor = self.fc_layers(self.cnn_layers(x.transpose(1, 2)).transpose(1, 2))
        return result
