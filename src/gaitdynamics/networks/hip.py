"""The networks of the Gait2Hip-60 benchmark: joint angles to hip muscle forces or moments, frame by frame.

Sources: Gait2Hip-60 (2026) and its published checkpoints (MIT), whose parameter names these networks carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from torch import Tensor, nn

from gaitdynamics.networks.mamba import Mamba

HipNetworkName = Literal["lstm", "transformer", "mamba"]

#: Longest sequence that the transformer has places for.
MOST_FRAMES: Final = 500


@dataclass(frozen=True)
class HipConfig:
    """Architecture of a hip network; the defaults are those of the benchmark.

    `heads` and `feedforward` are of the transformer, `states`, `kernel` and `expand` of Mamba. `frames` is the length
    of the sequences that it is trained on.
    """

    network: HipNetworkName
    channels_in: int
    channels_out: int
    frames: int = 180
    width: int = 128
    layers: int = 2
    dropout: float = 0.1
    heads: int = 4
    feedforward: int = 256
    states: int = 16
    kernel: int = 4
    expand: int = 2


class HipLstm(nn.Module):
    """Two layers of long short-term memory, forward in time, and a linear layer."""

    def __init__(self, config: HipConfig) -> None:
        super().__init__()
        self.lstm = nn.LSTM(config.channels_in, config.width, config.layers, batch_first=True, dropout=config.dropout)
        self.fc = nn.Linear(config.width, config.channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, channels_in) to (B, T, channels_out)."""
        result: Tensor = self.fc(self.lstm(x)[0])
        return result


class _Places(nn.Module):
    """Adds what was learnt of each place in the sequence."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pos_embed = nn.Embedding(MOST_FRAMES, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.pos_embed.weight[: x.shape[1]]


class HipTransformer(nn.Module):
    """Encoder layers, normalised after each residual, over frames with a learned place."""

    def __init__(self, config: HipConfig) -> None:
        super().__init__()
        self.input_proj = nn.Linear(config.channels_in, config.width)
        self.pos_encoder = _Places(config.width)
        layer = nn.TransformerEncoderLayer(
            config.width, config.heads, config.feedforward, config.dropout, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.output_proj = nn.Linear(config.width, config.channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, channels_in) to (B, T, channels_out), T up to `MOST_FRAMES`."""
        result: Tensor = self.output_proj(self.encoder(self.pos_encoder(self.input_proj(x))))
        return result


class HipMamba(nn.Module):
    """Mamba blocks as residuals, with no normalisation but the last."""

    def __init__(self, config: HipConfig) -> None:
        super().__init__()
        self.input_proj = nn.Linear(config.channels_in, config.width)
        self.blocks = nn.ModuleList(
            Mamba(config.width, states=config.states, kernel=config.kernel, expand=config.expand)
            for _ in range(config.layers)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(config.width)
        self.output_proj = nn.Linear(config.width, config.channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, channels_in) to (B, T, channels_out)."""
        x = self.input_proj(x)
        for block in self.blocks:
            x = x + self.dropout(block(x))
        result: Tensor = self.output_proj(self.norm(x))
        return result


_NETWORKS: Final[Mapping[str, type[HipLstm] | type[HipTransformer] | type[HipMamba]]] = {
    "lstm": HipLstm,
    "transformer": HipTransformer,
    "mamba": HipMamba,
}


def make_hip_network(config: HipConfig) -> nn.Module:
    """Make an untrained network, in training mode.

    Raises
    ------
    ValueError
        The sequences are longer than the network has places for.
    """
    if config.network == "transformer" and config.frames > MOST_FRAMES:
        raise ValueError(f"{config.frames} frames are more than the {MOST_FRAMES} of the transformer")
    return _NETWORKS[config.network](config)
