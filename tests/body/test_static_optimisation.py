"""Static optimisation against its closed form without bounds, and against the conditions of a minimum with them."""

from __future__ import annotations

import numpy as np
import pytest

from gaitdynamics.body.static_optimisation import static_optimisation

Problem = tuple[np.ndarray, np.ndarray, np.ndarray]


def problem(seed: int, muscles: int = 40, joints: int = 6, size: float = 40.0) -> Problem:
    """Moments [N.m], moment arms [m] and strengths [N] of the sizes that a leg has."""
    rng = np.random.default_rng(seed)
    arms = rng.normal(0.0, 0.04, (muscles, joints)) * (rng.uniform(size=(muscles, joints)) < 0.5)
    return rng.normal(0.0, size, joints), arms, rng.uniform(100.0, 3000.0, muscles)


def bounds(muscles: int, low: float, high: float) -> np.ndarray:
    return np.tile([low, high], (muscles, 1)).astype(float)


def test_without_bounds_it_is_the_smallest_solution() -> None:
    moments, arms, strength = problem(0)
    effect = (arms * strength[:, None]).T
    found = static_optimisation(moments, arms, strength, bounds(40, -np.inf, np.inf), reserve_strength=1e-3)
    np.testing.assert_allclose(found.activation, np.linalg.pinv(effect) @ moments, atol=1e-6)
    np.testing.assert_allclose(found.reserve, 0.0, atol=1e-4)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [5.0, 60.0, 400.0])
def test_it_is_the_minimum(seed: int, size: float) -> None:
    """Karush, Kuhn and Tucker: no slope inside the bounds, a slope outward at them; the problem is convex."""
    moments, arms, strength = problem(seed, size=size)
    low, high, reserve = 0.01, 1.0, 1.0
    found = static_optimisation(moments, arms, strength, bounds(40, low, high), reserve_strength=reserve)
    a = found.activation
    assert a.min() >= low
    assert a.max() <= high
    effect = (arms * strength[:, None]).T
    np.testing.assert_allclose(found.reserve, moments - effect @ a, atol=1e-9)
    slope = a - effect.T @ found.reserve / reserve**2
    inside = (a > low + 1e-9) & (a < high - 1e-9)
    tolerance = 1e-6 * max(1.0, float(np.abs(moments).max()))
    np.testing.assert_allclose(slope[inside], 0.0, atol=tolerance)
    assert (slope[a <= low + 1e-9] >= -tolerance).all()
    assert (slope[a >= high - 1e-9] <= tolerance).all()


def test_reserves_give_what_no_muscle_can() -> None:
    """One muscle of 1000 N at 5 cm gives 50 N.m one way and nothing the other way."""
    arms, strength = np.array([[0.05]]), np.array([1000.0])
    strong = static_optimisation(np.array([80.0]), arms, strength, bounds(1, 0.0, 1.0))
    np.testing.assert_allclose([strong.activation[0], strong.reserve[0]], [1.0, 30.0])
    other_way = static_optimisation(np.array([-20.0]), arms, strength, bounds(1, 0.0, 1.0))
    np.testing.assert_allclose([other_way.activation[0], other_way.reserve[0]], [0.0, -20.0], atol=1e-12)
