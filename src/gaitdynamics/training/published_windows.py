"""Random windows of the 63 published columns, scaled, with a mask of what is known.

All trials lie end to end in a few tensors, on the accelerator if there is one, from which a batch is gathered at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.windows import WINDOW
from gaitdynamics.training.devices import local_rank
from gaitdynamics.training.draws import PlaceDraws
from gaitdynamics.training.published_data import MIRROR_SIGN, MIRROR_SOURCE, PublishedSample

_FORWARD: Final = PUBLISHED_63.index("pelvis_tx")


class PublishedBatch(NamedTuple):
    """Windows stacked.

    `values` (B, T, 63) scaled, zero where unknown; `known` (B, T, 63) one or zero; `facts` (B, 3) as of
    `networks.condition`, NaN where unknown.
    """

    values: Tensor
    known: Tensor
    facts: Tensor


class ColumnBatches:
    """Makes batches of windows that were drawn: scaled, some with left and right exchanged.

    Parameters
    ----------
    scaler
        Of the 63 columns.
    device
        Where batches are made; the accelerator if there is one.
    """

    def __init__(self, scaler: ColumnScaler, device: torch.device | str | None = None) -> None:
        self.device = device or (f"cuda:{local_rank()}" if torch.cuda.is_available() else "cpu")
        scale, bias = np.array(scaler.scale), np.array(scaler.bias)
        # The mirror image on the scaled side, for scales that differ between left and right too.
        gain = MIRROR_SIGN * scale / scale[MIRROR_SOURCE]
        self._gain = self._tensor(gain)
        self._offset = self._tensor(bias - bias[MIRROR_SOURCE] * gain)
        self._source = torch.tensor(MIRROR_SOURCE, device=self.device)
        self._speed = float(scale[_FORWARD]), float(bias[_FORWARD])
        centre = (-bias / scale).astype(np.float32)
        self._centre, self._scale = self._tensor(centre), self._tensor(scale)
        self._rest = self._tensor(centre * scale + bias)

    def scale_(self, values: Tensor) -> Tensor:
        """Scale columns (..., 63), in place.

        A column of small range far from zero is taken from the middle of its range first: scaled first, it would be the
        difference of two large numbers, of which single precision leaves little.
        """
        return values.sub_(self._centre).mul_(self._scale).add_(self._rest)

    def mirror_(self, values: Tensor, known: Tensor, facts: Tensor, mirrored: NDArray[np.bool_]) -> PublishedBatch:
        """Make a batch, with left and right exchanged in some windows.

        Parameters
        ----------
        values, known
            (B, T, 63) scaled columns, and where they are known; both are changed. What is unknown becomes zero, the
            middle of the range.
        facts
            (B, 2) of the trials, as `PublishedSample.facts`.
        mirrored
            (B,) in which.
        """
        these = torch.from_numpy(np.flatnonzero(mirrored)).to(self.device, non_blocking=True)
        other = values[these][..., self._source]
        values.index_copy_(0, these, other.mul_(self._gain).add_(self._offset))
        known.index_copy_(0, these, known[these][..., self._source])
        values.masked_fill_(~known, 0.0)
        return PublishedBatch(values, known.float(), _with_speed(facts, values, known, self._speed))

    def _tensor(self, numbers: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(numbers.astype(np.float32)).to(self.device)


class PublishedWindows(ColumnBatches):
    """Random batches of scaled windows; every second one, at random, with left and right exchanged.

    Parameters
    ----------
    samples, batch, seed
        As for `StudyDraws`.
    scaler
        Of the 63 columns.
    device
        Where the samples lie and batches are made; the accelerator if there is one.

    Notes
    -----
    Differences from the published code: it drew windows of 150 frames only, from trials that long. Many overground
    trials hold one step, so that windows of a batch have one of several lengths instead. Nothing is padded: a network
    without a notion of length would take padding for motion, and estimation runs short trials at their own length.
    """

    def __init__(
        self,
        samples: Sequence[PublishedSample],
        scaler: ColumnScaler,
        batch: int,
        seed: int,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__(scaler, device)
        self.batch, self.seed = batch, seed
        self.places = PlaceDraws(samples)
        known = np.concatenate([sample.known for sample in samples])
        scaled = np.where(known, scaler.to_scaled(np.concatenate([sample.values for sample in samples])), 0.0)
        self._values = torch.from_numpy(scaled.astype(np.float32)).to(self.device)
        self._known = torch.from_numpy(known).to(self.device)
        self._facts = torch.tensor([sample.facts for sample in samples], dtype=torch.float32).to(self.device)

    def draw(self, index: int, windows: slice = slice(None)) -> PublishedBatch:
        """Draw batch number `index`, or some windows of it; it is the same whenever it is asked for."""
        rng = np.random.default_rng((self.seed, index))
        length = self.places.length(rng)
        trials, starts = (numbers[windows] for numbers in self.places.draw(rng, length, self.batch))
        mirrored = rng.random(self.batch)[windows] < 0.5
        first = torch.from_numpy(starts).to(self.device, non_blocking=True)
        rows = first[:, None] + torch.arange(length, device=self.device)
        facts = self._facts[torch.from_numpy(trials).to(self.device, non_blocking=True)]
        return self.mirror_(self._values[rows], self._known[rows], facts, mirrored)


def _with_speed(facts: Tensor, values: Tensor, known: Tensor, scaling: tuple[float, float]) -> Tensor:
    """Put the mean forward velocity of each window in front of the facts of its trial (B, 2)."""
    scale, bias = scaling
    speed = (values[..., _FORWARD].mean(1) - bias) / scale
    speed = torch.where(known[..., _FORWARD].bool().all(1), speed, torch.nan)
    return torch.cat([speed[:, None], facts], dim=1)


def stack(windows: Sequence[PublishedSample], scaler: ColumnScaler) -> PublishedBatch:
    """Scale windows of one length; what is unknown becomes zero, the middle of the range."""
    known = np.stack([window.known for window in windows])
    scaled = np.where(known, scaler.to_scaled(np.stack([window.values for window in windows])), 0.0)
    values, there = (torch.from_numpy(array.astype(np.float32)) for array in (scaled, known))
    facts = torch.tensor([window.facts for window in windows], dtype=torch.float32)
    scaling = scaler.scale[_FORWARD], scaler.bias[_FORWARD]
    return PublishedBatch(values, there, _with_speed(facts, values, there, scaling))


def fixed_windows(samples: Sequence[PublishedSample], scaler: ColumnScaler, most: int) -> list[PublishedBatch]:
    """Cut samples into windows that do not overlap, and take `most` of them, evenly; one batch per length."""
    cuts = [
        sample.cut(slice(start, start + min(WINDOW, sample.frames)))
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
