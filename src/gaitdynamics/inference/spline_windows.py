"""Least squares for smooth changes of several coordinates: cubic splines in time, whose normal equations are a band.

Each frame is touched by four splines, the next two frames by the same or the next: five knots hold all three. Equations
are made of these few only, so that time and memory grow with the length of the motion and no faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.linalg import solveh_banded

from gaitdynamics.trial import Array

#: Knots of a frame and the two after it.
_WINDOW: Final = 5
#: Frames whose equations are made at once.
_CHUNK: Final = 500


@dataclass(frozen=True)
class SplineWindows:
    """Cubic B-splines at the frames.

    `first` (T,) is the first of the five knots of each frame, `ahead` their values in that frame (T, 5), in the next
    (T - 1, 5) and in the one after that (T - 2, 5); `count` K is the number of splines.
    """

    first: NDArray[np.int64]
    ahead: tuple[Array, ...]
    count: int

    def values(self, coefficients: Array) -> Array:
        """Values (T, G) of G splines with coefficients (K, G)."""
        five = coefficients[self.first[:, None] + np.arange(_WINDOW)]
        return np.asarray(np.einsum("tk,tkg->tg", self.ahead[0], five))


def spline_windows(time: Array, knots: float) -> SplineWindows:
    """Lay splines over a motion.

    Parameters
    ----------
    time
        (T,) of the frames [s], uniform.
    knots
        About how far they are apart [s]; two frames at least.
    """
    count = max(2, round((time[-1] - time[0]) / knots))
    inner = np.linspace(time[0], time[-1], count + 1)
    step = inner[1] - inner[0]
    outer = np.concatenate([inner[0] + step * np.arange(-3, 0), inner, inner[-1] + step * np.arange(1, 4)])
    design = BSpline.design_matrix(np.clip(time, inner[0], inner[-1]), outer, 3)
    begin = design.indices.reshape(len(time), 4)[:, 0].astype(np.int64)
    first = np.minimum(begin, count + 3 - _WINDOW)
    four = design.data.reshape(len(time), 4)
    ahead = tuple(_moved(four[k:], begin[k:] - first[: len(first) - k]) for k in range(3))
    return SplineWindows(first, ahead, count + 3)


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

    def add(self, missed: Array, weight: Array, *slopes: Array) -> None:
        """Add weight / 2 times the squares of what is missed.

        Parameters
        ----------
        missed, weight
            (T - k, R), where they depend on k frames further on.
        slopes
            (T - k, R, G) of what is missed by the coordinates in this frame and in each of the k further ones.
        """
        group = np.searchsorted(self._begin, np.arange(len(missed)), side="right") - 1
        for start in range(0, len(missed), _CHUNK):
            part = slice(start, min(start + _CHUNK, len(missed)))
            wide = np.zeros((part.stop - start, missed.shape[1], _WINDOW, self._coordinates))
            for slope, ahead in zip(slopes, self._splines.ahead, strict=False):
                wide += slope[part, :, None, :] * ahead[part, None, :, None]
            root = np.sqrt(weight[part])
            rows = (wide * root[..., None, None]).reshape(*wide.shape[:2], _WINDOW * self._coordinates)
            downhill = np.einsum("trw,tr->tw", rows, root * missed[part]).reshape(len(rows), _WINDOW, -1)
            np.add.at(self._slope, self._knots[part], downhill)
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
