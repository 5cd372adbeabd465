"""The recurrent baseline of the paper: two long short-term memories (after Sugai et al., as cited there).

Shape and parameter names of Tan et al. 2026 (GaitDynamics) as released.
"""

from __future__ import annotations

from torch import Tensor, nn


class Sugai(nn.Module):
    """Two recurrent layers forward in time, then a linear map per frame.

    Parameters
    ----------
    channels_in, channels_out
        Channels of a window.
    widths
        Channels of the two recurrent layers.
    dropouts
        Shares dropped after each of them.
    """

    def __init__(
        self,
        channels_in: int = 51,
        channels_out: int = 12,
        widths: tuple[int, int] = (216, 76),
        dropouts: tuple[float, float] = (0.2, 0.25),
    ) -> None:
        super().__init__()
        self.hidden1 = nn.LSTM(channels_in, widths[0], batch_first=True)
        self.hidden2 = nn.LSTM(widths[0], widths[1], batch_first=True)
        self.dropout1 = nn.Dropout(dropouts[0])
        self.dropout2 = nn.Dropout(dropouts[1])
        self.output = nn.Linear(widths[1], channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, channels_in) to (B, T, channels_out)."""
        h = self.dropout1(self.hidden1(x)[0])
        result: Tensor = self.output(self.dropout2(self.hidden2(h)[0]))
        return result
