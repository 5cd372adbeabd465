"""The published refinement network: a transformer encoder from complete kinematics to forces, one pass per window.

Architecture of Tan et al. 2026 (GaitDynamics) as released, with the parameter names of its checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from gaitdynamics.networks.attention import RotarySelfAttention, RotaryTable


@dataclass(frozen=True)
class RefinementEncoderConfig:
    """Architecture of a `RefinementEncoder`.

    `channels_in` and `channels_out` of a window, `width` inside, `layers` in depth, attention `heads`, `feedforward`
    width, `dropout` share of what each step adds.
    """

    channels_in: int = 51
    channels_out: int = 12
    width: int = 192
    layers: int = 6
    heads: int = 8
    feedforward: int = 512
    dropout: float = 0.1


class FeedForward(nn.Module):
    """Two linear maps with ReLU between them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, width) to the same shape."""
        result: Tensor = self.fc2(functional.relu(self.fc1(x)))
        return result


class EncoderLayer(nn.Module):
    """Attention and feed-forward step, each normalised after it is added."""

    def __init__(self, config: RefinementEncoderConfig) -> None:
        super().__init__()
        self.self_attn = RotarySelfAttention(config.width, config.heads)
        self.feed_forward = FeedForward(config.width, config.feedforward)
        self.norm1 = nn.LayerNorm(config.width)
        self.norm2 = nn.LayerNorm(config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, table: Tensor) -> Tensor:
        """Map (B, T, width) to the same shape."""
        x = self.norm1(x + self.dropout(self.self_attn(x, table)))
        result: Tensor = self.norm2(x + self.dropout(self.feed_forward(x)))
        return result


class RefinementEncoder(nn.Module):
    """Estimate force channels from complete kinematic channels, both normalised.

    Parameters
    ----------
    config
        Architecture.
    """

    def __init__(self, config: RefinementEncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or RefinementEncoderConfig()
        self.input_to_embedding = nn.Linear(config.channels_in, config.width)
        self.encoder_layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.embedding_to_output = nn.Linear(config.width, config.channels_out)
        self.rotary_table = RotaryTable(config.width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, channels_in) to (B, T, channels_out)."""
        h = self.input_to_embedding(x)
        table = self.rotary_table(h)
        for layer in self.encoder_layers:
            h = layer(h, table)
        result: Tensor = self.embedding_to_output(h)
        return result
