"""Evaluate a model's functions of one variable with their first two derivatives, in torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.model import Constant, Function, Linear, Polynomial, Scaled, Spline

Value = tuple[Tensor, Tensor, Tensor]


class Evaluator:
    """A function prepared for evaluation.

    Parameters
    ----------
    function
        What to evaluate.
    dtype, device
        Of the tables that splines keep.
    """

    def __init__(
        self, function: Function, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu"
    ) -> None:
        self.scale = 1.0
        while isinstance(function, Scaled):
            self.scale *= function.scale
            function = function.function
        self.function = function
        if isinstance(function, Spline):
            knots, table = spline_table(function)
            self._knots = torch.tensor(knots, dtype=dtype, device=device)
            # The last knot belongs to the interval before it, as in OpenSim: there the curvature is not zero.
            self._knots[-1] = torch.nextafter(self._knots[-1], torch.full_like(self._knots[-1], torch.inf))
            self._table = torch.as_tensor(table, dtype=dtype, device=device)

    @property
    def is_identity(self) -> bool:
        """True for f(x) = x, which most axes have."""
        return (
            isinstance(self.function, Linear)
            and self.scale * self.function.slope == 1.0
            and (self.function.intercept == 0.0)
        )

    def __call__(self, x: Tensor) -> Value:
        """Give f, f' and f'' at `x`, each of the shape of `x`."""
        f, df, ddf = self._plain(x)
        return (f, df, ddf) if self.scale == 1.0 else (f * self.scale, df * self.scale, ddf * self.scale)

    def _plain(self, x: Tensor) -> Value:
        function = self.function
        zero = torch.zeros_like(x)
        if isinstance(function, Constant):
            return torch.full_like(x, function.value), zero, zero
        if isinstance(function, Linear):
            return function.slope * x + function.intercept, torch.full_like(x, function.slope), zero
        if isinstance(function, Polynomial):
            f, df, ddf = zero, zero, zero
            for coefficient in function.coefficients:  # Horner's rule, differentiated along
                ddf = ddf * x + 2.0 * df
                df = df * x + f
                f = f * x + coefficient
            return f, df, ddf
        assert isinstance(function, Spline)
        return self._spline(x)

    def _spline(self, x: Tensor) -> Value:
        # Interval 0 lies below the first knot and the last one above the last knot; both are straight lines.
        index = torch.bucketize(x.detach().contiguous(), self._knots, right=True)
        start, y, b, c, d = self._table[index].unbind(-1)
        h = x - start
        return y + h * (b + h * (c + h * d)), b + h * (2.0 * c + 3.0 * d * h), 2.0 * c + 6.0 * d * h


def spline_table(spline: Spline) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Prepare a spline for evaluation.

    Returns
    -------
    knots, table
        Knots (N,), and (N + 1, 5) rows of start, value, and the coefficients of h, h^2, h^3 for each interval
        between knots and, as first and last row, the straight continuations.

    Notes
    -----
    SimmSpline closes the system as Forsythe, Malcolm and Moler (1977) do: the third derivative in the first
    and last interval is that of the cubic through the four outermost points.
    """
    x, y = np.asarray(spline.x, float), np.asarray(spline.y, float)
    n, h = len(x), np.diff(x)
    slope = np.diff(y) / h
    c: NDArray[np.float64] = np.zeros(n)  # half the second derivative at the knots
    if spline.kind != "linear" and n > 2:
        matrix, right = np.zeros((n, n)), np.zeros(n)
        for i in range(1, n - 1):
            matrix[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
            right[i] = 3 * (slope[i] - slope[i - 1])
        matrix[0, 0] = matrix[-1, -1] = 1.0
        matrix[0, 1] = matrix[-1, -2] = -1.0
        if n > 3:
            right[0] = -3 * h[0] * _third_difference(x[:4], y[:4])
            right[-1] = 3 * h[-1] * _third_difference(x[-4:], y[-4:])
        c = np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    b = slope - h * (2 * c[:-1] + c[1:]) / 3
    d = np.diff(c) / (3 * h)
    last = b[-1] + h[-1] * (2 * c[-2] + 3 * d[-1] * h[-1])
    inner = np.column_stack([x[:-1], y[:-1], b, c[:-1], d])
    below, above = [x[0], y[0], b[0], 0.0, 0.0], [x[-1], y[-1], last, 0.0, 0.0]
    return x, np.vstack([below, inner, above])


def _third_difference(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Third divided difference of four points: the leading coefficient of the cubic through them."""
    differences: NDArray[np.float64] = y
    for order in (1, 2, 3):
        differences = np.diff(differences) / (x[order:] - x[:-order])
    return float(differences[0])
