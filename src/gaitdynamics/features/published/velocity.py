"""Velocities as the published columns hold them, with the filters that the published networks were trained on."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.signal import butter, filtfilt

Array = NDArray[np.float64]

#: Order of one pass of the published Butterworth filter.
FILTER_ORDER: Final = 4

#: The filter's padding takes one frame more than three times its number of coefficients.
SHORTEST: Final = 3 * (FILTER_ORDER + 1) + 1

#: Low-pass cutoff of the pelvis' path [Hz].
PELVIS_CUTOFF: Final = 10.0

#: Frames on both sides of a gap in which velocities are not to be trusted, for the filters carry it there.
FILTER_REACH: Final = 6

#: Low-pass cutoff of hinge angles before they are differentiated [Hz].
ANGLE_CUTOFF: Final = 15.0


def published_low_pass(values: Array, rate: float, cutoff: float) -> Array:
    """Smooth (T, ...) forward and backward as the published preprocessing does (SciPy's default padding).

    `signals.low_pass` is the better filter, but networks see what they were trained on only through this one.

    Raises
    ------
    ValueError
        Fewer than `SHORTEST` frames.
    """
    if len(values) < SHORTEST:
        raise ValueError(f"the filter takes at least {SHORTEST} frames")
    b, a = butter(FILTER_ORDER, cutoff, fs=rate)
    return np.asarray(filtfilt(b, a, values, axis=0))


def angle_rate_per_frame(angles: Array, rate: float) -> Array:
    """Differentiate angles after a 15 Hz low-pass, by an interpolating cubic spline over the frame number.

    Parameters
    ----------
    angles
        (T, ...) [rad].
    rate
        Sampling rate [Hz], of which only the filter knows.

    Returns
    -------
    (T, ...) [rad per frame], not per second: 1 rad/s is 0.01 at 100 Hz.
    """
    frames = np.arange(len(angles), dtype=np.float64)
    spline = make_interp_spline(frames, published_low_pass(angles, rate, ANGLE_CUTOFF), k=3, axis=0)
    return np.asarray(spline(frames, 1))


def pelvis_velocity(position: Array, height_m: float, belt_speed: float | Array, rate: float) -> Array:
    """Give the velocity of the pelvis over the surface, in body heights.

    Parameters
    ----------
    position
        (T, 3) [m], heading aligned; at least 16 frames.
    height_m
        Body height [m].
    belt_speed
        Speed [m/s] at which the belt runs along -X; one value or (T,).
    rate
        Sampling rate [Hz].

    Returns
    -------
    (T, 3) [heights/s]: low-passed at 10 Hz, differences to the next frame, the last one repeated.
    """
    step = np.diff(published_low_pass(position, rate, PELVIS_CUTOFF), axis=0) * rate
    velocity = np.concatenate([step, step[-1:]])
    velocity[:, 0] += belt_speed
    return velocity / height_m


def pelvis_positions(
    velocity: Array,
    height_m: float,
    belt_speed: float | Array,
    rate: float,
    origin: Array,
    *,
    published: bool = False,
) -> Array:
    """Integrate `pelvis_velocity`.

    Parameters
    ----------
    velocity
        (T, 3) [heights/s].
    height_m, belt_speed, rate
        As there.
    origin
        (3,) [m] position in the first frame.
    published
        Add the first velocity to the first frame already.

    Returns
    -------
    (T, 3) [m].

    Notes
    -----
    Differences from the published code: there each frame holds the position of the next one; see
    `schema.state_of_columns`.
    """
    step = velocity * (height_m / rate)
    step[:, 0] -= np.asarray(belt_speed) / rate
    path = np.cumsum(step, axis=0)
    if not published:
        path = np.concatenate([np.zeros((1, 3)), path[:-1]])
    return origin + path
