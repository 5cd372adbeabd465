import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gaitdynamics.inference.windows import WINDOW, fade, stitch, window_starts


@given(st.integers(1, 2000), st.integers(4, 200))
def test_windows_cover_everything_and_stay_inside(frames, window):
    starts = window_starts(frames, window)
    length = min(window, frames)
    seen = np.zeros(frames, dtype=int)
    for start in starts:
        assert 0 <= start <= frames - length
        seen[start : start + length] += 1
    assert (seen > 0).all()
    assert starts[-1] + length == frames
    assert starts == sorted(set(starts))


@pytest.mark.parametrize("frames", [1, 30, WINDOW, WINDOW + 1, 400, 1001])
def test_a_network_that_copies_gives_the_signal_back(frames):
    signal = np.random.default_rng(0).normal(size=(frames, 2, 3)).astype(np.float32)
    np.testing.assert_allclose(stitch(lambda x: x, signal), signal, atol=1e-6)


def test_seams_are_smooth():
    """A network with a different offset in every window: fading leaves no jump larger than the fade's own step."""
    count = iter(range(1000))

    def offset(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.full_like(w, float(next(count) % 2)) for w in x])

    result = stitch(offset, np.zeros((600, 1), dtype=np.float32))
    assert np.abs(np.diff(result[:, 0])).max() < 2.5 / (WINDOW / 2)


def test_batches_make_no_difference():
    signal = np.random.default_rng(1).normal(size=(900, 4)).astype(np.float32)
    cumulative = lambda x: torch.cumsum(x, 1)  # noqa: E731
    np.testing.assert_allclose(stitch(cumulative, signal, batch=2), stitch(cumulative, signal, batch=50), atol=1e-5)


def test_no_window_is_padded():
    lengths = set()

    def note(x: torch.Tensor) -> torch.Tensor:
        lengths.add(x.shape[1])
        return x

    stitch(note, np.ones((400, 1), dtype=np.float32))
    stitch(note, np.ones((70, 1), dtype=np.float32))
    assert lengths == {WINDOW, 70}


def test_fade_never_vanishes():
    assert fade(150).min() > 0
    np.testing.assert_allclose(fade(150), fade(150)[::-1])
