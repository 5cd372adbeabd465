"""Differences go on into gaps from both sides, and end there."""

import numpy as np

from gaitdynamics.inference.meeting import continued_into_gaps


def test_what_is_known_stays_and_a_smooth_difference_is_followed_through_a_short_gap():
    frames = np.arange(100)
    smooth = np.sin(frames / 15.0)
    there = np.ones(100, dtype=bool)
    there[40:48] = False
    found = continued_into_gaps(np.where(there, smooth, np.nan), there)
    np.testing.assert_array_equal(found[there], smooth[there])
    straight = np.interp(frames, frames[there], smooth[there])
    assert np.abs(found - smooth).max() < 0.2 * np.abs(straight - smooth).max()


def test_deep_in_a_long_gap_only_the_straight_line_between_its_ends_is_left():
    off = np.arange(300.0) ** 2 / 1e4
    there = np.ones(300, dtype=bool)
    there[50:250] = False
    found = continued_into_gaps(off, there)
    straight = np.interp(np.arange(300), np.flatnonzero(there), off[there])
    np.testing.assert_allclose(found[100:200], straight[100:200], atol=1e-3)


def test_gaps_at_the_ends_and_few_known_frames():
    off = np.full(20, 3.0)
    for known in ([10], [0, 19], [3, 4, 5]):
        there = np.isin(np.arange(20), known)
        np.testing.assert_allclose(continued_into_gaps(off, there), 3.0, atol=1e-9)
