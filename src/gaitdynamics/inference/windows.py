"""Long signals through networks that see short windows: overlap, cross-fade, no padding.

Windows overlap by half and are faded into each other, the last one is shifted back to end with the signal, and
results are accumulated batch by batch, so that memory beyond the signal itself does not grow with its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]

#: Frames per window: 1.5 s at 100 Hz, longer than a gait cycle (paper, Methods).
WINDOW: Final = 150

#: Windows that go through a network at once.
BATCH: Final = 16


def window_starts(frames: int, window: int = WINDOW, overlap: float = 0.5) -> list[int]:
    """Give the first frames of windows that cover a signal.

    A signal shorter than a window gets one start, for a window of its own length.
    """
    if frames <= window:
        return [0]
    step = max(1, round(window * (1.0 - overlap)))
    starts = list(range(0, frames - window, step))
    return [*starts, frames - window]


def fade(window: int) -> Array:
    """Weights (window,) that rise and fall linearly and never vanish, so that every frame is covered."""
    ramp = np.minimum(np.arange(1, window + 1), np.arange(window, 0, -1)).astype(np.float64)
    return np.asarray(ramp / ramp.max())


def stitch(
    network: Callable[[Tensor], Tensor],
    features: NDArray[np.float32],
    *,
    window: int = WINDOW,
    batch: int = BATCH,
) -> Array:
    """Run a network over a signal of any length.

    Parameters
    ----------
    network
        Maps (B, T, ...) to (B, T, ...), any T up to `window`.
    features
        (N, ...) the signal.
    window, batch
        Frames per window, windows at once.

    Returns
    -------
    ndarray
        (N, ...) weighted mean of all windows that see a frame.
    """
    frames = len(features)
    length = min(window, frames)
    weights = fade(length)
    total: Array | None = None
    weight_sum = np.zeros(frames)
    for starts in _groups(window_starts(frames, window), batch):
        cut = np.stack([features[start : start + length] for start in starts])
        with torch.inference_mode():
            result = network(torch.from_numpy(cut)).double().numpy()
        if total is None:
            total = np.zeros((frames, *result.shape[2:]))
        for start, values in zip(starts, result, strict=True):
            total[start : start + length] += values * weights.reshape(-1, *[1] * (values.ndim - 1))
            weight_sum[start : start + length] += weights
    assert total is not None
    return total / weight_sum.reshape(-1, *[1] * (total.ndim - 1))


def _groups(starts: list[int], size: int) -> Iterator[list[int]]:
    for first in range(0, len(starts), size):
        yield starts[first : first + size]
