"""Normal equations of splines are those of a dense least-squares problem."""

import numpy as np
import pytest
from scipy.interpolate import BSpline

from gaitdynamics.inference.spline_windows import NormalEquations, spline_windows


@pytest.mark.parametrize("frames", [16, 40, 1203])
def test_the_least_is_that_of_dense_least_squares(frames):
    rng = np.random.default_rng(frames)
    time, coordinates, rows = np.arange(frames) / 100.0, 3, 4
    splines = spline_windows(time, 0.08)
    dense = np.array([splines.values(np.eye(splines.count)[:, [k]])[:, 0] for k in range(splines.count)]).T
    here, missed, weight = (
        rng.normal(size=(frames, rows, coordinates)),
        rng.normal(size=(frames, rows)),
        rng.random(rows),
    )
    after, step = rng.normal(size=(frames - 1, 1, coordinates)), rng.normal(size=(frames - 1, 1))
    equations = NormalEquations(splines, coordinates)
    equations.add(missed, np.broadcast_to(weight, missed.shape), here)
    equations.add(step, np.full_like(step, 2.0), -after, 3.0 * after)
    found = equations.solve(1e-3)

    def chained(spline, slope):
        return np.einsum("tk,trg->trkg", spline, slope).reshape(-1, splines.count * coordinates)

    matrix = np.concatenate(
        [
            chained(dense, here) * np.sqrt(np.tile(weight, frames))[:, None],
            np.sqrt(2.0) * (3.0 * chained(dense[1:], after) - chained(dense[:-1], after)),
            np.sqrt(1e-3) * np.eye(splines.count * coordinates),
        ]
    )
    right = np.concatenate([(missed * np.sqrt(weight)).ravel(), np.sqrt(2.0) * step.ravel(), np.zeros(found.size)])
    expected = np.linalg.lstsq(matrix, -right, rcond=None)[0]
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-8 * np.abs(expected).max())


def test_splines_repeat_straight_lines_and_are_those_of_scipy():
    time = 2.0 + np.arange(151) / 100.0
    splines = spline_windows(time, 0.08)
    count = splines.count - 3
    width = 1.5 / count
    centres = 2.0 + width * np.arange(-1, count + 2)
    np.testing.assert_allclose(splines.values(centres[:, None])[:, 0], time, atol=1e-12)
    knots = 2.0 + width * np.arange(-3, count + 4)
    values = np.random.default_rng(0).normal(size=splines.count)
    np.testing.assert_allclose(splines.values(values[:, None])[:, 0], BSpline(knots, values, 3)(time), atol=1e-12)
