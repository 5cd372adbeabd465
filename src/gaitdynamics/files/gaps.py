"""Gaps in time: cells of a motion file that are NaN, because markers were hidden for a moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.errors import UserInputError
from gaitdynamics.files.storage import Table

Mask = NDArray[np.bool_]

#: Longest gap [s] that is filled unless longer ones are asked for. How errors grow with length is in
#: benchmarks/task1_masks.
MAX_GAP: Final = 0.5


def bridge_gaps(table: Table, longest: float) -> tuple[Table, Mask]:
    """Interpolate the gaps of a table, so that it can be looked at as if it had none.

    Parameters
    ----------
    table
        Cells may be NaN. Columns that are NaN throughout are left out: they were not measured.
    longest
        Longest gap [s] to accept, counted from the last number before it to the first one after it.

    Returns
    -------
    table
        Finite; straight lines bridge the gaps, ends are held.
    gaps
        (N, C) True where a cell was NaN.

    Raises
    ------
    UserInputError
        A gap is longer.
    """
    kept = [i for i in range(len(table.labels)) if np.isfinite(table.data[:, i]).any()]
    data, labels = table.data[:, kept].copy(), tuple(table.labels[i] for i in kept)
    gaps = np.isnan(data)
    for column in np.flatnonzero(gaps.any(0)):
        there = ~gaps[:, column]
        for first, after in spans(gaps[:, column]):
            before = table.time[max(first - 1, 0)]
            duration = float(table.time[min(after, len(there) - 1)] - before)
            if duration > longest + 1e-9:
                raise UserInputError(
                    f"a gap of {duration:.2f} s, from {table.time[first]:.2f} s on; at most {longest:g} s are filled",
                    file=table.path,
                    row=int(first) + 1,
                    column=labels[column],
                    remedy="allow longer gaps with --max-gap, or delete the column: then all of it is generated",
                )
        data[:, column] = np.interp(table.time, table.time[there], data[there, column])
    return replace(table, labels=labels, data=data), gaps


def spans(mask: Mask) -> Iterator[tuple[int, int]]:
    """Find the stretches (N,) of True: first element, and the one after the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
