"""Rows that lie in several files one after the other, mapped into memory and read as if they were one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

AnyArray = NDArray[Any]
Rows = NDArray[np.int64]


class ShardedRows:
    """One field of a store.

    Parameters
    ----------
    shards
        Arrays (rows, ...) of one dtype and row shape, read-only; at least one.
    """

    def __init__(self, shards: Sequence[AnyArray]) -> None:
        self.shards = tuple(shards)
        self.first_rows = np.cumsum([0, *(len(shard) for shard in self.shards)], dtype=np.int64)
        self.dtype = self.shards[0].dtype
        self.shape: tuple[int, ...] = (int(self.first_rows[-1]), *self.shards[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        return np.concatenate(self.shards).astype(dtype or self.dtype, copy=False)

    def __getitem__(self, rows: slice | int | Rows) -> AnyArray:
        """Give rows: a slice as a view where it lies in one shard; rows by number (...) copied."""
        if isinstance(rows, slice):
            return self._slice(*rows.indices(len(self)))
        index = np.asarray(rows, dtype=np.int64)
        if index.size and (index.min() < -len(self) or index.max() >= len(self)):
            raise IndexError(f"there are {len(self)} rows")
        index = np.where(index < 0, index + len(self), index)
        return self._gather(index, np.searchsorted(self.first_rows, index, side="right") - 1)

    def windows(self, first: Rows, length: int) -> AnyArray:
        """Copy windows out: (B, length, ...) for the first rows (B,), none of which may reach into another shard."""
        shard = np.searchsorted(self.first_rows, first, side="right") - 1
        if len(first) and (first.min() < 0 or (first + length > self.first_rows[shard + 1]).any()):
            raise IndexError("a window reaches beyond its shard")
        return self._gather(first[:, None] + np.arange(length), shard[:, None])

    def _slice(self, start: int, stop: int, step: int) -> AnyArray:
        shard = int(np.searchsorted(self.first_rows, start, side="right")) - 1
        if step == 1 and start < stop and stop <= self.first_rows[shard + 1]:
            offset = int(self.first_rows[shard])
            return self.shards[shard][start - offset : stop - offset]
        return self[np.arange(start, stop, step)]

    def _gather(self, index: Rows, shard: Rows) -> AnyArray:
        """Copy rows (...) of which it is known in which shard (..., of fewer or shorter axes) they lie."""
        if len(self.shards) == 1:
            return np.asarray(self.shards[0][index])
        found = np.empty((*index.shape, *self.shape[1:]), self.dtype)
        whole = shard if shard.shape == index.shape else shard[:, 0]
        for number in np.unique(whole):
            here = whole == number
            found[here] = self.shards[number][index[here] - self.first_rows[number]]
        return found
