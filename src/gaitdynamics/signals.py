"""Filtering, differentiation and resampling of uniformly sampled signals. Time is axis 0 everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.signal import butter, sosfiltfilt

Array = NDArray[np.float64]

#: Order of the Butterworth filter of one pass; both passes together have twice that order and no delay.
#: Three, as in OpenSim's own low-pass, so that Inverse Dynamics there and here see the same motion.
FILTER_ORDER = 3


def low_pass(values: Array, rate: float, cutoff: float) -> Array:
    """Smooth with a zero-phase Butterworth filter.

    The filter runs forward and backward (effective order 6, -6 dB at the cutoff, as OpenSim's). The ends are
    continued by point reflection, so a constant slope passes to within a thousandth of what it covers in one
    period of the cutoff.

    Parameters
    ----------
    values
        (T, ...) signal.
    rate
        Sampling rate [Hz].
    cutoff
        Cutoff frequency of a single pass [Hz]; at or above the Nyquist frequency nothing is changed.
    """
    if cutoff >= 0.5 * rate or len(values) < 4:
        return np.array(values, dtype=np.float64)
    sos = butter(FILTER_ORDER, cutoff, fs=rate, output="sos")
    # A pad of one and a half periods of the cutoff lets the start-up transient die out inside it.
    pad = min(len(values) - 1, int(np.ceil(1.5 * rate / cutoff)))
    return np.ascontiguousarray(sosfiltfilt(sos, values, axis=0, padtype="odd", padlen=pad))


def differentiate(values: Array, rate: float, cutoff: float | None = None) -> tuple[Array, Array, Array]:
    """Smooth and differentiate twice, as OpenSim's Inverse Dynamics does.

    The signal is continued at both ends by point reflection over half its length, low-passed, and
    interpolated by the natural quintic spline (OpenSim's spline of degree five without smoothing); then the
    continuation is dropped. Filter and spline thus have their own ends outside the data.

    Parameters
    ----------
    values
        (T, ...) signal, at least six frames.
    rate
        Sampling rate [Hz].
    cutoff
        Cutoff frequency [Hz] of `low_pass`; None differentiates the samples as they are.

    Returns
    -------
    smooth, first, second
        (T, ...) each: the (smoothed) signal, and its derivatives per s and per s^2.
    """
    frames = len(values)
    if frames < 6:
        raise ValueError("differentiating takes at least six frames")
    flat = np.reshape(values, (frames, -1)).astype(np.float64)
    pad = 0 if cutoff is None else frames // 2
    if cutoff is not None:
        flat = low_pass(_reflect(flat, pad), rate, cutoff)
    time = np.arange(len(flat)) / rate
    end = [(3, np.zeros(flat.shape[1])), (4, np.zeros(flat.shape[1]))]
    spline = make_interp_spline(time, flat, k=5, axis=0, bc_type=(end, end))  # type: ignore[arg-type]
    inside = time[pad : pad + frames]
    smooth, first, second = (np.ascontiguousarray(spline(inside, order)).reshape(values.shape) for order in (0, 1, 2))
    return smooth, first, second


def _reflect(values: Array, pad: int) -> Array:
    """Continue (T, C) by `pad` frames at both ends, reflected through the first and the last point."""
    before = 2.0 * values[0] - values[pad:0:-1]
    after = 2.0 * values[-1] - values[-2 : -pad - 2 : -1]
    return np.concatenate([before, values, after])


def resample(values: Array, time: Array, new_time: Array) -> Array:
    """Evaluate (T, ...) at other times by a cubic spline; no extrapolation beyond half a sample.

    When the new rate is lower the caller removes what it could not carry (`low_pass`) first.
    """
    step = (time[-1] - time[0]) / (len(time) - 1)
    if new_time[0] < time[0] - step / 2 or new_time[-1] > time[-1] + step / 2:
        raise ValueError("resampling would extrapolate")
    spline = make_interp_spline(time, values, k=min(3, len(time) - 1), axis=0)
    return np.asarray(spline(np.clip(new_time, time[0], time[-1])))
