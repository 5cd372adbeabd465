"""Least squares for smooth changes of several coordinates: cubic splines in time, whose normal equations are a band.

Each frame is touched by four splines, the frame after it by the same or the next: five knots hold both. Equations are
made of these few only, so that time and memory grow with the length of the motion and no faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.linalg import solveh_banded

from gaitdynamics.trial import Array

#: Knots of a frame and the one after it.
_WINDOW: Final = 5
#: Frames whose equations are made at once.
_CHUNK: Final = 500


@dataclass(frozen=True)
class SplineWindows:
    """Cubic B-splines at the frames.

    `first` (T,) is the first of the five knots of each frame, `here` (T, 5) their values there, `after` (T - 1, 5) in
    the next frame; `count` K is the number of splines.
    """

    first: NDArray[np.int64]
    here: Array
    after: Array
    count: int

    def values(self, coefficients: Array) -> Array:
        """Values (T, G) of G splines with coefficients (K, G)."""
        return np.asarray(np.einsum("tk,tkg->tg", self.here, coefficients[self.first[:, None] + np.arange(_WINDOW)]))


def spline_windows(time: Array, knots: float) -> SplineWindows:
    """Lay splines over a motion.

    Parameters
    ----------
    time
        (T,) of the frames [s], uniform.
    knots
        About how far they are apart [s]; several frames.
    """
    count = max(2, round((time[-1] - time[0]) / knots))
    inner = np.linspace(time[0], time[-1], count + 1)
    step = inner[1] - inner[0]
    outer = np.concatenate([inner[0] + step * np.arange(-3, 0), inner, inner[-1] + step * np.arange(1, 4)])
    design = BSpline.design_matrix(np.clip(time, inner[0], inner[-1]), outer, 3)
    begin = design.indices.reshape(len(time), 4)[:, 0].astype(np.int64)
    first = np.minimum(begin, count + 3 - _WINDOW)
    four = design.data.reshape(len(time), 4)
    return SplineWindows(first, _moved(four, begin - first), _moved(four[1:], begin[1:] - first[:-1]), count + 3)


def _moved(four: Array, by: NDArray[np.int64]) -> Array:
    """Put four values (T, 4) among five, 0 or 1 to the right."""
    five = np.zeros((len(four), _WINDOW))
    np.put_along_axis(five, by[:, None] + np.arange(4), four, axis=1)
    return five


class NormalEquations:
    """Sums of squares that are quadratic in the coefficients of G splines, and where they are least."""

    def __init__(self, splines: SplineWindows, coordinates: int) -> None:
        self._splines, self._coordinates = splines, coordinates
        self._knots = splines.first[:, None] + np.arange(_WINDOW)
        # Frames of the same five knots lie together.
        self._begin = np.flatnonzero(np.diff(splines.first, prepend=-1))
        width = _WINDOW * coordinates
        self._normal = np.zeros((len(self._begin), width, width))
        self._slope = np.zeros((splines.count, coordinates))

    def add(self, missed: Array, weight: Array, here: Array, after: Array | None = None) -> None:
        """Add weight / 2 times the squares of what is missed.

        Parameters
        ----------
        missed, weight
            (T, R), or (T - 1, R) with `after`.
        here, after
            (T, R, G) slopes of it by the coordinates in this frame and in the next; each as long as `missed`.
        """
        group = np.searchsorted(self._begin, np.arange(len(missed)), side="right") - 1
        for start in range(0, len(missed), _CHUNK):
            part = slice(start, min(start + _CHUNK, len(missed)))
            rows = here[part, :, None, :] * self._splines.here[part, None, :, None]
            if after is not None:
                rows = rows + after[part, :, None, :] * self._splines.after[part, None, :, None]
            root = np.sqrt(weight[part])
            rows = (rows * root[..., None, None]).reshape(*rows.shape[:2], _WINDOW * self._coordinates)
            slope = np.einsum("trw,tr->tw", rows, root * missed[part]).reshape(len(rows), _WINDOW, -1)
            np.add.at(self._slope, self._knots[part], slope)
            edges = np.flatnonzero(np.diff(group[part], prepend=-1))
            self._normal[group[part][edges]] += np.add.reduceat(rows.transpose(0, 2, 1) @ rows, edges, axis=0)

    def solve(self, ridge: float) -> Array:
        """Give the step (K, G) to the least; `ridge` is added to the diagonal."""
        g, count = self._coordinates, self._splines.count
        band = np.zeros((_WINDOW * g, count * g))
        band[0] = ridge
        blocks = self._normal.reshape(-1, _WINDOW, g, _WINDOW, g)
        first = self._splines.first[self._begin][:, None]
        for a in range(_WINDOW):
            for b in range(a + 1):
                row, column = np.nonzero((a - b) * g + np.arange(g)[:, None] - np.arange(g) >= 0)
                band[(a - b) * g + row - column, (first + b) * g + column] += blocks[:, a, row, b, column]
        step = solveh_banded(band, -self._slope.ravel(), lower=True, check_finite=False)
        return np.asarray(step.reshape(count, g))
