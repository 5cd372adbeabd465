"""Functions of joints and couplers: values and derivatives against OpenSim, SciPy and automatic differentiation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gaitdynamics.body.functions import Evaluator
from gaitdynamics.model import Constant, Function, Linear, Polynomial, Scaled, Spline
from opensim_oracle import quiet_opensim

X = (-2.0, -1.3, -0.2, 0.5, 0.6, 1.9)
Y = (0.3, -0.1, 0.25, 0.2, -0.4, 0.05)
#: Inside, on the knots, and beyond both ends.
POINTS = np.array([-3.5, -2.0, -1.7, -1.3, -0.9, -0.2, 0.1, 0.5, 0.55, 0.6, 1.0, 1.8999, 1.9, 2.7])

FUNCTIONS: dict[str, Function] = {
    "constant": Constant(0.7),
    "linear": Linear(-1.5, 0.2),
    "quartic": Polynomial((0.5, -1.0, 0.25, 2.0, -0.3)),
    "simm": Spline(X, Y, "simm"),
    "simm with four knots": Spline(X[:4], Y[:4], "simm"),
    "simm with three knots": Spline(X[:3], Y[:3], "simm"),
    "broken line": Spline(X, Y, "linear"),
    "scaled twice": Scaled(Scaled(Spline(X, Y, "simm"), 1.7), -0.5),
}


def evaluate(function: Function, points: np.ndarray) -> list[np.ndarray]:
    return [value.numpy() for value in Evaluator(function)(torch.tensor(points))]


def in_opensim(opensim: Any, function: Function) -> Any:
    match function:
        case Constant(value):
            return opensim.Constant(value)
        case Linear(slope, intercept):
            return opensim.LinearFunction(slope, intercept)
        case Polynomial(coefficients):
            return opensim.PolynomialFunction(opensim.Vector(list(coefficients)))
        case Spline(x, y, kind):
            made = opensim.SimmSpline() if kind == "simm" else opensim.PiecewiseLinearFunction()
            for a, b in zip(x, y, strict=True):
                made.addPoint(a, b)
            return made
        case Scaled(inner, scale):
            held = in_opensim(opensim, inner)
            held.thisown = False  # the outer function deletes it
            return opensim.MultiplierFunction(held, scale)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives_are_those_of_opensim(name: str) -> None:
    opensim = quiet_opensim()
    function = FUNCTIONS[name]
    oracle = in_opensim(opensim, function)
    once, twice = opensim.StdVectorInt([0]), opensim.StdVectorInt([0, 0])
    # A broken line has two slopes at its knots, and OpenSim gives no second derivative for it.
    broken = name == "broken line"
    points = np.array([p for p in POINTS if not (broken and p in X)])
    f, df, ddf = evaluate(function, points)
    for i, point in enumerate(points):
        argument = opensim.Vector(1, float(point))
        assert f[i] == pytest.approx(oracle.calcValue(argument), abs=1e-13)
        assert df[i] == pytest.approx(oracle.calcDerivative(once, argument), abs=1e-12)
        if not broken:
            assert ddf[i] == pytest.approx(oracle.calcDerivative(twice, argument), abs=1e-11)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_and_first_value_are_the_derivatives_of_the_first(name: str) -> None:
    points = torch.linspace(-3.0, 2.5, 83, dtype=torch.float64, requires_grad=True)
    f, df, ddf = Evaluator(FUNCTIONS[name])(points)

    def derivative(values: torch.Tensor) -> torch.Tensor:
        if not values.requires_grad:  # a constant
            return torch.zeros_like(points)
        return torch.autograd.grad(values.sum(), points)[0]

    slope = derivative(f)
    torch.testing.assert_close(df.detach(), slope, rtol=0, atol=1e-12)
    torch.testing.assert_close(ddf.detach(), derivative(Evaluator(FUNCTIONS[name])(points)[1]), rtol=0, atol=1e-12)


@given(
    y=st.lists(st.floats(-2, 2), min_size=3, max_size=9),
    gaps=st.lists(st.floats(0.05, 1.0), min_size=9, max_size=9),
)
def test_splines_go_through_their_knots_without_kinks(y: list[float], gaps: list[float]) -> None:
    x = np.cumsum(gaps)[: len(y)]
    function = Spline(tuple(x), tuple(y), "simm")
    f, df, ddf = evaluate(function, x)
    np.testing.assert_allclose(f, y, atol=1e-9)
    before, slope_before, curve_before = evaluate(function, x - 1e-9)
    np.testing.assert_allclose(before, f, atol=1e-5)
    np.testing.assert_allclose(slope_before, df, atol=1e-3)
    np.testing.assert_allclose(curve_before[1:-1], ddf[1:-1], atol=1e-2, rtol=1e-4)


def test_simm_spline_through_a_cubic_is_that_cubic() -> None:
    x = np.array([-1.0, -0.3, 0.1, 0.8, 1.5])
    cubic = np.polynomial.Polynomial([0.3, -1.0, 0.5, 2.0])
    f, df, ddf = evaluate(Spline(tuple(x), tuple(cubic(x)), "simm"), np.linspace(-1.0, 1.499, 40))
    points = np.linspace(-1.0, 1.499, 40)
    np.testing.assert_allclose(f, cubic(points), atol=1e-13)
    np.testing.assert_allclose(df, cubic.deriv()(points), atol=1e-12)
    np.testing.assert_allclose(ddf, cubic.deriv(2)(points), atol=1e-11)


def test_only_the_identity_is_taken_for_it() -> None:
    assert Evaluator(Linear(1.0)).is_identity
    assert Evaluator(Scaled(Linear(2.0), 0.5)).is_identity
    for other in (Linear(1.0, 0.1), Linear(-1.0), Scaled(Linear(1.0), 2.0), Polynomial((1.0, 0.0)), Constant(1.0)):
        assert not Evaluator(other).is_identity


def test_single_precision_stays_single_precision() -> None:
    for function in FUNCTIONS.values():
        values = Evaluator(function, dtype=torch.float32)(torch.tensor([0.3, 2.5], dtype=torch.float32))
        exact = Evaluator(function)(torch.tensor([0.3, 2.5], dtype=torch.float64))
        for value, truth in zip(values, exact, strict=True):
            assert value.dtype == torch.float32
            torch.testing.assert_close(value.double(), truth, rtol=2e-5, atol=2e-5)
