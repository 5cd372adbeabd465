"""What fills a gap in time meets what was measured around it, in value and in slope.

A network estimates the frames around a gap too, a little off. How far it is off there goes on into the gap: as the
straight line between its ends, and what is left of it as a Gaussian process of short memory, so that near the ends of a
gap the measured frames decide, and deep inside it the network. A gap of less than twice that memory is filled nearly as
by a smooth curve through its ends, with what the network knows besides.

Not in the paper.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.files.gaps import spans

Array = NDArray[np.float64]

#: Memory of the process (length of a Matérn kernel of order 5/2) [frames], the frames on each side that it goes on
#: from, and the share of its variance that is noise. Of 4 to 40 frames, 6 and 8 were best on the validation side, in
#: gaps of 0.1 to 0.5 s.
_MEMORY, _NEAR, _NOISE = 8.0, 6, 1e-4


def continued_into_gaps(off: Array, there: NDArray[np.bool_]) -> Array:
    """Continue a difference into the gaps of where it is known.

    Parameters
    ----------
    off
        (N,); cells that are not `there` are not looked at.
    there
        (N,) where it is known; in one frame at least.

    Returns
    -------
    Array
        (N,), the same where it is known.
    """
    frames = np.arange(len(off))
    line = np.interp(frames, frames[there], off[there])
    result = line.copy()
    for first, after in spans(~there):
        before, behind = frames[max(first - _NEAR, 0) : first], frames[after : after + _NEAR]
        near = np.concatenate([before[there[before]], behind[there[behind]]])
        if not len(near):
            continue
        inside = frames[first:after]
        ends = [i for i in (first - 1, after) if 0 <= i < len(off)]
        straight = np.polyfit(ends, off[ends], len(ends) - 1)
        known = _kernel(near[:, None] - near) + _NOISE * np.eye(len(near))
        weights = np.linalg.solve(known, off[near] - np.polyval(straight, near))
        result[inside] = np.polyval(straight, inside) + _kernel(inside[:, None] - near) @ weights
    return result


def _kernel(distance: NDArray[np.int64]) -> Array:
    scaled = np.sqrt(5.0) * np.abs(distance) / _MEMORY
    return np.asarray((1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled))
