"""From the clock of a recording to that of the published columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.published.schema import RATE
from gaitdynamics.signals import low_pass, resample

Array = NDArray[np.float64]

#: Share of `RATE` at which a faster recording is low-passed before it is resampled.
_ANTI_ALIAS: Final = 0.45


def model_clock(time: Array, *, published: bool = False) -> Array:
    """Give the times at which a recording is described.

    Parameters
    ----------
    time
        (T,) [s], uniform.
    published
        Round the rate of the recording to whole Hz, and leave out the last instant, as the published code does.

    Returns
    -------
    (N,) [s] at `RATE`, starting with the recording.
    """
    intervals, duration = len(time) - 1, float(time[-1] - time[0])
    rate = intervals / duration
    if published:
        ratio = round(rate) / RATE
        frames = len(time) if ratio == 1.0 else int(np.ceil(intervals / ratio - 1e-6))
        return np.asarray(time[0] + np.arange(frames) * (ratio * duration / intervals))
    frames = len(time) if abs(rate - RATE) < 1e-3 else int(np.floor(duration * RATE + 1e-6)) + 1
    return np.asarray(time[0] + np.arange(frames) / RATE)


def on_clock(values: Array, time: Array, new_time: Array, *, turning: Sequence[int], published: bool = False) -> Array:
    """Resample coordinates to the model's clock.

    Parameters
    ----------
    values, time
        (T, C) [rad or m] and (T,) [s].
    new_time
        (N,) [s] from `model_clock`.
    turning
        Which columns are angles.
    published
        Interpolate linearly, without a filter and across jumps of 360 degrees.

    Returns
    -------
    (N, C). Angles are unwrapped unless `published`.
    """
    if published:
        return linear(values, time, new_time)
    values = values.copy()
    values[:, turning] = np.unwrap(values[:, turning], axis=0)
    if len(new_time) == len(time) and np.allclose(new_time, time, rtol=0.0, atol=1e-4):
        return values
    rate = (len(time) - 1) / (time[-1] - time[0])
    if rate > RATE:
        values = low_pass(values, rate, _ANTI_ALIAS * RATE)
    return resample(values, time, new_time)


def linear(values: Array, time: Array, new_time: Array) -> Array:
    """Interpolate (T, C) linearly; the ends are held."""
    return np.stack([np.interp(new_time, time, column) for column in values.T], axis=-1)
