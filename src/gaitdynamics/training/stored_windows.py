"""Training windows straight from the mapped shards of a store, whose size may be many times that of memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, overload

import numpy as np
import torch
from numpy.typing import NDArray

from gaitdynamics.dataset.store_manifest import SampleEntry
from gaitdynamics.dataset.window_sampling import Draw
from gaitdynamics.dataset.window_store import WindowStore
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.training.draws import LENGTHS, PlaceDraws
from gaitdynamics.training.force_windows import NOISY, Batch, Sample, feature_scale
from gaitdynamics.training.published_windows import ColumnBatches, PublishedBatch
from gaitdynamics.training.stored_samples import batch_from_store, both_views, sample_from_store

#: Frames of which the moments are summed at a time.
_CHUNK: Final = 20_000


class StoredForceWindows:
    """Random batches of the refiner's windows, drawn with the probabilities of `ForceWindows`.

    Parameters
    ----------
    store
        Of the refiner's samples.
    entries
        Samples of it to draw from.
    batch, seed, noisy_share
        As for `ForceWindows`. With the same seed other windows are drawn than there.
    """

    def __init__(
        self, store: WindowStore, entries: Sequence[SampleEntry], batch: int, seed: int, noisy_share: float = 0.0
    ) -> None:
        self.store, self.entries, self.batch, self.seed = store, entries, batch, seed
        first = np.array([entry.first_row for entry in entries], dtype=np.int64)
        noisy = np.array([entry.variant in NOISY for entry in entries])
        self._places = PlaceDraws(entries, first=first, apart=noisy, apart_share=noisy_share)

    def draw(self, index: int, windows: slice = slice(None)) -> Batch:
        """Draw batch number `index`, or some windows of it."""
        rng = np.random.default_rng((self.seed, index))
        length = self._places.length(rng)
        samples, rows = self._places.draw(rng, length, self.batch)
        return batch_from_store(self.store, Draw(samples[windows], rows[windows], length))

    def moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation (C,) of the features, weighted as studies are drawn."""
        sums: dict[str, list[NDArray[np.float64]]] = {}
        counts: dict[str, int] = {}
        for entry in self.entries:
            features = self.store.arrays["features"]
            for start in range(entry.first_row, entry.rows.stop, _CHUNK):
                x = both_views(features[start : min(start + _CHUNK, entry.rows.stop)])
                x = x.reshape(-1, x.shape[-1])
                found = x.sum(0, dtype=np.float64), np.square(x, dtype=np.float64).sum(0)
                known = sums.setdefault(entry.study, [np.zeros(1), np.zeros(1)])
                sums[entry.study] = [old + new for old, new in zip(known, found, strict=True)]
                counts[entry.study] = counts.get(entry.study, 0) + len(x)
        weights = {study: share / counts[study] for study, share in self._places.studies.items()}
        mean, square = (sum(weights[study] * total[k] for study, total in sums.items()) for k in range(2))
        return feature_scale(np.asarray(mean), np.asarray(square))


class StoredSamples(Sequence[Sample]):
    """The refiner's samples of a store, each made when it is asked for."""

    def __init__(self, store: WindowStore, entries: Sequence[SampleEntry]) -> None:
        self.store, self.entries = store, entries

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> StoredSamples: ...

    def __getitem__(self, index: int | slice) -> Sample | StoredSamples:
        if isinstance(index, slice):
            return StoredSamples(self.store, self.entries[index])
        return sample_from_store(self.store, self.entries[index])


class StoredColumnWindows(ColumnBatches):
    """Random batches of scaled windows of the published columns, as `PublishedWindows` draws them.

    Parameters
    ----------
    store
        Of the 63 columns.
    entries
        Samples of it to draw from.
    facts
        (K, 2) what is known of each besides, as `PublishedSample.facts`.
    scaler, batch, seed, device
        As for `PublishedWindows`.
    lengths
        As of `StudyDraws`.
    """

    def __init__(
        self,
        store: WindowStore,
        entries: Sequence[SampleEntry],
        facts: NDArray[np.float64],
        scaler: ColumnScaler,
        batch: int,
        seed: int,
        device: torch.device | str | None = None,
        lengths: Mapping[int, float] = LENGTHS,
    ) -> None:
        super().__init__(scaler, device)
        self.store, self.batch, self.seed = store, batch, seed
        self._known_facts = torch.from_numpy(facts.astype(np.float32))
        first = np.array([entry.first_row for entry in entries], dtype=np.int64)
        self._places = PlaceDraws(entries, lengths, first=first)

    def draw(self, index: int, windows: slice = slice(None)) -> PublishedBatch:
        """Draw batch number `index`, or some windows of it; it is the same whenever it is asked for."""
        rng = np.random.default_rng((self.seed, index))
        length = self._places.length(rng)
        samples, rows = (numbers[windows] for numbers in self._places.draw(rng, length, self.batch))
        mirrored = rng.random(self.batch)[windows] < 0.5
        arrays = self.store.gather(rows, length)
        known = torch.from_numpy(arrays["known"]).to(self.device, non_blocking=True)
        values = torch.from_numpy(arrays["values"]).to(self.device, non_blocking=True)
        facts = self._known_facts[torch.from_numpy(samples)].to(self.device, non_blocking=True)
        return self.mirror_(self.scale_(values), known, facts, mirrored)
