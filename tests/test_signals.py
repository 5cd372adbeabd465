"""Filter, derivatives and resampling: against OpenSim's own filter, polynomials, sines and each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gaitdynamics.signals import differentiate, low_pass, resample
from opensim_oracle import quiet_opensim

Array = NDArray[np.float64]
RATE = 100.0


def time_of(frames: int, rate: float = RATE) -> Array:
    return np.arange(frames) / rate


def reflected(values: Array, pad: int) -> Array:
    """Point reflection at both ends, by NumPy."""
    return np.pad(values, ((pad, pad), (0, 0)), mode="reflect", reflect_type="odd")


# Filter


@pytest.mark.parametrize("cutoff", [4.0, 6.0, 15.0])
def test_low_pass_is_that_of_opensim(tmp_path: Path, cutoff: float) -> None:
    opensim = quiet_opensim()
    frames = 300
    values = np.cumsum(np.random.default_rng(0).standard_normal((frames, 2)), axis=0)
    table = opensim.TimeSeriesTable()
    table.setColumnLabels(["a", "b"])
    for time, row in zip(time_of(frames), values, strict=True):
        table.appendRow(float(time), opensim.RowVector([float(v) for v in row]))
    path = str(tmp_path / "signal.sto")
    opensim.STOFileAdapter.write(table, path)
    storage = opensim.Storage(path)
    storage.pad(frames // 2)
    storage.lowpassIIR(cutoff)
    states = [storage.getStateVector(i).getData() for i in range(storage.getSize())]
    truth = np.array([[state.get(0), state.get(1)] for state in states])
    ours = low_pass(reflected(values, frames // 2), RATE, cutoff)
    assert len(ours) == len(truth)
    # The two treat the very ends differently; Inverse Dynamics drops them, as `differentiate` does.
    inner = slice(frames // 2, -(frames // 2))
    np.testing.assert_allclose(ours[inner], truth[inner], atol=1e-5)
    smooth = differentiate(values, RATE, cutoff)[0]
    np.testing.assert_allclose(smooth, truth[inner], atol=1e-5)


@pytest.mark.parametrize("frequency", [1.0, 3.0, 6.0, 9.0, 20.0])
def test_gain_of_the_low_pass_is_butterworths_of_both_passes(frequency: float) -> None:
    """1 / (1 + r^6), r from the pre-warped frequencies: -6 dB at the cutoff, and no delay."""
    cutoff = 6.0
    time = time_of(4000)
    passed = low_pass(np.sin(2 * np.pi * frequency * time)[:, None], RATE, cutoff)[1000:3000, 0]
    inner = time[1000:3000]
    in_phase = 2.0 * np.mean(passed * np.sin(2 * np.pi * frequency * inner))
    out_of_phase = 2.0 * np.mean(passed * np.cos(2 * np.pi * frequency * inner))
    ratio = np.tan(np.pi * frequency / RATE) / np.tan(np.pi * cutoff / RATE)
    assert in_phase == pytest.approx(1.0 / (1.0 + ratio**6), abs=1e-9)
    assert out_of_phase == pytest.approx(0.0, abs=1e-9)


@given(offset=st.floats(-100, 100), slope=st.floats(-100, 100), frames=st.integers(30, 200))
def test_straight_lines_pass_ends_included(offset: float, slope: float, frames: int) -> None:
    """To a thousandth of what they cover in one period of the cutoff."""
    line = (offset + slope * time_of(frames))[:, None]
    np.testing.assert_allclose(low_pass(line, RATE, 6.0), line, rtol=1e-12, atol=1e-3 * abs(slope) / 6.0 + 1e-9)


def test_filter_does_not_care_for_the_direction_of_time() -> None:
    values = np.cumsum(np.random.default_rng(1).standard_normal((400, 1)), axis=0)
    forward, backward = low_pass(values, RATE, 6.0), low_pass(values[::-1], RATE, 6.0)[::-1]
    np.testing.assert_allclose(forward[60:-60], backward[60:-60], atol=1e-6)


@pytest.mark.parametrize("cutoff", [50.0, 80.0])
def test_cutoff_that_the_rate_cannot_carry_changes_nothing(cutoff: float) -> None:
    values = np.random.default_rng(2).standard_normal((50, 3))
    found = low_pass(values, RATE, cutoff)
    np.testing.assert_array_equal(found, values)
    assert found is not values


# Derivatives


def test_derivatives_of_polynomials_are_exact() -> None:
    """Up to degree two everywhere; above it only away from the ends, where a natural spline differs."""
    time = time_of(200)
    for degree, inner in ((0, slice(None)), (1, slice(None)), (2, slice(None)), (5, slice(60, -60))):
        polynomial = np.polynomial.Polynomial(np.random.default_rng(degree).standard_normal(degree + 1))
        found = differentiate(polynomial(time)[:, None], RATE)
        for order, values in enumerate(found):
            truth = polynomial.deriv(order)(time) if order else polynomial(time)
            np.testing.assert_allclose(values[inner, 0], truth[inner], atol=1e-8)


@pytest.mark.parametrize("frequency", [1.0, 5.0])
def test_derivatives_of_sines(frequency: float) -> None:
    time, omega = time_of(300), 2 * np.pi * frequency
    _, first, second = differentiate(np.sin(omega * time)[:, None], RATE)
    inner = slice(40, -40)
    # The spline's error falls with the fourth power of omega over the rate.
    small = 2e-2 * (omega / RATE) ** 4
    np.testing.assert_allclose(first[inner, 0] / omega, np.cos(omega * time)[inner], atol=small)
    np.testing.assert_allclose(second[inner, 0] / omega**2, -np.sin(omega * time)[inner], atol=small)


def test_straight_line_keeps_its_slope_through_filter_and_ends() -> None:
    line = np.stack([3.0 + 2.0 * time_of(120), 1.0 - 5.0 * time_of(120)], axis=1)
    smooth, first, second = differentiate(line, RATE, 6.0)
    np.testing.assert_allclose(smooth, line, atol=1e-9)
    np.testing.assert_allclose(first, np.broadcast_to([2.0, -5.0], line.shape), atol=1e-6)
    np.testing.assert_allclose(second, 0.0, atol=1e-4)


def test_first_and_second_derivative_belong_together() -> None:
    values = np.cumsum(np.random.default_rng(3).standard_normal((200, 1)), axis=0)
    _, first, second = differentiate(values, RATE, 6.0)
    again = differentiate(first, RATE)[1]
    np.testing.assert_allclose(again[20:-20], second[20:-20], rtol=0, atol=1e-3 * np.abs(second).max())


@pytest.mark.parametrize("shape", [(50,), (50, 1), (50, 4), (50, 2, 3)])
@pytest.mark.parametrize("cutoff", [None, 6.0])
def test_shapes_are_kept_and_columns_do_not_mix(shape: tuple[int, ...], cutoff: float | None) -> None:
    values = np.random.default_rng(4).standard_normal(shape)
    found = differentiate(values, RATE, cutoff)
    assert all(part.shape == shape for part in found)
    column = values.reshape(50, -1)[:, -1:]
    for whole, alone in zip(found, differentiate(column, RATE, cutoff), strict=True):
        np.testing.assert_allclose(whole.reshape(50, -1)[:, -1:], alone, rtol=1e-9, atol=1e-9)


def test_five_frames_are_too_few_to_differentiate() -> None:
    with pytest.raises(ValueError, match="six frames"):
        differentiate(np.zeros((5, 2)), RATE)


# Resampling


def test_resampling_a_cubic_is_exact_and_same_times_give_the_samples() -> None:
    time = time_of(40)
    cubic = np.polynomial.Polynomial([1.0, -2.0, 3.0, 5.0])
    new = np.linspace(0.0, time[-1], 93)
    np.testing.assert_allclose(resample(cubic(time)[:, None], time, new)[:, 0], cubic(new), atol=1e-12)
    noise = np.random.default_rng(5).standard_normal((40, 2, 3))
    np.testing.assert_allclose(resample(noise, time, time), noise, atol=1e-12)


def test_up_and_down_again_gives_a_slow_signal_back() -> None:
    time = time_of(200)
    values = np.sin(2 * np.pi * 2.0 * time)[:, None]
    fine = np.linspace(0.0, time[-1], 457)
    back = resample(resample(values, time, fine), fine, time)
    np.testing.assert_allclose(back, values, atol=1e-4)


@pytest.mark.parametrize(("early", "late"), [(-0.006, 0.0), (0.0, 0.006)])
def test_resampling_never_extrapolates(early: float, late: float) -> None:
    time = time_of(20)
    with pytest.raises(ValueError, match="extrapolate"):
        resample(np.zeros((20, 1)), time, np.linspace(time[0] + early, time[-1] + late, 10))


def test_times_off_by_rounding_are_held_at_the_ends() -> None:
    time = time_of(20)
    values = np.arange(20.0)[:, None]
    found = resample(values, time, np.array([-0.004, time[-1] + 0.004]))
    np.testing.assert_allclose(found[:, 0], [0.0, 19.0], atol=1e-12)
