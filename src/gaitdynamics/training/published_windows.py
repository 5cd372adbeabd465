"""Random windows of the 63 published columns, scaled, with a mask of what is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.inference.windows import WINDOW
from gaitdynamics.training.draws import StudyDraws
from gaitdynamics.training.published_data import PublishedSample, mirror_sample


class PublishedBatch(NamedTuple):
    """Windows stacked: `values` (B, T, 63) scaled, zero where unknown; `known` (B, T, 63) one or zero."""

    values: Tensor
    known: Tensor


class PublishedWindows(StudyDraws[PublishedSample]):
    """Random batches of scaled windows; every second one, at random, with left and right exchanged.

    Parameters
    ----------
    samples, batch, seed
        As for `StudyDraws`.
    scaler
        Of the 63 columns.

    Notes
    -----
    Differences from the published code: it drew windows of 150 frames only, from trials that long. Many overground
    trials hold one step, so that windows of a batch have one of several lengths instead. Nothing is padded: a network
    without a notion of length would take padding for motion, and estimation runs short trials at their own length.
    """

    def __init__(self, samples: Sequence[PublishedSample], scaler: ColumnScaler, batch: int, seed: int) -> None:
        super().__init__(samples, batch, seed)
        self.scaler = scaler

    def draw(self, index: int) -> PublishedBatch:
        """Draw batch number `index`."""
        cuts, rng = self.cuts(index)
        mirrored = rng.random(len(cuts)) < 0.5
        return stack([cut_sample(*cut, mirror) for cut, mirror in zip(cuts, mirrored, strict=True)], self.scaler)


def cut_sample(sample: PublishedSample, part: slice, mirror: np.bool | bool = False) -> PublishedSample:
    """Take some frames of a sample."""
    cut = PublishedSample(sample.study, sample.label, sample.values[part], sample.known[part])
    return mirror_sample(cut) if mirror else cut


def stack(windows: Sequence[PublishedSample], scaler: ColumnScaler) -> PublishedBatch:
    """Scale windows of one length; what is unknown becomes zero, the middle of the range."""
    known = np.stack([window.known for window in windows])
    scaled = np.where(known, scaler.to_scaled(np.stack([window.values for window in windows])), 0.0)
    return PublishedBatch(torch.from_numpy(scaled.astype(np.float32)), torch.from_numpy(known.astype(np.float32)))


def fixed_windows(samples: Sequence[PublishedSample], scaler: ColumnScaler, most: int) -> list[PublishedBatch]:
    """Cut samples into windows that do not overlap, and take `most` of them, evenly; one batch per length."""
    cuts = [
        cut_sample(sample, slice(start, start + min(WINDOW, sample.frames)))
        for sample in samples
        for start in range(0, max(sample.frames - WINDOW, 0) + 1, WINDOW)
    ]
    chosen = cuts if len(cuts) <= most else [cuts[i] for i in np.linspace(0, len(cuts) - 1, most).astype(int)]
    by_length: dict[int, list[PublishedSample]] = {}
    for window in chosen:
        by_length.setdefault(window.frames, []).append(window)
    return [stack(windows, scaler) for _, windows in sorted(by_length.items())]


def outside_range(samples: Sequence[PublishedSample], scaler: ColumnScaler, limit: float) -> NDArray[np.float64]:
    """Give the share of known cells beyond the scaled range, per column (63,)."""
    outside, count = np.zeros(len(scaler.columns)), np.zeros(len(scaler.columns))
    for sample in samples:
        # Ends that the scaler was fitted to may lie outside by a rounding.
        beyond = np.abs(scaler.to_scaled(sample.values)) > limit * (1.0 + 1e-6)
        outside += (beyond & sample.known).sum(0)
        count += sample.known.sum(0)
    return np.asarray(outside / np.maximum(count, 1))
