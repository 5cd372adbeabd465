"""Whether generated motions are new: how far they are from the motions that were trained on, and from each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import columns_of_trial
from gaitdynamics.training.published_data import PublishedSample
from gaitdynamics.trial import Array, Mask, Trial

Windows = NDArray[np.float32]

#: Frames of a window that is compared, from one window to the next, and from one compared frame to the next. Many
#: trials hold one step only, so windows are short.
FRAMES, STEP, STRIDE = 60, 20, 3

#: Columns that are compared: kinematic ones, but for the trunk, which most trials lack.
COLUMNS: Final = [i for i in PUBLISHED_63.kinematic if not PUBLISHED_63.names[i].startswith("lumbar")]

#: Query windows whose distances are held at once.
_CHUNK: Final = 64


def windows_of(values: Sequence[Array], scaler: ColumnScaler, known: Sequence[Mask] | None = None) -> Windows:
    """Cut motions into windows.

    Parameters
    ----------
    values
        (N, 63) columns of each motion, not scaled.
    scaler
        To bring them to their range.
    known
        (N, 63) of each; windows with unknown cells in `COLUMNS` are left out.

    Returns
    -------
    (W, D) flattened windows.
    """
    found = []
    for number, motion in enumerate(values):
        scaled = scaler.to_scaled(motion)[:, COLUMNS]
        there = None if known is None else known[number][:, COLUMNS]
        for first in range(0, len(scaled) - FRAMES + 1, STEP):
            rows = slice(first, first + FRAMES, STRIDE)
            if there is None or there[rows].all():
                found.append(scaled[rows].ravel())
    windows = np.array(found, dtype=np.float32)
    return windows.reshape(len(found), -1)


def windows_of_trials(trials: Sequence[Trial], scaler: ColumnScaler) -> Windows:
    """Cut trials into windows, see `windows_of`."""
    return windows_of([columns_of_trial(trial).values for trial in trials], scaler)


def windows_of_samples(samples: Sequence[PublishedSample], scaler: ColumnScaler) -> Windows:
    """Cut samples into windows of known cells, see `windows_of`."""
    return windows_of([s.values for s in samples], scaler, [s.known for s in samples])


def nearest_distances(queries: Windows, others: Windows, *, not_itself: bool = False) -> Array:
    """Find for each query the root mean square difference from the nearest other window.

    Parameters
    ----------
    queries, others
        (Q, D) and (W, D) windows, in scaled units (the range of a column is 20).
    not_itself
        Whether the queries are the others, so that each must not find itself.

    Returns
    -------
    (Q,).
    """
    norms = (others.astype(np.float64) ** 2).sum(1)
    nearest = np.empty(len(queries))
    for first in range(0, len(queries), _CHUNK):
        part = queries[first : first + _CHUNK]
        squares = (part.astype(np.float64) ** 2).sum(1)[:, None] + norms - 2.0 * (part @ others.T)
        if not_itself:
            squares[np.arange(len(part)), first + np.arange(len(part))] = np.inf
        nearest[first : first + _CHUNK] = np.sqrt(np.maximum(squares.min(1), 0.0) / queries.shape[1])
    return nearest
